package app_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/testkit/crmtest"
)

func TestRateLimitsWaitAsTold(t *testing.T) {
	d := crmtest.Receiver(t)
	c := newConnected(t, d)
	id := c.webhook(d)
	c.lead("a@example.org")
	c.lead("b@example.org")
	d.Once(crmtest.TooManyWait)
	c.spread()
	c.push(id)
	before := len(d.Requests())
	c.lead("c@example.org") // and what comes meanwhile waits as well
	c.Clock.Move(20 * time.Second)
	c.push(id)
	if n := len(d.Requests()); n != before {
		t.Errorf("%d requests although it asked us to wait", n-before)
	}
	c.Clock.Move(11 * time.Second)
	c.push(id)
	if c.pushes(id, app.PushDone) != 3 {
		t.Errorf("%d done", c.pushes(id, app.PushDone))
	}
}

// TestHeldIsCollectedAndReleased, by the connector's own state and after a restore.
func TestHeldIsCollectedAndReleased(t *testing.T) {
	d := crmtest.Receiver(t)
	c := newConnected(t, d)
	id := c.webhook(d)
	if err := c.App.HoldMail(t.Context(), "restored", c.admin); err != nil {
		t.Fatal(err)
	}
	c.lead("a@example.org")
	c.push(id)
	if len(d.Requests()) != 0 || c.pushes(id, app.PushWaiting) != 1 {
		t.Fatalf("%d requests while everything is held", len(d.Requests()))
	}
	c.explained()
	if _, err := c.App.ReleaseMail(t.Context(), c.admin); err != nil {
		t.Fatal(err)
	}
	c.push(id)
	if len(d.Requests()) != 1 {
		t.Errorf("%d requests after the release", len(d.Requests()))
	}
	if err := c.App.SetConnectorState(t.Context(), id, c.connector(id).Version, app.ConnectorHeld, c.admin); err != nil {
		t.Fatal(err)
	}
	c.lead("b@example.org")
	c.push(id)
	if len(d.Requests()) != 1 {
		t.Error("a held connector is told")
	}
	if err := c.App.SetConnectorState(t.Context(), id, c.connector(id).Version, app.ConnectorOn, c.admin); err != nil {
		t.Fatal(err)
	}
	c.push(id)
	if len(d.Requests()) != 2 {
		t.Error("nothing came after it was switched on")
	}
}

func TestReplayARangeHasTheSameIds(t *testing.T) {
	d := crmtest.Receiver(t)
	c := newConnected(t, d)
	id := c.webhook(d)
	c.lead("a@example.org")
	c.push(id)
	from := c.Clock.Now()
	c.Clock.Move(time.Hour)
	c.lead("b@example.org")
	c.push(id)
	n, err := c.App.Replay(t.Context(), id, from.Add(-time.Minute), from.Add(time.Minute), c.admin)
	if err != nil || n != 1 {
		t.Fatalf("%d, %v", n, err)
	}
	c.push(id)
	posts := d.Live("posts")
	if len(posts) != 3 || posts[2].Props["id"] != posts[0].Props["id"] {
		t.Errorf("%d posts", len(posts))
	}
	c.explained()
}

// TestWhoDiesBetweenCallAndRecord: whatever is cut, whoever dies, there is one object.
func TestWhoDiesBetweenCallAndRecord(t *testing.T) {
	d := crmtest.HubSpot(t, nil)
	c := newConnected(t, d)
	id := c.hubspot(d)
	n := 0
	rapid.Check(t, func(rt *rapid.T) {
		n++
		deal := c.deal(fmt.Sprintf("p%d@example.org", n), c.ana)
		for range rapid.IntRange(1, 4).Draw(rt, "rounds") {
			at, i := rapid.IntRange(0, 8).Draw(rt, "at"), 0
			tr := rapid.SampledFrom([]crmtest.Trouble{crmtest.None, crmtest.CutAfter, crmtest.FailsAfter, crmtest.Fails}).Draw(rt, "trouble")
			d.Trouble(func(crmtest.Request) crmtest.Trouble {
				if i++; i-1 == at {
					return tr
				}
				return crmtest.None
			})
			c.push(id)
			if rapid.Bool().Draw(rt, "dies") { // as a process leaves it that was killed before the answer was recorded
				err := c.Store.DB(t.Context()).Exec(`with last as (select t.id, t.push_id from push_attempts t join pushes p on p.id = t.push_id where p.lead_id = ? order by t.started_at desc, t.id desc limit 1),
					gone as (delete from remote_objects where object_id in (?, ?)),
					a as (update push_attempts set outcome = 'open', finished_at = null, worker = 'dead', lease_until = started_at where id in (select id from last))
					update pushes set state = 'sending' where id in (select push_id from last) and state <> 'superseded'`, deal.LeadID, deal.LeadID, deal.ID).Error
				if err != nil {
					rt.Fatal(err)
				}
			}
			c.Clock.Move(time.Duration(rapid.IntRange(1, 120).Draw(rt, "minutes")) * time.Minute)
		}
		d.Trouble(nil)
		for range 3 {
			c.push(id)
			c.Clock.Move(5 * time.Hour)
		}
		for _, kind := range []string{"contacts", "deals"} {
			if got := len(d.Live(kind)); got != n {
				rt.Fatalf("%d %s of %d", got, kind, n)
			}
		}
	})
	c.explained()
}

func TestSecretsAreSealedAndNeverShown(t *testing.T) {
	d := crmtest.HubSpot(t, nil)
	c := newConnected(t, d)
	id := c.hubspot(d)
	c.deal("ann@example.org", c.ana)
	d.Always(crmtest.NoAuth)
	c.push(id)
	for table, text := range map[string]string{"connectors": "select coalesce(string_agg(c::text, ' '), '') from connectors c", "tries": "select coalesce(string_agg(t::text, ' '), '') from push_attempts t",
		"pushes": "select coalesce(string_agg(p::text, ' '), '') from pushes p", "alarms": "select coalesce(string_agg(a::text, ' '), '') from alarms a", "audit": "select coalesce(string_agg(a::text, ' '), '') from audit_log a",
		"jobs": "select coalesce(string_agg(j::text, ' '), '') from river_job j"} {
		var all string
		if err := c.Store.DB(t.Context()).Raw(text).Scan(&all).Error; err != nil {
			t.Fatal(err)
		}
		if strings.Contains(all, crmtest.HubSpotToken) {
			t.Errorf("the token stands in %s", table)
		}
	}
	if strings.Contains(c.Log.String(), crmtest.HubSpotToken) {
		t.Error("the token stands in the log")
	}
	detail, err := c.App.ConnectorDetail(t.Context(), id)
	if err != nil || !detail.Set["token"] {
		t.Fatal(err)
	}
	raw, _ := json.Marshal(detail)
	if strings.Contains(string(raw), crmtest.HubSpotToken) {
		t.Error("the page is given the token")
	}
}
