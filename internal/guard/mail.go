package guard

import (
	"slices"
	"time"
)

// The limits on requested mail to one address: the same document once in ten minutes and three times in 24 hours, ten
// requested mails in 24 hours in all.
const (
	sameGap    = 10 * time.Minute
	samePerDay = 3
	allPerDay  = 10
	day        = 24 * time.Hour
)

// NextMail says when the next requested mail to an address may go: now, or the moment until which it is held, with the
// reason ("" for now): same-document-soon, same-document-day, address-day. same are the times of earlier mails with this
// document, all those of every requested mail to the address (same among them), in any order. A time to come, of a mail
// that is held already, counts as well. A day is any 24 hours; a mail exactly as old as a limit no longer counts.
func NextMail(same, all []time.Time, now time.Time) (at time.Time, reason string) {
	at = now
	for _, l := range []struct {
		times  []time.Time
		most   int
		within time.Duration
		reason string
	}{
		{same, 1, sameGap, "same-document-soon"},
		{same, samePerDay, day, "same-document-day"},
		{all, allPerDay, day, "address-day"},
	} {
		if free := freeAt(l.times, l.most, l.within); free.After(at) {
			at, reason = free, l.reason
		}
	}
	return at, reason
}

// freeAt is when fewer than most of the times lie within the span before it; the zero time if that is always so.
func freeAt(times []time.Time, most int, within time.Duration) time.Time {
	if len(times) < most {
		return time.Time{}
	}
	newest := slices.SortedFunc(slices.Values(times), func(a, b time.Time) int { return b.Compare(a) })
	return newest[most-1].Add(within)
}

// HeldSentence says in words why a mail waits.
func HeldSentence(reason string) string {
	switch reason {
	case "same-document-soon":
		return "The same document was sent to this address within the last ten minutes."
	case "same-document-day":
		return "The same document was sent to this address three times within a day."
	case "address-day":
		return "Ten requested mails went to this address within a day."
	}
	return ""
}
