package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// presenceClass is the first half of the advisory lock that says "this process lives"; the second is its name's hash.
const presenceClass = 0x6761 // "ga"

// Presence holds a session lock on the process's name for as long as the process lives: when it dies, however it dies,
// PostgreSQL ends the session and the lock is gone. It calls ready once the lock is held, takes it again after a lost
// connection, and returns when ctx ends.
func (s *Store) Presence(ctx context.Context, name string, ready func()) {
	for ctx.Err() == nil {
		s.hold(ctx, name, ready)
		select {
		case <-ctx.Done():
		case <-time.After(time.Second):
		}
	}
}

func (s *Store) hold(ctx context.Context, name string, ready func()) {
	c, err := s.pool.Acquire(ctx)
	if err != nil {
		return
	}
	conn := c.Hijack() // the lock must live and die with this one connection
	defer func() {
		closing, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = conn.Close(closing)
	}()
	if _, err := conn.Exec(ctx, "select pg_advisory_lock($1, hashtext($2))", presenceClass, name); err != nil {
		return
	}
	if ready != nil {
		ready()
	}
	_, _ = conn.WaitForNotification(ctx) // nothing is listened to: returns when the connection or ctx ends
}

// HandBack returns the running jobs of dead processes to the queue and tells how many there were. River alone would need
// more than a minute. A process counts as dead when nobody holds its lock.
func (s *Store) HandBack(ctx context.Context) (int, error) {
	rows, err := s.pool.Query(ctx, "select distinct attempted_by[array_upper(attempted_by, 1)] from river_job where state = 'running'")
	if err != nil {
		return 0, translate(err)
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return 0, translate(err)
	}
	total := 0
	for _, name := range names {
		n, err := s.handBackOf(ctx, name)
		if err != nil {
			return total, err
		}
		total += n
	}
	return total, nil
}

func (s *Store) handBackOf(ctx context.Context, name string) (int, error) {
	tx, err := s.pool.Begin(ctx)
	if err != nil {
		return 0, translate(err)
	}
	defer func() { _ = tx.Rollback(ctx) }()
	var free bool
	if err := tx.QueryRow(ctx, "select pg_try_advisory_xact_lock($1, hashtext($2))", presenceClass, name).Scan(&free); err != nil || !free {
		return 0, translate(err)
	}
	tag, err := tx.Exec(ctx, `update river_job set state = 'available', scheduled_at = now()
		where state = 'running' and attempted_by[array_upper(attempted_by, 1)] = $1`, name)
	if err != nil {
		return 0, translate(fmt.Errorf("hand back jobs: %w", err))
	}
	return int(tag.RowsAffected()), translate(tx.Commit(ctx))
}
