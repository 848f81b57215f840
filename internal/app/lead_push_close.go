package app

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/riverqueue/river"

	"github.com/gatehouse/gatehouse/internal/crm"
	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/jobs"
	"github.com/gatehouse/gatehouse/internal/store"
)

// The breaker of a connector: after so many failures in a row it opens, and one push at a time tries whether it is back.
const (
	breakAfter  = 5
	probeFirst  = time.Minute
	probeLast   = 15 * time.Minute
	probeMended = 5 * time.Minute // after a key or setting was refused: staff have to act first
)

// closePush records what is known and what follows from it.
func (a *App) closePush(tx *store.Tx, t *pushTry, out crm.Outcome) error {
	var l store.Lead // before the push, as an erasure locks them
	if err := tx.ForChange().Where("id = ?", t.push.LeadID).Take(&l).Error; err != nil {
		return err
	}
	var p store.Push
	if err := tx.ForUpdate().Where("id = ?", t.push.ID).Take(&p).Error; err != nil {
		return err
	}
	if l.State == "erased" && !t.call.Erase {
		out = nothingOfThem(out)
	}
	request, answer := shown(out)
	now := tx.Now()
	res := tx.Model(&store.PushAttempt{}).Where("id = ? and outcome = 'open'", t.attempt.ID).Updates(map[string]any{"outcome": string(out.Class), "status": out.Status,
		"finished_at": now, "request": request, "answer": answer})
	if res.Error != nil {
		return res.Error
	}
	clash, err := a.keepObjects(tx, t, out)
	if err != nil {
		return err
	}
	if err := a.keepTheirs(tx, t, out.Theirs); err != nil {
		return err
	}
	if res.RowsAffected == 0 && (out.Class != crm.Done || p.State != PushWaiting) {
		return nil // closed as unknown meanwhile, and this answer tells no more
	}
	if clash != "" {
		out.Class, out.Reason = crm.Refused, clash
	}
	if err := a.settlePush(tx, p, out); err != nil {
		return err
	}
	return closeGathered(tx, t, out)
}

// nothingOfThem leaves of an answer about somebody who was erased meanwhile what is needed to have them erased there too:
// the ids.
func nothingOfThem(out crm.Outcome) crm.Outcome {
	out.Trace, out.Theirs, out.Objects = nil, nil, slices.Clone(out.Objects)
	for i := range out.Objects {
		if out.Objects[i].Object != crm.Company {
			out.Objects[i].Sent = nil
		}
	}
	if out.Class != crm.Done {
		out.Reason = erasedReason
	}
	return out
}

func (a *App) settlePush(tx *store.Tx, p store.Push, out crm.Outcome) error {
	now := tx.Now()
	set := func(state string, due time.Time) error {
		fields := map[string]any{"state": state, "reason": out.Reason, "due_at": due, "state_at": now}
		if out.Class != crm.Unknown || slices.ContainsFunc(out.Objects, func(o crm.Object) bool { return o.Object == crm.Company }) {
			fields["making"] = nil // it is known by now, or was not made
		} else if p.Making != nil { // others of the company wait so long
			if err := tx.Enqueue(pushAt(p.ConnectorID, now.Add(pushUnknown))); err != nil {
				return err
			}
		}
		for _, o := range out.Objects {
			if p.Type != LeadErased && (o.Object == p.ObjectKind || o.Object == crm.Person && p.ObjectKind == crm.Lead) {
				fields["remote_id"] = o.ID
			}
		}
		if err := tx.Model(&store.Push{}).Where("id = ?", p.ID).Updates(fields).Error; err != nil {
			return err
		}
		if state == PushWaiting {
			return tx.Enqueue(pushAt(p.ConnectorID, due))
		}
		return nil
	}
	switch out.Class {
	case crm.Done:
		if err := set(PushDone, p.DueAt); err != nil {
			return err
		}
		if err := nothingRefused(tx, p); err != nil {
			return err
		}
		return a.mendConnector(tx, p.ConnectorID, true)
	case crm.Refused: // their answer proves that they are there
		if err := set(PushRefused, p.DueAt); err != nil {
			return err
		}
		if err := a.sayRefused(tx, p.ConnectorID, out.Reason); err != nil {
			return err
		}
		return a.mendConnector(tx, p.ConnectorID, false)
	case crm.RateLimited:
		wait := max(out.Wait, time.Second)
		if out.Wait == 0 {
			wait = pauseRateLimited
		}
		if err := tx.Model(&store.Connector{}).Where("id = ?", p.ConnectorID).Update("wait_until", now.Add(wait)).Error; err != nil {
			return err
		}
		return set(PushWaiting, now.Add(wait))
	case crm.Unauthorised, crm.Misconfigured:
		if err := a.breakConnector(tx, p.ConnectorID, out, true); err != nil {
			return err
		}
		return set(PushWaiting, now.Add(probeMended))
	default: // Retry, Unknown
		var failed int
		err := tx.Raw("select count(*) from push_attempts where push_id = ? and outcome in ('retry','unknown')", p.ID).Scan(&failed).Error
		if err != nil {
			return err
		}
		if err := a.breakConnector(tx, p.ConnectorID, out, false); err != nil {
			return err
		}
		if failed >= maxPushes {
			out.Reason = "given up after two days: " + out.Reason
			if err := set(PushRefused, p.DueAt); err != nil {
				return err
			}
			return a.sayRefused(tx, p.ConnectorID, out.Reason)
		}
		wait := backoff(failed)
		if out.Class == crm.Unknown {
			wait = max(wait, pushUnknown)
		}
		return set(PushWaiting, now.Add(wait))
	}
}

