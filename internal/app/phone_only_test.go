package app_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/pipeline"
	"github.com/gatehouse/gatehouse/internal/store"
	"github.com/gatehouse/gatehouse/internal/testkit/crmtest"
)

// Somebody who called and left a number only goes all the way: into hands, told to other systems, found, exported, joined
// with another lead, erased. Nobody may write to them, and verify explains everything.
func TestSomebodyKnownByPhoneAlone(t *testing.T) {
	d, hub := crmtest.Receiver(t), crmtest.HubSpot(t, nil)
	c := newConnected(t, d, hub)
	ctx := t.Context()
	explained := func() {
		t.Helper()
		if r, err := c.App.Verify(ctx); err != nil || len(r.Unexplained) > 0 {
			t.Errorf("verify: %+v %v", r.Unexplained, err)
		}
	}
	add := func(values map[string]string) (store.Lead, error) {
		return c.App.AddLead(ctx, app.HandLead{Values: values, Kind: "phone", Basis: "consent", Covers: pipeline.Channels(), To: "me"}, c.ana)
	}
	for name, values := range map[string]map[string]string{"no way to reach them": {"family_name": "Archer"}, "no name": {"tel": "+44 20 7946 0018"}} {
		if _, err := add(values); !errs.Is(err, errs.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	connectors := []uuid.UUID{c.webhook(d), c.hubspot(hub)}
	l, err := add(map[string]string{"given_name": "Ann", "family_name": "Archer", "company": "Archer & Sons", "tel": "+44 20 7946 0018"})
	if err != nil {
		t.Fatal(err)
	}
	if n := c.Count("select count(*) from lead_values where lead_id = ? and address_id is null", l.ID) + c.Count("select count(*) from lead_addresses where lead_id = ?", l.ID); n != 4 {
		t.Errorf("%d values without an address, and addresses", n)
	}
	as, err := store.HeldAssignment(c.Store.DB(ctx), l.ID)
	if err != nil || as == nil {
		t.Fatal(as, err)
	}
	if err := c.App.AcceptLead(ctx, as.ID, 0, c.ana); err != nil {
		t.Fatal(err)
	}
	// A mail is beyond the policy, a call is not.
	if _, err := c.App.NoteActivity(ctx, app.Note{Lead: l.ID, Kind: "mail", Direction: "out", Text: "Wrote"}, c.ana); err == nil || !strings.Contains(errs.Public(err).Fields[0].Message, "No address is known.") {
		t.Errorf("a mail: %v", err)
	}
	if act, err := c.App.NoteActivity(ctx, app.Note{Lead: l.ID, Kind: "call", Direction: "out", Text: "Called"}, c.ana); err != nil || act.Beyond != "" {
		t.Errorf("a call: %+v %v", act, err)
	}
	ana, err := c.Store.User(ctx, *c.ana.ID)
	if err != nil {
		t.Fatal(err)
	}
	if found, err := c.App.FindLead(ctx, ana, "Archer"); err != nil || found.ID != l.ID {
		t.Errorf("found %v %v", found.ID, err)
	}
	if err := c.App.ScoreLeads(ctx, []uuid.UUID{l.ID}); err != nil {
		t.Error(err)
	}
	c.spread()
	for _, x := range connectors {
		c.push(x)
		if n := c.Count("select count(*) from pushes where connector_id = ? and state not in ('done','superseded')", x); n != 0 {
			t.Errorf("%d pushes were not taken", n)
		}
	}
	if n := len(hub.Live("contacts")); n != 1 {
		t.Errorf("%d contacts in HubSpot", n)
	}
	var csv bytes.Buffer
	if err := c.App.ExportLeads(ctx, &csv, app.LeadFilter{}, nil, c.ana, func() {}); err != nil || !strings.Contains(csv.String(), "Archer") {
		t.Errorf("export: %v %s", err, csv.String())
	}
	// Their address becomes known: the other lead is joined to this one, and its address is theirs.
	other := c.lead("ann@archer.example")
	if _, err := c.App.MergeLeads(ctx, l.ID, other.ID, c.admin); err != nil {
		t.Fatal(err)
	}
	if n := c.Count("select count(*) from lead_addresses where lead_id = ?", l.ID); n != 1 {
		t.Errorf("%d addresses after the merge", n)
	}
	explained()
	two, err := add(map[string]string{"family_name": "Baker", "tel": "+44 20 7946 0019"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.App.EraseLead(ctx, two.ID, c.admin); err != nil {
		t.Fatal(err)
	}
	if n := c.Count("select count(*) from leads where id = ? and state = 'erased' and tel = '' and family_name = ''", two.ID) - c.Count("select count(*) from lead_values where lead_id = ?", two.ID); n != 1 {
		t.Error("something of them is left")
	}
	explained()
}
