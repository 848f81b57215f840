package app_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/gatehouse/gatehouse/internal/crm"
	"github.com/gatehouse/gatehouse/internal/store"
	"github.com/gatehouse/gatehouse/internal/testkit/crmtest"
)

// vendor is one CRM as the tests connect it, and what it calls our objects.
type vendor struct {
	double                     func(testing.TB, func() time.Time) *crmtest.Double
	settings                   func(d *crmtest.Double) map[string]string
	person, company, deal, key string
	hangs                      string // the property of a deal that names its person
}

var vendors = map[string]vendor{
	"hubspot": {crmtest.HubSpot, func(d *crmtest.Double) map[string]string {
		return map[string]string{"base": d.URL, "token": crmtest.HubSpotToken}
	}, "contacts", "companies", "deals", "gatehouse_key", "associated"},
	"salesforce": {crmtest.Salesforce, func(d *crmtest.Double) map[string]string {
		return map[string]string{"domain": d.URL, "client_id": crmtest.SalesforceClient, "client_secret": crmtest.SalesforceSecret}
	}, "Lead", "", "Opportunity", "Gatehouse_Key__c", ""},
	"pipedrive": {crmtest.Pipedrive, func(d *crmtest.Double) map[string]string {
		return map[string]string{"base": d.URL, "token": crmtest.PipedriveToken, "person_key": crmtest.PipedrivePerson, "deal_key": crmtest.PipedriveDealKey, "org_key": crmtest.PipedriveOrg,
			"said_field": crmtest.PipedriveSaid, "choice_field": crmtest.PipedriveChoice}
	}, "person", "organization", "deal", crmtest.PipedrivePerson, "person_id"},
}

func eachVendor(t *testing.T, fn func(t *testing.T, c *at, v vendor, id uuid.UUID)) {
	t.Helper()
	for kind, v := range vendors {
		t.Run(kind, func(t *testing.T) {
			c := newConnectedAt(t, func(now func() time.Time) *crmtest.Double { return v.double(t, now) })
			fn(t, c, v, c.connect(kind, kind, v.settings(c.double)))
		})
	}
}

// keyOf is our key that a record of theirs carries.
func (v vendor) keyOf(r *crmtest.Record) string {
	if custom, ok := r.Props["custom_fields"].(map[string]any); ok {
		return fmt.Sprint(custom[v.key])
	}
	return fmt.Sprint(r.Props[v.key])
}

// settle pushes until nothing is due for hours.
func (c *at) settle(id uuid.UUID) {
	for range 4 {
		c.push(id)
		c.Clock.Move(5 * time.Hour)
	}
}

// TestOneOfEachUnderAnyInterleaving: two leads of one company, told by lanes at once, with every trouble and processes that die
// before they write down what came of it.
func TestOneOfEachUnderAnyInterleaving(t *testing.T) {
	eachVendor(t, func(t *testing.T, c *at, v vendor, id uuid.UUID) {
		t.Helper()
		n := 0
		rapid.Check(t, func(rt *rapid.T) {
			if n++; n > 25 { // each round works on leads and a company of its own
				return
			}
			deals := []store.Deal{c.deal(fmt.Sprintf("a@firm%d.example", n), c.ana), c.deal(fmt.Sprintf("b@firm%d.example", n), c.ben)}
			for range rapid.IntRange(1, 4).Draw(rt, "rounds") {
				at, i := rapid.IntRange(0, 24).Draw(rt, "at"), 0
				tr := rapid.SampledFrom([]crmtest.Trouble{crmtest.None, crmtest.CutAfter, crmtest.FailsAfter, crmtest.Fails, crmtest.Duplicates, crmtest.Drops}).Draw(rt, "trouble")
				c.double.Trouble(func(r crmtest.Request) crmtest.Trouble {
					if i++; i-1 == at && (tr != crmtest.Duplicates || crmtest.Creates(r)) {
						return tr
					}
					return crmtest.None
				})
				c.push(id)
				if rapid.Bool().Draw(rt, "dies") {
					c.dies(rt, deals[rapid.IntRange(0, 1).Draw(rt, "which")])
				}
				c.Clock.Move(time.Duration(rapid.IntRange(1, 120).Draw(rt, "minutes")) * time.Minute)
			}
			c.double.Trouble(nil)
			c.settle(id)
			want := map[string]int{v.person: 2 * n, v.deal: 2 * n}
			if v.company != "" {
				want[v.company] = n
			}
			for kind, w := range want {
				if got := len(c.double.Live(kind)); got != w {
					rt.Fatalf("%d %s, not %d", got, kind, w)
				}
			}
		})
		c.explained()
	})
}