// mendConnector notes an answer: an open breaker closes, and what waited for that goes at once.
func (a *App) mendConnector(tx *store.Tx, id uuid.UUID, pushed bool) error {
	var c store.Connector
	if err := tx.ForChange().Where("id = ?", id).Take(&c).Error; err != nil {
		return err
	}
	now := tx.Now()
	set := map[string]any{"failures": 0, "broken_at": nil, "broken_why": "", "probe_at": nil}
	if pushed {
		set["pushed_at"] = now
	}
	if err := tx.Model(&store.Connector{}).Where("id = ?", id).Updates(set).Error; err != nil {
		return err
	}
	if c.BrokenAt == nil {
		return nil
	}
	if err := tx.ClearAlarm("connector-away", id.String()); err != nil {
		return err
	}
	if err := tx.Exec("update pushes set due_at = ? where connector_id = ? and state = 'waiting' and due_at > ?", now, id, now).Error; err != nil {
		return err
	}
	return tx.Enqueue(pushAt(id, now))
}

// breakConnector counts a failure and opens the breaker: at once when nothing can go through before somebody acts, else
// after several in a row. Whoever is named for it is told when it opens.
func (a *App) breakConnector(tx *store.Tx, id uuid.UUID, out crm.Outcome, now bool) error {
	var c store.Connector
	if err := tx.ForChange().Where("id = ?", id).Take(&c).Error; err != nil {
		return err
	}
	c.Failures++
	at := tx.Now()
	if !now && c.Failures < breakAfter && c.BrokenAt == nil || a.mutant("no-breaker") {
		return tx.Model(&store.Connector{}).Where("id = ?", id).Update("failures", c.Failures).Error
	}
	probe := min(probeFirst<<min(max(int(c.Failures)-breakAfter, 0), 10), probeLast)
	if now {
		probe = probeMended
	}
	set := map[string]any{"failures": c.Failures, "broken_why": out.Reason, "probe_at": at.Add(probe)}
	if c.BrokenAt == nil {
		set["broken_at"] = at
	}
	if err := tx.Model(&store.Connector{}).Where("id = ?", id).Updates(set).Error; err != nil {
		return err
	}
	if err := tx.Enqueue(pushAt(id, at.Add(probe))); err != nil {
		return err
	}
	sentence := fmt.Sprintf("%s cannot be told anything: %s. What is for it waits, and goes by itself once it answers. Open Connectors.", c.Name, out.Reason)
	if err := tx.Raise("connector-away", id.String(), sentence); err != nil {
		return err
	}
	if c.BrokenAt != nil {
		return nil
	}
	return a.tellNamed(tx, c, "connector-away")
}

// tellNamed sends an alarm of a connector to whoever is named for it.
func (a *App) tellNamed(tx *store.Tx, c store.Connector, kind string) error {
	if c.AlertUserID == nil {
		return nil
	}
	var alarm []uuid.UUID
	err := tx.Model(&store.Alarm{}).Where("kind = ? and object = ? and cleared_at is null", kind, c.ID.String()).Limit(1).Pluck("id", &alarm).Error
	if err != nil || len(alarm) == 0 {
		return err
	}
	return a.staffMail(tx, *c.AlertUserID, "alarm", map[string]any{"alarm": alarm[0].String()})
}

// cannotOpen breaks a connector that cannot be read: nothing goes through before somebody acts, and nobody else waits for it.
func (a *App) cannotOpen(tx *store.Tx, c store.Connector, fault error) error {
	a.log.Error("a connector cannot be opened", "connector", c.ID, "kind", c.Kind, "error", fault)
	why := strings.TrimSuffix(errs.Public(fault).Message, ".")
	return a.breakConnector(tx, c.ID, crm.Outcome{Class: crm.Misconfigured, Reason: strings.ToLower(why[:1]) + why[1:]}, true)
}

// sayRefused raises an alarm over what a system refused: nothing tries that again by itself. Whoever is named for it is told
// of the first; those that follow are counted. What was deleted there is no trouble, and stands on the lead's page.
func (a *App) sayRefused(tx *store.Tx, id uuid.UUID, why string) error {
	if why == crm.DeletedThere {
		return nil
	}
	var c store.Connector
	if err := tx.ForChange().Where("id = ?", id).Take(&c).Error; err != nil {
		return err
	}
	var standing int64
	if err := tx.Model(&store.Alarm{}).Where("kind = ? and object = ? and cleared_at is null", pushRefused, id.String()).Count(&standing).Error; err != nil {
		return err
	}
	sentence := fmt.Sprintf("%s refused what it was told: %s. It is not tried again by itself. Open its pushes, mend the cause, and let them go again.", c.Name, why)
	if err := tx.Raise(pushRefused, id.String(), sentence); err != nil || standing > 0 {
		return err
	}
	return a.tellNamed(tx, c, pushRefused)
}

