package app_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/lead"
	"github.com/gatehouse/gatehouse/internal/pipeline"
	"github.com/gatehouse/gatehouse/internal/store"
	"github.com/gatehouse/gatehouse/internal/testkit"
)

// toEnd runs a job until it is done.
func toEnd(t *testing.T, job func() error) {
	t.Helper()
	for {
		err := job()
		var later *app.Later
		if errors.As(err, &later) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		return
	}
}

func draftOf(t *testing.T, k *testkit.Kit, change func(*lead.ScoreRules)) store.RuleSet {
	t.Helper()
	by := store.Actor{Kind: "system", Name: "test"}
	d, err := k.App.DraftRules(t.Context(), "scoring", nil, by)
	if err != nil {
		t.Fatal(err)
	}
	def := lead.UsualScore()
	change(&def)
	b, _ := json.Marshal(def)
	if err := k.App.SaveDraftRules(t.Context(), "scoring", d.Version, b, "", by); err != nil {
		t.Fatal(err)
	}
	d.Version++
	return d
}

// A rehearsal says who would qualify more or less, by what was known then, and touches nobody.
func TestRehearsal(t *testing.T) {
	k := testkit.New(t)
	by := store.Actor{Kind: "system", Name: "test"}
	director, student := testkit.Submit("ann@archer.example"), testkit.Submit("bob@gmail.com")
	student.Input.Fields["job_title"] = "Student"
	k.Take(director)
	k.Take(student)
	scoreWaiting(k)
	k.Clock.Move(24 * time.Hour)
	// Only now she says that she is a student: then she was none.
	director.Input.Fields["job_title"] = "Student"
	k.Take(director)
	scoreWaiting(k)
	before := k.Count("select count(*) from scores") + k.Count("select count(*) from outbox") + k.Count("select count(*) from river_job") + k.Count("select sum(version) from leads")

	d := draftOf(t, k, func(def *lead.ScoreRules) {
		def.Groups = append(def.Groups[3:], lead.ScoreGroup{Key: "then", Title: "Then", Side: lead.SideFit, Cap: 60_00,
			Rules: []lead.ScoreRule{{Key: "title", Title: "Title", Condition: `job_title == "Managing director"`, Points: 50_00}}})
	})
	r, err := k.App.RehearseRules(t.Context(), "scoring", d.Version, 90, by)
	if err != nil {
		t.Fatal(err)
	}
	toEnd(t, func() error { return k.App.Rehearse(t.Context(), r.ID) })
	got, leads, err := k.App.Rehearsal(t.Context(), r.ID, 1)
	if err != nil || got.State != "done" || got.Done != 2 || got.Total != 2 || got.Result.Events != 3 {
		t.Fatalf("%+v %v", got, err)
	}
	if got.Result.Before != 1 || got.Result.After != 1 || len(leads) != 0 {
		t.Errorf("%+v %+v", got.Result, leads)
	}
	// Again changes nothing.
	toEnd(t, func() error { return k.App.Rehearse(t.Context(), r.ID) })
	again, _, _ := k.App.Rehearsal(t.Context(), r.ID, 1)
	if again.Result.Events != 3 {
		t.Errorf("%+v", again.Result)
	}
	k.Store.DB(t.Context()).Exec("delete from river_job where kind = 'rules_rehearse'")
	after := k.Count("select count(*) from scores") + k.Count("select count(*) from outbox") + k.Count("select count(*) from river_job") + k.Count("select sum(version) from leads")
	if before != after {
		t.Errorf("something was written: %d, then %d", before, after)
	}
}

