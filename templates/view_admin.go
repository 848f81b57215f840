package templates

import "time"

// AdminPage is what every staff page carries; embed it by value. Build Nav with Navigation. The one action that matters
// stands beside the title.
type AdminPage struct {
	Title       string
	Lead        string // one sentence below the title, may be empty
	Lang        string
	CompanyName string
	Nav         []NavItem
	User        UserView
	Flash       *Flash
	Action      *PageAction
	Crumbs      []Link // the way back, outermost first, without this page
	Wide        bool   // the table uses the whole width
	AccountURL  string // the person's own page; empty: none
	LogoutURL   string // takes POST; empty: "/admin/logout"
}

// PageLanguage tells the engine which catalogue to use.
func (p AdminPage) PageLanguage() string { return p.Lang }

// UserView is the person at the keyboard.
type UserView struct {
	Name  string
	Email string
	Role  string // admin, marketing, sales
}

// Flash is a notice after a redirect. Kind is "done", "note" or "fault".
type Flash struct {
	Kind string
	Text string
	Undo *PageAction // offers the way back
}

// PageAction is a link, or with Method "post" a form with one button. Confirm, when set, is the question asked before
// it is done (a dialog with a script, a tick box without).
type PageAction struct {
	Label   string
	URL     string
	Method  string // "" (a link) or "post"
	Icon    string
	Confirm string
	Danger  bool
	Main    bool // the one that matters among several
	Hidden  []KV
}

// NavItem is one line of the rail.
type NavItem struct {
	Key     string
	Label   string
	URL     string
	Icon    string
	Count   int
	Current bool
	Group   string // a heading before it, on the first of its group
}

// Counts are the numbers in the rail that ask for work.
type Counts struct {
	Alarms     int // stand at the top of the home page
	Quarantine int
	Messages   int // came back or waiting too long
}

// Tag is a small word with a shape and a tone: "plain", "good", "wait", "bad". The shape says it without colour.
type Tag struct {
	Label string
	Tone  string
	Title string
}

// Stat is one figure that opens: value, what it counts with its period, and the change against the period before.
type Stat struct {
	Value  string
	Label  string
	URL    string
	Change string // "9 more than the week before"
	Tone   string // "", "good", "bad"
}

// Filters is the row above a table. The form is a GET to Action; Hidden keeps the sort order.
type Filters struct {
	Action      string
	Search      string
	SearchHint  string
	HideSearch  bool
	Selects     []FilterSelect
	From, To    string // ISO dates; both inputs are shown when Dates
	Dates       bool
	Texts       []FilterText
	Hidden      []KV
	ClearURL    string // shown when any filter is set
	ExportURL   string
	ExportLabel string
}

// FilterText is one field of the filter row in which something is typed. Type is "text" when empty; Fault says why what
// was typed does not count.
type FilterText struct {
	Name, Label, Type, Value, InputMode, Fault string
	Rare                                       bool // as of FilterSelect
}

// FilterSelect is one choice in the filter row; its empty value means all.
type FilterSelect struct {
	Name    string
	Label   string
	Options []OptionView
	Rare    bool // behind "More filters", which is open while one of them is set
}

// RareSet tells whether a filter that folds away is set.
func (f Filters) RareSet() bool {
	for _, s := range f.Selects {
		for i, o := range s.Options {
			if s.Rare && i > 0 && o.Selected {
				return true
			}
		}
	}
	for _, t := range f.Texts {
		if t.Rare && t.Value != "" {
			return true
		}
	}
	return false
}

// HasRare tells whether there are any.
func (f Filters) HasRare() bool {
	for _, s := range f.Selects {
		if s.Rare {
			return true
		}
	}
	for _, t := range f.Texts {
		if t.Rare {
			return true
		}
	}
	return false
}

// Column is one heading of a table. URL sorts by it; Sorted is "", "asc" or "desc". Number right-aligns.
type Column struct {
	Label  string
	URL    string
	Sorted string
	Number bool
	Narrow bool // hidden below 700 px
}

// TableTools is the line between filters and table: how many rows, what is chosen, the export.
type TableTools struct {
	Total     int
	One, Many string // "lead", "leads"
	About     string // "of the last 90 days"
	ExportURL string
}

// Pagination walks through a list. From and To are one-based row numbers; Total of 0 hides "of".
type Pagination struct {
	From, To, Total int
	PrevURL         string
	NextURL         string
}

// Empty teaches the next step. Suit is "spade", "heart", "diamond" or "club".
type Empty struct {
	Suit   string
	Title  string
	Text   string
	Action *PageAction
}

// TimelineEvent is one thing that happened. Tone is "", "good", "wait" or "bad"; By says who or what did it.
type TimelineEvent struct {
	At     time.Time
	Icon   string
	Title  string
	Text   string
	By     string
	Tone   string
	URL    string
	Facts  []KV
	Labels []Tag // human, likely, machine ...
}

// Timeline is newest first, grouped by day.
type Timeline struct {
	Events []TimelineEvent
	Empty  string
}

// TimelineDay is the events of one day.
type TimelineDay struct {
	Day    time.Time
	Events []TimelineEvent
}

// Days groups the events by the calendar day of their own zone, in the order given.
func (t Timeline) Days() []TimelineDay {
	var days []TimelineDay
	for _, e := range t.Events {
		y, m, d := e.At.Date()
		day := time.Date(y, m, d, 0, 0, 0, 0, e.At.Location())
		if n := len(days); n == 0 || !days[n-1].Day.Equal(day) {
			days = append(days, TimelineDay{Day: day})
		}
		last := &days[len(days)-1]
		last.Events = append(last.Events, e)
	}
	return days
}

// Fact is one line of a ledger: a name, a value, where it came from.
type Fact struct {
	Name   string
	Value  string
	URL    string
	Note   string // "typed on 3 November 2026, claimed"
	Tag    *Tag
	Number bool
}

// Ledger is a list of facts under a heading; Folded puts it behind a summary line.
type Ledger struct {
	Title  string
	Facts  []Fact
	Folded bool
	Empty  string
	Note   string // what holds for all of them, below
}

// Confirm is a form that destroys something: a dialog with a script, a page section with a tick box without. Word, when
// set, must be typed into the input named "confirm"; else the box named "confirm" must be ticked.
type Confirm struct {
	ID      string
	Button  string
	Title   string
	Text    string
	Action  string
	Word    string
	Hidden  []KV
	Outline bool // the opening button is quiet
}

// LeadRow is one line of the leads list.
type LeadRow struct {
	URL       string
	Name      string // empty: the address stands in its place
	Email     string
	Company   string
	JobTitle  string
	Gate      string
	Source    string
	Grade     string // A1 to C3; empty while it is not scored
	State     Tag
	Downloads int
	FirstSeen time.Time
	LastSeen  time.Time
}

// LeadsPage is admin/leads: the pattern for every list.
type LeadsPage struct {
	AdminPage
	Filters    Filters
	Tools      TableTools
	Columns    []Column
	Rows       []LeadRow
	Pagination Pagination
	Empty      Empty
}
