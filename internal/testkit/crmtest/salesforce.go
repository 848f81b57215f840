package crmtest

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"testing"
	"time"
)

// What the double of Salesforce wants.
const (
	SalesforceClient = "3MVG9.client"
	SalesforceSecret = "a-consumer-secret-of-the-tests"
)

// Salesforce keeps leads and opportunities. now may be nil.
func Salesforce(t testing.TB, now func() time.Time) *Double {
	t.Helper()
	d := newDouble(t, now, salesforce)
	d.secret = "00D!session-of-the-tests"
	d.auth = func(r Request, secret string) bool {
		return strings.HasPrefix(r.Path, "/services/oauth2/") || r.Header.Get("Authorization") == "Bearer "+secret
	}
	d.refuse = func() (int, any) {
		return salesforceError(http.StatusUnauthorized, "INVALID_SESSION_ID", "Session expired or invalid")
	}
	d.twice = func() (int, any) {
		return salesforceError(http.StatusBadRequest, "DUPLICATE_VALUE", "duplicate value found: duplicates value on record with id: 00Q")
	}
	return d
}

// Expire ends every session: the next login gets another one.
func (d *Double) Expire() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.secret += "x"
}

func salesforceError(status int, code, message string, fields ...string) (int, any) {
	return status, []any{map[string]any{"errorCode": code, "message": message, "fields": fields}}
}

func salesforceAnswer(r *Record) map[string]any {
	out := map[string]any{"attributes": map[string]any{"type": "x"}, "Id": r.ID, "SystemModstamp": r.At.UTC().Format("2006-01-02T15:04:05.000+0000"), "IsDeleted": r.Deleted}
	maps.Copy(out, r.Props)
	return out
}

var (
	soqlFrom  = regexp.MustCompile(`FROM (\w+) WHERE`)
	soqlText  = regexp.MustCompile(`(\w+) = '((?:[^'\\]|\\.)*)'`)
	soqlSince = regexp.MustCompile(`SystemModstamp >= (\S+)`)
	soqlAfter = regexp.MustCompile(`SystemModstamp > (\S+) OR \(SystemModstamp = (\S+) AND Id > '(\d+)'\)`)
	soqlLimit = regexp.MustCompile(`LIMIT (\d+)$`)
)

func salesforce(d *Double, r Request) (int, any) {
	u, _ := url.Parse(r.Path)
	if u.Path == "/services/oauth2/token" {
		q, _ := url.ParseQuery(string(r.Body))
		if q.Get("grant_type") != "client_credentials" || q.Get("client_id") != SalesforceClient || q.Get("client_secret") != SalesforceSecret {
			return http.StatusBadRequest, map[string]any{"error": "invalid_client"}
		}
		return http.StatusOK, map[string]any{"access_token": d.secret, "instance_url": d.URL, "token_type": "Bearer"}
	}
	path, ok := strings.CutPrefix(u.EscapedPath(), "/services/data/v62.0/")
	if !ok {
		return salesforceError(http.StatusNotFound, "NOT_FOUND", "no such path")
	}
	if path == "query" || path == "queryAll" {
		return salesforceQuery(d, u.Query().Get("q"), path == "queryAll")
	}
	parts := strings.Split(strings.TrimPrefix(path, "sobjects/"), "/")
	kind := parts[0]
	var in map[string]any
	if len(r.Body) > 0 {
		if err := json.Unmarshal(r.Body, &in); err != nil {
			return salesforceError(http.StatusBadRequest, "JSON_PARSER_ERROR", "no JSON")
		}
	}
	if d.missing != "" {
		if _, used := in[d.missing]; used || strings.Contains(u.Query().Get("fields"), d.missing) {
			return salesforceError(http.StatusBadRequest, "INVALID_FIELD", "No such column '"+d.missing+"' on sobject of type "+kind, d.missing)
		}
	}
	if len(parts) == 2 && parts[1] == "describe" {
		var out []any
		for _, n := range []string{"FirstName", "LastName", "Company", "Email", "Phone", "Title", "LeadSource", "OwnerId", "Gatehouse_Consent__c", "Gatehouse_Contact_Choice__c", "Gatehouse_Said__c",
			"Gatehouse_Grade__c", "Gatehouse_Key__c", "Name", "StageName", "Amount", "CloseDate"} {
			if n != d.missing {
				out = append(out, map[string]any{"name": n})
			}
		}
		return http.StatusOK, map[string]any{"fields": out}
	}
	var rec *Record
	switch len(parts) {
	case 2:
		rec = d.byID(kind, parts[1])
	case 3:
		key, _ := url.PathUnescape(parts[2])
		rec = d.find(kind, func(o *Record) bool { return o.Props[parts[1]] == key })
		if r.Method == http.MethodPatch && rec == nil {
			if _, has := in[parts[1]]; has {
				return salesforceError(http.StatusBadRequest, "INVALID_FIELD", "the external id must not be in the body")
			}
			for kindOf, need := range map[string][]string{"Lead": {"LastName", "Company"}, "Opportunity": {"Name", "StageName", "CloseDate"}} {
				for _, n := range need {
					if kindOf == kind && in[n] == nil {
						return salesforceError(http.StatusBadRequest, "REQUIRED_FIELD_MISSING", "Required fields are missing: ["+n+"]", n)
					}
				}
			}
			in[parts[1]] = key
			rec = d.make(kind, in)
			return http.StatusCreated, map[string]any{"id": rec.ID, "success": true, "errors": []any{}, "created": true}
		}
	}
	if rec == nil {
		return salesforceError(http.StatusNotFound, "NOT_FOUND", "The requested resource does not exist")
	}
	switch r.Method {
	case http.MethodPatch:
		maps.Copy(rec.Props, in)
		rec.At = d.now()
		if len(parts) == 2 {
			return http.StatusNoContent, nil
		}
		return http.StatusOK, map[string]any{"id": rec.ID, "success": true, "errors": []any{}, "created": false}
	case http.MethodDelete:
		rec.Deleted, rec.At = true, d.now()
		return http.StatusNoContent, nil
	}
	return http.StatusOK, salesforceAnswer(rec)
}

