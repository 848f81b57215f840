package app

import (
	"time"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/pipeline"
	"github.com/gatehouse/gatehouse/internal/store"
)

// FirstResponseRule says in words what stops the first-response clock; it stands where the clock is shown.
const FirstResponseRule = "A first response is a call, a mail or a meeting that a member of staff made or signed, from us to the lead, after the lead was assigned. Notes, letters and what the lead sent us do not count."

// firstResponse is the condition of an activity that stops the clock; its arguments are the lead and the assignment's time.
const firstResponse = `lead_id = ? and kind in ('call','mail','meeting') and direction = 'out' and user_id is not null and taken_back_at is null and at >= ?`

// responded sets the first-response clock of an activity's lead by the activities that there are: the earliest first
// response stops it; where that was taken back, the next one, or the clock runs again. Again changes nothing.
func (a *App) responded(tx *store.Tx, activity store.Activity) error {
	var found []store.Assignment
	err := tx.ForUpdate().Where("lead_id = ? and state in ('open','accepted')", activity.LeadID).Limit(1).Find(&found).Error
	if err != nil || len(found) == 0 {
		return err
	}
	as := found[0]
	if as.FirstResponseAt != nil && as.ResponseSeconds == nil { // it was made in the hands before
		return nil
	}
	var first []store.Activity
	if err := tx.Where(firstResponse, as.LeadID, as.At).Order("at, id").Limit(1).Find(&first).Error; err != nil {
		return err
	}
	if len(first) == 0 {
		if as.FirstResponseAt == nil {
			return nil
		}
		return tx.Model(&store.Assignment{}).Where("id = ?", as.ID).Updates(map[string]any{"first_response_at": nil, "first_response_by": nil,
			"first_response_kind": "", "response_seconds": nil}).Error
	}
	f := first[0]
	if as.FirstResponseAt != nil && as.FirstResponseAt.Equal(f.At) {
		return nil
	}
	calendar, err := a.calendar(tx.DB, as.OwnerID)
	if err != nil {
		return err
	}
	seconds := clockUsed(as, calendar, f.At)
	return tx.Model(&store.Assignment{}).Where("id = ?", as.ID).Updates(map[string]any{"first_response_at": f.At, "first_response_by": f.UserID,
		"first_response_kind": f.Kind, "response_seconds": seconds}).Error
}

// ownClock is since when a clock runs in its owner's hands: ClockFrom of one that was taken over lies in the hands before.
func ownClock(as store.Assignment) time.Time {
	if as.At.After(as.ClockFrom) {
		return as.At
	}
	return as.ClockFrom
}

// clockUsed is how many seconds of working time of a clock are over at a moment: those of the hands before, by their
// calendars, and the owner's.
func clockUsed(as store.Assignment, owner pipeline.Calendar, at time.Time) int32 {
	return as.ClockUsed + int32(owner.WorkingBetween(ownClock(as), at).Seconds())
}

// actingFor is the body of mine(id): somebody, and those whose deputies, one after the other, lead to them; its arguments
// are they and twice the time.
const actingFor = `select ?::uuid union select b.user_id from absences b join mine m on b.deputy_id = m.id where b.starts_at <= ? and b.ends_at > ?`

// actsFor are those whose work somebody has to see to: their own, and that of colleagues who are away and whose deputies,
// one after the other, lead here.
func (a *App) actsFor(db *store.Query, user uuid.UUID) ([]uuid.UUID, error) {
	var out []uuid.UUID
	err := db.Raw("with recursive mine(id) as ("+actingFor+") select id from mine", user, a.now(), a.now()).Scan(&out).Error
	return out, err
}
