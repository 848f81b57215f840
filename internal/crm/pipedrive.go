package crm

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/gatehouse/gatehouse/internal/errs"
)

// Pipedrive is spoken to with an API token: persons and deals over version 2, leads over version 1. It has no upsert, so
// each is searched before it is made: a person by our key in a custom field, then by address; a deal by our key; a lead by its person.
type Pipedrive struct{ client *Client }

var pipedriveFields = []Field{
	{Name: "token", Label: "API token", Type: "password", Required: true, Secret: true},
	{Name: "base", Label: "Address of the API", Type: "url", Default: "https://api.pipedrive.com"},
	{Name: "person_key", Label: "Person field for our own key", Type: "text", Required: true, Help: "The 40 characters of a text field that you made for persons (Settings, Data fields, API key)."},
	{Name: "deal_key", Label: "Deal field for our own key", Type: "text", Required: true, Help: "The same for deals."},
	{Name: "leads", Label: "Make a lead in Pipedrive for each qualified one", Type: "checkbox"},
	{Name: "stages", Label: "Stages", Type: "textarea", Required: true, Help: "A line each: our stage = the number of theirs, such as “discovery = 1”. Won and lost are “won = won” and “lost = lost”.",
		Default: "discovery = 1\nproposal = 2\nnegotiation = 3\nwon = won\nlost = lost"},
	{Name: "erase", Label: "When a person is erased here", Type: "select", Default: "delete", Options: [][2]string{{"delete", "Delete the person there"}, {"tell", "Tell the person named below, who does it by hand"}}},
	{Name: "hook_user", Label: "User name of their webhook", Type: "text", Help: "Pipedrive signs in with a name and a password of your choice."},
	{Name: "hook_password", Label: "Password of their webhook", Type: "password", Secret: true},
}

