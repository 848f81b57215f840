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
