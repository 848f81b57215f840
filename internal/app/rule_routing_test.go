package app_test

import (
	"testing"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/pipeline"
	"github.com/gatehouse/gatehouse/internal/store"
)

func TestRulesThatGiveToAnArchivedTeamDoNotHoldAgain(t *testing.T) {
	f := newFloor(t, 1)
	north, err := f.App.AddTeam(t.Context(), app.TeamEdit{Name: "North"}, by(f.admin))
	f.ok(err)
	draft := func(team uuid.UUID) int64 {
		d, err := f.App.DraftRules(t.Context(), "routing", nil, by(f.admin))
		f.ok(err)
		f.ok(f.App.SaveRouting(t.Context(), d.Version, pipeline.Routing{Existing: "none", Rules: []pipeline.RouteRule{{Key: "k", Title: "All", Team: &team}}}, "", by(f.admin)))
		return d.Version + 1
	}
	publish := func(version int64) (store.RuleSet, error) {
		return f.App.PublishRules(t.Context(), "routing", version, by(f.admin))
	}
	old, err := publish(draft(north.ID))
	f.ok(err)
	_, err = publish(draft(f.team))
	f.ok(err)
	waiting := draft(north.ID)
	f.ok(f.App.ArchiveTeam(t.Context(), north.ID, 1, by(f.admin)))
	if _, err := f.App.RollBackRules(t.Context(), "routing", old.ID, by(f.admin)); !errs.Is(err, errs.Conflict) {
		t.Errorf("rolled back: %v", err)
	}
	if _, err := publish(waiting); !errs.Is(err, errs.Conflict) {
		t.Errorf("published: %v", err)
	}
}
