// Package testkit gives tests what the product runs on: a real PostgreSQL, a fresh database each, a clock that is told
// the time, a recorder in place of the mail provider, and factories for rows. Tests only.
package testkit

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/gatehouse/gatehouse/internal/postgres"
	"github.com/gatehouse/gatehouse/internal/store"
)

var server struct {
	once sync.Once
	pg   *postgres.Server
	base string // URL of the maintenance database
	err  error
	n    int
	mu   sync.Mutex
}

const template = "gatehouse_template"

// Main runs a package's tests, then what else is to be cleaned up, and stops the PostgreSQL that they shared:
// func TestMain(m *testing.M) { testkit.Main(m) }.
func Main(m *testing.M, after ...func()) {
	code := m.Run()
	for _, fn := range after {
		fn()
	}
	if server.pg != nil {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		_ = server.pg.Stop(ctx)
		cancel()
	}
	os.Exit(code)
}

// DatabaseURL is a fresh, migrated database of the test's own, dropped at its end. The server is started once per test
// binary; GATEHOUSE_TEST_DATABASE_URL names one that runs already.
func DatabaseURL(t testing.TB) string {
	t.Helper()
	return newDatabase(t, " template "+template)
}

// EmptyURL is a fresh database of the test's own without any table.
func EmptyURL(t testing.TB) string {
	t.Helper()
	return newDatabase(t, "")
}

func newDatabase(t testing.TB, as string) string {
	t.Helper()
	server.once.Do(start)
	if server.err != nil {
		t.Fatalf("PostgreSQL for the tests: %v", server.err)
	}
	server.mu.Lock()
	server.n++
	name := fmt.Sprintf("test_%d_%d", os.Getpid(), server.n)
	server.mu.Unlock()
	if err := exec("create database " + name + as); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		// Dropping waits for every backend of the server, also for one whose client another test has stopped on purpose.
		if err := exec("drop database if exists " + name + " with (force)"); err != nil {
			t.Logf("the test's database stays until the server goes: %v", err)
		}
	})
	return urlOf(name)
}

// ServerURL is the URL of any database of the shared server.
func ServerURL(t testing.TB, database string) string {
	t.Helper()
	server.once.Do(start)
	if server.err != nil {
		t.Fatalf("PostgreSQL for the tests: %v", server.err)
	}
	return urlOf(database)
}

func urlOf(database string) string {
	if server.pg != nil {
		return server.pg.URL(database)
	}
	i := strings.LastIndex(server.base, "/")
	head, query, _ := strings.Cut(server.base[i+1:], "?")
	_ = head
	if query != "" {
		query = "?" + query
	}
	return server.base[:i+1] + database + query
}

func exec(sql string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	c, err := pgx.Connect(ctx, urlOf("gatehouse"))
	if err != nil {
		return fmt.Errorf("PostgreSQL for the tests: %w", err)
	}
	defer func() { _ = c.Close(ctx) }()
	if _, err := c.Exec(ctx, sql); err != nil {
		return fmt.Errorf("%s: %w", sql, err)
	}
	return nil
}

// start brings up the server and the migrated template that each test's database is copied from.
func start() {
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	if server.base = os.Getenv("GATEHOUSE_TEST_DATABASE_URL"); server.base == "" {
		if server.pg, server.err = postgres.Start(ctx, postgres.Options{Throwaway: true, Settings: map[string]string{"max_connections": "200"}}); server.err != nil {
			return
		}
	}
	c, err := pgx.Connect(ctx, urlOf("gatehouse"))
	if err != nil {
		server.err = err
		return
	}
	defer func() { _ = c.Close(ctx) }()
	for _, q := range []string{"drop database if exists " + template + " with (force)", "create database " + template} {
		if _, server.err = c.Exec(ctx, q); server.err != nil {
			return
		}
	}
	s, err := store.Open(ctx, store.Options{URL: urlOf(template)})
	if err != nil {
		server.err = err
		return
	}
	_, server.err = s.Migrate(ctx)
	s.Close() // a database with connections cannot be copied
}
