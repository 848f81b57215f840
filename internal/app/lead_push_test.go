package app_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/store"
	"github.com/gatehouse/gatehouse/internal/testkit/crmtest"
)

func TestAWebhookHearsOfASubmissionOnce(t *testing.T) {
	d := crmtest.Receiver(t)
	c := newConnected(t, d)
	c.lead("before@example.org") // nobody listened: not even written down
	if n := c.Count("select count(*) from outbox where type = 'submission.processed'"); n != 0 {
		t.Errorf("%d events without a listener", n)
	}
	id := c.webhook(d)
	c.lead("ann@example.org")
	d.Once(crmtest.CutAfter)
	c.push(id)
	if n := c.pushes(id, app.PushWaiting); n != 1 {
		t.Fatalf("%d wait after an answer was lost", n)
	}
	c.Clock.Move(2 * time.Minute)
	c.push(id)
	posts := d.Live("posts")
	if len(posts) != 2 || posts[0].Props["id"] != posts[1].Props["id"] || posts[0].Props["body"] != posts[1].Props["body"] {
		t.Fatalf("every retry has the same id and says the same: %d posts", len(posts))
	}
	var body struct {
		Type string
		Data struct {
			Lead struct{ Email, Company, Consent string }
		}
	}
	if err := json.Unmarshal([]byte(posts[0].Props["body"].(string)), &body); err != nil || body.Type != "submission.processed" || body.Data.Lead.Email != "ann@example.org" || body.Data.Lead.Company == "" {
		t.Errorf("%v %+v", err, body)
	}
	c.push(id)
	if n := len(d.Live("posts")); n != 2 {
		t.Errorf("%d posts in the end", n)
	}
	c.explained()
}

func TestHubSpotHoldsOneOfEachAndHearsWhatTheySaid(t *testing.T) {
	d := crmtest.HubSpot(t, nil)
	c := newConnected(t, d)
	id := c.hubspot(d)
	l := c.lead("nobody@example.org") // asked for it, and is no lead for sales
	c.push(id)
	if n := len(d.Requests()); n != 0 {
		t.Errorf("%d requests about somebody who is no lead", n)
	}
	deal := c.deal("ann@example.org", c.ana)
	c.say(store.Lead{ID: deal.LeadID}, "What does it cost?")
	ours := c.ours(deal.LeadID)
	c.push(id)
	c.push(id)
	contacts, deals := d.Live("contacts"), d.Live("deals")
	if len(contacts) != 1 || len(deals) != 1 {
		t.Fatalf("%d contacts, %d deals", len(contacts), len(deals))
	}
	p := contacts[0].Props
	if p["hubspot_owner_id"] != "7" || p["gatehouse_key"] != deal.LeadID.String() || !strings.Contains(fmt.Sprint(p["gatehouse_said"]), "What does it cost?") || p["gatehouse_consent"] == nil {
		t.Errorf("%v", p)
	}
	if said := fmt.Sprint(p["gatehouse_said"]); strings.Count(said, ours) != 1 {
		t.Errorf("a question that is theirs is told more than once: %s", said)
	}
	if deals[0].Props["dealstage"] != "appointmentscheduled" || deals[0].Props["associated"] != contacts[0].ID {
		t.Errorf("%v", deals[0].Props)
	}
	_ = l
	c.explained()
}

// TestNewsAboutOneObjectIsToldOnce: while it waits, the newest push tells all that older ones would.
func TestNewsAboutOneObjectIsToldOnce(t *testing.T) {
	d := crmtest.HubSpot(t, nil)
	c := newConnected(t, d)
	id := c.hubspot(d)
	deal := c.deal("ann@example.org", c.ana)
	c.push(id)
	d.Always(crmtest.Fails)
	for i, to := range []string{"proposal", "negotiation", "proposal"} {
		deal = c.read(deal.ID)
		if _, err := c.move(app.DealMove{ID: deal.ID, Version: deal.Version, To: to, Value: fmt.Sprint(100 * (i + 1)), ExpectedOn: "2026-06-01"}, c.ana); err != nil {
			t.Fatal(err)
		}
		c.push(id)
	}
	if n := c.Count("select count(*) from pushes where object_id = ? and state = 'waiting'", deal.ID); n != 1 {
		t.Errorf("%d wait for one deal", n)
	}
	d.Trouble(nil)
	c.Clock.Move(time.Hour)
	c.push(id)
	if got := d.Live("deals")[0].Props; got["dealstage"] != "presentationscheduled" || got["amount"] != "300" {
		t.Errorf("%v", got)
	}
	c.explained()
}

