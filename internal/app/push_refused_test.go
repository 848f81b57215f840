package app_test

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/testkit/crmtest"
)

// What a system refuses nobody tries again by itself: whoever is named for it is told, once, and no more once it is mended.
func TestARefusedPushIsSaid(t *testing.T) {
	d := crmtest.HubSpot(t, nil)
	c := newConnected(t, d)
	id := c.hubspot(d)
	d.Always(crmtest.Duplicate)
	for _, address := range []string{"p1@firm1.example", "p2@firm2.example"} {
		c.deal(address, c.ana)
	}
	c.push(id)
	refused := c.pushes(id, app.PushRefused)
	if refused < 2 {
		t.Fatalf("%d pushes were refused", refused)
	}
	const standing = "select count(*) from alarms where kind = 'push-refused' and cleared_at is null"
	if n := c.Count(standing); n != 1 {
		t.Errorf("%d alarms stand", n)
	}
	if n := c.Count("select count(*) from messages where template = 'alarm' and user_id = ?", *c.ana.ID); n != 1 {
		t.Errorf("who is named for it was told %d times", n)
	}
	d.Always(crmtest.None)
	var ids []uuid.UUID
	if err := c.Store.DB(t.Context()).Raw("select id from pushes where connector_id = ? and state = 'refused'", id).Scan(&ids).Error; err != nil {
		t.Fatal(err)
	}
	for i, push := range ids {
		if n := c.Count(standing); n != 1 {
			t.Errorf("before %d of %d were mended: %d alarms stand", i+1, len(ids), n)
		}
		if err := c.App.RetryPush(t.Context(), push, c.admin); err != nil {
			t.Fatal(err)
		}
		c.push(id)
	}
	if n := c.Count(standing); n != 0 || c.pushes(id, app.PushRefused) != 0 {
		t.Errorf("all are mended: %d alarms stand, %d lie refused", n, c.pushes(id, app.PushRefused))
	}
	d.Always(crmtest.Duplicate)
	c.deal("p3@firm3.example", c.ana)
	from := c.Clock.Now()
	c.push(id)
	if n := c.Count(standing); n != 1 {
		t.Errorf("refused once more: %d alarms stand", n)
	}
	d.Always(crmtest.None)
	c.Clock.Move(time.Minute)
	if _, err := c.App.Replay(t.Context(), id, from.Add(-time.Hour), from.Add(time.Hour), c.admin); err != nil {
		t.Fatal(err)
	}
	c.push(id)
	c.push(id)
	if n := c.Count(standing); n != 0 {
		t.Errorf("all was told again, and %d alarms stand", n)
	}
	c.explained()
}
