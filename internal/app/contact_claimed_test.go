package app_test

import (
	"testing"
	"time"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/email"
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

// A mail by BCC is held against the policy as well: it stands as beyond, and the manager is told.
func TestCopiesKeepThePolicy(t *testing.T) {
	p := newPost(t)
	ruth := store.Actor{Kind: "user", ID: &p.ruth, Name: "Ruth"}
	send := func(id string) {
		p.comes(email.Inbound{MessageID: id, From: "ruth@gatehouse.example", To: []string{p.box}, Subject: "Hello", Text: "buy"})
		p.Clock.Move(time.Second)
	}
	told := func() [2]int64 {
		return [2]int64{int64(p.Count("select count(*) from activities where beyond = 'do-not-approach' and beyond_reason <> '' and why like 'Do not approach%'")),
			int64(p.Count("select count(*) from alarms where kind = 'beyond-policy'"))}
	}
	send("a@z")
	if got := told(); got != [2]int64{0, 0} {
		t.Fatalf("within the policy: %v", got)
	}
	if err := p.App.BlockApproach(t.Context(), p.ann, "all", "They sued us", ruth); err != nil {
		t.Fatal(err)
	}
	send("b@z")
	if got := told(); got != [2]int64{1, 1} {
		t.Fatalf("beyond it: %v", got)
	}
}
