package lead

import "github.com/google/uuid"

// The ways in which a reader may want to be met.
const (
	ByMail    = "mail"    // one mail
	ByCall    = "call"    // a call at one of the times that the reader gave
	ByBooking = "booking" // the reader picks a time in the owner's calendar
	ByNobody  = "none"    // not at all
)

// Ways lists them as they are offered.
func Ways() []string { return []string{ByMail, ByCall, ByBooking, ByNobody} }

// Choice is one saying of how to be met. Source is the submission that a claim was made with; what was confirmed came from
// the mailbox itself.
type Choice struct {
	How       string
	Confirmed bool
	Source    uuid.UUID
}

// Chosen tells which of the choices of one person binds, as an index; -1 for none. They come in the order in which they
// were said. It is the rule of claims (design: promise 6) with one exception, on the safe side:
//   - of what the mailbox's owner said, the last counts, and a claim never replaces it;
//   - of claims made with one submission, the last counts: whoever made them changed their mind;
//   - but a claimed "not at all" binds at once, also over what was confirmed before it and over the claims of others: to be
//     left alone by mistake costs one choice more, to be called after saying no costs the trust. It holds until the
//     mailbox's owner says otherwise, or whoever claimed it takes it back with the same submission.
func Chosen(said []Choice) int {
	confirmed, last, no := -1, -1, -1
	standing := map[uuid.UUID]int{} // source -> its last claim
	for i, c := range said {
		if c.Confirmed {
			confirmed = i
			clear(standing)
			continue
		}
		standing[c.Source] = i
	}
	for _, i := range standing {
		if said[i].How == ByNobody {
			no = max(no, i)
		}
		last = max(last, i)
	}
	switch {
	case no >= 0:
		return no
	case confirmed >= 0:
		return confirmed
	}
	return last
}
