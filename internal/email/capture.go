package email

import (
	"context"
	"time"
)

// Inbox keeps what the capture transport takes. Keep is called with the message and its full RFC 5322 source; keeping
// the same message id again must replace it or be ignored.
type Inbox interface {
	Keep(ctx context.Context, m Message, raw []byte) error
}

// Capture keeps mail instead of sending it: the transport of a first try on one's own machine.
type Capture struct {
	inbox Inbox
	now   func() time.Time
}

// NewCapture needs an inbox; a nil clock is time.Now.
func NewCapture(inbox Inbox, now func() time.Time) *Capture {
	if now == nil {
		now = time.Now
	}
	return &Capture{inbox: inbox, now: now}
}

// Name is "capture".
func (c *Capture) Name() string { return "capture" }

// HasEvents is false.
func (c *Capture) HasEvents() bool { return false }

// HasIdempotency is true: the inbox keeps a message id once.
func (c *Capture) HasIdempotency() bool { return true }

// Send keeps the message.
func (c *Capture) Send(ctx context.Context, m Message) Result {
	raw, err := rawMessage(m, c.now())
	if err != nil {
		return refuse(err)
	}
	if leaseOver(ctx) {
		return Result{Outcome: NotSent, Reason: errLeaseOver.Error(), Err: errLeaseOver}
	}
	if err := c.inbox.Keep(ctx, m, raw); err != nil {
		return Result{Outcome: ServerError, Reason: "the inbox could not keep the message", Err: quiet(err)}
	}
	return Result{Outcome: Accepted, ProviderID: messageID(m)}
}
