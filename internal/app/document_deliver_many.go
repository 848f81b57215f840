package app

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/email"
	"github.com/gatehouse/gatehouse/internal/store"
)

// Messages that are handed over at the same time share the transactions before and after: each costs the database little
// more than a row. Only what is plain goes this way; whatever is special about a message is decided for it alone, by
// claimMessage and closeTry.

// deliverMost is how many messages share a transaction.
const deliverMost = 64

// claimed is a message that this process may try until a time. A nil attempt: there is nothing to do.
type claimed struct {
	message store.Message
	attempt *store.Attempt
	letter  *store.Letter // nil: not read yet
	until   time.Time
	alone   bool // it has to be looked at by itself
	err     error
}

// closed is the fate of an accepted attempt's record; done is false when somebody else has closed it.
type closed struct {
	done bool
	err  error
}

// claim decides whether this process may try a message now.
func (a *App) claim(ctx context.Context, id uuid.UUID) claimed {
	c := a.claims.call(id)
	if !c.alone {
		return c
	}
	// Taken before the claim: a process that is stopped and woken in between must find its lease over.
	c = claimed{until: time.Now().Add(a.o.Lease)}
	c.err = a.store.Tx(ctx, func(tx *store.Tx) (err error) {
		c.message, c.attempt, err = a.claimMessage(tx, id)
		return err
	})
	return c
}

// claimMany records the attempts of those messages that wait for nothing.
func (a *App) claimMany(ids []uuid.UUID) []claimed {
	ctx, cancel := background(10 * time.Second)
	defer cancel()
	until := time.Now().Add(a.o.Lease)
	var plain map[uuid.UUID]claimed
	err := a.store.Tx(ctx, func(tx *store.Tx) (err error) {
		plain, err = a.claimPlain(tx, ids)
		return err
	})
	out := make([]claimed, len(ids))
	for i, id := range ids {
		c, ok := plain[id]
		switch {
		case err != nil:
			out[i] = claimed{err: err}
		case !ok:
			out[i] = claimed{alone: true}
		default:
			c.until = until
			out[i] = c
			delete(plain, id) // a job that was handed out twice looks again
		}
	}
	return out
}

func (a *App) claimPlain(tx *store.Tx, ids []uuid.UUID) (map[uuid.UUID]claimed, error) {
	messages, err := tx.LockDue(ids)
	if err != nil || len(messages) == 0 {
		return nil, err
	}
	way, err := tx.Outgoing(a.sender.Name(), nil)
	if err != nil {
		return nil, err
	}
	a.paused.Store(way.PausedUntil != nil)
	if way.Wait(tx.Now()) > 0 {
		return nil, nil
	}
	letters, err := tx.Letters(messages)
	if err != nil {
		return nil, err
	}
	stopped, err := a.anySuppressed(tx, letters)
	if err != nil {
		return nil, err
	}
	state := store.MessageSending
	if a.mutant("sent-before-send") {
		state = store.MessageSent
	}
	now := tx.Now()
	out := make(map[uuid.UUID]claimed, len(messages))
	attempts := make([]store.Attempt, 0, len(messages))
	for _, m := range messages {
		l, ok := letters[m.ID]
		if !ok || stopped[l.Address.ID] {
			continue
		}
		m.Tries++
		at := store.Attempt{ID: store.NewID(), MessageID: m.ID, Number: m.Tries, Transport: a.sender.Name(), Worker: a.worker, StartedAt: now,
			LeaseUntil: now.Add(a.o.Lease), Outcome: "open"}
		attempts = append(attempts, at)
		out[m.ID] = claimed{message: m, attempt: &at, letter: &l}
	}
	return out, tx.BeginAttempts(attempts, state)
}

// anySuppressed is the addresses about which there is any reason to be careful.
func (a *App) anySuppressed(tx *store.Tx, letters map[uuid.UUID]store.Letter) (map[uuid.UUID]bool, error) {
	of := map[string]uuid.UUID{}
	var keys [][]byte
	for _, l := range letters {
		for _, k := range a.addressKeys(l.Address.Address) {
			of[string(k)] = l.Address.ID
			keys = append(keys, k)
		}
	}
	found, err := tx.SuppressedKeys(keys)
	out := map[uuid.UUID]bool{}
	for _, k := range found {
		out[of[string(k)]] = true
	}
	return out, err
}

// closeAccepted closes what the provider took, while nothing is paused: what happens nearly always.
func (a *App) closeAccepted(at store.Attempt, res email.Result) (bool, error) {
	at.Status, at.ProviderMessageID, at.Reason = int32(res.Status), res.ProviderID, res.Reason
	c := a.closes.call(at)
	return c.done, c.err
}

func (a *App) closeMany(attempts []store.Attempt) []closed {
	ctx, cancel := background(10 * time.Second)
	defer cancel()
	done, err := a.store.CloseAccepted(ctx, attempts)
	out := make([]closed, len(attempts))
	for i, at := range attempts {
		out[i] = closed{done[at.ID], err}
	}
	return out
}
