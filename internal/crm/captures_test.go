package crm_test

import (
	"encoding/json"
	"net/http"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse/gatehouse/internal/crm"
	"github.com/gatehouse/gatehouse/internal/testkit"
	"github.com/gatehouse/gatehouse/internal/testkit/crmtest"
)

// captured is what a vendor's own client put on the wire.
type captured struct {
	Method, Path string
	Headers      map[string]string
	Body         any
}

func capture(t *testing.T, name string) captured {
	t.Helper()
	raw, err := os.ReadFile(testkit.Shared(t, "specs", "captures", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Exchanges []captured }
	if err := json.Unmarshal(raw, &file); err != nil || len(file.Exchanges) == 0 {
		t.Fatal(err)
	}
	return file.Exchanges[0]
}

// same compares a request of ours with a captured one: method, path, the headers that carry meaning, the body as JSON. ours
// is what we add on purpose: our own key.
func sameRequest(t *testing.T, got crmtest.Request, want captured, ours func(body map[string]any)) {
	t.Helper()
	if got.Method != want.Method || got.Path != want.Path {
		t.Errorf("%s %s, the vendor's client sends %s %s", got.Method, got.Path, want.Method, want.Path)
	}
	for name, v := range want.Headers {
		switch name {
		case "authorization", "x-api-token":
			scheme, _, bearer := strings.Cut(v, " ")
			if have := got.Header.Get(name); have == "" || bearer && !strings.HasPrefix(have, scheme+" ") {
				t.Errorf("header %s: %q, theirs %q", name, have, v)
			}
		case "content-type":
			if want.Method != http.MethodGet && got.Header.Get(name) != v {
				t.Errorf("header %s: %q, theirs %q", name, got.Header.Get(name), v)
			}
		}
	}
	if text, ok := want.Body.(string); ok {
		if string(got.Body) != text {
			t.Errorf("body %q, theirs %q", got.Body, text)
		}
		return
	}
	var body map[string]any
	if err := json.Unmarshal(got.Body, &body); err != nil {
		t.Fatal(err)
	}
	ours(body)
	if !reflect.DeepEqual(body, want.Body) {
		a, _ := json.MarshalIndent(body, "", " ")
		b, _ := json.MarshalIndent(want.Body, "", " ")
		t.Errorf("body\n%s\ntheirs\n%s", a, b)
	}
}

func request(t *testing.T, d *crmtest.Double, method, part string) crmtest.Request {
	t.Helper()
	for _, r := range d.Requests() {
		if r.Method == method && strings.Contains(r.Path, part) {
			return r
		}
	}
	t.Fatalf("no %s %s among %d requests", method, part, len(d.Requests()))
	return crmtest.Request{}
}

func nothing(map[string]any) {}

func ann() crm.Call {
	return crm.Call{ID: "1", Type: "lead.assigned", At: time.Now(), Key: "lead-01J", Lead: true, Values: crm.Values{"email": "ann@example.org", "given_name": "Ann", "family_name": "O'Brien",
		"name": "Ann O'Brien", "company": "Example", "tel": "+14155550123", "owner_email": "rep@example.com", "key": "lead-01J", "consent": "yes"}}
}

func subjectOf(t *testing.T, kind string) *rig {
	t.Helper()
	for _, s := range subjects() {
		if s.kind == kind {
			return newRig(t, s)
		}
	}
	t.Fatal(kind)
	return nil
}

func TestHubSpotSendsWhatItsOwnClientSends(t *testing.T) {
	r := subjectOf(t, "hubspot")
	r.c.Mapping = []crm.Line{{crm.Person, "email", "email", crm.Overwrite}, {crm.Person, "given_name", "firstname", crm.Fill}, {crm.Person, "family_name", "lastname", crm.Fill},
		{crm.Person, "company", "company", crm.Fill}, {crm.Person, "tel", "phone", crm.Fill}, {crm.Person, "=lead", "lifecyclestage", crm.Fill}, {crm.Person, "=NEW", "hs_lead_status", crm.Fill},
		{crm.Lead, "name", "hs_lead_name", crm.Fill}, {crm.Lead, "=NEW_BUSINESS", "hs_lead_type", crm.Fill}, {crm.Lead, "=WARM", "hs_lead_label", crm.Fill}, {crm.Lead, "owner", "hubspot_owner_id", crm.Overwrite},
		{crm.Deal, "deal_title", "dealname", crm.Fill}, {crm.Deal, "deal_stage", "dealstage", crm.Overwrite}, {crm.Deal, "deal_value", "amount", crm.Overwrite}, {crm.Deal, "deal_owner", "hubspot_owner_id", crm.Overwrite}}
	c := ann()
	c.DealKey = "deal-01J"
	c.Values["deal_title"], c.Values["deal_stage"], c.Values["deal_value"], c.Values["deal_owner_email"] = "Ann O'Brien - 8 Questions", "discovery", "0", "rep@example.com"
	if out := r.push(t.Context(), c, false); out.Class != crm.Done {
		t.Fatal(out.Reason)
	}
	key := func(want string) func(map[string]any) {
		return func(body map[string]any) {
			props, _ := body["properties"].(map[string]any)
			if in, ok := body["inputs"].([]any); ok {
				props = in[0].(map[string]any)["properties"].(map[string]any)
			}
			if props["gatehouse_key"] != want {
				t.Errorf("our key is %v", props["gatehouse_key"])
			}
			delete(props, "gatehouse_key")
			if l, ok := body["associations"].([]any); ok { // the contact has another number here
				l[0].(map[string]any)["to"] = map[string]any{"id": "101"}
			}
		}
	}
	sameRequest(t, request(t, r.d, "POST", "/contacts/batch/upsert"), capture(t, "hubspot-contacts-batch-upsert"), key("lead-01J"))
	sameRequest(t, request(t, r.d, "GET", "/owners"), capture(t, "hubspot-owners-by-email"), nothing)
	made := 0
	for _, q := range r.d.Requests() {
		switch q.Path {
		case "/crm/v3/objects/deals":
			sameRequest(t, q, capture(t, "hubspot-deal-create"), key("deal-01J"))
			made++
		case "/crm/v3/objects/leads":
			sameRequest(t, q, capture(t, "hubspot-lead-create"), key("lead-01J"))
			made++
		}
	}
	if made != 2 {
		t.Errorf("%d of lead and deal were made", made)
	}
}

func TestSalesforceSendsWhatItsOwnClientSends(t *testing.T) {
	r := subjectOf(t, "salesforce")
	r.c.Settings["key_field"] = "Lead_Key__c"
	r.c.Mapping = []crm.Line{{crm.Person, "given_name", "FirstName", crm.Fill}, {crm.Person, "family_name", "LastName", crm.Fill}, {crm.Person, "company", "Company", crm.Fill},
		{crm.Person, "email", "Email", crm.Overwrite}, {crm.Person, "=Whitepaper", "LeadSource", crm.Fill}}
	c := ann()
	c.Key = "01J/ann"
	if out := r.push(t.Context(), c, false); out.Class != crm.Done {
		t.Fatal(out.Reason)
	}
	want := capture(t, "salesforce-lead-upsert-extid")
	got := request(t, r.d, "PATCH", "/sobjects/Lead/")
	if got.Path != "/services/data/v62.0/sobjects/Lead/Lead_Key__c/01J%2Fann" {
		t.Errorf("the key is not escaped: %s", got.Path)
	}
	want.Path = got.Path // their client leaves the slash in the key as it is, which names another record
	sameRequest(t, got, want, nothing)
	login := request(t, r.d, "POST", "/oauth2/token")
	theirs := capture(t, "salesforce-oauth-client-credentials")
	theirs.Body = strings.NewReplacer("cid", crmtest.SalesforceClient, "=sec", "="+crmtest.SalesforceSecret).Replace(theirs.Body.(string))
	sameRequest(t, login, theirs, nothing)
}

func TestPipedriveSendsWhatItsOwnClientSends(t *testing.T) {
	r := subjectOf(t, "pipedrive")
	r.d.Users = []crm.User{{ID: "5", Name: "R Ep", Email: "rep@example.com"}}
	r.c.Mapping = []crm.Line{{crm.Person, "name", "name", crm.Fill}, {crm.Person, "owner", "owner_id", crm.Overwrite}, {crm.Person, "email", "emails", crm.Fill}, {crm.Person, "tel", "phones", crm.Fill},
		{crm.Person, "consent", "marketing_status", crm.Overwrite}, {crm.Lead, "=Ann O'Brien - 8 Questions", "title", crm.Fill}, {crm.Lead, "owner", "owner_id", crm.Overwrite}}
	if out := r.push(t.Context(), ann(), false); out.Class != crm.Done {
		t.Fatal(out.Reason)
	}
	sameRequest(t, request(t, r.d, "GET", "term=ann%40example.org"), capture(t, "pipedrive-person-search"), nothing)
	sameRequest(t, request(t, r.d, "POST", "/api/v2/persons"), capture(t, "pipedrive-person-add"), nothing)
	want := capture(t, "pipedrive-lead-add")
	body := want.Body.(map[string]any)
	for _, k := range []string{"label_ids", "value", "visible_to", "was_seen"} { // what is not ours to decide
		delete(body, k)
	}
	sameRequest(t, request(t, r.d, "POST", "/v1/leads"), want, func(got map[string]any) {
		if got["person_id"] == nil {
			t.Error("the lead belongs to no person")
		}
		got["person_id"] = 11.0
	})
}

func TestSlackSendsWhatItsOwnClientSends(t *testing.T) {
	r := subjectOf(t, "slack")
	c := crm.Call{ID: "1", Type: "lead.assigned", Values: crm.Values{"given_name": "Ann", "family_name": "<!channel>", "grade": "A1", "link": "https://leads.example/l/1"}}
	if out := r.push(t.Context(), c, false); out.Class != crm.Done {
		t.Fatal(out.Reason)
	}
	got, want := r.d.Requests()[0], capture(t, "slack-webhook-ok")
	if got.Method != want.Method || got.Path != want.Path || got.Header.Get("Content-Type") != want.Headers["content-type"] {
		t.Errorf("%s %s", got.Method, got.Path)
	}
	var a, b struct {
		Text   string
		Blocks []map[string]any
	}
	raw, _ := json.Marshal(want.Body)
	if json.Unmarshal(got.Body, &a) != nil || json.Unmarshal(raw, &b) != nil || len(a.Blocks) != len(b.Blocks) {
		t.Fatalf("%s", got.Body)
	}
	for i := range b.Blocks { // the same shape, block by block
		if a.Blocks[i]["type"] != b.Blocks[i]["type"] {
			t.Errorf("block %d is %v, theirs %v", i, a.Blocks[i]["type"], b.Blocks[i]["type"])
		}
		for k := range b.Blocks[i] {
			if a.Blocks[i][k] == nil {
				t.Errorf("block %d lacks %s", i, k)
			}
		}
	}
	if strings.Contains(string(got.Body), "<!channel>") {
		t.Error("a name can call the whole channel")
	}
}
