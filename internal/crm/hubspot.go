package crm

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gatehouse/gatehouse/internal/errs"
)

// HubSpot is spoken to over its CRM API, version 3, with the token of a private app.
type HubSpot struct{ client *Client }

var hubspotFields = []Field{
	{Name: "token", Label: "Access token of the private app", Type: "password", Required: true, Secret: true, Help: "pat-... with the scopes crm.objects.contacts, crm.objects.companies, crm.objects.deals and crm.objects.owners.read; crm.objects.leads for leads."},
	{Name: "base", Label: "Address of the API", Type: "url", Default: "https://api.hubapi.com"},
	{Name: "prefix", Label: "Path of the objects", Type: "text", Default: "/crm/v3/objects", Help: "HubSpot's dated versions live elsewhere, such as /crm/objects/2026-03."},
	{Name: "key_property", Label: "Property for our own key", Type: "text", Default: "gatehouse_key", Help: "A single-line text on contacts, companies, leads and deals. By it the object is found again, whatever happened to an answer."},
	{Name: "leads", Label: "Make a lead in HubSpot for each qualified one", Type: "checkbox"},
	{Name: "pipeline", Label: "Pipeline of deals", Type: "text", Default: "default"},
	{Name: "stages", Label: "Stages", Type: "textarea", Default: "discovery = appointmentscheduled\nproposal = presentationscheduled\nnegotiation = contractsent\nwon = closedwon\nlost = closedlost",
		Help: "A line each: our stage = the internal name of theirs."},
	{Name: "erase", Label: "When a person is erased here", Type: "select", Default: "delete", Options: [][2]string{{"delete", "Delete the contact there for good"}, {"tell", "Tell the person named below, who does it by hand"}}},
	{Name: "client_secret", Label: "Client secret of the app", Type: "password", Secret: true, Help: "With it HubSpot's webhooks are taken at once; without it changes are read every few minutes."},
	ownersField,
}

// About says what it is.
func (h *HubSpot) About() About {
	return About{Kind: "hubspot", Title: "HubSpot", Sentence: "Contacts, companies, leads and deals, and what becomes of them.", Fields: hubspotFields, Values: ValueNames, Pulls: true, Hooks: true,
		Mapping: []Line{
			{Person, "email", "email", Overwrite}, {Person, "given_name", "firstname", Fill}, {Person, "family_name", "lastname", Fill}, {Person, "company", "company", Fill},
			{Person, "tel", "phone", Fill}, {Person, "job_title", "jobtitle", Fill}, {Person, "country", "country", Fill}, {Person, "=lead", "lifecyclestage", Fill},
			{Person, "owner", "hubspot_owner_id", Overwrite}, {Person, "consent", "gatehouse_consent", Overwrite}, {Person, "contact_choice", "gatehouse_contact_choice", Overwrite},
			{Person, "said", "gatehouse_said", Overwrite}, {Person, "grade", "gatehouse_grade", Overwrite},
			{Company, "company_name", "name", Fill}, {Company, "company_domain", "domain", Fill}, {Company, "company_owner", "hubspot_owner_id", Fill},
			{Lead, "name", "hs_lead_name", Fill}, {Lead, "=NEW_BUSINESS", "hs_lead_type", Fill}, {Lead, "owner", "hubspot_owner_id", Overwrite},
			{Deal, "deal_title", "dealname", Fill}, {Deal, "deal_stage", "dealstage", Overwrite}, {Deal, "deal_value", "amount", Overwrite}, {Deal, "deal_owner", "hubspot_owner_id", Overwrite},
		}}
}

func (h *HubSpot) talk(c Config) *talk {
	return &talk{client: h.client, base: strings.TrimRight(c.Get("base", hubspotFields), "/"), dry: c.Dry, fault: h.fault,
		auth: http.Header{"Authorization": {"Bearer " + c.Secrets["token"]}}}
}

