package app

import (
	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/auth"
	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/pipeline"
	"github.com/gatehouse/gatehouse/internal/store"
)

// grip is a lead with its assignment, both locked, and the house around them.
type grip struct {
	tx   *store.Tx
	h    *house
	lead store.Lead
	as   store.Assignment
	by   store.Actor
}

// errElsewhere is the answer to a decision about a lead that has gone on meanwhile.
var errElsewhere = errs.New(errs.Conflict, "This lead is in other hands by now. Nothing was changed.")

// errErased is the answer to a decision about somebody who is no more here.
var errErased = errs.New(errs.Conflict, "This person was erased. There is nothing left to decide.")

// grasp locks an assignment behind its lead, company and teams. read is the version that the page showed; 0 where no page
// decided.
func (a *App) grasp(tx *store.Tx, id uuid.UUID, read int64, by store.Actor) (*grip, error) {
	g := &grip{tx: tx, by: by}
	var err error
	if err = tx.Where("id = ?", id).Take(&g.as).Error; err != nil {
		return nil, a.store.Translate(err)
	}
	if err = tx.ForUpdate().Where("id = ?", g.as.LeadID).Take(&g.lead).Error; err != nil {
		return nil, err
	}
	if g.lead.State == "erased" {
		return nil, errErased
	}
	if err = lockCompanies(tx, []store.Lead{g.lead}); err != nil {
		return nil, err
	}
	if g.h, err = a.house(tx.DB, true); err != nil {
		return nil, err
	}
	if err = tx.ForUpdate().Where("id = ?", id).Take(&g.as).Error; err != nil {
		return nil, err
	}
	if read > 0 && g.as.Version != read && g.as.Held() {
		return nil, errChanged
	}
	return g, nil
}

// acts tells whether whoever decides is the owner, or stands in for the owner.
func (g *grip) acts() bool {
	return g.by.ID == nil || *g.by.ID == g.as.OwnerID || *g.by.ID == g.h.standIn(g.as.OwnerID)
}

// manages tells whether whoever decides may decide about other people's leads.
func (g *grip) manages() bool {
	if g.by.ID == nil {
		return true
	}
	if s := g.h.staff[*g.by.ID]; s != nil && auth.Allows(auth.Role(s.Role), auth.LeadsAssign) {
		return true
	}
	if m := g.h.settings.ManagerUserID; m != nil && *m == *g.by.ID {
		return true
	}
	if t := g.as.AnsweringTeamID; t != nil {
		if m := g.h.teams[*t].ManagerID; m != nil && *m == *g.by.ID {
			return true
		}
	}
	return false
}

func (g *grip) notYours() error {
	name := "somebody else"
	if s := g.h.staff[g.as.OwnerID]; s != nil {
		name = s.Name
	}
	return errs.New(errs.Forbidden, "This lead is in the hands of %s. Ask them, or whoever leads the team, to give it to you.", name)
}

// end closes the assignment, with its reason.
func (g *grip) end(state, reason, note string) error {
	now := g.h.now
	read := g.as.Version
	g.as.State, g.as.ClosedAt, g.as.CloseReason, g.as.CloseNote, g.as.ClosedBy, g.as.Version = state, &now, reason, note, g.by.ID, read+1
	err := unchanged(g.tx.Model(&store.Assignment{}).Where("id = ? and version = ?", g.as.ID, read).Updates(map[string]any{"state": state, "closed_at": now,
		"close_reason": reason, "close_note": note, "closed_by": g.by.ID, "version": read + 1}))
	if err != nil || state != store.AssignmentReassigned || reason == store.TakenNoResponse || g.as.TeamID == nil {
		return err
	}
	return g.tx.CountTurn(*g.as.TeamID, g.as.OwnerID, g.as.Period, -1, now) // what was taken away was no turn
}

// leave takes the steps that are still to be done off everybody's list: nobody goes on with this lead.
func (g *grip) leave() error {
	return g.tx.Exec(`update steps s set skipped_at = ?, version = s.version + 1 from plans p where p.id = s.plan_id and p.assignment_id = ?
		and s.done_at is null and s.skipped_at is null`, g.h.now, g.as.ID).Error
}

// takeOver ends the assignment and makes the next one, for a new owner: accepted if it was, with its plan, its deal, and
// (runs) a first-response clock that runs on.
func (a *App) takeOver(g *grip, c pipeline.Choice, how, closeReason, note string, runs bool) (store.Assignment, error) {
	old := g.as
	if err := g.end(store.AssignmentReassigned, closeReason, note); err != nil {
		return store.Assignment{}, err
	}
	for _, k := range c.Credits {
		at := g.h.now
		if err := g.tx.GiveCredit(store.RotationPlace{TeamID: k.Team, UserID: k.User, Period: g.h.period, Credit: int32(k.Credit), CreditAt: &at, Why: k.Why}); err != nil {
			return store.Assignment{}, err
		}
	}
	row := store.Assignment{ID: store.NewID(), LeadID: old.LeadID, OwnerID: c.Owner, TeamID: c.Team, RuleKey: orElse(c.RuleKey, how), How: how, Reason: c.Text, ReasonData: c.Why,
		State: old.State, PreviousID: &old.ID, Period: g.h.period, At: g.h.now, AcceptedAt: old.AcceptedAt, FirstResponseAt: old.FirstResponseAt,
		FirstResponseBy: old.FirstResponseBy, FirstResponseKind: old.FirstResponseKind, Version: 1}
	if g.h.rules != nil && c.Why.Rule > 0 {
		row.RuleSetID = &g.h.rules.ID
	}
	row.AnsweringTeamID = g.h.answering(row, &old)
	g.h.startClock(&row)
	if s := g.h.staff[old.OwnerID]; runs && old.FirstResponseAt == nil && s != nil {
		row.ClockUsed = clockUsed(old, s.Calendar, g.h.now)
		if g.h.strike(&row, row.ClockFrom); row.ClockUsed > 0 {
			row.ClockFrom = old.ClockFrom
		}
	}
	if row.FirstResponseAt != nil {
		row.WarnAt, row.EscalateAt, row.ReassignAt = nil, nil, nil
	}
	if err := a.keepAssignment(g.tx, g.h, &row, g.lead); err != nil {
		return row, err
	}
	if err := a.planFor(g.tx, g.h, row, g.lead); err != nil {
		return row, err
	}
	if row.State != store.AssignmentAccepted {
		return row, nil
	}
	return row, a.openDeal(g.tx, row, g.lead, g.by)
}

// goOn lets the rules choose anew, after the assignment ended or while it is to be taken over.
func (a *App) goOn(g *grip) (pipeline.Choice, error) {
	asks, err := a.readAsks(g.tx.DB, g.h, []store.Lead{g.lead})
	if err != nil {
		return pipeline.Choice{}, err
	}
	return pipeline.NewRouter(g.h.routing, g.h.world).Choose(asks[g.lead.ID]), nil
}
