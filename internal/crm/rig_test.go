package crm_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse/gatehouse/internal/crm"
	"github.com/gatehouse/gatehouse/internal/testkit/crmtest"
)

// subject is one connector in front of its double.
type subject struct {
	kind    string
	double  func(testing.TB) *crmtest.Double
	config  func(*crmtest.Double) crm.Config
	objects map[string]string // what the double calls our objects; empty: it takes events
	secrets []string
	props   map[string]string // where it keeps owner, consent and what they said
	values  map[string]string // and what they hold
}

const signingSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

func subjects() []subject {
	mapping := func(kind string) []crm.Line { return crm.New(crm.Allow{}, nil).Find(kind).About().Mapping }
	return []subject{
		{kind: "webhook", double: crmtest.Receiver, secrets: []string{signingSecret[6:]},
			config: func(d *crmtest.Double) crm.Config {
				return crm.Config{Settings: map[string]string{"url": d.URL + "/in"}, Secrets: map[string]string{"secret": signingSecret}}
			}},
		{kind: "slack", double: crmtest.Receiver, secrets: []string{"B000/XXXX"},
			config: func(d *crmtest.Double) crm.Config {
				return crm.Config{Settings: map[string]string{}, Secrets: map[string]string{"url": d.URL + "/services/T000/B000/XXXX"}}
			}},
		{kind: "hubspot", double: func(t testing.TB) *crmtest.Double { t.Helper(); return crmtest.HubSpot(t, nil) }, secrets: []string{crmtest.HubSpotToken},
			objects: map[string]string{crm.Person: "contacts", crm.Company: "companies", crm.Lead: "leads", crm.Deal: "deals"},
			props:   map[string]string{"owner": "hubspot_owner_id", "consent": "gatehouse_consent", "said": "gatehouse_said"},
			config: func(d *crmtest.Double) crm.Config {
				return crm.Config{Settings: map[string]string{"base": d.URL, "leads": "yes"}, Secrets: map[string]string{"token": crmtest.HubSpotToken}, Mapping: mapping("hubspot")}
			}},
		{kind: "salesforce", double: func(t testing.TB) *crmtest.Double { t.Helper(); return crmtest.Salesforce(t, nil) }, secrets: []string{crmtest.SalesforceSecret, "00D!session"},
			objects: map[string]string{crm.Person: "Lead", crm.Deal: "Opportunity"},
			props:   map[string]string{"owner": "OwnerId", "consent": "Gatehouse_Consent__c", "said": "Gatehouse_Said__c"},
			config: func(d *crmtest.Double) crm.Config {
				return crm.Config{Settings: map[string]string{"domain": d.URL, "client_id": crmtest.SalesforceClient}, Secrets: map[string]string{"client_secret": crmtest.SalesforceSecret}, Mapping: mapping("salesforce")}
			}},
		{kind: "pipedrive", double: func(t testing.TB) *crmtest.Double { t.Helper(); return crmtest.Pipedrive(t, nil) }, secrets: []string{crmtest.PipedriveToken},
			objects: map[string]string{crm.Person: "person", crm.Company: "organization", crm.Lead: "lead", crm.Deal: "deal"},
			props:   map[string]string{"owner": "owner_id", "consent": "marketing_status", "said": "custom_fields"},
			values:  map[string]string{"consent": "subscribed"},
			config: func(d *crmtest.Double) crm.Config {
				return crm.Config{Settings: map[string]string{"base": d.URL, "leads": "yes", "person_key": crmtest.PipedrivePerson, "deal_key": crmtest.PipedriveDealKey, "org_key": crmtest.PipedriveOrg, "said_field": crmtest.PipedriveSaid,
					"choice_field": crmtest.PipedriveChoice},
					Secrets: map[string]string{"token": crmtest.PipedriveToken},
					Mapping: mapping("pipedrive")}
			}},
	}
}

const (
	key     = "019a5b1c-0000-7000-8000-000000000001"
	dealKey = "019a5b1c-0000-7000-8000-0000000000d1"
	orgKey  = "019a5b1c-0000-7000-8000-0000000000c1"
)

