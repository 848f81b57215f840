package app_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/lead"
	"github.com/gatehouse/gatehouse/internal/store"
	"github.com/gatehouse/gatehouse/internal/testkit/crmtest"
)

// account is a company as somebody keeps it there: an owner, and what it is known by.
func (v vendor) account(name, site, owner string) (kind string, props map[string]any) {
	switch v.person {
	case "contacts":
		return "companies", map[string]any{"name": name, "domain": site, "hubspot_owner_id": owner}
	case "Lead":
		if site != "" {
			site = "https://www." + site + "/about"
		}
		return "Account", map[string]any{"Name": name, "Website": site, "OwnerId": owner}
	}
	props = map[string]any{"name": name, "owner_id": json.Number(owner)}
	if site != "" {
		props["website"] = "http://" + site
	}
	return "organization", props
}

// foreseen is who would get a lead now, and why.
func (c *at) foreseen(l store.Lead) (owner, why string) {
	c.T.Helper()
	f, err := c.App.Foresee(c.T.Context(), l.ID, nil)
	if err != nil {
		c.T.Fatal(err)
	}
	return f.Owner, f.Text
}

func (c *at) route(l store.Lead) store.Assignment {
	c.T.Helper()
	if err := c.App.RouteLeads(c.T.Context(), []uuid.UUID{l.ID}); err != nil {
		c.T.Fatal(err)
	}
	as, err := store.HeldAssignment(c.Store.DB(c.T.Context()), l.ID)
	if err != nil || as == nil {
		c.T.Fatalf("nobody has the lead: %v", err)
	}
	return *as
}

// eachWithAccounts has companies that were in the other system long before it was connected, and that nobody here was told of.
func eachWithAccounts(t *testing.T, fn func(t *testing.T, c *at, v vendor, id uuid.UUID)) {
	t.Helper()
	for kind, v := range vendors {
		t.Run(kind, func(t *testing.T) {
			c := newConnectedAt(t, func(now func() time.Time) *crmtest.Double { return v.double(t, now) })
			for _, a := range [][3]string{{"Acme", "acme.example", "8"}, {"Nobody Ltd", "nobody.example", "99"}, {"Free", "gmail.com", "8"}, {"Wordly Works", "", "8"}, {"Namesake", "elsewhere.example", "8"}, {"Nameless", "unowned.example", ""}} {
				kind, props := v.account(a[0], a[1], a[2])
				if a[2] == "" {
					delete(props, "owner_id")
				}
				c.double.Put(kind, props)
			}
			c.Clock.Move(365 * 24 * time.Hour)
			fn(t, c, v, c.connect(kind, kind, v.settings(c.double)))
		})
	}
}

