package main

import (
	"context"
	_ "embed"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/gatehouse/gatehouse/internal/postgres"
)

//go:embed sql/tables.sql
var tablesSQL string

// database is the PostgreSQL that pgbench and the product share: one of our own with everything durable, or the one
// that BENCH_DATABASE_URL names. The benchmark works in a database of its own there, which it drops at the end.
type database struct {
	url    string
	admin  string // URL that may create and drop databases
	name   string
	server *postgres.Server // nil with BENCH_DATABASE_URL
	conn   *pgx.Conn
}

func openDatabase(ctx context.Context, dir string) (*database, error) {
	d := &database{admin: os.Getenv("BENCH_DATABASE_URL"), name: fmt.Sprintf("gatehouse_bench_%d", os.Getpid())}
	if d.admin == "" {
		srv, err := postgres.Start(ctx, postgres.Options{DataDir: filepath.Join(dir, "postgres"), Fetch: true})
		if err != nil {
			return nil, err
		}
		d.server, d.admin = srv, srv.URL("")
	}
	if err := d.prepare(ctx); err != nil {
		d.close()
		return nil, err
	}
	return d, nil
}

func (d *database) prepare(ctx context.Context) error {
	u, err := url.Parse(d.admin)
	if err != nil {
		return fmt.Errorf("BENCH_DATABASE_URL is not a postgres:// address")
	}
	u.Path = "/" + d.name
	d.url = u.String()
	if err := d.asAdmin(ctx, "create database "+d.name); err != nil {
		return fmt.Errorf("the benchmark's own database: %w", err)
	}
	if d.conn, err = pgx.Connect(ctx, d.url); err != nil {
		return err
	}
	var fsync, commit string
	if err := d.conn.QueryRow(ctx, "select current_setting('fsync'), current_setting('synchronous_commit')").Scan(&fsync, &commit); err != nil {
		return err
	}
	if fsync != "on" || commit != "on" {
		return fmt.Errorf("this PostgreSQL does not keep what it confirms (fsync %s, synchronous_commit %s): its figures would mean nothing", fsync, commit)
	}
	_, err = d.conn.Exec(ctx, tablesSQL)
	return err
}

func (d *database) asAdmin(ctx context.Context, sql string) error {
	c, err := pgx.Connect(ctx, d.admin)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close(context.WithoutCancel(ctx)) }()
	_, err = c.Exec(ctx, sql)
	return err
}

func (d *database) close() {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if d.conn != nil {
		_ = d.conn.Close(ctx)
	}
	if d.server != nil {
		_ = d.server.Stop(ctx)
		return
	}
	_ = d.asAdmin(ctx, "drop database if exists "+d.name+" with (force)")
}

// growing are the tables that a run fills; what refers to them goes with them.
var growing = []string{"submissions", "once_keys", "leads", "companies", "company_domains", "visits", "hits", "provider_events", "captured_mails",
	"alarms", "river_job", "bench.submission", "bench.lead", "bench.job"}

// empty removes what a measurement wrote, so that each starts from the same size of tables and indexes. The product must
// not be running. Settings, gate and document stay.
func (d *database) empty(ctx context.Context) error {
	var there []string
	for _, t := range growing {
		var found bool
		if err := d.conn.QueryRow(ctx, "select to_regclass($1) is not null", t).Scan(&found); err != nil {
			return err
		}
		if found {
			there = append(there, t)
		}
	}
	_, err := d.conn.Exec(ctx, "truncate "+strings.Join(there, ", ")+" cascade")
	return err
}

// settings are those of PostgreSQL that decide how fast it is.
func (d *database) settings(ctx context.Context) (map[string]string, error) {
	rows, err := d.conn.Query(ctx, `select name, current_setting(name) from pg_settings where name in ('server_version', 'fsync', 'synchronous_commit',
		'full_page_writes', 'wal_sync_method', 'shared_buffers', 'max_wal_size', 'max_connections', 'commit_delay', 'data_checksums', 'autovacuum')`)
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	var name, value string
	_, err = pgx.ForEachRow(rows, []any{&name, &value}, func() error { out[name] = value; return nil })
	return out, err
}

func (d *database) number(ctx context.Context, sql string, args ...any) (n float64, err error) {
	err = d.conn.QueryRow(ctx, sql, args...).Scan(&n)
	return n, err
}

func (d *database) numbers(ctx context.Context, sql string, args ...any) ([]float64, error) {
	rows, err := d.conn.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[float64])
}
