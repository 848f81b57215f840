package crash

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse/gatehouse/internal/crm"
	"github.com/gatehouse/gatehouse/internal/testkit/crmtest"
	"github.com/gatehouse/gatehouse/internal/testkit/proc"
)

// Three processes tell five other systems of leads that qualify, one of them is killed again and again with calls in its
// hands, and the systems fail in every way they know: each holds one object for each of ours, receivers hear of every
// event under one id, and nothing is lost or unexplained.
func TestConnectorsWhileProcessesDie(t *testing.T) {
	t.Parallel()
	clock := filepath.Join(proc.DataDir(t), "clock")
	w := newWorld(t, worldOptions{slow: 20 * time.Millisecond, clock: clock})
	c := newCRMs(w, clock)
	web := w.start("--role", "web")
	w.sells(5)
	c.connect(web)
	workers := []interface{ Kill() }{w.start("--role", "worker"), w.start("--role", "worker")}
	l := w.people("crm", 12)
	for i := range rounds(4, 30) {
		c.trouble()
		l.more(8)
		release := c.hold()
		w.until(90*time.Second, 2, "both workers have calls in their hands", "select count(distinct worker) from push_attempts where outcome = 'open'")
		workers[i%2].Kill()
		c.trouble()
		release()
		workers[i%2] = w.start("--role", "worker")
	}
	l.end()
	w.clean(90*time.Second, l)
	w.until(60*time.Second, 0, "leads without an owner", `select count(*) from leads l left join assignments a on a.lead_id = l.id where a.id is null`)
	c.accepts(3)
	c.trouble()
	c.settles()
	if w.number("select count(*) from push_attempts where answer like 'the process ended%'") == 0 {
		t.Error("the kills met no try: this shows nothing")
	}
	c.audit(l.taken())
	w.verify()
	for what, sql := range map[string]string{
		"jobs given up":             "select count(*) from river_job where state in ('discarded','cancelled')",
		"events that nobody spread": "select count(*) from outbox where spread_at is null",
		"pushes refused":            "select count(*) from pushes where state in ('refused','dropped')",
		"pushes without a try":      "select count(*) from pushes where state = 'done' and tries = 0",
	} {
		if n := w.number(sql); n > 0 {
			t.Errorf("%d %s", n, what)
		}
	}
	t.Logf("%d leads; %d tries of %d pushes, %d of them unknown; the clock was moved by %s", l.taken(), w.number("select count(*) from push_attempts"), w.number("select count(*) from pushes where state = 'done'"),
		w.number("select count(*) from push_attempts where outcome = 'unknown'"), c.moved)
}

// crms are the doubles of five systems, and the clock by which the program waits for them.
type crms struct {
	w       *world
	boss    *http.Client
	doubles map[string]*crmtest.Double
	clock   string
	moved   time.Duration
	dice    *rand.Rand
}

const staffPassword = "a password of the tests, long enough"

