package crash

import (
	"context"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/gatehouse/gatehouse/internal/testkit/sendgridtest"
)

// The process is killed under 100 submissions a second, again and again: nothing acknowledged is lost, nothing happens twice.
func TestKilledUnderLoad(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldOptions{slow: 60 * time.Millisecond})
	w.killed(rounds(10, 200), 100)
}

// The same without the provider's events: what may have gone out twice is marked, and nothing else has.
func TestKilledWithoutEvents(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldOptions{slow: 60 * time.Millisecond, noEvents: true})
	w.killed(rounds(3, 50), 60)
	if w.number("select count(*) from messages where second_send") == 0 {
		t.Error("no second send was marked: the kills never met a try, so this shows nothing")
	}
}

func (w *world) killed(rounds, rate int) {
	w.t.Helper()
	p := w.start()
	l := w.people("kill", rate)
	for range rounds {
		l.more(rate/3 + rand.IntN(rate))
		if w.o.noEvents {
			w.owesAnswers()
		}
		p.Kill()
		w.front.Cut()
		w.double.Chances(nil)
		p = w.start()
	}
	l.end()
	w.clean(90*time.Second, l)
	if p.Stop() != 0 {
		w.t.Error("the program did not end well")
	}
}

// owesAnswers returns once the provider has taken mails whose answers it keeps back, so that a kill is sure to meet tries.
func (w *world) owesAnswers() {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), 60*time.Second)
	defer cancel()
	w.double.Chances(map[sendgridtest.Fault]float64{sendgridtest.HangAccepted: 1})
	if err := w.double.WaitForRequests(ctx, w.double.Requests()+3); err != nil {
		w.t.Fatalf("tries under way: %v", err)
	}
}
