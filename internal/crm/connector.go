// Package crm speaks to other people's systems: one file a system, one explicit list, one conformance suite for all. It knows
// nothing of our rows: what is to be told comes in a Call, what came of it goes back in an Outcome.
package crm

import (
	"context"
	"net/http"
	"time"

	"github.com/gatehouse/gatehouse/internal/errs"
)

// Connector is one kind of system.
type Connector interface {
	About() About
	// Push tells it one thing. Told again after any outcome, it still holds one object for one of ours.
	Push(ctx context.Context, c Config, call Call) Outcome
	// Pull reads what changed there since the cursor ("" is: from now on).
	Pull(ctx context.Context, c Config, cursor string) (Page, Outcome)
	// Hook reads what it posted to us, after checking who signed it.
	Hook(c Config, h Hook) ([]Change, error)
	// Test asks it who we are and whether what we need is there. It changes nothing.
	Test(ctx context.Context, c Config) Outcome
}

// About is what the pages for staff say of a connector, and what it can do.
type About struct {
	Kind     string
	Title    string
	Sentence string
	Fields   []Field
	Values   []ValueName // of ours, that a mapping may carry; none: it takes events as they are
	Mapping  []Line      // to begin with
	Alerts   bool        // it tells people: an assignment is an alert, and many are a digest
	Events   bool        // each event is told by itself; else the newest state of an object
	Pulls    bool        // it can be asked what changed
	Hooks    bool        // it can tell by itself
}

// Field is one setting as a form shows it. A secret is kept sealed and never shown again.
type Field struct {
	Name     string
	Label    string
	Help     string
	Type     string // text, url, password, select, textarea, checkbox, events (names of EventTypes, a line each)
	Required bool
	Secret   bool
	Default  string
	Options  [][2]string // value and label
}

// Config is what staff set: settings and secrets by name.
type Config struct {
	Settings map[string]string
	Secrets  map[string]string
	Mapping  []Line
	Dry      bool   // reads only; what would be written is told in the Outcome
	Mutant   string // the promise that a test of the tests breaks; "" in every product
}

// Get is a setting, or the default that its field names.
func (c Config) Get(name string, fields []Field) string {
	if v := c.Settings[name]; v != "" {
		return v
	}
	for _, f := range fields {
		if f.Name == name {
			return f.Default
		}
	}
	return ""
}

// The objects of ours that others may hold.
const (
	Person  = "person"
	Company = "company"
	Lead    = "lead" // where a system keeps leads apart from persons
	Deal    = "deal"
)

// Call is one thing to tell.
type Call struct {
	ID         string // the same through every retry
	Type       string // of the event
	At         time.Time
	Key        string           // of the person: opaque, ours, for ever
	DealKey    string           // "" unless it is about a deal
	CompanyKey string           // "" for somebody of no company
	Values     Values           // by the names of ours
	Data       any              // what an event says, for systems that take events as they are
	Digest     []Values         // many alerts in one
	Known      map[string]Known // by object
	Erase      bool             // the person is erased here
	Merged     bool             // the lead was merged into another one
	Keep       []string         // with Merged: ids there that are the other one's
	Deals      []string         // with Erase: the ids of their deals there
	Companies  []string         // with Erase: the ids of companies that are nobody's any more
	Lead       bool             // it is a lead for sales by now
}

// Known is what we know of their object: its id, and by property what both sides agreed on last.
type Known struct {
	ID   string
	Sent map[string]string
	Gone bool // deleted there
}

// Class is what a try came to.
type Class string

// The classes, as they are kept with a try.
const (
	Done          Class = "done"
	Retry         Class = "retry"         // known not to have been taken: later
	RateLimited   Class = "rate_limited"  // they ask us to wait
	Unauthorised  Class = "unauthorised"  // nothing goes through before somebody mends the key
	Misconfigured Class = "misconfigured" // nothing like it goes through before somebody mends the settings
	Refused       Class = "refused"       // this one never goes through
	Unknown       Class = "unknown"       // no complete answer: it may have been taken
)

// Outcome is what a try came to, and what to remember.
type Outcome struct {
	Class   Class
	Status  int           // of the last answer, 0: none
	Wait    time.Duration // of RateLimited; 0: they did not say
	Reason  string        // a sentence without secrets and personal data
	Trace   []Exchange
	Objects []Object
	Theirs  []Change // they changed it meanwhile; we left it as it is
}

// Exchange is one request and its answer as a page may show them: no host, no header, no secret.
type Exchange struct {
	Method string `json:"method"`
	Path   string `json:"path"`
	Body   string `json:"body,omitempty"`
	Status int    `json:"status,omitempty"`
	Answer string `json:"answer,omitempty"`
	Dry    bool   `json:"dry,omitempty"`
}

// Object is their object for one of ours.
type Object struct {
	Object string // person, company, lead, deal
	Kind   string // as they call it
	ID     string
	Sent   map[string]string // what both sides agree on now, by property
	Gone   bool              // it is no longer there
}

// Hook is what was posted to us.
type Hook struct {
	Method string
	URL    string // as the sender knows it
	Header http.Header
	Body   []byte
	Now    time.Time
}

// Change is what became of one of their objects. A nil field did not change or is not told.
type Change struct {
	EventKey   string    `json:"event_key"` // each is applied once
	Object     string    `json:"object"`
	Kind       string    `json:"kind"`
	ID         string    `json:"id"`
	Key        string    `json:"key,omitempty"` // ours, where they keep it
	Email      string    `json:"email,omitempty"`
	At         time.Time `json:"at"`
	Stage      *string   `json:"stage,omitempty"` // ours, after the mapping of stages
	TheirStage string    `json:"their_stage,omitempty"`
	Owner      *string   `json:"owner,omitempty"` // their id, or
	OwnerEmail string    `json:"owner_email,omitempty"`
	Value      *string   `json:"value,omitempty"` // in major units
	Currency   string    `json:"currency,omitempty"`
	Reason     string    `json:"reason,omitempty"`
	OptOut     bool      `json:"opt_out,omitempty"`
	Domain     string    `json:"domain,omitempty"` // of a company, or the address of its site
	Name       string    `json:"name,omitempty"`   // of a company
	Deleted    bool      `json:"deleted,omitempty"`
}

// Page is what a Pull read. More: ask again at once.
type Page struct {
	Changes []Change // of people and deals that changed from now on, and of all their companies from the beginning
	Users   []User
	Cursor  string
	More    bool
}

// User is one of theirs who can own things.
type User struct{ ID, Name, Email string }

// ownersField is whether their companies are read: who owns one there is the existing owner of its leads here.
var ownersField = Field{Name: "owners", Label: "Owners of companies", Type: "select", Default: readOwners,
	Options: [][2]string{{readOwners, "Ask who owns each company there: its new leads go to them first"}, {"leave", "Do not ask"}}}

const readOwners = "read"

// outOnly is for systems that tell us nothing.
type outOnly struct{}

func (outOnly) Pull(context.Context, Config, string) (Page, Outcome) {
	return Page{}, Outcome{Class: Done}
}
func (outOnly) Hook(Config, Hook) ([]Change, error) { return nil, errNoHooks }

var errNoHooks = errs.New(errs.NotFound, "There is no page at this address.")

var errBadSignature = errs.New(errs.Unauthorized, "The signature does not fit.")
