package app_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/crm"
	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/store"
	"github.com/gatehouse/gatehouse/internal/testkit/crmtest"
)

// TestWonInTheCRMIsWonHere, with value and owner, and is not told back.
func TestWonInTheCRMIsWonHere(t *testing.T) {
	c := newConnectedAt(t, func(now func() time.Time) *crmtest.Double { return crmtest.HubSpot(t, now) })
	d, id := c.double, c.hubspot(c.double)
	c.pull(id)
	deal := c.deal("ann@example.org", c.ana)
	c.push(id)
	c.pull(id) // our own news come back
	if n := c.Count("select count(*) from pulls where outcome = 'applied'"); n != 0 {
		t.Errorf("%d of our own news were applied", n)
	}
	c.Clock.Move(time.Minute)
	d.Change("deals", d.Live("deals")[0].ID, map[string]any{"hubspot_owner_id": "8", "amount": "1500"})
	c.pull(id)
	if got := c.read(deal.ID); got.OwnerID != *c.ben.ID || got.Value == nil || *got.Value != 150000 {
		t.Errorf("owner %s, value %v", got.OwnerID, got.Value)
	}
	if n := c.Count("select count(*) from assignments where lead_id = ? and owner_id = ? and state = 'accepted' and how = 'crm'", deal.LeadID, *c.ben.ID); n != 1 {
		t.Errorf("%d assignments of the new owner", n)
	}
	c.Clock.Move(time.Minute)
	d.Change("deals", d.Live("deals")[0].ID, map[string]any{"dealstage": "closedwon"})
	c.pull(id)
	got := c.read(deal.ID)
	if got.State != "won" || got.Stage != "won" {
		t.Errorf("state %s, stage %s", got.State, got.Stage)
	}
	if n := c.Count("select count(*) from deal_changes where deal_id = ? and how = 'crm'", deal.ID); n < 2 {
		t.Errorf("%d changes are told to come from the CRM", n)
	}
	if n := c.Count("select count(*) from assignments where lead_id = ? and state = 'closed'", deal.LeadID); n != 1 {
		t.Error("the assignment is open")
	}
	before := len(d.Requests())
	c.push(id)
	for _, r := range d.Requests()[before:] {
		if crmtest.Writes(r) && contains(r.Path, "/deals") { // the contact's owner is news to them
			t.Errorf("its own news are told back: %s %s %s", r.Method, r.Path, r.Body)
		}
	}
	c.pull(id)
	c.explained()
	if r, err := c.App.Verify(t.Context()); err != nil || !r.OK() {
		t.Errorf("a deal that was won there is not explained: %v, %v", r.Unexplained, err)
	}
}

// TestAnAnswerThatWasOvertakenIsNoNews: they were asked, then told something, and only then their answer arrives.
func TestAnAnswerThatWasOvertakenIsNoNews(t *testing.T) {
	c := newConnectedAt(t, func(now func() time.Time) *crmtest.Double { return crmtest.HubSpot(t, now) })
	d, id := c.double, c.hubspot(c.double)
	c.pull(id)
	deal := c.deal("ann@example.org", c.ana)
	c.push(id)
	c.pull(id)
	c.Clock.Move(time.Minute)
	d.Change("deals", d.Live("deals")[0].ID, map[string]any{"dealname": "What is no news to us"})
	release := d.Hold()
	held := make(chan bool, 8)
	d.Trouble(func(r crmtest.Request) crmtest.Trouble {
		if contains(r.Path, "/deals/search") && contains(string(r.Body), "GTE") {
			held <- true
			return crmtest.Holds
		}
		return crmtest.None
	})
	asked := make(chan error, 1)
	go func() { asked <- c.App.PullFrom(t.Context(), id, true) }()
	<-held
	c.Clock.Move(time.Second)
	deal = c.read(deal.ID)
	if _, err := c.move(app.DealMove{ID: deal.ID, Version: deal.Version, To: "proposal", Value: "900"}, c.ana); err != nil {
		t.Fatal(err)
	}
	c.push(id)
	release()
	if err := <-asked; err != nil {
		t.Fatal(err)
	}
	c.Clock.Move(6 * time.Minute)
	c.pull(id)
	if n := c.Count("select count(*) from deal_changes where deal_id = ? and how = 'crm'", deal.ID); n != 0 || c.read(deal.ID).Stage != "proposal" {
		t.Errorf("%d changes are told to come from the CRM; it stands at %s", n, c.read(deal.ID).Stage)
	}
	c.explained()
}

