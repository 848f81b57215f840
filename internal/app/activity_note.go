package app

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/lead"
	"github.com/gatehouse/gatehouse/internal/pipeline"
	"github.com/gatehouse/gatehouse/internal/store"
)

// TakeBackWithin is how long whoever noted an activity may take it back.
const TakeBackWithin = 15 * time.Minute

// Note is one line of what somebody did. Kind and Direction may be empty: they are read from the text then. Reason says
// why the contact policy did not count this time.
type Note struct {
	Lead      uuid.UUID
	Kind      string
	Direction string
	Text      string
	Reason    string
	At        *time.Time // nil: now
}

// NoteActivity records what a member of staff did, signed and explained. What goes beyond the contact policy is recorded
// too, for it happened, but asks for a reason and tells the manager.
func (a *App) NoteActivity(ctx context.Context, n Note, by store.Actor) (store.Activity, error) {
	var act store.Activity
	err := a.store.Tx(ctx, func(tx *store.Tx) error {
		var err error
		if act, err = a.note(tx, n, "typed", by); err != nil {
			return err
		}
		return tx.Audit(by, "activity.note", "activity", act.ID.String(), map[string]any{"lead": n.Lead.String(), "kind": act.Kind})
	})
	return act, err
}

// note does it within a transaction. How is typed or step.
func (a *App) note(tx *store.Tx, n Note, how string, by store.Actor) (store.Activity, error) {
	now := tx.Now()
	act := store.Activity{ID: store.NewID(), LeadID: n.Lead, UserID: by.ID, How: how, At: now, RecordedAt: now}
	if by.ID == nil {
		return act, errs.New(errs.Forbidden, "Every approach is signed: there is nobody here to sign it.")
	}
	var l store.Lead
	if err := tx.ForUpdate().Where("id = ?", n.Lead).Take(&l).Error; err != nil {
		return act, err
	}
	if l.State != "active" {
		return act, errs.New(errs.Conflict, "Nothing can be noted here: this lead was erased or merged.")
	}
	var e edits
	act.Kind, act.Direction = kindOf(n)
	low := 1
	if act.Kind != "note" {
		low = 0
	}
	act.Text = e.line("text", n.Text, low, 500)
	if !slices.Contains([]string{"call", "mail", "meeting", "note", "letter"}, act.Kind) || !slices.Contains([]string{"out", "in", "none"}, act.Direction) {
		e.add("kind", lead.Invalid, "Please choose call, mail, meeting, letter or note.")
	}
	if n.At != nil {
		act.At = n.At.UTC().Truncate(time.Microsecond)
		if act.At.After(now) || act.At.Before(now.AddDate(0, 0, -31)) {
			e.add("at", lead.Invalid, "Please give a time within the last month.")
		}
	}
	var al pipeline.Allowance
	if act.Direction == "out" {
		c, err := a.contactOf(tx.DB, l)
		if err != nil {
			return act, err
		}
		c.Now = act.At
		al = c.Allows(act.Kind)
		act.Why, act.Beyond = al.Why, al.Beyond
		if al.Beyond != "" && !a.mutant("no-contact-policy") {
			if act.BeyondReason = e.text("reason", n.Reason, 0, 500); act.BeyondReason == "" {
				e.add("reason", lead.Required, al.Why+" If it had to be, say why; your manager is told.")
			}
			act.ReasonGivenAt, act.ReasonGivenBy = &now, by.ID
		}
	}
	if err := e.err(); err != nil {
		return act, err
	}
	if err := inHands(tx, &act); err != nil {
		return act, err
	}
	if err := tx.Create(&act).Error; err != nil {
		return act, err
	}
	if act.Beyond != "" {
		if err := a.tellManager(tx, l.ID, by, al, false); err != nil {
			return act, err
		}
	}
	if act.Direction == "in" {
		if err := a.weighPlan(tx, l.ID); err != nil {
			return act, err
		}
	}
	return act, a.responded(tx, act)
}

func kindOf(n Note) (kind, direction string) {
	kind, direction = n.Kind, n.Direction
	if kind == "" {
		kind, direction = pipeline.ReadNote(n.Text)
	}
	if direction == "" {
		direction = map[bool]string{true: "none", false: "out"}[kind == "note"]
	}
	if kind == "note" {
		direction = "none"
	}
	return kind, direction
}

