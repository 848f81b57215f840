package web_test

import (
	"context"
	"errors"
	"fmt"
	"html"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/auth"
	"github.com/gatehouse/gatehouse/internal/crm"
	"github.com/gatehouse/gatehouse/internal/store"
	"github.com/gatehouse/gatehouse/internal/testkit"
	"github.com/gatehouse/gatehouse/internal/testkit/crmtest"
)

// troubled is a site with one connector whose system has every trouble.
type troubled struct {
	*site
	d     *crmtest.Double
	id    uuid.UUID
	admin *browser
	leads int
}

type system struct {
	double   func(testing.TB, func() time.Time) *crmtest.Double
	settings func(d *crmtest.Double) map[string]string
	person   string // what it calls a person; empty: it takes events
	property string // one that the mapping names
}

var systems = map[string]system{
	"webhook": {crmtest.ReceiverAt, func(d *crmtest.Double) map[string]string {
		return map[string]string{"url": d.URL, "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "types": "lead.changed"}
	}, "", ""},
	"slack": {crmtest.ReceiverAt, func(d *crmtest.Double) map[string]string {
		return map[string]string{"url": d.URL + "/services/T/B/X", "types": "lead.changed"}
	}, "", ""},
	"hubspot": {crmtest.HubSpot, func(d *crmtest.Double) map[string]string {
		return map[string]string{"base": d.URL, "token": crmtest.HubSpotToken}
	}, "contacts", "gatehouse_said"},
	"salesforce": {crmtest.Salesforce, func(d *crmtest.Double) map[string]string {
		return map[string]string{"domain": d.URL, "client_id": crmtest.SalesforceClient, "client_secret": crmtest.SalesforceSecret}
	}, "Lead", "Gatehouse_Said__c"},
	"pipedrive": {crmtest.Pipedrive, func(d *crmtest.Double) map[string]string {
		return map[string]string{"base": d.URL, "token": crmtest.PipedriveToken, "person_key": crmtest.PipedrivePerson, "deal_key": crmtest.PipedriveDealKey, "org_key": crmtest.PipedriveOrg,
			"said_field": crmtest.PipedriveSaid}
	}, "person", crmtest.PipedriveSaid},
}

// news makes a lead of sales and news about it, and gives its push.
func (x *troubled) news(t *testing.T) uuid.UUID {
	t.Helper()
	x.leads++
	address := fmt.Sprintf("p%d@firm%d.example", x.leads, x.leads)
	x.Take(testkit.Submit(address))
	err := x.Store.Tx(t.Context(), func(tx *store.Tx) error {
		var ad store.LeadAddress
		if err := tx.Where("address = ?", address).Take(&ad).Error; err != nil {
			return err
		}
		if err := tx.Exec("update leads set owner_id = ? where id = ?", x.admin.user.ID, ad.LeadID).Error; err != nil {
			return err
		}
		err := tx.Exec(`insert into sayings (id, lead_id, address_id, document_id, kind, text, page, state, at) select ?, ?, ?, id, 'ask', 'Why', 'thanks', 'claimed', ? from documents limit 1`,
			store.NewID(), ad.LeadID, ad.ID, tx.Now()).Error
		if err != nil {
			return err
		}
		return tx.Exec("insert into outbox (id, type, lead_id, detail, origin, at) values (?, 'lead.changed', ?, '{}', '', ?)", store.NewID(), ad.LeadID, tx.Now()).Error
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := x.App.SpreadOutbox(t.Context()); err != nil {
		t.Fatal(err)
	}
	var id uuid.UUID
	if err := x.Store.DB(t.Context()).Raw("select id from pushes order by created_at desc, id desc limit 1").Row().Scan(&id); err != nil {
		t.Fatal(err)
	}
	return id
}

func (x *troubled) push(ctx context.Context, t *testing.T) {
	t.Helper()
	var later *app.Later
	if err := x.App.PushDue(ctx, x.id); err != nil && !errors.As(err, &later) && ctx.Err() == nil {
		t.Fatal(err)
	}
}

func (x *troubled) open(t *testing.T) (c store.Connector) {
	t.Helper()
	if err := x.Store.DB(t.Context()).Where("id = ?", x.id).Take(&c).Error; err != nil {
		t.Fatal(err)
	}
	return c
}

// end is what a trouble comes to.
type end struct {
	state  string
	broken bool          // the breaker opens at once, an alarm is raised, the named person hears of it
	waits  time.Duration // the whole connector
	reason string        // on the page
}

// TestEveryTroubleHasItsEnd: for each connector and each trouble what becomes of the push, of the connector, who is told, what the
// pages say; and that it goes once the trouble is over, with one object there.
func TestEveryTroubleHasItsEnd(t *testing.T) {
	waiting, refused, done := app.PushWaiting, app.PushRefused, app.PushDone
	for kind, sys := range systems {
		t.Run(kind, func(t *testing.T) {
			x := newTroubled(t, kind, sys)
			crmKind := sys.person != ""
			for trouble, want := range map[crmtest.Trouble]end{
				crmtest.NoAuth:      {waiting, true, 0, "key"},
				crmtest.Forbidden:   {waiting, true, 0, ""},
				crmtest.TooManyWait: {waiting, false, 30 * time.Second, "slow down"},
				crmtest.TooMany:     {waiting, false, 10 * time.Second, "slow down"},
				crmtest.Duplicate:   {refused, false, 0, "already"},
				crmtest.Fails:       {waiting, false, 0, "a fault of its own"},
				crmtest.CutAfter:    {waiting, false, 0, "the connection broke"},
				crmtest.Hangs:       {waiting, false, 0, ""},
				crmtest.Drops:       {waiting, false, 0, "said yes"},
				crmtest.Redirects:   {waiting, true, 0, "redirect"},
			} {
				switch {
				case kind == "slack" && trouble == crmtest.Forbidden:
					want.reason = "make a new webhook"
				case !crmKind && trouble == crmtest.Drops: // nobody can know
					want = end{state: done}
				case kind == "webhook" && trouble == crmtest.Duplicate: // a receiver's own fault, which it mends
					want = end{waiting, false, 0, "refuses"}
				case kind == "slack" && trouble == crmtest.Duplicate:
					want.reason = "refuses"
				}
				t.Run(string(trouble), func(t *testing.T) { x.comesTo(t, trouble, want, sys) })
			}
			if sys.property != "" {
				t.Run("a schema with a missing property", func(t *testing.T) {
					x.d.Missing(sys.property)
					x.comesTo(t, crmtest.None, end{waiting, true, 0, sys.property}, sys)
				})
			}
		})
	}
}

func newTroubled(t *testing.T, kind string, sys system) *troubled {
	t.Helper()
	var s *site
	d := sys.double(t, func() time.Time {
		if s == nil {
			return time.Now()
		}
		return s.Clock.Now()
	})
	s = newSite(t, func(o *app.Options) { o.Allow = crmtest.Allow(d) })
	x := &troubled{site: s, d: d, admin: s.login(auth.Admin)}
	d.Users = []crm.User{{ID: "7", Name: "Admin", Email: x.admin.user.Email}}
	by := store.Actor{Kind: "command", Name: "the test"}
	id, err := s.App.CreateConnector(t.Context(), app.ConnectorEdit{Kind: kind, Name: kind, AlertUser: x.admin.user.ID.String(), Values: sys.settings(d)}, by)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.App.SetConnectorState(t.Context(), id, 1, app.ConnectorOn, by); err != nil {
		t.Fatal(err)
	}
	x.id = id
	return x
}

func (x *troubled) comesTo(t *testing.T, trouble crmtest.Trouble, want end, sys system) {
	t.Helper()
	mails := x.Count("select count(*) from messages where template = 'alarm' and user_id = ?", x.admin.user.ID)
	x.d.Trouble(func(r crmtest.Request) crmtest.Trouble {
		hook := sys.person == ""
		if trouble == crmtest.Duplicate && !hook && !crmtest.Creates(r) || trouble == crmtest.Drops && !hook && !crmtest.Writes(r) {
			return crmtest.None
		}
		return trouble
	})
	push := x.news(t)
	ctx, cancel := t.Context(), context.CancelFunc(func() {})
	if trouble == crmtest.Hangs {
		ctx, cancel = context.WithTimeout(t.Context(), 400*time.Millisecond)
	}
	x.push(ctx, t)
	cancel()
	d, err := x.App.PushDetail(t.Context(), push)
	if err != nil {
		t.Fatal(err)
	}
	c := x.open(t)
	if d.State != want.state || (c.BrokenAt != nil) != want.broken || !strings.Contains(d.Reason, want.reason) {
		t.Errorf("the push is %s (%s), the connector broken: %t (%s); wanted %+v", d.State, d.Reason, c.BrokenAt != nil, c.BrokenWhy, want)
	}
	if want.waits > 0 && (c.WaitUntil == nil || !c.WaitUntil.Equal(x.Clock.Now().Add(want.waits))) {
		t.Errorf("it waits until %v at %v, not for %s", c.WaitUntil, x.Clock.Now(), want.waits)
	}
	alarms, told := 0, 0
	if want.broken {
		alarms, told = 1, 1
	}
	if want.state == app.PushRefused { // the connector is well, and what it refused waits for a person
		told = 1
	}
	if n := x.Count("select count(*) from alarms where kind = 'connector-away' and cleared_at is null"); n != alarms {
		t.Errorf("%d alarms are open, not %d", n, alarms)
	}
	if n := x.Count("select count(*) from messages where template = 'alarm' and user_id = ?", x.admin.user.ID) - mails; n != told {
		t.Errorf("the named person has %d mails, not %d", n, told)
	}
	if n := x.Count("select count(*) from push_attempts where outcome = 'open'"); n != 0 {
		t.Errorf("%d tries are open", n)
	}
	pages := x.login(auth.Admin) // the clock moves by hours: each trouble has a session of its own
	if page := html.UnescapeString(pages.page("/admin/pushes/" + push.String())); !strings.Contains(page, d.Reason) {
		t.Errorf("the page of the push does not say %q", d.Reason)
	}
	if page := html.UnescapeString(pages.page("/admin/connectors/" + x.id.String())); !strings.Contains(page, c.BrokenWhy) {
		t.Errorf("the page of the connector does not say %q", c.BrokenWhy)
	}
	x.mends(t, push, d.State, sys)
}

// mends ends the trouble: all that waits goes by itself, what was refused when it is asked for, and there is one object for each.
func (x *troubled) mends(t *testing.T, push uuid.UUID, state string, sys system) {
	t.Helper()
	x.d.Trouble(nil)
	x.d.Missing("")
	if state == app.PushRefused {
		if err := x.App.RetryPush(t.Context(), push, store.Actor{Kind: "command", Name: "the test"}); err != nil {
			t.Fatal(err)
		}
	}
	for range 4 {
		x.Clock.Move(time.Hour)
		x.push(t.Context(), t)
	}
	if n := x.Count("select count(*) from pushes where state not in ('done','superseded')"); n != 0 {
		t.Errorf("%d are not told once it is over", n)
	}
	if n := x.Count("select count(*) from alarms where kind = 'connector-away' and cleared_at is null"); n != 0 {
		t.Errorf("%d alarms are open once it is over", n)
	}
	if sys.person != "" {
		if n := len(x.d.Live(sys.person)); n != x.leads {
			t.Errorf("%d %s of %d", n, sys.person, x.leads)
		}
	}
}
