package templates

import "time"

// ConnectorsPage is admin/connectors: the list, the kinds to choose from, or with New the form for a new one.
type ConnectorsPage struct {
	AdminPage
	Notices []Notice
	Kinds   []ConnectorKind
	New     *Sheet
	Tools   TableTools
	Rows    []ConnectorRow
	Empty   Empty
}

// ConnectorKind is one kind of system that can be connected.
type ConnectorKind struct {
	URL      string
	Title    string
	Sentence string
}

// ConnectorRow is one connector with how it goes.
type ConnectorRow struct {
	URL      string
	Name     string
	Kind     string
	State    Tag
	Why      string // it is away because
	Waiting  Figure
	Refused  Figure
	LastDone time.Time
}

// ConnectorPage is admin/connector: how it goes, what it is told to do, what it told.
type ConnectorPage struct {
	AdminPage
	Notices    []Notice
	Actions    []PageAction
	Facts      Ledger
	Hook       string // where it posts to; empty: it does not
	HookNote   string
	Tested     *Answered
	Form       *Sheet
	Replay     *Sheet
	MappingURL string
	Told       []ToldRow
	Users      []TheirUserRow
}

// Answered is what a system answered to a question of ours.
type Answered struct {
	Tag       Tag
	Text      string
	Exchanges []ExchangeView
}

// ExchangeView is one request and its answer. Dry: it was not sent.
type ExchangeView struct {
	Request string
	Body    string
	Status  int
	Answer  string
	Dry     bool
}

// ToldRow is one thing that a connector told.
type ToldRow struct {
	At      time.Time
	What    string
	URL     string
	Outcome Tag
	Reason  string
	How     string
}

// TheirUserRow is somebody who can own things there, and who of ours that is.
type TheirUserRow struct{ Name, Email, Ours string }

// MappingPage is admin/connector_mapping. Its buttons are named "do": save, try.
type MappingPage struct {
	AdminPage
	PostURL  string
	Hidden   []KV
	Error    string
	ReadOnly bool
	Rows     []MappingRow // none for those that take events as they are
	Try      *FieldView   // nil for those who may not
	LeadName string
	Dry      *Answered
}

// MappingRow is one line of a mapping; Index numbers its inputs.
type MappingRow struct {
	Index    int
	Objects  []OptionView
	Values   []OptionView
	Fixed    string // the text, where the value is a text of our own
	Property string
	Policies []OptionView
}

// PushesPage is admin/pushes.
type PushesPage struct {
	AdminPage
	Filters    Filters
	Tools      TableTools
	Columns    []Column
	Rows       []PushRow
	Pagination Pagination
	Empty      Empty
}

// PushRow is one push, of a lead's pushes too. Person is empty once erased.
type PushRow struct {
	URL       string
	What      string
	Person    string
	LeadURL   string
	Connector string
	State     Tag
	Reason    string
	Tries     int
	At        time.Time
}

// PushPage is admin/push: one push with each try.
type PushPage struct {
	AdminPage
	Notices []Notice
	Actions []PageAction
	Facts   Ledger
	Payload string
	Tries   []PushTryRow
}

// PushTryRow is one try with what was sent and what came back.
type PushTryRow struct {
	Number   int
	Outcome  Tag
	Status   int
	Started  time.Time
	Finished time.Time
	Request  string
	Answer   string
}
