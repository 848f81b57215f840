// Package jobs names the durable work of Gatehouse: the kinds, their arguments (ids only, never personal data), their
// queues and the settings of the queue itself (River, in the same database as the rows the jobs act on).
package jobs

import (
	"time"

	"github.com/google/uuid"
	"github.com/riverqueue/river"
)

// Queues keep one kind of trouble from delaying another: a provider that hangs fills only the mail queue.
const (
	QueueIntake = "intake"
	QueueMail   = "mail"
	QueueEvents = "events"
	QueueSales  = "sales"      // scoring, routing, and what they lead to
	QueueOthers = "connectors" // pushes: a system that hangs fills only this one
	QueueLong   = "long"       // minutes of work in many runs: neither waits behind the others nor holds them up
)

// Settings of the queue. A job that hangs is cut at Timeout; a job whose process is stopped (not dead) is rescued after
// RescueAfter. Jobs of a dead process come back within seconds, see Takeover.
const (
	Timeout     = 30 * time.Second
	RescueAfter = 90 * time.Second
)

// Accept derives leads, grants and messages from the submissions of one commit.
type Accept struct {
	SubmissionIDs []uuid.UUID `json:"submission_ids"`
}

// Kind names the job in the table.
func (Accept) Kind() string { return "submission_accept" }

// InsertOpts allows tries without end: recorded facts must be acted on however often it takes.
func (Accept) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: QueueIntake, MaxAttempts: 1000, Priority: 1}
}

// Deliver hands one message to the provider, or finds that it need not.
type Deliver struct {
	MessageID uuid.UUID `json:"message_id"`
}

// Kind names the job in the table.
func (Deliver) Kind() string { return "message_deliver" }

// InsertOpts leaves the end to others: the message row decides when it ends, not the job's attempts.
func (Deliver) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: QueueMail, MaxAttempts: 1000, Priority: 2}
}

// ApplyEvents applies stored provider events to their messages.
type ApplyEvents struct {
	From     time.Time `json:"from"` // the time range of the events, since they are partitioned by time
	To       time.Time `json:"to"`
	EventIDs []string  `json:"event_ids"`
}

// Kind names the job in the table.
func (ApplyEvents) Kind() string { return "provider_events_apply" }

// InsertOpts are like those of Accept.
func (ApplyEvents) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: QueueEvents, MaxAttempts: 1000, Priority: 2}
}

// Score scores leads about whom something became known.
type Score struct {
	LeadIDs []uuid.UUID `json:"lead_ids"`
}

// Kind names the job in the table.
func (Score) Kind() string { return "lead_score" }

// InsertOpts are like those of Accept.
func (Score) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: QueueSales, MaxAttempts: 1000, Priority: 2}
}

// Route gives qualified leads their owners.
type Route struct {
	LeadIDs []uuid.UUID `json:"lead_ids"`
}

// Kind names the job in the table.
func (Route) Kind() string { return "lead_route" }

// InsertOpts are like those of Accept.
func (Route) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: QueueSales, MaxAttempts: 1000, Priority: 1}
}

// Spread turns what happened into pushes to each connector that wants to know.
type Spread struct{}

// Kind names the job in the table.
func (Spread) Kind() string { return "outbox_spread" }

// InsertOpts are like those of Accept.
func (Spread) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: QueueSales, MaxAttempts: 1000, Priority: 3}
}

// Forgotten mails a one-time link to the account that a keyed hash names, if there is one.
type Forgotten struct {
	Account string `json:"account"` // hex
}

// Kind names the job in the table.
func (Forgotten) Kind() string { return "password_forgotten" }

// InsertOpts are like those of Deliver; somebody waits at a screen.
func (Forgotten) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: QueueMail, MaxAttempts: 1000, Priority: 1}
}

// Rehearse replays draft rules over what is recorded, step by step.
type Rehearse struct {
	RehearsalID uuid.UUID `json:"rehearsal_id"`
}

// Kind names the job in the table.
func (Rehearse) Kind() string { return "rules_rehearse" }

// InsertOpts are like those of Accept.
func (Rehearse) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: QueueLong, MaxAttempts: 1000, Priority: 4}
}

// Rescore scores open leads anew, step by step.
type Rescore struct {
	RescoreID uuid.UUID `json:"rescore_id"`
}

// Kind names the job in the table.
func (Rescore) Kind() string { return "leads_rescore" }

// InsertOpts are like those of Rehearse.
func (Rescore) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: QueueLong, MaxAttempts: 1000, Priority: 4}
}

// Push tells one connector what waits for it.
type Push struct {
	ConnectorID uuid.UUID `json:"connector_id"`
}

// Kind names the job in the table.
func (Push) Kind() string { return "connector_push" }

// InsertOpts are like those of Accept.
func (Push) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: QueueOthers, MaxAttempts: 1000, Priority: 2}
}

// Pull applies what one connector told, after asking it where Ask is set.
type Pull struct {
	ConnectorID uuid.UUID `json:"connector_id"`
	Ask         bool      `json:"ask"`
}

// Kind names the job in the table.
func (Pull) Kind() string { return "connector_pull" }

// InsertOpts are like those of Accept.
func (Pull) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: QueueOthers, MaxAttempts: 1000, Priority: 2}
}

// Retry is the pause before a job that failed runs again: quick at first, never longer than ten minutes, since the cause
// is usually a database or a bug that gets mended, and the work was promised.
func Retry(attempt int) time.Duration {
	d := time.Second << min(attempt, 10)
	return min(d, 10*time.Minute)
}