// TestTheOwnerOfACompanyAsTheCRMKnows: no lead of the company was ever here.
func TestTheOwnerOfACompanyAsTheCRMKnows(t *testing.T) {
	eachWithAccounts(t, func(t *testing.T, c *at, v vendor, id uuid.UUID) {
		t.Helper()
		c.pull(id)
		worded := c.lead("w@wordly.example")
		if err := c.Store.DB(t.Context()).Exec("update companies set name = 'Wordly  WORKS' where id = ?", *worded.CompanyID).Error; err != nil {
			t.Fatal(err)
		}
		namesake := c.lead("n@namesake.example")
		if err := c.Store.DB(t.Context()).Exec("update companies set name = 'Namesake' where id = ?", *namesake.CompanyID).Error; err != nil {
			t.Fatal(err)
		}
		for _, x := range []struct {
			name string
			lead store.Lead
			owns bool
		}{
			{"its domain", c.lead("ann@acme.example"), true},
			{"its name, where no domain is known there", worded, true},
			{"an owner who is nobody of ours", c.lead("ann@nobody.example"), false},
			{"a domain of mailboxes for anybody", c.lead("ann@gmail.com"), false},
			{"a company that they do not know", c.lead("ann@stranger.example"), false},
			{"another company of the same name", namesake, false},
			{"a company that nobody owns there", c.lead("ann@unowned.example"), false},
		} {
			_, why := c.foreseen(x.lead)
			if owns := strings.Contains(why, "existing owner Ben (owns this company, as "+c.connector(id).Name+" knows)"); owns != x.owns {
				t.Errorf("%s: %s", x.name, why)
			}
		}
		l := c.lead("bob@acme.example")
		if as := c.route(l); as.OwnerID != *c.ben.ID || as.RuleKey != "existing-owner" || !strings.Contains(as.Reason, "knows") {
			t.Errorf("%s", as.Reason)
		}
		for _, name := range []string{"acme", "wordly", "namesake"} {
			if n := c.Count("select count(*) from remote_companies r where lower(r::text) like ?", "%"+name+"%"); n != 0 {
				t.Errorf("%q can be read in what is kept of their companies", name)
			}
		}
		if err := c.App.SetConnectorState(t.Context(), id, c.connector(id).Version, "off", c.admin); err != nil {
			t.Fatal(err)
		}
		if _, why := c.foreseen(c.lead("ann@wordly.example")); strings.Contains(why, "knows") {
			t.Errorf("a system that is off is still believed: %s", why)
		}
	})
}

// TestWhoeverWasNamedLastOwnsTheCompany: here or there.
func TestWhoeverWasNamedLastOwnsTheCompany(t *testing.T) {
	eachWithAccounts(t, func(t *testing.T, c *at, v vendor, id uuid.UUID) {
		t.Helper()
		c.pull(id)
		c.assigned(c.lead("first@acme.example"), c.ana, "accepted") // by hand, though Ben owns the company there
		second := c.lead("second@acme.example")
		if owner, why := c.foreseen(second); owner != "Ana" {
			t.Errorf("the hand of yesterday is outweighed by years ago: %s", why)
		}
		kind, props := v.account("Acme", "acme.example", "8")
		change := func(props map[string]any) {
			t.Helper()
			c.Clock.Move(time.Hour)
			for _, r := range c.double.Live(kind) {
				if strings.Contains(fmt.Sprint(r.Props), "acme.example") {
					c.double.Change(kind, r.ID, props)
				}
			}
			c.Clock.Move(10 * time.Minute)
			c.pull(id)
		}
		change(props) // touched, but owned as before
		if owner, why := c.foreseen(second); owner != "Ana" {
			t.Errorf("a company that was only touched has a new owner: %s", why)
		}
		_, props = v.account("Acme", "acme.example", "7")
		change(props)
		_, props = v.account("Acme", "acme.example", "8")
		change(props)
		if owner, why := c.foreseen(second); owner != "Ben" || !strings.Contains(why, "owns this company, as") {
			t.Errorf("given to Ben there after Ana got it here: %s", why)
		}
		c.route(second)
		_, props = v.account("Acme", "acme.example", "7")
		change(props)
		_, props = v.account("Acme", "acme.example", "8")
		change(props)
		if owner, why := c.foreseen(c.lead("third@acme.example")); owner != "Ben" || !strings.Contains(why, "has other leads of this company") {
			t.Errorf("both name Ben, and we say it ourselves: %s", why)
		}
	})
}

// TestNoOwnersAreReadWhereStaffDoNotWantIt.
func TestNoOwnersAreReadWhereStaffDoNotWantIt(t *testing.T) {
	for kind, v := range vendors {
		c := newConnectedAt(t, func(now func() time.Time) *crmtest.Double { return v.double(t, now) })
		of, props := v.account("Acme", "acme.example", "8")
		c.double.Put(of, props)
		settings := v.settings(c.double)
		settings["owners"] = "leave"
		c.pull(c.connect(kind, kind, settings))
		if n := c.Count("select count(*) from remote_companies"); n != 0 {
			t.Errorf("%s: %d companies were read", kind, n)
		}
	}
}

