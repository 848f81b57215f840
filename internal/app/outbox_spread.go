package app

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/riverqueue/river"

	"github.com/gatehouse/gatehouse/internal/crm"
	"github.com/gatehouse/gatehouse/internal/jobs"
	"github.com/gatehouse/gatehouse/internal/store"
)

// spreadMost is how many events one transaction spreads.
const spreadMost = 200

// listening tells whether anybody wants events by themselves: those that no CRM asks for are not even written down then.
func listening(tx *store.Tx) (bool, error) {
	var yes bool
	err := tx.Raw("select exists (select 1 from connectors where state <> 'off' and kind in ('webhook','slack'))").Scan(&yes).Error
	return yes, err
}

// tellEvents announces what only those want to know who take events by themselves.
func (a *App) tellEvents(tx *store.Tx, events ...store.OutboxEvent) error {
	if len(events) == 0 {
		return nil
	}
	if yes, err := listening(tx); err != nil || !yes {
		return err
	}
	return a.announce(tx, events...)
}

// tellKept announces that something became known of leads, of whom other systems keep a copy; of nobody else.
func (a *App) tellKept(tx *store.Tx, leads ...uuid.UUID) error {
	var kept []uuid.UUID
	err := tx.Raw("select distinct object_id from remote_objects where object_kind = 'person' and object_id in ? and gone_at is null", leads).Scan(&kept).Error
	if err != nil || len(kept) == 0 {
		return err
	}
	events := make([]store.OutboxEvent, len(kept))
	for i, id := range kept {
		events[i] = store.OutboxEvent{Type: LeadChanged, LeadID: id}
	}
	return a.announce(tx, events...)
}

// SpreadOutbox turns what happened into pushes to each connector that wants to know.
func (a *App) SpreadOutbox(ctx context.Context) error {
	for {
		n := 0
		err := a.store.Tx(ctx, func(tx *store.Tx) error {
			var rows []store.OutboxEvent
			err := tx.Raw("select * from outbox where spread_at is null order by id limit ? for update skip locked", spreadMost).Scan(&rows).Error
			if n = len(rows); err != nil || n == 0 {
				return err
			}
			var live []store.Connector
			if err := tx.Where("state <> 'off'").Order("id").Find(&live).Error; err != nil {
				return err
			}
			for _, c := range live {
				if err := a.spreadTo(tx, c, rows, false); err != nil {
					return err
				}
			}
			ids := make([]uuid.UUID, n)
			for i, r := range rows {
				ids[i] = r.ID
			}
			return tx.Model(&store.OutboxEvent{}).Where("id in ?", ids).Update("spread_at", tx.Now()).Error
		})
		if err != nil || n < spreadMost {
			return err
		}
	}
}

// spreadTo makes the pushes of events for one connector. Again is for a replay: what was told before is told once more.
func (a *App) spreadTo(tx *store.Tx, c store.Connector, rows []store.OutboxEvent, again bool) error {
	sys, cfg, err := a.unsealed(c)
	if sys == nil { // the others hear of it all the same
		return a.cannotOpen(tx, c, err)
	}
	if a.mutant("loops-unseen") {
		rows = slices.Clone(rows)
		for i := range rows {
			rows[i].Origin = ""
		}
	}
	var pushes []store.Push
	if sys.About().Events {
		pushes = eventPushes(c, cfg, rows)
	} else if pushes, err = a.objectPushes(tx, c, cfg, rows); err != nil {
		return err
	}
	if len(pushes) == 0 {
		return nil
	}
	now := tx.Now()
	var ids, objects []uuid.UUID
	for i := range pushes {
		p := &pushes[i]
		p.ID, p.ConnectorID, p.State, p.Payload, p.DueAt, p.CreatedAt, p.StateAt = store.NewID(), c.ID, PushWaiting, []byte("{}"), now, now, now
		if again {
			p.Revision = p.ID
		}
		ids, objects = append(ids, p.ID), append(objects, p.ObjectID)
	}
	if sys.About().Alerts && !again {
		if err := spaceAlerts(tx, c.ID, pushes, now); err != nil {
			return err
		}
		for _, p := range pushes {
			if p.DueAt.After(now) {
				if err := tx.Enqueue(pushAt(c.ID, p.DueAt)); err != nil {
					return err
				}
				break
			}
		}
	}
	if err := tx.Clauses(store.OnConflict{DoNothing: true}).CreateInBatches(&pushes, 500).Error; err != nil {
		return err
	}
	if !sys.About().Events {
		if err := inheritDoubt(tx, ids); err != nil {
			return err
		}
		// The newest state of an object tells all that older ones would.
		err := tx.Exec(`update pushes p set state = 'superseded', reason = 'a newer push tells it all', state_at = ? where p.connector_id = ? and p.state in ('waiting','held')
			and p.object_id in ? and p.id not in ? and p.type not in ('lead.erased','lead.merged')
			and exists (select 1 from pushes n where n.connector_id = p.connector_id and n.object_kind = p.object_kind and n.object_id = p.object_id and n.id in ?)`, now, c.ID, objects, ids, ids).Error
		if err != nil {
			return err
		}
	}
	return tx.Enqueue(river.InsertManyParams{Args: jobs.Push{ConnectorID: c.ID}})
}

