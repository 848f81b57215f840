// Package store is the only place that speaks GORM: rows, transactions, migrations, and the group commit of intake.
// Every method takes a context and returns errors that errs.CodeOf understands; conditions are strings or maps, never structs.
package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"gorm.io/driver/postgres"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"

	"github.com/gatehouse/gatehouse/internal/errs"
)

// idleInTransaction frees the rows that a process locked before it was stopped (a frozen machine, a debugger): nothing of
// ours thinks for so long in the middle of a transaction.
const idleInTransaction = "'20s'"

// Store is one PostgreSQL database. Safe for concurrent use.
type Store struct {
	pool   *pgxpool.Pool
	intake *pgxpool.Pool // of the group commit alone, so that it never waits for a connection
	db     *gorm.DB
	sqldb  *sql.DB
	queue  *river.Client[pgx.Tx] // inserts only; workers have a client of their own
	now    func() time.Time
	url    string
	name   string // of this process among the database's connections
}

// Options of Open. Clock may be nil (the system clock). MaxConns 0 means pgx's default of four or the number of cores.
type Options struct {
	URL      string
	MaxConns int32
	Clock    func() time.Time
	stage    *Store // whose database this is, seen through the schema that a restore builds
}

// Open connects one pool that GORM and River share. The caller closes the store.
func Open(ctx context.Context, o Options) (*Store, error) {
	cfg, err := pgxpool.ParseConfig(o.URL)
	if err != nil {
		return nil, errs.New(errs.Invalid, "DATABASE_URL cannot be read as a PostgreSQL address (its value is not shown, it may hold a password)")
	}
	if o.MaxConns > 0 {
		cfg.MaxConns = o.MaxConns
	}
	name := "gatehouse/" + NewID().String()
	if o.stage != nil {
		name = o.stage.name
		cfg.ConnConfig.RuntimeParams["search_path"] = stageSchema
	}
	cfg.ConnConfig.RuntimeParams["application_name"] = name
	cfg.ConnConfig.RuntimeParams["timezone"] = "UTC"
	cfg.ConnConfig.ConnectTimeout = 5 * time.Second
	cfg.AfterConnect = func(ctx context.Context, c *pgx.Conn) error { // no startup parameter: poolers refuse those
		// Compiling a report's plan takes longer than running it.
		_, err := c.Exec(ctx, "set idle_in_transaction_session_timeout = "+idleInTransaction+"; set jit = off")
		return err
	}
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, unavailable(err)
	}
	cfg = cfg.Copy()
	cfg.MinConns, cfg.MinIdleConns, cfg.MaxConns = 0, 0, committers
	cfg.AfterConnect = func(ctx context.Context, c *pgx.Conn) error {
		// Its one statement is planned once, not for each batch: nothing about it depends on the values.
		_, err := c.Exec(ctx, "set plan_cache_mode = force_generic_plan")
		return err
	}
	intake, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		pool.Close()
		return nil, unavailable(err)
	}
	s := &Store{pool: pool, intake: intake, sqldb: stdlib.OpenDBFromPool(pool), now: o.Clock, url: o.URL, name: name}
	if s.now == nil {
		s.now = time.Now
	}
	s.db, err = gorm.Open(postgres.New(postgres.Config{Conn: s.sqldb}), &gorm.Config{
		TranslateError:         true,
		QueryFields:            true, // a new column must not break a cached plan of the old program
		SkipDefaultTransaction: true,
		DisableAutomaticPing:   true,
		Logger:                 logger.Discard, // its log lines hold values
		NowFunc:                s.Now,
	})
	if err != nil {
		s.Close()
		return nil, fmt.Errorf("open gorm: %w", err)
	}
	s.queue, err = river.NewClient(riverpgxv5.New(pool), &river.Config{})
	if err != nil {
		s.Close()
		return nil, fmt.Errorf("open queue: %w", err)
	}
	return s, nil
}

// Close gives every connection back.
func (s *Store) Close() {
	_ = s.sqldb.Close()
	s.pool.Close()
	s.intake.Close()
}

// Reset closes the connections; new ones are made when they are needed.
func (s *Store) Reset() {
	s.pool.Reset()
	s.intake.Reset()
}

// Pool is for reports, exports, seed and the queue; rows change through the store's methods.
func (s *Store) Pool() *pgxpool.Pool { return s.pool }

// Now is the injected clock in UTC, in the microseconds that PostgreSQL keeps.
func (s *Store) Now() time.Time { return s.now().UTC().Truncate(time.Microsecond) }

