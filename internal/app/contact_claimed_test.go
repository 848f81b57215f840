package app_test

import (
	"strings"
	"testing"
	"time"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/email"
	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/lead"
	"github.com/gatehouse/gatehouse/internal/pipeline"
	"github.com/gatehouse/gatehouse/internal/store"
	"github.com/gatehouse/gatehouse/internal/testkit"
)

// A question asked in somebody's name, which nobody confirmed, does not open what that person closed.
func TestClaimedQuestionOpensNothing(t *testing.T) {
	k := testkit.New(t)
	newReader(t, k, "ann@example.org")
	choose(t, k, mailed(t, k), app.ContactWish{How: lead.ByMail})
	mustExec(t, k, "update leads set tel = '+442079460018'")
	var l store.Lead
	if err := k.Store.DB(t.Context()).Take(&l).Error; err != nil {
		t.Fatal(err)
	}
	k.Clock.Move(25 * time.Hour)
	stranger := newReader(t, k, "ann@example.org")
	if err := k.App.AskAuthor(t.Context(), stranger.thanks, person(), "Call me?"); err != nil {
		t.Fatal(err)
	}
	if al, err := k.App.MayApproach(t.Context(), l.ID, pipeline.Call); err != nil || al.Beyond != pipeline.BeyondChoice {
		t.Fatalf("claimed: %+v, %v", al, err)
	}
	mustExec(t, k, "update sayings set state = 'confirmed', confirmed_at = at")
	if al, err := k.App.MayApproach(t.Context(), l.ID, pipeline.Call); err != nil || al.Beyond == pipeline.BeyondChoice {
		t.Fatalf("confirmed: %+v, %v", al, err)
	}
}

// Only an answer whose sender was verified starts the count of touches anew, and what follows it counts again.
func TestAnswersStartTheCountAnew(t *testing.T) {
	p := newPost(t)
	ruth := store.Actor{Kind: "user", ID: &p.ruth, Name: "Ruth"}
	mails := func() {
		t.Helper()
		for range 4 {
			if _, err := p.App.NoteActivity(t.Context(), app.Note{Lead: p.ann, Kind: "mail", Text: "x", Reason: "y"}, ruth); err != nil {
				t.Fatal(err)
			}
		}
		p.Clock.Move(time.Second)
	}
	beyond := func(when, want string) {
		t.Helper()
		if al, err := p.App.MayApproach(t.Context(), p.ann, pipeline.Mail); err != nil || al.Beyond != want {
			t.Fatalf("%s: %+v, %v", when, al, err)
		}
	}
	mails()
	p.comes(email.Inbound{MessageID: "a@z", From: "ann@example.org", To: []string{p.box}, Text: "hello", Proof: email.Unproved})
	p.Clock.Move(time.Second)
	beyond("an answer that nobody verified", pipeline.BeyondTouches)
	p.comes(email.Inbound{MessageID: "b@z", From: "ann@example.org", To: []string{p.box}, Text: "hello"})
	p.Clock.Move(time.Second)
	beyond("an answer", "")
	mails()
	beyond("four mails after the answer", pipeline.BeyondTouches)
}

