package crash

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gatehouse/gatehouse/internal/testkit/proc"
	"github.com/gatehouse/gatehouse/internal/testkit/sendgridtest"
)

// SIGTERM while the provider hangs and people submit: exit 0 within 30 s, and the jobs are handed back rather than left to
// be found.
func TestEndsGracefully(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldOptions{})
	p := w.start()
	l := w.people("term", 40)
	l.more(40)
	w.double.Chances(map[sendgridtest.Fault]float64{sendgridtest.HangAccepted: 1})
	w.until(20*time.Second, 1, "a try that hangs", "select (count(*) > 3)::int from attempts where outcome = 'open'")
	began := time.Now()
	code := p.Stop()
	took := time.Since(began)
	t.Logf("ended after %s", took.Round(10*time.Millisecond))
	if code != 0 || took > 30*time.Second {
		t.Errorf("exit %d after %s", code, took)
	}
	if n := w.number("select count(*) from river_job where state = 'running'"); n != 0 {
		t.Errorf("%d jobs were left running", n)
	}
	if n := w.number("select count(*) from attempts where outcome = 'open'"); n != 0 {
		t.Errorf("%d tries were left open", n)
	}
	w.double.Chances(nil)
	w.start()
	l.end()
	w.clean(90*time.Second, l)
}

// The private PostgreSQL of the embedded default ends with the service, however the service ends.
func TestLeavesNoPostgres(t *testing.T) {
	t.Parallel()
	dir := proc.DataDir(t)
	o := proc.Options{Dir: dir, Env: map[string]string{"GATEHOUSE_MAIL": "capture"}}
	for _, end := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT, syscall.SIGKILL, syscall.SIGTERM} {
		p := proc.Start(t, o)
		children := postgresUnder(t, p.PID())
		if len(children) == 0 {
			t.Fatal("no PostgreSQL runs below the service: the test sees nothing")
		}
		p.Signal(end)
		code := p.Wait(30 * time.Second)
		if end != syscall.SIGKILL && code != 0 {
			t.Errorf("%v: exit %d", end, code)
		}
		if err := eventually(t, 20*time.Second, func() error { return gone(children) }); err != nil {
			t.Errorf("after %v: %v", end, err)
		}
	}
	if code, out, text := proc.Run(t, o, "verify", "--json"); code != 0 {
		t.Errorf("verify exits %d: %s %s", code, out, text)
	}
}

// postgresUnder finds the processes named postgres whose parent, or parent's parent, is the given one.
func postgresUnder(t *testing.T, pid int) (found []int) {
	t.Helper()
	parents := map[int]int{}
	names := map[int]string{}
	entries, _ := filepath.Glob("/proc/[0-9]*/stat")
	if len(entries) == 0 {
		t.Skip("this system has no /proc to look for processes in")
	}
	for _, e := range entries {
		raw, err := os.ReadFile(e)
		if err != nil {
			continue // it ended meanwhile
		}
		id, _ := strconv.Atoi(filepath.Base(filepath.Dir(e)))
		open, end := strings.Index(string(raw), "("), strings.LastIndex(string(raw), ")")
		fields := strings.Fields(string(raw[end+1:]))
		parents[id], _ = strconv.Atoi(fields[1])
		names[id] = string(raw[open+1 : end])
	}
	for id, name := range names {
		if name == "postgres" && (parents[id] == pid || parents[parents[id]] == pid) {
			found = append(found, id)
		}
	}
	return found
}

func gone(pids []int) error {
	for _, pid := range pids {
		if raw, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/comm"); err == nil && strings.TrimSpace(string(raw)) == "postgres" {
			return fmt.Errorf("a PostgreSQL is still there")
		}
	}
	return nil
}