// About says what it is.
func (p *Pipedrive) About() About {
	return About{Kind: "pipedrive", Title: "Pipedrive", Sentence: "Persons, leads and deals, and what becomes of them.", Fields: pipedriveFields, Values: ValueNames, Pulls: true, Hooks: true,
		Mapping: []Line{
			{Person, "name", "name", Fill}, {Person, "email", "emails", Fill}, {Person, "tel", "phones", Fill}, {Person, "owner", "owner_id", Overwrite}, {Person, "consent", "marketing_status", Overwrite},
			{Lead, "name", "title", Fill}, {Lead, "owner", "owner_id", Overwrite},
			{Deal, "deal_title", "title", Fill}, {Deal, "deal_stage", "stage_id", Overwrite}, {Deal, "deal_value", "value", Overwrite}, {Deal, "deal_currency", "currency", Fill}, {Deal, "deal_owner", "owner_id", Overwrite},
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
	v := &pipedrive{personKey: c.Settings["person_key"], dealKey: c.Settings["deal_key"], leads: c.Settings["leads"] == "yes"}
	return &sync{v: v, t: t, c: c, stages: stages, call: call}, nil
}

// Push makes or mends the person, the lead, the deal.
func (p *Pipedrive) Push(ctx context.Context, c Config, call Call) Outcome {
	s, err := p.sync(c, call)
	if err != nil {
		return (&talk{}).end(err, nil)
	}
	return s.push(ctx)
}

type pipedrive struct {
	personKey, dealKey string
	leads              bool
}

func (v *pipedrive) kind(object string) string {
	switch {
	case object == Person:
		return "person"
	case object == Deal:
		return "deal"
	case object == Lead && v.leads:
		return "lead"
	}
	return ""
}

var pipedrivePath = map[string]string{Person: "/api/v2/persons", Deal: "/api/v2/deals", Lead: "/v1/leads"}

// consentWords are Pipedrive's own for marketing_status.
var consentWords = map[string]string{"yes": "subscribed", "no": "unsubscribed", "unknown": "no_consent", "claimed": "no_consent"}

// body writes properties as Pipedrive wants them: lists of addresses, numbers, what it does not know among the custom fields.
func (v *pipedrive) body(object string, props map[string]string, call Call, person string) map[string]any {
	out, custom := map[string]any{}, map[string]any{}
	for k, text := range props {
		switch {
		case k == "emails" || k == "phones":
			out[k] = []any{map[string]any{"value": text, "primary": true, "label": "work"}}
		case k == "marketing_status":
			out[k] = text
		case k == "stage_id" && (text == "won" || text == "lost"):
			out["status"] = text
		case k == "stage_id":
			out[k], out["status"] = number(text), "open"
		case k == "owner_id":
			out[k] = number(text)
		case k == "value" && object == Deal:
			out[k] = number(text)
		case len(k) == 40:
			custom[k] = text
		default:
			out[k] = text
		}
	}
	switch object {
	case Person:
		custom[v.personKey] = call.Key
		if out["name"] == nil && call.Values["email"] != "" && person == "" {
			out["name"] = fullName(call.Values)
		}
	case Deal:
		custom[v.dealKey] = call.DealKey
	}
	if len(custom) > 0 && object != Lead {
		out["custom_fields"] = custom
	}
	return out
}

func number(text string) any {
	if _, err := strconv.ParseFloat(text, 64); err == nil {
		return json.Number(text)
	}
	return text
}

func pipedriveRecord(in map[string]any) *remote {
	r := &remote{props: map[string]string{}}
	var put func(k string, v any)
	put = func(k string, v any) {
		switch x := v.(type) {
		case string:
			r.props[k] = x
		case float64:
			r.props[k] = strconv.FormatFloat(x, 'f', -1, 64)
		case bool:
			r.props[k] = strconv.FormatBool(x)
		case []any:
			if len(x) > 0 {
				if m, ok := x[0].(map[string]any); ok {
					put(k, m["value"])
				}
			}
		case map[string]any:
			if k == "custom_fields" {
				for name, val := range x {
					put(name, val)
				}
			}
		}
	}
	for k, v := range in {
		put(k, v)
	}
	r.id = r.props["id"]
	if r.id == "" || r.props["is_deleted"] == "true" {
		return nil
	}
	if s := r.props["status"]; s == "won" || s == "lost" {
		r.props["stage_id"] = s
	}
	return r
}

func (v *pipedrive) search(ctx context.Context, t *talk, object, field, term string, props []string) (*remote, error) {
	var out struct {
		Data struct {
			Items []struct {
				Item struct{ ID json.Number }
			}
		}
	}
	path := pipedrivePath[object] + "/search?term=" + url.QueryEscape(term) + "&fields=" + field + "&exact_match=true&limit=1"
	if err := t.get(ctx, path, &out); err != nil || len(out.Data.Items) == 0 {
		return nil, err
	}
	return v.read(ctx, t, object, out.Data.Items[0].Item.ID.String(), props)
}

func (v *pipedrive) find(ctx context.Context, t *talk, object string, call Call, props []string) (*remote, error) {
	if object == Lead {
		return v.leadOf(ctx, t, call)
	}
	r, err := v.search(ctx, t, object, "custom_fields", keyOf(object, call), props)
	if err != nil || r != nil || object != Person || call.Values["email"] == "" {
		return r, err
	}
	return v.search(ctx, t, object, "email", call.Values["email"], props)
}

// leadOf walks through the person's leads: leads cannot be searched by origin_id.
func (v *pipedrive) leadOf(ctx context.Context, t *talk, call Call) (*remote, error) {
	var out struct{ Data []map[string]any }
	if err := t.get(ctx, "/v1/leads?limit=500&person_id="+url.QueryEscape(call.Known[Person].ID), &out); err != nil {
		return nil, err
	}
	for _, l := range out.Data {
		if l["origin_id"] == call.Key {
			return pipedriveRecord(l), nil
		}
	}
	return nil, nil
}

func (v *pipedrive) read(ctx context.Context, t *talk, object, id string, _ []string) (*remote, error) {
	var out struct{ Data map[string]any }
	err := t.get(ctx, pipedrivePath[object]+"/"+url.PathEscape(id), &out)
	if isStatus(err, http.StatusNotFound) || isStatus(err, http.StatusGone) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	r := pipedriveRecord(out.Data)
	if r != nil {
		r.key = r.props[map[string]string{Person: v.personKey, Deal: v.dealKey}[object]]
	}
	return r, nil
}

type pipedriveMade struct {
	Data struct {
		ID json.RawMessage `json:"id"`
	} `json:"data"`
}

func (m pipedriveMade) id() string { return strings.Trim(string(m.Data.ID), `"`) }

func (v *pipedrive) create(ctx context.Context, t *talk, object string, props map[string]string, call Call, person string) (string, error) {
	in := v.body(object, props, call, "")
	switch object {
	case Deal, Lead:
		in["person_id"] = number(person)
	}
	if object == Lead {
		delete(in, "name")
		in["origin_id"] = call.Key
	}
	var out pipedriveMade
	err := t.write(ctx, http.MethodPost, pipedrivePath[object], in, &out)
	return out.id(), err
}

func (v *pipedrive) update(ctx context.Context, t *talk, object, id string, props map[string]string, call Call) error {
	return t.write(ctx, http.MethodPatch, pipedrivePath[object]+"/"+url.PathEscape(id), v.body(object, props, call, id), nil)
}

func (v *pipedrive) remove(ctx context.Context, t *talk, object, id string) error {
	return t.write(ctx, http.MethodDelete, pipedrivePath[object]+"/"+url.PathEscape(id), nil, nil)
}

type pipedriveUser struct {
	ID         json.Number `json:"id"`
	Name       string      `json:"name"`
	Email      string      `json:"email"`
	ActiveFlag bool        `json:"active_flag"`
}

func (v *pipedrive) owner(ctx context.Context, t *talk, email string) (string, error) {
	var out struct{ Data []pipedriveUser }
	err := t.get(ctx, "/v1/users/find?term="+url.QueryEscape(email)+"&search_by_email=1", &out)
	if isStatus(err, http.StatusNotFound) {
		return "", nil
	}
	for _, u := range out.Data {
		if strings.EqualFold(u.Email, email) {
			return u.ID.String(), nil
		}
	}
	return "", err
}

const pipedriveTime = "2006-01-02 15:04:05"

// Pull reads what their list of recent changes says, in its order.
func (p *Pipedrive) Pull(ctx context.Context, c Config, cursor string) (Page, Outcome) {
	s, err := p.sync(c, Call{})
	if err != nil {
		return Page{}, (&talk{}).end(err, nil)
	}
	if cursor == "" {
		cursor = p.client.now().UTC().Format(pipedriveTime)
	}
	page := Page{Cursor: cursor}
	var users struct{ Data []pipedriveUser }
	if err := s.t.get(ctx, "/v1/users", &users); err != nil {
		return page, s.t.end(err, nil)
	}
	for _, u := range users.Data {
		page.Users = append(page.Users, User{u.ID.String(), u.Name, u.Email})
	}
	var out struct {
		Data []struct {
			Item string
			ID   json.Number
			Data map[string]any
		}
		AdditionalData struct {
			LastTimestampOnPage string `json:"last_timestamp_on_page"`
			Pagination          struct {
				More bool `json:"more_items_in_collection"`
			}
		} `json:"additional_data"`
	}
	if err := s.t.get(ctx, "/v1/recents?since_timestamp="+url.QueryEscape(cursor)+"&items=person,deal&limit=200", &out); err != nil {
		return page, s.t.end(err, nil)
	}
	for _, e := range out.Data {
		if ch, ok := p.change(s, e.Item, e.ID.String(), e.Data); ok {
			page.Changes = append(page.Changes, ch)
		}
	}
	if last := out.AdditionalData.LastTimestampOnPage; last > page.Cursor {
		page.Cursor, page.More = last, out.AdditionalData.Pagination.More
	}
	return page, s.t.end(nil, nil)
}

// change reads one of theirs, as the list of recents and the webhooks show it.
func (p *Pipedrive) change(s *sync, item, id string, data map[string]any) (Change, bool) {
	v := s.v.(*pipedrive)
	data["id"] = id
	deleted := data["active_flag"] == false || data["is_deleted"] == true || data["status"] == "deleted"
	delete(data, "is_deleted")
	if o, ok := data["owner_id"].(map[string]any); ok { // version 1 shows the whole user
		data["owner_id"] = o["id"]
	}
	if o, ok := data["user_id"].(map[string]any); ok && data["owner_id"] == nil {
		data["owner_id"] = o["id"]
	}
	for one, many := range map[string]string{"email": "emails"} {
		if data[many] == nil {
			data[many] = data[one]
		}
	}
	r := pipedriveRecord(data)
	if r == nil {
		return Change{}, false
	}
	at, _ := time.Parse(pipedriveTime, r.props["update_time"])
	if at.IsZero() {
		at, _ = time.Parse(time.RFC3339, r.props["update_time"])
	}
	ch := Change{EventKey: item + "/" + id + "/" + r.props["update_time"], Object: Person, Kind: "person", ID: id, Key: r.props[v.personKey], Email: r.props["emails"], At: at.UTC(), Deleted: deleted,
		OptOut: r.props["marketing_status"] == "unsubscribed"}
	if deleted {
		ch.EventKey += "/deleted"
	}
	if o, ok := r.props["owner_id"]; ok {
		ch.Owner = &o
	}
	if item == "deal" {
		ch.Object, ch.Kind, ch.Key, ch.TheirStage = Deal, "deal", r.props[v.dealKey], r.props["stage_id"]
		if ours, ok := s.stages.ours(ch.TheirStage); ok {
			ch.Stage = &ours
		}
		if val, ok := r.props["value"]; ok {
			ch.Value = &val
		}
		ch.Currency, ch.Reason = r.props["currency"], r.props["lost_reason"]
	}
	return ch, item == "person" || item == "deal"
}

// Hook takes their webhooks: they sign in with a name and a password, nothing else.
func (p *Pipedrive) Hook(c Config, h Hook) ([]Change, error) {
	user, password := c.Settings["hook_user"], c.Secrets["hook_password"]
	if user == "" || password == "" {
		return nil, errNoHooks
	}
	gotUser, gotPassword, ok := (&http.Request{Header: h.Header}).BasicAuth()
	if !ok || subtle.ConstantTimeCompare([]byte(gotUser), []byte(user))&subtle.ConstantTimeCompare([]byte(gotPassword), []byte(password)) != 1 {
		return nil, errBadSignature
	}
	var in struct {
		Meta struct {
			ID       string      `json:"id"`
			Action   string      `json:"action"`
			Entity   string      `json:"entity"`
			EntityID json.Number `json:"entity_id"`
		} `json:"meta"`
		Data     map[string]any `json:"data"`
		Previous map[string]any `json:"previous"`
	}
	d := json.NewDecoder(strings.NewReader(string(h.Body)))
	if err := d.Decode(&in); err != nil {
		return nil, errs.New(errs.Malformed, "The body is not the JSON of Pipedrive's webhooks.")
	}
	s, err := p.sync(c, Call{})
	if err != nil {
		return nil, errs.New(errs.Invalid, "The settings of this connector cannot be read.")
	}
	if in.Meta.Action == "delete" || in.Meta.Action == "deleted" {
		in.Data = map[string]any{"is_deleted": true, "update_time": h.Now.UTC().Format(pipedriveTime)}
	}
	if in.Data == nil {
		return nil, nil
	}
	ch, ok := p.change(s, in.Meta.Entity, in.Meta.EntityID.String(), in.Data)
	if !ok {
		return nil, nil
	}
	if in.Meta.ID != "" {
		ch.EventKey = "hook/" + in.Meta.ID
	}
	return []Change{ch}, nil
}

// Test asks who we are and whether the fields for our keys exist.
func (p *Pipedrive) Test(ctx context.Context, c Config) Outcome {
	s, err := p.sync(c, Call{})
	if err != nil {
		return (&talk{}).end(err, nil)
	}
	v := s.v.(*pipedrive)
	var missing []string
	for path, keys := range map[string][]string{"/v1/personFields": customOf(c.Mapping, Person, v.personKey), "/v1/dealFields": customOf(c.Mapping, Deal, v.dealKey)} {
		var out struct{ Data []struct{ Key string } }
		if err := s.t.get(ctx, path, &out); err != nil {
			return s.t.end(err, nil)
		}
		for _, k := range keys {
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

func customOf(lines []Line, object, key string) []string {
	out := []string{key}
	for _, l := range lines {
		if l.Object == object && len(l.Property) == 40 && l.Policy != Never {
			out = append(out, l.Property)
		}
	}
	return unique(out)
}
