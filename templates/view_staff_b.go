package templates

import "time"

// Sheet is a form of the staff pages: fields in groups, one button. With File its body is multipart.
type Sheet struct {
	Action       string
	Groups       []SheetGroup
	Hidden       []KV
	Error        string // a sentence for the whole form
	FirstInvalid string
	Button       string
	File         bool
	CancelURL    string
	Minor        bool // beside a form that matters more: its button stands back
}

// SheetGroup is fields under a heading; an empty title draws none.
type SheetGroup struct {
	Title  string
	Note   string
	Fields []FieldView
}

// GateRow is one landing page of the list.
type GateRow struct {
	URL         string
	Title       string
	Slug        string
	PublicURL   string // empty: not published
	Document    string
	State       Tag
	Note        string // "version 3; the draft has changes"
	Submissions int
	Updated     time.Time
}

// GatesPage is admin/gates: the list, or with New the form for a new page.
type GatesPage struct {
	AdminPage
	New   *Sheet
	Tools TableTools
	Rows  []GateRow
	Empty Empty
}

// GateRowEdit is one question or consent of the form that is being edited. Prefix begins the names of its inputs.
type GateRowEdit struct {
	Anchor      string
	Heading     string
	Index       int
	First, Last bool
	Fields      []FieldView
}

// GateVersionRow is one published version.
type GateVersionRow struct {
	Number  int32
	Current bool
	By      string
	At      time.Time
	Redraft PageAction
}

// GateEditPage is admin/gate_edit. Save, publish and the changes of rows are buttons of one form, named "do". Theirs is
// the version that somebody else has saved meanwhile, 0 without such a conflict.
type GateEditPage struct {
	AdminPage
	PostURL       string
	Version       int64
	Theirs        int64
	Error         string
	FirstInvalid  string
	Faults        int
	State         Tag
	Facts         Ledger
	PreviewURL    string
	Unpublished   bool // publishing makes it public, not just newer
	Archived      bool
	Texts         []FieldView
	After         []FieldView
	Rules         []FieldView
	Questions     []GateRowEdit
	QuestionsNote string // a fault of the questions together
	Consents      []GateRowEdit
	ConsentsNote  string
	Versions      []GateVersionRow
	Slug          Sheet
	Actions       []PageAction
	ReadOnly      bool // the role may look, not write
}

// DocumentRow is one document of the list.
type DocumentRow struct {
	URL      string
	Title    string
	Note     string // "English, by Clara Hofmann"
	File     string // "Version 2, 24 pages, 440 KB"
	Gates    string // "on 2 landing pages"
	State    Tag
	Updated  time.Time
	Archived bool
}

// DocumentsPage is admin/documents: the list, or with New the form for an upload.
type DocumentsPage struct {
	AdminPage
	New   *Sheet
	Tools TableTools
	Rows  []DocumentRow
	Empty Empty
}

// DocumentVersionRow is one version of a document.
type DocumentVersionRow struct {
	Number   int32
	Current  bool
	Format   string
	By       string
	At       time.Time
	FileURL  string
	SHA256   string
	Findings []string
	Serve    *PageAction // makes it the one that links serve
}

// Choices says whether another version can be served instead.
func (p DocumentPageStaff) Choices() bool {
	for _, v := range p.Versions {
		if v.Serve != nil {
			return true
		}
	}
	return false
}

// QuestionsForm is what a document asks its reader. The POST carries the version, id0 ..., question00 ... in their order, and
// do: "save", "add", "up.N", "down.N", "remove.N". All but "save" only change the form.
type QuestionsForm struct {
	Action  string
	Hidden  []KV
	Rows    []QuestionRow
	Error   string
	Unsaved bool
}

// QuestionRow is one question; an empty ID is a new one. Ours is how many people said that it is theirs.
type QuestionRow struct {
	Index int
	Name  string
	ID    string
	Text  string
	Ours  int
	Error string
	First bool
	Last  bool
}

// DocumentPageStaff is admin/document.
type DocumentPageStaff struct {
	AdminPage
	Cover     *Picture // nil: the page draws one from the title
	State     Tag
	Facts     Ledger
	Versions  []DocumentVersionRow
	Gates     []GateRow
	Upload    *Sheet
	Edit      *Sheet
	Samples   *Sheet         // which pages everybody may see
	Questions *QuestionsForm // what it asks its reader
	Actions   []PageAction
}

// UserRow is one member of staff.
type UserRow struct {
	URL       string
	Name      string
	Email     string
	Role      string
	State     Tag
	LastLogin time.Time
	Own       bool
}

// UsersPage is admin/users: the list, or with New the invitation, or with Link the one-time link of an invitation.
type UsersPage struct {
	AdminPage
	New   *Sheet
	Link  *OneTime
	Tools TableTools
	Rows  []UserRow
}

// OneTime is something that is shown once. Example, when set, is a command to copy.
type OneTime struct {
	Text    string
	Label   string
	Value   string
	Example string
	BackURL string
	Back    string
}

// UserPage is admin/user: one account.
type UserPage struct {
	AdminPage
	Facts   Ledger
	Role    *Sheet // nil on one's own page
	Actions []PageAction
	Note    string
}

// KeyRow is one API key.
type KeyRow struct {
	Name     string
	Prefix   string
	Scopes   []string
	State    Tag
	Created  time.Time
	LastUsed time.Time
	Revoke   *PageAction
}

// KeysPage is admin/keys: the list, or with New the form, or with Key the new key, shown once.
type KeysPage struct {
	AdminPage
	New   *Sheet
	Key   *OneTime
	Tools TableTools
	Rows  []KeyRow
	Empty Empty
}

// SettingsPage is admin/settings. Hold is why no mail goes out, empty while it does.
type SettingsPage struct {
	AdminPage
	Form    Sheet
	Hold    string
	Release PageAction
}

// AuditRow is one line of the audit log.
type AuditRow struct {
	At        time.Time
	By        string
	Kind      string // of the actor, where it is no person
	Action    string
	Code      string
	Object    string
	ObjectURL string
	Detail    []KV
}

// AuditPage is admin/audit.
type AuditPage struct {
	AdminPage
	Filters    Filters
	Tools      TableTools
	Rows       []AuditRow
	Pagination Pagination
	Empty      Empty
}

// VerifyLine is one kind of thing and the states that add up to it.
type VerifyLine struct {
	What  string
	Total int
	Parts []VerifyPart
	Sum   int
}

// VerifyPart is one state and how many are in it.
type VerifyPart struct {
	Name string
	N    int
}

// VerifyItem is one thing that nobody can explain. URL is empty where no page shows it.
type VerifyItem struct {
	Kind     string
	ID       string
	Sentence string
	URL      string
}

// VerifyPage is admin/verify.
type VerifyPage struct {
	AdminPage
	At      time.Time
	Took    string
	OK      bool
	Lines   []VerifyLine
	Items   []VerifyItem
	Total   int
	Missing int // unexplained things beyond those listed
}

// AccountPage is admin/account: one's own.
type AccountPage struct {
	AdminPage
	Facts    Ledger
	Password Sheet
	EndAll   PageAction
}
