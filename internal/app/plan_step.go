package app

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/lead"
	"github.com/gatehouse/gatehouse/internal/pipeline"
	"github.com/gatehouse/gatehouse/internal/store"
)

// StepEdit is what somebody typed about a step of a plan. Due is a day; the step is due at the end of its work.
type StepEdit struct {
	Lead    uuid.UUID
	ID      uuid.UUID // none for a new one
	Version int64
	Channel string
	Title   string
	Due     string
}

// AddStep adds a step to the plan of whoever has the lead. What the lead did not agree to cannot be planned.
func (a *App) AddStep(ctx context.Context, in StepEdit, by store.Actor) error {
	return a.store.Tx(ctx, func(tx *store.Tx) error {
		var l store.Lead
		if err := tx.ForUpdate().Where("id = ?", in.Lead).Take(&l).Error; err != nil {
			return err
		}
		as, err := liveAssignment(tx, in.Lead)
		if err != nil {
			return err
		}
		s := store.Step{ID: store.NewID(), LeadID: in.Lead, OwnerID: as.OwnerID, Version: 1}
		if err := a.readStep(tx, &s, in, l); err != nil {
			return err
		}
		p, err := planOf(tx, as)
		if err != nil {
			return err
		}
		s.PlanID = p.ID
		if err := tx.Raw("select coalesce(max(number), 0) + 1 from steps where plan_id = ?", p.ID).Scan(&s.Number).Error; err != nil {
			return err
		}
		if err := tx.Create(&s).Error; err != nil {
			return err
		}
		return tx.Audit(by, "step.add", "step", s.ID.String(), map[string]any{"channel": s.Channel})
	})
}

// liveAssignment is the hands that a lead is in.
func liveAssignment(tx *store.Tx, lead uuid.UUID) (store.Assignment, error) {
	var as []store.Assignment
	if err := tx.ForUpdate().Where("lead_id = ? and state in ('open','accepted')", lead).Find(&as).Error; err != nil {
		return store.Assignment{}, err
	}
	if len(as) == 0 {
		return store.Assignment{}, errs.New(errs.Conflict, "This lead is in nobody's hands. Assign it first; then it can be planned.")
	}
	return as[0], nil
}

// planOf is the plan of an assignment, made where there is none.
func planOf(tx *store.Tx, as store.Assignment) (store.Plan, error) {
	p := store.Plan{ID: store.NewID(), LeadID: as.LeadID, AssignmentID: as.ID, Name: "A plan of your own", LeftOut: []pipeline.LeftOut{}, CreatedAt: tx.Now(), Version: 1}
	if err := tx.Clauses(store.OnConflict{Columns: []store.Column{{Name: "assignment_id"}}, DoNothing: true}).Create(&p).Error; err != nil {
		return p, err
	}
	var kept store.Plan // that of somebody who was first, perhaps
	err := tx.Where("assignment_id = ?", as.ID).Take(&kept).Error
	return kept, err
}

func (a *App) readStep(tx *store.Tx, s *store.Step, in StepEdit, l store.Lead) error {
	settings, err := settingsOf(tx.DB)
	if err != nil {
		return err
	}
	var e edits
	s.Title = e.line("title", in.Title, 1, 200)
	if s.Channel = in.Channel; !slices.Contains(pipeline.StepChannels(), s.Channel) {
		e.add("channel", lead.Invalid, "Please choose how.")
	} else if s.Channel != "other" {
		c, err := a.contactOf(tx.DB, l)
		if err != nil {
			return err
		}
		if al := c.Allows(s.Channel); al.Verdict == pipeline.No {
			e.add("channel", "not-agreed", "This cannot be planned. "+al.Why)
		}
	}
	if day, ok := expectedDay(in.Due); !ok {
		e.add("due", lead.Invalid, "Please give a day, such as 2026-03-31.")
	} else {
		s.DueAt = time.Date(day.Year(), day.Month(), day.Day(), 17, 0, 0, 0, settings.Zone()).UTC()
	}
	return e.err()
}

