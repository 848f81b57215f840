package crm

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	gosync "sync"
	"time"

	"github.com/gatehouse/gatehouse/internal/errs"
)

// Salesforce is spoken to over its REST API with the client credentials of a connected app. A person is a Lead, a deal an
// Opportunity, each upserted by an external id field that holds our key.
type Salesforce struct {
	client *Client
	mu     gosync.Mutex
	tokens map[string]salesforceToken
}

type salesforceToken struct{ access, instance string }

func newSalesforce(c *Client) *Salesforce {
	return &Salesforce{client: c, tokens: map[string]salesforceToken{}}
}

var salesforceFields = []Field{
	{Name: "domain", Label: "My Domain", Type: "url", Required: true, Help: "https://yours.my.salesforce.com"},
	{Name: "client_id", Label: "Consumer key of the connected app", Type: "text", Required: true},
	{Name: "client_secret", Label: "Consumer secret", Type: "password", Required: true, Secret: true, Help: "The app needs the client credentials flow and a user to run as."},
	{Name: "api_version", Label: "Version of the API", Type: "text", Default: "v62.0"},
	{Name: "key_field", Label: "External id field", Type: "text", Default: "Gatehouse_Key__c", Help: "A text field, unique and an external id, on Lead and Opportunity."},
	{Name: "stages", Label: "Stages", Type: "textarea", Default: "discovery = Qualification\nproposal = Proposal/Price Quote\nnegotiation = Negotiation/Review\nwon = Closed Won\nlost = Closed Lost",
		Help: "A line each: our stage = the name of theirs."},
	{Name: "erase", Label: "When a person is erased here", Type: "select", Default: "delete", Options: [][2]string{{"delete", "Delete the lead there"}, {"tell", "Tell the person named below, who does it by hand"}}},
	ownersField,
}

// About says what it is.
func (s *Salesforce) About() About {
	return About{Kind: "salesforce", Title: "Salesforce", Sentence: "Leads and opportunities, and what becomes of them.", Fields: salesforceFields, Values: ValueNames, Pulls: true,
		Mapping: []Line{
			{Person, "given_name", "FirstName", Fill}, {Person, "family_name", "LastName", Fill}, {Person, "company", "Company", Fill}, {Person, "email", "Email", Overwrite},
			{Person, "tel", "Phone", Fill}, {Person, "job_title", "Title", Fill}, {Person, "=Whitepaper", "LeadSource", Fill}, {Person, "owner", "OwnerId", Overwrite},
			{Person, "consent", "Gatehouse_Consent__c", Overwrite}, {Person, "contact_choice", "Gatehouse_Contact_Choice__c", Overwrite}, {Person, "said", "Gatehouse_Said__c", Overwrite},
			{Person, "grade", "Gatehouse_Grade__c", Overwrite},
			{Deal, "deal_title", "Name", Fill}, {Deal, "deal_stage", "StageName", Overwrite}, {Deal, "deal_value", "Amount", Overwrite}, {Deal, "deal_expected", "CloseDate", Overwrite},
			{Deal, "deal_owner", "OwnerId", Overwrite},
		}}
}

// login gives a talk that is let in: the token is kept until it is refused, since nothing says how long it holds.
func (s *Salesforce) login(ctx context.Context, c Config) (*talk, error) {
	t := &talk{client: s.client, dry: c.Dry, fault: s.fault}
	id := c.Settings["domain"] + "\x00" + c.Settings["client_id"] + "\x00" + c.Secrets["client_secret"]
	s.mu.Lock()
	tok, ok := s.tokens[id]
	s.mu.Unlock()
	if !ok {
		form := "grant_type=client_credentials&client_id=" + url.QueryEscape(c.Settings["client_id"]) + "&client_secret=" + url.QueryEscape(c.Secrets["client_secret"])
		r := s.client.do(ctx, http.MethodPost, strings.TrimRight(c.Settings["domain"], "/")+"/services/oauth2/token",
			http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "Accept": {"application/json"}}, []byte(form))
		if r.fault != nil {
			if r.fault.Class == Unknown {
				r.fault.Class = Retry // a login changes nothing
			}
			return t, r.fault
		}
		if f := s.client.judge(r); f != nil {
			if f.Class == Refused {
				f.Class, f.Reason = Unauthorised, "it refuses the connected app's key and secret"
			}
			return t, f
		}
		var out struct {
			AccessToken string `json:"access_token"`
			InstanceURL string `json:"instance_url"`
		}
		if err := json.Unmarshal(r.body, &out); err != nil || out.AccessToken == "" {
			return t, &Fault{Class: Unauthorised, Status: r.status, Reason: "the login's answer cannot be read"}
		}
		tok = salesforceToken{out.AccessToken, out.InstanceURL}
		s.mu.Lock()
		s.tokens[id] = tok
		s.mu.Unlock()
	}
	t.base, t.auth = strings.TrimRight(tok.instance, "/"), http.Header{"Authorization": {"Bearer " + tok.access}}
	return t, nil
}

func (s *Salesforce) forget(c Config) {
	s.mu.Lock()
	delete(s.tokens, c.Settings["domain"]+"\x00"+c.Settings["client_id"]+"\x00"+c.Secrets["client_secret"])
	s.mu.Unlock()
}

