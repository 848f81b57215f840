package app_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/store"
	"github.com/gatehouse/gatehouse/internal/testkit/crmtest"
)

func newChannel(t *testing.T) (*at, uuid.UUID) {
	t.Helper()
	c := newConnectedAt(t, func(now func() time.Time) *crmtest.Double { return crmtest.ReceiverAt(t, now) })
	return c, c.connect("slack", "Sales", map[string]string{"url": c.double.URL + "/services/T000/B000/XXXX", "types": "lead.assigned"})
}

// alerted assigns a lead and announces it, as routing does.
func (c *connected) alerted(address string, to store.Actor) store.Assignment {
	c.T.Helper()
	as := c.assigned(c.lead(address), to, "open")
	err := c.Store.Tx(c.T.Context(), func(tx *store.Tx) error {
		return tx.Exec("insert into outbox (id, type, lead_id, assignment_id, detail, origin, at) values (?, 'lead.assigned', ?, ?, '{}', '', ?)", store.NewID(), as.LeadID, as.ID, tx.Now()).Error
	})
	if err != nil {
		c.T.Fatal(err)
	}
	return as
}

type slackPost struct {
	Text   string
	Blocks []struct {
		Type     string
		Text     struct{ Text string }
		Elements []struct {
			URL  string
			Text struct{ Text string }
		}
	}
}

func (c *at) posts() (out []slackPost, raw []string) {
	c.T.Helper()
	for _, r := range c.double.Live("posts") {
		var p slackPost
		text := fmt.Sprint(r.Props["body"])
		if err := json.Unmarshal([]byte(text), &p); err != nil {
			c.T.Fatal(err)
		}
		out, raw = append(out, p), append(raw, text)
	}
	return out, raw
}

// TestAnAlertSaysAllThatTheMailSays: who, company, what they said, three lines of the ledger, why, the first step, the way to take it.
func TestAnAlertSaysAllThatTheMailSays(t *testing.T) {
	c, id := newChannel(t)
	l := c.lead("ann@firm.example")
	c.say(l, "What does it <cost>?")
	if err := c.Store.DB(t.Context()).Exec("delete from score_lines where lead_id = ?", l.ID).Error; err != nil {
		t.Fatal(err)
	}
	err := c.Store.DB(t.Context()).Exec(`insert into scores (lead_id, rule_set_id, fit, engagement, grade, why, scored_at) select ?, id, 9000, 4100, 'A2', '', ? from rule_sets limit 1
		on conflict (lead_id) do nothing`, l.ID, c.Clock.Now()).Error
	if err != nil {
		t.Fatal(err)
	}
	for i, title := range []string{"A head of something", "Asked the author", "Came back", "The fourth"} {
		err := c.Store.DB(t.Context()).Exec(`insert into score_lines (lead_id, number, rule_set_id, side, group_key, rule_key, title, points, decay_days, at, event_kind)
			select ?, ?, id, 'fit', 'g', ?, ?, ?, 0, ?, 'test' from rule_sets limit 1`, l.ID, i+1, fmt.Sprint("r", i), title, 9000-1000*i, c.Clock.Now()).Error
		if err != nil {
			t.Fatal(err)
		}
	}
	as := c.alerted("ann@firm.example", c.ana)
	c.push(id)
	c.push(id)
	posts, raw := c.posts()
	if len(posts) != 1 {
		t.Fatalf("%d alerts of one assignment", len(posts))
	}
	for _, want := range []string{"New lead for Ana", "Ann Archer", "Archer &amp; Sons", "What does it &lt;cost&gt;?", "A head of something", "Asked the author", "Came back", "for the test", "First step"} {
		if !strings.Contains(strings.ReplaceAll(raw[0], `\u0026`, "&"), want) {
			t.Errorf("it does not say %q: %s", want, raw[0])
		}
	}
	if strings.Contains(raw[0], "The fourth") {
		t.Error("it tells more than three lines")
	}
	last := posts[0].Blocks[len(posts[0].Blocks)-1]
	if len(last.Elements) != 1 || !strings.HasSuffix(last.Elements[0].URL, "/admin/claim/"+as.ID.String()) {
		t.Errorf("%+v", last)
	}
	c.explained()
}

// TestManyAlertsAreOneDigest: beyond the number that the settings name they wait a quarter of an hour and come as one. Whoever was
// claimed elsewhere meanwhile is not in it.
func TestManyAlertsAreOneDigest(t *testing.T) {
	c, id := newChannel(t)
	over := c.Count("select digest_over from sales_settings")
	for i := range over + 6 {
		c.alerted(fmt.Sprintf("p%d@firm%d.example", i, i), c.ana)
	}
	c.push(id)
	if posts, _ := c.posts(); len(posts) != over {
		t.Fatalf("%d alerts at once, not %d", len(posts), over)
	}
	err := c.Store.DB(t.Context()).Exec("update assignments set state = 'declined', closed_at = at where lead_id = (select lead_id from lead_addresses where address = ?)", fmt.Sprintf("p%d@firm%d.example", over+5, over+5)).Error
	if err != nil {
		t.Fatal(err)
	}
	c.Clock.Move(16 * time.Minute)
	c.double.Once(crmtest.Fails)
	c.push(id)
	c.Clock.Move(time.Hour)
	c.push(id)
	c.push(id)
	posts, raw := c.posts()
	if len(posts) != over+1 || !strings.Contains(posts[over].Text, "5 more leads") || strings.Contains(raw[over], "Ann") {
		t.Fatalf("%d posts, the last %s", len(posts), raw[len(raw)-1])
	}
	if n := strings.Count(raw[over], "/admin/claim/"); n != 5 {
		t.Errorf("%d can be taken from it", n)
	}
	if n := c.Count("select count(*) from pushes where connector_id = ? and state in ('waiting','sending','held')", id); n != 0 {
		t.Errorf("%d wait", n)
	}
	c.explained()
}

// TestAfterADayAwayAChannelHearsOnce: what waited comes as a digest, not one by one.
func TestAfterADayAwayAChannelHearsOnce(t *testing.T) {
	c, id := newChannel(t)
	c.double.Always(crmtest.Fails)
	for i := range 20 {
		c.alerted(fmt.Sprintf("p%d@firm%d.example", i, i), c.ana)
		c.push(id)
		c.Clock.Move(20 * time.Minute)
	}
	c.double.Trouble(nil)
	for range 6 {
		c.Clock.Move(5 * time.Hour)
		c.push(id)
	}
	if posts, _ := c.posts(); len(posts) == 0 || len(posts) > 3 {
		t.Errorf("%d posts of 20", len(posts))
	}
	if n := c.pushes(id, app.PushWaiting); n != 0 {
		t.Errorf("%d wait", n)
	}
	c.explained()
}

// What a dry run shows of a webhook is what the event would carry: the assignment with it.
func TestADryRunOfAnEventCarriesTheAssignment(t *testing.T) {
	d := crmtest.Receiver(t)
	c := newConnected(t, d)
	id := c.webhook(d)
	as := c.alerted("ann@firm.example", c.ana)
	out, err := c.App.DryRun(t.Context(), id, as.LeadID, nil)
	if err != nil || len(out.Trace) != 1 || !strings.Contains(out.Trace[0].Body, `"assignment":`) || !strings.Contains(out.Trace[0].Body, as.ID.String()) {
		t.Errorf("%v %+v", err, out.Trace)
	}
	if n := len(d.Requests()); n != 0 {
		t.Errorf("%d requests went out", n)
	}
}
