package crm

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gatehouse/gatehouse/internal/errs"
)

// Pipedrive is spoken to with an API token: persons and deals over version 2, leads over version 1. It has no upsert, so
// each is searched before it is made: a person by our key in a custom field, then by address; an organization by our key, then
// by name; a deal by our key; a lead by its person.
type Pipedrive struct{ client *Client }

var pipedriveFields = []Field{
	{Name: "token", Label: "API token", Type: "password", Required: true, Secret: true},
	{Name: "base", Label: "Address of the API", Type: "url", Default: "https://api.pipedrive.com"},
	{Name: "person_key", Label: "Person field for our own key", Type: "text", Required: true, Help: "The 40 characters of a text field that you made for persons (Settings, Data fields, API key)."},
	{Name: "deal_key", Label: "Deal field for our own key", Type: "text", Required: true, Help: "The same for deals."},
	{Name: "org_key", Label: "Organization field for our own key", Type: "text", Required: true, Help: "The same for organizations."},
	{Name: "said_field", Label: "Person field for what they said", Type: "text", Required: true, Help: "The 40 characters of a large text field for persons. The mapping calls it @said_field."},
	{Name: "choice_field", Label: "Person field for how they want to be met", Type: "text", Help: "The 40 characters of a text field for persons. The mapping calls it @choice_field. Empty: it is not told."},
	{Name: "leads", Label: "Make a lead in Pipedrive for each qualified one", Type: "checkbox"},
	{Name: "stages", Label: "Stages", Type: "textarea", Required: true, Help: "A line each: our stage = the number of theirs, such as “discovery = 1”. Won and lost are “won = won” and “lost = lost”.",
		Default: "discovery = 1\nproposal = 2\nnegotiation = 3\nwon = won\nlost = lost"},
	{Name: "erase", Label: "When a person is erased here", Type: "select", Default: "delete", Options: [][2]string{{"delete", "Delete the person there"}, {"tell", "Tell the person named below, who does it by hand"}}},
	{Name: "hook_user", Label: "User name of their webhook", Type: "text", Help: "Pipedrive signs in with a name and a password of your choice."},
	{Name: "hook_password", Label: "Password of their webhook", Type: "password", Secret: true},
	ownersField,
}

// About says what it is.
func (p *Pipedrive) About() About {
	return About{Kind: "pipedrive", Title: "Pipedrive", Sentence: "Persons, organizations, leads and deals, and what becomes of them.", Fields: pipedriveFields, Values: ValueNames, Pulls: true, Hooks: true,
		Mapping: []Line{
			{Person, "name", "name", Fill}, {Person, "email", "emails", Fill}, {Person, "tel", "phones", Fill}, {Person, "owner", "owner_id", Overwrite}, {Person, "consent", "marketing_status", Overwrite},
			{Person, "said", "@said_field", Overwrite}, {Person, "contact_choice", "@choice_field", Overwrite}, {Company, "company_name", "name", Fill}, {Company, "company_owner", "owner_id", Fill},
			{Lead, "name", "title", Fill}, {Lead, "owner", "owner_id", Overwrite},
			{Deal, "deal_title", "title", Fill}, {Deal, "deal_stage", "stage_id", Overwrite}, {Deal, "deal_value", "value", Overwrite}, {Deal, "deal_currency", "currency", Overwrite}, {Deal, "deal_owner", "owner_id", Overwrite},
			{Deal, "deal_expected", "expected_close_date", Overwrite},
		}}
}

func (p *Pipedrive) fault(r reply) *Fault {
	f := p.client.judge(r)
	if f == nil {
		var body struct{ Success *bool }
		if json.Unmarshal(r.body, &body) == nil && body.Success != nil && !*body.Success {
			return &Fault{Class: Refused, Status: r.status, Reason: "it says that it did not do it"}
		}
		return nil
	}
	switch {
	case r.status == http.StatusTooManyRequests && f.Wait == 0:
		f.Wait = 10 * time.Second
		if n, err := strconv.Atoi(r.header.Get("X-Ratelimit-Reset")); err == nil && n >= 0 {
			f.Wait = min(time.Duration(n)*time.Second, longestWait)
		}
		if strings.Contains(string(r.body), "daily") {
			f.Wait, f.Reason = time.Hour, "today's budget is used up"
		}
	case r.status == http.StatusConflict:
		f.Code, f.Reason = codeConflict, "another record there has this address or key already: merge the two there"
	case r.status == http.StatusBadRequest && strings.Contains(strings.ToLower(string(r.body)), "field"):
		f.Class, f.Reason = Misconfigured, "a field of the mapping does not exist there or takes another kind of value"
	}
	return f
}

