package app_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/testkit/crmtest"
)

// What cannot be told, and what cannot be taken, is set aside with its reason; what waits behind it goes on.
func TestOneThatFailsHoldsUpNoOther(t *testing.T) {
	var c *connected
	d := crmtest.HubSpot(t, func() time.Time {
		if c == nil {
			return time.Now()
		}
		return c.Clock.Now()
	})
	c = newConnected(t, d)
	id := c.hubspot(d)
	c.pull(id)
	var deals []uuid.UUID
	for i := range 3 {
		deals = append(deals, c.deal(fmt.Sprintf("p%d@firm%d.example", i, i), c.ana).ID)
		c.Clock.Move(time.Second)
	}
	bad := c.read(deals[0]).LeadID
	mustExec(t, c.Kit, "alter table pushes add constraint of_the_test check (lead_id <> '"+bad.String()+"'::uuid or state <> 'sending') not valid")
	c.push(id)
	if n := len(d.Live("deals")); n != 2 {
		t.Errorf("%d of the other two deals were told", n)
	}
	if n := c.Count("select count(*) from pushes where lead_id = ? and state = 'refused' and reason like 'our own program failed%'", bad); n == 0 {
		t.Error("nothing says what became of the one that failed")
	}
	if n := c.Count("select count(*) from alarms where kind = 'push-refused' and cleared_at is null"); n != 1 {
		t.Errorf("%d alarms say it", n)
	}
	c.pull(id)
	c.Clock.Move(time.Minute)
	for _, r := range d.Live("deals") {
		d.Change("deals", r.ID, map[string]any{"amount": "700"})
		c.Clock.Move(time.Second)
	}
	mustExec(t, c.Kit, "alter table deals add constraint of_the_test check (id <> '"+deals[1].String()+"'::uuid or value <> 70000) not valid")
	c.pull(id)
	if got := c.read(deals[2]); got.Value == nil || *got.Value != 70000 {
		t.Errorf("what came after the one that failed: %v", got.Value)
	}
	if n := c.Count("select count(*) from pulls where object_id = ? and outcome = 'refused' and reason like 'our own program failed%'", deals[1]); n != 1 {
		t.Error("nothing says what became of the news that failed")
	}
	if log := c.Log.String(); !strings.Contains(log, "could not be written") || !strings.Contains(log, "could not be applied") || strings.Contains(log, "@firm") {
		t.Errorf("the log says %s", log)
	}
	if n := c.Count("select count(*) from pulls where outcome = 'waiting'"); n != 0 || c.pushes(id, app.PushWaiting) != 0 {
		t.Errorf("%d news and %d pushes wait", n, c.pushes(id, app.PushWaiting))
	}
	c.explained()
}
