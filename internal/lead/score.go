package lead

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/rule"
)

// Event is one thing that a person did.
type Event struct {
	Kind     string
	ID       uuid.UUID
	At       time.Time
	Document string // title
	Gate     string // slug
	Detail   string // see Happening.EventDetail
}

// History is a lead as it is known at one time, and what it did until then, in any order.
type History struct {
	Known
	Events   []Event
	AskedAt  time.Time // when the author was asked last; zero: never
	ChosenAt time.Time // when the choice that binds was made; zero: never
}

// After is the history as it speaks for a lead again once sales has closed it: what was asked for before then was answered
// or turned down. "Not at all" holds on.
func (h History) After(closed time.Time) History {
	if !h.AskedAt.After(closed) {
		h.Asked = false
	}
	if h.Choice != ByNobody && !h.ChosenAt.After(closed) {
		h.Choice = ""
	}
	return h
}

// ScoreLine is one reason for points. Points are what it gave at At, after the cap of its group.
type ScoreLine struct {
	Side, Group, Rule, Title string
	Points, DecayDays        int
	At                       time.Time
	Event                    string // its kind; "" for fit
	EventID                  uuid.UUID
}

// Worth is what the line is worth at a time, in hundredths: it melts in a straight line, day by day, and never grows
// again. For a whole day after the event it is worth all of it.
func (l ScoreLine) Worth(at time.Time) int {
	if l.DecayDays == 0 || !at.After(l.At) {
		return l.Points
	}
	return l.Points * max(l.DecayDays-int(at.Sub(l.At)/(24*time.Hour)), 0) / l.DecayDays
}

// Scored is the score at one time: the two sides are the sums of the lines' worth then.
type Scored struct {
	Fit, Engagement int
	Grade           string
	Lines           []ScoreLine // fit first, then by time; those that melted away are left out
	Faults          []RuleFault
}

// Total is both sides together.
func (s Scored) Total() int { return s.Fit + s.Engagement }

// RuleFault is a rule that failed for this lead: it counted as one that does not hold.
type RuleFault struct {
	Rule  string
	Fault *rule.Fault
}

// Sum adds lines up as they are worth at a time.
func Sum(lines []ScoreLine, at time.Time) (fit, engagement int) {
	for _, l := range lines {
		if l.Side == SideFit {
			fit += l.Worth(at)
		} else {
			engagement += l.Worth(at)
		}
	}
	return fit, engagement
}

// Score replays a history under the rules, as of a time: the same history gives the same lines, in whatever order its
// events came in.
func (s *Scoring) Score(h History, at time.Time) Scored { return s.ScoreKnowing(h, at, nil) }

// Answers are what conditions of fit gave for one history at one time, by their source: two versions of the rules that
// look at the same person ask each condition once.
type Answers map[string]bool

// ScoreKnowing is Score with answers that are known already; it adds those that it found.
func (s *Scoring) ScoreKnowing(h History, at time.Time, known Answers) Scored {
	run := &scoring{rules: s, given: make([][]int, len(s.Groups)), known: known}
	run.fit(h, at)
	run.engagement(h, at)
	out := Scored{Faults: run.faults}
	for _, l := range run.lines {
		if l.Worth(at) != 0 {
			out.Lines = append(out.Lines, l)
		}
	}
	out.Fit, out.Engagement = Sum(out.Lines, at)
	out.Grade = s.Grade(out.Fit, out.Engagement)
	return out
}

// Grade puts the points of both sides into letters and figures, A1 to C3.
func (s *Scoring) Grade(fit, engagement int) string {
	return pick(fit, s.ScoreRules.Fit, "ABC") + pick(engagement, s.ScoreRules.Engagement, "123")
}

func pick(points int, b Bounds, names string) string {
	switch {
	case points >= b.High:
		return names[:1]
	case points >= b.Middle:
		return names[1:2]
	}
	return names[2:]
}

// scoring is one replay under way.
type scoring struct {
	rules  *Scoring
	lines  []ScoreLine
	given  [][]int // by group: the lines that it gave, as indexes
	known  Answers // nil: none
	faults []RuleFault
}

