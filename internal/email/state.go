package email

import (
	"strings"
	"time"
)

// State is how far a message is known to have come.
type State string

// The states in the order of their rank. Events come in any order and many times, so the state of a message is the
// one with the highest (rank, time), never that of the last event to arrive.
const (
	StateNone      State = ""           // says nothing about delivery
	StateProcessed State = "processed"  // the provider is about to deliver
	StateDeferred  State = "deferred"   // the mailbox's server said "later"
	StateDelivered State = "delivered"  // the mailbox's server has it
	StateOpened    State = "opened"     // a person's program showed it
	StateClicked   State = "clicked"    // a link in it was followed
	StateDropped   State = "dropped"    // the provider did not try: the address is on one of its lists
	StateBlocked   State = "blocked"    // refused this time; the address is good
	StateBounced   State = "bounced"    // refused for good
	StateSpam      State = "spamreport" // the person reported it as spam
)

// The ranks. A failure ranks above delivered because asynchronous bounces come hours after "delivered".
var ranks = map[State]int{
	StateProcessed: 10, StateDeferred: 20, StateDelivered: 30, StateOpened: 40, StateClicked: 50,
	StateDropped: 60, StateBlocked: 70, StateBounced: 80, StateSpam: 90,
}

// Rank of a state; StateNone is 0.
func (s State) Rank() int { return ranks[s] }

// Final reports whether nothing but a worse report can follow.
func (s State) Final() bool { return s.Rank() >= ranks[StateDropped] }

// State is what the event says about delivery, with its rank; StateNone, 0 for events that say nothing of it. A
// machine's open is no person's: it proves delivery only.
func (e Event) State() (State, int) {
	s := StateNone
	switch e.Type {
	case "processed", "deferred", "delivered", "dropped", "spamreport":
		s = State(e.Type)
	case "open":
		s = StateOpened
		if e.MachineOpen {
			s = StateDelivered
		}
	case "click":
		s = StateClicked
	case "blocked":
		s = StateBlocked
	case "bounce":
		s = StateBounced
		if e.BounceType == "blocked" || e.BounceType == "expired" {
			s = StateBlocked
		}
	}
	return s, s.Rank()
}

// Supersedes reports whether the event moves a message on that stands at the given rank since the given time.
func (e Event) Supersedes(rank int, at time.Time) bool {
	_, r := e.State()
	if r == 0 {
		return false
	}
	return r > rank || (r == rank && e.At.After(at))
}

// Suppression says what may no longer be sent to an address.
type Suppression string

// The suppressions. The first two stop everything, the third marketing alone.
const (
	SuppressBounced     Suppression = "hard_bounce"
	SuppressSpam        Suppression = "spam_report"
	SuppressUnsubscribe Suppression = "unsubscribed"
)

// MarketingOnly reports whether requested documents still go out.
func (s Suppression) MarketingOnly() bool { return s == SuppressUnsubscribe }

// Suppresses says whether the event forbids further mail to its address, and why. Blocked, expired and deferred never
// do: the address is good and the trouble passes. A drop does only when the provider names the address's fault, not
// when it names ours ("Spam Content", "Invalid SMTPAPI header", a used-up quota).
func (e Event) Suppresses() (kind Suppression, reason string, ok bool) {
	switch e.Type {
	case "bounce":
		if s, _ := e.State(); s != StateBounced {
			return "", "", false
		}
		// Without a type only a status about the address itself counts (RFC 3463: 5.1.x).
		if e.BounceType == "bounce" || (e.BounceType == "" && strings.HasPrefix(e.Status, "5.1.")) {
			return SuppressBounced, orElse(e.Reason, "The address does not take mail."), true
		}
	case "spamreport":
		return SuppressSpam, "The message was reported as spam.", true
	case "unsubscribe", "group_unsubscribe":
		return SuppressUnsubscribe, "Unsubscribed at the mail provider.", true
	case "dropped":
		return droppedBecause(e.Reason)
	}
	return "", "", false
}

func droppedBecause(reason string) (Suppression, string, bool) {
	switch r := strings.ToLower(strings.Trim(reason, " .")); r {
	case "bounced address", "bounced addresses", "invalid", "invalid address", "invalid email", "invalid email address":
		return SuppressBounced, "The provider did not try: " + reason, true
	case "spam reporting address", "spam report address":
		return SuppressSpam, "The provider did not try: " + reason, true
	case "unsubscribed address", "group unsubscribed address", "group unsubscribe":
		return SuppressUnsubscribe, "The provider did not try: " + reason, true
	}
	return "", "", false
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}
