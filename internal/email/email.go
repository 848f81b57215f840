// Package email renders the messages Gatehouse writes, hands them to a provider and reads what the provider tells
// afterwards. A Sender never retries and never sleeps: it says exactly what is known about one try, and the caller,
// who keeps the attempts, decides what follows.
package email

import (
	"context"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/errs"
)

// Kind says why a message is written; it decides what may stop it.
type Kind string

// The kinds of message.
const (
	Requested    Kind = "requested"    // a document somebody asked for: sent even to those who unsubscribed from marketing
	Marketing    Kind = "marketing"    // anything we thought of ourselves
	Staff        Kind = "staff"        // to people who work with Gatehouse: digests, alarms, passwords
	Confirmation Kind = "confirmation" // codes and confirmations that a person waits for
)

// Identity is a mailbox with the name shown beside it.
type Identity struct {
	Name    string
	Address string
}

// Message is one rendered e-mail. The address is normalised by the caller (lower case, IDNA A-labels).
type Message struct {
	ID             uuid.UUID // ours; the same on a second try, so that events and Message-ID find it
	Kind           Kind
	To, ToName     string
	Subject        string
	HTML, Text     string
	Unsubscribe    string // URL that takes the RFC 8058 POST; empty for staff mail
	IdempotencyKey string // for providers that have one; SendGrid and SMTP have none
	Categories     []string
	From           Identity
	ReplyTo        string // empty: answers go to From
}

// Outcome is what is known after one try.
type Outcome string

// The outcomes. All but Unknown are certain.
const (
	Accepted     Outcome = "accepted"     // the provider has taken it
	RateLimited  Outcome = "rate_limited" // not taken; come back after Result.RetryAfter (0: the provider did not say)
	Unauthorised Outcome = "unauthorised" // not taken; our key, login or sender is refused: every other message would be too
	Refused      Outcome = "refused"      // not taken and never will be: this message is at fault
	ServerError  Outcome = "server_error" // not taken; the provider is in trouble, try later
	NotSent      Outcome = "not_sent"     // nothing of the message left this machine: no name, no connection, no lease
	Unknown      Outcome = "unknown"      // written, and no complete answer came: it may have been taken
)

// Result is the answer to one try. Reason and Err carry no personal data and no secrets.
type Result struct {
	Outcome    Outcome
	Status     int           // HTTP status or SMTP reply code; 0 when there was none
	ProviderID string        // SendGrid's X-Message-Id, or our own Message-ID over SMTP
	RetryAfter time.Duration // how long the provider asked us to wait; 0 when it did not
	Reason     string        // one short sentence for staff
	Err        error         // for the log; nil when accepted
}

// Sender hands one message to a provider. Implementations are safe for concurrent use.
type Sender interface {
	// Name is the transport as the configuration calls it: "sendgrid", "smtp", "capture".
	Name() string
	// Send makes one try. It refuses to write once the context's deadline has passed (the caller's lease is over).
	Send(ctx context.Context, m Message) Result
	// HasEvents says whether the provider reports later what became of a message.
	HasEvents() bool
	// HasIdempotency says whether Message.IdempotencyKey keeps the provider from taking a message twice.
	HasIdempotency() bool
}

// Validate checks what every transport needs. The error is errs.Invalid and names the parts, never their values.
func (m Message) Validate() error {
	var missing []string
	for _, part := range []struct{ name, value string }{
		{"to", m.To}, {"from", m.From.Address}, {"subject", m.Subject}, {"html", m.HTML}, {"text", m.Text}, {"kind", string(m.Kind)},
	} {
		if strings.TrimSpace(part.value) == "" {
			missing = append(missing, part.name)
		}
	}
	if m.ID == uuid.Nil {
		missing = append(missing, "id")
	}
	if len(missing) > 0 {
		return errs.New(errs.Invalid, "The message is incomplete: %s.", strings.Join(missing, ", "))
	}
	for _, part := range []struct{ name, value string }{
		{"to", m.To}, {"from", m.From.Address}, {"reply-to", m.ReplyTo}, {"unsubscribe", m.Unsubscribe},
	} {
		if strings.ContainsFunc(part.value, notInAddress) {
			return errs.New(errs.Invalid, "The message's %s holds characters that do not belong there.", part.name)
		}
	}
	return nil
}

// refuse is the result for a message that no transport could carry.
func refuse(err error) Result {
	return Result{Outcome: Refused, Reason: errs.Public(err).Message, Err: err}
}

// leaseOver reports whether the context's deadline has passed. Both clocks are asked: a process that was stopped and
// woken may see its timers late, and a machine that slept has a monotonic clock that stood still.
func leaseOver(ctx context.Context) bool {
	if ctx.Err() != nil {
		return true
	}
	deadline, ok := ctx.Deadline()
	if !ok {
		return false
	}
	now := time.Now()
	return !now.Before(deadline) || !now.Round(0).Before(deadline.Round(0))
}
