package app

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/riverqueue/river"

	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/jobs"
	"github.com/gatehouse/gatehouse/internal/store"
)

// RetryPush lets one push go again: one that was refused, dropped or held, or one that waits for its next try.
func (a *App) RetryPush(ctx context.Context, id uuid.UUID, by store.Actor) error {
	return a.changePush(ctx, id, by, "push.retry", func(tx *store.Tx, p store.Push) error {
		switch p.State {
		case PushDone, PushSuperseded:
			return errs.New(errs.Conflict, "This push is over. Replay its time to tell it again.")
		case PushSending:
			return errs.New(errs.Conflict, "This push is on its way just now.")
		}
		now := tx.Now()
		// A person deletes there, another wants it there again: asking for it is what makes it again.
		if p.State == PushRefused {
			err := tx.Where("connector_id = ? and gone_at is not null and (object_id = ? or object_id = ?)", p.ConnectorID, p.ObjectID, p.LeadID).Delete(&store.RemoteObject{}).Error
			if err != nil {
				return err
			}
		}
		err := tx.Model(&store.Push{}).Where("id = ?", id).Updates(map[string]any{"state": PushWaiting, "due_at": now, "state_at": now, "reason": ""}).Error
		if err != nil {
			return err
		}
		return tx.Enqueue(river.InsertManyParams{Args: jobs.Push{ConnectorID: p.ConnectorID}})
	})
}

// HoldPush keeps one back until somebody lets it go.
func (a *App) HoldPush(ctx context.Context, id uuid.UUID, by store.Actor) error {
	return a.changePush(ctx, id, by, "push.hold", func(tx *store.Tx, p store.Push) error {
		if p.State != PushWaiting {
			return errs.New(errs.Conflict, "Only a push that waits can be held.")
		}
		return tx.Model(&store.Push{}).Where("id = ?", id).Updates(map[string]any{"state": PushHeld, "state_at": tx.Now(), "reason": "held by staff"}).Error
	})
}

func (a *App) changePush(ctx context.Context, id uuid.UUID, by store.Actor, action string, fn func(*store.Tx, store.Push) error) error {
	return a.store.Tx(ctx, func(tx *store.Tx) error {
		var p store.Push
		if err := tx.ForUpdate().Where("id = ?", id).Take(&p).Error; err != nil {
			return a.store.Translate(err)
		}
		if err := fn(tx, p); err != nil {
			return err
		}
		return tx.Audit(by, action, "push", id.String(), nil)
	})
}

// replayMost bounds one replay.
const replayMost = 20_000

// Replay tells a connector again what happened in a range of time. A receiver of webhooks sees the same ids as before.
func (a *App) Replay(ctx context.Context, connector uuid.UUID, from, to time.Time, by store.Actor) (n int, err error) {
	if !from.Before(to) {
		return 0, errs.InvalidFields(errs.Field{Field: "to", Code: "invalid", Message: "The end must be after the beginning."})
	}
	err = a.store.Tx(ctx, func(tx *store.Tx) error {
		var c store.Connector
		if err := tx.Where("id = ?", connector).Take(&c).Error; err != nil {
			return a.store.Translate(err)
		}
		if c.State == ConnectorOff {
			return errs.New(errs.Conflict, "The connector is off. Switch it on first.")
		}
		var rows []store.OutboxEvent
		if err := tx.Where("at >= ? and at < ? and spread_at is not null", from, to).Order("id").Limit(replayMost + 1).Find(&rows).Error; err != nil {
			return err
		}
		if n = len(rows); n > replayMost {
			return errs.InvalidFields(errs.Field{Field: "to", Code: "too-many", Message: "More than 20,000 events happened then. Choose a shorter time."})
		}
		if n == 0 {
			return nil
		}
		if err := a.spreadTo(tx, c, rows, true); err != nil {
			return err
		}
		return tx.Audit(by, "connector.replay", "connector", connector.String(), map[string]any{"from": from.UTC().Format(time.RFC3339), "to": to.UTC().Format(time.RFC3339), "events": n})
	})
	return n, err
}
