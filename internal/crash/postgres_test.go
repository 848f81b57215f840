package crash

import (
	"context"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gatehouse/gatehouse/internal/postgres"
	"github.com/gatehouse/gatehouse/internal/testkit/proc"
)

// cluster is a PostgreSQL of the test's own with everything that keeps data safe, behind an address that stays.
type cluster struct {
	t     *testing.T
	o     postgres.Options
	pg    *postgres.Server
	front *proc.Front
}

func newCluster(t *testing.T, settings map[string]string) *cluster {
	t.Helper()
	c := &cluster{t: t, front: proc.NewFront(t), o: postgres.Options{DataDir: proc.DataDir(t) + "/pg", Settings: settings}}
	c.start()
	t.Cleanup(func() {
		stop, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		_ = c.pg.Stop(stop)
	})
	return c
}

func (c *cluster) start() {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), 60*time.Second)
	defer cancel()
	pg, err := postgres.Start(ctx, c.o)
	if err != nil {
		c.t.Fatal(err)
	}
	c.pg = pg
	u, err := url.Parse(pg.TCPURL(""))
	if err != nil {
		c.t.Fatal(err)
	}
	c.front.Point(u.Host)
}

// url is what DATABASE_URL holds: the same before and after a crash.
func (c *cluster) url(more string) string {
	u, err := url.Parse(c.pg.TCPURL(""))
	if err != nil {
		c.t.Fatal(err)
	}
	u.Host = c.front.Addr()
	u.RawQuery += more
	return u.String()
}

// kill is kill -9 of the postmaster: its children notice and end; what was not written is lost.
func (c *cluster) kill() {
	c.t.Helper()
	if err := syscall.Kill(c.pg.PID(), syscall.SIGKILL); err != nil {
		c.t.Fatal(err)
	}
	<-c.pg.Done()
	c.front.Cut()
	stop, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	_ = c.pg.Stop(stop) // ends what is left of it and gives the folder free; the server itself is dead already
}

// PostgreSQL is killed under load: the doors answer 503 with Retry-After meanwhile, the page keeps what was typed, the
// service recovers by itself, nothing acknowledged is lost and nothing happens twice.
func TestPostgresKilledUnderLoad(t *testing.T) {
	t.Parallel()
	c := newCluster(t, nil)
	w := newWorld(t, worldOptions{database: c.url(""), slow: 40 * time.Millisecond})
	p := w.start()
	l := w.people("pg", 60)
	for i := range rounds(5, 30) {
		l.more(30 + rand.IntN(60))
		c.kill()
		if i == 0 {
			w.refusesKindly()
		}
		c.start()
		w.recovers()
	}
	l.end()
	w.clean(150*time.Second, l)
	if l.busy == 0 {
		t.Error("nobody was answered 503: the kills met no load")
	}
	if !p.Running() {
		t.Error("the service ended when its database was away for a moment")
	}
	if p.Stop() != 0 {
		t.Error("the program did not end well")
	}
}

// refusesKindly: the database is away now.
func (w *world) refusesKindly() {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), 20*time.Second)
	defer cancel()
	r, err := w.page(ctx, "kept@typed.example", "kept-attempt")
	switch {
	case err != nil:
		w.t.Errorf("no answer while the database is away: %v", err)
	case r.status != http.StatusServiceUnavailable || r.header.Get("Retry-After") == "":
		w.t.Errorf("answered %d, Retry-After %q", r.status, r.header.Get("Retry-After"))
	case !strings.Contains(r.body, `value="kept@typed.example"`) || !strings.Contains(r.body, "Managing director"):
		w.t.Error("the page does not keep what was typed")
	}
	if r, err = w.json(ctx, "kept@typed.example", "kept-attempt-2", nil); err != nil || r.status != http.StatusServiceUnavailable ||
		r.header.Get("Retry-After") == "" || !strings.HasPrefix(r.header.Get("Content-Type"), "application/problem+json") {
		w.t.Errorf("the door for programs: %v, %d, %q %q", err, r.status, r.header.Get("Retry-After"), r.header.Get("Content-Type"))
	}
	for path, want := range map[string]int{"/readyz": http.StatusServiceUnavailable, "/healthz": http.StatusOK, "/g/8-questions": http.StatusOK} {
		if got := w.get(path); got != want {
			w.t.Errorf("GET %s answers %d while the database is away, not %d", path, got, want)
		}
	}
}

func (w *world) get(path string) int {
	w.t.Helper()
	resp, err := w.staff.Get("http://" + w.front.Addr() + path)
	if err != nil {
		w.t.Errorf("GET %s: %v", path, err)
		return 0
	}
	defer func() { _ = resp.Body.Close() }()
	_, _ = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode
}

// recovers: without being told, the service takes submissions again.
func (w *world) recovers() {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), 30*time.Second)
	defer cancel()
	if err := proc.Poll(ctx, 50*time.Millisecond, func() error {
		if got := w.get("/readyz"); got != http.StatusOK {
			return http.ErrServerClosed
		}
		return nil
	}); err != nil {
		w.t.Error("the service does not recover by itself within 30 s")
	}
}
