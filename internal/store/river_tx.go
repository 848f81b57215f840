package store

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// riverTx shows River the connection on which GORM's transaction is open. Whoever opened the transaction ends it, so
// Begin, Commit and Rollback are refused; queries, copies and batches go through.
type riverTx struct{ conn *pgx.Conn }

var errNotYours = errors.New("store: this transaction belongs to GORM")

func (riverTx) Begin(context.Context) (pgx.Tx, error) { return nil, errNotYours }
func (riverTx) Commit(context.Context) error          { return errNotYours }
func (riverTx) Rollback(context.Context) error        { return errNotYours }
func (riverTx) LargeObjects() pgx.LargeObjects        { return pgx.LargeObjects{} }
func (t riverTx) Conn() *pgx.Conn                     { return t.conn }

func (t riverTx) CopyFrom(ctx context.Context, table pgx.Identifier, columns []string, src pgx.CopyFromSource) (int64, error) {
	return t.conn.CopyFrom(ctx, table, columns, src)
}

func (t riverTx) SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults {
	return t.conn.SendBatch(ctx, b)
}

func (t riverTx) Prepare(ctx context.Context, name, sql string) (*pgconn.StatementDescription, error) {
	return t.conn.Prepare(ctx, name, sql)
}

func (t riverTx) Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	return t.conn.Exec(ctx, sql, args...)
}

func (t riverTx) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	return t.conn.Query(ctx, sql, args...)
}

func (t riverTx) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	return t.conn.QueryRow(ctx, sql, args...)
}