// inheritDoubt has a newer push wait as the older one would, that does not know whether it was taken: their search has to see
// what was made before it is looked for.
func inheritDoubt(tx *store.Tx, ids []uuid.UUID) error {
	return tx.Exec(`update pushes n set due_at = least(greatest(n.due_at, s.due_at), n.due_at + ? * interval '1 second'), making = coalesce(n.making, s.making) from pushes s
		where n.id in ? and s.connector_id = n.connector_id and s.object_kind = n.object_kind and s.object_id = n.object_id and s.state = 'waiting' and s.id not in ?
		and exists (select 1 from push_attempts t where t.push_id = s.id and t.number = s.tries and t.outcome = 'unknown')`, int(pushUnknown.Seconds()), ids, ids).Error
}

func eventPushes(c store.Connector, cfg crm.Config, rows []store.OutboxEvent) (out []store.Push) {
	for _, r := range rows {
		if r.Origin != c.ID.String() && crm.Wants(cfg, r.Type) {
			out = append(out, store.Push{ObjectKind: "event", ObjectID: r.ID, Revision: r.ID, Type: r.Type, LeadID: r.LeadID})
		}
	}
	return out
}

// objectPushes are the persons and deals that a CRM should look at again: one push an object, the newest event's.
func (a *App) objectPushes(tx *store.Tx, c store.Connector, cfg crm.Config, rows []store.OutboxEvent) ([]store.Push, error) {
	wanted, err := a.leadsFor(tx, c, cfg, rows)
	if err != nil {
		return nil, err
	}
	last := map[[3]string]int{}
	var out []store.Push
	for _, r := range rows {
		if r.Origin == c.ID.String() || !wanted[r.LeadID] || r.Type == SubmissionProcessed || r.Type == DocumentDownloaded {
			continue
		}
		p := store.Push{ObjectKind: crm.Lead, ObjectID: r.LeadID, Revision: r.ID, Type: r.Type, LeadID: r.LeadID}
		if r.DealID != nil && strings.HasPrefix(r.Type, "deal.") {
			p.ObjectKind, p.ObjectID = crm.Deal, *r.DealID
		}
		key := [3]string{p.ObjectKind, p.ObjectID.String()}
		if r.Type == LeadMerged { // what is taken away is told whatever follows
			key[2] = r.Type
		}
		if i, ok := last[key]; ok {
			out[i] = p
			continue
		}
		last[key] = len(out)
		out = append(out, p)
	}
	return out, nil
}

