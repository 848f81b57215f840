package app

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/pipeline"
	"github.com/gatehouse/gatehouse/internal/store"
)

// AcceptLead is what the owner says of a lead: mine. It becomes a deal. Again changes nothing. read is the version that the
// page showed, 0 where none was shown.
func (a *App) AcceptLead(ctx context.Context, id uuid.UUID, read int64, by store.Actor) error {
	return a.store.Tx(ctx, func(tx *store.Tx) error {
		g, err := a.grasp(tx, id, 0, by)
		if err != nil {
			return err
		}
		switch {
		case g.as.State == store.AssignmentAccepted && by.ID != nil && *by.ID == g.as.OwnerID:
			return nil
		case g.as.State != store.AssignmentOpen:
			return errElsewhere
		case read > 0 && g.as.Version != read:
			return errChanged
		case !g.acts():
			return g.notYours()
		}
		as := g.as
		if by.ID != nil && *by.ID != as.OwnerID {
			c := pipeline.Choice{Owner: *by.ID, Text: g.h.name(*by.ID) + " stands in for " + g.h.name(as.OwnerID), Why: g.deputyWhy()}
			if as, err = a.takeOver(g, c, "deputy", store.TakenByDeputy, "", true); err != nil {
				return err
			}
		}
		now := tx.Now()
		as.State, as.AcceptedAt, as.Version = store.AssignmentAccepted, &now, as.Version+1
		err = unchanged(tx.Model(&store.Assignment{}).Where("id = ? and version = ?", as.ID, as.Version-1).
			Updates(map[string]any{"state": as.State, "accepted_at": now, "version": as.Version}))
		if err != nil {
			return err
		}
		if err := a.openDeal(tx, as, g.lead, by); err != nil {
			return err
		}
		if err := a.announce(tx, store.OutboxEvent{Type: LeadAccepted, LeadID: g.lead.ID, AssignmentID: &as.ID}); err != nil {
			return err
		}
		return tx.Audit(by, "lead.accept", "lead", g.lead.ID.String(), map[string]any{"assignment": as.ID.String()})
	})
}

// ReturnLead gives a lead back to marketing, with a reason that their reports count.
func (a *App) ReturnLead(ctx context.Context, id uuid.UUID, read int64, reason, note string, by store.Actor) error {
	return a.giveBack(ctx, id, read, store.AssignmentReturned, "return", reason, note, by, func(g *grip) error {
		if err := g.leave(); err != nil {
			return err
		}
		if err := g.tx.Exec("update leads set owner_id = null where id = ?", g.lead.ID).Error; err != nil {
			return err
		}
		detail, err := json.Marshal(map[string]string{"reason": reason})
		if err != nil {
			return err
		}
		return a.announce(g.tx, store.OutboxEvent{Type: LeadReturned, LeadID: g.lead.ID, AssignmentID: &g.as.ID, Detail: detail})
	})
}

// DeclineLead passes a lead on: the rules choose again, and never the same person for this lead.
func (a *App) DeclineLead(ctx context.Context, id uuid.UUID, read int64, reason, note string, by store.Actor) error {
	return a.giveBack(ctx, id, read, store.AssignmentDeclined, "decline", reason, note, by, func(g *grip) error {
		c, err := a.goOn(g)
		if err != nil {
			return err
		}
		if c.Owner == uuid.Nil {
			if err := g.leave(); err != nil {
				return err
			}
		}
		who := g.h.name(g.as.OwnerID)
		if by.ID != nil && *by.ID != g.as.OwnerID {
			who = by.Name + ", for " + who + ","
		}
		c.Text = who + " declined it; " + c.Text
		return a.give(g.tx, g.h, g.lead, c, &g.as, "declined")
	})
}

// giveBack ends an open assignment with a reason of the list, by its owner or whoever manages it. Again changes nothing.
func (a *App) giveBack(ctx context.Context, id uuid.UUID, read int64, state, kind, reason, note string, by store.Actor, then func(g *grip) error) error {
	var e edits
	note = e.text("note", note, 0, 1000)
	return a.store.Tx(ctx, func(tx *store.Tx) error {
		var known int64
		if err := tx.Model(&store.PipelineReason{}).Where("kind = ? and key = ? and archived_at is null", kind, reason).Count(&known).Error; err != nil {
			return err
		}
		if known == 0 {
			e.add("reason", "required", "Please say why: choose a reason.")
		}
		if err := e.err(); err != nil {
			return err
		}
		g, err := a.grasp(tx, id, 0, by)
		if err != nil {
			return err
		}
		switch {
		case g.as.State == state && g.as.ClosedBy != nil && by.ID != nil && *g.as.ClosedBy == *by.ID:
			return nil
		case g.as.State == store.AssignmentAccepted:
			return errs.New(errs.Conflict, "This lead has a deal. Close the deal as lost instead: its reason counts as well.")
		case g.as.State != store.AssignmentOpen:
			return errElsewhere
		case read > 0 && g.as.Version != read:
			return errChanged
		case !g.acts() && !g.manages():
			return g.notYours()
		}
		if err := g.end(state, reason, note); err != nil {
			return err
		}
		if a.mutant("decline-is-free") && g.as.TeamID != nil {
			if err := tx.CountTurn(*g.as.TeamID, g.as.OwnerID, g.as.Period, -1, g.h.now); err != nil {
				return err
			}
		}
		if err := then(g); err != nil {
			return err
		}
		return tx.Audit(by, "lead."+kind, "lead", g.lead.ID.String(), map[string]any{"assignment": id.String(), "reason": reason})
	})
}

