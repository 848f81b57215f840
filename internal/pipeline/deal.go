package pipeline

import (
	"slices"
	"time"
)

// The kinds of a stage, which are the states of a deal, too.
const (
	Open = "open"
	Won  = "won"
	Lost = "lost"
)

// What a stage may require of a deal.
const (
	NeedsValue    = "value"
	NeedsExpected = "expected_on"
	NeedsReason   = "reason"
)

// Stage is where a deal may stand, where it may go from there, and what has to be known before it may come.
type Stage struct {
	Key         string
	Title       string
	Kind        string
	Next        []string
	Required    []string
	Probability int
	Archived    bool
}

// Stages are the pipeline, in the order of the board.
type Stages []Stage

// Find is the stage of a key.
func (s Stages) Find(key string) (Stage, bool) {
	for _, st := range s {
		if st.Key == key {
			return st, true
		}
	}
	return Stage{}, false
}

// First is where a deal begins: the first open stage that is in use.
func (s Stages) First() (Stage, bool) {
	for _, st := range s {
		if st.Kind == Open && !st.Archived {
			return st, true
		}
	}
	return Stage{}, false
}

// From lists the stages that a deal may go to.
func (s Stages) From(key string) (out []Stage) {
	at, ok := s.Find(key)
	if !ok {
		return nil
	}
	for _, st := range s {
		if slices.Contains(at.Next, st.Key) && !st.Archived && st.Key != key {
			out = append(out, st)
		}
	}
	return out
}

// DealFacts are what a stage may ask about a deal.
type DealFacts struct {
	Value    *int64
	Expected *time.Time
	Reason   string
}

// Missing lists what a stage requires and the deal lacks.
func (st Stage) Missing(f DealFacts) (out []string) {
	for _, name := range st.Required {
		lacks := map[string]bool{NeedsValue: f.Value == nil, NeedsExpected: f.Expected == nil, NeedsReason: f.Reason == ""}[name]
		if lacks {
			out = append(out, name)
		}
	}
	return out
}

// May tells whether a deal may go from one stage to another.
func (s Stages) May(from, to string) bool {
	return slices.ContainsFunc(s.From(from), func(st Stage) bool { return st.Key == to })
}

// Between is a place between two neighbours of a column; nil is the end of it. ok is false when the places have become
// too narrow and the column has to be numbered anew.
func Between(above, below *float64) (at float64, ok bool) {
	switch {
	case above == nil && below == nil:
		return 0, true
	case above == nil:
		return *below - 1, true
	case below == nil:
		return *above + 1, true
	}
	at = (*above + *below) / 2
	return at, at > *above && at < *below
}