// NewID is a UUIDv7: sortable by time, never a secret.
func NewID() uuid.UUID { return uuid.Must(uuid.NewV7()) }

// DB reads outside a transaction.
func (s *Store) DB(ctx context.Context) *gorm.DB { return s.db.WithContext(ctx) }

// Tx is one open transaction: rows through DB, jobs through Enqueue, both kept or both dropped.
type Tx struct {
	*gorm.DB
	ctx   context.Context
	store *Store
	conn  *sql.Conn
	once  map[string]bool // kinds of jobs that were added once
}

// Now is the store's clock.
func (tx *Tx) Now() time.Time { return tx.store.Now() }

// Tx runs fn in one transaction on one connection. Whatever fn does must go through the Tx: a second connection taken
// inside it would deadlock under load.
func (s *Store) Tx(ctx context.Context, fn func(tx *Tx) error) error {
	err := s.db.WithContext(ctx).Connection(func(g *gorm.DB) error {
		conn, ok := g.Statement.ConnPool.(*sql.Conn)
		if !ok {
			return fmt.Errorf("store: unexpected connection %T", g.Statement.ConnPool)
		}
		return g.Transaction(func(tx *gorm.DB) error {
			return fn(&Tx{DB: tx, ctx: ctx, store: s, conn: conn})
		})
	})
	return translate(err)
}

// Enqueue adds jobs to the transaction.
func (tx *Tx) Enqueue(params ...river.InsertManyParams) error {
	if len(params) == 0 {
		return nil
	}
	return tx.conn.Raw(func(dc any) error {
		c := dc.(*stdlib.Conn).Conn()
		if c.PgConn().TxStatus() != 'T' {
			return errors.New("store: enqueue outside an open transaction")
		}
		_, err := tx.store.queue.InsertManyFastTx(tx.ctx, riverTx{c}, params)
		return err
	})
}

// EnqueueOnce adds a job that does whatever waits: one of its kind is enough for a transaction.
func (tx *Tx) EnqueueOnce(args river.JobArgs) error {
	if tx.once[args.Kind()] {
		return nil
	}
	if tx.once == nil {
		tx.once = map[string]bool{}
	}
	tx.once[args.Kind()] = true
	return tx.Enqueue(river.InsertManyParams{Args: args})
}

// translate gives database errors the codes of errs. Anything unknown stays as it is and counts as internal.
func translate(err error) error {
	if err == nil {
		return nil
	}
	var e *errs.Error
	if errors.As(err, &e) {
		return err
	}
	var pg *pgconn.PgError
	var connect *pgconn.ConnectError
	switch {
	case errors.Is(err, gorm.ErrRecordNotFound):
		return errs.Wrap(err, errs.NotFound, "There is no such thing here.")
	case errors.As(err, &connect): // whatever the server's reason not to let us in
		return unavailable(err)
	case errors.As(err, &pg):
		switch pg.Code[:2] {
		case "08", "53", "57": // connection, resources (disk full), operator (shutting down)
			return unavailable(err)
		}
		if pg.Code == "22021" || pg.Code == "22P05" { // a NUL or a broken character, which no door should have let through
			return errs.Wrap(err, errs.Malformed, "The request holds characters that cannot be kept. Please type it again.")
		}
		if pg.Code == "25P03" { // we were stopped in the middle of a transaction, see idleInTransaction
			return unavailable(err)
		}
		return err
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case isConnectionError(err):
		return unavailable(err)
	}
	return err
}

func isConnectionError(err error) bool {
	var connect *pgconn.ConnectError
	var network net.Error
	return errors.As(err, &connect) || errors.As(err, &network) || pgconn.SafeToRetry(err) || errors.Is(err, sql.ErrConnDone) ||
		errors.Is(err, driver.ErrBadConn) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

// Translate gives a database error of DB its code.
func (s *Store) Translate(err error) error { return translate(err) }

// isStale tells that a statement never left this machine, so that it may be tried again on another connection.
func isStale(err error) bool { return pgconn.SafeToRetry(err) }

func unavailable(err error) error {
	return errs.Wrap(err, errs.Unavailable, "We cannot save anything at the moment. Please try again shortly; nothing you typed is lost.").After(5 * time.Second)
}

// Ping tells whether the database answers.
func (s *Store) Ping(ctx context.Context) error { return translate(s.pool.Ping(ctx)) }
