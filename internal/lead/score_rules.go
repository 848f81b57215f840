package lead

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/rule"
)

// The two sides of a score, kept apart.
const (
	SideFit        = "fit"        // who they are; does not decay
	SideEngagement = "engagement" // what they did as a person; decays
)

// The kinds of events that rules for engagement give points for. Machines make none of them.
const (
	EventSubmission = "submission"
	EventDownload   = "download"
	EventRead       = "read"
	EventReturn     = "return" // opened the same document once more
	EventOurs       = "ours"   // said "this one is us"
	EventAsk        = "ask"    // asked the author
	EventChoice     = "choice" // chose how to go on
)

// EventKinds lists them in the order of the page, with their words.
var EventKinds = []struct{ Kind, Label string }{
	{EventSubmission, "sent a form"}, {EventDownload, "downloaded a document"}, {EventRead, "opened a document to read"},
	{EventReturn, "came back to a document"}, {EventOurs, "said \"this one is us\""}, {EventAsk, "asked the author"},
	{EventChoice, "chose how to go on"},
}

// ScoreRules are one version of the scoring rules. All points are hundredths of a point.
type ScoreRules struct {
	Threshold       int          `json:"threshold"`        // from here on a lead is qualified
	SayingQualifies bool         `json:"saying_qualifies"` // so is one who asked the author, or chose a call or a booking
	Fit             Bounds       `json:"fit"`              // grades: from High A, from Middle B, else C
	Engagement      Bounds       `json:"engagement"`       // grades: from High 1, from Middle 2, else 3
	Groups          []ScoreGroup `json:"groups"`
}

// Bounds part the points of one side into three grades.
type Bounds struct {
	High   int `json:"high"`
	Middle int `json:"middle"`
}

// ScoreGroup holds rules of one side that may not give more than Cap together, at any time.
type ScoreGroup struct {
	Key   string      `json:"key"`
	Title string      `json:"title"`
	Side  string      `json:"side"`
	Cap   int         `json:"cap"`
	Rules []ScoreRule `json:"rules"`
}

// ScoreRule gives points where its condition holds. For fit it asks what is known, and gives them once; for engagement it
// asks at each event of its kind, and the points melt to nothing over DecayDays, day by day.
type ScoreRule struct {
	Key       string `json:"key"`
	Title     string `json:"title"`
	Event     string `json:"event,omitempty"`
	Condition string `json:"condition"`
	Points    int    `json:"points"`
	DecayDays int    `json:"decay_days,omitempty"`
}

// The limits of one version.
const (
	maxGroups = 20
	maxRules  = 100
	maxPoints = 1000_00
	maxDecay  = 3650
)

