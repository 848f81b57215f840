package app

import (
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/crm"
	"github.com/gatehouse/gatehouse/internal/store"
)

// A channel hears of each assignment once, as its owner does by mail: an alert of its own, or a line in a digest when many
// come within a quarter of an hour.

// digestLines bounds one digest; what is beyond it comes in the next one.
const digestLines = 40

// spaceAlerts has alerts beyond the number of a quarter of an hour wait for its end, where they are gathered.
func spaceAlerts(tx *store.Tx, connector uuid.UUID, pushes []store.Push, now time.Time) error {
	over, err := digestOver(tx)
	if err != nil {
		return err
	}
	var seen struct {
		N     int
		Until *time.Time
	}
	err = tx.Raw(`select count(*) filter (where created_at > ?) as n, max(due_at) filter (where state = 'waiting' and tries = 0 and due_at > ?) as until from pushes
		where connector_id = ? and type = ? and created_at > ? and state <> 'dropped'`, now.Add(-digestWindow), now, connector, LeadAssigned, now.Add(-2*digestWindow)).Scan(&seen).Error
	if err != nil {
		return err
	}
	if seen.Until == nil {
		until := now.Add(digestWindow)
		seen.Until = &until
	}
	for i := range pushes {
		if pushes[i].Type != LeadAssigned {
			continue
		}
		if seen.N++; seen.N > over {
			pushes[i].DueAt = *seen.Until
		}
	}
	return nil
}

func digestOver(tx *store.Tx) (over int, err error) {
	err = tx.Raw("select digest_over from sales_settings where id = 1").Scan(&over).Error
	return max(over, 1), err
}

// lockAlerts lets one alert of a channel be claimed at a time: what waits beside it goes with it.
func lockAlerts(tx *store.Tx, connector uuid.UUID) error {
	return tx.Exec("select pg_advisory_xact_lock(hashtextextended('alerts/' || ?, 0))", connector.String()).Error
}

// composeAlert writes what the owner's mail says too, or gathers what waits into a digest.
func (a *App) composeAlert(tx *store.Tx, t *pushTry, e store.OutboxEvent) (dropped string, err error) {
	as, held, err := heldFor(tx, e)
	if err != nil || !held {
		return "the lead is in other hands by now", err
	}
	if as.LeadID != e.LeadID { // merged since
		told, err := a.tell(tx, as.LeadID, nil)
		if err != nil {
			return "", err
		}
		t.call.Values = told.values
	}
	var waiting []store.Push
	err = tx.ForUpdate().Where("connector_id = ? and type = ? and state = 'waiting' and due_at <= ? and id <> ?", t.connector.ID, LeadAssigned, tx.Now(), t.push.ID).Order("id").Limit(digestLines - 1).Find(&waiting).Error
	if err != nil {
		return "", err
	}
	over, err := digestOver(tx)
	if err != nil {
		return "", err
	}
	var told int
	err = tx.Raw("select count(*) from pushes where connector_id = ? and type = ? and state = 'done' and state_at > ?", t.connector.ID, LeadAssigned, tx.Now().Add(-digestWindow)).Scan(&told).Error
	if err != nil {
		return "", err
	}
	if len(waiting) == 0 || told+1+len(waiting) <= over {
		return "", a.alertValues(tx, t.call.Values, as)
	}
	t.gathered = waiting
	return "", a.digestValues(tx, t, e)
}

// heldFor is the assignment of an event, and whether it still stands.
func heldFor(tx *store.Tx, e store.OutboxEvent) (as store.Assignment, held bool, err error) {
	if e.AssignmentID == nil {
		return as, false, nil
	}
	err = tx.Where("id = ?", *e.AssignmentID).Take(&as).Error
	return as, as.Held(), err
}