// leadsFor are the leads of events that a CRM hears of: those that qualified, are in somebody's hands, or are there
// already. An erased or merged one is told only where it may be known, or where a company went with it that is known.
func (a *App) leadsFor(tx *store.Tx, c store.Connector, cfg crm.Config, rows []store.OutboxEvent) (map[uuid.UUID]bool, error) {
	var all, erased []uuid.UUID
	for _, r := range rows {
		if r.Type == LeadErased || r.Type == LeadMerged {
			erased = append(erased, r.LeadID)
		} else {
			all = append(all, r.LeadID)
		}
	}
	out := map[uuid.UUID]bool{}
	var known []uuid.UUID
	err := tx.Raw(`select l.id from leads l where l.id in ? and l.state <> 'erased' and (? or l.owner_id is not null
		or exists (select 1 from scores s where s.lead_id = l.id and s.qualified_at is not null)
		or exists (select 1 from assignments x where x.lead_id = l.id)
		or exists (select 1 from remote_objects o where o.connector_id = ? and o.object_kind = 'person' and o.object_id = l.id))
		union select p.lead_id from pushes p where p.connector_id = ? and p.lead_id in ? and p.type <> 'lead.erased' and (p.tries > 0 or p.state = 'sending')
		union select o.object_id from remote_objects o where o.connector_id = ? and o.object_id in ?
		union select l.id from leads l where l.id in ? and l.state = 'erased' and exists (select 1 from remote_objects o where o.connector_id = ? and o.object_kind = 'company' and o.gone_at is null
			and not exists (select 1 from companies c where c.id = o.object_id))`,
		append(all, uuid.Nil), cfg.Settings["all_leads"] == "yes", c.ID, c.ID, append(erased, uuid.Nil), c.ID, append(erased, uuid.Nil), append(erased, uuid.Nil), c.ID).Scan(&known).Error
	for _, id := range known {
		out[id] = true
	}
	return out, err
}

// tellErased has other systems forget erased people: called in the transaction that erases, after the lead's row says so. What waits to be
// told of them is dropped; what was told stays known by its remote id until they have heard.
func (a *App) tellErased(tx *store.Tx, leads ...uuid.UUID) error {
	if len(leads) == 0 {
		return nil
	}
	err := tx.Exec(`update pushes set state = 'dropped', reason = 'the person was erased', state_at = ? where lead_id in ? and state in ('waiting','held') and type <> 'lead.erased'`,
		tx.Now(), leads).Error
	if err != nil {
		return err
	}
	var events []store.OutboxEvent
	for _, id := range leads {
		events = append(events, store.OutboxEvent{Type: LeadErased, LeadID: id})
	}
	return a.announce(tx, events...)
}

// wakeConnectors makes a job for what is due and has none, and for connectors that are to be asked. None should be
// lost; they are found by their own state.
func (a *App) wakeConnectors(ctx context.Context) error {
	return a.store.Tx(ctx, func(tx *store.Tx) error {
		now := tx.Now()
		var due []uuid.UUID
		err := tx.Raw(`select c.id from connectors c where c.state = 'on' and (c.broken_at is null or c.probe_at <= ?) and coalesce(c.wait_until, ?) <= ?
			and exists (select 1 from pushes p where p.connector_id = c.id and (p.state = 'waiting' and p.due_at <= ? or p.state = 'sending' and p.state_at < ?))
			and not exists (select 1 from river_job j where j.kind = 'connector_push' and j.args->>'connector_id' = c.id::text and j.state in ('available','pending','retryable','running'))`,
			now, now, now, now, now.Add(-pushLease-5*time.Second)).Scan(&due).Error
		if err != nil {
			return err
		}
		for _, id := range due {
			if err := tx.Enqueue(river.InsertManyParams{Args: jobs.Push{ConnectorID: id}}); err != nil {
				return err
			}
		}
		var ask []store.Connector
		if err := tx.ForChange().Where("state = 'on' and pull_due_at <= ?", now).Find(&ask).Error; err != nil {
			return err
		}
		for _, c := range ask {
			if err := tx.Model(&store.Connector{}).Where("id = ?", c.ID).Update("pull_due_at", now.Add(pullEvery)).Error; err != nil {
				return err
			}
			if err := tx.Enqueue(river.InsertManyParams{Args: jobs.Pull{ConnectorID: c.ID, Ask: true}}); err != nil {
				return err
			}
		}
		var lost bool
		err = tx.Raw(`select exists (select 1 from outbox where spread_at is null and at < ?) and not exists (select 1 from river_job
			where kind = 'outbox_spread' and state in ('available','pending','retryable','running','scheduled'))`, now.Add(-time.Minute)).Scan(&lost).Error
		if err == nil && lost {
			err = tx.Enqueue(river.InsertManyParams{Args: jobs.Spread{}})
		}
		return err
	})
}
