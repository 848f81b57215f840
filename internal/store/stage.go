package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/gatehouse/gatehouse/internal/errs"
)

// stageSchema is where a restore builds the database anew, beside the live one.
const stageSchema = "gatehouse_restore"

// Stage is a whole database built aside: migrated, loaded and mended while the live one stays as it is, then put in its
// place by one transaction. A restore that fails, or is killed, before that has changed nothing.
type Stage struct {
	*Store
	live   *Store
	schema string // of the live tables
}

// OpenStage makes the stage empty, at the given schema version. Close it; Drop it when it is not swapped in.
func (s *Store) OpenStage(ctx context.Context, version int64) (*Stage, error) {
	g := &Stage{live: s}
	if err := s.pool.QueryRow(ctx, "select current_schema()").Scan(&g.schema); err != nil {
		return nil, translate(err)
	}
	_, err := s.pool.Exec(ctx, "drop schema if exists "+stageSchema+" cascade; create schema "+stageSchema)
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.Code == "42501" {
		return nil, errs.Wrap(err, errs.Unavailable, "A restore needs a database user that may create schemas: grant create on database ... to ...")
	}
	if err != nil {
		return nil, translate(err)
	}
	if g.Store, err = Open(ctx, Options{URL: s.url, MaxConns: 4, Clock: s.now, stage: s}); err != nil {
		return nil, err
	}
	if err := g.MigrateTo(ctx, version); err != nil {
		g.Close()
		return nil, err
	}
	return g, nil
}

// Drop removes a stage that was not swapped in.
func (g *Stage) Drop(ctx context.Context) error {
	_, err := g.live.pool.Exec(ctx, "drop schema if exists "+stageSchema+" cascade")
	return translate(err)
}

// Loader fills the stage inside one transaction.
type Loader struct {
	tx     pgx.Tx
	tables map[string]bool
}

// Load calls fn with an empty stage; references that may wait are checked at its end.
func (g *Stage) Load(ctx context.Context, fn func(l *Loader) error) error {
	err := pgx.BeginFunc(ctx, g.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "set local datestyle = 'ISO, YMD'; set local intervalstyle = 'postgres'; set constraints all deferred"); err != nil {
			return err
		}
		known, err := dumpTables(ctx, tx)
		if err != nil {
			return err
		}
		l := &Loader{tx: tx, tables: map[string]bool{}}
		for _, t := range known {
			l.tables[t.Name] = true
		}
		if err := fn(l); err != nil {
			return err
		}
		return resetSequences(ctx, tx)
	})
	return translate(err)
}

// Copy loads one table from PostgreSQL's text format and tells how many rows there were.
func (l *Loader) Copy(ctx context.Context, t DumpTable, r io.Reader) (int64, error) {
	if !l.tables[t.Name] {
		return 0, errs.New(errs.Malformed, "The backup holds a table %q that its schema does not have.", t.Name)
	}
	name := pgx.Identifier{t.Name}.Sanitize()
	for _, m := range t.Months {
		if _, err := l.tx.Exec(ctx, "select ensure_months($1, $2::text::date, 1)", t.Name, m); err != nil {
			return 0, err
		}
	}
	// A migration may have put rows of its own here; the backup has them too, as they were.
	if _, err := l.tx.Exec(ctx, "delete from "+name); err != nil {
		return 0, err
	}
	tag, err := l.tx.Conn().PgConn().CopyFrom(ctx, r, fmt.Sprintf("copy %s (%s) from stdin", name, t.columnList()))
	return tag.RowsAffected(), err
}

// resetSequences lets every counter go on after the highest number that was loaded.
func resetSequences(ctx context.Context, tx pgx.Tx) error {
	rows, err := tx.Query(ctx, `select format('select setval(%L, coalesce(max(%I), 0) + 1, false) from %s', s.oid::regclass, a.attname, d.refobjid::regclass)
		from pg_class s join pg_depend d on d.objid = s.oid and d.classid = 'pg_class'::regclass and d.refclassid = 'pg_class'::regclass and d.deptype in ('a','i')
		join pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
		where s.relkind = 'S' and s.relnamespace = current_schema()::regnamespace`)
	if err != nil {
		return err
	}
	return execAll(ctx, tx, rows)
}

func execAll(ctx context.Context, tx pgx.Tx, rows pgx.Rows) error {
	statements, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	for _, q := range statements {
		if _, err := tx.Exec(ctx, q); err != nil {
			return fmt.Errorf("%s: %w", q, err)
		}
	}
	return nil
}

