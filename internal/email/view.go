package email

// View is everything a mail template may show. A claim's typed data (name, company, answers) is deliberately absent:
// anyone can type anyone's address, so no mail repeats what a form was told. Links are absolute; times and numbers come
// as the words to print.
type View struct {
	Language      string // BCP 47; empty: "en"
	CompanyName   string
	PostalAddress string // may have several lines
	SenderName    string // the person or team that signs
	ReplyWelcome  bool   // answers reach a person, and the mail may say so

	DocumentTitle  string
	Opening        string // the gate's own first paragraphs, plain text; empty: a standard sentence
	DocumentFormat string // "PDF, 14 pages"
	Link           string // the one button
	LinkValid      string // "30 days"
	Asks           bool   // the document asks its reader something, on the page behind the link
	ConsentLine    string // text of the consent that was ticked on the form; empty: none was

	PreferencesLink string
	PrivacyLink     string
	ImprintLink     string
	Why             string // "You get this because somebody, presumably you, typed this address at ... on 3 March 2026."

	// Staff mail only.
	Count       int    // quarantine_digest: how many submissions wait
	Oldest      string // quarantine_digest: since when the oldest waits
	NewAccount  bool   // password: the first one, not a reset
	Alarm       string // alarm: what failed, half a line
	AlarmDetail string // alarm: since when, how often, what it means; no personal data
	Todo        []string
	Sales       *Sales // assigned, assigned_digest, clock_warning, clock_escalation
}

// Sales is what a mail to those who sell shows of a lead: staff mail, so it may say who somebody is.
type Sales struct {
	To        string   // first name of the reader
	Who       string   // the person, "" in a digest
	About     string   // "Managing director, Archer & Sons, United Kingdom"
	Asked     string   // the document that they asked for
	Said      []string // what they said, the weightiest first
	Score     string   // "Grade A1, 74 points"
	Lines     []string // three lines of the ledger
	Why       string   // why this owner
	FirstStep string   // "Call, due Tuesday 3 March, 10:00"
	Clock     string   // until when an answer is expected
	Button    string
	Opening   string     // the sentence above everything
	Items     []SaleItem // digest
}

// SaleItem is one line of a digest: it names no person.
type SaleItem struct{ Title, Note, Link string }

// The templates. Each has an .html and a .txt file under email/; the .txt file also defines the subject.
const (
	TemplateRequested        = "requested"         // here is your document
	TemplateFreshLink        = "fresh_link"        // a fresh link for an expired one
	TemplateQuarantineDigest = "quarantine_digest" // staff: submissions wait for a look
	TemplatePassword         = "password"          // staff: one-time link to set a password
	TemplateAlarm            = "alarm"             // staff: something failed
	TemplateAssigned         = "assigned"          // sales: a lead is yours
	TemplateAssignedDigest   = "assigned_digest"   // sales: several leads are yours
	TemplateClock            = "clock"             // sales: the first-response clock warns, or tells the manager
)

// Templates lists every template name.
func Templates() []string {
	return []string{TemplateRequested, TemplateFreshLink, TemplateQuarantineDigest, TemplatePassword, TemplateAlarm, TemplateAssigned, TemplateAssignedDigest, TemplateClock}
}

// Sample is a filled view for previews, for the check at the start and for tests.
func Sample() View {
	return View{
		Language: "en", CompanyName: "Ace & Partners", PostalAddress: "Ace & Partners Ltd\n12 Castle Street\nLondon WC2A 3HP",
		SenderName: "Ruth Adler", ReplyWelcome: true,
		DocumentTitle: "8 Questions to Ask Your Marketing Team", DocumentFormat: "PDF, 14 pages",
		Opening: "Thank you for asking. The eight questions take about a quarter of an hour to read; " +
			"the figure to ask for stands in the margin of each.",
		Link: "https://papers.example.com/d/AQEBmZc0bq9yQeWcZ0r2m3dLx8a7kP1nTqv4sUuYwz5e6f7G8h9", LinkValid: "30 days", Asks: true,
		ConsentLine:     "Yes, write to me about once a month about marketing that can be counted.",
		PreferencesLink: "https://papers.example.com/u/AQEBmZc0bq9yQeWcZ0r2m3dLx8a7kP1nTqv4sUuYwz5e6f7G8h9",
		PrivacyLink:     "https://papers.example.com/privacy", ImprintLink: "https://papers.example.com/imprint",
		Why:   "You get this because somebody, presumably you, typed this address at papers.example.com on 3 March 2026.",
		Count: 3, Oldest: "Tuesday 3 March 2026, 09:40", Alarm: "SendGrid refuses our key",
		AlarmDetail: "Since 09:40 every try has been answered with 401. Mail waits in the queue; nothing is lost.",
		Todo:        []string{"Check the key in SENDGRID_API_KEY.", "Run “gatehouse doctor”.", "Let the mail go on at the messages page."},
		Sales: &Sales{To: "Ana", Who: "Ann Weatherby", About: "Managing director, Weatherby Ltd, United Kingdom", Asked: "8 Questions",
			Said:  []string{"Call me: Tuesday 10:00 to 11:00, Europe/London", "Asks: “How do you count a lead that came twice?”", "“What does a qualified lead cost?”: this one is us"},
			Score: "Grade A1, 74 points", Lines: []string{"+20 said that a question is theirs", "+15 decides: managing director", "+12 read the whitepaper twice"},
			Why: "rule 2, British Isles; Ana had 3.0, Ben 3.5", FirstStep: "Call, due Tuesday 3 March, 10:00", Clock: "An answer is expected by Tuesday 3 March, 11:40.",
			Button: "Take this lead", Opening: "A lead is yours.",
			Items: []SaleItem{{Title: "Weatherby Ltd", Note: "grade A1; rule 2, British Isles", Link: "https://papers.example.com/admin/claim/1"}}},
	}
}
