package crmtest

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"sort"
	"strconv"
	"strings"
	"testing"
	"time"
)

// HubSpotToken is what the double wants.
const HubSpotToken = "pat-eu1-a-secret-of-the-tests"

// HubSpot keeps contacts, companies, leads and deals. now may be nil.
func HubSpot(t testing.TB, now func() time.Time) *Double {
	t.Helper()
	d := newDouble(t, now, hubspot)
	d.secret = HubSpotToken
	d.auth = func(r Request, secret string) bool { return r.Header.Get("Authorization") == "Bearer "+secret }
	d.twice = func() (int, any) {
		return hubspotError(http.StatusConflict, "CONFLICT", "There is one already. Existing ID: 101")
	}
	return d
}

func hubspotAnswer(r *Record, kind string) map[string]any {
	props := map[string]any{"lastmodifieddate": r.At.UTC().Format(time.RFC3339Nano), "hs_lastmodifieddate": r.At.UTC().Format(time.RFC3339Nano)}
	for k, v := range r.Props {
		props[k] = text(v)
	}
	return map[string]any{"id": r.ID, "properties": props, "updatedAt": r.At.UTC().Format(time.RFC3339Nano), "createdAt": r.At.UTC().Format(time.RFC3339Nano), "archived": r.Deleted}
}

func hubspotError(status int, category, message string) (int, any) {
	return status, map[string]any{"status": "error", "message": message, "correlationId": "c", "category": category}
}

func hubspot(d *Double, r Request) (int, any) {
	u, _ := url.Parse(r.Path)
	path := strings.Trim(u.Path, "/")
	if strings.HasPrefix(path, "crm/v3/owners") {
		return hubspotOwners(d, u.Query().Get("email"))
	}
	if rest, ok := strings.CutPrefix(path, "crm/v4/objects/"); ok && r.Method == http.MethodPut {
		return hubspotAssociate(d, strings.Split(rest, "/"))
	}
	if strings.HasPrefix(path, "crm/v3/properties/") {
		var out []any
		for _, n := range []string{"email", "firstname", "lastname", "company", "phone", "jobtitle", "country", "lifecyclestage", "hubspot_owner_id", "gatehouse_consent", "gatehouse_contact_choice",
			"gatehouse_said", "gatehouse_grade", "gatehouse_key", "name", "domain", "dealname", "dealstage", "amount"} {
			if n != d.missing {
				out = append(out, map[string]any{"name": n})
			}
		}
		return http.StatusOK, map[string]any{"results": out}
	}
	rest, ok := strings.CutPrefix(path, "crm/v3/objects/")
	if !ok {
		return hubspotError(http.StatusNotFound, "OBJECT_NOT_FOUND", "no such path")
	}
	kind, what, _ := strings.Cut(rest, "/")
	var in struct {
		Inputs []struct {
			IDProperty, ID string
			Properties     map[string]any
		}
		Properties   json.RawMessage
		FilterGroups []struct {
			Filters []struct{ PropertyName, Operator, Value string }
		}
		Associations []struct{ To struct{ ID string } }
		ObjectID     string
		Limit        int
	}
	if len(r.Body) > 0 {
		if err := json.Unmarshal(r.Body, &in); err != nil {
			return hubspotError(http.StatusBadRequest, "VALIDATION_ERROR", "no JSON")
		}
	}
	props := map[string]any{}
	_ = json.Unmarshal(in.Properties, &props)
	for _, x := range in.Inputs {
		maps.Copy(props, x.Properties)
	}
	for k, v := range props {
		if _, isText := v.(string); !isText {
			return hubspotError(http.StatusBadRequest, "VALIDATION_ERROR", "values are strings")
		}
		if k == d.missing {
			return hubspotError(http.StatusBadRequest, "VALIDATION_ERROR", `Property values were not valid: [{"isValid":false,"message":"Property \"`+k+`\" does not exist","error":"PROPERTY_DOESNT_EXIST","name":"`+k+`"}]`)
		}
	}
	switch {
	case what == "batch/upsert":
		var out []any
		for _, x := range in.Inputs {
			rec := d.find(kind, func(o *Record) bool { return strings.EqualFold(text(o.Props[x.IDProperty]), x.ID) })
			fresh := rec == nil
			if fresh {
				rec = d.make(kind, map[string]any{})
			}
			maps.Copy(rec.Props, x.Properties)
			rec.At = d.now()
			a := hubspotAnswer(rec, kind)
			a["new"] = fresh
			out = append(out, a)
		}
		return http.StatusOK, map[string]any{"status": "COMPLETE", "results": out}
	case what == "search":
		return hubspotSearch(d, kind, in.FilterGroups[0].Filters, in.Limit)
	case what == "gdpr-delete":
		if rec := d.byID(kind, in.ObjectID); rec != nil {
			rec.Deleted, rec.Props, rec.At = true, map[string]any{}, d.now()
		}
		return http.StatusNoContent, nil
	case what == "" && r.Method == http.MethodPost:
		if kind == "leads" && (props["hs_lead_name"] == nil || len(in.Associations) == 0 || d.byID("contacts", in.Associations[0].To.ID) == nil) {
			return hubspotError(http.StatusBadRequest, "VALIDATION_ERROR", "a lead needs a name and a contact")
		}
		if kind == "contacts" && d.find(kind, func(o *Record) bool { return o.Props["email"] == props["email"] }) != nil {
			return hubspotError(http.StatusConflict, "CONFLICT", "Contact already exists. Existing ID: 101")
		}
		if len(in.Associations) > 0 {
			props["associated"] = in.Associations[0].To.ID
		}
		return http.StatusCreated, hubspotAnswer(d.make(kind, props), kind)
	}
	rec := d.byID(kind, what)
	if rec == nil {
		return hubspotError(http.StatusNotFound, "OBJECT_NOT_FOUND", "Object not found")
	}
	switch r.Method {
	case http.MethodPatch:
		maps.Copy(rec.Props, props)
		rec.At = d.now()
	case http.MethodDelete:
		rec.Deleted, rec.At = true, d.now()
		return http.StatusNoContent, nil
	}
	return http.StatusOK, hubspotAnswer(rec, kind)
}

