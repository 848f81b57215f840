package app

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/lead"
	"github.com/gatehouse/gatehouse/internal/pipeline"
	"github.com/gatehouse/gatehouse/internal/store"
)

// routeMost is how many leads one transaction gives their owners.
const routeMost = 64

// RouteLeads gives qualified leads their owners: assignment with its reason and clock, plan, alert and news for others, in
// one transaction. Again, or twice at once, changes nothing. A lead that fails holds up nobody else.
func (a *App) RouteLeads(ctx context.Context, ids []uuid.UUID) error {
	a.giveWay(ctx)
	var all []error
	try := func(some ...uuid.UUID) error {
		return errs.Contained(func() error { return a.store.Tx(ctx, func(tx *store.Tx) error { return a.route(tx, some) }) })
	}
	for some := range slices.Chunk(ids, routeMost) {
		err := try(some...)
		if err == nil || ctx.Err() != nil || len(some) == 1 {
			all = append(all, err)
			continue
		}
		for _, id := range some {
			all = append(all, try(id))
		}
	}
	return errors.Join(all...)
}

// route locks leads, companies and teams in their order and gives each lead that is in nobody's hands an owner.
func (a *App) route(tx *store.Tx, ids []uuid.UUID) error {
	var leads []store.Lead
	if err := tx.ForUpdate().Where("id in ? and state = 'active'", ids).Order("id").Find(&leads).Error; err != nil {
		return err
	}
	if !a.mutant("two-owners") {
		var err error
		if leads, err = unheld(tx, leads); err != nil {
			return err
		}
	}
	if len(leads) == 0 {
		return nil
	}
	asks, h, err := a.asks(tx, leads)
	if err != nil {
		return err
	}
	router := pipeline.NewRouter(h.routing, h.world)
	companies := map[uuid.UUID]uuid.UUID{} // whose owner is known by a moment ago
	for _, l := range leads {
		q := asks[l.ID]
		if l.CompanyID != nil && q.Owner == uuid.Nil {
			if id := companies[*l.CompanyID]; id != uuid.Nil {
				q.CompanyOwner, q.CompanyOwnerVia = id, ""
			}
		}
		c := router.Choose(q)
		if err := a.give(tx, h, l, c, nil, ""); err != nil {
			return err
		}
		if l.CompanyID != nil {
			companies[*l.CompanyID] = c.Meant()
		}
	}
	return nil
}

// unheld leaves out the leads that are in somebody's hands, and those that came back from sales after they had qualified:
// a job that is done twice must not give them away again.
func unheld(tx *store.Tx, leads []store.Lead) ([]store.Lead, error) {
	var held []uuid.UUID
	err := tx.Raw(`select a.lead_id from assignments a left join scores s on s.lead_id = a.lead_id where a.lead_id in ?
		and (a.state in ('open','accepted') or a.state in ('returned','closed') and a.closed_at >= coalesce(s.qualified_at, '-infinity'))`, idsOf(leads)).Scan(&held).Error
	return slices.DeleteFunc(leads, func(l store.Lead) bool { return slices.Contains(held, l.ID) }), err
}

func idsOf(leads []store.Lead) []uuid.UUID {
	out := make([]uuid.UUID, len(leads))
	for i, l := range leads {
		out[i] = l.ID
	}
	return out
}

// asks locks the leads' companies and then the teams, and reads what routing has to know of each lead.
func (a *App) asks(tx *store.Tx, leads []store.Lead) (map[uuid.UUID]pipeline.Ask, *house, error) {
	if err := lockCompanies(tx, leads); err != nil {
		return nil, nil, err
	}
	h, err := a.house(tx.DB, true)
	if err != nil {
		return nil, nil, err
	}
	asks, err := a.readAsks(tx.DB, h, leads)
	h.facts = make(map[uuid.UUID]*lead.Facts, len(asks))
	for id, q := range asks {
		h.facts[id] = q.Facts
	}
	return asks, h, err
}

// lockCompanies keeps two leads of one company from getting two owners at once.
func lockCompanies(tx *store.Tx, leads []store.Lead) error {
	companies := map[uuid.UUID]bool{}
	for _, l := range leads {
		if l.CompanyID != nil {
			companies[*l.CompanyID] = true
		}
	}
	if len(companies) == 0 {
		return nil
	}
	return tx.Exec("select 1 from companies where id in ? order by id for no key update", keysOf(companies)).Error
}

// whoHad is who had each lead, and who of them does not get it again: whoever declined it, or let its clock run out, since
// it qualified last; a deputy who declined it too. What sales gave back before it qualified anew is asked of all again:
// there may be only one who sells.
const whoHad = `with had as (select a.*, a.closed_at >= coalesce(s.qualified_at, '-infinity') as lately
		from assignments a left join scores s on s.lead_id = a.lead_id where a.lead_id in ?)
	select lead_id, owner_id, coalesce(bool_or(lately and (state = 'declined' or state = 'reassigned' and close_reason = ?)), false) as refused from had group by 1, 2
	union all select lead_id, closed_by, true from had where lately and state = 'declined' and closed_by <> owner_id
		and exists (select 1 from absences b where b.user_id = had.owner_id and b.starts_at <= had.closed_at and b.ends_at > had.closed_at)`

