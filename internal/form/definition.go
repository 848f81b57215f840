// Package form is one answer set to a gate: what is asked (Definition), what was typed (Input), what it means (Answers).
// Pure: no clock, no database, no network.
package form

// Gate is everything that a published gate version fixes: what the page says, what the form asks, how the mail limits and
// address policies are set. It is stored as JSON with each gate version and never changed afterwards.
type Gate struct {
	Title       string     `json:"title"`
	Kicker      string     `json:"kicker,omitempty"`
	Summary     string     `json:"summary"`             // the one paragraph that sells
	Learn       []string   `json:"learn,omitempty"`     // what you will learn, three to five lines
	Byline      string     `json:"byline,omitempty"`    // who wrote it
	Button      string     `json:"button"`              // says what happens: "Send me the whitepaper"
	DataNote    string     `json:"data_note,omitempty"` // one line below the button: what is done with the data
	Language    string     `json:"language"`            // BCP 47, "en-GB"
	ThanksTitle string     `json:"thanks_title,omitempty"`
	ThanksText  string     `json:"thanks_text,omitempty"`
	MailSubject string     `json:"mail_subject,omitempty"`
	MailText    string     `json:"mail_text,omitempty"` // the personal opening of the letter
	Origins     []string   `json:"origins,omitempty"`   // origins that may post across sites
	LinkDays    int        `json:"link_days,omitempty"` // how long a personal link opens; 0: 30
	Form        Definition `json:"form"`
}

// Definition is the form of a gate: its fields in order, then its consents.
type Definition struct {
	Fields   []Field   `json:"fields"`
	Consents []Consent `json:"consents,omitempty"`
}

// Field is one question. Name is the HTML standard's where one exists (email, given_name, family_name, company,
// job_title, tel, country); Type names an entry of Types.
type Field struct {
	Name       string   `json:"name"`
	Type       string   `json:"type"`
	Label      string   `json:"label"`
	Help       string   `json:"help,omitempty"`
	Required   bool     `json:"required,omitempty"`
	MaxLength  int      `json:"max_length,omitempty"` // in runes; 0: the type's own limit
	Options    []Option `json:"options,omitempty"`    // select
	Half       bool     `json:"half,omitempty"`       // may share a row with its neighbour
	Role       Policy   `json:"role,omitempty"`       // email: info@, sales@ ...
	Disposable Policy   `json:"disposable,omitempty"` // email: throw-away domains
	FreeMail   Policy   `json:"free_mail,omitempty"`  // email: gmail.com ...
}

// Option is one choice of a select.
type Option struct {
	Value string `json:"value"`
	Label string `json:"label"`
}

// Policy says what a gate does with an address of some class. The empty policy is Allow.
type Policy string

// The policies.
const (
	Allow  Policy = "allow"
	Flag   Policy = "flag"
	Refuse Policy = "refuse"
)

// Consent is one box that is never ticked beforehand. Text is stored word for word with each answer.
type Consent struct {
	Key      string `json:"key"` // "marketing"
	Text     string `json:"text"`
	Version  string `json:"version"`
	Required bool   `json:"required,omitempty"`
}

// Input is what came through a door, before anything was believed: field values by name, boxes by consent key.
// AsTyped is the address that the person insists on after a "did you mean ...?".
type Input struct {
	Fields   map[string]string
	Consents map[string]bool
	AsTyped  string
}
