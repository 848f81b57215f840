package app

import (
	"context"

	"github.com/google/uuid"
	"github.com/riverqueue/river"

	"github.com/gatehouse/gatehouse/internal/jobs"
	"github.com/gatehouse/gatehouse/internal/store"
)

// HoldMail stops all outgoing mail, and all that connectors are told, until ReleaseMail: after a restore, what the backup believed unsent may have been sent.
func (a *App) HoldMail(ctx context.Context, why string, by store.Actor) error {
	defer a.renew(ctx)
	return a.store.Tx(ctx, func(tx *store.Tx) error {
		if err := tx.Exec("update settings set mail_hold = true, mail_hold_why = ?, version = version + 1 where id = 1", why).Error; err != nil {
			return err
		}
		if err := tx.Audit(by, "mail.hold", "settings", "1", map[string]any{"why": why}); err != nil {
			return err
		}
		return tx.Changed()
	})
}

// ReleaseMail lets mail, and what connectors are told, go out again, and tells how many messages were waiting.
func (a *App) ReleaseMail(ctx context.Context, by store.Actor) (waiting int, err error) {
	defer a.renew(ctx)
	err = a.store.Tx(ctx, func(tx *store.Tx) error {
		if err := tx.Exec("update settings set mail_hold = false, mail_hold_why = '', version = version + 1 where id = 1").Error; err != nil {
			return err
		}
		var open []store.Message
		if err := tx.Select("id").Where("state in ('pending','unknown') and due_at <= ?", tx.Now()).Find(&open).Error; err != nil {
			return err
		}
		waiting = len(open)
		for _, m := range open {
			if err := tx.Enqueue(deliverAt(m.ID, tx.Now())); err != nil {
				return err
			}
		}
		if err := a.wakeAll(tx); err != nil {
			return err
		}
		if err := tx.Audit(by, "mail.release", "settings", "1", map[string]any{"waiting": waiting}); err != nil {
			return err
		}
		return tx.Changed()
	})
	return waiting, err
}

// wakeAll makes a job for each connector that is on.
func (a *App) wakeAll(tx *store.Tx) error {
	var ids []uuid.UUID
	if err := tx.Model(&store.Connector{}).Where("state = 'on'").Order("id").Pluck("id", &ids).Error; err != nil {
		return err
	}
	for _, id := range ids {
		if err := tx.Enqueue(river.InsertManyParams{Args: jobs.Push{ConnectorID: id}}); err != nil {
			return err
		}
	}
	return nil
}