// inHands notes the assignment and the deal that an activity belongs to.
func inHands(tx *store.Tx, act *store.Activity) error {
	var as []store.Assignment
	if err := tx.Select("id").Where("lead_id = ? and state in ('open','accepted')", act.LeadID).Find(&as).Error; err != nil || len(as) == 0 {
		return err
	}
	act.AssignmentID = &as[0].ID
	var deals []uuid.UUID
	if err := tx.Model(&store.Deal{}).Where("assignment_id = ?", as[0].ID).Pluck("id", &deals).Error; err != nil {
		return err
	}
	if len(deals) > 0 {
		act.DealID = &deals[0]
	}
	return nil
}

// TakeBackActivity takes an activity back within a quarter of an hour, by whoever noted it. The row stays, struck out.
func (a *App) TakeBackActivity(ctx context.Context, lead, id uuid.UUID, by store.Actor) error {
	return a.store.Tx(ctx, func(tx *store.Tx) error {
		var l store.Lead
		var act store.Activity
		if err := tx.ForUpdate().Where("id = ?", lead).Take(&l).Error; err != nil {
			return err
		}
		if err := tx.ForUpdate().Where("id = ? and lead_id = ?", id, lead).Take(&act).Error; err != nil {
			return err
		}
		switch {
		case act.TakenBackAt != nil:
			return nil
		case act.UserID == nil || by.ID == nil || *act.UserID != *by.ID:
			return errs.New(errs.Conflict, "Only whoever noted it can take it back.")
		case act.How != "typed" && act.How != "step":
			return errs.New(errs.Conflict, "This was not typed, so it cannot be taken back.")
		case tx.Now().Sub(act.RecordedAt) > TakeBackWithin:
			return errs.New(errs.Conflict, "It can be taken back within a quarter of an hour, and that has passed. Add a line that corrects it.")
		}
		if err := tx.Model(&store.Activity{}).Where("id = ?", id).Update("taken_back_at", tx.Now()).Error; err != nil {
			return err
		}
		if err := tx.Exec("update steps set done_at = null, done_by = null, activity_id = null, version = version + 1 where activity_id = ?", id).Error; err != nil {
			return err
		}
		if err := a.responded(tx, act); err != nil {
			return err
		}
		return tx.Audit(by, "activity.take-back", "activity", id.String(), map[string]any{"lead": lead.String()})
	})
}

// BlockApproach says that a lead must not be approached, by a channel (call, mail) or at all, and why.
func (a *App) BlockApproach(ctx context.Context, id uuid.UUID, channel, reason string, by store.Actor) error {
	var e edits
	if !slices.Contains([]string{"all", "call", "mail"}, channel) {
		e.add("channel", lead.Invalid, "Please choose what not to do.")
	}
	reason = e.line("reason", reason, 1, 300)
	if err := e.err(); err != nil {
		return err
	}
	return a.store.Tx(ctx, func(tx *store.Tx) error {
		var l store.Lead
		if err := tx.ForUpdate().Where("id = ?", id).Take(&l).Error; err != nil {
			return err
		}
		if l.State != "active" {
			return errs.New(errs.Conflict, "This lead was erased or merged.")
		}
		b := store.ApproachBlock{ID: store.NewID(), LeadID: id, Channel: channel, Reason: reason, ByID: by.ID, At: tx.Now()}
		if err := tx.Create(&b).Error; err != nil {
			return err
		}
		if err := a.weighPlan(tx, id); err != nil {
			return err
		}
		if err := a.announce(tx, store.OutboxEvent{Type: LeadChanged, LeadID: id}); err != nil {
			return err
		}
		return tx.Audit(by, "lead.block", "lead", id.String(), map[string]any{"channel": channel})
	})
}

// LiftBlock ends a "do not approach".
func (a *App) LiftBlock(ctx context.Context, id, block uuid.UUID, by store.Actor) error {
	return a.store.Tx(ctx, func(tx *store.Tx) error {
		var l store.Lead
		if err := tx.ForUpdate().Where("id = ?", id).Take(&l).Error; err != nil {
			return err
		}
		res := tx.Model(&store.ApproachBlock{}).Where("id = ? and lead_id = ? and lifted_at is null", block, id).Update("lifted_at", tx.Now())
		if res.Error != nil || res.RowsAffected == 0 {
			return res.Error
		}
		if err := a.weighPlan(tx, id); err != nil {
			return err
		}
		if err := a.announce(tx, store.OutboxEvent{Type: LeadChanged, LeadID: id}); err != nil {
			return err
		}
		return tx.Audit(by, "lead.unblock", "lead", id.String(), nil)
	})
}
