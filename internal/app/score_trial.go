package app

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/lead"
	"github.com/gatehouse/gatehouse/internal/report"
	"github.com/gatehouse/gatehouse/internal/store"
)

// TrialMost bounds the cases that the score is tried on: the newest ones.
const TrialMost = 5000

// TrialCase is one lead that sales decided on, under the published rules as of the moment at which it was assigned.
type TrialCase struct {
	LeadID   uuid.UUID
	At       time.Time
	Accepted bool
	Closed   bool // its deal was won or lost
	Won      bool
	Grade    string
	Rules    []string `gorm:"-"` // that gave points
	Name     string
}

// Tally counts cases of one kind.
type Tally struct{ Cases, Accepted, Closed, Won int }

func (t *Tally) add(c TrialCase) {
	t.Cases++
	t.Accepted += bit(c.Accepted)
	t.Closed += bit(c.Closed)
	t.Won += bit(c.Won)
}

// TrialRule compares the cases for which a rule gave points with those for which it gave none.
type TrialRule struct {
	Key, Title, Group string
	Points            int
	With, Without     Tally
}

// ScoreTrial is what the score is worth: by grade, and by rule.
type ScoreTrial struct {
	Rules  *store.RuleSet // nil: none are published, so nothing is on trial
	Cases  []TrialCase    // newest first
	All    Tally
	Grades map[string]Tally
	ByRule []TrialRule // in the order of the rules
}

// Tells says what a difference between two shares tells: "more" or "less" where their intervals of 95 % lie apart, "few"
// where there are too few cases on either side, "" where nothing is to be seen.
func Tells(with, of, without, ofThose int) string {
	if of < report.Enough || ofThose < report.Enough {
		return "few"
	}
	low, high := report.Wilson(with, of)
	low0, high0 := report.Wilson(without, ofThose)
	switch {
	case low > high0:
		return "more"
	case high < low0:
		return "less"
	}
	return ""
}

// One case is one time that a lead qualified: the hands that it ended in decided, and it was scored when it came into the
// first ones.
const trialCases = `select a.lead_id, (select min(x.at) from assignments x where x.lead_id = a.lead_id and x.at > coalesce((select max(y.closed_at) from assignments y
			where y.lead_id = a.lead_id and y.state in ('returned','closed') and y.id <> a.id and y.closed_at <= a.at), '-infinity')) as at, a.accepted_at is not null as accepted, coalesce(d.state in ('won','lost'), false) as closed, coalesce(d.state = 'won', false) as won,
		` + nameOfLead + ` as name
	from assignments a join leads l on l.id = a.lead_id left join deals d on d.assignment_id = a.id
	where a.at >= ? and a.state not in ('reassigned','declined') and (a.accepted_at is not null or a.state in ('returned','closed')) and `

// TrialOfScore tries the published rules on the leads that sales decided on since a time. Each is scored by what was known
// of it when it was assigned, so that what sales and the deal brought later does not count for the rules. Only leads that
// may be seen count.
func (a *App) TrialOfScore(ctx context.Context, since time.Time, sight Sight) (t ScoreTrial, err error) {
	db := a.store.DB(ctx)
	if t.Rules, err = store.PublishedRules(db, store.RulesScoring); err != nil || t.Rules == nil {
		return t, err
	}
	rules, err := compileScoring(t.Rules.Definition)
	if err != nil {
		return t, err
	}
	cond, args := "true", []any{since}
	if !sight.All() {
		seen, more := sight.OnHeld("l.owner_id", "l.id")
		cond, args = seen, append(args, more...)
	}
	if err := db.Raw(trialCases+cond+" order by a.at desc, a.id desc limit ?", append(args, TrialMost)...).Scan(&t.Cases).Error; err != nil {
		return t, a.store.Translate(err)
	}
	if err := a.scoreCases(db, rules, t.Cases); err != nil {
		return t, err
	}
	t.count(rules)
	return t, nil
}

// scoreCases gives each case the grade and the rules that it had then. One whose lead is no longer there keeps neither.
func (a *App) scoreCases(db *store.Query, rules *lead.Scoring, cases []TrialCase) error {
	of := map[uuid.UUID][]int{}
	var ids []uuid.UUID
	for i, c := range cases {
		if of[c.LeadID] == nil {
			ids = append(ids, c.LeadID)
		}
		of[c.LeadID] = append(of[c.LeadID], i)
	}
	return inParts(ids, func(some []uuid.UUID) error {
		records, err := store.ReadLeadRecords(db, some, false)
		if err != nil {
			return err
		}
		for i := range records {
			for _, n := range of[records[i].ID] { // nobody else writes these
				c := &cases[n]
				s := rules.Score(history(&records[i], c.At, false), c.At)
				c.Grade = s.Grade
				for _, l := range s.Lines {
					if !slices.Contains(c.Rules, l.Rule) {
						c.Rules = append(c.Rules, l.Rule)
					}
				}
			}
		}
		return nil
	})
}

// count tallies the cases that could be scored.
func (t *ScoreTrial) count(rules *lead.Scoring) {
	t.Cases = slices.DeleteFunc(t.Cases, func(c TrialCase) bool { return c.Grade == "" })
	t.Grades = map[string]Tally{}
	for _, g := range rules.Groups {
		for _, r := range g.Rules {
			t.ByRule = append(t.ByRule, TrialRule{Key: r.Key, Title: r.Title, Group: g.Title, Points: r.Points})
		}
	}
	for _, c := range t.Cases {
		t.All.add(c)
		grade := t.Grades[c.Grade]
		grade.add(c)
		t.Grades[c.Grade] = grade
		for i := range t.ByRule {
			if slices.Contains(c.Rules, t.ByRule[i].Key) {
				t.ByRule[i].With.add(c)
			} else {
				t.ByRule[i].Without.add(c)
			}
		}
	}
}
