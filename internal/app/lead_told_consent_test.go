package app_test

import (
	"testing"
	"time"

	"github.com/gatehouse/gatehouse/internal/store"
	"github.com/gatehouse/gatehouse/internal/testkit/crmtest"
)

// A "no" of one address is the person's: a merge does not tell others that nothing is known.
func TestAMergeKeepsANoThere(t *testing.T) {
	c := newConnectedAt(t, func(now func() time.Time) *crmtest.Double { return crmtest.HubSpot(t, now) })
	id := c.hubspot(c.double)
	c.pull(id)
	stays := c.deal("ann@example.org", c.ana)
	l := c.lead("ann.archer@other.example")
	if err := c.Store.DB(t.Context()).Exec(`insert into consents (id, lead_id, address_id, purpose, text, text_version, language, given, state, how, at, confirmed_at)
		select ?, lead_id, id, 'marketing', 'No.', '1', 'en', false, 'confirmed', 'preferences', ?, ? from lead_addresses where lead_id = ?`, store.NewID(), c.Clock.Now(), c.Clock.Now(), l.ID).Error; err != nil {
		t.Fatal(err)
	}
	c.push(id)
	c.Clock.Move(time.Minute)
	if _, err := c.App.MergeLeads(t.Context(), stays.LeadID, l.ID, c.ana); err != nil {
		t.Fatal(err)
	}
	c.push(id)
	live := c.double.Live("contacts")
	if len(live) != 1 || live[0].Props["gatehouse_consent"] != "no" {
		t.Errorf("%d contacts, consent %v", len(live), live[0].Props["gatehouse_consent"])
	}
}
