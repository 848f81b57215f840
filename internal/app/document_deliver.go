package app

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/email"
	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/store"
)

// How delivery waits. Unknown: no complete answer came, so the provider's event is awaited; long (Options) when events are
// known to arrive. A message that the provider cannot take is tried for two days.
const (
	eventsAlive       = 24 * time.Hour
	pauseUnauthorised = time.Minute
	pauseRateLimited  = 10 * time.Second
	maxTries          = 24
	recordPatience    = time.Minute
)

// Later is the answer of a use case that has nothing to do before a time; the worker comes back then.
type Later struct{ Wait time.Duration }

// Error says so.
func (l *Later) Error() string { return "not before " + l.Wait.String() }

// DeliverMessage hands one message to the provider, at most once as far as anybody can know: an attempt is recorded
// before the call and closed after it, and the open attempt row decides between doubles.
func (a *App) DeliverMessage(ctx context.Context, id uuid.UUID) error {
	a.giveWay(ctx)
	c := a.claim(ctx, id)
	if c.err != nil || c.attempt == nil {
		return c.err
	}
	res := a.try(ctx, c)
	a.Metrics.attempt(a.sender.Name(), string(res.Outcome))
	return a.record(c.message, *c.attempt, res)
}

// record keeps the answer, even if the caller is being stopped, and keeps at it while the database is away: the answer is
// all that tells anybody not to send again.
func (a *App) record(m store.Message, at store.Attempt, res email.Result) error {
	patience := time.Now().Add(recordPatience)
	for wait := 100 * time.Millisecond; ; wait = min(2*wait, 2*time.Second) {
		closing, cancel := background(10 * time.Second)
		err := a.recordOnce(closing, m, at, res)
		cancel()
		if !errs.Is(err, errs.Unavailable) && !errors.Is(err, context.DeadlineExceeded) || time.Now().After(patience) {
			return err
		}
		time.Sleep(wait)
	}
}

// recordOnce takes the short way for what happens nearly always, an accepted message while nothing is paused.
func (a *App) recordOnce(ctx context.Context, m store.Message, at store.Attempt, res email.Result) error {
	if res.Outcome == email.Accepted && !a.paused.Load() {
		if done, err := a.closeAccepted(at, res); err != nil || done {
			return err
		}
	}
	return a.store.Tx(ctx, func(tx *store.Tx) error { return a.closeTry(tx, m, at, res) })
}

// claimMessage decides whether this process may try now. It returns an open attempt, or nil when there is nothing to do,
// or Later.
func (a *App) claimMessage(tx *store.Tx, id uuid.UUID) (m store.Message, at *store.Attempt, err error) {
	m, err = tx.LockMessage(id)
	if errs.Is(err, errs.NotFound) || m.State == store.MessageSent || m.State == store.MessageEnded {
		return m, nil, nil
	}
	if err != nil {
		return m, nil, err
	}
	if m.State == store.MessageSending {
		return m, nil, a.takeOverTry(tx, &m)
	}
	if m.DeliveryRank > 0 && !a.mutant("double-send") { // whatever the answer was, the provider has it
		return m, nil, tx.UpdateMessage(m.ID, learnt(tx))
	}
	if wait := m.DueAt.Sub(tx.Now()); wait > 0 {
		return m, nil, &Later{wait}
	}
	way, err := tx.Outgoing(a.sender.Name(), m.AddressID)
	if err != nil {
		return m, nil, err
	}
	a.paused.Store(way.PausedUntil != nil)
	if wait := way.Wait(tx.Now()); wait > 0 { // after a restore, or while the provider refuses us
		return m, nil, &Later{wait}
	}
	if stopped, err := a.stopSuppressed(tx, m, way.Address); err != nil || stopped {
		return m, nil, err
	}
	if m.State == store.MessageUnknown {
		told, err := tx.HeardOf(m.ID, m.CreatedAt)
		if err != nil {
			return m, nil, err
		}
		if told && !a.mutant("double-send") { // stored, and not applied yet
			return m, nil, tx.UpdateMessage(m.ID, learnt(tx))
		}
		m.SecondSend = true
		a.Metrics.secondSend()
	}
	m.Tries++
	now := tx.Now()
	at = &store.Attempt{ID: store.NewID(), MessageID: m.ID, Number: m.Tries, Transport: a.sender.Name(), Worker: a.worker, StartedAt: now,
		LeaseUntil: now.Add(a.o.Lease), Outcome: "open"}
	state := store.MessageSending
	if a.mutant("sent-before-send") {
		state = store.MessageSent
	}
	return m, at, tx.BeginAttempt(*at, state, m.SecondSend)
}