func (p *Pipedrive) sync(c Config, call Call) (*sync, error) {
	stages, err := ParseStages(c.Get("stages", pipedriveFields))
	if err != nil {
		return nil, &Fault{Class: Misconfigured, Reason: errs.Public(err).Message}
	}
	t := &talk{client: p.client, base: strings.TrimRight(c.Get("base", pipedriveFields), "/"), dry: c.Dry, fault: p.fault, auth: http.Header{"X-Api-Token": {c.Secrets["token"]}}}
	if w, ok := consentWords[call.Values["consent"]]; ok && propertyOf(c.Mapping, Person, "consent") == "marketing_status" {
		call.Values = maps.Clone(call.Values)
		call.Values["consent"] = w
	}
	c.Mapping = namedFields(c)
	v := &pipedrive{keys: map[string]string{Person: c.Settings["person_key"], Company: c.Settings["org_key"], Deal: c.Settings["deal_key"]}, leads: c.Settings["leads"] == "yes", lines: c.Mapping}
	return &sync{v: v, t: t, c: c, stages: stages, call: call}, nil
}

// namedFields puts the 40 characters of a field, which differ from one Pipedrive to the next, where the mapping has the name
// of the setting that holds them. What is not set is not told.
func namedFields(c Config) (out []Line) {
	for _, l := range c.Mapping {
		if name, ok := strings.CutPrefix(l.Property, "@"); ok {
			if l.Property = c.Settings[name]; l.Property == "" {
				continue
			}
		}
		out = append(out, l)
	}
	return out
}

// Push makes or mends the person, the organization, the lead, the deal.
func (p *Pipedrive) Push(ctx context.Context, c Config, call Call) Outcome {
	s, err := p.sync(c, call)
	if err != nil {
		return (&talk{}).end(err, nil)
	}
	return s.push(ctx)
}

// Test asks who we are and whether the fields for our keys exist.
func (p *Pipedrive) Test(ctx context.Context, c Config) Outcome {
	s, err := p.sync(c, Call{})
	if err != nil {
		return (&talk{}).end(err, nil)
	}
	v := s.v.(*pipedrive)
	var missing []string
	for _, object := range []string{Person, Company, Deal} {
		if v.kind(object) == "" {
			continue
		}
		path := pipedriveFieldsOf[object]
		var out struct{ Data []struct{ Key string } }
		if err := s.t.get(ctx, path, &out); err != nil {
			return s.t.end(err, nil)
		}
		for _, k := range customOf(v.lines, object, v.keys[object]) {
			found := false
			for _, f := range out.Data {
				found = found || f.Key == k
			}
			if !found {
				missing = append(missing, fmt.Sprintf("%s %q", strings.TrimPrefix(path, "/v1/"), k))
			}
		}
	}
	for i := range s.t.trace {
		s.t.trace[i].Answer = ""
	}
	if len(missing) > 0 {
		return s.t.end(&Fault{Class: Misconfigured, Reason: "fields are missing there: " + strings.Join(missing, ", ")}, nil)
	}
	return s.t.end(nil, nil)
}

var pipedriveFieldsOf = map[string]string{Person: "/v1/personFields", Company: "/v1/organizationFields", Deal: "/v1/dealFields"}

func customOf(lines []Line, object, key string) []string {
	out := []string{key}
	for _, l := range lines {
		if l.Object == object && len(l.Property) == 40 && l.Policy != Never {
			out = append(out, l.Property)
		}
	}
	return unique(out)
}
