package crm

import (
	"context"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"time"
)

type hubspot struct {
	prefix, key, pipeline string
	leads                 bool
}

func (v *hubspot) kind(object string) string {
	switch {
	case object == Person:
		return "contacts"
	case object == Company:
		return "companies"
	case object == Deal:
		return "deals"
	case object == Lead && v.leads:
		return "leads"
	}
	return ""
}

func keyOf(object string, call Call) string {
	switch object {
	case Deal:
		return call.DealKey
	case Company:
		return call.CompanyKey
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

// hubspotKnownBy is what an object is known by everywhere: a property of theirs and a value of ours.
var hubspotKnownBy = map[string][2]string{Person: {"email", "email"}, Company: {"domain", "company_domain"}}

func (v *hubspot) find(ctx context.Context, t *talk, object string, call Call, _ map[string]string, props []string) (*remote, error) {
	r, err := v.search(ctx, t, v.kind(object), v.key, keyOf(object, call), props)
	by, ok := hubspotKnownBy[object]
	if err != nil || r != nil || !ok || call.Values[by[1]] == "" {
		return r, err
	}
	return v.search(ctx, t, v.kind(object), by[0], call.Values[by[1]], props)
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

func (v *hubspot) links(object string) []tie {
	return map[string][]tie{Person: {{Company, false}}, Lead: {{Person, true}}, Deal: {{Person, true}, {Company, false}}}[object]
}

// link makes the association that HubSpot calls the default one of two kinds.
func (v *hubspot) link(ctx context.Context, t *talk, object, id, to, toID string) error {
	return t.write(ctx, http.MethodPut, "/crm/v4/objects/"+v.kind(object)+"/"+url.PathEscape(id)+"/associations/default/"+v.kind(to)+"/"+url.PathEscape(toID), nil, nil)
}

func (v *hubspot) create(ctx context.Context, t *talk, object string, props map[string]string, call Call, ids map[string]string) (string, error) {
	props = withKey(props, v.key, keyOf(object, call))
	if object == Person && call.Values["email"] != "" { // by its address, so that HubSpot itself keeps it one
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
	in := map[string]any{"properties": props}
	if kind, ok := hubspotLink[object]; ok {
		in["associations"] = []any{map[string]any{"to": map[string]any{"id": ids[Person]}, "types": []any{map[string]any{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": kind}}}}
	}
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

// remove deletes a contact as the law wants it, and puts anything else where their staff find it for 90 days.
func (v *hubspot) remove(ctx context.Context, t *talk, object, id string, forGood bool) error {
	if object == Person && forGood {
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
