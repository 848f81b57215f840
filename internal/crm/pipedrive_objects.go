package crm

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

type pipedrive struct {
	keys  map[string]string // of ours, by object
	leads bool
	lines []Line
}

func (v *pipedrive) kind(object string) string {
	switch {
	case object == Person:
		return "person"
	case object == Company && v.keys[Company] != "":
		return "organization"
	case object == Deal:
		return "deal"
	case object == Lead && v.leads:
		return "lead"
	}
	return ""
}

var pipedrivePath = map[string]string{Person: "/api/v2/persons", Company: "/api/v2/organizations", Deal: "/api/v2/deals", Lead: "/v1/leads"}

// consentWords are Pipedrive's own for marketing_status.
var consentWords = map[string]string{"yes": "subscribed", "no": "unsubscribed", "unknown": "no_consent", "claimed": "no_consent"}

// body writes properties as Pipedrive wants them: lists of addresses, numbers, what it does not know among the custom fields.
func (v *pipedrive) body(object string, props map[string]string, call Call, born bool) map[string]any {
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
	if key := v.keys[object]; key != "" {
		custom[key] = keyOf(object, call)
	}
	if object == Person && out["name"] == nil && call.Values["email"] != "" && born {
		out["name"] = fullName(call.Values)
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

// pipedriveKnownBy is what an object is known by everywhere: a field of theirs and a value of ours.
var pipedriveKnownBy = map[string][2]string{Person: {"email", "email"}, Company: {"name", "company_name"}}

func (v *pipedrive) find(ctx context.Context, t *talk, object string, call Call, ids map[string]string, props []string) (*remote, error) {
	if object == Lead {
		return v.leadOf(ctx, t, call, ids[Person])
	}
	r, err := v.search(ctx, t, object, "custom_fields", keyOf(object, call), props)
	by, ok := pipedriveKnownBy[object]
	if err != nil || r != nil || !ok || call.Values[by[1]] == "" {
		return r, err
	}
	return v.search(ctx, t, object, by[0], call.Values[by[1]], props)
}

// leadOf walks through the person's leads: leads cannot be searched by origin_id.
func (v *pipedrive) leadOf(ctx context.Context, t *talk, call Call, person string) (*remote, error) {
	var out struct{ Data []map[string]any }
	if err := t.get(ctx, "/v1/leads?limit=500&person_id="+url.QueryEscape(person), &out); err != nil {
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
		r.key = r.props[v.keys[object]]
	}
	return r, nil
}

type pipedriveMade struct {
	Data struct {
		ID json.RawMessage `json:"id"`
	} `json:"data"`
}

func (m pipedriveMade) id() string { return strings.Trim(string(m.Data.ID), `"`) }

// pipedriveLink is the field by which an object hangs on another one.
var pipedriveLink = map[string]map[string]string{Person: {Company: "org_id"}, Lead: {Person: "person_id", Company: "organization_id"}, Deal: {Person: "person_id", Company: "org_id"}}

func (v *pipedrive) links(object string) (out []tie) {
	for _, to := range []string{Person, Company} {
		if pipedriveLink[object][to] != "" {
			out = append(out, tie{to, true})
		}
	}
	return out
}

func (v *pipedrive) link(ctx context.Context, t *talk, object, id, to, toID string) error {
	return t.write(ctx, http.MethodPatch, pipedrivePath[object]+"/"+url.PathEscape(id), map[string]any{pipedriveLink[object][to]: number(toID)}, nil)
}

func (v *pipedrive) create(ctx context.Context, t *talk, object string, props map[string]string, call Call, ids map[string]string) (string, error) {
	in := v.body(object, props, call, true)
	for to, field := range pipedriveLink[object] {
		if ids[to] != "" {
			in[field] = number(ids[to])
		}
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
	return t.write(ctx, http.MethodPatch, pipedrivePath[object]+"/"+url.PathEscape(id), v.body(object, props, call, false), nil)
}

// remove deletes; they keep what is deleted for 30 days. For good means that nothing of the person is left in it there.
func (v *pipedrive) remove(ctx context.Context, t *talk, object, id string, forGood bool) error {
	path := pipedrivePath[object] + "/" + url.PathEscape(id)
	if forGood {
		if err := t.write(ctx, http.MethodPatch, path, v.blank(object), nil); err != nil {
			return err
		}
	}
	return t.write(ctx, http.MethodDelete, path, nil, nil)
}

// blank empties what the mapping wrote, and names what must have a name.
func (v *pipedrive) blank(object string) map[string]any {
	out, custom := map[string]any{}, map[string]any{}
	for _, l := range v.lines {
		switch {
		case l.Object != object || l.Policy == Never:
		case l.Property == "emails" || l.Property == "phones":
			out[l.Property] = []any{}
		case len(l.Property) == 40:
			custom[l.Property] = nil
		}
	}
	out["name"] = "Erased"
	if object == Deal || object == Lead {
		delete(out, "name")
		out["title"] = "Erased"
	}
	if len(custom) > 0 {
		out["custom_fields"] = custom
	}
	return out
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
