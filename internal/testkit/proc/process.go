package proc

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// How long a start and an end may take before a test gives up.
const (
	startPatience = 60 * time.Second
	endPatience   = 45 * time.Second
)

// Options say what to run and where.
type Options struct {
	Env     map[string]string // over an environment with only PATH, HOME and TMPDIR
	Args    []string          // of serve, such as --role worker
	Mutant  string            // "" for the real program
	Clock   string            // file that holds by how much the program's clock is moved; "" for the system's clock
	Dir     string            // data folder; "" for one of the test's own
	Waiting bool              // do not wait until it is ready
}

// Process is a running program.
type Process struct {
	t    testing.TB
	cmd  *exec.Cmd
	log  *Log
	url  string
	done chan struct{}
	err  error
}

// Start runs "gatehouse serve" on port 0 and returns once it has announced itself and answers /readyz. At the end of the
// test it is killed if it still runs, and its log is shown if the test failed.
func Start(t testing.TB, o Options) *Process {
	t.Helper()
	p, err := TryStart(t, o)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TryStart is Start for tests that expect a start to fail.
func TryStart(t testing.TB, o Options) (*Process, error) {
	t.Helper()
	if o.Dir == "" {
		o.Dir = DataDir(t)
	}
	p := &Process{t: t, log: &Log{changed: make(chan struct{})}, done: make(chan struct{})}
	p.cmd = command(t, o, append([]string{"serve"}, o.Args...))
	p.cmd.Stdout, p.cmd.Stderr = p.log, p.log
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.done)
	}()
	t.Cleanup(func() {
		if p.Running() {
			p.Signal(syscall.SIGCONT)
			p.Kill()
		}
		if t.Failed() {
			t.Logf("the log of process %d:\n%s", p.PID(), p.log.Tail(6000))
		}
	})
	if o.Waiting {
		return p, nil
	}
	return p, p.ready()
}

// DataDir is a folder that any account may pass through, so that a private PostgreSQL can live in it.
func DataDir(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o711); err != nil {
		t.Fatal(err)
	}
	return dir
}

func command(t testing.TB, o Options, args []string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(Binary(t, o.Mutant != "" || o.Clock != ""), args...)
	cmd.Dir = o.Dir
	env := map[string]string{"GATEHOUSE_LISTEN": "127.0.0.1:0", "GATEHOUSE_DATA_DIR": o.Dir}
	for _, name := range []string{"PATH", "HOME", "TMPDIR", "GATEHOUSE_PG_BIN"} {
		if v := os.Getenv(name); v != "" {
			env[name] = v
		}
	}
	maps.Copy(env, o.Env)
	if o.Mutant != "" {
		env["GATEHOUSE_MUTANT"] = o.Mutant
	}
	if o.Clock != "" {
		env["GATEHOUSE_CLOCK"] = o.Clock
	}
	for k, v := range env {
		cmd.Env = append(cmd.Env, k+"="+v)
	}
	return cmd
}

var (
	announced = regexp.MustCompile(`(?m)^Gatehouse \S+ is ready \((\w+)\)\.\n`)
	listening = regexp.MustCompile(`(?m)^  Listening on      (\S+)$`)
	gatePage  = regexp.MustCompile(`(?m)^  Whitepaper page   (\S+)/g/\S+$`)
)

func (p *Process) ready() error {
	ctx, cancel := context.WithTimeout(context.Background(), startPatience)
	defer cancel()
	if err := p.log.WaitFor(ctx, announced, p.done); err != nil {
		return fmt.Errorf("the program was not ready: %w\n%s", err, p.log.Tail(4000))
	}
	if m := listening.FindStringSubmatch(p.log.String()); m != nil {
		p.url = m[1]
	} else if m := gatePage.FindStringSubmatch(p.log.String()); m != nil {
		p.url = m[1]
	} else {
		return nil // a worker listens nowhere
	}
	return Poll(ctx, 20*time.Millisecond, func() error {
		resp, err := http.Get(p.url + "/readyz")
		if err != nil {
			return err
		}
		defer func() { _ = resp.Body.Close() }()
		if resp.StatusCode != http.StatusOK {
			return fmt.Errorf("/readyz answers %d", resp.StatusCode)
		}
		return nil
	})
}

// URL is where it listens: http://127.0.0.1:port, "" for a worker.
func (p *Process) URL() string { return p.url }

// PID is its process id.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Log is what it has written so far.
func (p *Process) Log() string { return p.log.String() }

// WaitLog returns once the log matches, or fails the test.
func (p *Process) WaitLog(pattern string, within time.Duration) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	if err := p.log.WaitFor(ctx, regexp.MustCompile(pattern), p.done); err != nil {
		p.t.Fatalf("the log never said %q: %v", pattern, err)
	}
}

// Running tells whether the process lives.
func (p *Process) Running() bool {
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

// Signal sends one signal to this one process.
func (p *Process) Signal(sig syscall.Signal) { _ = p.cmd.Process.Signal(sig) }

// Kill is kill -9; it returns when the process is gone.
func (p *Process) Kill() {
	p.Signal(syscall.SIGKILL)
	<-p.done
}

// Wait returns the exit code, or fails the test when the process does not end.
func (p *Process) Wait(within time.Duration) int {
	p.t.Helper()
	timer := time.NewTimer(within)
	defer timer.Stop()
	select {
	case <-p.done:
		return p.cmd.ProcessState.ExitCode()
	case <-timer.C:
		p.t.Fatalf("process %d did not end within %s", p.PID(), within)
		return -1
	}
}

// Stop is SIGTERM and the exit code.
func (p *Process) Stop() int {
	p.t.Helper()
	p.Signal(syscall.SIGTERM)
	return p.Wait(endPatience)
}

// Run runs a subcommand to its end: exit code, standard output, standard error.
func Run(t testing.TB, o Options, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	if o.Dir == "" {
		o.Dir = DataDir(t)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	cmd := command(t, o, args)
	var out, fault bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &fault
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	end := make(chan struct{})
	go func() { _ = cmd.Wait(); close(end) }()
	select {
	case <-end:
	case <-ctx.Done():
		_ = cmd.Process.Kill()
		<-end
		t.Errorf("gatehouse %s did not end", strings.Join(args, " "))
	}
	return cmd.ProcessState.ExitCode(), out.String(), fault.String()
}

// Poll asks until the answer is nil or ctx ends; the error is then the last answer.
func Poll(ctx context.Context, every time.Duration, ask func() error) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		err := ask()
		if err == nil {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return err
		}
	}
}

// Log collects what a process writes.
type Log struct {
	mu      sync.Mutex
	text    bytes.Buffer
	changed chan struct{}
}

var _ io.Writer = (*Log)(nil)

// Write implements io.Writer.
func (l *Log) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	close(l.changed)
	l.changed = make(chan struct{})
	return l.text.Write(b)
}

// String is all of it.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// Tail is the last n bytes.
func (l *Log) Tail(n int) string {
	s := l.String()
	return s[max(0, len(s)-n):]
}

// WaitFor returns when the text matches; an error when ctx ends or the process does.
func (l *Log) WaitFor(ctx context.Context, pattern *regexp.Regexp, done <-chan struct{}) error {
	for {
		l.mu.Lock()
		ok, changed := pattern.Match(l.text.Bytes()), l.changed
		l.mu.Unlock()
		if ok {
			return nil
		}
		select {
		case <-changed:
		case <-done:
			if pattern.MatchString(l.String()) {
				return nil
			}
			return fmt.Errorf("the process ended first")
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
