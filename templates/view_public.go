package templates

import "time"

// Page is what every page for prospects carries; embed it by value. Lang is a BCP 47 tag ("en-GB", "de"): it chooses the
// message catalogue and the lang attribute; empty means English. CanonicalURL is absolute, or empty on pages with a token.
type Page struct {
	Title        string // of the document, without the company's name
	Description  string
	Lang         string
	CompanyName  string
	HomeURL      string // empty: "/"
	PrivacyURL   string // empty: no link
	ImprintURL   string
	CanonicalURL string
	NoIndex      bool
	OG           *OpenGraph // nil: no preview
}

// OpenGraph is the preview that other sites show. Image is an absolute URL.
type OpenGraph struct {
	Image     string
	ImageAlt  string
	ImageW    int
	ImageH    int
	Published time.Time
}

// PageLanguage tells the engine which catalogue to use.
func (p Page) PageLanguage() string { return p.Lang }

// Link is a place to go.
type Link struct {
	Label   string
	URL     string
	Summary string
}

// KV is one hidden input, or one line of a list of facts.
type KV struct {
	Key   string
	Value string
}

// Picture has its size in pixels, so that nothing jumps while it loads.
type Picture struct {
	URL    string
	Width  int
	Height int
	Alt    string
}

// OptionView is one choice of a select. The engine puts an empty choice first where nothing has been chosen.
type OptionView struct {
	Value    string
	Label    string
	Selected bool
}

// FieldView is one question as a partial "field/{Type}" draws it. ID is unique on the page; DescribedBy holds the ids
// of help and error, space separated, empty when there is neither (WithIDs fills both in). Error is a plain sentence;
// Suggestion is what the person probably meant.
type FieldView struct {
	Name         string
	ID           string
	Type         string
	Label        string
	Help         string
	Value        string
	Error        string
	Suggestion   string
	DescribedBy  string
	Required     bool
	Plain        bool // says nothing of being optional: it is asked for by its own button
	Half         bool
	MaxLength    int
	Autocomplete string
	InputMode    string
	Options      []OptionView
	Checked      bool
	Focus        bool // the first one with a fault: autofocus

	depth int // of fields that draw fields
}

// HelpID is the id of the element that holds Help.
func (f FieldView) HelpID() string { return f.ID + "-help" }

// ErrorID is the id of the element that holds Error; the element is always on the page, empty without a fault.
func (f FieldView) ErrorID() string { return f.ID + "-error" }

// WithIDs fills in ID ("f-" and the name) and DescribedBy, the way scripts and partials expect them.
func (f FieldView) WithIDs() FieldView {
	if f.ID == "" {
		f.ID = "f-" + f.Name
	}
	f.DescribedBy = ""
	if f.Help != "" {
		f.DescribedBy = f.HelpID()
	}
	if f.Error != "" {
		if f.DescribedBy != "" {
			f.DescribedBy += " "
		}
		f.DescribedBy += f.ErrorID()
	}
	return f
}

// ConsentView is one box; the input's name is "consent." and Key. Never ticked before the person did it.
type ConsentView struct {
	Key      string
	Text     string
	Required bool
	Checked  bool
	Error    string
}

// GatePage is public/gate. The same struct draws the page again with faults (422), with a wait (429) or while the
// database is away (503): set the field's errors, FormError, FirstInvalid, and keep every value. FirstInvalid is the
// ID of the first field with a fault: it gets autofocus.
type GatePage struct {
	Page
	Slug         string
	Kicker       string
	Heading      string // the title a person reads; empty: Page.Title
	Summary      string
	Learn        []string
	Byline       string
	Format       string // "PDF, 14 pages, 15 minutes"
	Cover        *Picture
	SamplePages  []Picture // two, fanned behind the cover
	Action       string    // where the form posts, "/g/{slug}"
	StartURL     string    // answers {"token": ...}; empty: no form-age token
	Button       string
	DataNote     string
	Fields       []FieldView
	Consents     []ConsentView
	Hidden       []KV   // source and the like, posted back as they are
	HoneypotName string // empty: none
	FormError    string // a sentence for the whole form
	FirstInvalid string
	SuggestEmail string // "did you mean": the address proposed, empty without one
	AsTyped      string // hidden input email_as_typed: the address that a second post keeps
	Preview      string // a sentence for staff: the page is a draft, and its button is dead
}

// ThanksState is the truth about the mail.
type ThanksState string

// The states of public/thanks. Quarantined means that a person looks at the request first; it never says why.
const (
	ThanksOnItsWay    ThanksState = "on-its-way"
	ThanksSent        ThanksState = "sent"
	ThanksDelivered   ThanksState = "delivered"
	ThanksCameBack    ThanksState = "came-back"
	ThanksStopped     ThanksState = "stopped"
	ThanksHeld        ThanksState = "held"
	ThanksQuarantined ThanksState = "quarantined"
	ThanksCancelled   ThanksState = "cancelled"
)

