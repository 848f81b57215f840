package store

import (
	"context"
	"time"
)

// Changed tells every process that published content or settings changed, when the transaction commits.
func (tx *Tx) Changed() error {
	return translate(tx.Exec("select pg_notify('gatehouse_changed', '')").Error)
}

// Listen calls fn at every notification on the channel and at every reconnection (something may have been missed). It
// holds one connection and ends with ctx.
func (s *Store) Listen(ctx context.Context, channel string, fn func()) {
	for ctx.Err() == nil {
		s.listenOnce(ctx, channel, fn)
		select {
		case <-ctx.Done():
		case <-time.After(time.Second):
		}
	}
}

func (s *Store) listenOnce(ctx context.Context, channel string, fn func()) {
	c, err := s.pool.Acquire(ctx)
	if err != nil {
		return
	}
	conn := c.Hijack() // a listening connection must not go back to the pool
	defer func() {
		closing, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = conn.Close(closing)
	}()
	if _, err := conn.Exec(ctx, "listen "+channel); err != nil {
		return
	}
	fn()
	for {
		if _, err := conn.WaitForNotification(ctx); err != nil {
			return
		}
		fn()
	}
}