func call() crm.Call {
	return crm.Call{ID: "event-1", Type: "lead.assigned", At: time.Now(), Key: key, DealKey: dealKey, CompanyKey: orgKey, Lead: true, Data: map[string]any{"lead": map[string]any{"id": key}},
		Values: crm.Values{"email": "ann@example.org", "given_name": "Ann", "family_name": "O'Brien", "name": "Ann O'Brien", "company": "Example & <Sons>", "company_name": "Example Ltd", "company_domain": "example.org", "tel": "+14155550123", "country": "IE",
			"owner_email": "rep@example.com", "owner_name": "R Ep", "consent": "yes", "contact_choice": "call", "said": "This one is us: Who counts?\nAsks: why?", "grade": "A1", "key": key,
			"deal_title": "Example & Sons", "deal_stage": "discovery", "deal_value": "1250", "deal_currency": "EUR", "deal_owner_email": "rep@example.com", "deal_key": dealKey, "deal_expected": "2026-12-24"}}
}

// rig is one connector, its double, and what the product would remember between tries.
type rig struct {
	subject
	d     *crmtest.Double
	sys   crm.Connector
	c     crm.Config
	known map[string]crm.Known
}

func newRig(t testing.TB, s subject) *rig {
	t.Helper()
	d := s.double(t)
	d.Users = []crm.User{{ID: "7", Name: "R Ep", Email: "rep@example.com"}, {ID: "8", Name: "Other", Email: "other@example.com"}}
	return &rig{subject: s, d: d, sys: crm.New(crmtest.Allow(d), nil).Find(s.kind), c: s.config(d), known: map[string]crm.Known{}}
}

// push tries once. forget: the process died before it could write down what came of it.
func (r *rig) push(ctx context.Context, c crm.Call, forget bool) crm.Outcome {
	c.Known = r.known
	out := r.sys.Push(ctx, r.c, c)
	if !forget {
		for _, o := range out.Objects {
			k := crm.Known{ID: o.ID, Sent: o.Sent}
			if o.Sent == nil {
				k.Sent = r.known[o.Object].Sent
			}
			r.known[o.Object] = k
		}
	}
	return out
}

// troubleAt has one request go wrong, counted from zero; a double answers that there is one already only where one would be made.
func (r *rig) troubleAt(at int, tr crmtest.Trouble) {
	n := 0
	r.d.Trouble(func(q crmtest.Request) crmtest.Trouble {
		if n++; n-1 == at && (tr != crmtest.Duplicates || crmtest.Creates(q)) {
			return tr
		}
		return crmtest.None
	})
}

// one fails unless the double holds exactly one object for each of ours.
func (r *rig) one(t interface{ Errorf(string, ...any) }) {
	for object, kind := range r.objects {
		if n := len(r.d.Live(kind)); n != 1 {
			t.Errorf("%s: %d %s for one %s of ours", r.kind, n, kind, object)
		}
	}
}

// quiet fails when an outcome tells a secret.
func (r *rig) quiet(t *testing.T, out crm.Outcome) {
	t.Helper()
	raw, err := json.Marshal(out)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range r.secrets {
		if strings.Contains(string(raw), s) {
			t.Errorf("%s: the outcome tells a secret: %s", r.kind, raw)
		}
	}
	if strings.Contains(out.Reason, "127.0.0.1") || strings.Contains(out.Reason, "ann@") {
		t.Errorf("%s: the reason tells too much: %s", r.kind, out.Reason)
	}
}

func each(t *testing.T, fn func(t *testing.T, r *rig)) {
	t.Helper()
	for _, s := range subjects() {
		t.Run(s.kind, func(t *testing.T) { t.Parallel(); fn(t, newRig(t, s)) })
	}
}

func trace(out crm.Outcome) string {
	var b strings.Builder
	for _, x := range out.Trace {
		fmt.Fprintf(&b, "  %s %s %s\n    -> %d %s\n", x.Method, x.Path, x.Body, x.Status, x.Answer)
	}
	return b.String()
}

func contains(text, part string) bool { return strings.Contains(text, part) }
