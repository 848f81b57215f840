package app

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/store"
)

// AbsenceEdit is an absence as staff type it: whole days, both included, in the zone that the person works in.
type AbsenceEdit struct {
	User        uuid.UUID
	From, Until string
	Deputy      string // a user's id, or ""
	Note        string
}

// AddAbsence records an absence with who stands in. Clocks that run are set anew; those that began to wait go to the
// deputy when the absence begins.
func (a *App) AddAbsence(ctx context.Context, in AbsenceEdit, by store.Actor) error {
	return a.store.Tx(ctx, func(tx *store.Tx) error {
		var u store.User // held, or two absences of the same days would not see each other
		if err := tx.ForChange().Where("id = ?", in.User).Take(&u).Error; err != nil {
			return a.store.Translate(err)
		}
		zone, err := zoneOf(tx.DB, in.User)
		if err != nil {
			return err
		}
		row, err := a.readAbsence(tx, in, zone)
		if err != nil {
			return err
		}
		row.CreatedBy, row.CreatedAt = by.ID, tx.Now()
		if err := tx.Create(&row).Error; err != nil {
			return err
		}
		if err := a.resetClocks(tx, in.User); err != nil {
			return err
		}
		return tx.Audit(by, "absence.add", "user", in.User.String(), map[string]any{"from": in.From, "until": in.Until})
	})
}

func (a *App) readAbsence(tx *store.Tx, in AbsenceEdit, zone *time.Location) (store.Absence, error) {
	var e edits
	row := store.Absence{ID: store.NewID(), UserID: in.User, Note: e.line("note", in.Note, 0, 200)}
	from, err := time.ParseInLocation(time.DateOnly, in.From, zone)
	if err != nil {
		e.add("from", "invalid", "Please give the first day.")
	}
	until, uerr := time.ParseInLocation(time.DateOnly, in.Until, zone)
	switch {
	case uerr != nil:
		e.add("until", "invalid", "Please give the last day.")
	case err == nil && until.Before(from):
		e.add("until", "invalid", "The last day lies before the first.")
	case err == nil && until.Sub(from) > 400*24*time.Hour:
		e.add("until", "invalid", "That is longer than a year. If somebody leaves, say so below.")
	case !until.AddDate(0, 0, 1).After(tx.Now()):
		e.add("until", "invalid", "This absence is over already.")
	}
	row.StartsAt, row.EndsAt = from, until.AddDate(0, 0, 1)
	if in.Deputy != "" {
		id, err := uuid.Parse(in.Deputy)
		ok, serr := a.mayStandIn(tx, id)
		switch {
		case serr != nil:
			return row, serr
		case err != nil || !ok:
			e.add("deputy", "not-an-option", "Please choose somebody who sells.")
		case id == in.User:
			e.add("deputy", "not-an-option", "Nobody stands in for themselves.")
		default:
			row.DeputyID = &id
		}
	}
	if err := e.err(); err != nil {
		return row, err
	}
	var taken []store.Absence
	if err := tx.Where("user_id = ? and starts_at < ? and ends_at > ?", in.User, row.EndsAt, row.StartsAt).Order("starts_at").Find(&taken).Error; err != nil {
		return row, err
	}
	for _, x := range taken {
		if x.EndsAt.After(tx.Now()) {
			return row, errs.InvalidFields(errs.Field{Field: "from", Code: "taken", Message: "These days overlap with another absence. Take that one back first."})
		}
		row.StartsAt = x.EndsAt // that one was taken back, or ended, on the way: it stays as it was, and this one goes on from there
	}
	return row, nil
}

func (a *App) mayStandIn(tx *store.Tx, id uuid.UUID) (bool, error) {
	var n int64
	err := tx.Raw(`select count(*) from users u left join user_profiles p on p.user_id = u.id where u.id = ? and u.role in ('admin','sales')
		and u.disabled_at is null and p.left_at is null`, id).Scan(&n).Error
	return n > 0, err
}

// RemoveAbsence takes an absence back: one that has not begun is gone, one that has ends now.
func (a *App) RemoveAbsence(ctx context.Context, user, id uuid.UUID, by store.Actor) error {
	return a.store.Tx(ctx, func(tx *store.Tx) error {
		var row store.Absence
		if err := tx.ForUpdate().Where("id = ? and user_id = ?", id, user).Take(&row).Error; err != nil {
			return a.store.Translate(err)
		}
		now := tx.Now()
		var err error
		switch {
		case !row.EndsAt.After(now):
			return errs.New(errs.Conflict, "This absence is over. It stays, so that what happened in it can be explained.")
		case row.StartsAt.Before(now):
			err = tx.Model(&store.Absence{}).Where("id = ?", id).Update("ends_at", now).Error
		default:
			err = tx.Where("id = ?", id).Delete(&store.Absence{}).Error
		}
		if err != nil {
			return err
		}
		if err := a.resetClocks(tx, user); err != nil {
			return err
		}
		return tx.Audit(by, "absence.remove", "user", user.String(), nil)
	})
}
