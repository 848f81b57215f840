package crmtest

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"sort"
	"strconv"
	"strings"
	"testing"
	"time"
)

// What the double of Pipedrive wants and has.
const (
	PipedriveToken   = "a-token-of-the-tests-for-pipedrive"
	PipedrivePerson  = "0123456789abcdef0123456789abcdef01234567" // the person field of our key
	PipedriveDealKey = "89abcdef0123456789abcdef0123456789abcdef"
	PipedriveSaid    = "fedcba9876543210fedcba9876543210fedcba98"
	PipedriveOrg     = "76543210fedcba9876543210fedcba9876543210" // the organization field of our key
	PipedriveChoice  = "1111111111fedcba9876543210fedcba98765432"
)

// Pipedrive keeps persons, organizations, leads and deals. now may be nil.
func Pipedrive(t testing.TB, now func() time.Time) *Double {
	t.Helper()
	d := newDouble(t, now, pipedrive)
	d.secret = PipedriveToken
	d.auth = func(r Request, secret string) bool { return r.Header.Get("X-Api-Token") == secret }
	return d
}

func pipedriveAnswer(r *Record, version string) map[string]any {
	out := map[string]any{"id": json.Number(r.ID), "update_time": r.At.UTC().Format(time.RFC3339)}
	maps.Copy(out, r.Props)
	if version == "v1" {
		out["update_time"] = r.At.UTC().Format("2006-01-02 15:04:05")
		if c, ok := out["custom_fields"].(map[string]any); ok {
			maps.Copy(out, c)
			delete(out, "custom_fields")
		}
		out["active_flag"] = !r.Deleted
	}
	return out
}

func pipedriveError(status int, text string) (int, any) {
	return status, map[string]any{"success": false, "error": text}
}

func pipedriveYes(v any) map[string]any { return map[string]any{"success": true, "data": v} }

var pipedriveKinds = map[string]string{"/api/v2/persons": "person", "/api/v2/organizations": "organization", "/api/v2/deals": "deal", "/v1/leads": "lead"}

func pipedrive(d *Double, r Request) (int, any) {
	u, _ := url.Parse(r.Path)
	q := u.Query()
	users := []any{}
	for _, x := range d.Users {
		if t := q.Get("term"); t == "" || strings.EqualFold(t, x.Email) {
			users = append(users, map[string]any{"id": json.Number(x.ID), "name": x.Name, "email": x.Email, "active_flag": true})
		}
	}
	switch u.Path {
	case "/v1/users", "/v1/users/find":
		return http.StatusOK, pipedriveYes(users)
	case "/v1/personFields", "/v1/dealFields", "/v1/organizationFields":
		var out []any
		for _, k := range []string{PipedrivePerson, PipedriveDealKey, PipedriveSaid, PipedriveOrg, PipedriveChoice} {
			if k != d.missing {
				out = append(out, map[string]any{"key": k})
			}
		}
		return http.StatusOK, pipedriveYes(out)
	case "/v1/recents":
		start, _ := strconv.Atoi(q.Get("start"))
		limit, _ := strconv.Atoi(q.Get("limit"))
		return pipedriveRecents(d, q.Get("since_timestamp"), start, limit)
	}
	for prefix, kind := range pipedriveKinds {
		if rest, ok := strings.CutPrefix(u.Path, prefix); ok {
			return pipedriveObject(d, r, kind, strings.Trim(rest, "/"), q)
		}
	}
	return pipedriveError(http.StatusNotFound, "no such path")
}

func pipedriveEmail(r *Record) string {
	if l, ok := r.Props["emails"].([]any); ok && len(l) > 0 {
		return text(l[0].(map[string]any)["value"])
	}
	return ""
}

