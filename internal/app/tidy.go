package app

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/store"
)

// Tidy does what is due: partitions for the months to come, keys and sessions that are over, messages whose job was lost
// (none should be: they are found by their own state), hours to roll up, the digest for staff.
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
			// An owner is known by where they logged in before, also after a holiday.
			"delete from login_attempts where at < ?::timestamptz - case when succeeded then interval '90 days' else interval '7 days' end",
		} {
			if err := tx.Exec(q, now).Error; err != nil {
				return err
			}
		}
		return clearUnwritten(tx)
	})
	if err != nil {
		return err
	}
	if err := a.requeueLost(ctx); err != nil {
		return err
	}
	if err := a.resealConnectors(ctx); err != nil {
		return err
	}
	if err := a.wakeConnectors(ctx); err != nil {
		return err
	}
	return errors.Join(a.rollFor(ctx, rollPause), a.TendAssignments(ctx), a.TendScores(ctx), a.Digest(ctx))
}

// lostAfter is how long a message or submission may stand without a job before one is made for it. A second job for the
// same row does no harm: the row decides.
const lostAfter = 10 * time.Minute

// overdueAfter is how long after the end of a try's lease somebody else looks at its message.
const overdueAfter = 5 * time.Second

// takeOverdue makes a job for each message whose try was begun by a process that has neither ended it nor died: one that
// hangs, or was stopped. That process finds its try closed when it wakes.
func (a *App) takeOverdue(ctx context.Context) (n int, err error) {
	err = a.store.Tx(ctx, func(tx *store.Tx) error {
		var ids []uuid.UUID
		err := tx.Raw(`select m.id from attempts t join messages m on m.id = t.message_id where t.outcome = 'open' and t.lease_until < ? and m.state = 'sending'
			and not exists (select 1 from river_job j where j.kind = 'message_deliver' and j.args->>'message_id' = m.id::text
				and j.state in ('available','pending','retryable','scheduled')) limit 100`, tx.Now().Add(-overdueAfter)).Scan(&ids).Error
		if err != nil {
			return err
		}
		n = len(ids)
		for _, id := range ids {
			if err := tx.Enqueue(deliverAt(id, tx.Now())); err != nil {
				return err
			}
		}
		return nil
	})
	return n, err
}

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