func hubspotOwners(d *Double, email string) (int, any) {
	out := []any{}
	for _, x := range d.Users {
		if email == "" || strings.EqualFold(x.Email, email) {
			out = append(out, map[string]any{"id": x.ID, "email": x.Email, "firstName": x.Name, "lastName": "", "archived": false})
		}
	}
	return http.StatusOK, map[string]any{"results": out}
}

// hubspotAssociate takes kind/id/associations/default/kind/id: once or twice, it hangs there.
func hubspotAssociate(d *Double, p []string) (int, any) {
	if len(p) != 6 || p[2] != "associations" || p[3] != "default" {
		return hubspotError(http.StatusNotFound, "OBJECT_NOT_FOUND", "no such path")
	}
	from, to := d.byID(p[0], p[1]), d.byID(p[4], p[5])
	if from == nil || to == nil {
		return hubspotError(http.StatusNotFound, "OBJECT_NOT_FOUND", "Object not found")
	}
	from.Props[map[string]string{"contacts": "associated", "companies": "associated_company"}[p[4]]] = to.ID
	return http.StatusOK, map[string]any{"status": "COMPLETE", "results": []any{}}
}

type hubspotFilter = struct{ PropertyName, Operator, Value string }

func hubspotFits(o *Record, f hubspotFilter) bool {
	n, _ := strconv.ParseInt(f.Value, 10, 64)
	id, _ := strconv.ParseInt(o.ID, 10, 64)
	switch {
	case f.Operator == "EQ":
		return strings.EqualFold(text(o.Props[f.PropertyName]), f.Value)
	case f.Operator == "GT" && f.PropertyName == "hs_object_id":
		return id > n
	case f.Operator == "GTE":
		return o.At.UnixMilli() >= n
	case f.Operator == "LTE":
		return o.At.UnixMilli() <= n
	}
	return false
}

// hubspotSearch gives a page in the order of time; within a moment it has an order of its own, as theirs has.
func hubspotSearch(d *Double, kind string, filters []hubspotFilter, limit int) (int, any) {
	out := []*Record{}
	byID := false
	for _, o := range d.Records[kind] {
		fits := !o.Deleted
		for _, f := range filters {
			byID = byID || f.PropertyName == "hs_object_id"
			fits = fits && hubspotFits(o, f)
		}
		if fits {
			out = append(out, o)
		}
	}
	if !byID {
		slices.Reverse(out)
		sort.SliceStable(out, func(i, j int) bool { return out[i].At.Before(out[j].At) })
	}
	if limit > 0 && len(out) > limit {
		out = out[:limit]
	}
	answers := []any{}
	for _, o := range out {
		answers = append(answers, hubspotAnswer(o, kind))
	}
	return http.StatusOK, map[string]any{"results": answers, "total": len(answers)}
}