// takeOverTry looks at a message that somebody is trying: a live double waits for the lease; a dead one leaves the
// outcome unknown, unless an event has told it meanwhile.
func (a *App) takeOverTry(tx *store.Tx, m *store.Message) error {
	open, err := tx.OpenAttempt(m.ID)
	if err != nil {
		return err
	}
	if open != nil {
		alive := open.Worker == a.worker // we are, even while a lost connection keeps our lock from being held
		if !alive {
			if alive, err = tx.WorkerAlive(open.Worker); err != nil {
				return err
			}
		}
		if wait := open.LeaseUntil.Add(2 * time.Second).Sub(tx.Now()); alive && wait > 0 {
			return &Later{wait}
		}
		open.Outcome, open.Reason = string(email.Unknown), "the process ended before the answer was recorded"
		if _, err := tx.CloseAttempt(*open); err != nil {
			return err
		}
	}
	if a.mutant("double-send") {
		return a.waitUnknown(tx, m, 0)
	}
	if m.DeliveryRank > 0 {
		return tx.UpdateMessage(m.ID, learnt(tx))
	}
	if a.sender.Name() == "capture" { // keeping a mail twice is impossible there
		return a.waitUnknown(tx, m, 0)
	}
	wait, err := a.unknownWait(tx)
	if err != nil {
		return err
	}
	return a.waitUnknown(tx, m, wait)
}

// learnt is what an event makes of a message whose answer got lost.
func learnt(tx *store.Tx) map[string]any {
	return map[string]any{"state": store.MessageSent, "sent_at": tx.Now(), "reason": "learnt from the provider's event"}
}

// unknownWait is how long to wait for the provider's event before a second send.
func (a *App) unknownWait(tx *store.Tx) (time.Duration, error) {
	if !a.sender.HasEvents() {
		return 0, nil
	}
	st, err := tx.ProviderState(a.sender.Name())
	if err != nil {
		return 0, err
	}
	if st.LastEventAt != nil && tx.Now().Sub(*st.LastEventAt) < eventsAlive {
		return a.o.UnknownWithEvents, nil
	}
	return a.o.UnknownWithoutEvents, nil
}

func (a *App) waitUnknown(tx *store.Tx, m *store.Message, wait time.Duration) error {
	due := tx.Now().Add(wait)
	if err := tx.UpdateMessage(m.ID, map[string]any{"state": store.MessageUnknown, "due_at": due, "reason": "no complete answer from the provider; waiting for its event"}); err != nil {
		return err
	}
	m.DueAt = due
	return tx.Enqueue(deliverAt(m.ID, due))
}

// stopSuppressed ends a message that may not be sent. A requested document stops only at a hard bounce, a spam report or
// "never write to me".
func (a *App) stopSuppressed(tx *store.Tx, m store.Message, address string) (bool, error) {
	if m.AddressID == nil {
		return false, nil
	}
	found, err := tx.Suppressions(a.addressKeys(address))
	if err != nil {
		return false, err
	}
	stop := []string{"hard_bounce", "spam_report", "never"}
	if m.Kind == string(email.Marketing) || a.mutant("unsubscribed-stops-all") {
		stop = append(stop, "unsubscribed")
	}
	for _, kind := range stop {
		if _, ok := found[kind]; ok {
			return true, tx.UpdateMessage(m.ID, map[string]any{"state": store.MessageEnded, "reason": suppressedWords[kind]})
		}
	}
	return false, nil
}

var suppressedWords = map[string]string{
	"hard_bounce":  "an earlier mail to this address came back for good",
	"spam_report":  "this address reported a mail of ours as spam",
	"never":        "this address asked never to be written to",
	"unsubscribed": "this address has unsubscribed from marketing",
}

// try renders and sends until the lease is over.
func (a *App) try(ctx context.Context, c claimed) email.Result {
	ctx, cancel := context.WithDeadline(ctx, c.until)
	defer cancel()
	var msg email.Message
	err := errs.Contained(func() (err error) { msg, err = a.compose(ctx, c); return err })
	if err != nil {
		return unwrittenResult(err)
	}
	return a.sender.Send(ctx, msg)
}

