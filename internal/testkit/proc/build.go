// Package proc runs the real program in tests: it builds it once per test run, starts it on port 0, waits until it says
// that it is ready, kills it by its process id with any signal, keeps its log, and runs its subcommands. Tests only.
package proc

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/gatehouse/gatehouse/internal/testkit"
)

// EnvBinary names a program that is built already, for trying the tests against a release; EnvMutant one with the
// build tag "mutant".
const (
	EnvBinary = "GATEHOUSE_TEST_BINARY"
	EnvMutant = "GATEHOUSE_TEST_BINARY_MUTANT"
)

type built struct {
	once sync.Once
	path string
	err  error
}

var (
	plain, mutant built
	folder        struct {
		once sync.Once
		path string
		err  error
	}
)

// Binary is the path of the program. With mutants it is the build that GATEHOUSE_MUTANT can break on purpose.
func Binary(t testing.TB, mutants bool) string {
	t.Helper()
	b, name, tags, env := &plain, "gatehouse", "", EnvBinary
	if mutants {
		b, name, tags, env = &mutant, "gatehouse-mutant", "mutant", EnvMutant
	}
	b.once.Do(func() { b.path, b.err = build(name, tags, os.Getenv(env)) })
	if b.err != nil {
		t.Fatal(b.err)
	}
	return b.path
}

func build(name, tags, given string) (string, error) {
	if given != "" {
		return filepath.Abs(given)
	}
	folder.once.Do(func() {
		if folder.path, folder.err = os.MkdirTemp("", "gatehouse-proc-"); folder.err == nil {
			folder.err = os.Chmod(folder.path, 0o711)
		}
	})
	if folder.err != nil {
		return "", folder.err
	}
	out := filepath.Join(folder.path, name)
	cmd := exec.Command("go", "build", "-tags", tags, "-o", out, "./cmd/gatehouse")
	cmd.Dir = testkit.Root()
	if text, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("the program cannot be built: %w\n%s", err, text)
	}
	return out, nil
}

// Main is TestMain for packages that use this one: it runs the tests, removes the programs, stops the shared PostgreSQL.
func Main(m *testing.M) {
	testkit.Main(m, func() {
		if folder.path != "" {
			_ = os.RemoveAll(folder.path)
		}
	})
}