var keyPattern = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,39}$`)

// Scoring is a version of the rules, ready to score; safe for concurrent use.
type Scoring struct {
	ScoreRules
	fit    []scoreRule
	events map[string][]scoreRule
	place  map[string]int // of each rule of fit, by its key
}

type scoreRule struct {
	ScoreRule
	group   int
	program *rule.Program
}

// CompileScore checks the rules and makes them ready. All faults come back at once, each at its field, as
// "groups.0.rules.2.condition".
func CompileScore(def ScoreRules) (*Scoring, error) {
	s := &Scoring{ScoreRules: def, events: map[string][]scoreRule{}, place: map[string]int{}}
	c := &scoreCheck{seen: map[string]string{}}
	c.bounds(def)
	if len(def.Groups) > maxGroups {
		c.add("groups", "too-many", fmt.Sprintf("At most %d groups, please.", maxGroups))
	}
	n := 0
	for i, g := range def.Groups {
		at := fmt.Sprintf("groups.%d.", i)
		c.group(at, g)
		for j, r := range g.Rules {
			n++
			p := c.rule(fmt.Sprintf("%srules.%d.", at, j), g, r)
			if p == nil {
				continue
			}
			ready := scoreRule{ScoreRule: r, group: i, program: p}
			if g.Side == SideFit {
				s.place[r.Key] = len(s.fit)
				s.fit = append(s.fit, ready)
			} else {
				s.events[r.Event] = append(s.events[r.Event], ready)
			}
		}
	}
	if n > maxRules {
		c.add("groups", "too-many", fmt.Sprintf("At most %d rules in all, please.", maxRules))
	}
	if len(c.faults) > 0 {
		return nil, errs.InvalidFields(c.faults...)
	}
	return s, nil
}

// scoreCheck gathers the faults.
type scoreCheck struct {
	faults []errs.Field
	seen   map[string]string
}

func (c *scoreCheck) add(field, code, sentence string) {
	c.faults = append(c.faults, errs.Field{Field: field, Code: code, Message: sentence})
}

func (c *scoreCheck) bounds(def ScoreRules) {
	if def.Threshold <= 0 || def.Threshold > 10*maxPoints {
		c.add("threshold", "invalid", "Give the points from which a lead is qualified: more than 0.")
	}
	for _, b := range []struct {
		field string
		b     Bounds
	}{{"fit", def.Fit}, {"engagement", def.Engagement}} {
		if b.b.Middle <= 0 || b.b.High <= b.b.Middle || b.b.High > 10*maxPoints {
			c.add(b.field, "invalid", "The best grade must begin above the middle one, and the middle one above 0.")
		}
	}
}

func (c *scoreCheck) group(at string, g ScoreGroup) {
	c.key(at, "group "+g.Key, g.Key)
	c.title(at+"title", g.Title)
	if g.Side != SideFit && g.Side != SideEngagement {
		c.add(at+"side", "invalid", "A group is about who they are, or about what they did.")
	}
	if g.Cap <= 0 || g.Cap > maxPoints {
		c.add(at+"cap", "invalid", "Give the most points that this group may give: 1 to 1,000.")
	}
}

func (c *scoreCheck) rule(at string, g ScoreGroup, r ScoreRule) *rule.Program {
	c.key(at, "rule "+r.Key, r.Key)
	c.title(at+"title", r.Title)
	words := FitNames
	switch {
	case g.Side == SideFit:
		if r.Points == 0 || r.Points > maxPoints || r.Points < -maxPoints {
			c.add(at+"points", "invalid", "Give points from -1,000 to 1,000, other than 0.")
		}
		if r.DecayDays != 0 || r.Event != "" {
			c.add(at+"decay_days", "invalid", "What somebody is does not melt and needs no event.")
		}
	default:
		words = EventNames
		if r.Points <= 0 || r.Points > maxPoints {
			c.add(at+"points", "invalid", "Give points from 0.01 to 1,000: what somebody did never counts against them.")
		}
		if r.DecayDays < 1 || r.DecayDays > maxDecay {
			c.add(at+"decay_days", "invalid", "Give the days after which the points are gone: 1 to 3,650.")
		}
		if EventLabel(r.Event) == "" {
			c.add(at+"event", "invalid", "Choose what the points are given for.")
		}
	}
	p, err := rule.Compile(r.Condition, words)
	if err != nil {
		c.condition(at+"condition", err)
	}
	return p
}

func (c *scoreCheck) condition(field string, err error) {
	for _, f := range errs.Public(err).Fields {
		f.Field = field
		c.faults = append(c.faults, f)
	}
}

func (c *scoreCheck) key(at, what, key string) {
	if !keyPattern.MatchString(key) {
		c.add(at+"key", "invalid", "A key has small letters, digits and hyphens, at most 40.")
	} else if _, taken := c.seen[what]; taken {
		c.add(at+"key", "taken", "This key is taken by another one.")
	}
	c.seen[what] = at
}

func (c *scoreCheck) title(field, title string) {
	if n := utf8.RuneCountInString(strings.TrimSpace(title)); n == 0 || n > 120 {
		c.add(field, "invalid", "Give it a name of at most 120 characters.")
	}
}

// EventLabel is the words for a kind of event; "" where there is no such kind.
func EventLabel(kind string) string {
	for _, k := range EventKinds {
		if k.Kind == kind {
			return k.Label
		}
	}
	return ""
}