// dies leaves the last try about a deal's person as a process leaves it that was killed before the answer was recorded.
func (c *connected) dies(rt interface{ Fatal(...any) }, d store.Deal) {
	err := c.Store.DB(c.T.Context()).Exec(`with last as (select t.id, t.push_id from push_attempts t join pushes p on p.id = t.push_id where p.lead_id = ? order by t.started_at desc, t.id desc limit 1),
		gone as (delete from remote_objects where object_id in (?, ?)),
		a as (update push_attempts set outcome = 'open', finished_at = null, worker = 'dead', lease_until = started_at where id in (select id from last))
		update pushes set state = 'sending' where id in (select push_id from last) and state <> 'superseded'`, d.LeadID, d.LeadID, d.ID).Error
	if err != nil {
		rt.Fatal(err)
	}
}

// TestMergedIsOneThereAndUndoneIsTwo: what stays, what is taken away, where the deals hang.
func TestMergedIsOneThereAndUndoneIsTwo(t *testing.T) {
	eachVendor(t, func(t *testing.T, c *at, v vendor, id uuid.UUID) {
		t.Helper()
		into, other := c.lead("ann@firm.example"), c.lead("ann@home.example")
		c.assigned(into, c.ana, "open")
		as := c.assigned(other, c.ben, "accepted")
		if err := c.Store.Tx(t.Context(), func(tx *store.Tx) error { return c.App.OpenDeal(tx, as, other, c.ben) }); err != nil {
			t.Fatal(err)
		}
		c.touch(into)
		c.pull(id)
		c.settle(id)
		if n := len(c.double.Live(v.person)); n != 2 {
			t.Fatalf("%d persons before the merge", n)
		}
		m, err := c.App.MergeLeads(t.Context(), into.ID, other.ID, c.ana)
		if err != nil {
			t.Fatal(err)
		}
		c.settle(id)
		people, deals := c.double.Live(v.person), c.double.Live(v.deal)
		if len(people) != 1 || v.keyOf(people[0]) != into.ID.String() || len(deals) != 1 {
			t.Fatalf("%d persons and %d deals of one lead", len(people), len(deals))
		}
		if v.hangs != "" && fmt.Sprint(deals[0].Props[v.hangs]) != people[0].ID {
			t.Errorf("the deal hangs on %v, not on %s", deals[0].Props[v.hangs], people[0].ID)
		}
		c.explained()
		if _, err := c.App.UnmergeLeads(t.Context(), into.ID, m.ID, c.ana); err != nil {
			t.Fatal(err)
		}
		c.settle(id)
		c.oneEach(t, v, into.ID, other.ID)
		deals = c.double.Live(v.deal)
		for _, p := range c.double.Live(v.person) {
			if v.hangs != "" && v.keyOf(p) == other.ID.String() && fmt.Sprint(deals[0].Props[v.hangs]) != p.ID {
				t.Errorf("the deal hangs on %v, not on %s", deals[0].Props[v.hangs], p.ID)
			}
		}
		c.pull(id) // it tells of the record that the merge took away, under the key of the one that was made since
		if n := c.Count("select count(*) from remote_objects where gone_at is not null"); n != 0 {
			t.Errorf("%d of what they hold is thought to be deleted there", n)
		}
		c.explained()
	})
}