func salesforceQuery(d *Double, q string, deletedToo bool) (int, any) {
	from := soqlFrom.FindStringSubmatch(q)
	if from == nil {
		return salesforceError(http.StatusBadRequest, "MALFORMED_QUERY", "no FROM")
	}
	if d.missing != "" && strings.Contains(q, d.missing) {
		return salesforceError(http.StatusBadRequest, "INVALID_FIELD", "No such column '"+d.missing+"' on entity", d.missing)
	}
	out := []any{}
	if from[1] == "User" {
		want := soqlText.FindStringSubmatch(q)
		for _, x := range d.Users {
			if want == nil || strings.EqualFold(strings.ReplaceAll(want[2], `\'`, `'`), x.Email) {
				out = append(out, map[string]any{"Id": x.ID, "Name": x.Name, "Email": x.Email})
			}
		}
		return http.StatusOK, map[string]any{"records": out, "done": true}
	}
	since, after := soqlSince.FindStringSubmatch(q), soqlAfter.FindStringSubmatch(q)
	want := soqlText.FindStringSubmatch(q)
	if after != nil {
		want = nil
	}
	rows := []*Record{}
	for _, o := range d.Records[from[1]] {
		at := o.At.UTC().Format("2006-01-02T15:04:05.000Z")
		switch {
		case o.Deleted && !deletedToo, o.Props["Gatehouse_Key__c"] == nil && strings.Contains(q, "Gatehouse_Key__c != null"):
		case since != nil && at < since[1]:
		case after != nil && (at < after[1] || at == after[1] && number(o.ID) <= number(after[3])):
		case want != nil && !strings.EqualFold(text(o.Props[want[1]]), strings.ReplaceAll(want[2], `\'`, `'`)):
		default:
			rows = append(rows, o)
		}
	}
	if strings.Contains(q, "ORDER BY SystemModstamp, Id") {
		sort.SliceStable(rows, func(i, j int) bool {
			a, b := rows[i].At.Truncate(time.Millisecond), rows[j].At.Truncate(time.Millisecond)
			return a.Before(b) || a.Equal(b) && number(rows[i].ID) < number(rows[j].ID)
		})
	}
	if limit := soqlLimit.FindStringSubmatch(q); limit != nil {
		if n, _ := strconv.Atoi(limit[1]); len(rows) > n {
			rows = rows[:n]
		}
	}
	for _, o := range rows {
		out = append(out, salesforceAnswer(o))
	}
	return http.StatusOK, map[string]any{"records": out, "done": true}
}

// number is an id as theirs are ordered: all of one length.
func number(id string) int {
	n, _ := strconv.Atoi(id)
	return n
}