// pushRefused is the kind of that alarm.
const pushRefused = "push-refused"

// nothingRefused ends it once nothing lies refused that was not told since. Only news of an object of which something lies
// refused, or that lay so itself, can be the last: no other asks what reads all of them.
func nothingRefused(tx *store.Tx, p store.Push) error {
	return tx.Exec(`update alarms set cleared_at = ? where kind = ? and object = ? and cleared_at is null
		and (exists (select 1 from pushes where connector_id = ? and object_kind = ? and object_id = ? and state = 'refused')
			or exists (select 1 from push_attempts where push_id = ? and outcome = 'refused') or (select count(*) from push_attempts where push_id = ?) > ?)
		and not exists (select 1 from pushes r where r.connector_id = ? and r.state = 'refused' and r.reason <> ? and not exists (select 1 from pushes d
			where d.connector_id = r.connector_id and d.object_kind = r.object_kind and d.object_id = r.object_id and d.state = 'done' and d.state_at > r.state_at))`,
		tx.Now(), pushRefused, p.ConnectorID.String(), p.ConnectorID, p.ObjectKind, p.ObjectID, p.ID, p.ID, maxPushes, p.ConnectorID, crm.DeletedThere).Error
}

// keepObjects remembers their objects. clash tells that one of them is already another one of ours.
func (a *App) keepObjects(tx *store.Tx, t *pushTry, out crm.Outcome) (clash string, err error) {
	now := tx.Now()
	if t.call.Erase {
		if out.Class == crm.Done {
			err = forgetRemote(tx, t.connector.ID, t.push.LeadID, t.call.Companies)
		}
		return "", err
	}
	for _, o := range out.Objects {
		id := t.push.LeadID
		switch o.Object {
		case crm.Deal:
			id = t.push.ObjectID
		case crm.Company:
			id = t.company
		}
		var other []uuid.UUID
		err := tx.Model(&store.RemoteObject{}).Where("connector_id = ? and remote_kind = ? and remote_id = ? and object_id <> ?", t.connector.ID, o.Kind, o.ID, id).Limit(1).Pluck("object_id", &other).Error
		if err != nil {
			return "", err
		}
		if len(other) > 0 && t.call.Merged {
			continue
		}
		if len(other) > 0 {
			clash = "their record is that of another lead or deal of ours (" + other[0].String() + "): merge the two"
			continue
		}
		row := store.RemoteObject{ConnectorID: t.connector.ID, ObjectKind: o.Object, ObjectID: id, RemoteKind: o.Kind, RemoteID: o.ID, Sent: o.Sent, Seen: map[string]string{}, At: now}
		update := []string{"remote_kind", "remote_id", "at", "gone_at"}
		if o.Sent == nil {
			row.Sent = map[string]string{}
		} else {
			update = append(update, "sent")
		}
		if o.Gone {
			row.GoneAt = &now
		}
		if o.Gone && t.call.Merged {
			row.Sent = map[string]string{sentMerged: "yes"}
			update = append(update, "sent")
		}
		err = tx.Clauses(store.OnConflict{Columns: []store.Column{{Name: "connector_id"}, {Name: "object_kind"}, {Name: "object_id"}}, DoUpdates: store.Updated(update...)}).Create(&row).Error
		if err != nil {
			return "", err
		}
	}
	return clash, nil
}

// sentMerged marks an object that we took away because its lead was merged into another one.
const sentMerged = "=merged"

// keepTheirs stores what they changed while we were about to tell, as if they had told it.
func (a *App) keepTheirs(tx *store.Tx, t *pushTry, theirs []crm.Change) error {
	if len(theirs) == 0 {
		return nil
	}
	if err := storeChanges(tx, t.connector.ID, "poll", tx.Now(), theirs); err != nil {
		return err
	}
	return tx.Enqueue(river.InsertManyParams{Args: jobs.Pull{ConnectorID: t.connector.ID}})
}

// shown is the requests of a try, and what came back, as the page shows them.
func shown(out crm.Outcome) (request, answer string) {
	for i, x := range out.Trace {
		if i > 0 {
			request += "\n"
			answer += "\n"
		}
		request += x.Method + " " + x.Path
		if x.Body != "" {
			request += "\n" + x.Body
		}
		answer += strconv.Itoa(x.Status) + " " + x.Answer
	}
	if len(out.Trace) == 0 {
		answer = out.Reason
	}
	return cutTo(request, 64<<10), cutTo(answer, 32<<10)
}

func cutTo(s string, n int) string {
	s = strings.ReplaceAll(s, "\x00", "")
	if len(s) > n {
		s = s[:n] + " ..."
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}
