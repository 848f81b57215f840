package app

import (
	"context"
	"time"

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

// seedRules are the demonstration's routing rules: which team gets whom.
var seedRules = []struct{ key, title, condition, team string }{
	{"central-europe", "Central Europe", `country in ["DE", "AT", "CH", "NL", "BE", "FR"]`, "Central Europe"},
	{"everybody", "Everybody else", "", "British Isles and the rest"},
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
