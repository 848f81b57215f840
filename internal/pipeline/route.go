package pipeline

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/lead"
	"github.com/gatehouse/gatehouse/internal/rule"
)

// Routing is one version of the routing rules, as it is kept. The first rule that holds and has somebody to give decides.
type Routing struct {
	Existing string      `json:"existing"`
	Rules    []RouteRule `json:"rules"`
}

// Who counts as existing owner, before any rule is asked.
const (
	ExistingNone    = "none"
	ExistingLead    = "lead"    // whoever had the lead before
	ExistingCompany = "company" // or has others of its company
)

// RouteRule is one line: who gets the leads of whom When holds. Exactly one of Team and Person is set.
type RouteRule struct {
	Key    string     `json:"key"`
	Title  string     `json:"title"`
	When   string     `json:"when"`
	Team   *uuid.UUID `json:"team,omitempty"`
	Person *uuid.UUID `json:"person,omitempty"`
}

// MaxRouteRules is how many lines there may be.
const MaxRouteRules = 100

// Check finds everything that is wrong with a definition, at rules.N.when, rules.N.title and so on. known tells whether a
// team or person can be given leads.
func (r Routing) Check(known func(team bool, id uuid.UUID) bool) error {
	var faults []errs.Field
	add := func(field, code, message string) {
		faults = append(faults, errs.Field{Field: field, Code: code, Message: message})
	}
	switch r.Existing {
	case ExistingNone, ExistingLead, ExistingCompany:
	default:
		add("existing", "not-an-option", "Please say who counts as the existing owner.")
	}
	if len(r.Rules) == 0 {
		add("rules", "required", "At least one rule, please: without one every lead goes to the fallback.")
	}
	if len(r.Rules) > MaxRouteRules {
		add("rules", "too-many", fmt.Sprintf("At most %d rules, please.", MaxRouteRules))
	}
	keys := map[string]bool{}
	for i, x := range r.Rules {
		at := "rules." + strconv.Itoa(i) + "."
		if title, code := lead.Line(x.Title, true); code != "" || title == "" || len([]rune(title)) > 80 {
			add(at+"title", "required", "Please give this rule a name of at most 80 characters.")
		}
		if x.Key == "" || keys[x.Key] {
			add(at+"title", "taken", "Two rules have the same key. Give this one another name.")
		}
		keys[x.Key] = true
		if _, err := rule.Compile(x.When, lead.FactNames); err != nil {
			for _, f := range errs.Public(err).Fields {
				faults = append(faults, errs.Field{Field: at + "when", Code: f.Code, Message: f.Message, Suggestion: f.Suggestion})
			}
		}
		switch {
		case (x.Team == nil) == (x.Person == nil):
			add(at+"to", "required", "Please choose a team or a person.")
		case x.Team != nil && !known(true, *x.Team):
			add(at+"to", "not-an-option", "This team is gone. Please choose another.")
		case x.Person != nil && !known(false, *x.Person):
			add(at+"to", "not-an-option", "This person gets no leads any more. Please choose somebody else.")
		}
	}
	if len(faults) > 0 {
		return errs.InvalidFields(faults...)
	}
	return nil
}

// World is what routing looks at: people, teams with the turns of the current period, and who is asked when nobody else is
// left, in that order. Router changes its turns, so that a sequence of leads can be rehearsed; nothing else is touched.
type World struct {
	Now      time.Time
	People   map[uuid.UUID]*Person
	Teams    map[uuid.UUID]*Team
	Fallback []uuid.UUID
}

// Router gives leads their owners.
type Router struct {
	routing  Routing
	programs []*rule.Program
	world    *World
	pending  []Credit
}

// NewRouter compiles the rules. A rule that cannot be compiled any more never holds, and says so.
func NewRouter(r Routing, w *World) *Router {
	out := &Router{routing: r, world: w, programs: make([]*rule.Program, len(r.Rules))}
	for i, x := range r.Rules {
		if p, err := rule.Compile(x.When, lead.FactNames); err == nil {
			out.programs[i] = p
		}
	}
	return out
}

// Ask is one lead that wants an owner. Owner and CompanyOwner are Nil where there is none; Via says where they are known
// from ("" for our own record, else the other system's name). Refused had the lead before and do not get it again.
type Ask struct {
	Facts           *lead.Facts
	Owner           uuid.UUID
	OwnerVia        string
	CompanyOwner    uuid.UUID
	CompanyOwnerVia string
	Refused         map[uuid.UUID]bool
}

// Choice is who gets the lead, and why. Owner is Nil where nobody can be asked.
type Choice struct {
	Owner   uuid.UUID
	Team    *uuid.UUID // whose rotation chose; nil where none did
	How     string     // rule, fallback
	RuleKey string
	Text    string
	Why     Why
	Credits []Credit // newcomers and returners who were set level by this choice
}

// Why is the reason as data.
type Why struct {
	Rule   int        `json:"rule,omitempty"` // from one; 0: no rule decided
	Key    string     `json:"key,omitempty"`
	Title  string     `json:"title,omitempty"`
	Team   string     `json:"team,omitempty"`
	Loads  []Load     `json:"loads,omitempty"`
	For    string     `json:"for,omitempty"` // in whose place a deputy gets it
	ForID  *uuid.UUID `json:"for_id,omitempty"`
	Passed []string   `json:"passed,omitempty"`
}

// The hows of a Choice.
const (
	howRule     = "rule"
	howFallback = "fallback"
)

// Choose decides, and counts the turn.
func (r *Router) Choose(q Ask) Choice {
	c := r.choose(q)
	c.Credits, r.pending = r.pending, nil
	return c
}

