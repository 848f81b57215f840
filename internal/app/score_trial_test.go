package app_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/store"
	"github.com/gatehouse/gatehouse/internal/testkit"
)

func TestTells(t *testing.T) {
	for _, c := range []struct {
		k, n, k0, n0 int
		want         string
	}{
		{18, 20, 2, 20, "more"}, {2, 20, 18, 20, "less"}, {10, 20, 10, 20, ""}, {19, 19, 0, 100, "few"}, {90, 100, 0, 19, "few"}, {11, 20, 9, 20, ""}, {0, 0, 0, 0, "few"},
		{600, 1000, 500, 1000, "more"},
	} {
		if got := app.Tells(c.k, c.n, c.k0, c.n0); got != c.want {
			t.Errorf("%+v: %q", c, got)
		}
	}
}

// What was known when the lead was assigned is on trial, not what became known later.
func TestScoreOnTrial(t *testing.T) {
	k := testkit.New(t)
	db := k.Store.DB(t.Context())
	owner := store.NewID()
	if err := db.Create(&store.User{ID: owner, Email: "sales@archer.example", Name: "Sales", Role: "sales", Version: 1, CreatedAt: k.Clock.Now()}).Error; err != nil {
		t.Fatal(err)
	}
	trial := func() app.ScoreTrial {
		t.Helper()
		got, err := k.App.TrialOfScore(t.Context(), k.Clock.Now().AddDate(-1, 0, 0), app.Sight{})
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	if got := trial(); got.All.Cases != 0 || got.Rules == nil {
		t.Fatalf("%+v", got.All)
	}
	for i := range 44 {
		in := testkit.Submit(fmt.Sprintf("p%d@archer%d.example", i, i))
		state, accepted := "accepted", any(k.Clock.Now().Add(time.Hour))
		var closed any
		if i%2 == 1 {
			in.Input.Fields["job_title"] = "Student"
			state, accepted, closed = "returned", nil, k.Clock.Now().Add(time.Hour)
		}
		k.Take(in)
		l, _, err := k.Store.LeadByAddress(t.Context(), in.Input.Fields["email"])
		if err != nil {
			t.Fatal(err)
		}
		err = db.Exec(`insert into assignments (id, lead_id, owner_id, rule_key, how, reason, reason_data, state, period, at, clock_from, first_response_kind, close_reason, close_note, version, accepted_at, closed_at)
			values (?, ?, ?, '', 'rule', '', '{}', ?, '2026-03-01', ?, ?, '', '', '', 1, ?, ?)`, store.NewID(), l.ID, owner, state, k.Clock.Now(), k.Clock.Now(), accepted, closed).Error
		if err != nil {
			t.Fatal(err)
		}
	}
	k.Clock.Move(48 * time.Hour)
	promoted := testkit.Submit("p1@archer1.example") // a director by now
	k.Take(promoted)
	got := trial()
	if got.All != (app.Tally{Cases: 44, Accepted: 22}) {
		t.Fatalf("%+v", got.All)
	}
	if g := got.Grades["A3"]; g.Cases != 22 || g.Accepted != 22 {
		t.Errorf("%+v", got.Grades)
	}
	for _, r := range got.ByRule {
		tells := app.Tells(r.With.Accepted, r.With.Cases, r.Without.Accepted, r.Without.Cases)
		want := map[string]string{"decides": "more", "student": "less"}[r.Key]
		if want == "" {
			want = "few" // all have it, or none
		}
		if tells != want || r.With.Cases+r.Without.Cases != 44 {
			t.Errorf("%s: %q, not %q: %+v", r.Key, tells, want, r)
		}
	}
}
