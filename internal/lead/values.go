package lead

import (
	"time"

	"github.com/google/uuid"
)

// Value is one answer about a person and how sure it is. Address is the one whose submission said it. SaidAt is when it
// was typed; confirming it later does not move it.
type Value struct {
	Text      string
	Confirmed bool
	SaidAt    time.Time
	Address   uuid.UUID
}

// Replaces tells whether next becomes what counts for a field in the place of current, the zero Value where nothing is
// known. It is the one rule of claims (design: promise 6), and the order of its cases is the proof of each value:
//   - a blank says nothing: it neither fills nor empties a field;
//   - a blank field is filled by a claim and by a confirmed value alike;
//   - a confirmed value is never replaced by a claim: anyone can type anyone's address;
//   - a claim is replaced by any confirmed value, even by one that was typed earlier: it is proved, the claim is not;
//   - between two of the same proof the one that was typed later counts, whatever order they are worked off in: a
//     submission may be released from quarantine, or its link pressed, days after a later one. The same text said again
//     counts from then: who typed Brown, Smith, Brown and confirms the last is not called Smith by an old link;
//   - but a claim of another address of the same person does not replace a claim: neither has proved anything, so the
//     first one stays.
func Replaces(current, next Value) bool {
	switch {
	case next.Text == "":
		return false
	case current.Text == "":
		return true
	case next.Confirmed != current.Confirmed:
		return next.Confirmed
	case !next.Confirmed && next.Address != current.Address:
		return false
	}
	return !next.SaidAt.Before(current.SaidAt)
}

// ConsentState is how far a consent to one purpose has got.
type ConsentState string

// The states. A claimed consent allows nothing yet.
const (
	NoConsent        ConsentState = ""
	ConsentClaimed   ConsentState = "claimed"
	ConsentConfirmed ConsentState = "confirmed"
	ConsentWithdrawn ConsentState = "withdrawn"
)

// Consent is the state for one purpose. At is when the person spoke: ticked the box, or withdrew. What was said is told
// to it in the order of the time it was said.
type Consent struct {
	State ConsentState
	At    time.Time
}

// Claim is a ticked box in somebody's submission. Anyone can type anyone's address, so a claim never lifts a withdrawal,
// and a box left empty (which is no claim) takes nothing away.
func (c Consent) Claim(tickedAt time.Time) Consent {
	if c.State == NoConsent {
		return Consent{ConsentClaimed, tickedAt}
	}
	return c
}

// Confirm is a person's POST from a mail to the address, a mail that told of the tick; tickedAt is when the box was
// ticked. It lifts a withdrawal only if the box was ticked after it: opening an old mail is no change of mind.
func (c Consent) Confirm(tickedAt time.Time) Consent {
	switch {
	case c.State == ConsentWithdrawn && !tickedAt.After(c.At):
		return c
	case c.State == ConsentConfirmed:
		return c
	}
	return Consent{ConsentConfirmed, tickedAt}
}

// Withdraw is at once and always heeded, whoever asks and whatever was before; a later box is needed to come back. Its
// time never moves backwards.
func (c Consent) Withdraw(at time.Time) Consent {
	if c.State == ConsentWithdrawn && c.At.After(at) {
		return c
	}
	return Consent{ConsentWithdrawn, at}
}
