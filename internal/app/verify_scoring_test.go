package app_test

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/testkit"
)

func TestVerifyScoring(t *testing.T) {
	k := testkit.New(t)
	for _, who := range []string{"ann@archer.example", "bob@gmail.com"} {
		k.Take(testkit.Submit(who))
	}
	parts := func() map[string]int {
		t.Helper()
		r, err := k.App.Verify(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		out := map[string]int{}
		for _, l := range r.Counts {
			for _, p := range l.Parts {
				out[l.What+": "+p.Name] = p.N
			}
		}
		return out
	}
	expect := func(what string, want map[string]int) {
		t.Helper()
		got := parts()
		for name, n := range want {
			if got[name] != n {
				t.Errorf("%s: %q is %d, not %d", what, name, got[name], n)
			}
		}
	}
	expect("before", map[string]int{"leads to score: waits to be scored": 2, "leads to score: without a score": 0})
	k.Clock.Move(2 * time.Minute)
	if n := scoreWaiting(k); n != 2 {
		t.Fatalf("%d jobs", n)
	}
	expect("after", map[string]int{"leads to score: scored": 2, "scores: the sum of its lines": 2, "scores: differs": 0, "qualified leads: waits for an owner": 1})
	db := k.Store.DB(t.Context())
	db.Exec("delete from river_job")
	k.Clock.Move(2 * time.Minute)
	expect("nobody routes", map[string]int{"qualified leads: without an owner": 1})
	db.Exec("update score_lines set points = points + 1 where number = 1")
	expect("a line was changed", map[string]int{"scores: differs": 2})
	db.Exec("delete from score_lines")
	db.Exec("delete from scores")
	expect("scores are gone", map[string]int{"leads to score: without a score": 2})
	db.Exec("update rule_sets set state = 'retired', retired_at = now() where kind = 'scoring'")
	expect("no rules", map[string]int{"leads to score: no rules are published": 2})
}

// A score that is not the sum of its lines is found, whatever made it so.
func TestScoreIsTheSumOfItsLines(t *testing.T) {
	for mutant, want := range map[string]int{"": 0, "score-without-lines": 1} {
		k := testkit.New(t, testkit.Mutant(mutant))
		k.Take(testkit.Submit("ann@archer.example"))
		scoreWaiting(k)
		r, err := k.App.Verify(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		found := 0
		for _, x := range r.Unexplained {
			if x.Kind == "scores" {
				found++
			}
		}
		if found != want {
			t.Errorf("mutant %q: %d scores that do not add up, not %d", mutant, found, want)
		}
	}
}

// The time of one lead, from what is known to what it scores.
func BenchmarkScoreOneLead(b *testing.B) {
	k := testkit.New(b)
	k.Take(testkit.Submit("ann@archer.example"))
	var ids []uuid.UUID
	if err := k.Store.DB(b.Context()).Raw("select id from leads").Scan(&ids).Error; err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		b.StopTimer()
		k.Store.DB(b.Context()).Exec("delete from score_lines")
		k.Store.DB(b.Context()).Exec("delete from scores")
		b.StartTimer()
		if err := k.App.ScoreLeads(b.Context(), ids); err != nil {
			b.Fatal(err)
		}
	}
}
