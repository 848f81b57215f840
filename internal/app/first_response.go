package app

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/store"
)

// ResponseGroup is the first responses of a team, or of a person: seconds of working time of each that was answered, and
// how many were not. Late counts those, answered or not, of which the owner had been warned.
type ResponseGroup struct {
	ID      uuid.UUID
	Name    string
	Seconds []float64
	Open    int // waits for its first answer
	Never   int // ended without one
	Late    int
}

// Assigned is how many assignments the group had.
func (g ResponseGroup) Assigned() int { return len(g.Seconds) + g.Open + g.Never }

// FirstResponses is the report on the first-response clock. People is nil where the installation shows no person's figures.
type FirstResponses struct {
	All    ResponseGroup
	Teams  []ResponseGroup
	People []ResponseGroup
}

// ResponseCase is one assignment that the report counts.
type ResponseCase struct {
	LeadID  uuid.UUID
	TeamID  *uuid.UUID
	Team    string
	OwnerID uuid.UUID
	Owner   string
	State   string
	Seconds *int32 // of working time until the first answer; nil: none yet, or never
	Warned  bool
	At      time.Time
	Name    string // of the lead; ResponseCases fills it in
}

// The sets of a ResponseGroup that a figure counts.
const (
	ResponsesAll      = "assigned"
	ResponsesAnswered = "answered"
	ResponsesOpen     = "open"
	ResponsesLate     = "late"
)

// In tells whether a set of the report holds the assignment.
func (x ResponseCase) In(set string) bool {
	switch set {
	case ResponsesAnswered:
		return x.Seconds != nil
	case ResponsesOpen:
		return x.Seconds == nil && (x.State == store.AssignmentOpen || x.State == store.AssignmentAccepted)
	case ResponsesLate:
		return x.Warned
	}
	return true
}

// FirstResponses reads it for what was assigned from one moment to another. What was taken over, by hand or by a deputy,
// counts where it was answered: it is one answer for the reader.
func (a *App) FirstResponses(ctx context.Context, from, to time.Time) (r FirstResponses, err error) {
	settings, err := a.store.SalesSettings(ctx)
	if err != nil {
		return r, err
	}
	rows, err := a.responses(ctx, from, to)
	if err != nil {
		return r, err
	}
	teams, people := map[uuid.UUID]*ResponseGroup{}, map[uuid.UUID]*ResponseGroup{}
	group := func(all map[uuid.UUID]*ResponseGroup, id uuid.UUID, name string) *ResponseGroup {
		if all[id] == nil {
			all[id] = &ResponseGroup{ID: id, Name: name}
		}
		return all[id]
	}
	for _, x := range rows {
		team := group(teams, uuid.Nil, "In no team")
		if x.TeamID != nil {
			team = group(teams, *x.TeamID, x.Team)
		}
		for _, g := range []*ResponseGroup{&r.All, team, group(people, x.OwnerID, x.Owner)} {
			switch {
			case x.In(ResponsesAnswered):
				g.Seconds = append(g.Seconds, float64(*x.Seconds))
			case x.In(ResponsesOpen):
				g.Open++
			default:
				g.Never++
			}
			if x.Warned {
				g.Late++
			}
		}
	}
	r.Teams = groupsByName(teams)
	if settings.PersonFigures {
		r.People = groupsByName(people)
	}
	return r, nil
}

func (a *App) responses(ctx context.Context, from, to time.Time) (rows []ResponseCase, err error) {
	err = a.store.DB(ctx).Raw(`select a.lead_id, a.at, a.answering_team_id as team_id, coalesce(t.name, '') as team, a.owner_id, u.name as owner, a.state, a.response_seconds as seconds,
			a.warned_at is not null as warned
		from assignments a join users u on u.id = a.owner_id left join teams t on t.id = a.answering_team_id where a.at >= ? and a.at < ?
			and not (a.state = 'reassigned' and a.response_seconds is null and a.close_reason <> ?)
			and not (a.close_reason = ? and a.response_seconds is null)
			and not (a.first_response_at is not null and a.response_seconds is null)
		order by a.at, a.id`, from, to, store.TakenNoResponse, store.TakenErased).Scan(&rows).Error
	return rows, a.store.Translate(err)
}

// ResponseCases are the assignments that a figure of the report counts, the latest first, at most so many of them, and how many there are. team and
// person narrow them: uuid.Nil as a team is "in no team", nil is any. Whoever may not see figures of single people asks for none.
func (a *App) ResponseCases(ctx context.Context, from, to time.Time, set string, team, person *uuid.UUID, most int) (cases []ResponseCase, all int, err error) {
	settings, err := a.store.SalesSettings(ctx)
	if err != nil {
		return nil, 0, err
	}
	if person != nil && !settings.PersonFigures {
		return nil, 0, errs.New(errs.NotFound, "There is no page at this address.")
	}
	rows, err := a.responses(ctx, from, to)
	if err != nil {
		return nil, 0, err
	}
	slices.Reverse(rows)
	for _, x := range rows {
		of := uuid.Nil
		if x.TeamID != nil {
			of = *x.TeamID
		}
		if !x.In(set) || team != nil && *team != of || person != nil && *person != x.OwnerID {
			continue
		}
		if all++; len(cases) < most {
			if !settings.PersonFigures {
				x.Owner = ""
			}
			cases = append(cases, x)
		}
	}
	return cases, all, a.nameCases(ctx, cases)
}

// nameOfLead is what a lead l is called in a report.
const nameOfLead = "coalesce(nullif(trim(l.given_name || ' ' || l.family_name), ''), nullif(l.email, ''), 'An erased person')"

func (a *App) nameCases(ctx context.Context, cases []ResponseCase) error {
	ids := make([]uuid.UUID, len(cases))
	for i, x := range cases {
		ids[i] = x.LeadID
	}
	if len(ids) == 0 {
		return nil
	}
	var names []struct {
		ID   uuid.UUID
		Name string
	}
	err := a.store.DB(ctx).Raw("select l.id, "+nameOfLead+" as name from leads l where l.id in ?", ids).Scan(&names).Error
	byLead := make(map[uuid.UUID]string, len(names))
	for _, n := range names {
		byLead[n.ID] = n.Name
	}
	for i := range cases {
		cases[i].Name = byLead[cases[i].LeadID]
	}
	return a.store.Translate(err)
}

func groupsByName(all map[uuid.UUID]*ResponseGroup) []ResponseGroup {
	out := make([]ResponseGroup, 0, len(all))
	for _, g := range all {
		if g.Assigned() > 0 {
			out = append(out, *g)
		}
	}
	slices.SortFunc(out, func(x, y ResponseGroup) int {
		if (x.ID == uuid.Nil) != (y.ID == uuid.Nil) {
			return map[bool]int{true: 1, false: -1}[x.ID == uuid.Nil]
		}
		return strings.Compare(x.Name+x.ID.String(), y.Name+y.ID.String())
	})
	return out
}