// closeTry records what is known and what follows from it.
func (a *App) closeTry(tx *store.Tx, m store.Message, at store.Attempt, res email.Result) error {
	current, err := tx.LockMessage(m.ID)
	if err != nil {
		return err
	}
	at.Outcome, at.Status, at.ProviderMessageID, at.Reason = string(res.Outcome), int32(res.Status), res.ProviderID, res.Reason
	mine, err := tx.CloseAttempt(at)
	if err != nil {
		return err
	}
	if !mine {
		return a.lateAnswer(tx, current, at, res)
	}
	if res.Err != nil {
		a.log.Warn("mail not handed over", "message", m.ID, "attempt", at.Number, "outcome", res.Outcome, "status", res.Status, "error", res.Err)
	}
	now := tx.Now()
	switch res.Outcome {
	case email.Accepted:
		if err := tx.ResumeProvider(a.sender.Name()); err != nil {
			return err
		}
		return tx.UpdateMessage(m.ID, map[string]any{"state": store.MessageSent, "sent_at": now, "provider_message_id": res.ProviderID, "reason": ""})
	case email.Refused:
		return tx.UpdateMessage(m.ID, map[string]any{"state": store.MessageEnded, "reason": orElse(res.Reason, "the provider refused this message")})
	case email.RateLimited:
		wait := max(res.RetryAfter, time.Second)
		if res.RetryAfter == 0 {
			wait = pauseRateLimited
		}
		return a.pauseAll(tx, current, wait, "the provider asked us to slow down", false)
	case email.Unauthorised:
		return a.pauseAll(tx, current, pauseUnauthorised, "the provider refuses our key or sender", true)
	case email.Unknown:
		if current.DeliveryRank > 0 {
			return tx.UpdateMessage(m.ID, learnt(tx))
		}
		wait, err := a.unknownWait(tx)
		if err != nil {
			return err
		}
		return a.waitUnknown(tx, &current, wait)
	default: // ServerError, NotSent: known not to have been taken
		if err := a.tellUnwritten(tx, m, res); err != nil {
			return err
		}
		failed, err := tx.FailedAttempts(m.ID) // not Tries: being asked to wait is no failure
		if err != nil {
			return err
		}
		if failed >= maxTries {
			if err := tx.Raise("mail-given-up", a.sender.Name(), "Messages were given up after two days of trying. Open Messages, mend the cause, and send them again."); err != nil {
				return err
			}
			return tx.UpdateMessage(m.ID, map[string]any{"state": store.MessageEnded, "reason": "given up: " + orElse(res.Reason, "the provider did not take it")})
		}
		return a.tryLater(tx, current, backoff(failed), res.Reason)
	}
}

// lateAnswer is for a try that somebody has closed as unknown before its answer came: while the message still waits for an
// event, the answer tells as much.
func (a *App) lateAnswer(tx *store.Tx, m store.Message, at store.Attempt, res email.Result) error {
	if res.Outcome != email.Accepted || m.State != store.MessageUnknown {
		return nil // it was closed with this very answer, or somebody has gone on from there
	}
	if err := tx.CorrectAttempt(at); err != nil {
		return err
	}
	return tx.UpdateMessage(m.ID, map[string]any{"state": store.MessageSent, "sent_at": tx.Now(), "provider_message_id": res.ProviderID, "reason": ""})
}

// backoff grows from two seconds to four hours: 24 tries take about two days.
func backoff(tries int) time.Duration {
	return min(2*time.Second<<min(tries, 20), 4*time.Hour)
}

func (a *App) tryLater(tx *store.Tx, m store.Message, wait time.Duration, why string) error {
	due := tx.Now().Add(wait)
	state := store.MessagePending
	if m.State == store.MessageUnknown || m.SecondSend {
		state = store.MessageUnknown // the doubt of an earlier try stays
	}
	if err := tx.UpdateMessage(m.ID, map[string]any{"state": state, "due_at": due, "reason": why}); err != nil {
		return err
	}
	return tx.Enqueue(deliverAt(m.ID, due))
}

// pauseAll stops every message of the transport for a while; the try that met it is not counted.
func (a *App) pauseAll(tx *store.Tx, m store.Message, wait time.Duration, why string, alarm bool) error {
	until := tx.Now().Add(wait)
	a.paused.Store(true)
	if err := tx.PauseProvider(a.sender.Name(), until, why); err != nil {
		return err
	}
	if alarm {
		if err := tx.Raise("mail-refused", a.sender.Name(), "The mail provider refuses our key or sender address. All mail waits; it goes out by itself once that is mended."); err != nil {
			return err
		}
	}
	return a.tryLater(tx, m, wait, why)
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}
