package app

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/riverqueue/river"

	"github.com/gatehouse/gatehouse/internal/crm"
	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/jobs"
	"github.com/gatehouse/gatehouse/internal/store"
)

// pullEvery is how often a system that can be asked is asked what changed; pullPages bounds one job.
const (
	pullEvery   = 5 * time.Minute
	pullPages   = 5
	pullTimeout = 20 * time.Second
)

// KeepHook takes what another system posted: checked, stored once by its event's key, answered; it is applied in a job.
func (a *App) KeepHook(ctx context.Context, connector uuid.UUID, h crm.Hook) error {
	var c store.Connector
	if err := a.store.DB(ctx).Where("id = ? and state <> 'off'", connector).Take(&c).Error; err != nil {
		return a.store.Translate(err)
	}
	sys, cfg, err := a.unsealed(c)
	if err != nil {
		return err
	}
	h.Now = a.now()
	changes, err := sys.Hook(cfg, h)
	if err != nil || len(changes) == 0 {
		return err
	}
	return a.store.Tx(ctx, func(tx *store.Tx) error {
		changes, err := a.keepCompanies(tx, connector, changes)
		if err != nil || len(changes) == 0 {
			return err
		}
		if err := storeChanges(tx, connector, "webhook", tx.Now(), changes); err != nil {
			return err
		}
		return tx.Enqueue(river.InsertManyParams{Args: jobs.Pull{ConnectorID: connector}})
	})
}

// storeChanges keeps each change once. At is the moment from which on it may have been so.
func storeChanges(tx *store.Tx, connector uuid.UUID, how string, at time.Time, changes []crm.Change) error {
	var rows []store.Pull
	for _, ch := range changes {
		body, err := json.Marshal(ch)
		if err != nil {
			return err
		}
		rows = append(rows, store.Pull{ID: store.NewID(), ConnectorID: connector, EventKey: cutTo(ch.EventKey, 200), How: how, Type: changeType(ch), ObjectKind: ch.Object, Body: body,
			Outcome: "waiting", At: at})
	}
	if len(rows) == 0 {
		return nil
	}
	return tx.Clauses(store.OnConflict{DoNothing: true}).CreateInBatches(&rows, 200).Error
}

func changeType(ch crm.Change) string {
	switch {
	case ch.Deleted:
		return "deleted"
	case ch.OptOut:
		return "opted out"
	}
	return "changed"
}

// PullFrom asks a system what changed, where ask says so, and applies what waits.
func (a *App) PullFrom(ctx context.Context, connector uuid.UUID, ask bool) error {
	var c store.Connector
	if err := a.store.DB(ctx).Where("id = ? and state <> 'off'", connector).Take(&c).Error; err != nil {
		return ignoreMissing(err)
	}
	if ask && c.State == ConnectorOn {
		if err := a.askConnector(ctx, c); err != nil {
			return err
		}
	}
	return a.applyPulls(ctx, c)
}

func (a *App) askConnector(ctx context.Context, c store.Connector) error {
	sys, cfg, err := a.unsealed(c)
	if err != nil {
		return a.store.Tx(ctx, func(tx *store.Tx) error { return a.cannotOpen(tx, c, err) })
	}
	if !sys.About().Pulls {
		return nil
	}
	for range pullPages {
		asked := a.now()
		page, out := a.callPull(ctx, sys, cfg, c.Cursor)
		if out.Class != crm.Done {
			return a.store.Tx(ctx, func(tx *store.Tx) error { return a.pullFailed(tx, c, out) })
		}
		err := a.store.Tx(ctx, func(tx *store.Tx) error {
			now := tx.Now()
			if err := keepUsers(tx, c.ID, page.Users); err != nil {
				return err
			}
			changes, err := a.keepCompanies(tx, c.ID, page.Changes)
			if err != nil {
				return err
			}
			ours, err := oursAmong(tx, c.ID, changes)
			if err != nil {
				return err
			}
			if err := storeChanges(tx, c.ID, "poll", asked, ours); err != nil {
				return err
			}
			// Whoever else asked meanwhile has read the same: the cursor goes on from where this one began, or not at all.
			return tx.Model(&store.Connector{}).Where("id = ? and cursor = ?", c.ID, c.Cursor).Updates(map[string]any{"cursor": page.Cursor, "pulled_at": now}).Error
		})
		if err != nil || !page.More || page.Cursor == c.Cursor {
			return err
		}
		c.Cursor = page.Cursor
	}
	return a.store.Tx(ctx, func(tx *store.Tx) error {
		return tx.Enqueue(river.InsertManyParams{Args: jobs.Pull{ConnectorID: c.ID, Ask: true}})
	})
}

