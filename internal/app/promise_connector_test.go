package app_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/store"
	"github.com/gatehouse/gatehouse/internal/testkit/crmtest"
)

// One of theirs for one of ours: an object is looked for before it is made, one that they deleted is not made again, and
// what only fills blanks overwrites nothing.
func TestPromiseOneRemoteObject(t *testing.T) {
	each(t, func(t *testing.T, mutant string) (v violations) {
		t.Helper()
		pipedrive, hubspot := crmtest.Pipedrive(t, nil), crmtest.HubSpot(t, nil)
		c := newConnectedMutant(t, mutant, pipedrive, hubspot)
		p := c.connect("pipedrive", "Pipedrive", map[string]string{"base": pipedrive.URL, "token": crmtest.PipedriveToken, "person_key": crmtest.PipedrivePerson, "deal_key": crmtest.PipedriveDealKey, "org_key": crmtest.PipedriveOrg, "said_field": crmtest.PipedriveSaid})
		h := c.hubspot(hubspot)
		pipedrive.Once(crmtest.CutAfter)
		deal := c.deal("ann@example.org", c.ana)
		for range 3 {
			c.push(p, h)
			c.Clock.Move(2 * time.Minute)
		}
		v.must(len(pipedrive.Live("person")) == 1 && len(pipedrive.Live("deal")) == 1 && len(pipedrive.Live("organization")) == 1, "DOUBLE: %d persons, %d deals and %d companies for one of each",
			len(pipedrive.Live("person")), len(pipedrive.Live("deal")), len(pipedrive.Live("organization")))

		changed := func(company string) {
			t.Helper()
			contact := hubspot.Live("contacts")
			if len(contact) > 0 && company != "" {
				hubspot.Change("contacts", contact[0].ID, map[string]any{"company": company})
			}
			if err := c.Store.Tx(t.Context(), func(tx *store.Tx) error {
				return tx.Create(&store.OutboxEvent{ID: store.NewID(), Type: app.LeadChanged, LeadID: deal.LeadID, At: tx.Now(), Detail: []byte("{}")}).Error
			}); err != nil {
				t.Fatal(err)
			}
			c.push(h)
		}
		changed("What they typed")
		v.must(hubspot.Live("contacts")[0].Props["company"] == "What they typed", "OVERWRITTEN: %v", hubspot.Live("contacts")[0].Props["company"])
		hubspot.Delete("contacts", hubspot.Live("contacts")[0].ID)
		c.Clock.Move(time.Minute)
		changed("")
		v.must(len(hubspot.Live("contacts")) == 0, "AGAIN: what they deleted was made again")
		return v
	}, breaks("no-search", "DOUBLE"), breaks("remote-id-forgotten", "AGAIN"), breaks("fill-overwrites", "OVERWRITTEN"))
}

// An event has one id, however often it is told.
func TestPromiseOneEventID(t *testing.T) {
	each(t, func(t *testing.T, mutant string) (v violations) {
		t.Helper()
		d := crmtest.Receiver(t)
		c := newConnectedMutant(t, mutant, d)
		id := c.webhook(d)
		c.lead("ann@example.org")
		d.Once(crmtest.CutAfter)
		c.push(id)
		c.Clock.Move(2 * time.Minute)
		c.push(id)
		posts := d.Live("posts")
		v.must(len(posts) == 2, "%d posts", len(posts))
		for _, p := range posts {
			v.must(p.Props["id"] == posts[0].Props["id"], "OTHER ID: %v and %v", posts[0].Props["id"], p.Props["id"])
		}
		return v
	}, breaks("event-id-a-try", "OTHER ID"))
}

// What they told is not told back to them.
func TestPromiseNoLoop(t *testing.T) {
	each(t, func(t *testing.T, mutant string) (v violations) {
		t.Helper()
		d := crmtest.HubSpot(t, nil)
		c := newConnectedMutant(t, mutant, d)
		id := c.hubspot(d)
		c.pull(id)
		deal := c.deal("ann@example.org", c.ana)
		c.push(id)
		c.pull(id)
		d.Change("deals", d.Live("deals")[0].ID, map[string]any{"dealstage": "presentationscheduled", "amount": "900"})
		c.Clock.Move(10 * time.Minute)
		c.pull(id)
		v.must(c.read(deal.ID).Stage == "proposal", "their change did not come: %s", c.read(deal.ID).Stage)
		c.spread()
		n := c.Count("select count(*) from pushes where object_id = ? and state = 'waiting'", deal.ID)
		v.must(n == 0, "LOOP: %d pushes tell them what they told", n)
		return v
	}, breaks("loops-unseen", "LOOP"))
}

// One that is away is left alone after some failures, and somebody is told.
func TestPromiseBreaker(t *testing.T) {
	each(t, func(t *testing.T, mutant string) (v violations) {
		t.Helper()
		d := crmtest.Receiver(t)
		c := newConnectedMutant(t, mutant, d)
		id := c.webhook(d)
		d.Always(crmtest.Fails)
		for i := range 20 {
			c.lead(fmt.Sprintf("p%d@example.org", i))
		}
		c.push(id)
		v.must(len(d.Requests()) <= 12, "ASKED: %d requests to one that is away", len(d.Requests()))
		v.must(c.connector(id).BrokenAt != nil, "the breaker is closed")
		v.must(c.Count("select count(*) from alarms where kind = 'connector-away'") == 1, "nobody is told")
		return v
	}, breaks("no-breaker", "ASKED", "closed", "nobody is told"))
}

// seen fails the test unless the violations are those that a mutant leads to; the product's are none.
func seen(t *testing.T, mutant, want string, v violations) {
	t.Helper()
	found := strings.Join(v, "\n")
	switch {
	case want == "" && found != "":
		t.Errorf("%q: %s", mutant, found)
	case !strings.Contains(found, want):
		t.Errorf("the mutant %q survived: no violation %q among %q", mutant, want, found)
	}
}
