package app

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

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

// FirstResponses reads it for what was assigned from one moment to another. What was taken over, by hand or by a deputy,
// counts where it was answered: it is one answer for the reader.
func (a *App) FirstResponses(ctx context.Context, from, to time.Time) (r FirstResponses, err error) {
	settings, err := a.store.SalesSettings(ctx)
	if err != nil {
		return r, err
	}
	var rows []struct {
		TeamID  *uuid.UUID
		Team    string
		OwnerID uuid.UUID
		Owner   string
		State   string
		Seconds *int32
		First   bool
		Warned  bool
	}
	err = a.store.DB(ctx).Raw(`select a.answering_team_id as team_id, coalesce(t.name, '') as team, a.owner_id, u.name as owner, a.state, a.response_seconds as seconds,
			a.first_response_at is not null as first, a.warned_at is not null as warned
		from assignments a join users u on u.id = a.owner_id left join teams t on t.id = a.answering_team_id where a.at >= ? and a.at < ?
			and not (a.state = 'reassigned' and a.response_seconds is null and a.close_reason <> ?)
			and not (a.close_reason = ? and a.response_seconds is null)
			and not (a.first_response_at is not null and a.response_seconds is null)
		order by a.at, a.id`, from, to, store.TakenNoResponse, store.TakenErased).Scan(&rows).Error
	if err != nil {
		return r, a.store.Translate(err)
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
			case x.Seconds != nil:
				g.Seconds = append(g.Seconds, float64(*x.Seconds))
			case x.State == store.AssignmentOpen || x.State == store.AssignmentAccepted:
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
