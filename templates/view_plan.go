package templates

import "time"

// PlansPage is admin/plans: the templates of plans, or with Form one of them.
type PlansPage struct {
	AdminPage
	Rows    []PlanRow
	Form    *Sheet
	Names   []KV // what a condition may ask, with an example
	Actions []PageAction
	Empty   Empty
}

// PlanRow is one template.
type PlanRow struct {
	URL       string
	Name      string
	Condition string
	Words     string // the condition in plain words; "" where it is more than that
	Position  int
	Steps     []string
	State     Tag
	Updated   time.Time
}

// MergePage is admin/merge: with whom, and what would happen.
type MergePage struct {
	AdminPage
	Notices []Notice
	Ask     Filters
	With    string
	Preview []Ledger
	Do      *PageAction
}