// again runs fn with a login, and once more with a fresh one if the session was over.
func (s *Salesforce) again(ctx context.Context, c Config, fn func(*talk) error) (*talk, error) {
	for try := 1; ; try++ {
		t, err := s.login(ctx, c)
		if err == nil {
			err = fn(t)
		}
		if isStatus(err, 0) { // the address that the login named cannot be reached: the next login may name another
			s.forget(c)
		}
		if !isStatus(err, http.StatusUnauthorized) || try == 2 {
			return t, err
		}
		s.forget(c)
	}
}

func (s *Salesforce) fault(r reply) *Fault {
	f := s.client.judge(r)
	if f == nil {
		return nil
	}
	var body []struct {
		ErrorCode, Message string
		Fields             []string
		DuplicateResult    struct{ AllowSave bool }
	}
	_ = json.Unmarshal(r.body, &body)
	if len(body) == 0 {
		if r.status == http.StatusMultipleChoices {
			f.Class, f.Reason = Misconfigured, "several records there have the same key: the external id field is not unique"
		}
		return f
	}
	f.Code = body[0].ErrorCode
	fields := ""
	if len(body[0].Fields) > 0 {
		fields = ": " + strings.Join(body[0].Fields, ", ")
	}
	switch f.Code {
	case "REQUEST_LIMIT_EXCEEDED":
		f.Class, f.Wait, f.Reason = RateLimited, 15*time.Minute, "today's quota is used up"
	case "SERVER_UNAVAILABLE", "UNABLE_TO_LOCK_ROW":
		f.Class, f.Reason = Retry, "it is busy"
	case "INVALID_SESSION_ID":
		f.Class, f.Reason = Unauthorised, "the session is over"
	case "INVALID_FIELD", "NOT_FOUND", "INVALID_TYPE", "INVALID_FIELD_FOR_INSERT_UPDATE":
		if f.Code != "NOT_FOUND" {
			f.Class, f.Reason = Misconfigured, "a field of the mapping does not exist there or may not be written"+missingField(body[0].Message, fields)
		}
	case "DUPLICATES_DETECTED":
		f.Reason = "its rules against duplicates refuse this"
		if body[0].DuplicateResult.AllowSave {
			f.Code = "DUPLICATES_ALLOWED"
		}
	case "DUPLICATE_VALUE":
		f.Code, f.Reason = codeConflict, "another record there has this key already: merge the two there"
	case "CANNOT_UPDATE_CONVERTED_LEAD":
		f.Reason = "the lead was converted there, and is theirs since: look at the contact that it became"
	case "REQUIRED_FIELD_MISSING":
		f.Class, f.Reason = Misconfigured, "a field that it requires is not in the mapping"+fields
	default:
		f.Reason += fields
	}
	return f
}

func missingField(message, fields string) string {
	if _, rest, ok := strings.Cut(message, "No such column '"); ok {
		if name, _, ok := strings.Cut(rest, "'"); ok && len(name) < 100 {
			return ": " + name
		}
	}
	return fields
}

func (s *Salesforce) vendor(c Config) *salesforce {
	return &salesforce{key: c.Get("key_field", salesforceFields), root: "/services/data/" + c.Get("api_version", salesforceFields), lines: c.Mapping}
}

// Push upserts the Lead and the Opportunity.
func (s *Salesforce) Push(ctx context.Context, c Config, call Call) Outcome {
	stages, err := ParseStages(c.Get("stages", salesforceFields))
	if err != nil {
		return (&talk{}).end(&Fault{Class: Misconfigured, Reason: errs.Public(err).Message}, nil)
	}
	var last *sync
	t, err := s.again(ctx, c, func(t *talk) error {
		last = &sync{v: s.vendor(c), t: t, c: c, stages: stages, call: call}
		return last.run(ctx)
	})
	if last == nil {
		return t.end(err, nil)
	}
	o := t.end(err, last.objects)
	o.Theirs = last.theirs
	return o
}

// Test logs in and asks for the fields that the mapping names.
func (s *Salesforce) Test(ctx context.Context, c Config) Outcome {
	v := s.vendor(c)
	t, err := s.again(ctx, c, func(t *talk) error {
		var missing []string
		for _, object := range []string{Person, Deal} {
			var out struct{ Fields []struct{ Name string } }
			if err := t.get(ctx, v.root+"/sobjects/"+v.kind(object)+"/describe", &out); err != nil {
				return err
			}
			need := []string{v.key}
			for _, l := range c.Mapping {
				if l.Object == object && l.Policy != Never {
					need = append(need, l.Property)
				}
			}
			for _, p := range unique(need) {
				if !slices.ContainsFunc(out.Fields, func(f struct{ Name string }) bool { return f.Name == p }) {
					missing = append(missing, v.kind(object)+"."+p)
				}
			}
		}
		if len(missing) > 0 {
			return &Fault{Class: Misconfigured, Reason: "fields are missing there: " + strings.Join(missing, ", ")}
		}
		return nil
	})
	for i := range t.trace {
		t.trace[i].Answer = ""
	}
	return t.end(err, nil)
}
