package templates

import "time"

// LeadWorkView is plan and activities, side by side, on the lead page, with the contact policy above them.
type LeadWorkView struct {
	Contact  []ContactRow
	Blocks   []BlockView // "do not approach", in force
	Block    *Sheet      // sets one
	Zone     string      // "It is 14:05 where they are, guessed from the country (DE)"
	Missing  string      // what this lead lacks: "There is a plan, but nothing was done yet."
	PlanName string
	Steps    []StepView
	Done     []StepView
	LeftOut  []string
	Add      *Sheet
	Note     *Sheet
	Mailbox  string // the lead's own address for copies and replies; empty: none
	Acts     []ActivityView
	More     int // how many activities are not shown
	Deals    []BoardCard
	Origins  []Ledger
	Merge    *PageAction
	Unmerge  []PageAction
}

// ContactRow answers "why may I?" for one channel.
type ContactRow struct {
	Channel string
	Icon    string
	To      string // the number or address
	Answer  Tag
	Why     string
	NoteURL string
}

// BlockView is one "do not approach" that is in force.
type BlockView struct {
	Text string
	Lift *PageAction
}

// StepView is one step of the plan.
type StepView struct {
	ID       string
	Icon     string
	Title    string
	Due      time.Time
	Overdue  bool
	State    Tag
	Barred   string // why it may not be done as things stand; empty: it may
	By       string
	URL      string // where it is done, changed or skipped; empty for those who may not
	Calendar string
	Buttons  []PageAction
}

// ActivityView is one thing that was done.
type ActivityView struct {
	Icon     string
	What     string
	Text     string
	By       string
	At       time.Time
	Why      string
	Beyond   string // which rule of the contact policy it went beyond; empty: none
	Reason   string
	ReasonBy string // who gave it, where that is not By
	Open     bool   // the reason is asked for, and not given yet
	GiveURL  string // where it is given; empty for those who may not
	TakeBack *PageAction
	Back     bool // it was taken back
}

// FormPage is admin/form: a page that is one form.
type FormPage struct {
	AdminPage
	Notices []Notice
	Form    Sheet
}