// TestAValueThatTheyGaveFirstIsTheirs: there was none when both agreed, and then both gave one while nobody could tell.
func TestAValueThatTheyGaveFirstIsTheirs(t *testing.T) {
	c := newConnectedAt(t, func(now func() time.Time) *crmtest.Double { return crmtest.HubSpot(t, now) })
	d, id := c.double, c.hubspot(c.double)
	c.pull(id)
	deal := c.read(c.deal("ann@example.org", c.ana).ID)
	c.push(id)
	d.Change("deals", d.Live("deals")[0].ID, map[string]any{"amount": "4000"})
	if _, err := c.move(app.DealMove{ID: deal.ID, Version: deal.Version, To: "proposal", Value: "3500"}, c.ana); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		c.push(id)
		c.pull(id)
		c.Clock.Move(6 * time.Minute)
	}
	if got := c.read(deal.ID); got.Stage != "proposal" || got.Value == nil || *got.Value != 400000 {
		t.Errorf("it stands at %s, value %v", got.Stage, got.Value)
	}
	if p := d.Live("deals")[0].Props; p["dealstage"] != "presentationscheduled" || p["amount"] != "4000" {
		t.Errorf("there it stands at %v with %v", p["dealstage"], p["amount"])
	}
	c.explained()
}

// TestALeaverIsNamedNoLongerThere: who takes over a lead whose deal is decided is told as well.
func TestALeaverIsNamedNoLongerThere(t *testing.T) {
	c := newConnectedAt(t, func(now func() time.Time) *crmtest.Double { return crmtest.HubSpot(t, now) })
	d, id := c.double, c.hubspot(c.double)
	deal := c.read(c.deal("ann@example.org", c.ana).ID)
	if _, err := c.move(app.DealMove{ID: deal.ID, Version: deal.Version, To: "won", Value: "900", Reason: "trust"}, c.ana); err != nil {
		t.Fatal(err)
	}
	c.push(id)
	if err := c.Store.DB(t.Context()).Exec(`insert into user_profiles (user_id, job_title, tel, booking_url, photo_key, time_zone, hours, holiday_region, leaves_at, heir_id, version, updated_at)
		values (?, '', '', '', '', '', '[]', '', ?, ?, 1, ?)`, *c.ana.ID, c.Clock.Now(), *c.ben.ID, c.Clock.Now()).Error; err != nil {
		t.Fatal(err)
	}
	c.Clock.Move(time.Minute)
	if err := c.App.TendAssignments(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.push(id)
	if p := d.Live("contacts")[0].Props; p["hubspot_owner_id"] != "8" {
		t.Errorf("there the contact is with %v", p["hubspot_owner_id"])
	}
	c.explained()
}

// TestBackToWhatWeToldOnceIsNews: moved there to another stage and back again is no echo.
func TestBackToWhatWeToldOnceIsNews(t *testing.T) {
	c := newConnectedAt(t, func(now func() time.Time) *crmtest.Double { return crmtest.HubSpot(t, now) })
	d, id := c.double, c.hubspot(c.double)
	c.pull(id)
	deal := c.deal("ann@example.org", c.ana)
	c.push(id)
	for _, stage := range []string{"contractsent", "appointmentscheduled"} {
		c.Clock.Move(time.Minute)
		d.Change("deals", d.Live("deals")[0].ID, map[string]any{"dealstage": stage})
		c.pull(id)
	}
	if got := c.read(deal.ID); got.Stage != "discovery" || c.Count("select count(*) from deal_changes where deal_id = ? and how = 'crm'", deal.ID) != 2 {
		t.Errorf("it stands at %s", got.Stage)
	}
}

// TestEditsOnBothSidesDuringAnOutage: what they changed is theirs, what only we changed arrives.
func TestEditsOnBothSidesDuringAnOutage(t *testing.T) {
	c := newConnectedAt(t, func(now func() time.Time) *crmtest.Double { return crmtest.HubSpot(t, now) })
	d, id := c.double, c.hubspot(c.double)
	c.pull(id)
	both, ours := c.deal("ann@example.org", c.ana), c.deal("bob@example.org", c.ana)
	c.push(id)
	d.Always(crmtest.Fails)
	for _, deal := range []store.Deal{both, ours} {
		deal = c.read(deal.ID)
		if _, err := c.move(app.DealMove{ID: deal.ID, Version: deal.Version, To: "proposal", Value: "900"}, c.ana); err != nil {
			t.Fatal(err)
		}
	}
	for range 24 {
		c.push(id)
		c.pull(id)
		c.Clock.Move(time.Hour)
	}
	for _, r := range d.Live("deals") {
		if r.Props["gatehouse_key"] == both.ID.String() {
			d.Change("deals", r.ID, map[string]any{"dealstage": "contractsent"}) // while we could not see it
		}
	}
	d.Trouble(nil)
	c.Clock.Move(time.Hour)
	for range 12 {
		c.push(id)
		c.pull(id)
		c.Clock.Move(6 * time.Minute)
	}
	if got := c.read(both.ID); got.Stage != "negotiation" || got.Value == nil || *got.Value != 90000 {
		t.Errorf("both sides: it stands at %s, value %v", got.Stage, got.Value)
	}
	for _, r := range d.Live("deals") {
		want := map[any]string{both.ID.String(): "contractsent", ours.ID.String(): "presentationscheduled"}[r.Props["gatehouse_key"]]
		if r.Props["dealstage"] != want || r.Props["amount"] != "900" {
			t.Errorf("there it stands at %v with %v, wanted %s", r.Props["dealstage"], r.Props["amount"], want)
		}
	}
	if len(d.Live("deals")) != 2 {
		t.Errorf("%d deals", len(d.Live("deals")))
	}
	c.explained()
}

func TestOptOutAndDeletionComeBack(t *testing.T) {
	c := newConnectedAt(t, func(now func() time.Time) *crmtest.Double { return crmtest.HubSpot(t, now) })
	d, id := c.double, c.hubspot(c.double)
	c.pull(id)
	deal := c.deal("ann@example.org", c.ana)
	c.push(id)
	c.Clock.Move(time.Minute)
	contact := d.Live("contacts")[0].ID
	d.Change("contacts", contact, map[string]any{"hs_email_optout": "true"})
	c.pull(id)
	c.pull(id)
	if n := c.Count("select count(*) from suppressions where kind = 'unsubscribed' and lifted_at is null"); n != 1 {
		t.Errorf("%d suppressions", n)
	}
	if n := c.Count("select count(*) from consents where lead_id = ? and not given and how = 'provider'", deal.LeadID); n != 1 {
		t.Errorf("%d withdrawals", n)
	}
	hook := fmt.Sprintf(`[{"eventId":1,"subscriptionType":"contact.deletion","objectId":%s,"occurredAt":%d}]`, contact, c.Clock.Now().UnixMilli())
	if err := c.App.KeepHook(t.Context(), id, crm.Hook{Body: []byte(hook), Header: http.Header{}}); !errs.Is(err, errs.NotFound) {
		t.Errorf("a hook without a secret: %v", err)
	}
	d.Delete("contacts", contact)
	c.Clock.Move(time.Minute)
	if err := c.Store.Tx(t.Context(), func(tx *store.Tx) error {
		return tx.Exec("insert into outbox (id, type, lead_id, detail, origin, at) values (?, 'lead.changed', ?, '{}', '', ?)", store.NewID(), deal.LeadID, tx.Now()).Error
	}); err != nil {
		t.Fatal(err)
	}
	c.push(id)
	if n := c.Count("select count(*) from remote_objects where object_kind = 'person' and gone_at is not null"); n != 1 {
		t.Error("nobody can see that it was deleted there")
	}
	if n := len(d.Live("contacts")); n != 0 {
		t.Errorf("%d contacts were made again", n)
	}
	if n := c.Count("select count(*) from leads where id = ? and state = 'active'", deal.LeadID); n != 1 {
		t.Error("ours was deleted as well")
	}
	c.explained()
}

// TestAnExistingOwnerIsKnownFromTheCRM: the contact was there with an owner before the lead qualified.
func TestAnExistingOwnerIsKnownFromTheCRM(t *testing.T) {
	c := newConnectedAt(t, func(now func() time.Time) *crmtest.Double { return crmtest.HubSpot(t, now) })
	d, id := c.double, c.hubspot(c.double)
	c.pull(id)
	l := c.lead("ann@example.org")
	c.Clock.Move(time.Minute)
	d.Put("contacts", map[string]any{"email": "ann@example.org", "hubspot_owner_id": "8"})
	d.Put("contacts", map[string]any{"email": "stranger@example.org", "hubspot_owner_id": "8"})
	c.pull(id)
	got, err := c.Store.Lead(t.Context(), l.ID)
	if err != nil || got.OwnerID == nil || *got.OwnerID != *c.ben.ID {
		t.Errorf("owner %v, %v", got.OwnerID, err)
	}
	if n := c.Count("select count(*) from pulls where body::text like '%stranger%'"); n != 0 {
		t.Error("people whom nobody here knows are kept")
	}
}

// TestAWebhookComesBackOnce, signed, whatever it is.
func TestAWebhookComesBackOnce(t *testing.T) {
	d := crmtest.Receiver(t)
	c := newConnected(t, d)
	id := c.webhook(d)
	deal := c.deal("ann@example.org", c.ana)
	c.push(id)
	before := len(d.Live("posts"))
	send := func(event, body string) error {
		h := crm.Sign(hookSecret, event, c.Clock.Now(), []byte(body))
		return c.App.KeepHook(t.Context(), id, crm.Hook{Method: "POST", Header: h, Body: []byte(body)})
	}
	body := fmt.Sprintf(`{"type":"deal.stage_changed","timestamp":"2026-03-03T09:00:00Z","data":{"deal_id":"%s","stage":"proposal","value":"42.50"}}`, deal.ID)
	for range 3 {
		if err := send("msg_1", body); err != nil {
			t.Fatal(err)
		}
		c.pull(id)
	}
	if got := c.read(deal.ID); got.Stage != "proposal" || got.Value == nil || *got.Value != 4250 {
		t.Errorf("%s %v", got.Stage, got.Value)
	}
	if n := c.Count("select count(*) from pulls"); n != 1 {
		t.Errorf("%d events of one", n)
	}
	if err := send("msg_2", `{"type":"deal.stage_changed","data":{"deal_id":"`+uuid.NewString()+`","stage":"won"}}`); err != nil {
		t.Fatal(err)
	}
	c.pull(id)
	if n := c.Count("select count(*) from pulls where outcome = 'unknown'"); n != 1 {
		t.Error("an event about nothing of ours is not told apart")
	}
	forged := crm.Hook{Method: "POST", Body: []byte(body), Header: http.Header{"Webhook-Id": {"msg_9"}, "Webhook-Timestamp": {fmt.Sprint(c.Clock.Now().Unix())},
		"Webhook-Signature": {"v1," + base64.StdEncoding.EncodeToString(make([]byte, 32))}}}
	if err := c.App.KeepHook(t.Context(), id, forged); !errs.Is(err, errs.Unauthorized) {
		t.Errorf("a forged one: %v", err)
	}
	c.push(id)
	for _, p := range d.Live("posts")[before:] {
		if b := p.Props["body"].(string); len(b) > 0 && contains(b, "deal.stage_changed") {
			t.Errorf("its own news are told back: %s", b)
		}
	}
	c.explained()
}
