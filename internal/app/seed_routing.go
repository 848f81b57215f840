package app

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/gatehouse/gatehouse/internal/pipeline"
	"github.com/gatehouse/gatehouse/internal/store"
)

// office is when the reps of the demonstration work.
func (s *sower) office() pipeline.Calendar {
	return pipeline.Calendar{Zone: s.zone, Week: pipeline.OfficeWeek()}
}

// atWork is the moment some of whose working time has passed since at.
func (s *sower) atWork(at time.Time, minutes int) time.Time {
	out, _ := s.office().AddWorking(at, time.Duration(minutes)*time.Minute)
	return out
}

// endOfWork is when the day of at is over for those who work.
func (s *sower) endOfWork(at time.Time) time.Time {
	y, m, d := at.In(s.zone).Date()
	return at.Add(s.office().WorkingBetween(at, time.Date(y, m, d+1, 0, 0, 0, 0, s.zone)))
}

// seedRules are the demonstration's routing rules: which team gets whom.
var seedRules = []struct{ key, title, condition, team string }{
	{"central-europe", "Central Europe", `country in ["DE", "AT", "CH", "NL", "BE", "FR"]`, "Central Europe"},
	{"everybody", "Everybody else", "", "British Isles and the rest"},
}

// turn is whose turn it is: the fewest for the weight within the period, as the rotation says.
func (s *sower) turn(sellers []*seller, country string, at time.Time) (*seller, string) {
	team, rule := "British Isles and the rest", "rule 2, Everybody else"
	if slices.Contains([]string{"DE", "AT", "CH", "NL", "BE", "FR"}, country) {
		team, rule = "Central Europe", "rule 1, Central Europe"
	}
	period := month(at)
	var best *seller
	why := ""
	for _, x := range sellers {
		if x.teamName != team {
			continue
		}
		if best == nil || x.turns[period]*best.weight < best.turns[period]*x.weight {
			best = x
		}
		if why != "" {
			why += ", "
		}
		why += fmt.Sprintf("%s had %d.0", x.name, x.turns[period])
		if x.weight != 1 {
			why += fmt.Sprintf(" of weight %d", x.weight)
		}
	}
	best.turns[period]++
	best.last = at
	return best, rule + "; " + why
}

func month(at time.Time) time.Time { return time.Date(at.Year(), at.Month(), 1, 0, 0, 0, 0, time.UTC) }

// places leaves the rotation where these leads brought it.
func (s *sower) places(ctx context.Context, sellers []*seller) error {
	batch := &pgx.Batch{}
	for _, x := range sellers {
		for period, n := range x.turns {
			batch.Queue(`insert into rotation_places (team_id, user_id, period, turns, last_at, credit, why) values ($1, $2, $3, $4, $5, 0, '')
				on conflict (team_id, user_id, period) do update set turns = rotation_places.turns + excluded.turns`, x.team, x.id, period, n, x.last)
		}
	}
	return s.app.store.Translate(s.app.store.Pool().SendBatch(ctx, batch).Close())
}

// route publishes the rules by which the sown leads were given, so that the simulator and a rehearsal know the teams.
// Rules that somebody has touched stay, and so do those of an installation with real leads.
func (s *sower) route(ctx context.Context, sellers []*seller) error {
	v, err := s.app.RuleVersions(ctx, store.RulesRouting)
	if err != nil || s.forced || v.Draft != nil || len(v.History) != 1 {
		return err
	}
	by := store.Actor{Kind: "command", Name: "demonstration data"}
	draft, err := s.app.DraftRules(ctx, store.RulesRouting, nil, by)
	if err != nil {
		return err
	}
	def := pipeline.Routing{Existing: pipeline.ExistingCompany}
	for _, r := range seedRules {
		for _, x := range sellers {
			if x.teamName == r.team {
				def.Rules = append(def.Rules, pipeline.RouteRule{Key: r.key, Title: r.title, When: r.condition, Team: &x.team})
				break
			}
		}
	}
	if err := s.app.SaveRouting(ctx, draft.Version, def, "Two teams, by country: demonstration data.", by); err != nil {
		return err
	}
	_, err = s.app.PublishRules(ctx, store.RulesRouting, draft.Version+1, by)
	return err
}

// rule is the key of the rule that gives to this seller's team.
func (x *seller) rule() string {
	for _, r := range seedRules {
		if r.team == x.teamName {
			return r.key
		}
	}
	return ""
}
