package app_test

import (
	"regexp"
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

// What a machine does to a link counts for nothing.
func TestMachinesAreNotPeople(t *testing.T) {
	k := testkit.New(t)
	ctx := t.Context()
	k.Take(testkit.Submit("ann@example.org"))
	k.Deliver()
	token := link(t, k.Mail.All()[0])
	o, err := k.App.OpenGrant(ctx, token)
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range []guard.Hit{
		{Method: "GET", UserAgent: "Mozilla/5.0 (Windows NT 10.0) Chrome/141.0", AcceptLanguage: "en", FetchUser: "?1"},
		{Method: "HEAD", UserAgent: "Mozilla/5.0 (Windows NT 10.0) Chrome/141.0"},
		{Method: "GET", UserAgent: "Barracuda Sentinel (EE)"},
		{Method: "GET", UserAgent: "Mozilla/5.0 Chrome/141.0", Purpose: "prefetch"},
		{Method: "GET", UserAgent: "Mozilla/5.0 Chrome/141.0", Range: "bytes=0-1"},
	} {
		if err := k.App.SeeHit(ctx, o.Grant.ID, "view", app.Visitor{Hit: h}); err != nil {
			t.Fatal(err)
		}
	}
	machine := app.Visitor{Hit: guard.Hit{Method: "POST", UserAgent: "Barracuda Sentinel (EE)"}}
	if _, err := k.App.TakeDocument(ctx, token, "download", machine); err != nil {
		t.Fatalf("a machine is refused the file: %v", err)
	}
	if n := k.Count("select count(*) from hits"); n != 6 {
		t.Errorf("%d raw hits kept, want 6", n)
	}
	for what, sql := range map[string]string{
		"downloads": "select count(*) from downloads", "confirmed addresses": "select count(*) from lead_addresses where confirmed_at is not null",
		"confirmed values": "select count(*) from lead_values where state = 'confirmed'", "human hits": "select count(*) from hits where label = 'human'",
	} {
		if n := k.Count(sql); n != 0 {
			t.Errorf("machines made %d %s", n, what)
		}
	}
}

// The mutant "machines-are-people" must be caught by the test above: here its effect is shown.
func TestMutantMachinesArePeople(t *testing.T) {
	k := testkit.New(t, func(o *app.Options) { o.Mutant = "machines-are-people" })
	k.Take(testkit.Submit("ann@example.org"))
	k.Deliver()
	machine := app.Visitor{Hit: guard.Hit{Method: "POST", UserAgent: "Barracuda Sentinel (EE)"}}
	if _, err := k.App.TakeDocument(t.Context(), link(t, k.Mail.All()[0]), "download", machine); err != nil {
		t.Fatal(err)
	}
	if n := k.Count("select count(*) from downloads"); n != 1 {
		t.Error("the mutant does not break what the test checks")
	}
}
