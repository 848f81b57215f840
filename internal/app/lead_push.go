package app

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/riverqueue/river"

	"github.com/gatehouse/gatehouse/internal/crm"
	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/jobs"
	"github.com/gatehouse/gatehouse/internal/store"
)

// How pushing waits. A connector has pushLanes at a time in a process, so that one that hangs delays nobody else; a job
// begins no new try after pushBudget, so that it ends before it is cut.
const (
	pushLanes   = 4
	pushLease   = 20 * time.Second
	pushBudget  = 8 * time.Second
	pushUnknown = time.Minute // their search has to see what they made before we look for it
	maxPushes   = 24          // tries that failed by themselves: about two days
)

// ourFault is the reason of what is set aside because it would fail again, and the log knows why.
const ourFault = "our own program failed at it; the log says why"

// comesAgain tells a fault that would come again from one of the moment: a database that is away, others in the way.
func comesAgain(ctx context.Context, err error) bool {
	return err != nil && ctx.Err() == nil && !errs.Is(err, errs.Unavailable) && !busy(err)
}

// lanes keeps one drain of a connector in this process, and remembers that another was asked for meanwhile.
type lanes struct {
	mu   sync.Mutex
	busy map[uuid.UUID]bool // true: look again when done
}

func (l *lanes) enter(id uuid.UUID) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, ok := l.busy[id]; ok {
		l.busy[id] = true
		return false
	}
	if l.busy == nil {
		l.busy = map[uuid.UUID]bool{}
	}
	l.busy[id] = false
	return true
}

// leave ends the drain, unless somebody asked for another look.
func (l *lanes) leave(id uuid.UUID, force bool) (again bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	again = l.busy[id]
	if again && !force {
		l.busy[id] = false
		return true
	}
	delete(l.busy, id)
	return again
}

// PushDue tells one connector what waits for it, until nothing is due or the time for it is over.
func (a *App) PushDue(ctx context.Context, connector uuid.UUID) error {
	if !a.pushing.enter(connector) {
		return nil // whoever is at it looks again
	}
	until := time.Now().Add(pushBudget)
	for {
		if err := a.takeOverPushes(ctx, connector); err != nil {
			a.pushing.leave(connector, true)
			return err
		}
		err := a.pushLanes(ctx, connector, until)
		switch over := time.Now().After(until); {
		case err != nil || over:
			if again := a.pushing.leave(connector, true); err == nil && (again || over) {
				return &Later{}
			}
			return err
		case !a.pushing.leave(connector, false):
			return nil
		}
	}
}

func (a *App) pushLanes(ctx context.Context, connector uuid.UUID, until time.Time) error {
	var wg sync.WaitGroup
	faults := make([]error, pushLanes)
	for i := range pushLanes {
		wg.Go(func() {
			for time.Now().Before(until) && ctx.Err() == nil {
				var did bool
				err := errs.Contained(func() (err error) { did, err = a.pushOne(ctx, connector); return err })
				if err != nil || !did {
					faults[i] = err
					return
				}
			}
		})
	}
	wg.Wait()
	return errors.Join(faults...)
}

// pushTry is one push in our hands with everything that its try needs.
type pushTry struct {
	connector store.Connector
	push      store.Push
	attempt   store.PushAttempt
	system    crm.Connector
	config    crm.Config
	call      crm.Call
	company   uuid.UUID    // of the person
	making    *uuid.UUID   // the company whose object it may make
	gathered  []store.Push // alerts that go with this one
}

