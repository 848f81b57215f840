package crash

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse/gatehouse/internal/testkit/crmtest"
)

// One system hangs at every call: mail leaves, leads find their owners, the other system hears of all of it, pages answer;
// and staff see that it is away, with the reason, on their home page and among the connectors.
func TestAConnectorThatHangs(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldOptions{})
	hangs, works := crmtest.Receiver(t), crmtest.Receiver(t)
	hangs.Always(crmtest.Hangs)
	w.o.env = map[string]string{"GATEHOUSE_CONNECT_ALLOW": allowed(t, hangs, works)}
	p := w.start()
	w.sells(2)
	w.boss(p)
	c := crms{w: w, boss: w.client}
	secret := []string{"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}
	c.switchOn("webhook", url.Values{"name": {"Hanging"}, "url": {hangs.URL}, "secret": secret})
	c.switchOn("webhook", url.Values{"name": {"Working"}, "url": {works.URL}, "secret": secret})
	w.until(10*time.Second, 2, "connectors that are on", "select count(*) from connectors where state = 'on'")
	for i := range 6 {
		w.reaches(w.one(fmt.Sprintf("p%d@firm-%d.example", i, i)), "sent", 20*time.Second)
	}
	w.until(20*time.Second, 6, "leads with owners", "select count(*) from assignments")
	w.until(20*time.Second, 0, "events that the working one has not heard of", `select count(*) from outbox o where not exists (select 1 from pushes p join connectors c on c.id = p.connector_id
		where c.name = 'Working' and p.object_id = o.id and p.state = 'done')`)
	if n := w.number("select count(*) from pushes p join connectors c on c.id = p.connector_id where c.name = 'Hanging' and p.state in ('waiting','sending')"); n == 0 {
		t.Error("nothing waits for the one that hangs: this shows nothing")
	}
	w.until(90*time.Second, 1, "the breaker is open", "select count(*) from connectors where name = 'Hanging' and broken_at is not null and broken_why <> ''")
	for path, word := range map[string]string{"/admin": "Hanging cannot be told anything: no answer came in time", "/admin/connectors": "no answer came in time", "/admin/pushes?state=open": "Hanging"} {
		if status, body := w.read(path); status != 200 || !strings.Contains(body, word) {
			t.Errorf("%s answers %d and does not say %q", path, status, word)
		}
	}
	w.verify()
}