func TestRehearsalMoreAndFewer(t *testing.T) {
	k := testkit.New(t)
	by := store.Actor{Kind: "system", Name: "test"}
	k.Take(testkit.Submit("ann@archer.example"))
	free := testkit.Submit("bob@gmail.com")
	k.Take(free)
	d := draftOf(t, k, func(def *lead.ScoreRules) {
		def.Groups[0].Rules = []lead.ScoreRule{{Key: "free", Title: "Free mail", Condition: "free_mail", Points: 30_00}}
	})
	r, err := k.App.RehearseRules(t.Context(), "scoring", d.Version, 90, by)
	if err != nil {
		t.Fatal(err)
	}
	toEnd(t, func() error { return k.App.Rehearse(t.Context(), r.ID) })
	got, leads, err := k.App.Rehearsal(t.Context(), r.ID, 1)
	if err != nil || got.Result.More != 1 || got.Result.Fewer != 1 || len(leads) != 2 || leads[1].Email != "ann@archer.example" || leads[1].BeforePoints != 60_00 || leads[0].AfterPoints != 60_00 {
		t.Fatalf("%+v %+v %v", got.Result, leads, err)
	}
	// One that is cancelled stops where it is; a discarded draft takes its rehearsal along.
	r, err = k.App.RehearseRules(t.Context(), "scoring", d.Version, 90, by)
	if err != nil {
		t.Fatal(err)
	}
	if err := k.App.CancelRehearsal(t.Context(), r.ID, by); err != nil {
		t.Fatal(err)
	}
	toEnd(t, func() error { return k.App.Rehearse(t.Context(), r.ID) })
	if got, _, _ := k.App.Rehearsal(t.Context(), r.ID, 1); got.State != "cancelled" || got.Done != 0 {
		t.Errorf("%+v", got)
	}
	if err := k.App.DiscardRules(t.Context(), "scoring", d.Version, by); err != nil {
		t.Fatal(err)
	}
	toEnd(t, func() error { return k.App.Rehearse(t.Context(), r.ID) })
}

func TestRescore(t *testing.T) {
	k := testkit.New(t)
	by := store.Actor{Kind: "system", Name: "test"}
	for i := range 7 {
		k.Take(testkit.Submit(fmt.Sprintf("p%d@archer.example", i)))
	}
	scoreWaiting(k)
	d := draftOf(t, k, func(def *lead.ScoreRules) { def.Groups[0].Rules[0].Points = 7_00 })
	if _, err := k.App.PublishRules(t.Context(), "scoring", d.Version, by); err != nil {
		t.Fatal(err)
	}
	if n := k.Count("select count(*) from scores where rule_set_id = ?", d.ID); n != 0 {
		t.Errorf("%d scored anew by themselves", n)
	}
	r, err := k.App.RescoreLeads(t.Context(), by)
	if err != nil || r.Total != 7 {
		t.Fatalf("%+v %v", r, err)
	}
	if again, err := k.App.RescoreLeads(t.Context(), by); err != nil || again.ID != r.ID {
		t.Fatalf("a second one: %v", err)
	}
	toEnd(t, func() error { return k.App.Rescore(t.Context(), r.ID) })
	last, err := k.App.LastRescore(t.Context())
	if err != nil || last.State != "done" || last.Done != 7 {
		t.Fatalf("%+v %v", last, err)
	}
	if n := k.Count("select count(*) from scores where rule_set_id = ? and fit = 3700", d.ID); n != 7 {
		t.Errorf("%d scored anew", n)
	}
	if err := k.App.CancelRescore(t.Context(), uuid.New(), by); err != nil {
		t.Error(err)
	}
}

// What each owner would have got: in turn, under both, with nothing written.
func TestRehearsalOwners(t *testing.T) {
	f := newFloor(t, 3)
	by := store.Actor{Kind: "system", Name: "test"}
	for i := range 12 {
		f.lead(i)
	}
	free := testkit.Submit("bob@gmail.com") // a director, but from a free-mail address
	f.Take(free)
	d := draftOf(t, f.Kit, func(def *lead.ScoreRules) {
		def.Groups[0].Rules[0].Condition = `free_mail or company_domain == "company3.example"`
		def.Threshold = 50_00
	})
	r, err := f.App.RehearseRules(t.Context(), "scoring", d.Version, 30, by)
	if err != nil {
		t.Fatal(err)
	}
	toEnd(t, func() error { return f.App.Rehearse(t.Context(), r.ID) })
	got, leads, err := f.App.Rehearsal(t.Context(), r.ID, 1)
	if err != nil || got.State != "done" || !got.Result.Routed {
		t.Fatalf("%+v %v", got, err)
	}
	x := got.Result
	if x.Before != 12 || x.After != 2 || x.More != 1 || x.Fewer != 11 || x.Owners0["Ana"] != 4 || x.Owners0["Ben"] != 4 || x.Owners0["Cleo"] != 4 {
		t.Errorf("%+v", x)
	}
	if x.Owners["Ana"] != 1 || x.Owners["Ben"]+x.Owners["Cleo"] != 1 {
		t.Errorf("%+v", x.Owners)
	}
	if len(leads) != 12 { // one stays, with whoever comes first
		t.Errorf("%d leads: %+v", len(leads), leads)
	}
	if n := f.Count("select count(*) from assignments") + f.Count("select count(*) from rotation_places"); n != 0 {
		t.Errorf("%d rows were written", n)
	}
}