// fault reads their error body; every field of it is optional.
func (h *HubSpot) fault(r reply) *Fault {
	f := h.client.judge(r)
	if f == nil {
		return nil
	}
	var body struct {
		Category, SubCategory, Message, PolicyName string
		Errors                                     []struct{ Message, Code string }
	}
	_ = json.Unmarshal(r.body, &body)
	f.Code = body.Category
	switch {
	case r.status == http.StatusForbidden:
		f.Reason = "the private app lacks a scope"
	case r.status == http.StatusTooManyRequests && f.Wait == 0:
		f.Wait = 10 * time.Second
		if body.PolicyName == "DAILY" {
			f.Wait, f.Reason = time.Hour, "today's quota is used up"
		}
	case r.status == http.StatusConflict:
		f.Code, f.Reason = codeConflict, "another record there has this address or key already: merge the two there"
	case r.status == http.StatusBadRequest && strings.Contains(string(r.body), "PROPERTY_DOESNT_EXIST"):
		f.Class, f.Reason = Misconfigured, "a property of the mapping does not exist there"+namedProperty(body.Message)
	case r.status == http.StatusBadRequest:
		f.Reason = "it refuses a value of the mapping"
	}
	return f
}

// namedProperty finds the name in "Property \"x\" does not exist"; names of properties are no secret.
func namedProperty(body string) string {
	_, rest, ok := strings.Cut(strings.ReplaceAll(body, `\"`, `"`), `Property "`)
	name, _, closed := strings.Cut(rest, `"`)
	if !ok || !closed || len(name) > 100 {
		return ""
	}
	return ": " + name
}

func (h *HubSpot) sync(c Config, call Call) (*sync, error) {
	stages, err := ParseStages(c.Get("stages", hubspotFields))
	if err != nil {
		return nil, &Fault{Class: Misconfigured, Reason: errs.Public(err).Message}
	}
	v := &hubspot{prefix: c.Get("prefix", hubspotFields), key: c.Get("key_property", hubspotFields), leads: c.Settings["leads"] == "yes", pipeline: c.Get("pipeline", hubspotFields)}
	return &sync{v: v, t: h.talk(c), c: c, stages: stages, call: call}, nil
}

// Push upserts the person, then the lead and the deal.
func (h *HubSpot) Push(ctx context.Context, c Config, call Call) Outcome {
	s, err := h.sync(c, call)
	if err != nil {
		return (&talk{}).end(err, nil)
	}
	return s.push(ctx)
}

// Test asks for the properties that the mapping names.
func (h *HubSpot) Test(ctx context.Context, c Config) Outcome {
	t := h.talk(c)
	key := c.Get("key_property", hubspotFields)
	need := map[string][]string{"contacts": {key}, "deals": {key}}
	kinds := []string{"contacts", "deals"}
	for _, l := range c.Mapping {
		kind := map[string]string{Person: "contacts", Company: "companies", Deal: "deals"}[l.Object]
		if l.Policy == Never || kind == "" {
			continue
		}
		if need[kind] == nil {
			need[kind], kinds = []string{key}, append(kinds, kind)
		}
		need[kind] = append(need[kind], l.Property)
	}
	var missing []string
	for _, kind := range kinds {
		var out struct{ Results []struct{ Name string } }
		if err := t.get(ctx, "/crm/v3/properties/"+kind, &out); err != nil {
			return t.end(err, nil)
		}
		for _, p := range need[kind] {
			if !slices.ContainsFunc(out.Results, func(r struct{ Name string }) bool { return r.Name == p }) {
				missing = append(missing, kind+"."+p)
			}
		}
	}
	for i := range t.trace {
		t.trace[i].Answer = "" // hundreds of properties
	}
	if len(missing) > 0 {
		return t.end(&Fault{Class: Misconfigured, Reason: "properties are missing there: " + strings.Join(missing, ", ")}, nil)
	}
	return t.end(nil, nil)
}