func newCRMs(w *world, clock string) *crms {
	t := w.t
	t.Helper()
	now := func() time.Time {
		moved, _ := os.ReadFile(clock)
		d, _ := time.ParseDuration(string(moved)) // not moved yet
		return time.Now().Add(d)
	}
	c := &crms{w: w, clock: clock, dice: rand.New(rand.NewPCG(3, 1)), doubles: map[string]*crmtest.Double{"webhook": crmtest.Receiver(t), "slack": crmtest.Receiver(t),
		"hubspot": crmtest.HubSpot(t, now), "salesforce": crmtest.Salesforce(t, now), "pipedrive": crmtest.Pipedrive(t, now)}}
	for _, d := range c.doubles {
		for i := range 5 {
			d.Users = append(d.Users, crm.User{ID: fmt.Sprint(70 + i), Name: fmt.Sprintf("Rep %d", i), Email: fmt.Sprintf("rep%d@gatehouse.example", i)})
		}
	}
	w.o.env = map[string]string{"GATEHOUSE_CONNECT_ALLOW": allowed(t, slices.Collect(maps.Values(c.doubles))...)}
	jar, _ := cookiejar.New(nil) // no options: never an error
	c.boss = &http.Client{Timeout: 20 * time.Second, Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return c
}

// post posts a form as a member of staff and wants to be sent on.
func (c *crms) post(path string, form url.Values) (location string) {
	c.w.t.Helper()
	resp, err := c.boss.PostForm("http://"+c.w.front.Addr()+path, form)
	if err != nil {
		c.w.t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusSeeOther {
		c.w.t.Fatalf("POST %s: %d", path, resp.StatusCode)
	}
	return resp.Header.Get("Location")
}

var firstAdmin = regexp.MustCompile(`(?m)^  First admin +https?://[^/]+(\S+)`)

// connect sets the five up through the pages, and switches them on.
func (c *crms) connect(web *proc.Process) {
	c.w.t.Helper()
	link := firstAdmin.FindStringSubmatch(web.Log())
	if link == nil {
		c.w.t.Fatalf("no setup link:\n%s", web.Log())
	}
	c.post(link[1], url.Values{"name": {"Boss"}, "email": {"boss@gatehouse.example"}, "password": {staffPassword}})
	base := func(kind string) string { return c.doubles[kind].URL }
	for kind, values := range map[string]url.Values{
		"webhook":    {"url": {base("webhook") + "/in"}, "secret": {"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}},
		"slack":      {"url": {base("slack") + "/services/T000/B000/XXXX"}, "types": {"lead.assigned\ndeal.stage_changed"}},
		"hubspot":    {"base": {base("hubspot")}, "token": {crmtest.HubSpotToken}, "leads": {"yes"}},
		"salesforce": {"domain": {base("salesforce")}, "client_id": {crmtest.SalesforceClient}, "client_secret": {crmtest.SalesforceSecret}},
		"pipedrive": {"base": {base("pipedrive")}, "token": {crmtest.PipedriveToken}, "leads": {"yes"}, "person_key": {crmtest.PipedrivePerson}, "deal_key": {crmtest.PipedriveDealKey},
			"org_key": {crmtest.PipedriveOrg}, "said_field": {crmtest.PipedriveSaid}},
	} {
		values.Set("name", kind)
		c.switchOn(kind, values)
	}
}

// switchOn makes one connector and lets it tell.
func (c *crms) switchOn(kind string, values url.Values) {
	c.w.t.Helper()
	values.Set("kind", kind)
	c.post(c.post("/admin/connectors", values)+"/state", url.Values{"state": {"on"}, "version": {"1"}})
}

// allowed is the setting that lets connectors reach doubles on this machine.
func allowed(t *testing.T, doubles ...*crmtest.Double) string {
	t.Helper()
	out := []string{"127.0.0.1/32"}
	for _, d := range doubles {
		u, err := url.Parse(d.URL)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, "port:"+u.Port())
	}
	return strings.Join(out, ", ")
}

// accepts makes deals of n leads, each by its owner.
func (c *crms) accepts(n int) {
	c.w.t.Helper()
	c.w.until(60*time.Second, 1, "enough leads of one owner", "select (count(*) >= $1)::int from assignments where state = 'open' and owner_id = (select id from users where email = 'rep0@gatehouse.example')", n)
	if _, err := c.w.pool.Exec(c.w.t.Context(), "update users set password_hash = (select password_hash from users where role = 'admin') where role = 'sales'"); err != nil {
		c.w.t.Fatal(err)
	}
	c.post("/admin/login", url.Values{"email": {"rep0@gatehouse.example"}, "password": {staffPassword}})
	rows, err := c.w.pool.Query(c.w.t.Context(), `select lead_id::text, id::text, version::text from assignments where state = 'open'
		and owner_id = (select id from users where email = 'rep0@gatehouse.example') order by id limit $1`, n)
	if err != nil {
		c.w.t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var lead, assignment, version string
		if err := rows.Scan(&lead, &assignment, &version); err != nil {
			c.w.t.Fatal(err)
		}
		c.post("/admin/leads/"+lead+"/accept", url.Values{"assignment": {assignment}, "version": {version}})
	}
	if err := rows.Err(); err != nil {
		c.w.t.Fatal(err)
	}
}

// trouble has one of three changes go wrong. What a receiver of events says yes to, nobody can prove: it drops nothing.
func (c *crms) trouble() {
	kinds := []crmtest.Trouble{crmtest.CutAfter, crmtest.FailsAfter, crmtest.Fails, crmtest.TooManyWait, crmtest.TooMany, crmtest.Garbage, crmtest.Drops}
	for name, d := range c.doubles {
		some, dice := kinds, rand.New(rand.NewPCG(c.dice.Uint64(), 1))
		if name == "webhook" || name == "slack" {
			some = kinds[:5]
		}
		hung := false
		d.Trouble(func(r crmtest.Request) crmtest.Trouble {
			switch {
			case !crmtest.Writes(r) || dice.IntN(3) > 0:
				return crmtest.None
			case !hung && dice.IntN(4) == 0:
				hung = true
				return crmtest.Hangs
			}
			return some[dice.IntN(len(some))]
		})
	}
}

// hold has every system do what it is asked and keep its answers back.
func (c *crms) hold() (release func()) {
	var all []func()
	for _, d := range c.doubles {
		all = append(all, d.Hold())
	}
	return func() {
		for _, f := range all {
			f()
		}
	}
}

const openPushes = `select (select count(*) from outbox where spread_at is null) + (select count(*) from pushes where state in ('waiting','sending'))`

// busy counts what may be on its way to a connector at a time; while it is none, the clock can be moved without making a
// call that is under way look older than it is.
const busy = `select (select count(*) from outbox where spread_at is null) + (select count(*) from push_attempts where outcome = 'open') + (select count(*) from pushes p join connectors c on c.id = p.connector_id
	where p.state = 'waiting' and p.due_at <= $1 and (c.wait_until is null or c.wait_until <= $1) and (c.broken_at is null or c.probe_at <= $1))`

// settles moves the clock, as long as there is something to wait for; after an hour of it nothing fails any more.
func (c *crms) settles() {
	c.w.t.Helper()
	const step = time.Minute
	for c.w.number(openPushes) > 0 {
		if c.moved > 12*time.Hour {
			c.w.t.Fatalf("%d pushes are open after %s: %s", c.w.number(openPushes), c.moved, c.w.open())
		}
		if err := eventually(c.w.t, 90*time.Second, func() error {
			if n := c.w.number(busy, time.Now().Add(c.moved+time.Second)); n > 0 && c.w.number(openPushes) > 0 {
				return fmt.Errorf("%d pushes could go and do not: %s", n, c.w.open())
			}
			return nil
		}); err != nil {
			c.w.t.Fatal(err)
		}
		if c.moved == 10*time.Minute {
			for _, d := range c.doubles {
				d.Trouble(nil)
			}
		}
		c.moved += step
		next := c.clock + ".next"
		if err := os.WriteFile(next, []byte(c.moved.String()), 0o600); err != nil {
			c.w.t.Fatal(err)
		}
		if err := os.Rename(next, c.clock); err != nil {
			c.w.t.Fatal(err)
		}
	}
}

// audit compares what the systems hold with what there is.
func (c *crms) audit(people int) {
	t := c.w.t
	t.Helper()
	deals := c.w.number("select count(*) from deals")
	if deals != 3 {
		t.Errorf("%d deals", deals)
	}
	companies := c.w.number("select count(distinct company_id) from leads where company_id is not null")
	for kind, objects := range map[string]map[string]int{"hubspot": {"contacts": people, "companies": companies, "leads": people, "deals": deals}, "salesforce": {"Lead": people, "Opportunity": deals},
		"pipedrive": {"person": people, "organization": companies, "lead": people, "deal": deals}} {
		for object, want := range objects {
			ours := map[string]int{}
			for _, r := range c.doubles[kind].Live(object) {
				ours[keyOf(r)]++
			}
			for key, n := range ours {
				if n > 1 || key == "" {
					t.Errorf("%s holds %d %s for %q", kind, n, object, key)
				}
			}
			if len(ours) != want {
				t.Errorf("%s holds %s for %d of ours, not %d", kind, object, len(ours), want)
			}
		}
	}
	c.heard(people)
}

// keyOf is which of ours an object is for: our key, or for a lead the person that it belongs to.
func keyOf(r *crmtest.Record) string {
	custom, _ := r.Props["custom_fields"].(map[string]any)
	for _, v := range []any{r.Props["gatehouse_key"], custom[crmtest.PipedriveOrg], r.Props["associated"], r.Props["Gatehouse_Key__c"], custom[crmtest.PipedrivePerson], custom[crmtest.PipedriveDealKey], r.Props["person_id"]} {
		if v != nil {
			return fmt.Sprint(v)
		}
	}
	return ""
}

// heard: a webhook hears of each event under one id, and says the same each time; in Slack each lead is announced.
func (c *crms) heard(people int) {
	t := c.w.t
	t.Helper()
	bodies := map[string]string{}
	posts := c.doubles["webhook"].Live("posts")
	for _, r := range posts {
		id, body := fmt.Sprint(r.Props["id"]), fmt.Sprint(r.Props["body"])
		if before, again := bodies[id]; again && before != body {
			t.Errorf("the event %s says something else when it is told again", id)
		}
		bodies[id] = body
		if !json.Valid([]byte(body)) {
			t.Errorf("the event %s is no JSON", id)
		}
	}
	rows, err := c.w.pool.Query(t.Context(), "select id::text, type from outbox")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	n := 0
	for rows.Next() {
		var id, kind string
		if err := rows.Scan(&id, &kind); err != nil {
			t.Fatal(err)
		}
		if n++; bodies[id] == "" {
			t.Errorf("nobody was told of the event %s, %s", id, kind)
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	if len(bodies) != n {
		t.Errorf("%d events were told of, %d happened", len(bodies), n)
	}
	if len(posts) == n {
		t.Error("no event was told twice: no answer got lost")
	}
	announced := map[string]bool{}
	for _, r := range c.doubles["slack"].Live("posts") {
		for _, link := range claimLink.FindAllString(fmt.Sprint(r.Props["body"]), -1) { // a digest has many
			announced[link] = true
		}
	}
	if len(announced) != people {
		t.Errorf("%d leads were announced in Slack, not %d", len(announced), people)
	}
}

var claimLink = regexp.MustCompile(`/admin/claim/[0-9a-f-]{36}`)
