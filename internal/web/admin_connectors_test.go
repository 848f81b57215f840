package web_test

import (
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/auth"
	"github.com/gatehouse/gatehouse/internal/crm"
	"github.com/gatehouse/gatehouse/internal/testkit"
	"github.com/gatehouse/gatehouse/internal/testkit/crmtest"
)

// TestConnectTestTryAndTell walks through the pages: connect, test, look at what would be sent, switch on, see what was told.
func TestConnectTestTryAndTell(t *testing.T) {
	d := crmtest.HubSpot(t, nil)
	s := newSite(t, func(o *app.Options) { o.Allow = crmtest.Allow(d) })
	admin := s.login(auth.Admin)
	d.Users = []crm.User{{ID: "7", Name: "Admin", Email: admin.user.Email}}
	s.Take(testkit.Submit("ann@example.org"))
	has(t, "empty", admin.page("/admin/connectors"), "No other system is connected", "/admin/connectors/new")
	has(t, "kinds", admin.page("/admin/connectors/new"), "Webhook", "HubSpot", "Salesforce", "Pipedrive", "Slack")
	for _, kind := range []string{"webhook", "hubspot", "salesforce", "pipedrive", "slack"} {
		has(t, kind, admin.page("/admin/connectors/new?kind="+kind), `name="name"`, `name="alert_user"`, "Connect, held at first")
	}
	form := url.Values{"kind": {"hubspot"}, "name": {"Our HubSpot"}, "base": {d.URL}, "stages": {"won"}}
	res := admin.post("/admin/connectors", form)
	has(t, "faults", res.Body.String(), "Access token of the private app is missing", "Line 1 is not", `value="Our HubSpot"`)
	form.Set("token", crmtest.HubSpotToken)
	form.Set("stages", "discovery = appointmentscheduled")
	res = admin.post("/admin/connectors", form)
	if res.Code != http.StatusSeeOther {
		t.Fatalf("create: %d %s", res.Code, res.Body)
	}
	own := res.Header().Get("Location")
	body := admin.page(own)
	has(t, "held", body, "It is held", "It is set, and never shown", "/webhooks/connectors/")
	if strings.Contains(body, crmtest.HubSpotToken) {
		t.Error("the page shows the token")
	}
	has(t, "test", admin.post(own+"/test", url.Values{}).Body.String(), "It works")
	d.Missing("gatehouse_said")
	has(t, "test with a missing property", admin.post(own+"/test", url.Values{}).Body.String(), "Settings do not fit", "contacts.gatehouse_said")
	d.Missing("")
	has(t, "mapping", admin.page(own+"/mapping"), "gatehouse_consent", "Show what would be sent")
	lines := url.Values{"version": {"1"}, "do": {"try"}, "lead": {"ann@example.org"}, "object1": {"person"}, "value1": {"email"}, "property1": {"email"}, "policy1": {"overwrite"},
		"object2": {"person"}, "value2": {""}, "fixed2": {"lead"}, "property2": {"lifecyclestage"}, "policy2": {"fill"}}
	d.Forget()
	has(t, "dry run", admin.post(own+"/mapping", lines).Body.String(), "Nothing was written", "/contacts/batch/upsert", "lifecyclestage", "would be sent")
	for _, r := range d.Requests() {
		if crmtest.Writes(r) {
			t.Errorf("the dry run wrote: %s %s", r.Method, r.Path)
		}
	}
	lines.Set("lead", "nobody@example.org")
	has(t, "no such lead", admin.post(own+"/mapping", lines).Body.String(), "There is no lead with this address")
	lines.Set("do", "save")
	lines.Set("value1", "consent")
	lines.Set("policy1", "never")
	has(t, "consent is always told", admin.post(own+"/mapping", lines).Body.String(), "is always told")
	lines.Set("policy1", "overwrite")
	lines.Set("value1", "email")
	if res := admin.post(own+"/mapping", lines); res.Code != http.StatusSeeOther {
		t.Fatalf("save: %d", res.Code)
	}
	if res := admin.post(own+"/mapping", lines); res.Code != http.StatusConflict {
		t.Errorf("a stale mapping: %d", res.Code)
	}
	if res := admin.post(own+"/state", url.Values{"version": {"2"}, "state": {"on"}}); res.Code != http.StatusSeeOther {
		t.Fatalf("on: %d", res.Code)
	}
	has(t, "on", admin.page("/admin/connectors"), "Our HubSpot", `tag-good`)
	has(t, "pushes", admin.page("/admin/pushes"), "Nothing was told yet")
	marketing := s.login(auth.Marketing)
	body = marketing.page(own)
	if strings.Contains(body, "Save") || strings.Contains(body, "Switch off") {
		t.Error("marketing is offered what it may not do")
	}
	has(t, "marketing's mapping", marketing.page(own+"/mapping"), "lifecyclestage", "!Show what would be sent")
}

