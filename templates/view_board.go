package templates

import "time"

// BoardPage is admin/board: the pipeline as columns. The first column is what waits to be accepted.
type BoardPage struct {
	AdminPage
	Views       []Tab // board, list, and what was saved
	Filters     Filters
	Save        *SaveView
	Waiting     []BoardCard
	WaitingN    int
	WaitingMore int    // how many are not shown
	WaitingURL  string // where they are; "" where the view has to be narrowed
	Columns     []BoardColumnView
	At          time.Time // what is shown is as of then
	ChangesURL  string
	Here        string
	CanMove     bool
	Empty       *Empty
}

// SaveView keeps the view that is shown under a name, or drops the one that is.
type SaveView struct {
	Action string
	Query  string
	Drop   *PageAction
}

// BoardColumnView is one stage. Closed stages show what was decided of late.
type BoardColumnView struct {
	Key     string
	Title   string
	N       int
	Sum     string // "£12,500", with several currencies "£12,500 + €9,000"
	Closed  bool
	Cards   []BoardCard
	More    int // how many are not shown
	MoreURL string
}

// BoardCard is one deal, or one lead that waits.
type BoardCard struct {
	ID      string
	Version int64
	URL     string
	Title   string
	Person  string
	Value   string
	Owner   string
	Said    string // the last thing that they said, in their words
	Saids   int
	Next    string // the next step of the plan
	Due     time.Time
	Overdue bool
	Marks   []Tag
	Age     string
	MoveURL string
	NoteURL string
	Clock   *Tag
	Accept  *PageAction
	Refuse  string // where it is returned or declined, with a reason
}

// DealsPage is admin/deals: the pipeline as a list.
type DealsPage struct {
	AdminPage
	Views      []Tab
	Filters    Filters
	Save       *SaveView
	Tools      TableTools
	Columns    []Column
	Rows       []DealRow
	Pagination Pagination
	Empty      Empty
	Bulk       *Bulk
}

// Bulk is what can be done with the rows that are ticked.
type Bulk struct {
	All       int // how many the whole view has, where not all of them are shown
	Action    string
	Back      string
	Groups    []BulkGroup
	ExportURL string // "" where the role may not
}

// BulkGroup is options of one kind.
type BulkGroup struct {
	Label   string
	Options []OptionView
}

// DealBulkPage is admin/deal_bulk: what would become of each of the deals that were ticked.
type DealBulkPage struct {
	AdminPage
	Columns []Column
	Rows    []DealLookRow
	Do      *Sheet // nil when none can go
	BackURL string
}

// DealLookRow is one of them. Why says what keeps it; MoveURL is where that is asked for.
type DealLookRow struct {
	Title, URL, Now, Then, Why, MoveURL string
}

// DealRow is one line of the list.
type DealRow struct {
	BoardCard
	Tick     string // id and version, for the bulk form
	Stage    string
	State    Tag
	Expected time.Time
	Source   string
}

// DealPage is admin/deal: one deal; with Only, just the form of a move.
type DealPage struct {
	AdminPage
	Facts   Ledger
	Notices []Notice
	Move    *Sheet
	Edit    *Sheet
	Only    bool
	Changes Timeline
}