// pushOne tells one thing. An attempt is recorded before the call and closed after it, and the open attempt row decides
// between doubles, as with mails.
func (a *App) pushOne(ctx context.Context, connector uuid.UUID) (did bool, err error) {
	var t *pushTry
	err = a.store.Tx(ctx, func(tx *store.Tx) error {
		t, did = nil, false
		var err error
		t, did, err = a.claimPush(tx, connector)
		return err
	})
	if store.IsDuplicate(err) { // another lane talks about this person just now
		return false, &Later{time.Second}
	}
	if t != nil && comesAgain(ctx, err) { // it would hold up everything that waits behind it
		a.log.Error("a push could not be written", "push", t.push.ID, "error", err)
		return true, a.store.Tx(ctx, func(tx *store.Tx) error {
			if err := tx.Exec("update pushes set state = 'refused', reason = ?, state_at = ? where id = ? and state = 'waiting'", ourFault, tx.Now(), t.push.ID).Error; err != nil {
				return err
			}
			return a.sayRefused(tx, connector, ourFault)
		})
	}
	if err != nil || t == nil {
		return did, err
	}
	out := a.callPush(ctx, t)
	a.Metrics.push(t.connector.Kind, string(out.Class))
	return true, a.recordPush(t, out)
}

// callPush contains what a connector can do wrong: it hangs no longer than the lease, and a panic is a fault like others.
func (a *App) callPush(ctx context.Context, t *pushTry) (out crm.Outcome) {
	ctx, cancel := context.WithTimeout(ctx, pushLease-2*time.Second)
	defer cancel()
	defer func() {
		if r := recover(); r != nil {
			a.log.Error("a connector panicked", "connector", t.connector.ID, "push", t.push.ID, "error", errs.Panicked(r))
			out = crm.Outcome{Class: crm.Unknown, Reason: ourFault}
		}
	}()
	return t.system.Push(ctx, t.config, t.call)
}

// claimPushSQL finds what may be told now. One conversation about a person at a time; while one makes the object of a company,
// or may have made it and does not know, nobody else makes it; and after two leads were parted, the one that left is told
// first: the other one may hold its object there. Alerts of a channel go one after the other.
const claimPushSQL = `select p.* from pushes p join leads l on l.id = p.lead_id where p.connector_id = ? and p.state = 'waiting' and p.due_at <= ?
	and not exists (select 1 from pushes s where s.connector_id = p.connector_id and s.lead_id = p.lead_id and s.state = 'sending')
	and not exists (select 1 from pushes s where s.making = l.company_id and s.connector_id = p.connector_id and s.id <> p.id
		and (s.state = 'sending' or s.state = 'waiting' and s.state_at > ?))
	and not exists (select 1 from lead_merges m join pushes s on s.lead_id = m.from_id and s.connector_id = p.connector_id and s.state in ('waiting','sending')
		where m.into_id = p.lead_id and m.undone_at is not null)
	and not (? and p.type = ? and exists (select 1 from pushes s where s.connector_id = p.connector_id and s.type = p.type and s.state = 'sending'))
	order by p.due_at, p.id limit 1 for update of p skip locked`

// alerts tells whether a kind of connector tells people, rather than a system.
func (a *App) alerts(kind string) bool {
	sys := a.systems.Find(kind)
	return sys != nil && sys.About().Alerts
}

// claimPush decides what this process may tell now. did is true when something was settled without telling.
func (a *App) claimPush(tx *store.Tx, connector uuid.UUID) (t *pushTry, did bool, err error) {
	t = &pushTry{}
	if err := tx.Where("id = ?", connector).Take(&t.connector).Error; err != nil {
		return nil, false, ignoreMissing(err)
	}
	c, now := &t.connector, tx.Now()
	if c.State != ConnectorOn || c.WaitUntil != nil && c.WaitUntil.After(now) || c.BrokenAt != nil && (c.ProbeAt == nil || c.ProbeAt.After(now)) {
		return nil, false, nil
	}
	if held, err := mailHeld(tx); err != nil || held {
		return nil, false, err
	}
	if t.system, t.config, err = a.unsealed(*c); err != nil {
		return nil, false, a.cannotOpen(tx, *c, err)
	}
	alerts := a.alerts(c.Kind)
	if alerts {
		if err := lockAlerts(tx, connector); err != nil {
			return nil, false, err
		}
	}
	var rows []store.Push
	err = tx.Raw(claimPushSQL, connector, now, now.Add(-pushUnknown), alerts, LeadAssigned).Scan(&rows).Error
	if err != nil || len(rows) == 0 {
		return nil, false, err
	}
	t.push = rows[0]
	if c.BrokenAt != nil { // half open: one probe at a time
		res := tx.Model(&store.Connector{}).Where("id = ? and probe_at <= ?", c.ID, now).Update("probe_at", now.Add(pushLease+10*time.Second))
		if res.Error != nil || res.RowsAffected == 0 {
			return nil, false, res.Error
		}
	}
	var dropped string
	err = errs.Contained(func() (err error) { dropped, err = a.composePush(tx, t); return err })
	if err != nil {
		return t, false, err
	}
	if dropped != "" {
		err = tx.Model(&store.Push{}).Where("id = ?", t.push.ID).Updates(map[string]any{"state": PushDropped, "reason": dropped, "state_at": now}).Error
		return nil, err == nil, err
	}
	t.push.Tries++
	t.attempt = store.PushAttempt{ID: store.NewID(), PushID: t.push.ID, Number: t.push.Tries, Worker: a.worker, StartedAt: now, LeaseUntil: now.Add(pushLease), Outcome: "open"}
	err = tx.Model(&store.Push{}).Where("id = ?", t.push.ID).Updates(map[string]any{"state": PushSending, "tries": t.push.Tries, "state_at": now, "payload": string(t.push.Payload),
		"making": t.making, "lead_id": t.push.LeadID}).Error
	if err != nil {
		return t, false, err
	}
	return t, true, tx.Create(&t.attempt).Error
}