// CarryOver takes along what the live database knows and the backup cannot: who was erased, who does not want mail, which
// keys and accounts were closed since. Call it when both have this program's schema.
func (g *Stage) CarryOver(ctx context.Context) error {
	live := func(table string) string { return pgx.Identifier{g.schema, table}.Sanitize() }
	for _, q := range []string{
		"insert into erasures (id, lead_id, address_keys, receipt, at) select id, lead_id, address_keys, receipt, at from " + live("erasures") + " on conflict do nothing",
		"insert into suppressions (address_key, kind, reason, message_id, at, lifted_at) select address_key, kind, reason, message_id, at, lifted_at from " + live("suppressions") + ` as l
			on conflict (address_key, kind) do update set reason = excluded.reason, message_id = excluded.message_id, at = excluded.at, lifted_at = excluded.lifted_at
			where greatest(excluded.at, excluded.lifted_at) > greatest(suppressions.at, suppressions.lifted_at)`,
		"update api_keys k set revoked_at = l.revoked_at from " + live("api_keys") + " l where l.id = k.id and l.revoked_at is not null and k.revoked_at is null",
		"update users u set disabled_at = l.disabled_at from " + live("users") + " l where l.id = u.id and l.disabled_at is not null and u.disabled_at is null",
	} {
		if _, err := g.pool.Exec(ctx, q); err != nil {
			return translate(err)
		}
	}
	return nil
}

// Analyze lets PostgreSQL plan well from the first query on.
func (g *Stage) Analyze(ctx context.Context) error {
	rows, err := g.pool.Query(ctx, `select 'analyze ' || oid::regclass from pg_class where relnamespace = current_schema()::regnamespace
		and relkind in ('r','p') and not relispartition`)
	if err != nil {
		return translate(err)
	}
	statements, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return translate(err)
	}
	_, err = g.pool.Exec(ctx, strings.Join(statements, "; "))
	return translate(err)
}

// The live relations that the stage has too, and the statements that replace them. Tables go before the functions and
// types that they use; functions move before types, since their names are spelled with them.
const (
	swapLocks = `select 'lock table ' || l.oid::regclass || ' in access exclusive mode' from pg_class l join pg_class s on s.relname = l.relname
		where l.relnamespace = $1::regnamespace and s.relnamespace = $2::regnamespace and l.relkind in ('r','p') and s.relkind in ('r','p')
			and not l.relispartition order by l.relname`
	swapDrops = `with own as (select l.oid, l.relkind from pg_class l join pg_class s on s.relname = l.relname and s.relnamespace = $2::regnamespace
			where l.relnamespace = $1::regnamespace and not l.relispartition)
		select q from (
			select 1, 'drop view ' || string_agg(oid::regclass::text, ', ') from own where relkind = 'v' union all
			select 2, 'drop materialized view ' || string_agg(oid::regclass::text, ', ') from own where relkind = 'm' union all
			select 3, 'drop table ' || string_agg(oid::regclass::text, ', ') from own where relkind in ('r','p') union all
			select 4, 'drop function ' || string_agg(oid::regprocedure::text, ', ') from pg_proc where pronamespace = $1::regnamespace
				and proname in (select proname from pg_proc where pronamespace = $2::regnamespace) union all
			select 5, 'drop type ' || string_agg(oid::regtype::text, ', ') from pg_type where typnamespace = $1::regnamespace and typtype in ('e','d')
				and typname in (select typname from pg_type where typnamespace = $2::regnamespace)
		) as d(n, q) where q is not null order by n`
	swapMoves = `select q from (
			select 1, format('alter %s %s set schema %I', case relkind when 'v' then 'view' when 'm' then 'materialized view' else 'table' end, oid::regclass, $1::text)
				from pg_class where relnamespace = $2::regnamespace and relkind in ('r','p','v','m') union all
			select 2, format('alter function %s set schema %I', oid::regprocedure, $1::text) from pg_proc where pronamespace = $2::regnamespace union all
			select 3, format('alter type %s set schema %I', oid::regtype, $1::text) from pg_type where typnamespace = $2::regnamespace and typtype in ('e','d')
		) as m(n, q) order by n`
)

// Swap puts the stage in the live tables' place, all or nothing. before, when not nil, is called just before the commit.
func (g *Stage) Swap(ctx context.Context, before func()) error {
	err := pgx.BeginFunc(ctx, g.live.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "select set_config('search_path', quote_ident($1), true), set_config('lock_timeout', '10s', true)", g.schema); err != nil {
			return err
		}
		for i, q := range []string{swapLocks, swapDrops, swapMoves} {
			rows, err := tx.Query(ctx, q, g.schema, stageSchema)
			if err != nil {
				return err
			}
			if err := execAll(ctx, tx, rows); err != nil {
				return err
			}
			if i > 0 {
				continue
			}
			// From here on nobody can write; whoever came meanwhile is seen.
			if err := g.live.alone(ctx, tx); err != nil {
				return err
			}
		}
		// Without "cascade": it fails if anything were left behind.
		if _, err := tx.Exec(ctx, "drop schema "+stageSchema); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, "select pg_notify('gatehouse_changed', '')"); err != nil {
			return err
		}
		if before != nil {
			before()
		}
		return nil
	})
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.Code == "2BP01" {
		return errs.Wrap(err, errs.Conflict, "Something of your own in the database refers to Gatehouse's tables (%s). Remove it, restore, then make it again.", pg.Detail)
	}
	if errors.As(err, &pg) && pg.Code == "55P03" {
		return errInUse
	}
	return translate(err)
}
