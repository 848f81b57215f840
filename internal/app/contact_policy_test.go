package app_test

import (
	"strings"
	"testing"
	"time"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/store"
	"github.com/gatehouse/gatehouse/internal/testkit"
)

func (s *selling) chooses(l store.Lead, how string) {
	s.T.Helper()
	var a store.LeadAddress
	db := s.Store.DB(s.T.Context())
	if err := db.Where("lead_id = ?", l.ID).Take(&a).Error; err != nil {
		s.T.Fatal(err)
	}
	if err := db.Exec("update contact_choices set current = false where lead_id = ?", l.ID).Error; err != nil {
		s.T.Fatal(err)
	}
	err := db.Exec(`insert into contact_choices (id, lead_id, address_id, how, slots, tel, page, state, current, at) values (?, ?, ?, ?, '[]', '', 'personal', 'confirmed', true, ?)`,
		store.NewID(), l.ID, a.ID, how, s.Clock.Now()).Error
	if err != nil {
		s.T.Fatal(err)
	}
}

func (s *selling) tel(l store.Lead, tel string) store.Lead {
	s.T.Helper()
	if err := s.Store.DB(s.T.Context()).Exec("update leads set tel = ? where id = ?", tel, l.ID).Error; err != nil {
		s.T.Fatal(err)
	}
	l.Tel = tel
	return l
}

// Every touch is signed and explained; beyond the policy it asks for a reason and the manager is told.
func TestTouchesAreExplained(t *testing.T) {
	s := newSelling(t)
	l := s.tel(s.lead("ann@archer.example"), "+44 20 7946 0000")
	s.assigned(l, s.ana, "accepted")
	act, err := s.App.NoteActivity(t.Context(), app.Note{Lead: l.ID, Text: "called, wants offer by friday"}, s.ana)
	if err != nil || act.Kind != "call" || act.Direction != "out" || act.UserID == nil || *act.UserID != *s.ana.ID || !strings.Contains(act.Why, "8 Questions") || act.AssignmentID == nil {
		t.Fatalf("%+v %v", act, err)
	}
	if _, err := s.App.NoteActivity(t.Context(), app.Note{Lead: l.ID, Text: "called"}, store.Actor{Kind: "system", Name: "nobody"}); errs.CodeOf(err) != errs.Forbidden {
		t.Errorf("nobody signs: %v", err)
	}
	s.Clock.Move(time.Minute)
	s.chooses(l, "mail")
	_, err = s.App.NoteActivity(t.Context(), app.Note{Lead: l.ID, Kind: "call", Text: "once more"}, s.ana)
	if errs.CodeOf(err) != errs.Invalid || errs.Public(err).Fields[0].Field != "reason" {
		t.Fatalf("they chose a mail: %v", err)
	}
	if n := s.Count("select count(*) from alarms where kind = 'beyond-policy'"); n != 0 {
		t.Error("the manager was told of nothing")
	}
	act, err = s.App.NoteActivity(t.Context(), app.Note{Lead: l.ID, Kind: "call", Text: "once more", Reason: "the meeting was moved an hour before"}, s.ana)
	if err != nil || act.Beyond != "choice" || act.BeyondReason == "" {
		t.Fatalf("%+v %v", act, err)
	}
	if n := s.Count("select count(*) from alarms where kind = 'beyond-policy' and sentence like 'Ana %' and sentence not like '%archer%'"); n != 1 {
		t.Error("the manager was not told")
	}
	if _, err := s.App.NoteActivity(t.Context(), app.Note{Lead: l.ID, Kind: "call", Direction: "in", Text: "they called"}, s.ana); err != nil {
		t.Errorf("who calls us may: %v", err)
	}
}

func TestContactPolicyHasAMutant(t *testing.T) {
	s := newSelling(t, testkit.Mutant("no-contact-policy"))
	l := s.lead("ann@archer.example")
	s.chooses(l, "none")
	if _, err := s.App.NoteActivity(t.Context(), app.Note{Lead: l.ID, Kind: "mail", Text: "hello"}, s.ana); err != nil {
		t.Errorf("the mutant asks, too: %v", err)
	}
}

func TestDoNotApproach(t *testing.T) {
	s := newSelling(t)
	l := s.tel(s.lead("ann@archer.example"), "+44 20 7946 0000")
	if err := s.App.BlockApproach(t.Context(), l.ID, "call", "", s.ana); errs.CodeOf(err) != errs.Invalid {
		t.Errorf("without a reason: %v", err)
	}
	if err := s.App.BlockApproach(t.Context(), l.ID, "call", "In mourning", s.ana); err != nil {
		t.Fatal(err)
	}
	al, err := s.App.MayApproach(t.Context(), l.ID, "call")
	if err != nil || al.Verdict != "no" || al.Why != "Do not approach: In mourning (Ana, 3 March 2026)." {
		t.Errorf("%+v %v", al, err)
	}
	if al, _ := s.App.MayApproach(t.Context(), l.ID, "mail"); al.Verdict != "may" {
		t.Errorf("%+v", al)
	}
	var b store.ApproachBlock
	if err := s.Store.DB(t.Context()).Where("lead_id = ?", l.ID).Take(&b).Error; err != nil {
		t.Fatal(err)
	}
	if err := s.App.LiftBlock(t.Context(), l.ID, b.ID, s.ben); err != nil {
		t.Fatal(err)
	}
	if al, _ := s.App.MayApproach(t.Context(), l.ID, "call"); al.Verdict != "may" {
		t.Errorf("%+v", al)
	}
}