func pipedriveObject(d *Double, r Request, kind, id string, q url.Values) (int, any) {
	in := map[string]any{}
	if len(r.Body) > 0 {
		dec := json.NewDecoder(strings.NewReader(string(r.Body)))
		if err := dec.Decode(&in); err != nil {
			return pipedriveError(http.StatusBadRequest, "no JSON")
		}
	}
	if custom, ok := in["custom_fields"].(map[string]any); ok {
		delete(custom, d.missing) // Pipedrive says nothing about a field that it does not know
	}
	for _, k := range []string{"owner_id", "stage_id", "person_id", "org_id", "organization_id", "value"} {
		if _, isText := in[k].(string); isText {
			return pipedriveError(http.StatusBadRequest, k+" is a number")
		}
	}
	switch {
	case id == "search":
		items := []any{}
		for _, o := range d.Records[kind] {
			hit := strings.EqualFold(pipedriveEmail(o), q.Get("term"))
			if q.Get("fields") == "name" {
				hit = strings.EqualFold(text(o.Props["name"]), q.Get("term"))
			}
			if q.Get("fields") == "custom_fields" {
				c, _ := o.Props["custom_fields"].(map[string]any)
				hit = false
				for _, v := range c {
					hit = hit || v == q.Get("term")
				}
			}
			if !o.Deleted && hit && len(items) == 0 {
				items = append(items, map[string]any{"item": map[string]any{"id": json.Number(o.ID)}})
			}
		}
		return http.StatusOK, pipedriveYes(map[string]any{"items": items})
	case id == "" && r.Method == http.MethodGet && kind == "organization":
		return pipedriveOrganizations(d, q)
	case id == "" && r.Method == http.MethodGet:
		out := []any{}
		for _, o := range d.Records[kind] {
			if !o.Deleted && text(o.Props["person_id"]) == q.Get("person_id") {
				out = append(out, pipedriveAnswer(o, "v1"))
			}
		}
		return http.StatusOK, pipedriveYes(out)
	case id == "" && r.Method == http.MethodPost:
		if named := kind == "person" || kind == "organization"; named && in["name"] == nil || !named && in["title"] == nil {
			return pipedriveError(http.StatusBadRequest, "name or title is missing")
		}
		return http.StatusCreated, pipedriveYes(pipedriveAnswer(d.make(kind, in), "v2"))
	}
	rec := d.byID(kind, id)
	if rec == nil {
		return pipedriveError(http.StatusNotFound, "not found")
	}
	switch r.Method {
	case http.MethodPatch:
		for k, v := range in {
			if old, ok := rec.Props[k].(map[string]any); ok && k == "custom_fields" {
				maps.Copy(old, v.(map[string]any))
				continue
			}
			rec.Props[k] = v
		}
		rec.At = d.now()
	case http.MethodDelete:
		rec.Deleted, rec.At = true, d.now()
		return http.StatusOK, pipedriveYes(map[string]any{"id": json.Number(rec.ID)})
	}
	return http.StatusOK, pipedriveYes(pipedriveAnswer(rec, "v2"))
}

// pipedriveOrganizations gives a page by the time of change; its cursor is a word that only it can read.
func pipedriveOrganizations(d *Double, q url.Values) (int, any) {
	since, _ := time.Parse(time.RFC3339, q.Get("updated_since"))
	limit, _ := strconv.Atoi(q.Get("limit"))
	var rows []*Record
	for _, o := range d.Records["organization"] {
		if !o.Deleted && !o.At.Truncate(time.Second).Before(since) {
			rows = append(rows, o)
		}
	}
	sort.SliceStable(rows, func(i, j int) bool { return rows[i].At.Before(rows[j].At) })
	start := 0
	if word := q.Get("cursor"); word != "" {
		raw, err := base64.StdEncoding.DecodeString(word)
		if err != nil {
			return pipedriveError(http.StatusBadRequest, "the cursor is invalid")
		}
		start, _ = strconv.Atoi(string(raw))
	}
	rows = rows[min(start, len(rows)):]
	next := any(nil)
	if limit > 0 && len(rows) > limit {
		rows, next = rows[:limit], base64.StdEncoding.EncodeToString([]byte(strconv.Itoa(start+limit)))
	}
	out := []any{}
	for _, o := range rows {
		out = append(out, pipedriveAnswer(o, "v2"))
	}
	return http.StatusOK, map[string]any{"success": true, "data": out, "additional_data": map[string]any{"next_cursor": next}}
}

func pipedriveRecents(d *Double, since string, start, limit int) (int, any) {
	from, _ := time.Parse("2006-01-02 15:04:05", since)
	type change struct {
		kind string
		of   *Record
	}
	var all []change
	for _, kind := range []string{"person", "deal"} {
		for _, o := range d.Records[kind] {
			if !o.At.Truncate(time.Second).Before(from) {
				all = append(all, change{kind, o})
			}
		}
	}
	sort.SliceStable(all, func(i, j int) bool { return all[i].of.At.Before(all[j].of.At) })
	all = all[min(start, len(all)):]
	more := limit > 0 && len(all) > limit
	if more {
		all = all[:limit]
	}
	out, last := []any{}, since
	for _, c := range all {
		n, _ := strconv.Atoi(c.of.ID)
		out = append(out, map[string]any{"item": c.kind, "id": n, "data": pipedriveAnswer(c.of, "v1")})
		last = max(last, c.of.At.UTC().Format("2006-01-02 15:04:05"))
	}
	return http.StatusOK, map[string]any{"success": true, "data": out, "additional_data": map[string]any{"last_timestamp_on_page": last, "pagination": map[string]any{"more_items_in_collection": more}}}
}
