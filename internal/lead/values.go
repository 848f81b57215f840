package lead

import (
	"maps"
	"time"
)

// Value is one answer about a person and how sure it is. Address is the one whose submission said it. KnownAt is when it
// became known, that is when it was typed; confirming it later does not move it.
type Value struct {
	Text      string
	Confirmed bool
	KnownAt   time.Time
	Address   string
}

// ClaimCounts tells whether a claim becomes the current value of a field, for claims that come from one address in the
// order of their time: it fills a blank and follows an older claim; it never replaces a confirmed value.
func ClaimCounts(known, confirmed bool) bool {
	return !known || !confirmed
}

// Confirms tells whether a value that has just been confirmed, typed at said, takes the place of another current one: any
// claim, and a confirmed one that was typed earlier.
func Confirms(currentConfirmed bool, currentKnown, said time.Time) bool {
	return !currentConfirmed || said.After(currentKnown)
}

// Merge applies what one submission said (field -> value; all of one address, of one time, claimed or confirmed) to what is
// known, and returns only the fields that change. known is not touched. The rule, whose order is the proof of each value:
//   - a blank says nothing: it neither fills nor empties a field;
//   - a blank field is filled by a claim and by a confirmation alike;
//   - a confirmed value is never replaced by a claim, and by a confirmation only when that was typed later;
//   - a claimed value is replaced by any confirmation, and by a later claim of the same address. A claim of another address
//     of the same person does not replace it: neither has proved anything, so the first one stays;
//   - the same text again changes nothing but the proof: a confirmation confirms it, and KnownAt stays the earliest.
func Merge(known map[string]Value, said map[string]Value) map[string]Value {
	changes := map[string]Value{}
	for field, next := range said {
		if next.Text == "" {
			continue
		}
		current, ok := known[field]
		if !ok || current.Text == "" {
			changes[field] = next
			continue
		}
		if merged := merge(current, next); merged != current {
			changes[field] = merged
		}
	}
	return changes
}

func merge(current, next Value) Value {
	if current.Text == next.Text {
		if next.Confirmed && !current.Confirmed {
			current.Confirmed, current.Address = true, next.Address
		}
		return current
	}
	switch {
	case current.Confirmed && !next.Confirmed:
		return current
	case next.Confirmed && !current.Confirmed:
		return next
	case !next.Confirmed && next.Address != current.Address:
		return current
	case next.KnownAt.After(current.KnownAt):
		return next
	}
	return current
}

// Apply is known with the changes in it, a new map.
func Apply(known, changes map[string]Value) map[string]Value {
	out := make(map[string]Value, len(known)+len(changes))
	maps.Copy(out, known)
	maps.Copy(out, changes)
	return out
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

// Consent is the state for one purpose. At is when the person spoke: ticked the box, or withdrew.
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

// Confirm is a person's POST from a mail to the address; tickedAt is when the box was ticked. It lifts a withdrawal only
// if the box was ticked after it: opening an old mail is no change of mind.
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