// What the lead did not agree to is not planned: neither from a template nor by hand.
func TestPlanKeepsThePolicy(t *testing.T) {
	for mutant, want := range map[string]string{"": "meeting", "plans-the-forbidden": "call mail meeting call"} {
		s := newSelling(t, testkit.Mutant(mutant))
		l := s.lead("ann@archer.example") // left no number
		s.chooses(l, "booking")
		if err := s.Store.DB(t.Context()).Exec(`update plan_templates set steps = '[{"channel":"call","title":"a","days":0},{"channel":"mail","title":"b","days":1},{"channel":"meeting","title":"c","days":2},{"channel":"call","title":"d","days":5}]'`).Error; err != nil {
			t.Fatal(err)
		}
		if err := s.Store.DB(t.Context()).Exec("update leads set tel = ''").Error; err != nil {
			t.Fatal(err)
		}
		if mutant == "" {
			want = "mail meeting"
		}
		s.assigned(l, s.ana, "open")
		var channels []string
		if err := s.Store.DB(t.Context()).Model(&store.Step{}).Order("number").Pluck("channel", &channels).Error; err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(channels, " "); got != want {
			t.Errorf("%q: planned %q, want %q", mutant, got, want)
		}
		if mutant != "" {
			continue
		}
		err := s.App.AddStep(t.Context(), app.StepEdit{Lead: l.ID, Channel: "call", Title: "Call", Due: "2026-03-10"}, s.ana)
		if errs.CodeOf(err) != errs.Invalid || !strings.Contains(errs.Public(err).Fields[0].Message, "cannot be planned") {
			t.Errorf("by hand: %v", err)
		}
		if n := s.Count("select count(*) from plans where jsonb_array_length(left_out) = 2"); n != 1 {
			t.Error("what was left out is not said")
		}
	}
}

func TestSteps(t *testing.T) {
	s := newSelling(t)
	l := s.tel(s.lead("ann@archer.example"), "+44 20 7946 0000")
	s.assigned(l, s.ana, "accepted")
	steps := func() (out []store.Step) {
		if err := s.Store.DB(t.Context()).Order("number").Find(&out).Error; err != nil {
			t.Fatal(err)
		}
		return out
	}
	all := steps()
	if len(all) != 4 || all[0].DueAt.Format("Mon 15") != "Tue 17" || all[1].DueAt.Format("Mon") != "Wed" || all[2].DueAt.Format("2006-01-02") != "2026-03-11" {
		t.Fatalf("%+v", all)
	}
	if err := s.App.DoneStep(t.Context(), l.ID, all[0].ID, 1, "spoke for ten minutes", "", s.ana); err != nil {
		t.Fatal(err)
	}
	if err := s.App.DoneStep(t.Context(), l.ID, all[0].ID, 1, "spoke for ten minutes", "", s.ana); err != nil {
		t.Errorf("a second click: %v", err)
	}
	for _, version := range []int64{1, 2} {
		if err := s.App.DoneStep(t.Context(), l.ID, all[0].ID, version, "me too", "", s.ben); errs.CodeOf(err) != errs.Conflict {
			t.Errorf("done by another one, version %d: %v", version, err)
		}
	}
	if n := s.Count("select count(*) from activities where how = 'step' and kind = 'call' and user_id = ? and why <> '' and text = 'spoke for ten minutes'", *s.ana.ID); n != 1 {
		t.Error("a step that was done is no activity")
	}
	if err := s.App.SkipStep(t.Context(), l.ID, all[1].ID, 7, s.ana); errs.CodeOf(err) != errs.Conflict {
		t.Errorf("an old version: %v", err)
	}
	if err := s.App.SkipStep(t.Context(), l.ID, all[1].ID, 1, s.ana); err != nil {
		t.Fatal(err)
	}
	if err := s.App.EditStep(t.Context(), app.StepEdit{Lead: l.ID, ID: all[1].ID, Version: 2, Channel: "mail", Title: "x", Due: "2026-03-20"}, s.ana); errs.CodeOf(err) != errs.Conflict {
		t.Errorf("a skipped step was changed: %v", err)
	}
	if err := s.App.EditStep(t.Context(), app.StepEdit{Lead: l.ID, ID: all[2].ID, Version: 1, Channel: "mail", Title: "Write instead", Due: "2026-03-20"}, s.ana); err != nil {
		t.Fatal(err)
	}
	if err := s.App.AddStep(t.Context(), app.StepEdit{Lead: l.ID, Channel: "other", Title: "Read their annual report", Due: "2026-03-21"}, s.ana); err != nil {
		t.Fatal(err)
	}
	all = steps()
	if len(all) != 5 || all[2].Title != "Write instead" || all[4].Number != 5 || all[0].ActivityID == nil {
		t.Errorf("%+v", all)
	}
	s.Clock.Move(10 * time.Minute)
	if err := s.App.TakeBackActivity(t.Context(), l.ID, *all[0].ActivityID, s.ben); errs.CodeOf(err) != errs.Conflict {
		t.Errorf("another one took it back: %v", err)
	}
	if err := s.App.TakeBackActivity(t.Context(), l.ID, *all[0].ActivityID, s.ana); err != nil {
		t.Fatal(err)
	}
	if all = steps(); all[0].DoneAt != nil {
		t.Error("the step still counts as done")
	}
	act, err := s.App.NoteActivity(t.Context(), app.Note{Lead: l.ID, Kind: "note", Text: "likes sailing"}, s.ana)
	if err != nil {
		t.Fatal(err)
	}
	s.Clock.Move(16 * time.Minute)
	if err := s.App.TakeBackActivity(t.Context(), l.ID, act.ID, s.ana); errs.CodeOf(err) != errs.Conflict {
		t.Errorf("taken back after its time: %v", err)
	}
}