// TestACompanyBeginsWithWhoeverHasTheLead, and keeps whom it has.
func TestACompanyBeginsWithWhoeverHasTheLead(t *testing.T) {
	eachWithAccounts(t, func(t *testing.T, c *at, v vendor, id uuid.UUID) {
		t.Helper()
		if v.company == "" {
			return // it makes no companies
		}
		c.deal("ann@acme.example", c.ana)
		c.deal("ann@newcomer.example", c.ana)
		for _, l := range []string{"acme.example", "newcomer.example"} {
			if err := c.Store.DB(t.Context()).Exec("update companies set name = ? where id in (select company_id from company_domains where domain = ?)",
				map[string]string{"acme.example": "Acme", "newcomer.example": "Newcomer"}[l], l).Error; err != nil {
				t.Fatal(err)
			}
		}
		c.settle(id)
		for _, r := range c.double.Live(v.company) {
			owner := fmt.Sprint(r.Props["hubspot_owner_id"], r.Props["owner_id"])
			switch r.Props["name"] {
			case "Acme":
				if !strings.Contains(owner, "8") {
					t.Errorf("a company that was there lost its owner: %v", r.Props)
				}
			case "Newcomer":
				if !strings.Contains(owner, "7") {
					t.Errorf("a company that was made for Ana's lead is owned by %s", owner)
				}
			}
		}
	})
}

// TestARehearsalKnowsTheOwnerOnlySinceTheyWereNamed: what the other system said later was not known when the lead came.
func TestARehearsalKnowsTheOwnerOnlySinceTheyWereNamed(t *testing.T) {
	f := newFloor(t, 2)
	by := store.Actor{Kind: "system", Name: "test"}
	before := f.lead(1)
	f.Clock.Move(time.Hour)
	connector := store.Connector{ID: store.NewID(), Kind: "hubspot", Name: "HubSpot", State: "on", Settings: map[string]string{}, Secrets: []byte{}, Mapping: json.RawMessage("[]"), Version: 1, CreatedAt: f.Clock.Now(), UpdatedAt: f.Clock.Now()}
	f.create(&connector)
	after := f.lead(2)
	named := f.Clock.Now().Add(-time.Minute) // after the first lead came, before the second one did
	for i, id := range []uuid.UUID{after, before} {
		l, err := f.Store.Lead(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		remote := fmt.Sprint(i)
		f.create(&store.RemoteUser{ConnectorID: connector.ID, RemoteID: remote, Name: "x", Email: "x@x.example", UserID: &f.people[i].ID, At: named})
		f.create(&store.RemoteObject{ConnectorID: connector.ID, ObjectKind: "company", ObjectID: *l.CompanyID, RemoteKind: "companies", RemoteID: remote, Sent: map[string]string{}, Seen: map[string]string{}, At: named})
		f.create(&store.RemoteCompany{ConnectorID: connector.ID, RemoteID: remote, KnownBy: "x", OwnerID: remote, OwnerAt: named, At: named})
	}
	d := draftOf(t, f.Kit, func(def *lead.ScoreRules) { def.Threshold = 1_00 })
	r, err := f.App.RehearseRules(t.Context(), "scoring", d.Version, 30, by)
	if err != nil {
		t.Fatal(err)
	}
	toEnd(t, func() error { return f.App.Rehearse(t.Context(), r.ID) })
	got, _, err := f.App.Rehearsal(t.Context(), r.ID, 1)
	if err != nil || got.State != "done" {
		t.Fatalf("%+v %v", got, err)
	}
	// Ana by turn, though Ben owns that company by now; then Ana again, though it was Ben's turn.
	if x := got.Result; x.Owners["Ana"] != 2 || x.Owners0["Ana"] != 2 {
		t.Errorf("%+v %+v", x.Owners0, x.Owners)
	}
}
