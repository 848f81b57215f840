package app_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/lead"
	"github.com/gatehouse/gatehouse/internal/pipeline"
	"github.com/gatehouse/gatehouse/internal/store"
	"github.com/gatehouse/gatehouse/internal/testkit"
)

// What binds sales is what scoring looks at: a stranger's "call me" does not outweigh the reader's own "not at all".
func TestAStrangersChoiceDoesNotQualify(t *testing.T) {
	k := testkit.New(t)
	newReader(t, k, "ann@gmail.com")
	choose(t, k, mailed(t, k), app.ContactWish{How: lead.ByNobody})
	k.Clock.Move(time.Hour)
	choose(t, k, thanksOf(k.Take(as("ann@gmail.com", "Mallory", "Malice"))), call)
	scoreWaiting(k)
	if s, _ := scoreOf(k, "ann@gmail.com"); s.QualifiedAt != nil || s.Why != "chose not to be contacted" {
		t.Errorf("qualified %v, %q", s.QualifiedAt, s.Why)
	}
}

// Publishing holds for whoever does something from then on: the daily melting of points asks no rule.
func TestPublishedRulesDoNotReachWhoDoesNothing(t *testing.T) {
	k := testkit.New(t)
	in := testkit.Submit("bob@archer.example")
	in.Input.Fields["job_title"] = "Clerk"
	k.Take(in)
	scoreWaiting(k)
	d := draftOf(t, k, func(def *lead.ScoreRules) { def.Threshold = 20_00 })
	if _, err := k.App.PublishRules(t.Context(), "scoring", d.Version, store.Actor{Kind: "system", Name: "test"}); err != nil {
		t.Fatal(err)
	}
	before, _ := scoreOf(k, "bob@archer.example")
	k.Clock.Move(25 * time.Hour)
	if err := k.App.Tidy(t.Context()); err != nil {
		t.Fatal(err)
	}
	after, _ := scoreOf(k, "bob@archer.example")
	if after.QualifiedAt != nil || after.RuleSetID != before.RuleSetID || after.Engagement >= before.Engagement || k.Count("select count(*) from river_job where kind = 'lead_route'") != 0 {
		t.Errorf("before %+v, after %+v", before, after)
	}
	k.Take(in) // now he does something
	scoreWaiting(k)
	if s, _ := scoreOf(k, "bob@archer.example"); s.QualifiedAt == nil {
		t.Error("the published rules do not hold for somebody who came back")
	}
}

// A question that sales has dealt with does not send the lead there again.
func TestAnOldQuestionDoesNotQualifyAgain(t *testing.T) {
	f := newFloor(t, 1)
	in := testkit.Submit("bob@gmail.com")
	in.Input.Fields["job_title"] = "Student"
	first := f.Take(in)
	l, _, err := f.Store.LeadByAddress(t.Context(), "bob@gmail.com")
	f.ok(err)
	f.ok(f.App.AskAuthor(t.Context(), thanksOf(first), person(), "May I cite this in my thesis?"))
	scoreWaiting(f.Kit)
	f.route(l.ID)
	as := f.held(l.ID)
	f.ok(f.App.ReturnLead(t.Context(), as.ID, 0, "no-need", "", by(f.owner(as))))
	f.Clock.Move(200 * 24 * time.Hour)
	again := f.Take(in)
	scoreWaiting(f.Kit)
	if s, _ := scoreOf(f.Kit, "bob@gmail.com"); s.QualifiedAt != nil && s.QualifiedAt.After(as.At) && s.QualifiedAt.Equal(f.Clock.Now()) {
		t.Errorf("qualified again, since %q", s.Why)
	}
	f.Clock.Move(time.Minute)
	f.ok(f.App.AskAuthor(t.Context(), thanksOf(again), person(), "And this?"))
	scoreWaiting(f.Kit)
	if s, _ := scoreOf(f.Kit, "bob@gmail.com"); s.QualifiedAt == nil || !s.QualifiedAt.Equal(f.Clock.Now()) || s.Why != "asked the author" {
		t.Errorf("a new question does not: %v, %q", s.QualifiedAt, s.Why)
	}
}

