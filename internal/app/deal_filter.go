package app

import (
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/pipeline"
	"github.com/gatehouse/gatehouse/internal/report"
)

// DealFilter is a view of the pipeline: what the board and the list show, and what the export writes. Values are minor
// units of the installation's currency.
type DealFilter struct {
	Search   string
	Owner    *uuid.UUID
	Owners   []uuid.UUID // any of them, of what waits
	Team     *uuid.UUID
	Stage    string
	Currency string
	State    string // open (or ""), won, lost, decided, any
	MinValue *int64
	Source   string
	GateID   string
	Said     bool        // they said something
	Overdue  bool        // a step of theirs is overdue
	Missing  string      // plan, activities, lacking (either), both, plan-only, acts-only, neither
	Opened   *time.Time  // opened since then
	From, To *time.Time  // when it was closed, or while it is open is expected to; at midnight where the house is
	IDs      []uuid.UUID // these alone; empty: no choice
	Sight    Sight
	Sort     string // title, value, expected, stage, age
	Way      string // asc, desc
}

func (f DealFilter) where(now time.Time) (string, []any) {
	conds, args := []string{}, []any{}
	add := func(cond string, a ...any) { conds, args = append(conds, cond), append(args, a...) }
	switch f.State {
	case "", pipeline.Open:
		add("d.state = 'open'")
	case pipeline.Won, pipeline.Lost:
		add("d.state = ?", f.State)
	case "decided":
		add("d.state <> 'open'")
	default:
		add("true")
	}
	for i, word := range strings.Fields(f.Search) {
		if i == mostWords {
			break
		}
		like := "%" + likeEscape.Replace(word) + "%"
		add("(d.title ilike ? or "+namedSo+")", like, like)
	}
	for _, c := range []struct {
		set  bool
		cond string
		arg  any
	}{
		{f.Stage != "", "d.stage = ?", f.Stage}, {f.Currency != "", "d.currency = ?", f.Currency}, {f.MinValue != nil, "d.value >= ?", f.MinValue},
		{len(f.IDs) > 0, "d.id in ?", f.IDs}, {f.Opened != nil, "d.opened_at >= ?", f.Opened},
	} {
		if c.set {
			add(c.cond, c.arg)
		}
	}
	for _, x := range []struct {
		at *time.Time
		is string
	}{{f.From, ">= ?"}, {f.To, "< ?"}} {
		if x.at != nil {
			add("case when d.state = 'open' then d.expected_on "+x.is+"::date else d.closed_at "+x.is+" end", x.at.Format(isoDay), x.at)
		}
	}
	f.aboutLeads(now, add)
	return strings.Join(conds, " and "), args
}

// mostWords is how many words of a search are looked for.
const mostWords = 5

// namedSo is that a lead is named like a word.
const namedSo = "d.lead_id in (select l.id from leads l where l.given_name || ' ' || l.family_name || ' ' || l.company || ' ' || l.email ilike ?)"

// aboutLeads are the conditions that deals d have in common with assignments d that wait: what they say of lead and owner.
func (f DealFilter) aboutLeads(now time.Time, add func(string, ...any)) {
	if !f.Sight.All() {
		cond, a := f.Sight.OnHeld("d.owner_id", "d.lead_id")
		add(cond, a...)
	}
	for _, c := range []struct {
		set  bool
		cond string
		arg  any
	}{
		{f.Owner != nil, "d.owner_id = ?", f.Owner}, {len(f.Owners) > 0, "d.owner_id in ?", f.Owners},
		{f.Team != nil, "d.owner_id in (select m.user_id from team_members m where m.team_id = ?)", f.Team},
		{f.Source != "", "d.lead_id in (select l.id from leads l where l.source = ?)", f.Source},
		{f.GateID != "", "d.lead_id in (select l.id from leads l where l.first_gate_id::text = ?)", f.GateID},
		{f.Overdue, "exists (select 1 from steps s where s.lead_id = d.lead_id and " + stepToDo + " and s.due_at < ?)", now},
	} {
		if c.set {
			add(c.cond, c.arg)
		}
	}
	if f.Said {
		add("exists (select 1 from sayings s where s.lead_id = d.lead_id and s.taken_back_at is null)")
	}
	if cond := missing[f.Missing]; cond != "" {
		add(cond)
	}
}

// missing are conditions on what a lead has of strategy and tactics.
var missing = map[string]string{"plan": "not " + hasPlan, "activities": "not " + hasActivity, "lacking": "not (" + hasPlan + " and " + hasActivity + ")",
	"neither": "not " + hasPlan + " and not " + hasActivity, "plan-only": hasPlan + " and not " + hasActivity, "acts-only": hasActivity + " and not " + hasPlan,
	"both": hasActivity + " and " + hasPlan}

// whereWaiting are the conditions on assignments d that wait. What only a deal has, such as a value, none of them has.
func (f DealFilter) whereWaiting(now time.Time) (string, []any) {
	conds, args := []string{"d.state = 'open'"}, []any{}
	add := func(cond string, a ...any) { conds, args = append(conds, cond), append(args, a...) }
	if f.MinValue != nil || f.Currency != "" || f.From != nil || f.To != nil || f.Opened != nil {
		add("false")
	}
	for i, word := range strings.Fields(f.Search) {
		if i == mostWords {
			break
		}
		add(namedSo, "%"+likeEscape.Replace(word)+"%")
	}
	f.aboutLeads(now, add)
	return strings.Join(conds, " and "), args
}

// What a lead has, as the reports say it.
const (
	hasPlan     = report.Planned
	hasActivity = report.Active
)
