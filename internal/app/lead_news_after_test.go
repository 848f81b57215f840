package app_test

import (
	"testing"
	"time"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/store"
	"github.com/gatehouse/gatehouse/internal/testkit/crmtest"
)

func TestOptOutOfAMergedLeadCounts(t *testing.T) {
	c := newConnectedAt(t, func(now func() time.Time) *crmtest.Double { return crmtest.HubSpot(t, now) })
	d, id := c.double, c.hubspot(c.double)
	c.pull(id)
	a := c.deal("ann@example.org", c.ana)
	l := c.lead("ann.archer@other.example")
	c.assigned(l, c.ana, "open")
	mustExec(t, c.Kit, "insert into outbox (id, type, lead_id, detail, origin, at) values (gen_random_uuid(), 'lead.changed', ?, '{}', '', ?)", l.ID, c.Clock.Now())
	c.push(id)
	other := ""
	for _, r := range d.Live("contacts") {
		if r.Props["email"] == "ann.archer@other.example" {
			other = r.ID
		}
	}
	c.Clock.Move(time.Minute)
	if _, err := c.App.MergeLeads(t.Context(), a.LeadID, l.ID, c.ana); err != nil {
		t.Fatal(err)
	}
	c.pull(id)
	c.Clock.Move(time.Minute)
	d.Change("contacts", other, map[string]any{"hs_email_optout": "true", "hubspot_owner_id": "8"})
	c.pull(id)
	if n := c.Count("select count(*) from suppressions where kind = 'unsubscribed' and lifted_at is null"); n == 0 {
		t.Error("they opted out there, and may still be written to here")
	}
	if n := c.Count("select count(*) from leads where id = ? and owner_id is not null", l.ID); n != 0 {
		t.Error("a merged lead got an owner")
	}
}

func TestNewsOfAnErasedPersonIsNotKept(t *testing.T) {
	c := newConnectedAt(t, func(now func() time.Time) *crmtest.Double { return crmtest.HubSpot(t, now) })
	d, id := c.double, c.hubspot(c.double)
	c.pull(id)
	deal := c.deal("ann@example.org", c.ana)
	c.push(id)
	c.pull(id)
	c.Clock.Move(time.Minute)
	if _, err := c.App.EraseLead(t.Context(), deal.LeadID, store.Actor{Kind: "command"}); err != nil {
		t.Fatal(err)
	}
	d.Change("contacts", d.Live("contacts")[0].ID, map[string]any{"hubspot_owner_id": "8"})
	c.pull(id)
	if n := c.Count("select count(*) from pulls where body::text like '%ann@example.org%'"); n != 0 {
		t.Error("the address of somebody erased is back")
	}
}

func TestErasedWhileTheyAreTold(t *testing.T) {
	d := crmtest.HubSpot(t, nil)
	c := newConnected(t, d)
	id := c.hubspot(d)
	deal := c.deal("ann@example.org", c.ana)
	c.spread()
	release := d.Hold()
	defer release()
	told := make(chan struct{}, 8)
	d.Trouble(func(r crmtest.Request) crmtest.Trouble {
		if crmtest.Writes(r) {
			told <- struct{}{}
			return crmtest.Holds
		}
		return crmtest.None
	})
	done := make(chan error, 1)
	go func() { done <- c.App.PushDue(t.Context(), id) }()
	select {
	case <-told:
	case err := <-done:
		t.Fatalf("the push ended before they were told: %v", err)
	case <-time.After(10 * time.Second):
		t.Fatal("they were not told within ten seconds")
	}
	if n := c.Count("select count(*) from push_attempts where outcome = 'open'"); n != 1 {
		t.Fatalf("%d tries are under way", n)
	}
	if _, err := c.App.EraseLead(t.Context(), deal.LeadID, store.Actor{Kind: "command"}); err != nil {
		t.Fatal(err)
	}
	release()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if n := c.Count("select count(*) from push_attempts where request like '%ann@%' or answer like '%ann@%'") + c.Count("select count(*) from remote_objects where sent::text like '%ann@%'"); n != 0 {
		t.Errorf("%d rows hold somebody who was erased while they were told", n)
	}
	if n := c.Count("select count(*) from push_attempts where outcome = 'done'"); n == 0 {
		t.Error("nothing was told, so the test says nothing")
	}
}

func TestStepsOfTheErasedTakeNoText(t *testing.T) {
	s := newSelling(t)
	d := s.deal("ann@archer.example", s.ana)
	if _, err := s.App.EraseLead(t.Context(), d.LeadID, store.Actor{Kind: "command"}); err != nil {
		t.Fatal(err)
	}
	var st store.Step
	if err := s.Store.DB(t.Context()).Where("lead_id = ?", d.LeadID).Limit(1).Find(&st).Error; err != nil {
		t.Fatal(err)
	}
	if err := s.App.UnskipStep(t.Context(), d.LeadID, st.ID, st.Version, s.ana); !errs.Is(err, errs.Conflict) && !errs.Is(err, errs.NotFound) {
		t.Errorf("a step of somebody erased was taken up again: %v", err)
	}
	if err := s.App.EditStep(t.Context(), app.StepEdit{Lead: d.LeadID, ID: st.ID, Version: st.Version, Channel: "other", Title: "Ask Ann", Due: "2026-05-05"}, s.ana); err == nil {
		t.Error("a step of somebody erased took text")
	}
}
