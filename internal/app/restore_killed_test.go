package app_test

import (
	"bufio"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/store"
	"github.com/gatehouse/gatehouse/internal/testkit"
)

// The process that restores is killed just before the commit: the old state is there, and the next restore works.
func TestRestoreKilled(t *testing.T) {
	if url := os.Getenv("GATEHOUSE_TEST_RESTORE_URL"); url != "" {
		a := bare(t, url, os.Getenv("GATEHOUSE_TEST_RESTORE_DIR"))
		_, err := a.Restore(t.Context(), app.RestoreOptions{File: os.Getenv("GATEHOUSE_TEST_RESTORE_FILE"), Force: true, By: operator, Progress: func(line string) {
			fmt.Println("step:", line)
			if line == os.Getenv("GATEHOUSE_TEST_RESTORE_AT") {
				time.Sleep(time.Minute) // until the parent kills us
			}
		}})
		t.Fatalf("not killed: %v", err)
	}
	from, to := busy(t), testkit.New(t)
	to.Take(testkit.Submit("here@example.org"))
	file, _ := backup(t, from.App)
	before := tableSums(t, to.Store)
	to.Store.Reset()
	for _, at := range []string{"table leads: 6 rows", "putting it in place", "committing"} {
		to.Store.Reset() // our own connections would count as a running service
		child := exec.Command(os.Args[0], "-test.run=^TestRestoreKilled$", "-test.v")
		child.Env = append(os.Environ(), "GATEHOUSE_TEST_RESTORE_URL="+to.URL, "GATEHOUSE_TEST_RESTORE_FILE="+file, "GATEHOUSE_TEST_RESTORE_DIR="+t.TempDir(), "GATEHOUSE_TEST_RESTORE_AT="+at)
		out, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		reached, seen := false, ""
		for lines := bufio.NewScanner(out); lines.Scan(); {
			seen += lines.Text() + "\n"
			if lines.Text() == "step: "+at {
				reached = true
				break
			}
		}
		_ = child.Process.Kill()
		_ = child.Wait()
		if !reached {
			t.Fatalf("the child never came to %q:\n%s", at, seen)
		}
		if after := tableSums(t, to.Store); !maps.Equal(before, after) {
			t.Errorf("killed at %q: something changed", at)
		}
	}
	alone(t, to.Store)
	restore(t, to.App, file, true)
	if n := to.Count("select count(*) from lead_addresses where address = 'here@example.org'"); n != 0 {
		t.Error("the restore after the killed ones did not replace the database")
	}
}

// alone waits until PostgreSQL has noticed that the killed process is gone.
func alone(t *testing.T, s *store.Store) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); s.Alone(t.Context()) != nil; {
		if time.Now().After(end) {
			t.Fatal("the killed process's connections stay")
		}
	}
}
