// Package e2e drives the real program with a real browser through everything that a prospect and the staff do with it.
package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/gatehouse/gatehouse/internal/testkit"
	"github.com/gatehouse/gatehouse/internal/testkit/proc"
)

func TestMain(m *testing.M) { proc.Main(m) }

const (
	gate   = "/g/8-questions"
	secret = "a secret of the end-to-end tests without any comma"
)

// site is a running program with what is needed to ask it afterwards.
type site struct {
	*proc.Process
	t       *testing.T
	options proc.Options
}

// grounds are the two ways to store: the private PostgreSQL of the embedded default, and a DATABASE_URL.
var grounds = map[string]func(*testing.T) proc.Options{"embedded": embedded, "database": database}

func embedded(t *testing.T) proc.Options {
	t.Helper()
	return proc.Options{Dir: folder(t)}
}

func database(t *testing.T) proc.Options {
	t.Helper()
	return proc.Options{Dir: folder(t), Env: map[string]string{"DATABASE_URL": testkit.DatabaseURL(t), "GATEHOUSE_SECRET": secret}}
}

// folder is a data folder that the account of the private PostgreSQL can reach: no folder above it is closed to it.
func folder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "gatehouse-e2e-")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o711); err != nil { // others may pass through, and only that
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// with adds to the environment of the program.
func with(o proc.Options, env map[string]string) proc.Options {
	all := maps.Clone(o.Env)
	if all == nil {
		all = map[string]string{}
	}
	maps.Copy(all, env)
	o.Env = all
	return o
}

// open starts the program. At the end of the test it is reconciled (nothing may be unexplained) and stopped.
func open(t *testing.T, o proc.Options) *site {
	t.Helper()
	s := &site{Process: proc.Start(t, o), t: t, options: o}
	t.Cleanup(func() {
		if !s.Running() {
			return
		}
		s.reconciled()
		if code := s.Stop(); code != 0 {
			t.Errorf("a graceful stop ends with %d", code)
		}
	})
	return s
}

// report is what "gatehouse verify --json" prints.
type report struct {
	Counts []struct {
		What  string
		Total int
		Parts []struct {
			Name string
			N    int
		}
	}
	Unexplained []struct{ Kind, ID, Sentence string }
}

// total is the count of one kind of thing.
func (r report) total(t *testing.T, what string) int {
	t.Helper()
	for _, c := range r.Counts {
		if c.What == what {
			return c.Total
		}
	}
	t.Fatalf("verify counts no %s: %+v", what, r.Counts)
	return 0
}

func (s *site) reconciled() report {
	s.t.Helper()
	code, out, fault := proc.Run(s.t, s.options, "verify", "--json")
	var r report
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		s.t.Errorf("verify --json: %v\n%s%s", err, out, fault)
	}
	if code != 0 || len(r.Unexplained) > 0 {
		s.t.Errorf("verify ends with %d: %+v\n%s", code, r.Unexplained, fault)
	}
	return r
}

var setupLine = regexp.MustCompile(`(?m)^  First admin +(\S+)`)

// setupURL is the one-time link that the program printed.
func (s *site) setupURL() string {
	s.t.Helper()
	m := setupLine.FindStringSubmatch(s.Log())
	if m == nil {
		s.t.Fatalf("no setup link was printed:\n%s", s.Log())
	}
	return m[1]
}

// paper is the sample whitepaper as it lies in the repository.
func paper(t *testing.T) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(testkit.Root(), "assets", "whitepapers", "8-questions.pdf"))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func same(t *testing.T, what string, got, want []byte) {
	t.Helper()
	if !bytes.Equal(got, want) {
		t.Errorf("%s: %d bytes that are not the %d of the whitepaper", what, len(got), len(want))
	}
}

// eventually asks until the answer is nil.
func eventually(t *testing.T, what string, ask func() error) {
	t.Helper()
	ctx, end := context.WithTimeout(t.Context(), 20*time.Second)
	defer end()
	if err := proc.Poll(ctx, 25*time.Millisecond, ask); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}
