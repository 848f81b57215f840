package app

import (
	"time"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/lead"
	"github.com/gatehouse/gatehouse/internal/pipeline"
	"github.com/gatehouse/gatehouse/internal/rule"
	"github.com/gatehouse/gatehouse/internal/store"
)

// planFor gives a fresh assignment its plan, in the transaction of the assignment: that of the hands it comes from, else
// one from the first template whose condition the lead meets. What the lead did not agree to is left out, and said so.
// Again changes nothing.
func (a *App) planFor(tx *store.Tx, h *house, as store.Assignment, l store.Lead) error {
	var have int64
	if err := tx.Model(&store.Plan{}).Where("assignment_id = ?", as.ID).Count(&have).Error; err != nil || have > 0 {
		return err
	}
	if as.PreviousID != nil {
		if moved, err := movePlan(tx, *as.PreviousID, as); err != nil || moved {
			return err
		}
	}
	p := store.Plan{ID: store.NewID(), LeadID: l.ID, AssignmentID: as.ID, Name: "A plan of your own", LeftOut: []pipeline.LeftOut{}, CreatedAt: tx.Now(), Version: 1}
	t, err := a.templateFor(tx, h, as, l)
	if err != nil {
		return err
	}
	var steps []store.Step
	if t != nil {
		p.TemplateID, p.Name = &t.ID, t.Name
		if steps, p.LeftOut, err = a.stepsOf(tx, h, p, *t, as, l); err != nil {
			return err
		}
	}
	if err := tx.Create(&p).Error; err != nil || len(steps) == 0 {
		return err
	}
	return tx.Create(&steps).Error
}

// movePlan takes the plan of the hands before along, with the steps that are still to be done.
func movePlan(tx *store.Tx, from uuid.UUID, as store.Assignment) (bool, error) {
	var state string
	if err := tx.Model(&store.Assignment{}).Where("id = ?", from).Pluck("state", &state).Error; err != nil {
		return false, err
	}
	if state != "reassigned" && state != "declined" {
		return false, nil
	}
	var plans []store.Plan
	if err := tx.ForUpdate().Where("assignment_id = ?", from).Find(&plans).Error; err != nil || len(plans) == 0 {
		return false, err
	}
	if err := tx.Model(&store.Plan{}).Where("id = ?", plans[0].ID).Updates(map[string]any{"assignment_id": as.ID, "version": plans[0].Version + 1}).Error; err != nil {
		return false, err
	}
	return true, tx.Exec("update steps set owner_id = ?, version = version + 1 where plan_id = ? and done_at is null and skipped_at is null", as.OwnerID, plans[0].ID).Error
}

// templateFor is the first template that a lead meets; nil where none fits. A template whose condition fails on this
// lead's facts is passed over: a plan that is not there is seen, an assignment that fails is not.
func (a *App) templateFor(tx *store.Tx, h *house, as store.Assignment, l store.Lead) (*store.PlanTemplate, error) {
	if h.templates == nil {
		var err error
		if h.templates, err = a.readyTemplates(tx.DB); err != nil {
			return nil, err
		}
	}
	var facts *lead.Facts
	for i, t := range h.templates {
		if t.Condition == "" {
			return &h.templates[i].PlanTemplate, nil
		}
		if facts == nil {
			var err error
			if facts, err = a.planFacts(tx, h, as, l); err != nil {
				return nil, err
			}
		}
		if yes, err := t.program.Match(facts); err == nil && yes {
			return &h.templates[i].PlanTemplate, nil
		}
	}
	return nil, nil //nolint:nilnil // no template fits, and that is no fault
}

// readyTemplate is a template with its condition compiled.
type readyTemplate struct {
	store.PlanTemplate
	program *rule.Program
}

// readyTemplates are those in use, in their order.
func (a *App) readyTemplates(db *store.Query) ([]readyTemplate, error) {
	var rows []store.PlanTemplate
	if err := db.Where("archived_at is null").Order("position, id").Find(&rows).Error; err != nil {
		return nil, err
	}
	out := make([]readyTemplate, 0, len(rows))
	for _, t := range rows {
		program, err := rule.Compile(t.Condition, lead.FactNames)
		if err != nil {
			a.log.Warn("the condition of a plan's template cannot be read", "template", t.ID)
			continue
		}
		out = append(out, readyTemplate{t, program})
	}
	return out, nil
}

// stepsOf makes a template's steps for a lead, and names those that it did not agree to.
func (a *App) stepsOf(tx *store.Tx, h *house, p store.Plan, t store.PlanTemplate, as store.Assignment, l store.Lead) (steps []store.Step, left []pipeline.LeftOut, err error) {
	c, err := a.contactUnder(tx.DB, l, h.zone, h.settings)
	if err != nil {
		return nil, nil, err
	}
	left = []pipeline.LeftOut{}
	from, called := as.ClockFrom, false
	slot, named := c.NextSlot()
	for _, s := range t.Steps {
		if s.Channel != "other" {
			if al := c.Allows(s.Channel); al.Verdict == pipeline.No && !a.mutant("plans-the-forbidden") {
				left = append(left, pipeline.LeftOut{Channel: s.Channel, Title: s.Title, Why: al.Beyond})
				continue
			}
		}
		// The first call is at the time that the reader named, and what follows it counts from there.
		first := named && !called && s.Channel == pipeline.Call
		if first {
			called = true
			if slot.From.After(from) {
				from = slot.From
			}
		}
		due, err := a.dueAt(tx, h, as.OwnerID, from, s.Days)
		if err != nil {
			return nil, nil, err
		}
		if first {
			due = slot.Until
		}
		steps = append(steps, store.Step{ID: store.NewID(), PlanID: p.ID, LeadID: l.ID, OwnerID: as.OwnerID, Number: int32(len(steps) + 1), Channel: s.Channel, Title: s.Title,
			DueAt: due, Version: 1})
	}
	return steps, left, nil
}

// planFacts are what the condition of a template may ask: those that routing asked, where it did a moment ago.
func (a *App) planFacts(tx *store.Tx, h *house, as store.Assignment, l store.Lead) (*lead.Facts, error) {
	facts := h.facts[l.ID]
	if facts == nil {
		all, err := a.leadFacts(tx.DB, l.ID)
		if err != nil {
			return nil, err
		}
		if facts = all[l.ID]; facts == nil {
			facts = &lead.Facts{}
		}
	}
	now := *facts
	if s := h.staff[as.OwnerID]; s != nil {
		now.Owner = s.Email
	}
	return &now, nil
}

// dueAt is so many working days of an owner after a moment, at the end of that day's work.
func (a *App) dueAt(tx *store.Tx, h *house, owner uuid.UUID, from time.Time, days int) (time.Time, error) {
	var calendar pipeline.Calendar
	if s := h.staff[owner]; s != nil {
		calendar = s.Calendar
	} else {
		var err error
		if calendar, err = a.calendar(tx.DB, owner); err != nil {
			return time.Time{}, err
		}
	}
	at, ok := calendar.AddDays(from, days)
	if !ok { // somebody who never works: whoever takes over has a day to look at
		return from.AddDate(0, 0, days), nil
	}
	local := at.In(calendar.Zone)
	night := time.Date(local.Year(), local.Month(), local.Day()+1, 0, 0, 0, 0, calendar.Zone)
	if end, ok := calendar.AddWorking(at, calendar.WorkingBetween(at, night)); ok && end.After(at) {
		at = end
	}
	return at.UTC(), nil
}