// ReassignLead gives a lead to somebody else by hand, with what was accepted and planned: by its owner, by whoever leads
// the team, or by an admin. Somebody who is away gets it through the deputy.
func (a *App) ReassignLead(ctx context.Context, id uuid.UUID, read int64, to uuid.UUID, note string, by store.Actor) error {
	var e edits
	note = e.text("note", note, 1, 1000)
	if err := e.err(); err != nil {
		return err
	}
	return a.store.Tx(ctx, func(tx *store.Tx) error {
		_, err := a.reassign(tx, id, read, to, note, by)
		return err
	})
}

// reassign tells who got it: whoever stands in, where the chosen one is away.
func (a *App) reassign(tx *store.Tx, id uuid.UUID, read int64, to uuid.UUID, note string, by store.Actor) (got string, err error) {
	g, err := a.grasp(tx, id, read, by)
	if err != nil {
		return "", err
	}
	switch {
	case !g.as.Held():
		return "", errElsewhere
	case !g.acts() && !g.manages():
		return "", g.notYours()
	}
	owner, text, err := g.h.givenTo(to, by)
	if err != nil || owner == g.as.OwnerID {
		return g.h.name(owner), err
	}
	if _, err := a.takeOver(g, pipeline.Choice{Owner: owner, Text: text, Why: g.h.inPlaceOf(to, owner)}, "reassigned", store.TakenByHand, note, false); err != nil {
		return "", err
	}
	return g.h.name(owner), tx.Audit(by, "lead.reassign", "lead", g.lead.ID.String(), map[string]any{"from": g.as.OwnerID.String(), "to": owner.String()})
}

// GiveLead gives a lead that is in nobody's hands to somebody, past the rules: whoever manages to anybody, everybody else
// to themselves.
func (a *App) GiveLead(ctx context.Context, id, to uuid.UUID, by store.Actor) error {
	return a.store.Tx(ctx, func(tx *store.Tx) error { return a.giveLead(tx, id, to, by) })
}

func (a *App) giveLead(tx *store.Tx, id, to uuid.UUID, by store.Actor) error {
	var l store.Lead
	if err := tx.ForUpdate().Where("id = ? and state = 'active'", id).Take(&l).Error; err != nil {
		return a.store.Translate(err)
	}
	if err := lockCompanies(tx, []store.Lead{l}); err != nil {
		return err
	}
	h, err := a.house(tx.DB, true)
	if err != nil {
		return err
	}
	held, err := store.HeldAssignment(tx.DB, id)
	if err != nil {
		return err
	}
	if held != nil {
		return errElsewhere
	}
	g := &grip{tx: tx, h: h, lead: l, by: by}
	if by.ID != nil && *by.ID != to && !g.manages() {
		return errs.New(errs.Forbidden, "You can take this lead yourself. Whoever leads the team can give it to others.")
	}
	owner, text, err := h.givenTo(to, by)
	if err != nil {
		return err
	}
	if err := a.give(tx, h, l, pipeline.Choice{Owner: owner, How: "by-hand", RuleKey: "by-hand", Text: text, Why: h.inPlaceOf(to, owner)}, nil, ""); err != nil {
		return err
	}
	return tx.Audit(by, "lead.give", "lead", id.String(), map[string]any{"to": owner.String()})
}

// givenTo is who gets what is given to somebody by hand: they, or their deputy.
func (h *house) givenTo(to uuid.UUID, by store.Actor) (owner uuid.UUID, text string, err error) {
	s := h.staff[to]
	if s == nil || !s.sells() {
		return owner, "", errs.InvalidFields(errs.Field{Field: "to", Code: "not-an-option", Message: "Please choose somebody who sells."})
	}
	owner, text = h.standIn(to), "given to "+s.Name+" by "+orElse(strings.TrimSpace(by.Name), "the system")
	if by.ID != nil && *by.ID == to {
		text = "taken by " + s.Name
	}
	if owner != to {
		text += ", who is away: " + h.name(owner) + " stands in"
	}
	return owner, text, nil
}

// inPlaceOf is the reason as data where a deputy gets what is somebody's.
func (h *house) inPlaceOf(meant, got uuid.UUID) (w pipeline.Why) {
	if meant != got {
		w.For, w.ForID = h.name(meant), &meant
	}
	return w
}

func (h *house) name(id uuid.UUID) string {
	if s := h.staff[id]; s != nil {
		return s.Name
	}
	return "somebody who is gone"
}
