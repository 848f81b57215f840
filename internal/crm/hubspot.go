package crm

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gatehouse/gatehouse/internal/errs"
)

// HubSpot is spoken to over its CRM API, version 3, with the token of a private app.
type HubSpot struct{ client *Client }

var hubspotFields = []Field{
	{Name: "token", Label: "Access token of the private app", Type: "password", Required: true, Secret: true, Help: "pat-... with the scopes crm.objects.contacts, crm.objects.deals and crm.objects.owners.read; crm.objects.leads for leads."},
	{Name: "base", Label: "Address of the API", Type: "url", Default: "https://api.hubapi.com"},
	{Name: "prefix", Label: "Path of the objects", Type: "text", Default: "/crm/v3/objects", Help: "HubSpot's dated versions live elsewhere, such as /crm/objects/2026-03."},
	{Name: "key_property", Label: "Property for our own key", Type: "text", Default: "gatehouse_key", Help: "A single-line text on contacts, leads and deals. By it the object is found again, whatever happened to an answer."},
	{Name: "leads", Label: "Make a lead in HubSpot for each qualified one", Type: "checkbox"},
	{Name: "pipeline", Label: "Pipeline of deals", Type: "text", Default: "default"},
	{Name: "stages", Label: "Stages", Type: "textarea", Default: "discovery = appointmentscheduled\nproposal = presentationscheduled\nnegotiation = contractsent\nwon = closedwon\nlost = closedlost",
		Help: "A line each: our stage = the internal name of theirs."},
	{Name: "erase", Label: "When a person is erased here", Type: "select", Default: "delete", Options: [][2]string{{"delete", "Delete the contact there for good"}, {"tell", "Tell the person named below, who does it by hand"}}},
	{Name: "client_secret", Label: "Client secret of the app", Type: "password", Secret: true, Help: "With it HubSpot's webhooks are taken at once; without it changes are read every few minutes."},
}