// ThanksPage is public/thanks. MaskedAddress ("a…@example.org") is empty after an hour. StateURL answers with this same
// page; the script fetches it a few times and takes the state block out of it. CorrectAction takes POST email;
// ResendAction takes an empty POST. Empty actions hide their forms.
type ThanksPage struct {
	Page
	Heading       string // the gate's own; empty: the catalogue's sentence for the state
	Text          string // the gate's own, shown below the state
	DocumentTitle string
	State         ThanksState
	MaskedAddress string
	SenderName    string // "look for a mail from ..."
	SenderAddress string
	HeldUntil     time.Time
	CanCorrect    bool
	CorrectAction string
	CorrectValue  string
	CorrectError  string
	CorrectHint   string // suggestion: "did you mean ..."
	ResendAction  string
	StateURL      string
	Notice        string // "We have sent it again."
	Hidden        []KV   // posted back by both forms, e.g. the receipt
	Meanwhile     []Link
	Cover         *Picture
	BackURL       string    // to the gate page
	Said          *SaidView // nil: nothing to say here
}

// DocumentPage is public/document, /d/{token}: the document is the hero, nothing personal. Missing shows a calm page
// without buttons while the file cannot be served.
type DocumentPage struct {
	Page
	Kicker         string
	Heading        string
	Summary        string
	Byline         string
	Format         string // "PDF, 14 pages, 1.2 MB"
	Published      time.Time
	Cover          *Picture
	ReadAction     string
	DownloadAction string
	Missing        bool
	Meanwhile      []Link
	Said           *SaidView // nil: nothing to say here
}

// ExpiredPage is public/expired: the link was real once. Action takes an empty POST and sends a fresh link to the same
// address. Sent is the page after it; HeldUntil is set when the mail waits for a limit.
type ExpiredPage struct {
	Page
	DocumentTitle string
	Superseded    bool // a newer link exists already
	Action        string
	Sent          bool
	HeldUntil     time.Time
}

// PreferencesPage is public/preferences, /u/{token}. The POST carries choice = "marketing", "requested" or "never".
// It names no person.
type PreferencesPage struct {
	Page
	Action string
	Choice string // "marketing", "requested" (only what was asked for), "never"
	Saved  bool
	Said   *SaidView // how to be met; nil: nothing to say here
}

// LibraryItem is one published gate.
type LibraryItem struct {
	Kicker  string
	Title   string
	Summary string
	URL     string
	Format  string
	Cover   *Picture
}

// LibraryPage is public/library, /.
type LibraryPage struct {
	Page
	Heading string // empty: the catalogue's
	Text    string
	Items   []LibraryItem
}

// MessagePage is public/message: every error that a person may see. Status chooses the words of the catalogue
// (404, 405, 410, 413, 429, 500, 503); Heading and Text replace them. With Action, the page offers "try again" with what
// was typed, carried in Kept. ID is the request's id, shown for 500.
type MessagePage struct {
	Page
	Status     int
	Heading    string
	Text       string
	ID         string
	RetryAfter time.Duration
	Action     string
	Kept       []KV
	LoginURL   string // for staff whose session ended while they filled in a form
	Links      []Link
}

// InboxRow is one captured mail in the list.
type InboxRow struct {
	URL     string
	From    string
	To      string
	Subject string
	Preview string
	Kind    string
	At      time.Time
}

// InboxPage is public/inbox, /dev/mail: the newest first.
type InboxPage struct {
	Page
	Messages []InboxRow
	Total    int
	PrevURL  string
	NextURL  string
	GateURL  string // where to make a first mail
}

// InboxMessagePage is public/inbox_message. Tab is "html", "text" or "source". The html part is shown in a sandboxed
// frame from HTMLURL, which answers under a policy of its own.
type InboxMessagePage struct {
	Page
	BackURL   string
	Subject   string
	From      string
	To        string
	At        time.Time
	Kind      string
	Headers   []KV
	Tab       string
	TabURLs   struct{ HTML, Text, Source string }
	HTMLURL   string
	Text      string
	Source    string
	SourceURL string // download as .eml, empty: none
	LinkURLs  []Link // the links of the letter, so that they can be opened outside the frame
}

// LoginPage is admin/login. Action takes POST email, password, next.
type LoginPage struct {
	Page
	Action   string
	ResetURL string
	Email    string
	Next     string
	Error    string
	Notice   string
}

// SetupPage is admin/setup: the one-time link that makes the first admin, or lets an invited user set a password. The
// POST carries name, email (both only when First), password. Used up or unknown: Invalid.
type SetupPage struct {
	Page
	Action      string
	First       bool
	Name        string
	Email       string
	MinLength   int
	Errors      map[string]string // by field: name, email, password
	Invalid     bool
	LoginURL    string
	CompanyHint string
}

// ResetPage is admin/reset. Stage is "ask" (POST email), "sent", "set" (POST password) or "invalid".
type ResetPage struct {
	Page
	Stage     string
	Action    string
	Email     string
	MinLength int
	Error     string
	LoginURL  string
}
