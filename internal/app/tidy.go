package app

import (
	"context"
	"time"

	"github.com/gatehouse/gatehouse/internal/store"
)

// Tidy does what is due: partitions for the months to come, keys and sessions that are over, messages whose job was lost
// (none should be: they are found by their own state), the digest for staff.
func (a *App) Tidy(ctx context.Context) error {
	if err := a.store.EnsurePartitions(ctx); err != nil {
		return err
	}
	err := a.store.Tx(ctx, func(tx *store.Tx) error {
		now := tx.Now()
		for _, q := range []string{
			"delete from once_keys where expires_at < ?",
			"delete from sessions where expires_at < ?",
			"delete from user_tokens where expires_at < ?::timestamptz - interval '30 days'",
			"delete from login_attempts where at < ?::timestamptz - interval '7 days'",
		} {
			if err := tx.Exec(q, now).Error; err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := a.requeueLost(ctx); err != nil {
		return err
	}
	return a.Digest(ctx)
}

// lostAfter is how long a message or submission may stand without a job before one is made for it. A second job for the
// same row does no harm: the row decides.
const lostAfter = 10 * time.Minute

func (a *App) requeueLost(ctx context.Context) error {
	return a.store.Tx(ctx, func(tx *store.Tx) error {
		var lost []store.Message
		err := tx.Where(`state in ('pending','held','unknown','sending') and due_at < ? and state_at < ?
			and not exists (select 1 from river_job j where j.kind = 'message_deliver' and j.args->>'message_id' = messages.id::text
				and j.state in ('available','pending','retryable','running','scheduled'))`, tx.Now().Add(-lostAfter), tx.Now().Add(-lostAfter)).
			Limit(100).Find(&lost).Error
		if err != nil {
			return err
		}
		for _, m := range lost {
			if err := tx.Enqueue(deliverAt(m.ID, tx.Now())); err != nil {
				return err
			}
		}
		return nil
	})
}