// TestAMergeTakesOverTheOnlyObject: it becomes that of the lead that stays, and goes back when the merge is undone, whether
// or not anything was told in between.
func TestAMergeTakesOverTheOnlyObject(t *testing.T) {
	eachVendor(t, func(t *testing.T, c *at, v vendor, id uuid.UUID) {
		t.Helper()
		for round, toldBetween := range []bool{true, false} {
			into, other := c.lead(fmt.Sprintf("new%d@firm.example", round)), c.lead(fmt.Sprintf("old%d@home.example", round))
			c.assigned(other, c.ben, "open")
			c.touch(other)
			c.settle(id)
			was := ""
			for _, p := range c.double.Live(v.person) {
				if v.keyOf(p) == other.ID.String() {
					was = p.ID
				}
			}
			m, err := c.App.MergeLeads(t.Context(), into.ID, other.ID, c.ana)
			if err != nil {
				t.Fatal(err)
			}
			if toldBetween {
				c.settle(id)
				for _, p := range c.double.Live(v.person) {
					if p.ID == was && v.keyOf(p) != into.ID.String() {
						t.Errorf("it carries %s", v.keyOf(p))
					}
				}
				c.oneEach(t, v, into.ID)
			}
			if _, err := c.App.UnmergeLeads(t.Context(), into.ID, m.ID, c.ana); err != nil {
				t.Fatal(err)
			}
			c.assigned(into, c.ana, "open")
			c.touch(into)
			c.settle(id)
			c.oneEach(t, v, into.ID, other.ID)
			for _, p := range c.double.Live(v.person) {
				if p.ID == was && v.keyOf(p) != other.ID.String() {
					t.Errorf("it did not go back: it carries %s", v.keyOf(p))
				}
			}
		}
		c.explained()
	})
}

// oneEach fails unless each lead has exactly one live person there.
func (c *at) oneEach(t *testing.T, v vendor, leads ...uuid.UUID) {
	t.Helper()
	n := map[string]int{}
	for _, p := range c.double.Live(v.person) {
		n[v.keyOf(p)]++
	}
	for _, l := range leads {
		if n[l.String()] != 1 {
			t.Errorf("%d live persons of lead %s, of %v", n[l.String()], l, n)
		}
	}
}

// touch is any news about a lead.
func (c *connected) touch(l store.Lead) {
	c.T.Helper()
	err := c.Store.Tx(c.T.Context(), func(tx *store.Tx) error {
		return tx.Exec("insert into outbox (id, type, lead_id, detail, origin, at) values (?, 'lead.changed', ?, '{}', '', ?)", store.NewID(), l.ID, tx.Now()).Error
	})
	if err != nil {
		c.T.Fatal(err)
	}
}

// TestAnErasureReachesThemAndIsForgotten: person, deal and a company of nobody are gone there, and nothing here knows their ids.
func TestAnErasureReachesThemAndIsForgotten(t *testing.T) {
	eachVendor(t, func(t *testing.T, c *at, v vendor, id uuid.UUID) {
		t.Helper()
		deal := c.deal("ann@firm.example", c.ana)
		c.settle(id)
		c.pull(id)
		ids := []string{c.double.Live(v.person)[0].ID, c.double.Live(v.deal)[0].ID}
		c.double.Always(crmtest.Fails)
		if _, err := c.App.EraseLead(t.Context(), deal.LeadID, c.admin); err != nil {
			t.Fatal(err)
		}
		c.push(id)
		if n := c.Count("select count(*) from remote_objects where connector_id = ?", id); n < 2 {
			t.Errorf("%d objects are known while they have not heard of it", n)
		}
		c.double.Trouble(nil)
		c.settle(id)
		for _, kind := range []string{v.person, v.deal, v.company} {
			if n := len(c.double.Live(kind)); n != 0 {
				t.Errorf("%d %s are left", n, kind)
			}
		}
		if n := c.Count("select count(*) from remote_objects where connector_id = ?", id); n != 0 {
			t.Errorf("%d of their objects are known", n)
		}
		for what, n := range map[string]int{
			"pushes": c.Count("select count(*) from pushes where remote_id in ?", ids),
			"tries":  c.Count("select count(*) from push_attempts where (request <> '' or answer <> '') and push_id in (select id from pushes where lead_id = ?)", deal.LeadID),
			"news":   c.Count("select count(*) from pulls where object_id in (?, ?) and event_key not like 'erased:%'", deal.LeadID, deal.ID),
		} {
			if n != 0 {
				t.Errorf("%d %s still name them", n, what)
			}
		}
		c.explained()
	})
}