// alertValues are who, what they said, the score with three lines of its ledger, why this owner, the first step, the clock and
// the way to take it: a page with one button, since whatever previews links opens them too.
func (a *App) alertValues(tx *store.Tx, v crm.Values, as store.Assignment) error {
	var owner store.User
	if err := tx.Where("id = ?", as.OwnerID).Take(&owner).Error; err != nil {
		return err
	}
	zone, err := zoneOf(tx.DB, as.OwnerID)
	if err != nil {
		return err
	}
	said, err := whatTheySaid(tx.DB, []uuid.UUID{as.LeadID})
	if err != nil {
		return err
	}
	lines := said[as.LeadID]
	v["said"] = strings.Join(lines[:min(len(lines), 5)], "\n")
	delete(v, "contact_choice") // the lines begin with it, in words
	score, heaviest, err := weighsMost(tx.DB, as.LeadID)
	if err != nil {
		return err
	}
	v["owner_name"], v["why"], v["score_text"], v["score_lines"], v["claim_link"] = owner.Name, as.Reason, score, strings.Join(heaviest, "\n"), a.o.BaseURL+"/admin/claim/"+as.ID.String()
	if as.WarnAt != nil {
		v["clock"] = "A first answer is expected by " + as.WarnAt.In(zone).Format(mailMoment) + "."
	}
	v["first_step"], err = firstStep(tx.DB, as.ID, zone)
	return err
}

// digestValues are a line for each assignment that still stands. It names no person.
func (a *App) digestValues(tx *store.Tx, t *pushTry, e store.OutboxEvent) error {
	events := []uuid.UUID{e.ID}
	for _, p := range t.gathered {
		events = append(events, p.ObjectID)
	}
	var rows []struct {
		ID                    uuid.UUID
		At                    time.Time
		Company, Grade, Owner string
		OwnerID               uuid.UUID
	}
	err := tx.Raw(`select a.id, a.at, a.owner_id, coalesce(c.name, '') as company, coalesce(s.grade, '') as grade, u.name as owner from outbox o join assignments a on a.id = o.assignment_id
		join leads l on l.id = a.lead_id join users u on u.id = a.owner_id left join companies c on c.id = l.company_id left join scores s on s.lead_id = l.id
		where o.id in ? and a.state in ('open','accepted') and l.state = 'active' order by a.at, a.id`, events).Scan(&rows).Error
	if err != nil {
		return err
	}
	t.call.Values = crm.Values{"count": strconv.Itoa(len(rows)), "link": a.o.BaseURL + "/admin"}
	for _, r := range rows {
		zone, err := zoneOf(tx.DB, r.OwnerID)
		if err != nil {
			return err
		}
		t.call.Digest = append(t.call.Digest, crm.Values{"company": orElse(r.Company, "a person without a company"), "grade": r.Grade, "owner_name": r.Owner, "since": r.At.In(zone).Format("15:04"),
			"claim_link": a.o.BaseURL + "/admin/claim/" + r.ID.String()})
	}
	return nil
}

// firstStep is the first open step of an assignment's plan, with its time.
func firstStep(db *store.Query, assignment uuid.UUID, zone *time.Location) (string, error) {
	steps, err := nextStep(db, assignment)
	if err != nil || len(steps) == 0 {
		return "", err
	}
	return steps[0].Title + ", due " + steps[0].DueAt.In(zone).Format(mailMoment), nil
}

// closeGathered says of the alerts that went with another one what became of it.
func closeGathered(tx *store.Tx, t *pushTry, out crm.Outcome) error {
	ids := make([]uuid.UUID, 0, len(t.gathered))
	for _, p := range t.gathered {
		ids = append(ids, p.ID)
	}
	if len(ids) == 0 {
		return nil
	}
	if out.Class == crm.Done {
		return tx.Exec("update pushes set state = 'superseded', reason = 'told in a digest with others', state_at = ? where id in ? and state = 'waiting'", tx.Now(), ids).Error
	}
	return tx.Exec("update pushes set due_at = greatest(due_at, (select due_at from pushes where id = ?)) where id in ? and state = 'waiting'", t.push.ID, ids).Error
}
