package app

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/auth"
	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/pipeline"
	"github.com/gatehouse/gatehouse/internal/store"
)

// LeadAssignments is in whose hands the lead is and was.
type LeadAssignments struct {
	Hands []AssignmentLine // newest first
}

// AssignmentLine is one assignment with its names.
type AssignmentLine struct {
	store.Assignment
	Owner      string
	Team       string
	ClosedName string // who closed it
	Answered   string // who made the first response
	Closing    string // the reason of the list, in words
}

// HeldBy is the line that is open or accepted; nil when the lead is in nobody's hands.
func (l LeadAssignments) HeldBy() *AssignmentLine {
	for i := range l.Hands {
		if l.Hands[i].Held() {
			return &l.Hands[i]
		}
	}
	return nil
}

const assignmentLines = `select a.*, u.name as owner, coalesce(t.name, '') as team, coalesce(c.name, '') as closed_name, coalesce(f.name, '') as answered, coalesce(r.title, '') as closing
	from assignments a join users u on u.id = a.owner_id left join teams t on t.id = a.answering_team_id left join users c on c.id = a.closed_by
	left join users f on f.id = a.first_response_by
	left join pipeline_reasons r on r.key = a.close_reason and r.kind = case a.state when 'returned' then 'return' when 'declined' then 'decline' end `

// leadAssignments reads in whose hands the lead is and was.
func (a *App) leadAssignments(db *store.Query, d *LeadDetail) error {
	return db.Raw(assignmentLines+"where a.lead_id = ? order by a.at desc, a.id desc limit 100", d.ID).Scan(&d.Hands).Error
}

// Claim is what the page behind the button of an alert shows.
type Claim struct {
	AssignmentLine
	Lead      store.Lead
	Asked     string // the document that they asked for
	Said      []string
	FirstStep string
	Score     string
	Lines     []string // of the score's ledger, those that weigh most
	Mine      bool     // the reader is the owner, or stands in
}

// MayDecide tells what somebody may say of a lead in hand: acts, as its owner or in the owner's place; manages, as whoever
// leads sales or the team that answers for it.
func (a *App) MayDecide(ctx context.Context, as store.Assignment, u store.User) (acts, manages bool, err error) {
	db := a.store.DB(ctx)
	mine, err := a.actsFor(db, u.ID)
	if err != nil {
		return false, false, a.store.Translate(err)
	}
	manages, err = leadsSales(db, u, as.AnsweringTeamID)
	return slices.Contains(mine, as.OwnerID), manages, a.store.Translate(err)
}

// leadsSales tells whether somebody leads sales, or the team, if any, that answers for a lead.
func leadsSales(db *store.Query, u store.User, team *uuid.UUID) (bool, error) {
	if auth.Allows(auth.Role(u.Role), auth.LeadsAssign) {
		return true, nil
	}
	var n int64
	err := db.Raw(`select (select count(*) from sales_settings where manager_user_id = ?) + (select count(*) from teams where id = ? and manager_id = ? and archived_at is null)`,
		u.ID, team, u.ID).Scan(&n).Error
	return n > 0, err
}

// Claim reads it.
func (a *App) Claim(ctx context.Context, id uuid.UUID, reader store.User) (c Claim, err error) {
	db := a.store.DB(ctx)
	var rows []AssignmentLine
	if err := db.Raw(assignmentLines+"where a.id = ?", id).Scan(&rows).Error; err != nil {
		return c, a.store.Translate(err)
	}
	if len(rows) == 0 {
		_, err := a.store.Assignment(ctx, id)
		return c, err
	}
	c.AssignmentLine = rows[0]
	if c.Lead, err = a.store.Lead(ctx, c.LeadID); err != nil {
		return c, err
	}
	acts, err := a.actsFor(db, reader.ID)
	if err != nil {
		return c, a.store.Translate(err)
	}
	for _, id := range acts {
		c.Mine = c.Mine || id == c.OwnerID
	}
	said, err := whatTheySaid(db, []uuid.UUID{c.LeadID})
	if err != nil {
		return c, a.store.Translate(err)
	}
	c.Said = said[c.LeadID]
	if c.Asked, err = askedFor(db, c.LeadID); err != nil {
		return c, a.store.Translate(err)
	}
	if c.Score, c.Lines, err = weighsMost(db, c.LeadID); err != nil {
		return c, a.store.Translate(err)
	}
	steps, err := nextStep(db, id)
	if len(steps) > 0 {
		c.FirstStep = steps[0].Title
	}
	return c, a.store.Translate(err)
}

