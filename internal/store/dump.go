package store

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/gatehouse/gatehouse/internal/errs"
)

// leftOut are the tables of ours that a backup does not hold, each with the reason.
var leftOut = map[string]string{
	"sessions":       "after a restore everybody logs in again",
	"user_tokens":    "a one-time link that was used since the backup must not work again",
	"login_attempts": "they matter for a quarter of an hour",
	"schema_minimum": "the migrations write it",
	"file_store":     "it names this installation's folder of documents, and a restore may be into another one",
}

// DumpTable is one table as a backup describes it. Months are the monthly partitions it had, as YYYY-MM-01.
type DumpTable struct {
	Name    string   `json:"name"`
	Columns []string `json:"columns"`
	Months  []string `json:"months,omitempty"`
}

func (t DumpTable) columnList() string {
	quoted := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		quoted[i] = pgx.Identifier{c}.Sanitize()
	}
	return strings.Join(quoted, ", ")
}

// Dump is one consistent look at the whole database.
type Dump struct {
	tx     pgx.Tx
	Schema int64 // the newest migration that is applied
}

// Dump calls fn inside one read-only snapshot: everything that fn copies is of the same moment.
func (s *Store) Dump(ctx context.Context, fn func(d *Dump) error) error {
	err := pgx.BeginTxFunc(ctx, s.pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "set local datestyle = 'ISO, YMD'; set local intervalstyle = 'postgres'; set local extra_float_digits = 1; set local bytea_output = 'hex'"); err != nil {
			return err
		}
		d := &Dump{tx: tx}
		if err := tx.QueryRow(ctx, "select coalesce(max(version_id), 0) from goose_db_version where is_applied").Scan(&d.Schema); err != nil {
			return err
		}
		return fn(d)
	})
	return translate(err)
}

// Tables are those that a backup holds, referenced ones first. A deferrable reference does not count: it is checked when
// everything is loaded.
func (d *Dump) Tables(ctx context.Context) ([]DumpTable, error) {
	return dumpTables(ctx, d.tx)
}

func dumpTables(ctx context.Context, tx pgx.Tx) ([]DumpTable, error) {
	rows, err := tx.Query(ctx, `select c.relname,
		array(select a.attname::text from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = '' order by a.attnum),
		array(select to_char(to_date(right(p.relname, 6), 'YYYYMM'), 'YYYY-MM-DD') from pg_inherits i join pg_class p on p.oid = i.inhrelid
			where i.inhparent = c.oid and p.relname ~ '_[0-9]{6}$' order by 1),
		array(select distinct f.relname::text from pg_constraint k join pg_class f on f.oid = k.confrelid
			where k.conrelid = c.oid and k.contype = 'f' and not k.condeferrable and k.confrelid <> c.oid)
		from pg_class c where c.relnamespace = current_schema()::regnamespace and c.relkind in ('r','p') and not c.relispartition
			and c.relname not like 'river\_%' and c.relname <> 'goose_db_version' order by c.relname`)
	if err != nil {
		return nil, err
	}
	type found struct {
		DumpTable
		needs []string
	}
	all, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (f found, err error) {
		return f, row.Scan(&f.Name, &f.Columns, &f.Months, &f.needs)
	})
	if err != nil {
		return nil, err
	}
	var out []DumpTable
	placed := map[string]bool{}
	for len(placed) < len(all) {
		before := len(placed)
		for _, f := range all {
			if placed[f.Name] || slices.ContainsFunc(f.needs, func(n string) bool { return !placed[n] }) {
				continue
			}
			placed[f.Name] = true
			if leftOut[f.Name] == "" {
				out = append(out, f.DumpTable)
			}
		}
		if len(placed) == before {
			return nil, fmt.Errorf("store: tables refer to each other in a ring that is not deferrable")
		}
	}
	return out, nil
}

// Copy writes the table's rows to w in PostgreSQL's text format and tells how many there were. The rows stream: memory
// does not grow with the table.
func (d *Dump) Copy(ctx context.Context, t DumpTable, w io.Writer) (int64, error) {
	tag, err := d.tx.Conn().PgConn().CopyTo(ctx, w, fmt.Sprintf("copy (select %s from %s) to stdout", t.columnList(), pgx.Identifier{t.Name}.Sanitize()))
	return tag.RowsAffected(), err
}

// FileKeys are the files that document versions refer to, sorted, each once: the documents themselves, covers and sample
// pages, without the pictures that come with the program.
func (d *Dump) FileKeys(ctx context.Context) ([]string, error) {
	rows, err := d.tx.Query(ctx, "select file_key, cover_key, samples from document_versions")
	if err != nil {
		return nil, err
	}
	var keys []string
	var file, cover string
	var raw []byte
	_, err = pgx.ForEachRow(rows, []any{&file, &cover, &raw}, func() error {
		var samples []Sample
		if err := json.Unmarshal(raw, &samples); err != nil {
			return err
		}
		keys = append(keys, file, cover)
		for _, s := range samples {
			keys = append(keys, s.Key)
		}
		return nil
	})
	keys = slices.DeleteFunc(keys, func(k string) bool { return k == "" || strings.HasPrefix(k, "asset:") })
	slices.Sort(keys)
	return slices.Compact(keys), err
}

// Holdings counts what a restore would replace, by a word for people; empty when nobody has used this database yet.
func (s *Store) Holdings(ctx context.Context) (map[string]int64, error) {
	out := map[string]int64{}
	for word, table := range map[string]string{"submissions": "submissions", "leads": "leads", "messages": "messages", "staff accounts": "users", "API keys": "api_keys"} {
		var n int64
		if err := s.pool.QueryRow(ctx, "select count(*) from "+table).Scan(&n); err != nil {
			return nil, translate(err)
		}
		if n > 0 {
			out[word] = n
		}
	}
	return out, nil
}

// errInUse refuses work that no other process may run beside.
var errInUse = errs.New(errs.Conflict, "Gatehouse is running on this database (or another of its commands is). Stop it first, then restore.")

type querier interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// alone refuses while any other Gatehouse process is connected to the database. Each process names its connections.
func (s *Store) alone(ctx context.Context, q querier) error {
	var others int
	err := q.QueryRow(ctx, `select count(*) from pg_stat_activity where datname = current_database() and application_name like 'gatehouse%'
		and application_name <> $1 and pid <> pg_backend_pid()`, s.name).Scan(&others)
	if err == nil && others == 0 {
		err = q.QueryRow(ctx, `select count(*) from pg_locks where locktype = 'advisory' and granted and classid = $1
			and database = (select oid from pg_database where datname = current_database())`, presenceClass).Scan(&others)
	}
	if err == nil && others > 0 {
		return errInUse
	}
	return translate(err)
}

// Alone refuses, with a sentence, while another Gatehouse process uses the database.
func (s *Store) Alone(ctx context.Context) error { return s.alone(ctx, s.pool) }
