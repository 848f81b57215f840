package crash

import (
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gatehouse/gatehouse/internal/crm"
	"github.com/gatehouse/gatehouse/internal/testkit/crmtest"
	"github.com/gatehouse/gatehouse/internal/testkit/proc"
	"github.com/gatehouse/gatehouse/internal/testkit/sendgridtest"
)

// house is an installation as those who work there see it: its pages, its mails, the CRM, a receiver of events, and a
// clock on the wall that the test sets.
type house struct {
	*world
	metrics string
	wall    *wallClock
	hubspot *crmtest.Double
	events  *crmtest.Double
	zone    *time.Location
	read    map[string]int // mails that were looked at, by address

	ada, greta, brian, cleo, dora *desk
	crm, hook                     string // pages of the connectors
}

// wallClock is by how much the program's time is moved, in the file that the program reads.
type wallClock struct {
	file  string
	mu    sync.Mutex
	moved time.Duration
}

func (c *wallClock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.moved)
}

func (c *wallClock) set(t *testing.T, at time.Time) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.moved = time.Until(at)
	next := c.file + ".next"
	if err := os.WriteFile(next, []byte(c.moved.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(next, c.file); err != nil {
		t.Fatal(err)
	}
}

// newHouse starts the program at a moment.
func newHouse(t *testing.T, zone, moment string) *house {
	t.Helper()
	h := &house{wall: &wallClock{file: filepath.Join(proc.DataDir(t), "clock")}, read: map[string]int{}}
	var err error
	if h.zone, err = time.LoadLocation(zone); err != nil {
		t.Fatal(err)
	}
	h.wall.set(t, h.moment(t, moment))
	h.hubspot, h.events = crmtest.HubSpot(t, h.wall.now), crmtest.Receiver(t)
	allow := []string{"127.0.0.1/32"}
	for _, d := range []*crmtest.Double{h.hubspot, h.events} {
		u, err := url.Parse(d.URL)
		if err != nil {
			t.Fatal(err)
		}
		allow = append(allow, "port:"+u.Port())
	}
	for id, name := range map[string]string{"71": "Brian", "72": "Cleo", "73": "Dora"} {
		h.hubspot.Users = append(h.hubspot.Users, crm.User{ID: id, Name: name, Email: strings.ToLower(name) + "@gatehouse.example"})
	}
	h.metrics = freeAddress(t)
	h.world = newWorld(t, worldOptions{noEvents: true, clock: h.wall.file, env: map[string]string{"GATEHOUSE_CONNECT_ALLOW": strings.Join(allow, ", "), "GATEHOUSE_METRICS_LISTEN": h.metrics}})
	h.found(h.start())
	return h
}

// freeAddress is a loopback address that nobody listened on a moment ago.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

func (h *house) moment(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.ParseInLocation("2006-01-02 15:04", text, h.zone)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// clock sets the wall clock, half a minute past, and returns once the program has done everything that is due by then, and
// the mails that came of it are out.
func (h *house) clock(text string) {
	h.t.Helper()
	h.setClock(h.moment(h.t, text).Add(30 * time.Second))
}

// sharp sets it on the minute. Who came half a minute past one is called so many minutes and a half later: a few seconds of
// the test are no minute of the story.
func (h *house) sharp(text string) {
	h.t.Helper()
	h.setClock(h.moment(h.t, text))
}

func (h *house) setClock(at time.Time) {
	h.t.Helper()
	h.wall.set(h.t, at)
	h.upkeep()
	h.quiet()
}

var (
	roundsDone = regexp.MustCompile(`gatehouse_upkeep_rounds_total\{outcome="done"\} (\d+)`)
	roundsBad  = regexp.MustCompile(`gatehouse_upkeep_rounds_total\{outcome="failed"\} (\d+)`)
)

// upkeep waits for two more rounds to end: the first may have begun before the clock was set.
func (h *house) upkeep() {
	h.t.Helper()
	figure := func() int {
		s := newDesk(h.t, "http://"+h.metrics, "a scraper", "").ask(http.MethodGet, "/metrics", nil)
		if m := roundsBad.FindStringSubmatch(s.raw); m != nil {
			h.t.Errorf("%s rounds of upkeep failed", m[1])
		}
		m := roundsDone.FindStringSubmatch(s.raw)
		if m == nil {
			return 0
		}
		n, _ := strconv.Atoi(m[1]) // digits, as the expression says
		return n
	}
	from := figure()
	if err := eventually(h.t, 30*time.Second, func() error {
		if n := figure(); n < from+2 {
			return fmt.Errorf("%d rounds of upkeep since", n-from)
		}
		return nil
	}); err != nil {
		h.t.Fatalf("the program does not do what is due: %v", err)
	}
}

// jobs are those that nobody waits for the clock with; a CRM that hangs has some, so its own are left out.
const jobsAtWork = `select (select count(*) from submissions where state in ('received','released')) + (select count(*) from messages where state in ('pending','sending'))
	+ (select count(*) from river_job where state in ('available','running','pending') and kind not in ('connector_push','connector_pull'))`

// quiet waits until nothing is on its way but what waits for others.
func (h *house) quiet() {
	h.t.Helper()
	if err := eventually(h.t, 30*time.Second, func() error {
		if n := h.number(jobsAtWork); n > 0 {
			return fmt.Errorf("%d things are on their way: %s", n, h.world.open())
		}
		return nil
	}); err != nil {
		h.t.Fatal(err)
	}
}

// told waits until the CRM and the receiver know all that they are to know.
func (h *house) told() {
	h.t.Helper()
	if err := eventually(h.t, 30*time.Second, func() error {
		if row := h.ada.open("/admin/pushes?state=open").text(); !strings.Contains(row, "No such push") {
			return fmt.Errorf("pushes wait: %.800s", row)
		}
		return nil
	}); err != nil {
		h.t.Fatal(err)
	}
}

// mailsTo are the mails that a member of staff or a prospect got since the last look.
func (h *house) mailsTo(address string) (out []sendgridtest.Mail) {
	for _, m := range h.double.All() {
		if m.To == address {
			out = append(out, m)
		}
	}
	seen := h.read[address]
	h.read[address] = len(out)
	return out[seen:]
}

// mail is the one mail that came since the last look; its text says all of this.
func (h *house) mail(to *desk, says ...string) sendgridtest.Mail {
	h.t.Helper()
	got := h.mailsTo(to.email)
	if len(got) != 1 {
		h.t.Fatalf("%s got %d mails, not one: %q", to.name, len(got), subjects(got))
	}
	for _, want := range says {
		if text := strings.Join(strings.Fields(got[0].Subject+" "+got[0].Text), " "); !strings.Contains(text, want) {
			h.t.Errorf("the mail to %s says nothing of %q: %s", to.name, want, text)
		}
	}
	return got[0]
}

// mails are those that came since the last look, one about each of these; the text of each says all of this.
func (h *house) mails(to *desk, about []string, says ...string) {
	h.t.Helper()
	got := h.mailsTo(to.email)
	slices.SortFunc(got, func(a, b sendgridtest.Mail) int { return strings.Compare(a.Subject, b.Subject) })
	if len(got) != len(about) {
		h.t.Fatalf("%s got %d mails, not %d: %q", to.name, len(got), len(about), subjects(got))
	}
	for i, m := range got {
		for _, want := range append(says, about[i]) {
			if text := strings.Join(strings.Fields(m.Subject+" "+m.Text), " "); !strings.Contains(text, want) {
				h.t.Errorf("the mail to %s says nothing of %q: %s", to.name, want, text)
			}
		}
	}
}

// nobodyMailed fails the test when staff got any mail since the last look.
func (h *house) nobodyMailed(when string) {
	h.t.Helper()
	for _, d := range h.staffed() {
		if got := h.mailsTo(d.email); len(got) > 0 {
			h.t.Errorf("%s: %s got %q", when, d.name, subjects(got))
		}
	}
}

func (h *house) staffed() []*desk { return []*desk{h.ada, h.greta, h.brian, h.cleo, h.dora} }

func subjects(mails []sendgridtest.Mail) (out []string) {
	for _, m := range mails {
		out = append(out, m.Subject)
	}
	return out
}

// comes is a person who fills in the form; it returns once they were given to somebody.
func (h *house) comes(given, domain, country string) {
	h.t.Helper()
	address := strings.ToLower(given) + "@" + domain
	r, err := h.json(h.t.Context(), address, "", map[string]string{"given_name": given, "family_name": "Archer", "company": strings.ToUpper(domain[:1]) + strings.Split(domain[1:], ".")[0],
		"job_title": "Managing director", "country": country, "tel": map[string]string{"DE": "+49 30 901820", "GB": "+44 20 7946 0000"}[country]})
	if err != nil || r.status != http.StatusCreated {
		h.t.Fatalf("%s submits: %v, %d: %s", given, err, r.status, r.body)
	}
	h.quiet()
	if got := h.mailsTo(address); len(got) != 1 {
		h.t.Errorf("%s was sent %q, not the document", given, subjects(got))
	}
}

// lead is the page of a person by the first name.
func (h *house) lead(given string) string {
	h.t.Helper()
	return h.ada.open("/admin/leads?q=" + given).link(given + " Archer")
}

// hands is what the lead's page says of whose it is, and why.
func (h *house) hands(given string) string {
	h.t.Helper()
	s := h.ada.open(h.lead(given))
	for n := range s.nodes("section") {
		if attr(n, "id") == "hands" {
			return textOf(n)
		}
	}
	h.t.Fatalf("nobody can see in whose hands %s is", given)
	return ""
}

// isWith fails the test unless a lead is in somebody's hands, with this in the reason or clock.
func (h *house) isWith(given string, owner *desk, says ...string) {
	h.t.Helper()
	text := h.hands(given)
	if !strings.HasPrefix(text, "In whose hands "+owner.name+" ") {
		h.t.Errorf("%s is not with %s: %.500s", given, owner.name, text)
	}
	for _, want := range says {
		if !strings.Contains(text, want) {
			h.t.Errorf("of %s nothing says %q: %.1500s", given, want, text)
		}
	}
}

// calls notes a call, signed by whoever made it.
func (d *desk) calls(h *house, given string) {
	d.t.Helper()
	lead := h.lead(given)
	d.fill(lead, lead+"/note", "kind", "call", "text", "called, they have ten minutes next week").says("Noted: ")
}
