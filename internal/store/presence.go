package store

import (
	"context"
	"fmt"
	"slices"
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
// more than a minute. A process counts as dead when nobody holds its lock at two looks in a row: after PostgreSQL was away
// a living one needs a moment to take its lock again. suspects are those of the look before; those of this one come back.
func (s *Store) HandBack(ctx context.Context, self string, suspects []string) (n int, still []string, err error) {
	rows, err := s.pool.Query(ctx, `select distinct attempted_by[array_upper(attempted_by, 1)] from river_job where state = 'running'
		and attempted_by[array_upper(attempted_by, 1)] <> $1`, self)
	if err != nil {
		return 0, nil, translate(err)
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return 0, nil, translate(err)
	}
	for _, name := range names {
		back, dead, err := s.handBackOf(ctx, name, slices.Contains(suspects, name))
		if err != nil {
			return n, still, err
		}
		if n += back; dead {
			still = append(still, name)
		}
	}
	return n, still, nil
}

func (s *Store) handBackOf(ctx context.Context, name string, sure bool) (n int, dead bool, err error) {
	tx, err := s.pool.Begin(ctx)
	if err != nil {
		return 0, false, translate(err)
	}
	defer func() { _ = tx.Rollback(ctx) }()
	if err := tx.QueryRow(ctx, "select pg_try_advisory_xact_lock($1, hashtext($2))", presenceClass, name).Scan(&dead); err != nil || !dead || !sure {
		return 0, dead, translate(err)
	}
	tag, err := tx.Exec(ctx, `update river_job set state = 'available', scheduled_at = now()
		where state = 'running' and attempted_by[array_upper(attempted_by, 1)] = $1`, name)
	if err != nil {
		return 0, dead, translate(fmt.Errorf("hand back jobs: %w", err))
	}
	return int(tag.RowsAffected()), dead, translate(tx.Commit(ctx))
}

// strayAfter is how long a job may count as ours without being among those that we are at: longer than its start and the
// record of its end take.
const strayAfter = 10 * time.Second

// HandBackStray returns jobs that stand as running by this process, which is not at them: the connection broke while they
// were fetched, or before their end was recorded.
func (s *Store) HandBackStray(ctx context.Context, self string, running []int64) (int, error) {
	tag, err := s.pool.Exec(ctx, `update river_job set state = 'available', scheduled_at = now()
		where state = 'running' and attempted_by[array_upper(attempted_by, 1)] = $1 and attempted_at < now() - $2::interval and id <> all($3)`,
		self, strayAfter, running)
	if err != nil {
		return 0, translate(fmt.Errorf("hand back stray jobs: %w", err))
	}
	return int(tag.RowsAffected()), nil
}
