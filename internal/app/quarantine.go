package app

import (
	"context"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/riverqueue/river"

	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/jobs"
	"github.com/gatehouse/gatehouse/internal/store"
)

// Decide releases or discards a quarantined submission: a person's decision, recorded as a fact of its own.
func (a *App) Decide(ctx context.Context, id uuid.UUID, release bool, by store.Actor) error {
	return a.store.Tx(ctx, func(tx *store.Tx) error {
		var s store.Submission
		if err := tx.ForUpdate().Where("id = ?", id).Take(&s).Error; err != nil {
			return a.store.Translate(err)
		}
		if s.State != store.StateQuarantined {
			return errs.New(errs.Conflict, "Somebody has decided this one already.")
		}
		state, action := store.StateDiscarded, "submission.discard"
		if release {
			state, action = store.StateReleased, "submission.release"
		}
		err := tx.Model(&store.Submission{}).Where("id = ?", id).Updates(map[string]any{"state": state, "state_at": tx.Now(), "decided_by": by.ID}).Error
		if err != nil {
			return err
		}
		if err := a.markRolled(tx, id); err != nil {
			return err
		}
		if err := tx.Audit(by, action, "submission", id.String(), map[string]any{"weight": s.Weight}); err != nil || !release {
			return err
		}
		return tx.Enqueue(river.InsertManyParams{Args: jobs.Accept{SubmissionIDs: []uuid.UUID{id}}})
	})
}

// Undiscard takes a discard back.
func (a *App) Undiscard(ctx context.Context, id uuid.UUID, by store.Actor) error {
	return a.store.Tx(ctx, func(tx *store.Tx) error {
		res := tx.Model(&store.Submission{}).Where("id = ? and state = 'discarded'", id).
			Updates(map[string]any{"state": store.StateQuarantined, "state_at": tx.Now(), "decided_by": nil})
		if res.Error != nil {
			return res.Error
		}
		if res.RowsAffected == 0 {
			return errs.New(errs.Conflict, "This one is not discarded.")
		}
		if err := a.markRolled(tx, id); err != nil {
			return err
		}
		return tx.Audit(by, "submission.undiscard", "submission", id.String(), nil)
	})
}

// digestPause is the least time between two digests to the same member of staff.
const digestPause = 4 * time.Hour

// Digest writes to the staff who decide, when submissions wait in quarantine or an alarm is open that nobody was told of.
// It says how many and since when, never who.
func (a *App) Digest(ctx context.Context) error {
	return a.store.Tx(ctx, func(tx *store.Tx) error {
		now := tx.Now()
		var locked bool // one process at a time; the others find nothing due
		if err := tx.Raw("select pg_try_advisory_xact_lock(hashtext('gatehouse digest'))").Scan(&locked).Error; err != nil || !locked {
			return err
		}
		var waiting struct {
			N      int
			Oldest *time.Time
		}
		if err := tx.Raw("select count(*) as n, min(state_at) as oldest from submissions where state = 'quarantined'").Scan(&waiting).Error; err != nil {
			return err
		}
		var alarms []store.Alarm
		if err := tx.Where("cleared_at is null and told_at is null").Order("raised_at").Limit(20).Find(&alarms).Error; err != nil {
			return err
		}
		if waiting.N > 0 && now.Sub(*waiting.Oldest) > 2*time.Minute {
			data := map[string]any{"count": strconv.Itoa(waiting.N), "since": waiting.Oldest.Format(time.RFC3339)}
			if err := a.tellStaff(tx, "quarantine_digest", []string{"admin", "marketing"}, data, digestPause); err != nil {
				return err
			}
		}
		for _, al := range alarms {
			if err := a.tellAlarm(tx, al); err != nil {
				return err
			}
			if err := tx.Model(&store.Alarm{}).Where("id = ?", al.ID).Update("told_at", now).Error; err != nil {
				return err
			}
		}
		return nil
	})
}

// tellAlarm writes to every administrator who has not been told of an alarm as the person named for it.
func (a *App) tellAlarm(tx *store.Tx, al store.Alarm) error {
	var users []uuid.UUID
	err := tx.Model(&store.User{}).Where(`role = 'admin' and disabled_at is null and not exists (select 1 from messages m where m.user_id = users.id
		and m.template = 'alarm' and m.data->>'alarm' = ?)`, al.ID.String()).Order("id").Pluck("id", &users).Error
	for _, id := range users {
		if err == nil {
			err = a.staffMail(tx, id, "alarm", map[string]any{"alarm": al.ID.String()})
		}
	}
	return err
}

// tellStaff writes one message of a template to everybody with one of the roles who had none of it within pause.
func (a *App) tellStaff(tx *store.Tx, template string, roles []string, data map[string]any, pause time.Duration) error {
	var users []store.User
	err := tx.Where(`role in ? and disabled_at is null and not exists (select 1 from messages m where m.user_id = users.id and m.template = ?
		and m.created_at > ?)`, roles, template, tx.Now().Add(-pause)).Find(&users).Error
	if err != nil {
		return err
	}
	for _, u := range users {
		if err := a.staffMail(tx, u.ID, template, data); err != nil {
			return err
		}
	}
	return nil
}

// staffMail is one message to one member of staff, due now.
func (a *App) staffMail(tx *store.Tx, user uuid.UUID, template string, data map[string]any) error {
	now := tx.Now()
	m := store.Message{ID: store.NewID(), Kind: "staff", Template: template, Seq: 1, UserID: &user, State: store.MessagePending, DueAt: now,
		Data: data, CreatedAt: now, StateAt: now}
	if err := tx.Create(&m).Error; err != nil {
		return err
	}
	return tx.Enqueue(deliverJob(m))
}