// Whoever asks to be called on the page after a form may have typed anybody's number: a call may be planned, and waits until
// the person at the mailbox has acted. A number that the form left may be called, and the page says that nobody confirmed it.
func TestClaimedCallWaitsForItsNumber(t *testing.T) {
	for mutant, want := range map[string]string{"": pipeline.BeyondClaim, "claim-permits": ""} {
		s := newSelling(t, testkit.Mutant(mutant))
		r := newReader(t, s.Kit, "ann@example.org")
		s.Clock.Move(2 * time.Hour) // noon in London, and no time of those that are named
		choose(t, s.Kit, r.thanks, app.ContactWish{How: lead.ByCall, Tel: "+44 20 7946 0018", Zone: "Europe/London", Words: "any time"})
		var l store.Lead
		if err := s.Store.DB(t.Context()).Take(&l).Error; err != nil {
			t.Fatal(err)
		}
		may := func(channel string) pipeline.Allowance {
			t.Helper()
			al, err := s.App.MayApproach(t.Context(), l.ID, channel)
			if err != nil {
				t.Fatal(err)
			}
			return al
		}
		if al := may(pipeline.Call); al.Beyond != want || mutant == "" && al.Verdict != pipeline.Later {
			t.Fatalf("%q: %+v", mutant, al)
		}
		if mutant != "" {
			continue
		}
		if al := may(pipeline.Mail); al.Verdict != pipeline.May {
			t.Errorf("a mail: %+v", al)
		}
		s.assigned(l, s.ana, "open")
		if n := s.Count("select count(*) from steps where channel = 'call'"); n == 0 {
			t.Error("the call that was asked for is not planned")
		}
		if _, err := s.App.NoteActivity(t.Context(), app.Note{Lead: l.ID, Kind: "call", Text: "called"}, s.ana); errs.CodeOf(err) != errs.Invalid {
			t.Errorf("a call to anybody's number asks for no reason: %v", err)
		}
		s.tel(l, "+442079460019") // left with a form
		if al := may(pipeline.Call); al.Verdict != pipeline.May || !strings.Contains(al.Why, "not yet confirmed") || !strings.Contains(al.Why, "call the one that we know") {
			t.Errorf("on the form's number: %+v", al)
		}
		s.tel(l, "+442079460018")
		if al := may(pipeline.Call); al.Verdict != pipeline.May || strings.Contains(al.Why, "another one") {
			t.Errorf("on the same number: %+v", al)
		}
		s.tel(l, "")
		r.ours(mailed(t, s.Kit), 1, true) // the person at the mailbox acts on the mail
		if al := may(pipeline.Call); al.Verdict != pipeline.May || !strings.HasPrefix(al.Why, "They asked for a call") {
			t.Errorf("confirmed: %+v", al)
		}
	}
}

// A time or a zone that nobody confirmed lets nobody be called at night.
func TestClaimedTimesOpenNoNight(t *testing.T) {
	s := newSelling(t)
	r := newReader(t, s.Kit, "ann@example.org")
	var l store.Lead
	if err := s.Store.DB(t.Context()).Take(&l).Error; err != nil {
		t.Fatal(err)
	}
	s.tel(l, "+442079460018")
	night := []app.SlotWish{{Day: "2026-03-04", From: "22:00", Until: "23:00"}, {Day: "2026-03-05", From: "22:00", Until: "23:00"}}
	choose(t, s.Kit, r.thanks, app.ContactWish{How: lead.ByCall, Tel: "+44 20 7946 0018", Zone: "Europe/London", Slots: night})
	s.Clock.Move(time.Date(2026, 3, 4, 22, 30, 0, 0, time.UTC).Sub(s.Clock.Now()))
	if al, err := s.App.MayApproach(t.Context(), l.ID, pipeline.Call); err != nil || al.Beyond != pipeline.BeyondQuiet {
		t.Errorf("claimed: %+v, %v", al, err)
	}
	mustExec(t, s.Kit, "update contact_choices set state = 'confirmed', confirmed_at = at")
	if al, err := s.App.MayApproach(t.Context(), l.ID, pipeline.Call); err != nil || al.Beyond != "" {
		t.Errorf("confirmed: %+v, %v", al, err)
	}
	s.Clock.Move(time.Date(2026, 3, 6, 12, 0, 0, 0, time.UTC).Sub(s.Clock.Now())) // the times are over
	mustExec(t, s.Kit, "update contact_choices set state = 'claimed', confirmed_at = null, slots = replace(slots::text, 'Europe/London', 'Asia/Tokyo')::jsonb")
	if al, err := s.App.MayApproach(t.Context(), l.ID, pipeline.Call); err != nil || al.Beyond != pipeline.BeyondQuiet || !strings.Contains(al.Why, "21:00 in the time zone that was typed") {
		t.Errorf("a claimed zone restricts: %+v, %v", al, err)
	}
	s.Clock.Move(time.Date(2026, 3, 6, 3, 0, 0, 0, time.UTC).Sub(s.Clock.Now()))
	if al, err := s.App.MayApproach(t.Context(), l.ID, pipeline.Call); err != nil || al.Beyond != pipeline.BeyondQuiet || !strings.Contains(al.Why, "03:00 where they are") {
		t.Errorf("a claimed zone opens the night: %+v, %v", al, err)
	}
}