// TestOneThatHangsDelaysNobodyElse and is visible.
func TestOneThatHangsDelaysNobodyElse(t *testing.T) {
	hangs, works := crmtest.Receiver(t), crmtest.Receiver(t)
	c := newConnected(t, hangs, works)
	hangs.Always(crmtest.Hangs)
	a := c.connect("webhook", "Hangs", map[string]string{"url": hangs.URL, "secret": hookSecret})
	b := c.connect("webhook", "Works", map[string]string{"url": works.URL, "secret": hookSecret})
	for i := range 6 {
		c.lead(fmt.Sprintf("p%d@example.org", i))
	}
	c.spread()
	done := make(chan error, 1)
	go func() { done <- c.App.PushDue(t.Context(), a) }()
	if err := c.App.PushDue(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	if n := c.pushes(b, app.PushDone); n != 6 {
		t.Errorf("%d of 6 were told while the other one hung", n)
	}
	if err := <-done; err != nil {
		if _, later := err.(*app.Later); !later {
			t.Fatal(err)
		}
	}
	got := c.connector(a)
	if n := c.Count("select count(*) from push_attempts where outcome = 'unknown'"); n == 0 || got.Failures == 0 {
		t.Errorf("nobody can see it: %d unknown tries, %d failures", n, got.Failures)
	}
	if n := c.Count("select count(*) from push_attempts where outcome = 'open'"); n != 0 {
		t.Errorf("%d tries are open", n)
	}
}

// TestADayAway: nothing is lost, one probe at a time is made, a named person hears of it once, and all goes once it is back.
func TestADayAway(t *testing.T) {
	d := crmtest.HubSpot(t, nil)
	c := newConnected(t, d)
	id := c.hubspot(d)
	for i := range 8 {
		c.deal(fmt.Sprintf("p%d@example.org", i), c.ana)
	}
	d.Always(crmtest.Fails)
	mails := c.Count("select count(*) from messages where template = 'alarm'")
	for range 24 * 6 {
		c.push(id)
		c.Clock.Move(10 * time.Minute)
	}
	if got := c.connector(id); got.BrokenAt == nil || got.BrokenWhy == "" {
		t.Fatal("the breaker is closed")
	}
	if n := c.Count("select count(*) from messages where template = 'alarm'") - mails; n != 1 {
		t.Errorf("%d mails to the one who is named", n)
	}
	if n := c.Count("select count(*) from alarms where kind = 'connector-away' and cleared_at is null"); n != 1 {
		t.Errorf("%d alarms", n)
	}
	tries := len(d.Requests())
	if tries > 24*6+40 {
		t.Errorf("%d requests to a system that is away", tries)
	}
	c.explained()
	d.Trouble(nil)
	c.Clock.Move(16 * time.Minute)
	c.push(id)
	c.push(id)
	if len(d.Live("contacts")) != 8 || len(d.Live("deals")) != 8 {
		t.Errorf("%d contacts, %d deals of 8", len(d.Live("contacts")), len(d.Live("deals")))
	}
	if n := c.Count("select count(*) from pushes where connector_id = ? and state not in ('done','superseded')", id); n != 0 {
		t.Errorf("%d are not told", n)
	}
	if n := c.Count("select count(*) from alarms where kind = 'connector-away' and cleared_at is null"); n != 0 {
		t.Error("the alarm is still open")
	}
	c.explained()
}

// TestFailuresInARowBreak: whatever answers in between, with yes or with no, is there.
func TestFailuresInARowBreak(t *testing.T) {
	d := crmtest.Receiver(t)
	c := newConnected(t, d)
	id := c.webhook(d)
	for i, tr := range []crmtest.Trouble{crmtest.Fails, crmtest.Fails, crmtest.Fails, crmtest.Fails, crmtest.None, crmtest.Fails, crmtest.Fails, crmtest.Fails, crmtest.Fails} {
		d.Always(tr)
		c.lead(fmt.Sprintf("p%d@example.org", i))
		c.push(id)
	}
	if got := c.connector(id); got.BrokenAt != nil || got.Failures != 4 {
		t.Errorf("%d failures in a row, open since %v", got.Failures, got.BrokenAt)
	}
	d.Always(crmtest.Fails)
	c.lead("last@example.org")
	c.push(id)
	if got := c.connector(id); got.BrokenAt == nil {
		t.Errorf("%d failures in a row, and it goes on", got.Failures)
	}
	h := crmtest.HubSpot(t, nil)
	c = newConnected(t, h)
	id = c.hubspot(h)
	c.deal("ann@example.org", c.ana)
	h.Always(crmtest.Fails)
	c.push(id)
	if c.connector(id).Failures == 0 {
		t.Fatal("nothing failed")
	}
	h.Always(crmtest.Duplicate)
	c.Clock.Move(time.Hour)
	c.push(id)
	if got := c.connector(id); got.Failures != 0 || c.pushes(id, app.PushRefused) == 0 {
		t.Errorf("%d failures after it refused %d", got.Failures, c.pushes(id, app.PushRefused))
	}
}

// TestAskingPutsNoTellingOff: what can be told goes, although nothing can be asked.
func TestAskingPutsNoTellingOff(t *testing.T) {
	c := newConnectedAt(t, func(now func() time.Time) *crmtest.Double { return crmtest.HubSpot(t, now) })
	d, id := c.double, c.hubspot(c.double)
	d.Trouble(func(r crmtest.Request) crmtest.Trouble {
		if strings.HasPrefix(r.Path, "/crm/v3/owners/?limit") {
			return crmtest.Fails
		}
		return crmtest.None
	})
	ask := func(times int) {
		for range times {
			c.pull(id)
			c.push(id)
			c.Clock.Move(5 * time.Minute)
		}
	}
	ask(24)
	if c.connector(id).BrokenAt == nil {
		t.Fatal("nobody learns that it cannot be asked")
	}
	c.deal("ann@example.org", c.ana)
	ask(4)
	if n := len(d.Live("deals")); n != 1 {
		t.Errorf("%d deals are there after twenty minutes", n)
	}
}

// TestAnAlarmIsMailedOnce, also to an administrator who is named for it.
func TestAnAlarmIsMailedOnce(t *testing.T) {
	d := crmtest.HubSpot(t, nil)
	c := newConnected(t, d)
	id := c.hubspot(d)
	if err := c.Store.DB(t.Context()).Exec("update users set role = 'admin' where id = ?", *c.ana.ID).Error; err != nil { // who is named for it
		t.Fatal(err)
	}
	for i := range 6 {
		c.deal(fmt.Sprintf("p%d@example.org", i), c.ana)
	}
	d.Always(crmtest.Fails)
	for range 6 {
		c.push(id)
		c.Clock.Move(10 * time.Minute)
	}
	for range 2 {
		if err := c.App.Digest(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if n := c.Count("select count(*) from messages where template = 'alarm' and user_id = ?", *c.ana.ID); n != 1 {
		t.Errorf("%d mails of one alarm", n)
	}
}

func TestAKeyThatIsRefusedPausesAllAndBurnsNothing(t *testing.T) {
	d := crmtest.HubSpot(t, nil)
	c := newConnected(t, d)
	id := c.hubspot(d)
	c.deal("ann@example.org", c.ana)
	c.deal("bob@example.org", c.ana)
	d.Always(crmtest.NoAuth)
	c.push(id)
	if got := c.connector(id); got.BrokenAt == nil {
		t.Fatal("it goes on")
	}
	if c.pushes(id, app.PushRefused) != 0 {
		t.Error("a refused key refuses what waits")
	}
	d.Trouble(nil)
	got := c.connector(id)
	if err := c.App.EditConnector(t.Context(), id, app.ConnectorEdit{Name: "HubSpot", Version: got.Version, Values: map[string]string{"base": d.URL}}, c.admin); err != nil { // the secret stays
		t.Fatal(err)
	}
	c.push(id)
	if len(d.Live("deals")) != 2 {
		t.Errorf("%d deals", len(d.Live("deals")))
	}
}