// readAsks reads facts, existing owners, and who had each lead before.
func (a *App) readAsks(db *store.Query, h *house, leads []store.Lead) (map[uuid.UUID]pipeline.Ask, error) {
	facts, err := a.leadFacts(db, idsOf(leads)...)
	if err != nil {
		return nil, err
	}
	var had []struct {
		LeadID, OwnerID uuid.UUID
		Refused         bool
	}
	err = db.Raw(whoHad, idsOf(leads), store.TakenNoResponse).Scan(&had).Error
	if err != nil {
		return nil, err
	}
	owners, err := a.companyOwners(db, leads)
	if err != nil {
		return nil, err
	}
	out := make(map[uuid.UUID]pipeline.Ask, len(leads))
	for _, l := range leads {
		q := pipeline.Ask{Facts: facts[l.ID], Refused: map[uuid.UUID]bool{}}
		if q.Facts == nil {
			q.Facts = &lead.Facts{}
		}
		ours := false
		for _, x := range had {
			if x.LeadID == l.ID {
				ours = ours || l.OwnerID != nil && x.OwnerID == *l.OwnerID
				if x.Refused {
					q.Refused[x.OwnerID] = true
				}
			}
		}
		if l.OwnerID != nil {
			q.Owner = *l.OwnerID
			if !ours {
				q.OwnerVia = "the CRM"
			}
		}
		if l.CompanyID != nil {
			if o := owners[*l.CompanyID]; o.ID != q.Owner {
				q.CompanyOwner, q.CompanyOwnerVia = o.ID, o.Via
			}
		}
		q.Facts.Owner = h.email(q.Owner, q.CompanyOwner)
		out[l.ID] = q
	}
	return out, nil
}

// give makes the assignment that a choice says. previous is the one that it takes over from, closed already; how overrules
// the choice's own. Where nobody could be asked the lead stays in nobody's hands, and somebody is told.
func (a *App) give(tx *store.Tx, h *house, l store.Lead, c pipeline.Choice, previous *store.Assignment, how string) error {
	for _, k := range c.Credits {
		at := h.now
		if err := tx.GiveCredit(store.RotationPlace{TeamID: k.Team, UserID: k.User, Period: h.period, Credit: int32(k.Credit), CreditAt: &at, Why: k.Why}); err != nil {
			return err
		}
	}
	if c.Owner == uuid.Nil {
		return a.nobody(tx, l)
	}
	row := store.Assignment{ID: store.NewID(), LeadID: l.ID, OwnerID: c.Owner, TeamID: c.Team, RuleKey: c.RuleKey, How: orElse(how, c.How), Reason: c.Text, ReasonData: c.Why,
		State: store.AssignmentOpen, Period: h.period, At: h.now, Version: 1}
	if a.mutant("assignment-without-reason") {
		row.Reason, row.ReasonData = "", pipeline.Why{}
	}
	if h.rules != nil {
		row.RuleSetID = &h.rules.ID
	}
	if previous != nil {
		row.PreviousID = &previous.ID
	}
	row.AnsweringTeamID = h.answering(row, previous)
	h.startClock(&row)
	if err := a.keepAssignment(tx, h, &row, l); err != nil {
		return err
	}
	if c.How == "fallback" {
		err := tx.Raise("lead-fallback", "routing", "Leads go to the fallback, because no rule found anybody to give them to. Add members to a team, or look at the routing rules.")
		if err != nil {
			return err
		}
	}
	return a.planFor(tx, h, row, l)
}

// keepAssignment writes the row with all that hangs on it: the owner of the lead, the turn, the alert, the news.
func (a *App) keepAssignment(tx *store.Tx, h *house, row *store.Assignment, l store.Lead) error {
	alert, err := a.alertOwner(tx, h, *row)
	if err != nil {
		return err
	}
	row.AlertMessageID = alert
	if err := tx.Create(row).Error; err != nil {
		return err
	}
	if err := tx.Exec("update leads set owner_id = ? where id = ?", row.OwnerID, l.ID).Error; err != nil {
		return err
	}
	if row.TeamID != nil {
		if err := tx.CountTurn(*row.TeamID, row.OwnerID, h.period, 1, h.now); err != nil {
			return err
		}
	}
	if err := tx.ClearAlarm(nobodyToSell, l.ID.String()); err != nil {
		return err
	}
	return a.announce(tx, store.OutboxEvent{Type: LeadAssigned, LeadID: l.ID, AssignmentID: &row.ID})
}

// nobodyToSell is the alarm of a lead that qualified and is in nobody's hands.
const nobodyToSell = "nobody-to-sell"

// nobody tells that a qualified lead is in nobody's hands.
func (a *App) nobody(tx *store.Tx, l store.Lead) error {
	if err := tx.Exec("update leads set owner_id = null where id = ? and owner_id is not null", l.ID).Error; err != nil {
		return err
	}
	return tx.Raise(nobodyToSell, l.ID.String(), "A qualified lead is in nobody's hands: everybody who could be asked is away, has declined it, or sells no more. Give it to somebody on its page; until then everybody is asked again every quarter of an hour.")
}

// startClock sets when the first-response clock begins and when it strikes: with the owner's next working time.
func (h *house) startClock(row *store.Assignment) {
	s := h.staff[row.OwnerID]
	row.ClockFrom = row.At
	if s == nil {
		return
	}
	if from, ok := s.Calendar.NextWorking(row.At); ok {
		row.ClockFrom = from
	}
	h.strike(row, row.ClockFrom)
}

// strike sets the times of warning, escalation and reassignment, when only what earlier hands used up of the clock's time
// is over at from.
func (h *house) strike(row *store.Assignment, from time.Time) {
	s := h.staff[row.OwnerID]
	at := func(minutes int32) *time.Time {
		if minutes <= 0 || s == nil {
			return nil
		}
		t, ok := s.Calendar.AddWorking(from, max(0, time.Duration(minutes)*time.Minute-time.Duration(row.ClockUsed)*time.Second))
		if !ok {
			return nil
		}
		return &t
	}
	row.WarnAt, row.EscalateAt, row.ReassignAt = at(h.settings.WarnMinutes), at(h.settings.EscalateMinutes), at(h.settings.ReassignMinutes)
}
