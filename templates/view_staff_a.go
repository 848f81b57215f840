package templates

import "time"

// HomePage is admin/home: what needs a person, then the lead volume as sentence, picture and tables.
type HomePage struct {
	AdminPage
	Alarms   []AlarmRow
	Waiting  *Stat // submissions in quarantine; nil for those who do not decide
	Sentence []Piece
	Filters  Filters
	Stats    []Stat
	Tabs     []Tab
	Chart    Chart
	Days     FigureTable
	Tables   []FigureTable
	Empty    *Empty // in place of everything when nothing was ever asked for
}

// Piece is a stretch of a sentence; one with a URL is a figure that opens.
type Piece struct {
	Text string
	URL  string
}

// Tab is one way to look at the same page.
type Tab struct {
	Label   string
	URL     string
	Current bool
}

// AlarmRow is one thing that needs a person. DoneURL takes POST; empty for those who may not clear it.
type AlarmRow struct {
	Sentence string
	Since    time.Time
	Last     time.Time
	Times    int
	URL      string // where it is mended; empty where no page does
	DoneURL  string
}

// FigureTable is a report as a table: a name and a figure for each column, every one with its rows behind it.
type FigureTable struct {
	Title      string
	Definition string
	Key        string
	Columns    []string
	Rows       []FigureRow
	Empty      string
	Folded     bool
	Bar        bool // a bar for the figure that the picture shows
}

// FigureRow is one line; Percent is of the largest, for the bar.
type FigureRow struct {
	Label   string
	URL     string // looks at this line alone
	Figures []Figure
	Percent float64
}

// Figure opens the rows that it counts; a zero opens nothing.
type Figure struct {
	Value int64
	URL   string
}

// LeadPage is admin/lead: who and what to do on the left, one timeline on the right, ledgers folded below.
type LeadPage struct {
	AdminPage
	Erased     bool
	Notices    []Notice // what to know first
	Who        Ledger
	Answers    Ledger
	Older      Ledger
	Consents   []ConsentRow
	Messages   []MessageRow
	Downloads  []DownloadRow
	Hits       []HitRow
	HitsMore   bool // there are more than are shown
	Timeline   Timeline
	Said       *LeadSaidView
	Assignment *LeadAssignmentView
	Work       *LeadWorkView
	Score      *LeadScoreView
	Pushes     *LeadPushesView
	Actions    []PageAction
	Erase      *Confirm
	Receipt    *Ledger
}

// Notice is one line to know first. Kind is "done", "note", "wait" or "fault".
type Notice struct {
	Kind string
	Text string
}

// ConsentRow is one answer to one box, word for word.
type ConsentRow struct {
	Purpose string
	Text    string
	Given   bool
	State   Tag
	Version string
	How     string
	Address string
	At      time.Time
	Holds   bool // it is the latest of its purpose and address
}

// MessageRow is one line of the messages list, of a lead's messages too.
type MessageRow struct {
	URL       string
	What      string // "The document", "A new password"
	Recipient string
	LeadURL   string
	About     string
	Kind      string
	State     Tag
	Reason    string
	Until     time.Time // of a held one
	Tries     int
	Second    bool
	Transport string
	At        time.Time
}

// DownloadRow is one person's opening of one version.
type DownloadRow struct {
	What     string
	Document string
	Version  int
	Times    int
	At, Last time.Time
}

// HitRow is one raw request to a personal link.
type HitRow struct {
	At     time.Time
	What   string
	Label  Tag
	Reason string
	From   string
	Agent  string
}

// MessagesPage is admin/messages.
type MessagesPage struct {
	AdminPage
	Filters    Filters
	Tools      TableTools
	Columns    []Column
	Rows       []MessageRow
	Pagination Pagination
	Empty      Empty
}

// MessageDetailPage is admin/message.
type MessageDetailPage struct {
	AdminPage
	State    Tag
	Notices  []Notice
	Facts    Ledger
	Attempts []AttemptRow
	Events   []EventRow
	Actions  []PageAction
}

// AttemptRow is one try to hand a message over.
type AttemptRow struct {
	Number    int
	Outcome   Tag
	Transport string
	Status    int
	Reason    string
	Started   time.Time
	Finished  time.Time
}

// EventRow is one thing that the provider told.
type EventRow struct {
	At     time.Time
	Label  Tag
	Reason string
}

// QuarantinePage is admin/quarantine: what waits, or what was discarded.
type QuarantinePage struct {
	AdminPage
	Tabs       []Tab
	Discarded  bool
	Rows       []QuarantineRow
	Pagination Pagination
	Tools      TableTools
	Empty      Empty
}

// QuarantineRow is one doubtful submission with all that helps to decide.
type QuarantineRow struct {
	ID         string
	Email      string // empty once erased
	Gate       string
	Door       string
	At         time.Time
	DecidedAt  time.Time
	DecidedBy  string
	Weight     int
	Reasons    []ReasonRow
	Answers    []KV
	From       string
	Agent      string
	ReleaseURL string
	DiscardURL string
	UndoURL    string
	Back       string
	Focus      bool
}

// ReasonRow is one line of a verdict.
type ReasonRow struct {
	Sentence string
	Weight   int
}

// SubmissionsPage is admin/submissions: the rows behind the figures.
type SubmissionsPage struct {
	AdminPage
	Filters    Filters
	Tools      TableTools
	Columns    []Column
	Rows       []SubmissionRow
	Pagination Pagination
	Empty      Empty
}

// SubmissionRow is one answer set. Name and Email are empty once the person is erased.
type SubmissionRow struct {
	URL    string
	Name   string
	Email  string
	Erased bool
	Gate   string
	Source string
	Door   string
	State  Tag
	At     time.Time
}
