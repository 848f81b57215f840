package crm

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

type salesforce struct {
	key, root string
	lines     []Line
}

func (v *salesforce) kind(object string) string {
	return map[string]string{Person: "Lead", Deal: "Opportunity"}[object]
}

func (v *salesforce) record(ctx context.Context, t *talk, path string, props []string) (*remote, error) {
	var out map[string]any
	err := t.get(ctx, v.root+"/sobjects/"+path+"?fields="+url.QueryEscape(strings.Join(append([]string{"Id", v.key}, props...), ",")), &out)
	if isStatus(err, http.StatusNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return v.own(salesforceRecord(out)), nil
}

func (v *salesforce) own(r *remote) *remote {
	if r != nil {
		r.key = r.props[v.key]
	}
	return r
}

func salesforceRecord(in map[string]any) *remote {
	r := &remote{props: map[string]string{}}
	for k, v := range in {
		switch x := v.(type) {
		case string:
			r.props[k] = x
		case float64:
			r.props[k] = strings.TrimSuffix(fmt.Sprintf("%.2f", x), ".00")
		case bool:
			r.props[k] = fmt.Sprint(x)
		}
	}
	r.id = r.props["Id"]
	if r.id == "" {
		return nil
	}
	return r
}

func (v *salesforce) find(ctx context.Context, t *talk, object string, call Call, _ map[string]string, props []string) (*remote, error) {
	r, err := v.record(ctx, t, v.kind(object)+"/"+v.key+"/"+url.PathEscape(keyOf(object, call)), props)
	if err != nil || r != nil || object != Person || call.Values["email"] == "" {
		return r, err
	}
	var out struct{ Records []map[string]any }
	soql := fmt.Sprintf("SELECT %s FROM Lead WHERE Email = '%s' AND IsConverted = false ORDER BY CreatedDate LIMIT 1",
		strings.Join(unique(append([]string{"Id", v.key}, props...)), ","), soqlQuote(call.Values["email"]))
	if err := t.get(ctx, v.root+"/query?q="+url.QueryEscape(soql), &out); err != nil || len(out.Records) == 0 {
		return nil, err
	}
	return v.own(salesforceRecord(out.Records[0])), nil
}

func unique(in []string) (out []string) {
	for _, s := range in {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

func soqlQuote(s string) string { return strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s) }

func (v *salesforce) read(ctx context.Context, t *talk, object, id string, props []string) (*remote, error) {
	return v.record(ctx, t, v.kind(object)+"/"+url.PathEscape(id), props)
}

// allowDuplicate asks for a record although one like it exists: we have looked, and it is another person.
var allowDuplicate = http.Header{"Sforce-Duplicate-Rule-Header": {"allowSave=true"}}

func (v *salesforce) create(ctx context.Context, t *talk, object string, props map[string]string, call Call, _ map[string]string) (string, error) {
	for prop, fallback := range map[string]string{"LastName": orUnknown(call.Values["email"]), "Company": "Unknown"} { // Salesforce takes no Lead without
		if object == Person && props[prop] == "" {
			props[prop] = fallback
		}
	}
	if object == Deal && props["CloseDate"] == "" {
		props["CloseDate"] = call.At.AddDate(0, 3, 0).Format(time.DateOnly)
	}
	path := v.root + "/sobjects/" + v.kind(object) + "/" + v.key + "/" + url.PathEscape(keyOf(object, call))
	var out struct{ ID string }
	err := t.write(ctx, http.MethodPatch, path, salesforceBody(props), &out)
	if isCode(err, "DUPLICATES_ALLOWED") {
		err = t.writeWith(ctx, http.MethodPatch, path, allowDuplicate, salesforceBody(props), &out)
	}
	if err == nil && out.ID == "" && !t.dry { // 204: it was there, and no answer names it
		if r, err := v.record(ctx, t, v.kind(object)+"/"+v.key+"/"+url.PathEscape(keyOf(object, call)), nil); err != nil || r != nil {
			return r.at(), err
		}
	}
	return out.ID, err
}

func (r *remote) at() string {
	if r == nil {
		return ""
	}
	return r.id
}

func orUnknown(s string) string {
	if s == "" {
		return "Unknown"
	}
	return s
}

func salesforceBody(props map[string]string) map[string]any {
	out := map[string]any{}
	for k, v := range props {
		out[k] = v
		if k == "Amount" {
			out[k] = json.Number(v)
		}
	}
	return out
}

func (v *salesforce) update(ctx context.Context, t *talk, object, id string, props map[string]string, call Call) error {
	return t.write(ctx, http.MethodPatch, v.root+"/sobjects/"+v.kind(object)+"/"+url.PathEscape(id), salesforceBody(withKey(props, v.key, keyOf(object, call))), nil)
}

// links has nothing: a Lead carries its company as a text, and what hangs on what is for their staff to say when they convert it.
func (v *salesforce) links(string) []tie { return nil }

func (v *salesforce) link(context.Context, *talk, string, string, string, string) error { return nil }

// remove puts a record into their bin. For good means that nothing of the person is left in it there.
func (v *salesforce) remove(ctx context.Context, t *talk, object, id string, forGood bool) error {
	path := v.root + "/sobjects/" + v.kind(object) + "/" + url.PathEscape(id)
	if forGood {
		if err := t.write(ctx, http.MethodPatch, path, v.blank(object), nil); err != nil {
			return err
		}
	}
	return t.write(ctx, http.MethodDelete, path, nil, nil)
}

// blank empties what the mapping wrote, and names what must have a name.
func (v *salesforce) blank(object string) map[string]any {
	out := map[string]any{}
	for _, l := range v.lines {
		if l.Object == object && l.Policy != Never && !slices.Contains([]string{"OwnerId", "StageName", "CloseDate", "Amount", "LeadSource"}, l.Property) {
			out[l.Property] = nil
		}
	}
	for _, name := range map[string][]string{Person: {"LastName", "Company"}, Deal: {"Name"}}[object] {
		out[name] = "Erased"
	}
	return out
}

func (v *salesforce) owner(ctx context.Context, t *talk, email string) (string, error) {
	var out struct{ Records []map[string]any }
	soql := "SELECT Id FROM User WHERE IsActive = true AND Email = '" + soqlQuote(email) + "' ORDER BY CreatedDate LIMIT 1"
	if err := t.get(ctx, v.root+"/query?q="+url.QueryEscape(soql), &out); err != nil || len(out.Records) == 0 {
		return "", err
	}
	if r := salesforceRecord(out.Records[0]); r != nil {
		return r.id, nil
	}
	return "", nil
}