// TestDeletedThereStaysDeleted, however much is news afterwards, until somebody asks for it again.
func TestDeletedThereStaysDeleted(t *testing.T) {
	eachVendor(t, func(t *testing.T, c *at, v vendor, id uuid.UUID) {
		t.Helper()
		l := c.lead("ann@firm.example")
		c.assigned(l, c.ana, "open")
		for i := range 3 {
			c.touch(l)
			c.settle(id)
			if i == 0 {
				c.double.Delete(v.person, c.double.Live(v.person)[0].ID)
			}
		}
		if n := len(c.double.Live(v.person)); n != 0 {
			t.Fatalf("%d were made again", n)
		}
		var last uuid.UUID
		if err := c.Store.DB(t.Context()).Raw("select id from pushes where lead_id = ? and state = 'refused' order by created_at desc limit 1", l.ID).Row().Scan(&last); err != nil {
			t.Fatal(err)
		}
		if err := c.App.RetryPush(t.Context(), last, c.admin); err != nil {
			t.Fatal(err)
		}
		c.settle(id)
		if n := len(c.double.Live(v.person)); n != 1 {
			t.Errorf("%d after somebody asked for it", n)
		}
		c.explained()
	})
}

// TestWhatIsKnownOfACompanyIsKnownToBoth: the second lead of a company finds it by its id, not by a search.
func TestWhatIsKnownOfACompanyIsKnownToBoth(t *testing.T) {
	eachVendor(t, func(t *testing.T, c *at, v vendor, id uuid.UUID) {
		t.Helper()
		if v.company == "" {
			t.Skip("it keeps no companies of ours")
		}
		c.deal("a@firm.example", c.ana)
		c.settle(id)
		c.double.Forget()
		c.deal("b@firm.example", c.ana)
		c.settle(id)
		for _, r := range c.double.Requests() {
			if contains(r.Path, v.company) && contains(r.Path, "search") {
				t.Errorf("it is searched: %s", r.Path)
			}
		}
		if n := c.Count("select count(*) from remote_objects where object_kind = ?", crm.Company); n != 1 {
			t.Errorf("%d companies are known", n)
		}
	})
}

// TestWhatIsErasedByHandIsForgottenOnceItIsDone: the push names the records until somebody says that they are gone there.
func TestWhatIsErasedByHandIsForgottenOnceItIsDone(t *testing.T) {
	d := crmtest.HubSpot(t, nil)
	c := newConnected(t, d)
	id := c.connect("hubspot", "HubSpot", map[string]string{"base": d.URL, "token": crmtest.HubSpotToken, "erase": "tell"})
	deal := c.deal("ann@firm.example", c.ana)
	c.push(id)
	contact := d.Live("contacts")[0].ID
	if _, err := c.App.EraseLead(t.Context(), deal.LeadID, c.admin); err != nil {
		t.Fatal(err)
	}
	c.push(id)
	var alarm uuid.UUID
	if err := c.Store.DB(t.Context()).Raw("select id from alarms where kind = 'connector-erase' and cleared_at is null").Row().Scan(&alarm); err != nil {
		t.Fatal(err)
	}
	named := func() int {
		return c.Count("select count(*) from pushes where reason like ?", "%"+contact+"%") + c.Count("select count(*) from remote_objects where connector_id = ?", id)
	}
	if len(d.Live("contacts")) != 1 || named() == 0 {
		t.Fatal("nothing says what is to be deleted there")
	}
	c.explained()
	if err := c.App.DismissAlarm(t.Context(), alarm, c.admin); err != nil {
		t.Fatal(err)
	}
	if n := named(); n != 0 {
		t.Errorf("%d still name it", n)
	}
	c.explained()
}
