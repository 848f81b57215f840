package store

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"

	"github.com/gatehouse/gatehouse/internal/errs"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// The queue's tables come first, pinned to the version of River's schema that this program was tested with; a later one
// gets a migration of its own.
const (
	riverMigration = 1
	riverSchema    = 8
)

// Schema is the newest version this program knows, and what it needs at least to run (N-1 runs on schema N).
type Schema struct{ Known, Applied int64 }

// Pending tells whether migrations wait.
func (s Schema) Pending() bool { return s.Applied < s.Known }

// Empty tells whether nothing was ever applied.
func (s Schema) Empty() bool { return s.Applied == 0 }

func (s *Store) provider() (*goose.Provider, func(), error) {
	sub, err := fs.Sub(migrationFiles, "migrations")
	if err != nil {
		return nil, nil, err
	}
	locker, err := lock.NewPostgresSessionLocker()
	if err != nil {
		return nil, nil, err
	}
	db := stdlib.OpenDBFromPool(s.pool)
	river := goose.NewGoMigration(riverMigration, &goose.GoFunc{RunDB: s.migrateRiver}, nil)
	p, err := goose.NewProvider(goose.DialectPostgres, db, sub, goose.WithSessionLocker(locker), goose.WithGoMigrations(river),
		goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return nil, nil, fmt.Errorf("read migrations: %w", err)
	}
	return p, func() { _ = db.Close() }, nil
}

func (s *Store) migrateRiver(ctx context.Context, _ *sql.DB) error {
	m, err := rivermigrate.New(riverpgxv5.New(s.pool), nil)
	if err != nil {
		return err
	}
	_, err = m.Migrate(ctx, rivermigrate.DirectionUp, &rivermigrate.MigrateOpts{TargetVersion: riverSchema})
	return err
}

// Schema reads where the database stands.
func (s *Store) Schema(ctx context.Context) (Schema, error) {
	p, done, err := s.provider()
	if err != nil {
		return Schema{}, err
	}
	defer done()
	out := Schema{}
	for _, src := range p.ListSources() {
		out.Known = max(out.Known, src.Version)
	}
	var exists bool
	if err := s.pool.QueryRow(ctx, "select to_regclass('goose_db_version') is not null").Scan(&exists); err != nil {
		return out, translate(err)
	}
	if exists {
		err = s.pool.QueryRow(ctx, "select coalesce(max(version_id), 0) from goose_db_version where is_applied").Scan(&out.Applied)
	}
	return out, translate(err)
}

// Migrate applies what is pending, under a lock: any number of processes may try at once.
func (s *Store) Migrate(ctx context.Context) ([]string, error) {
	p, done, err := s.provider()
	if err != nil {
		return nil, err
	}
	defer done()
	results, err := p.Up(ctx)
	if err != nil {
		return nil, errs.Wrap(err, errs.Internal, "The database could not be brought up to date.")
	}
	var out []string
	for _, r := range results {
		name := "the queue's tables"
		if r.Source.Path != "" {
			_, name, _ = strings.Cut(strings.TrimSuffix(path.Base(r.Source.Path), ".sql"), "_")
		}
		out = append(out, fmt.Sprintf("migration %d (%s) applied in %s", r.Source.Version, name, r.Duration.Round(time.Millisecond)))
	}
	return out, s.EnsurePartitions(ctx)
}

// MigrateTo brings an older schema up to the version, and no further: a backup is loaded into the schema it was taken
// from.
func (s *Store) MigrateTo(ctx context.Context, version int64) error {
	p, done, err := s.provider()
	if err != nil {
		return err
	}
	defer done()
	if _, err := p.UpTo(ctx, version); err != nil {
		return errs.Wrap(err, errs.Internal, "The database could not be brought to schema version %d.", version)
	}
	return nil
}

// EnsurePartitions makes the months of the partitioned tables: this one and the next three.
func (s *Store) EnsurePartitions(ctx context.Context) error {
	for _, parent := range []string{"visits", "hits", "provider_events"} {
		if _, err := s.pool.Exec(ctx, "select ensure_months($1, $2::date, 4)", parent, s.Now()); err != nil {
			return translate(err)
		}
	}
	return nil
}

// CheckMinimum lets an older program run on a newer schema, unless the schema says that it is too old.
func (s *Store) CheckMinimum(ctx context.Context, sc Schema) error {
	var known int64
	if err := s.pool.QueryRow(ctx, "select known from schema_minimum where id = 1").Scan(&known); err != nil {
		return translate(err)
	}
	if sc.Known < known {
		return errs.New(errs.Unavailable, "The database's schema (version %d) needs a newer program: this one knows version %d, at least %d is needed.",
			sc.Applied, sc.Known, known)
	}
	return nil
}

// KnownSchema is the newest version that this program knows.
func KnownSchema() int64 {
	names, err := fs.Glob(migrationFiles, "migrations/*.sql")
	if err != nil || len(names) == 0 {
		return riverMigration
	}
	var v int64
	_, _ = fmt.Sscanf(names[len(names)-1], "migrations/%d_", &v)
	return v
}