func ignoreMissing(err error) error {
	if store.IsMissing(err) {
		return nil
	}
	return err
}

// mailHeld tells that everything outgoing is held, after a restore.
func mailHeld(tx *store.Tx) (held bool, err error) {
	err = tx.Raw("select mail_hold from settings where id = 1").Scan(&held).Error
	return held, err
}

// recordPush keeps the answer, even if the caller is being stopped, and keeps at it while the database is away.
func (a *App) recordPush(t *pushTry, out crm.Outcome) error {
	patience := time.Now().Add(recordPatience)
	for wait := 100 * time.Millisecond; ; wait = min(2*wait, 2*time.Second) {
		closing, cancel := background(10 * time.Second)
		err := a.store.Tx(closing, func(tx *store.Tx) error { return a.closePush(tx, t, out) })
		cancel()
		if !errs.Is(err, errs.Unavailable) && !errors.Is(err, context.DeadlineExceeded) || time.Now().After(patience) {
			return err
		}
		time.Sleep(wait)
	}
}

// takeOverPushes closes the tries of processes that ended, or that hang, as unknown: the next one looks before it makes.
func (a *App) takeOverPushes(ctx context.Context, connector uuid.UUID) error {
	return a.store.Tx(ctx, func(tx *store.Tx) error {
		var open []struct {
			store.PushAttempt
			LeadID uuid.UUID
		}
		err := tx.Raw(`select t.* from push_attempts t join pushes p on p.id = t.push_id where p.connector_id = ? and p.state = 'sending' and t.outcome = 'open'
			for update of t skip locked`, connector).Scan(&open).Error
		if err != nil {
			return err
		}
		for _, o := range open {
			alive := o.Worker == a.worker
			if !alive {
				if alive, err = tx.WorkerAlive(o.Worker); err != nil {
					return err
				}
			}
			if alive && o.LeaseUntil.Add(2*time.Second).After(tx.Now()) {
				continue
			}
			now := tx.Now()
			err := tx.Exec("update push_attempts set outcome = 'unknown', finished_at = ?, answer = 'the process ended before the answer was recorded' where id = ?", now, o.ID).Error
			if err != nil {
				return err
			}
			err = tx.Exec("update pushes set state = 'waiting', due_at = ?, reason = 'no complete answer: it is looked for before it is told again', state_at = ? where id = ?", now.Add(pushUnknown), now, o.PushID).Error
			if err != nil {
				return err
			}
			if err := tx.Enqueue(pushAt(connector, now.Add(pushUnknown))); err != nil {
				return err
			}
		}
		return nil
	})
}

func pushAt(connector uuid.UUID, at time.Time) river.InsertManyParams {
	return river.InsertManyParams{Args: jobs.Push{ConnectorID: connector}, InsertOpts: &river.InsertOpts{ScheduledAt: at}}
}
