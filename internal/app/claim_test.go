package app_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/email"
	"github.com/gatehouse/gatehouse/internal/guard"
	"github.com/gatehouse/gatehouse/internal/testkit"
)

var linkPattern = regexp.MustCompile(`/d/([A-Za-z0-9_-]+)`)

// link is the token of the personal page in a mail.
func link(t *testing.T, m email.Message) string {
	t.Helper()
	found := linkPattern.FindStringSubmatch(m.Text)
	if found == nil {
		t.Fatalf("no link in %q", m.Text)
	}
	return found[1]
}

func person() app.Visitor {
	return app.Visitor{Hit: guard.Hit{Method: "POST", UserAgent: "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", AcceptLanguage: "en"}}
}

func as(address, given, family string) app.Submit {
	in := testkit.Submit(address)
	in.Input.Fields["given_name"], in.Input.Fields["family_name"] = given, family
	return in
}

// A claim fills blanks; a person's POST confirms it; a stranger's later claim changes nothing confirmed.
func TestStrangersClaimChangesNothingConfirmed(t *testing.T) {
	k := testkit.New(t)
	ctx := t.Context()
	k.Take(as("ann@example.org", "Ann", "Archer"))
	k.Deliver()
	if _, err := k.App.TakeDocument(ctx, link(t, k.Mail.All()[0]), "download", person()); err != nil {
		t.Fatal(err)
	}
	if n := k.Count("select count(*) from lead_values where current and state = 'confirmed' and field = 'given_name' and value = 'Ann'"); n != 1 {
		t.Fatalf("the person's own claim is not confirmed: %d", n)
	}
	k.Clock.Move(time.Hour)
	stranger := as("ann@example.org", "Mallory", "Malice")
	stranger.Input.Consents["marketing"] = true
	k.Take(stranger)
	if n := k.Count("select count(*) from leads where given_name = 'Ann' and family_name = 'Archer'"); n != 1 {
		t.Error("a stranger's claim replaced a confirmed value")
	}
	if n := k.Count("select count(*) from leads"); n != 1 {
		t.Errorf("%d leads for one address", n)
	}
	k.Clock.Move(time.Hour)
	// The old link again: it confirms its own submission only, not the stranger's consent.
	if _, err := k.App.TakeDocument(ctx, link(t, k.Mail.All()[0]), "download", person()); err != nil {
		t.Fatal(err)
	}
	if n := k.Count("select count(*) from consents where given and state = 'confirmed'"); n != 0 {
		t.Error("a stranger's tick was confirmed by a link that did not tell of it")
	}
	if n := k.Count("select times from downloads"); n != 2 {
		t.Errorf("one person's second download made %d", n)
	}
}

// Who unsubscribed is written to again after a later tick that was confirmed, and after nothing less.
func TestAWithdrawalIsLiftedByALaterConfirmedTickAlone(t *testing.T) {
	k := testkit.New(t)
	ctx := t.Context()
	ticked := func() app.Submit {
		in := testkit.Submit("ann@example.org")
		in.Input.Consents["marketing"] = true
		return in
	}
	press := func(mail int) {
		t.Helper()
		if _, err := k.App.TakeDocument(ctx, link(t, k.Mail.All()[mail]), "download", person()); err != nil {
			t.Fatal(err)
		}
	}
	is := func(want, when string) {
		t.Helper()
		got, err := k.App.Preferences(ctx, preferences(t, k.Mail.All()[0]))
		if err != nil || got != want {
			t.Errorf("%s: %q, want %q, %v", when, got, want, err)
		}
		var csv strings.Builder
		err = k.App.ExportLeads(ctx, &csv, app.LeadFilter{}, nil, byTest, nil)
		if agreed := strings.Contains(csv.String(), ",yes,2026-"); err != nil || agreed != (want == app.ChoiceMarketing) {
			t.Errorf("%s: the export says %v, %v", when, agreed, err)
		}
		k.Clock.Move(24 * time.Hour)
	}
	ask := func(in app.Submit) {
		t.Helper()
		k.Take(in)
		k.Deliver()
	}
	choose := func(choice string) {
		t.Helper()
		if err := k.App.Choose(ctx, preferences(t, k.Mail.All()[0]), choice, "preferences"); err != nil {
			t.Fatal(err)
		}
	}
	ask(ticked())
	is(app.ChoiceRequested, "ticked, not confirmed")
	choose(app.ChoiceRequested)
	is(app.ChoiceRequested, "unsubscribed")
	press(0)
	is(app.ChoiceRequested, "an older tick confirmed")
	ask(ticked())
	is(app.ChoiceRequested, "ticked again, not confirmed")
	press(0)
	is(app.ChoiceRequested, "the old link pressed again")
	press(1)
	is(app.ChoiceMarketing, "the later tick confirmed")
	ask(testkit.Submit("ann@example.org"))
	press(2)
	is(app.ChoiceMarketing, "a box left empty")
	choose(app.ChoiceRequested)
	is(app.ChoiceRequested, "unsubscribed again")
	press(1)
	is(app.ChoiceRequested, "the tick from before that")
	ask(ticked())
	choose(app.ChoiceNever)
	press(3)
	is(app.ChoiceNever, "never, whatever was ticked")
}

// What was typed earlier does not come back because it is worked off later.
func TestAnOlderClaimThatComesLateChangesNothing(t *testing.T) {
	k := testkit.New(t)
	late := robot("ann@example.org")
	late.Input.Fields["given_name"] = "Anne"
	res, err := k.App.SubmitForm(t.Context(), late)
	if err != nil || res.Status != "quarantined" {
		t.Fatalf("%+v, %v", res, err)
	}
	k.Clock.Move(time.Hour)
	k.Take(as("ann@example.org", "Ann", "Archer"))
	if err := k.App.Decide(t.Context(), res.SubmissionID, true, byTest); err != nil {
		t.Fatal(err)
	}
	k.Work()
	if n := k.Count("select count(*) from leads where given_name = 'Ann' and submissions = 2"); n != 1 {
		t.Error("a submission released from quarantine replaced what was typed after it")
	}
	if n := k.Count("select count(*) from lead_values where field = 'given_name' and not current and value = 'Anne'"); n != 1 {
		t.Error("what it said is not kept")
	}
}