// About says what it is.
func (h *HubSpot) About() About {
	return About{Kind: "hubspot", Title: "HubSpot", Sentence: "Contacts, leads and deals, and what becomes of them.", Fields: hubspotFields, Values: ValueNames, Pulls: true, Hooks: true,
		Mapping: []Line{
			{Person, "email", "email", Overwrite}, {Person, "given_name", "firstname", Fill}, {Person, "family_name", "lastname", Fill}, {Person, "company", "company", Fill},
			{Person, "tel", "phone", Fill}, {Person, "job_title", "jobtitle", Fill}, {Person, "country", "country", Fill}, {Person, "=lead", "lifecyclestage", Fill},
			{Person, "owner", "hubspot_owner_id", Overwrite}, {Person, "consent", "gatehouse_consent", Overwrite}, {Person, "contact_choice", "gatehouse_contact_choice", Overwrite},
			{Person, "said", "gatehouse_said", Overwrite}, {Person, "grade", "gatehouse_grade", Overwrite},
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
		f.Code, f.Reason = "CONFLICT", "it has one already"
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

type hubspot struct {
	prefix, key, pipeline string
	leads                 bool
}

func (v *hubspot) kind(object string) string {
	switch {
	case object == Person:
		return "contacts"
	case object == Deal:
		return "deals"
	case object == Lead && v.leads:
		return "leads"
	}
	return ""
}

func keyOf(object string, call Call) string {
	if object == Deal {
		return call.DealKey
	}
	return call.Key
}

type hubspotObject struct {
	ID         string             `json:"id"`
	Properties map[string]*string `json:"properties"`
	UpdatedAt  time.Time          `json:"updatedAt"`
	Archived   bool               `json:"archived"`
}

func (o hubspotObject) remote() *remote {
	r := &remote{id: o.ID, props: map[string]string{}}
	for k, v := range o.Properties {
		if v != nil {
			r.props[k] = *v
		}
	}
	return r
}

func (v *hubspot) search(ctx context.Context, t *talk, kind, property, value string, props []string) (*remote, error) {
	var out struct{ Results []hubspotObject }
	in := map[string]any{"filterGroups": []any{map[string]any{"filters": []any{map[string]any{"propertyName": property, "operator": "EQ", "value": value}}}},
		"properties": append([]string{v.key}, props...), "limit": 2, "sorts": []string{"createdate"}}
	if err := t.ask(ctx, http.MethodPost, v.prefix+"/"+kind+"/search", in, &out); err != nil || len(out.Results) == 0 {
		return nil, err
	}
	return v.own(out.Results[0].remote()), nil
}

func (v *hubspot) own(r *remote) *remote {
	r.key = r.props[v.key]
	return r
}

func (v *hubspot) find(ctx context.Context, t *talk, object string, call Call, props []string) (*remote, error) {
	r, err := v.search(ctx, t, v.kind(object), v.key, keyOf(object, call), props)
	if err != nil || r != nil || object != Person || call.Values["email"] == "" {
		return r, err
	}
	return v.search(ctx, t, v.kind(object), "email", call.Values["email"], props)
}

func (v *hubspot) read(ctx context.Context, t *talk, object, id string, props []string) (*remote, error) {
	var out hubspotObject
	q := url.Values{"properties": {strings.Join(append([]string{v.key}, props...), ",")}}
	err := t.get(ctx, v.prefix+"/"+v.kind(object)+"/"+url.PathEscape(id)+"?"+q.Encode(), &out)
	if isStatus(err, http.StatusNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if out.Archived || out.ID == "" {
		return nil, nil
	}
	return v.own(out.remote()), nil
}

// hubspotLink is how an object hangs on its contact: association types of HubSpot's own.
var hubspotLink = map[string]int{Deal: 3, Lead: 578}

func (v *hubspot) create(ctx context.Context, t *talk, object string, props map[string]string, call Call, person string) (string, error) {
	props = withKey(props, v.key, keyOf(object, call))
	if object == Person { // by its address, so that HubSpot itself keeps it one
		var out struct{ Results []hubspotObject }
		in := map[string]any{"inputs": []any{map[string]any{"idProperty": "email", "id": call.Values["email"], "properties": props}}}
		if err := t.write(ctx, http.MethodPost, v.prefix+"/contacts/batch/upsert", in, &out); err != nil || len(out.Results) == 0 {
			return "", err
		}
		return out.Results[0].ID, nil
	}
	if object == Deal {
		props["pipeline"] = v.pipeline
	}
	in := map[string]any{"properties": props, "associations": []any{map[string]any{"to": map[string]any{"id": person},
		"types": []any{map[string]any{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": hubspotLink[object]}}}}}
	var out hubspotObject
	err := t.write(ctx, http.MethodPost, v.prefix+"/"+v.kind(object), in, &out)
	return out.ID, err
}

func withKey(props map[string]string, key, value string) map[string]string {
	out := map[string]string{}
	maps.Copy(out, props)
	out[key] = value
	return out
}

func (v *hubspot) update(ctx context.Context, t *talk, object, id string, props map[string]string, call Call) error {
	in := map[string]any{"properties": withKey(props, v.key, keyOf(object, call))}
	return t.write(ctx, http.MethodPatch, v.prefix+"/"+v.kind(object)+"/"+url.PathEscape(id), in, nil)
}

func (v *hubspot) remove(ctx context.Context, t *talk, object, id string) error {
	if object == Person {
		return t.write(ctx, http.MethodPost, v.prefix+"/contacts/gdpr-delete", map[string]any{"objectId": id}, nil)
	}
	return t.write(ctx, http.MethodDelete, v.prefix+"/"+v.kind(object)+"/"+url.PathEscape(id), nil, nil)
}

type hubspotOwner struct{ ID, Email, FirstName, LastName string }

func (v *hubspot) owner(ctx context.Context, t *talk, email string) (string, error) {
	var out struct{ Results []hubspotOwner }
	if err := t.get(ctx, "/crm/v3/owners/?email="+url.QueryEscape(email)+"&limit=100&archived=false", &out); err != nil || len(out.Results) == 0 {
		return "", err
	}
	return out.Results[0].ID, nil
}

const hubspotPage = 100

// hubspotCursor is where reading goes on: the last change seen, of contacts and of deals, in Unix milliseconds.
func hubspotCursor(cursor string, now time.Time) (contacts, deals int64) {
	a, b, _ := strings.Cut(cursor, ",")
	contacts, err1 := strconv.ParseInt(a, 10, 64)
	deals, err2 := strconv.ParseInt(b, 10, 64)
	if err1 != nil || err2 != nil {
		return now.UnixMilli(), now.UnixMilli()
	}
	return contacts, deals
}

// Pull reads who and what changed since.
func (h *HubSpot) Pull(ctx context.Context, c Config, cursor string) (Page, Outcome) {
	s, err := h.sync(c, Call{})
	if err != nil {
		return Page{}, (&talk{}).end(err, nil)
	}
	v, p := s.v.(*hubspot), Page{}
	contacts, deals := hubspotCursor(cursor, h.client.now())
	var owners struct{ Results []hubspotOwner }
	err = s.t.get(ctx, "/crm/v3/owners/?limit=100&archived=false", &owners)
	for _, o := range owners.Results {
		p.Users = append(p.Users, User{o.ID, strings.TrimSpace(o.FirstName + " " + o.LastName), o.Email})
	}
	if err == nil {
		contacts, err = h.changed(ctx, s, &p, Person, "lastmodifieddate", contacts, []string{v.key, "email", "hubspot_owner_id", "hs_email_optout"})
	}
	if err == nil {
		deals, err = h.changed(ctx, s, &p, Deal, "hs_lastmodifieddate", deals, []string{v.key, "dealstage", "amount", "hubspot_owner_id", "deal_currency_code", "closed_lost_reason"})
	}
	p.Cursor = fmt.Sprintf("%d,%d", contacts, deals)
	return p, s.t.end(err, nil)
}

// changed reads a page of one kind, oldest change first. The moment of the last one is asked for again: others may have
// changed in it, and each change counts once.
func (h *HubSpot) changed(ctx context.Context, s *sync, p *Page, object, since string, from int64, props []string) (int64, error) {
	v := s.v.(*hubspot)
	var out struct{ Results []hubspotObject }
	in := map[string]any{"filterGroups": []any{map[string]any{"filters": []any{map[string]any{"propertyName": since, "operator": "GTE", "value": strconv.FormatInt(from, 10)}}}},
		"sorts": []any{map[string]any{"propertyName": since, "direction": "ASCENDING"}}, "properties": append(props, since), "limit": hubspotPage}
	if err := s.t.ask(ctx, http.MethodPost, v.prefix+"/"+v.kind(object)+"/search", in, &out); err != nil {
		return from, err
	}
	for _, o := range out.Results {
		r := o.remote()
		ch := Change{EventKey: fmt.Sprintf("%s/%s/%d", v.kind(object), o.ID, o.UpdatedAt.UnixMilli()), Object: object, Kind: v.kind(object), ID: o.ID, Key: r.props[v.key],
			Email: r.props["email"], At: o.UpdatedAt, Deleted: o.Archived}
		owner := r.props["hubspot_owner_id"]
		ch.Owner = &owner
		if object == Deal {
			h.deal(s.stages, &ch, r.props)
		}
		ch.OptOut = r.props["hs_email_optout"] == "true"
		p.Changes = append(p.Changes, ch)
		from = max(from, o.UpdatedAt.UnixMilli())
	}
	p.More = p.More || len(out.Results) == hubspotPage
	return from, nil
}

func (h *HubSpot) deal(stages Stages, ch *Change, props map[string]string) {
	ch.TheirStage = props["dealstage"]
	if ours, ok := stages.ours(ch.TheirStage); ok {
		ch.Stage = &ours
	}
	if v := props["amount"]; v != "" {
		ch.Value = &v
	}
	ch.Currency, ch.Reason = props["deal_currency_code"], props["closed_lost_reason"]
}

// Hook takes HubSpot's webhooks, version 3 of the signature: HMAC-SHA-256 over method, address, body and time.
func (h *HubSpot) Hook(c Config, k Hook) ([]Change, error) {
	secret := c.Secrets["client_secret"]
	if secret == "" {
		return nil, errNoHooks
	}
	stamp := k.Header.Get("X-HubSpot-Request-Timestamp")
	ms, err := strconv.ParseInt(stamp, 10, 64)
	if age := k.Now.Sub(time.UnixMilli(ms)); err != nil || age > hookAge || age < -hookAge {
		return nil, errBadSignature
	}
	m := hmac.New(sha256.New, []byte(secret))
	m.Write([]byte(k.Method + k.URL))
	m.Write(k.Body)
	m.Write([]byte(stamp))
	got, err := base64.StdEncoding.DecodeString(k.Header.Get("X-HubSpot-Signature-v3"))
	if err != nil || !hmac.Equal(got, m.Sum(nil)) {
		return nil, errBadSignature
	}
	var in []struct {
		EventID          json.Number `json:"eventId"`
		SubscriptionType string      `json:"subscriptionType"`
		ObjectID         json.Number `json:"objectId"`
		PropertyName     string      `json:"propertyName"`
		PropertyValue    string      `json:"propertyValue"`
		OccurredAt       int64       `json:"occurredAt"`
	}
	if err := json.Unmarshal(k.Body, &in); err != nil {
		return nil, errs.New(errs.Malformed, "The body is not the JSON of HubSpot's webhooks.")
	}
	stages, err := ParseStages(c.Get("stages", hubspotFields))
	if err != nil {
		return nil, err
	}
	var out []Change
	for _, e := range in {
		what, event, _ := strings.Cut(e.SubscriptionType, ".")
		ch := Change{EventKey: fmt.Sprintf("hook/%s/%s/%s", e.EventID, e.ObjectID, e.SubscriptionType), Object: Person, Kind: "contacts", ID: e.ObjectID.String(), At: time.UnixMilli(e.OccurredAt).UTC()}
		if what == "deal" {
			ch.Object, ch.Kind = Deal, "deals"
		} else if what != "contact" {
			continue
		}
		v := e.PropertyValue
		switch {
		case event == "deletion", event == "privacyDeletion":
			ch.Deleted = true
		case e.PropertyName == "hubspot_owner_id":
			ch.Owner = &v
		case e.PropertyName == "hs_email_optout" && v == "true":
			ch.OptOut = true
		case slices.Contains([]string{"dealstage", "amount"}, e.PropertyName) && what == "deal":
			h.deal(stages, &ch, map[string]string{e.PropertyName: v})
		default:
			continue
		}
		out = append(out, ch)
	}
	return out, nil
}

// Test asks for the properties that the mapping names.
func (h *HubSpot) Test(ctx context.Context, c Config) Outcome {
	t := h.talk(c)
	need := map[string][]string{"contacts": {c.Get("key_property", hubspotFields)}, "deals": {c.Get("key_property", hubspotFields)}}
	for _, l := range c.Mapping {
		switch {
		case l.Policy == Never:
		case l.Object == Person:
			need["contacts"] = append(need["contacts"], l.Property)
		case l.Object == Deal:
			need["deals"] = append(need["deals"], l.Property)
		}
	}
	var missing []string
	for _, kind := range []string{"contacts", "deals"} {
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