func (r *Router) choose(q Ask) Choice {
	var passed []string
	for _, e := range []struct {
		wanted    bool
		owner     uuid.UUID
		via       string
		what      string // makes them the owner, and what does in another system
		elsewhere string
	}{
		{r.routing.Existing != ExistingNone, q.Owner, q.OwnerVia, "has been this lead's owner", ""},
		{r.routing.Existing == ExistingCompany, q.CompanyOwner, q.CompanyOwnerVia, "has other leads of this company", "owns this company"},
	} {
		if !e.wanted || e.owner == uuid.Nil {
			continue
		}
		what := e.what
		if e.via != "" {
			what = cmp.Or(e.elsewhere, what) + ", as " + e.via + " knows"
		}
		owner, why := r.standIn(e.owner, q.Refused)
		text := "existing owner " + r.name(e.owner) + " (" + what + ")" + why
		if owner != uuid.Nil {
			c := Choice{How: howRule, RuleKey: "existing-owner", Text: text, Why: Why{Key: "existing-owner", Passed: passed}}
			return r.given(owner, nil, r.inPlaceOf(e.owner, owner, c))
		}
		passed = append(passed, text)
	}
	for i := range r.routing.Rules {
		holds, fault := r.holds(i, q.Facts)
		if fault != "" {
			passed = append(passed, fault)
		}
		if !holds {
			continue
		}
		c, why := r.byRule(i, q)
		if c.Owner != uuid.Nil {
			c.Why.Passed = passed
			if len(passed) > 0 {
				c.Text += " (before that, " + strings.Join(passed, "; ") + ")"
			}
			return c
		}
		passed = append(passed, why)
	}
	return r.fallback(q, passed)
}

func (r *Router) holds(i int, facts *lead.Facts) (yes bool, fault string) {
	if r.programs[i] == nil {
		return false, r.label(i) + " cannot be read any more"
	}
	if facts == nil {
		facts = &lead.Facts{}
	}
	yes, err := r.programs[i].Match(facts)
	if err != nil {
		return false, r.label(i) + " failed when it was asked"
	}
	return yes, ""
}

func (r *Router) label(i int) string {
	return fmt.Sprintf("rule %d, %s", i+1, r.routing.Rules[i].Title)
}

// byRule asks the team or person of a rule that holds; why says what stood in the way.
func (r *Router) byRule(i int, q Ask) (c Choice, why string) {
	x := r.routing.Rules[i]
	c = Choice{How: howRule, RuleKey: x.Key, Why: Why{Rule: i + 1, Key: x.Key, Title: x.Title}}
	if x.Person != nil {
		owner, stands := r.standIn(*x.Person, q.Refused)
		text := r.label(i) + ": " + r.name(*x.Person) + stands
		if owner == uuid.Nil {
			return c, text
		}
		c.Text = text
		return r.given(owner, nil, r.inPlaceOf(*x.Person, owner, c)), ""
	}
	if x.Team == nil || r.world.Teams[*x.Team] == nil {
		return c, r.label(i) + ": its team is gone"
	}
	t := r.world.Teams[*x.Team]
	r.pending = append(r.pending, t.settle(func(id uuid.UUID) bool { return r.state(id, nil) == "" })...)
	best, loads := t.next(func(m *Member) string { return r.state(m.User, q.Refused) }, r.name)
	c.Why.Team, c.Why.Loads = t.Name, loads
	says := compared(loads)
	if best < 0 {
		if meant, deputy, stands := r.forTeam(t, loads, q.Refused); deputy != uuid.Nil {
			c.Text = r.label(i) + t.said(x.Title) + "; " + says + "; " + r.name(meant) + stands
			return r.given(deputy, &t.ID, r.inPlaceOf(meant, deputy, c)), ""
		}
		if says == "" {
			says = "it has no members"
		}
		return c, r.label(i) + t.said(x.Title) + ": nobody could take it, " + says
	}
	c.Text = r.label(i) + t.said(x.Title) + "; " + says
	return r.given(t.Members[best].User, &t.ID, c), ""
}

// said names the team after a rule's title, unless the title says it.
func (t *Team) said(title string) string {
	if strings.Contains(strings.ToLower(title), strings.ToLower(t.Name)) {
		return ""
	}
	return ", team " + t.Name
}

// fallback asks those who are asked when nobody else is left. Who had the lead before is not asked again: then it stays
// in nobody's hands, and somebody has to be told.
func (r *Router) fallback(q Ask, passed []string) Choice {
	c := Choice{How: howFallback, RuleKey: "fallback", Why: Why{Key: "fallback", Passed: passed}}
	said := "no rule fits"
	if len(passed) > 0 {
		said = strings.Join(passed, "; ")
	}
	for _, id := range r.world.Fallback {
		if owner, why := r.standIn(id, q.Refused); owner != uuid.Nil {
			c.Text = "fallback, since " + said + ": " + r.name(id) + why
			return r.given(owner, nil, r.inPlaceOf(id, owner, c))
		}
	}
	c.Text = "nobody could be asked: " + said
	return c
}

// given counts the lead for its owner.
func (r *Router) given(owner uuid.UUID, team *uuid.UUID, c Choice) Choice {
	c.Owner, c.Team = owner, team
	if team != nil {
		r.world.Teams[*team].CountGuest(owner, 1)
	}
	for _, t := range r.world.Teams {
		for i := range t.Members {
			m := &t.Members[i]
			if m.User != owner {
				continue
			}
			m.Today++
			if team != nil && t.ID == *team {
				m.Turns++
				m.Last = r.world.Now
			}
		}
	}
	return c
}

func (r *Router) name(id uuid.UUID) string {
	if p := r.world.People[id]; p != nil {
		return p.Name
	}
	return "somebody who is gone"
}
