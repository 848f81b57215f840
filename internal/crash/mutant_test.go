package crash

import (
	"context"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gatehouse/gatehouse/internal/testkit/proc"
	"github.com/gatehouse/gatehouse/internal/testkit/sendgridtest"
)

// Each test here runs a program that breaks one promise on purpose and expects the witnesses of this package to notice:
// a witness that stays silent is worth nothing.

// expects fails the test when no violation carries the word.
func expects(t *testing.T, faults []string, word string) {
	t.Helper()
	for _, f := range faults {
		if strings.Contains(f, word) {
			t.Logf("noticed, %d violations, such as: %s", len(faults), f)
			return
		}
	}
	t.Errorf("the mutant survived: no violation %q among %q", word, faults)
}

// Answer before commit: what was acknowledged and not committed is lost with the process.
func TestMutantAnswerBeforeCommit(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldOptions{mutant: "answer-before-commit"})
	p := w.start("--role", "web")
	l := w.people("mutant", 0)
	for range 2 {
		l.more(400)
		p.Kill()
		w.front.Cut()
		p = w.start("--role", "web")
	}
	l.end()
	expects(t, w.audit(l), "LOST")
}

// Asynchronous commit: what PostgreSQL had not written is lost with it. That is an option of DATABASE_URL.
func TestMutantAsynchronousCommit(t *testing.T) {
	t.Parallel()
	c := newCluster(t, map[string]string{"wal_writer_delay": "10s", "wal_writer_flush_after": "1GB"})
	w := newWorld(t, worldOptions{database: c.url("&synchronous_commit=off")})
	w.start("--role", "web")
	l := w.people("mutant", 0)
	for range 2 {
		l.more(400)
		c.kill()
		c.start()
		w.recovers()
	}
	l.end()
	expects(t, w.audit(l), "LOST")
}

// Marked as sent before it is sent: a mail whose process dies in between is never sent.
func TestMutantSentBeforeSend(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldOptions{mutant: "sent-before-send"})
	expects(t, w.killedSending(sendgridtest.Hang), "UNSENT")
}

// Open tries are ignored: what a dead process had handed over is handed over again although the event tells of it.
func TestMutantDoubleSend(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldOptions{mutant: "double-send"})
	expects(t, w.killedSending(sendgridtest.HangAccepted), "DOUBLE")
}

// killedSending kills the process while the provider owes it answers, so that the kill is sure to meet tries under way.
func (w *world) killedSending(fault sendgridtest.Fault) []string {
	w.t.Helper()
	w.double.Chances(map[sendgridtest.Fault]float64{fault: 1})
	p := w.start()
	l := w.people("mutant", 40)
	ctx, cancel := context.WithTimeout(w.t.Context(), 30*time.Second)
	defer cancel()
	if err := w.double.WaitForRequests(ctx, 4); err != nil {
		w.t.Fatalf("tries under way: %v", err)
	}
	l.end()
	p.Kill()
	w.front.Cut()
	w.double.Chances(nil)
	w.start()
	if err := w.settles(60 * time.Second); err != nil {
		w.t.Logf("unsettled, which is a violation too: %v", err)
	}
	return w.audit(l)
}

// No once-key: who tries again, or clicks twice, is there twice.
func TestMutantNoOnceKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldOptions{mutant: "no-once-key"})
	w.start()
	l := w.people("mutant", 50)
	l.more(50)
	l.end()
	_ = w.settles(60 * time.Second) // whatever is open, the audit tells
	expects(t, w.audit(l), "two receipts")
	expects(t, w.audit(l), "TWICE")
}

// No takeover: the jobs of a dead process stay where they are for more than 30 s.
func TestMutantNoTakeover(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldOptions{mutant: "no-takeover"})
	if took := w.takeover(); took < 30*time.Second {
		t.Errorf("the mutant survived: taken over after %s", took)
	}
}

// The program that people run knows no mutants: the variable is refused like any unknown one.
func TestNoMutantInTheProduct(t *testing.T) {
	t.Parallel()
	o := proc.Options{Env: map[string]string{"GATEHOUSE_MUTANT": "double-send"}}
	if code, _, text := proc.Run(t, o, "migrate", "--status"); code != 2 || !strings.Contains(text, "GATEHOUSE_MUTANT") {
		t.Errorf("exit %d: %s", code, text)
	}
}

// A witness of the witnesses: the double itself counts what it took twice.
func TestDoubleCounts(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldOptions{noEvents: true})
	p := w.start()
	w.double.Faults(sendgridtest.CutAfterAccept)
	id := w.one("counted@firm.example")
	w.reaches(id, "sent", 30*time.Second)
	if n := w.double.Accepted(id.String()); n != 2 {
		t.Errorf("%d", n)
	}
	p.Signal(syscall.SIGINT)
	if code := p.Wait(endPatience); code != 0 {
		t.Errorf("SIGINT: exit %d", code)
	}
}

const endPatience = 35 * time.Second
