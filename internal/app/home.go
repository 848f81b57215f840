package app

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/store"
)

// Work is what waits for a person, as the rail counts it. Late are messages that should have gone out a quarter of an
// hour ago.
type Work struct {
	Quarantine int
	Alarms     int
	Late       int
}

// lateAfter is how long a message may wait beyond its time before somebody should look.
const lateAfter = 15 * time.Minute

// WaitingWork counts what waits for a person.
func (a *App) WaitingWork(ctx context.Context) (w Work, err error) {
	err = a.store.DB(ctx).Raw(`select (select count(*) from submissions where state = 'quarantined') as quarantine,
		(select count(*) from alarms where cleared_at is null) as alarms,
		(select count(*) from messages where `+lateMessage+`) as late`, a.now().Add(-lateAfter)).Scan(&w).Error
	return w, a.store.Translate(err)
}

// lateMessage is the condition of a message that waits too long; its argument is the time before which it was due.
const lateMessage = "state in ('pending','sending','unknown','held') and due_at < ?"

// OpenAlarm is an alarm with the page on which it is mended; Path is "" where there is none.
type OpenAlarm struct {
	store.Alarm
	Path string
}

// OpenAlarms lists what needs a person, the newest first.
func (a *App) OpenAlarms(ctx context.Context) ([]OpenAlarm, error) {
	db := a.store.DB(ctx)
	var rows []store.Alarm
	err := db.Where("cleared_at is null").Order("last_at desc, id").Limit(20).Find(&rows).Error
	out := make([]OpenAlarm, len(rows))
	for i, al := range rows {
		out[i].Alarm = al
		if err == nil {
			out[i].Path, err = AlarmPath(db, al)
		}
	}
	return out, a.store.Translate(err)
}

// DismissAlarm says that a person has dealt with it. If the cause comes back, it is raised anew.
func (a *App) DismissAlarm(ctx context.Context, id uuid.UUID, by store.Actor) error {
	return a.store.Tx(ctx, func(tx *store.Tx) error {
		res := tx.Model(&store.Alarm{}).Where("id = ? and cleared_at is null", id).Update("cleared_at", tx.Now())
		if res.Error != nil {
			return res.Error
		}
		if res.RowsAffected == 0 {
			return errs.New(errs.Conflict, "Somebody has done this one already, or its cause is gone.")
		}
		if err := forgetByHand(tx, id); err != nil {
			return err
		}
		return tx.Audit(by, "alarm.done", "alarm", id.String(), nil)
	})
}