func (a *App) callPull(ctx context.Context, sys crm.Connector, cfg crm.Config, cursor string) (page crm.Page, out crm.Outcome) {
	ctx, cancel := context.WithTimeout(ctx, pullTimeout)
	defer cancel()
	defer func() {
		if r := recover(); r != nil {
			a.log.Error("a connector panicked while it was asked", "kind", sys.About().Kind, "error", errs.Panicked(r))
			out = crm.Outcome{Class: crm.Retry, Reason: ourFault}
		}
	}()
	return sys.Pull(ctx, cfg, cursor)
}

// pullFailed waits as a push would. Nothing is lost: the cursor stays. While the breaker is open the failure says nothing
// new, and must not put off the probe: a system may not answer what changed, and take what it is told.
func (a *App) pullFailed(tx *store.Tx, c store.Connector, out crm.Outcome) error {
	if out.Class == crm.RateLimited {
		return tx.Model(&store.Connector{}).Where("id = ?", c.ID).Update("pull_due_at", tx.Now().Add(max(out.Wait, time.Minute))).Error
	}
	if err := tx.ForChange().Where("id = ?", c.ID).Take(&c).Error; err != nil || c.BrokenAt != nil {
		return err
	}
	return a.breakConnector(tx, c.ID, out, out.Class == crm.Unauthorised || out.Class == crm.Misconfigured)
}

// keepUsers remembers who can own things there, and who of ours that is: by the address.
func keepUsers(tx *store.Tx, connector uuid.UUID, users []crm.User) error {
	if len(users) == 0 {
		return nil
	}
	var ours []store.User
	if err := tx.Where("disabled_at is null").Find(&ours).Error; err != nil {
		return err
	}
	byEmail := map[string]uuid.UUID{}
	for _, u := range ours {
		byEmail[strings.ToLower(u.Email)] = u.ID
	}
	var rows []store.RemoteUser
	for _, u := range users {
		r := store.RemoteUser{ConnectorID: connector, RemoteID: u.ID, Name: u.Name, Email: u.Email, At: tx.Now()}
		if id, ok := byEmail[strings.ToLower(u.Email)]; ok {
			r.UserID = &id
		}
		rows = append(rows, r)
	}
	return tx.Clauses(store.OnConflict{Columns: []store.Column{{Name: "connector_id"}, {Name: "remote_id"}}, DoUpdates: store.Updated("name", "email", "user_id", "at")}).Create(&rows).Error
}

// oursAmong leaves out the people and deals that we know nothing of: they are nobody's business here.
func oursAmong(tx *store.Tx, connector uuid.UUID, changes []crm.Change) (out []crm.Change, err error) {
	for _, ch := range changes {
		id, err := ourObject(tx, connector, ch)
		if err != nil {
			return nil, err
		}
		gone, err := ofErased(tx, id)
		if err != nil {
			return nil, err
		}
		if id != uuid.Nil && !gone {
			out = append(out, ch)
		}
	}
	return out, nil
}

// ofErased tells whether a lead or deal is that of somebody who was erased: of them nothing is kept again.
func ofErased(tx *store.Tx, object uuid.UUID) (bool, error) {
	var gone bool
	err := tx.Raw("select exists (select 1 from leads where state = 'erased' and id in (select ?::uuid union all select lead_id from deals where id = ?))", object, object).Scan(&gone).Error
	return gone, err
}

