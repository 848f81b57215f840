package crash

import (
	"context"
	"syscall"
	"testing"
	"time"

	"github.com/gatehouse/gatehouse/internal/testkit/proc"
	"github.com/gatehouse/gatehouse/internal/testkit/sendgridtest"
)

// One of two processes is stopped in the middle of sending for longer than a try may take, and woken again: nothing twice.
func TestStoppedLongerThanItsLease(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldOptions{slow: 400 * time.Millisecond, wait: "20s/5s"})
	first := w.start("--role", "worker")
	w.start("--role", "web")
	l := w.people("stop", 25)
	w.until(20*time.Second, 1, "tries under way", "select (count(*) >= 4)::int from attempts where outcome = 'open'")
	first.Signal(syscall.SIGSTOP)
	stopped := time.Now()
	w.start("--role", "worker")
	l.more(200)
	w.until(60*time.Second, 0, "the tries of the stopped process, taken over by the other one",
		"select count(*) from attempts where outcome = 'open' and started_at < $1", stopped)
	l.end()
	first.Signal(syscall.SIGCONT)
	t.Logf("stopped for %s", time.Since(stopped).Round(time.Second))
	w.clean(150*time.Second, l)
	if w.number("select count(*) from attempts where reason like 'the process ended%'") == 0 {
		t.Error("nothing was taken over: the stop met no try")
	}
	if first.Stop() != 0 {
		t.Error("the program did not end well after it was woken")
	}
}

// takeover kills one of two processes while it sends, and measures until every job of it runs elsewhere or is done.
func (w *world) takeover() time.Duration {
	w.t.Helper()
	w.double.Chances(map[sendgridtest.Fault]float64{sendgridtest.HangAccepted: 1})
	first := w.start()
	for _, address := range []string{"a@firm-1.example", "b@firm-2.example", "c@firm-3.example", "d@firm-4.example"} {
		w.one(address)
	}
	w.until(20*time.Second, 4, "tries under way", "select count(*) from attempts where outcome = 'open'")
	w.double.Chances(nil)
	var dead string
	if err := w.pool.QueryRow(w.t.Context(), "select worker from attempts limit 1").Scan(&dead); err != nil {
		w.t.Fatal(err)
	}
	w.start() // lives already when the other one dies
	first.Kill()
	died := time.Now()
	ctx, cancel := context.WithTimeout(w.t.Context(), 35*time.Second)
	defer cancel()
	if err := proc.Poll(ctx, 50*time.Millisecond, func() error {
		if w.number("select count(*) from river_job where state = 'running' and attempted_by[array_upper(attempted_by, 1)] = $1", dead) > 0 ||
			w.number("select count(*) from attempts where outcome = 'open' and worker = $1", dead) > 0 {
			return context.DeadlineExceeded
		}
		return nil
	}); err != nil {
		return time.Hour
	}
	return time.Since(died)
}

// A dead worker's jobs are taken over within 30 s, and what it had handed over is not handed over again.
func TestTakeover(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldOptions{})
	took := w.takeover()
	t.Logf("taken over after %s", took.Round(10*time.Millisecond))
	if took > 30*time.Second {
		t.Error("the jobs of a dead process were not taken over within 30 s")
	}
	if err := w.settles(60 * time.Second); err != nil {
		t.Error(err)
	}
	for _, m := range w.double.All() {
		if n := w.double.Accepted(m.MessageID); n != 1 {
			t.Errorf("%s was mailed %d times", m.To, n)
		}
	}
	w.verify()
}
