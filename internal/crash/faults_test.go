package crash

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/testkit/sendgridtest"
)

// fault is one answer of the provider after which all is well, and what becomes of the message that met it.
type fault struct {
	name     sendgridtest.Fault
	outcomes []string
	second   bool
}

// One fault each: what becomes of the message, and that it was taken once.
func TestProviderFaults(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldOptions{wait: "6s/2s"})
	w.start()
	hanging := []fault{
		{sendgridtest.HangAccepted, []string{"unknown"}, false},
		{sendgridtest.Hang, []string{"unknown", "accepted"}, true},
	}
	var ids []uuid.UUID
	for _, f := range hanging { // each hangs until the lease is over: meanwhile the others are looked at
		ids = append(ids, w.meets(f))
	}
	for _, f := range []fault{
		{sendgridtest.OK, []string{"accepted"}, false},
		{sendgridtest.RateLimited, []string{"rate_limited", "accepted"}, false},
		{sendgridtest.RateLimitedWait, []string{"rate_limited", "accepted"}, false},
		{sendgridtest.RateLimitedBare, []string{"rate_limited", "accepted"}, false},
		{sendgridtest.ServerError, []string{"server_error", "accepted"}, false},
		{sendgridtest.Unavailable, []string{"server_error", "accepted"}, false},
		{sendgridtest.Redirect, []string{"server_error", "accepted"}, false},
		{sendgridtest.CutAfterAccept, []string{"unknown"}, false},
		{sendgridtest.CutInAnswer, []string{"unknown"}, false},
		{sendgridtest.CutBeforeRead, []string{"unknown", "accepted"}, true},
	} {
		w.ends(f, w.meets(f))
	}
	for i, f := range hanging {
		w.ends(f, ids[i])
	}
	if err := w.settles(30 * time.Second); err != nil {
		t.Error(err)
	}
	w.verify()
}

// meets submits somebody whose mail meets the fault, and returns when it has.
func (w *world) meets(f fault) uuid.UUID {
	w.t.Helper()
	asked := w.double.Requests()
	w.double.Faults(f.name)
	id := w.one(string(f.name) + "@faults.example")
	ctx, cancel := context.WithTimeout(w.t.Context(), 20*time.Second)
	defer cancel()
	if err := w.double.WaitForRequests(ctx, asked+1); err != nil {
		w.t.Fatalf("%s: the provider was not asked: %v", f.name, err)
	}
	return id
}

func (w *world) ends(f fault, id uuid.UUID) {
	w.t.Helper()
	m := w.reaches(id, "sent", 60*time.Second)
	if !slices.Equal(m.outcomes, f.outcomes) || m.second != f.second {
		w.t.Errorf("%s: tries %v, second send %v; wanted %v, %v", f.name, m.outcomes, m.second, f.outcomes, f.second)
	}
	if n := w.double.Accepted(id.String()); n != 1 {
		w.t.Errorf("%s: taken %d times", f.name, n)
	}
}

// Without events a lost answer means a second send after the wait, with the same message id, marked. Exactly those.
func TestLostAnswersWithoutEvents(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldOptions{noEvents: true})
	w.start()
	for i, c := range []struct {
		fault sendgridtest.Fault
		taken int
	}{{sendgridtest.OK, 1}, {sendgridtest.CutAfterAccept, 2}, {sendgridtest.ServerError, 1}, {sendgridtest.HangAccepted, 2}, {sendgridtest.CutBeforeRead, 1}} {
		w.double.Faults(c.fault)
		id := w.one(fmt.Sprintf("silent-%d@firm.example", i))
		m := w.reaches(id, "sent", 60*time.Second)
		if n := w.double.Accepted(id.String()); n != c.taken {
			t.Errorf("%s: taken %d times, not %d", c.fault, n, c.taken)
		}
		if n := w.double.Accepted(id.String()); n > 1 && !m.second {
			t.Errorf("%s: taken %d times and not marked", c.fault, n)
		}
	}
	if err := w.settles(30 * time.Second); err != nil {
		t.Error(err)
	}
	w.verify()
}

// 400 ends the message with its reason; 401 and 403 stop the transport, raise an alarm, and everything goes out after the
// key works again.
func TestRefusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldOptions{})
	w.start()
	w.double.Faults(sendgridtest.BadRequest)
	bad := w.one("bad@firm.example")
	if m := w.reaches(bad, "ended", 15*time.Second); m.reason == "" || w.double.Accepted(bad.String()) != 0 {
		t.Errorf("ended with reason %q, taken %d times", m.reason, w.double.Accepted(bad.String()))
	}
	w.double.Chances(map[sendgridtest.Fault]float64{sendgridtest.Unauthorized: 1})
	var ids []uuid.UUID
	for i := range 8 {
		ids = append(ids, w.one(fmt.Sprintf("key-%d@firm.example", i)))
	}
	w.until(15*time.Second, 1, "a pause", "select count(*) from provider_state where paused_until > now() + interval '5 seconds'")
	w.until(15*time.Second, 1, "an alarm", "select count(*) from alarms where kind = 'mail-refused' and cleared_at is null")
	refused := w.double.Requests()
	w.double.Chances(nil)
	for _, id := range ids {
		m := w.reaches(id, "sent", 100*time.Second)
		if w.double.Accepted(id.String()) != 1 || m.second {
			t.Errorf("taken %d times, marked %v, tries %v", w.double.Accepted(id.String()), m.second, m.outcomes)
		}
	}
	if asked := refused - 1; asked > 8 {
		t.Errorf("the provider was asked %d times for 8 messages although it refuses us", asked)
	}
	w.until(5*time.Second, 0, "the alarm is over", "select count(*) from alarms where kind = 'mail-refused' and cleared_at is null")
	if err := w.settles(30 * time.Second); err != nil {
		t.Error(err)
	}
	w.verify()
}