// A draft of routing rules changes who gets a lead, not who qualifies.
func TestRehearsalOfRouting(t *testing.T) {
	f := newFloor(t, 3)
	by := store.Actor{Kind: "system", Name: "test"}
	for i := range 6 {
		f.lead(i)
	}
	d, err := f.App.DraftRules(t.Context(), "routing", nil, by)
	if err != nil {
		t.Fatal(err)
	}
	b, _ := json.Marshal(pipeline.Routing{Existing: pipeline.ExistingLead, Rules: []pipeline.RouteRule{{Key: "ana", Title: "All to Ana", Person: &f.people[0].ID}}})
	if err := f.App.SaveDraftRules(t.Context(), "routing", d.Version, b, "", by); err != nil {
		t.Fatal(err)
	}
	r, err := f.App.RehearseRules(t.Context(), "routing", d.Version+1, 30, by)
	if err != nil {
		t.Fatal(err)
	}
	toEnd(t, func() error { return f.App.Rehearse(t.Context(), r.ID) })
	got, leads, err := f.App.Rehearsal(t.Context(), r.ID, 1)
	if err != nil || got.State != "done" {
		t.Fatalf("%+v %v", got, err)
	}
	if x := got.Result; x.More+x.Fewer != 0 || x.Before != 6 || x.Moved != 4 || x.Owners["Ana"] != 6 || x.Owners0["Ana"] != 2 || len(leads) != 4 {
		t.Errorf("%+v %d leads", x, len(leads))
	}
}

// A lead that cannot be scored is set aside, counted and named; the rest goes on, and the log names nobody.
func TestRescoreSetsAsideWhatFails(t *testing.T) {
	for _, why := range []string{"the database refuses it", "the program panics at it"} {
		t.Run(why, func(t *testing.T) {
			panics := why == "the program panics at it"
			k := testkit.New(t, testkit.Mutant(map[bool]string{true: "score-panics"}[panics]))
			by := store.Actor{Kind: "system", Name: "test"}
			for i := range 6 {
				k.Take(testkit.Submit(fmt.Sprintf("p%d@archer.example", i)))
			}
			scoreWaiting(k)
			bad, _, err := k.Store.LeadByAddress(t.Context(), "p3@archer.example")
			if err != nil {
				t.Fatal(err)
			}
			if panics {
				mustExec(t, k, "update leads set company = 'Panic & Sons' where id = ?", bad.ID)
			} else {
				mustExec(t, k, "alter table scores add constraint of_the_test check (lead_id <> '"+bad.ID.String()+"'::uuid) not valid")
			}
			d := draftOf(t, k, func(def *lead.ScoreRules) { def.Groups[0].Rules[0].Points = 7_00 })
			if _, err := k.App.PublishRules(t.Context(), "scoring", d.Version, by); err != nil {
				t.Fatal(err)
			}
			r, err := k.App.RescoreLeads(t.Context(), by)
			if err != nil {
				t.Fatal(err)
			}
			toEnd(t, func() error { return k.App.Rescore(t.Context(), r.ID) })
			last, err := k.App.LastRescore(t.Context())
			if err != nil || last.State != "done" || last.Done != 6 || last.Failed != 1 || len(last.SetAside) != 1 || last.SetAside[0] != bad.ID {
				t.Fatalf("%+v %v", last, err)
			}
			if n := k.Count("select count(*) from scores where rule_set_id = ? and fit = 3700", d.ID); n != 5 {
				t.Errorf("%d of the other five scored anew", n)
			}
			if log := k.Log.String(); !strings.Contains(log, bad.ID.String()) || strings.Contains(log, "Panic & Sons") || strings.Contains(log, "p3@archer") {
				t.Errorf("the log says %s", log)
			}
		})
	}
}