// EditStep changes a step that is still to be done.
func (a *App) EditStep(ctx context.Context, in StepEdit, by store.Actor) error {
	return a.changeStep(ctx, in.Lead, in.ID, in.Version, "step.edit", by, func(tx *store.Tx, s *store.Step) error {
		if s.DoneAt != nil || s.SkippedAt != nil {
			return errs.New(errs.Conflict, "This step is done or skipped. Add a new one instead.")
		}
		var l store.Lead
		if err := tx.Where("id = ?", in.Lead).Take(&l).Error; err != nil {
			return err
		}
		return a.readStep(tx, s, in, l)
	})
}

// DoneStep notes that a step was done: what it says, as an activity, signed and explained like any other. reason is for
// what goes beyond the contact policy.
func (a *App) DoneStep(ctx context.Context, leadID, id uuid.UUID, version int64, text, reason string, by store.Actor) error {
	err := a.changeStep(ctx, leadID, id, version, "step.done", by, func(tx *store.Tx, s *store.Step) error {
		if s.DoneAt != nil {
			return errs.New(errs.Conflict, "This step is done already.")
		}
		now := tx.Now()
		s.DoneAt, s.DoneBy, s.SkippedAt = &now, by.ID, nil
		if s.Channel == "other" {
			return nil
		}
		act, err := a.note(tx, Note{Lead: s.LeadID, Kind: s.Channel, Direction: "out", Text: orElse(text, s.Title), Reason: reason}, "step", by)
		s.ActivityID = &act.ID
		return err
	})
	if errors.Is(err, errChanged) && by.ID != nil { // a second click: they have done it themselves
		var done []uuid.UUID
		lost := a.store.DB(ctx).Model(&store.Step{}).Where("id = ? and lead_id = ? and done_by = ?", id, leadID, *by.ID).Pluck("id", &done).Error
		if lost != nil || len(done) > 0 {
			return a.store.Translate(lost)
		}
	}
	return err
}

// SkipStep lets a step be.
func (a *App) SkipStep(ctx context.Context, leadID, id uuid.UUID, version int64, by store.Actor) error {
	return a.changeStep(ctx, leadID, id, version, "step.skip", by, func(tx *store.Tx, s *store.Step) error {
		if s.DoneAt != nil {
			return errs.New(errs.Conflict, "This step is done already.")
		}
		now := tx.Now()
		s.SkippedAt = &now
		return nil
	})
}

// UnskipStep takes a skipped step up again.
func (a *App) UnskipStep(ctx context.Context, leadID, id uuid.UUID, version int64, by store.Actor) error {
	return a.changeStep(ctx, leadID, id, version, "step.unskip", by, func(_ *store.Tx, s *store.Step) error {
		s.SkippedAt = nil
		return nil
	})
}

func (a *App) changeStep(ctx context.Context, leadID, id uuid.UUID, version int64, action string, by store.Actor, fn func(*store.Tx, *store.Step) error) error {
	return a.store.Tx(ctx, func(tx *store.Tx) error {
		var s store.Step
		var l store.Lead
		if err := tx.ForUpdate().Where("id = ?", leadID).Take(&l).Error; err != nil {
			return err
		}
		if l.State == "erased" {
			return errErased
		}
		if err := tx.ForUpdate().Where("id = ? and lead_id = ?", id, leadID).Take(&s).Error; err != nil {
			return err
		}
		if s.Version != version {
			return errChanged
		}
		if err := fn(tx, &s); err != nil {
			return err
		}
		s.Version++
		if err := tx.Model(&store.Step{}).Where("id = ?", id).Select("*").Updates(&s).Error; err != nil {
			return err
		}
		if err := a.weighPlan(tx, leadID); err != nil {
			return err
		}
		return tx.Audit(by, action, "step", id.String(), nil)
	})
}