// Seller is somebody who may be given leads.
type Seller struct {
	ID   uuid.UUID
	Name string
	Away time.Time // until when, where they work; zero: here
}

// WhoSells lists them by name.
func (a *App) WhoSells(ctx context.Context) ([]Seller, error) {
	h, err := a.house(a.store.DB(ctx), false)
	if err != nil {
		return nil, a.store.Translate(err)
	}
	var out []Seller
	for _, s := range h.sellers() {
		x := Seller{ID: s.ID, Name: s.Name}
		if b := s.absence(h.now); b != nil {
			x.Away = b.EndsAt.In(s.Calendar.Zone)
		}
		out = append(out, x)
	}
	return out, nil
}

// FindLead is the lead whose address is typed, else the latest one of that name or company, among those whom the reader
// may see.
func (a *App) FindLead(ctx context.Context, reader store.User, who string) (store.Lead, error) {
	sight, err := a.VisibleTo(ctx, reader)
	if err != nil {
		return store.Lead{}, err
	}
	lines, _, err := a.ListLeads(ctx, LeadFilter{Search: who, State: "active", Sight: sight}, 1, 0)
	if err != nil {
		return store.Lead{}, err
	}
	if len(lines) == 0 || strings.TrimSpace(who) == "" {
		return store.Lead{}, errs.InvalidFields(errs.Field{Field: "who", Code: "not-found", Message: "There is no such lead."})
	}
	return lines[0].Lead, nil
}

// Foreseen is who would get a lead now, and why. Nothing is written.
type Foreseen struct {
	Owner string // "" for nobody
	Text  string
	Why   pipeline.Why
	Held  string // in whose hands it is now, "" for nobody's; the answer is then as if the lead was new
}

// Foresee asks the published rules, or a draft, who would get a lead now. One that is in somebody's hands is asked about as
// if it was new: that they have it decides nothing, nor does who gave it back before.
func (a *App) Foresee(ctx context.Context, id uuid.UUID, routing *pipeline.Routing) (f Foreseen, err error) {
	db := a.store.DB(ctx)
	l, err := a.store.Lead(ctx, id)
	if err != nil {
		return f, err
	}
	h, err := a.house(db, false)
	if err != nil {
		return f, a.store.Translate(err)
	}
	if routing == nil {
		routing = &h.routing
	}
	held, err := store.HeldAssignment(db, id)
	if err != nil {
		return f, err
	}
	asks, err := a.readAsks(db, h, []store.Lead{l})
	if err != nil {
		return f, a.store.Translate(err)
	}
	ask := asks[id]
	if held != nil {
		f.Held = h.name(held.OwnerID)
		owners, err := a.companyOwners(db, []store.Lead{l}, id)
		if err != nil {
			return f, a.store.Translate(err)
		}
		ask = pipeline.Ask{Facts: ask.Facts}
		if l.CompanyID != nil {
			o := owners[*l.CompanyID]
			ask.CompanyOwner, ask.CompanyOwnerVia = o.ID, o.Via
		}
		ask.Facts.Owner = h.email(ask.CompanyOwner)
	}
	c := pipeline.NewRouter(*routing, h.world).Choose(ask)
	f.Text, f.Why = c.Text, c.Why
	if c.Owner != uuid.Nil {
		f.Owner = h.name(c.Owner)
	}
	return f, nil
}