// ourObject is the lead or deal that a change is about, uuid.Nil when it is none of ours: by their id, by our key, by address.
func ourObject(tx *store.Tx, connector uuid.UUID, ch crm.Change) (uuid.UUID, error) {
	var ids []uuid.UUID
	if ch.ID != "" {
		err := tx.Model(&store.RemoteObject{}).Where("connector_id = ? and remote_kind = ? and remote_id = ?", connector, ch.Kind, ch.ID).Limit(1).Pluck("object_id", &ids).Error
		if err != nil || len(ids) > 0 {
			return first(ids), err
		}
	}
	table := "leads"
	if ch.Object == crm.Deal {
		table = "deals"
	}
	if key, err := uuid.Parse(ch.Key); err == nil {
		if err := tx.Table(table).Where("id = ?", key).Limit(1).Pluck("id", &ids).Error; err != nil || len(ids) > 0 {
			return first(ids), err
		}
	}
	if ch.Email != "" && ch.Object != crm.Deal {
		err := tx.Model(&store.LeadAddress{}).Where("address = ?", strings.ToLower(ch.Email)).Limit(1).Pluck("lead_id", &ids).Error
		return first(ids), err
	}
	return uuid.Nil, nil
}

func first(ids []uuid.UUID) uuid.UUID {
	if len(ids) == 0 {
		return uuid.Nil
	}
	return ids[0]
}

// applyPulls applies what waits, in the order in which it came, each in a transaction of its own.
func (a *App) applyPulls(ctx context.Context, c store.Connector) error {
	for {
		var ids []uuid.UUID
		err := a.store.DB(ctx).Model(&store.Pull{}).Where("connector_id = ? and outcome = 'waiting'", c.ID).Order("id").Limit(100).Pluck("id", &ids).Error
		if err != nil || len(ids) == 0 {
			return a.store.Translate(err)
		}
		for _, id := range ids {
			if err := a.applyPull(ctx, c, id); err != nil {
				return err
			}
		}
	}
}

func (a *App) applyPull(ctx context.Context, c store.Connector, id uuid.UUID) error {
	err := errs.Contained(func() error { return a.applyOnce(ctx, c, id, "") })
	if !comesAgain(ctx, err) {
		return err
	}
	if e := errs.Public(err); e.Code == errs.Conflict || e.Code == errs.Invalid { // it cannot be done here, and says why
		why := e.Message
		for _, f := range e.Fields {
			why += " " + f.Message
		}
		return a.applyOnce(ctx, c, id, why)
	}
	a.log.Error("news from another system could not be applied", "pull", id, "error", err) // it would hold up all that comes after it
	return a.applyOnce(ctx, c, id, ourFault)
}

// applyOnce applies one; refuse, when set, records why it cannot be.
func (a *App) applyOnce(ctx context.Context, c store.Connector, id uuid.UUID, refuse string) error {
	return a.store.Tx(ctx, func(tx *store.Tx) error {
		var p store.Pull
		err := tx.ForUpdate().Where("id = ? and outcome = 'waiting'", id).Take(&p).Error
		if err != nil {
			return ignoreMissing(err)
		}
		var ch crm.Change
		if err := json.Unmarshal(p.Body, &ch); err != nil {
			return err
		}
		object, err := ourObject(tx, c.ID, ch)
		if err != nil {
			return err
		}
		now := tx.Now()
		set := map[string]any{"applied_at": now}
		if object == uuid.Nil {
			ch.Email = ""
			body, _ := json.Marshal(ch)
			set["outcome"], set["reason"], set["body"] = "unknown", "it is about nobody and nothing of ours", string(body)
			return tx.Model(&store.Pull{}).Where("id = ?", id).Updates(set).Error
		}
		set["object_id"] = object
		if refuse != "" {
			gone, err := ofErased(tx, object)
			if err != nil {
				return err
			}
			if gone {
				set["body"] = "{}"
			}
			set["outcome"], set["reason"] = "refused", refuse
			return tx.Model(&store.Pull{}).Where("id = ?", id).Updates(set).Error
		}
		what, err := a.take(tx, c, object, ch, p.At)
		if err != nil {
			return err
		}
		set["outcome"], set["reason"] = "applied", strings.Join(what, "; ")
		if len(what) == 0 {
			set["outcome"], set["reason"] = "echo", "it says what is so here already"
		}
		gone, err := ofErased(tx, object) // only now the lead is held: an erasure comes before or after
		if err != nil {
			return err
		}
		if gone {
			set["reason"], set["body"] = "it is about somebody who was erased", "{}"
		}
		return tx.Model(&store.Pull{}).Where("id = ?", id).Updates(set).Error
	})
}