// TestAHookIsSigned: nobody gets in without the sender's signature, and nothing tells whether there is a connector.
func TestAHookIsSigned(t *testing.T) {
	d := crmtest.Receiver(t)
	s := newSite(t, func(o *app.Options) { o.Allow = crmtest.Allow(d) })
	admin := s.login(auth.Admin)
	secret := "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	res := admin.post("/admin/connectors", url.Values{"kind": {"webhook"}, "name": {"Hook"}, "url": {d.URL}, "secret": {secret}, "in_secret": {secret}})
	id := strings.TrimPrefix(res.Header().Get("Location"), "/admin/connectors/")
	post := func(path, body string, h http.Header) int {
		r, _ := http.NewRequest(http.MethodPost, testBase+path, strings.NewReader(body))
		maps.Copy(r.Header, h)
		r.Header.Set("Content-Type", "application/json")
		return s.visitor().do(r).Code
	}
	body := `{"type":"lead.opted_out","timestamp":"2026-03-03T09:00:00Z","data":{"email":"nobody@example.org"}}`
	now := s.Clock.Now()
	for _, x := range []struct {
		path, body string
		h          http.Header
		want       int
	}{
		{"/webhooks/connectors/" + id, body, crm.Sign(secret, "m1", now, []byte(body)), 200},
		{"/webhooks/connectors/" + id, body, crm.Sign(secret, "m1", now, []byte(body)), 200},
		{"/webhooks/connectors/" + id, body, http.Header{}, 401},
		{"/webhooks/connectors/" + id, body + " ", crm.Sign(secret, "m1", now, []byte(body)), 401},
		{"/webhooks/connectors/" + id, body, crm.Sign("whsec_"+strings.Repeat("AAAA", 8), "m1", now, []byte(body)), 401},
		{"/webhooks/connectors/019a5b1c-0000-7000-8000-000000000001", body, crm.Sign(secret, "m1", now, []byte(body)), 404},
		{"/webhooks/connectors/x", body, http.Header{}, 404},
	} {
		if got := post(x.path, x.body, x.h); got != x.want {
			t.Errorf("%s %v: %d, not %d", x.path, x.h, got, x.want)
		}
	}
	if n := s.Count("select count(*) from pulls"); n != 1 {
		t.Errorf("%d events are kept", n)
	}
	if res := admin.post("/admin/connectors/"+id+"/state", url.Values{"version": {"1"}, "state": {"on"}}); res.Code != http.StatusSeeOther {
		t.Fatalf("on: %d", res.Code)
	}
	s.Take(testkit.Submit("ann@example.org"))
	if err := s.App.SpreadOutbox(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.App.PushDue(t.Context(), uuid.MustParse(id)); err != nil {
		t.Fatal(err)
	}
	has(t, "pushes", admin.page("/admin/pushes?connector="+id), "Asked for a document", "Ann Archer", "Told")
	var push, lead string
	if err := s.Store.DB(t.Context()).Raw("select id, lead_id from pushes").Row().Scan(&push, &lead); err != nil {
		t.Fatal(err)
	}
	has(t, "push", admin.page("/admin/pushes/"+push), "What was sent", "ann@example.org", "Try 1")
	has(t, "lead", admin.page("/admin/leads/"+lead), "Told to other systems, 1", "Told Hook")
	has(t, "lead for sales", s.login(auth.Sales).page("/admin/leads/"+lead), "Told to other systems, 1", "!/admin/pushes/")
}

// What a webhook is told is ticked, kind by kind; what was ticked stands there again, also when the form comes back.
func TestEventsAreTicked(t *testing.T) {
	s := newSite(t)
	admin := s.login(auth.Admin)
	boxes := func(body string) (ticked []string) {
		for part := range strings.SplitSeq(body, `name="types" value="`) {
			if name, rest, ok := strings.Cut(part, `"`); ok && strings.HasPrefix(rest, " checked") {
				ticked = append(ticked, name)
			}
		}
		return ticked
	}
	if got := boxes(admin.page("/admin/connectors/new?kind=slack")); !slices.Equal(got, []string{"lead.assigned", "deal.stage_changed"}) {
		t.Errorf("a new Slack has ticked %v", got)
	}
	want := []string{"lead.qualified", "lead.erased"}
	form := url.Values{"kind": {"webhook"}, "name": {"Ours"}, "url": {"https://hooks.example.com/in"}, "types": want}
	if got := boxes(admin.post("/admin/connectors", form).Body.String()); !slices.Equal(got, want) {
		t.Errorf("the form that came back has ticked %v", got)
	}
	form.Set("secret", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	res := admin.post("/admin/connectors", form)
	body := admin.page(res.Header().Get("Location"))
	if got := boxes(body); !slices.Equal(got, want) {
		t.Errorf("%d: it has ticked %v", res.Code, got)
	}
	has(t, "words", body, "Qualified", "None ticked: all of it.")
	if fresh := admin.page("/admin/connectors/new?kind=webhook"); len(boxes(fresh)) > 0 || strings.Count(fresh, `name="types"`) != len(crm.EventTypes) {
		t.Errorf("a new webhook has %d boxes, ticked %v", strings.Count(fresh, `name="types"`), boxes(fresh))
	}
}

var (
	inputTag  = regexp.MustCompile(`<(?:input|select|textarea)[^>]* name="([^"]+)"[^>]*>`)
	valueAttr = regexp.MustCompile(` value="([^"]*)"`)
)

// TestAConnectorsFormKeepsItsSettings: a setting must not share its name with what the page itself posts, or saving the
// form as it stands changes it.
func TestAConnectorsFormKeepsItsSettings(t *testing.T) {
	d := crmtest.Receiver(t)
	s := newSite(t, func(o *app.Options) { o.Allow = crmtest.Allow(d) })
	admin := s.login(auth.Admin)
	for _, sys := range s.App.Systems().All() {
		about := sys.About()
		form := url.Values{"kind": {about.Kind}, "name": {about.Title}}
		for _, f := range about.Fields {
			v := f.Default
			switch {
			case f.Type == "url" || f.Name == "url" || f.Name == "domain":
				v = d.URL
			case f.Name == "secret" || f.Name == "in_secret":
				v = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
			case v == "" && !slices.Contains([]string{"checkbox", "select", "textarea", "events"}, f.Type):
				v = "something"
			}
			form.Set(f.Name, v)
		}
		res := admin.post("/admin/connectors", form)
		if res.Code != http.StatusSeeOther {
			t.Fatalf("%s: %d", about.Kind, res.Code)
		}
		own := res.Header().Get("Location")
		id := uuid.MustParse(strings.TrimPrefix(own, "/admin/connectors/"))
		was, err := s.App.ConnectorDetail(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		_, sheet, found := strings.Cut(admin.page(own), `action="`+own+`"`)
		sheet, _, closed := strings.Cut(sheet, "</form>")
		if !found || !closed {
			t.Fatalf("%s: the page has no form", about.Kind)
		}
		edit, seen := maps.Clone(form), map[string]bool{}
		for _, tag := range inputTag.FindAllStringSubmatch(sheet, -1) {
			if seen[tag[1]] && !strings.Contains(tag[0], `type="checkbox"`) { // boxes of one kind share a name
				t.Errorf("%s: the form has two fields named %s", about.Kind, tag[1])
			}
			if v := valueAttr.FindStringSubmatch(tag[0]); v != nil && !seen[tag[1]] && strings.Contains(tag[0], `type="hidden"`) {
				edit.Set(tag[1], v[1])
			}
			seen[tag[1]] = true
		}
		for _, f := range about.Fields {
			if f.Secret {
				edit.Del(f.Name)
				if !f.Required {
					edit.Set(f.Name+app.RemoveSecret, "yes")
				}
			}
		}
		if res := admin.post(own, edit); res.Code != http.StatusSeeOther {
			t.Fatalf("%s: save: %d", about.Kind, res.Code)
		}
		now, err := s.App.ConnectorDetail(t.Context(), id)
		if err != nil || !maps.Equal(was.Settings, now.Settings) {
			t.Errorf("%s: the settings were %v and are %v (%v)", about.Kind, was.Settings, now.Settings, err)
		}
		for _, f := range about.Fields {
			if f.Secret && now.Set[f.Name] != f.Required {
				t.Errorf("%s: %s is set: %v; required: %v", about.Kind, f.Name, now.Set[f.Name], f.Required)
			}
		}
	}
}
