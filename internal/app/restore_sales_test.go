package app_test

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/store"
	"github.com/gatehouse/gatehouse/internal/testkit"
)

// A backup holds no jobs. Who waited to be scored, or for an owner, gets both after a restore; a rescoring that was under
// way ends.
func TestRestoreGoesOnWithSales(t *testing.T) {
	from, to := testkit.New(t), testkit.New(t)
	sellersOf(t, from)
	if err := from.Store.EnsurePartitions(t.Context()); err != nil {
		t.Fatal(err)
	}
	set, err := store.PublishedRules(from.Store.DB(t.Context()), store.RulesScoring)
	if err != nil || set == nil {
		t.Fatalf("no rules: %v", err)
	}
	mustExec(t, from, "update rule_sets set definition = jsonb_set(definition, '{threshold}', '1000') where id = ?", set.ID)
	leadOf := func(address string) uuid.UUID {
		from.Take(testkit.Submit(address))
		var ids []uuid.UUID
		if err := from.Store.DB(t.Context()).Model(&store.LeadAddress{}).Where("address = ?", address).Pluck("lead_id", &ids).Error; err != nil || len(ids) != 1 {
			t.Fatalf("%v, %v", ids, err)
		}
		return ids[0]
	}
	scored := leadOf("scored@archers.example")
	from.Clock.Move(time.Minute)
	if err := from.App.ScoreLeads(t.Context(), []uuid.UUID{scored}); err != nil {
		t.Fatal(err)
	}
	fresh := leadOf("fresh@brewers.example")
	if _, err := from.App.RescoreLeads(t.Context(), operator); err != nil {
		t.Fatal(err)
	}
	file, _ := backup(t, from.App)
	if r := restore(t, to.App, file, false); r.Leads != 2 {
		t.Errorf("%d leads go on, want the one to be scored and the one to be routed", r.Leads)
	}
	to.Clock.Move(from.Clock.Now().Add(time.Hour).Sub(to.Clock.Now()))
	w, err := to.App.StartWorkers(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	for to.Count("select count(*) from river_job where kind in ('lead_score','lead_route','leads_rescore') and state not in ('completed','retryable')") > 0 {
		if err := t.Context().Err(); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, id := range []uuid.UUID{scored, fresh} {
		if n := to.Count("select count(*) from assignments where lead_id = ?", id); n != 1 {
			t.Errorf("%d assignments of a lead that had waited", n)
		}
	}
	if n := to.Count("select count(*) from rescores where state = 'done'"); n != 1 {
		t.Errorf("%d rescorings ended", n)
	}
}