// One time that a lead qualified is one case, however many hands it went through.
func TestOneCaseForALeadThatWasHandedOn(t *testing.T) {
	f := newFloor(t, 2)
	id := f.lead(1)
	f.route(id)
	as := f.held(id)
	f.ok(f.App.AcceptLead(t.Context(), as.ID, 0, by(f.people[0])))
	f.Clock.Move(time.Hour)
	f.ok(f.App.ReassignLead(t.Context(), as.ID, 0, f.people[1].ID, "x", by(f.admin)))
	got, err := f.App.TrialOfScore(t.Context(), f.Clock.Now().AddDate(-1, 0, 0), app.Sight{})
	f.ok(err)
	if got.All.Cases != 1 || got.All.Accepted != 1 || !got.Cases[0].At.Equal(as.At) {
		t.Errorf("%+v, at %v", got.All, got.Cases[0].At)
	}
}

// A rehearsal knows who had a lead or its company before, as routing does.
func TestARehearsalKnowsExistingOwners(t *testing.T) {
	f := newFloor(t, 3)
	act := store.Actor{Kind: "system", Name: "test"}
	cleo := f.people[2]
	f.Take(testkit.Submit("old@acme.example"))
	old, _, err := f.Store.LeadByAddress(t.Context(), "old@acme.example")
	f.ok(err)
	f.ok(f.Store.DB(t.Context()).Exec("update leads set owner_id = ? where id = ?", cleo.ID, old.ID).Error)
	f.Clock.Move(100 * 24 * time.Hour)
	f.Take(testkit.Submit("new@acme.example"))
	d := draftOf(t, f.Kit, func(def *lead.ScoreRules) { def.Threshold = 20_00 })
	r, err := f.App.RehearseRules(t.Context(), "scoring", d.Version, 30, act)
	f.ok(err)
	toEnd(t, func() error { return f.App.Rehearse(t.Context(), r.ID) })
	got, _, err := f.App.Rehearsal(t.Context(), r.ID, 1)
	f.ok(err)
	if got.Result.Owners[cleo.Name] != 1 {
		t.Errorf("the company's owner got %v", got.Result.Owners)
	}

	routing := pipeline.Routing{Existing: pipeline.ExistingNone, Rules: []pipeline.RouteRule{{Key: "own", Title: "Owned", When: `owner == "` + cleo.Email + `"`, Person: &cleo.ID}, {Key: "all", Title: "All", Person: &f.people[0].ID}}}
	raw, err := json.Marshal(routing)
	f.ok(err)
	if _, err := f.App.PublishRules(t.Context(), "scoring", d.Version, act); err != nil {
		t.Fatal(err)
	}
	rd, err := f.App.DraftRules(t.Context(), "routing", nil, act)
	f.ok(err)
	f.ok(f.App.SaveDraftRules(t.Context(), "routing", rd.Version, raw, "", act))
	r, err = f.App.RehearseRules(t.Context(), "routing", rd.Version+1, 30, act)
	f.ok(err)
	toEnd(t, func() error { return f.App.Rehearse(t.Context(), r.ID) })
	got, _, err = f.App.Rehearsal(t.Context(), r.ID, 1)
	f.ok(err)
	if got.Result.Owners[cleo.Name] != 1 {
		t.Errorf("a rule on the owner gave %v", got.Result.Owners)
	}
}

// Each time that somebody came back is known with its time: what is replayed as of a day does not change later.
func TestReturnsAreKnownWithTheirTimes(t *testing.T) {
	k := testkit.New(t)
	k.Take(testkit.Submit("ann@archer.example"))
	k.Deliver()
	l, _, err := k.Store.LeadByAddress(t.Context(), "ann@archer.example")
	if err != nil {
		t.Fatal(err)
	}
	returns := func() (at []time.Time) {
		t.Helper()
		records, err := store.ReadLeadRecords(k.Store.DB(t.Context()), []uuid.UUID{l.ID}, false)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range records[0].Events {
			if e.Kind == lead.EventReturn {
				at = append(at, e.At)
			}
		}
		return at
	}
	began := k.Clock.Now()
	for _, step := range []struct {
		later time.Duration
		want  int
	}{{0, 0}, {24 * time.Hour, 1}, {time.Minute, 1}, {48 * time.Hour, 2}} {
		k.Clock.Move(step.later)
		if _, err := k.App.TakeDocument(t.Context(), mailedToken(t, k.Mail.All()[0]), "read", person()); err != nil {
			t.Fatal(err)
		}
		if got := returns(); len(got) != step.want {
			t.Errorf("after %v: %v", k.Clock.Now().Sub(began), got)
		}
	}
	if got := returns(); !got[0].Equal(began.Add(24 * time.Hour)) {
		t.Errorf("the first return moved to %v", got[0])
	}
}