// fit takes points away before it gives any: a group's cap bounds what is left over, whatever the order of its rules.
func (r *scoring) fit(h History, at time.Time) {
	for _, away := range []bool{true, false} {
		for _, x := range r.rules.fit {
			if (x.Points < 0) == away && r.fits(x, &h.Known) {
				r.award(x, ScoreLine{At: at}, at)
			}
		}
	}
	slices.SortStableFunc(r.lines, func(a, b ScoreLine) int { return cmp.Compare(r.rules.place[a.Rule], r.rules.place[b.Rule]) })
}

// fits is holds for a condition of fit, asked once where answers are kept. One that failed is asked again, to be told.
func (r *scoring) fits(x scoreRule, known *Known) bool {
	if yes, ok := r.known[x.Condition]; ok {
		return yes
	}
	faults := len(r.faults)
	yes := r.holds(x, known)
	if r.known != nil && len(r.faults) == faults {
		r.known[x.Condition] = yes
	}
	return yes
}

func (r *scoring) engagement(h History, at time.Time) {
	events := slices.Clone(h.Events)
	slices.SortFunc(events, func(a, b Event) int {
		return cmp.Or(a.At.Compare(b.At), strings.Compare(a.Kind, b.Kind), slices.Compare(a.ID[:], b.ID[:]))
	})
	numbers := map[string]int{}
	facts := &Happening{Known: h.Known}
	for _, e := range events {
		if e.At.After(at) {
			break
		}
		numbers[e.Kind]++
		facts.EventDocument, facts.EventGate, facts.EventDetail, facts.EventNumber = e.Document, e.Gate, e.Detail, numbers[e.Kind]
		for _, x := range r.rules.events[e.Kind] {
			if r.holds(x, facts) {
				r.award(x, ScoreLine{At: e.At, Event: e.Kind, EventID: e.ID}, e.At)
			}
		}
	}
}

func (r *scoring) holds(x scoreRule, facts any) bool {
	ok, err := x.program.Match(facts)
	if err != nil {
		r.faults = append(r.faults, RuleFault{Rule: x.Key, Fault: rule.FaultOf(err)})
	}
	return ok
}

// award gives a rule's points, as far as its group has room at that time. Room only grows afterwards, as lines melt, so
// that the group stays within its cap at every time.
func (r *scoring) award(x scoreRule, l ScoreLine, at time.Time) {
	g := r.rules.Groups[x.group]
	room := g.Cap
	for _, i := range r.given[x.group] {
		room -= r.lines[i].Worth(at)
	}
	l.Points = min(x.Points, room)
	if l.Points == 0 || x.Points > 0 && l.Points < 0 {
		return
	}
	l.Side, l.Group, l.Rule, l.Title, l.DecayDays = g.Side, g.Key, x.Key, x.Title, x.DecayDays
	r.given[x.group] = append(r.given[x.group], len(r.lines))
	r.lines = append(r.lines, l)
}

// Qualifies tells whether a lead is one for sales, and why (or why not) in a sentence. What the lead said outranks what
// was counted, both ways.
func (s *Scoring) Qualifies(h History, scored Scored) (bool, string) {
	switch {
	case h.Choice == ByNobody:
		return false, "chose not to be contacted"
	case s.SayingQualifies && h.Choice == "call":
		return true, "chose to be called"
	case s.SayingQualifies && h.Choice == "booking":
		return true, "chose to book a talk"
	case s.SayingQualifies && h.Asked:
		return true, "asked the author"
	case scored.Total() >= s.Threshold:
		return true, "reached " + Points(scored.Total()) + " points, " + Points(s.Threshold) + " are needed"
	}
	return false, "has " + Points(scored.Total()) + " points, " + Points(s.Threshold) + " are needed"
}

// Newest is when the lead last did something; the zero time when it never did.
func (h History) Newest() (at time.Time) {
	for _, e := range h.Events {
		if e.At.After(at) {
			at = e.At
		}
	}
	return at
}
