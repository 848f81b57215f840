package web_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/auth"
	"github.com/gatehouse/gatehouse/internal/testkit/crmtest"
)

// hooked is a site with one connector that takes what its system posts.
type hooked struct {
	*site
	path string
}

func newHooked(t *testing.T, d *crmtest.Double, form url.Values) *hooked {
	t.Helper()
	s := newSite(t, func(o *app.Options) { o.Allow = crmtest.Allow(d) })
	res := s.login(auth.Admin).post("/admin/connectors", form)
	own := res.Header().Get("Location")
	if res.Code != http.StatusSeeOther {
		t.Fatalf("create: %d %s", res.Code, res.Body)
	}
	return &hooked{s, "/webhooks/connectors/" + strings.TrimPrefix(own, "/admin/connectors/")}
}

func (h *hooked) send(t *testing.T, path, body string, set func(http.Header)) int {
	t.Helper()
	r, err := http.NewRequest(http.MethodPost, testBase+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	set(r.Header)
	return h.visitor().do(r).Code
}

// kept fails unless so many events are kept.
func (h *hooked) kept(t *testing.T, want int) {
	t.Helper()
	if n := h.Count("select count(*) from pulls"); n != want {
		t.Errorf("%d events are kept, not %d", n, want)
	}
}

// hubspotSign is version 3 of HubSpot's signature: over method, address as the sender knows it, body and time.
func hubspotSign(secret, method, address, body string, at time.Time) func(http.Header) {
	stamp := fmt.Sprint(at.UnixMilli())
	m := hmac.New(sha256.New, []byte(secret))
	m.Write([]byte(method + address + body + stamp))
	return func(h http.Header) {
		h.Set("X-HubSpot-Request-Timestamp", stamp)
		h.Set("X-HubSpot-Signature-v3", base64.StdEncoding.EncodeToString(m.Sum(nil)))
	}
}

func TestHubSpotsSignature(t *testing.T) {
	const secret = "the client secret of the app"
	h := newHooked(t, crmtest.HubSpot(t, nil), url.Values{"kind": {"hubspot"}, "name": {"HubSpot"}, "token": {"pat-x"}, "client_secret": {secret}})
	body := func(id int) string {
		return fmt.Sprintf(`[{"eventId":%d,"subscriptionType":"contact.propertyChange","objectId":51,"propertyName":"hubspot_owner_id","propertyValue":"7","occurredAt":%d}]`, id, h.Clock.Now().UnixMilli())
	}
	now, address := h.Clock.Now(), h.App.BaseURL()+h.path
	good := hubspotSign(secret, "POST", address, body(1), now)
	for range 2 { // what comes twice is kept once
		if code := h.send(t, h.path, body(1), good); code != http.StatusOK {
			t.Fatalf("signed well: %d", code)
		}
	}
	if code := h.send(t, h.path, body(2), hubspotSign(secret, "POST", address, body(2), now.Add(-4*time.Minute))); code != http.StatusOK {
		t.Errorf("four minutes on the way: %d", code)
	}
	h.kept(t, 2)
	for what, set := range map[string]func(http.Header){
		"no signature":    func(http.Header) {},
		"another secret":  hubspotSign("another secret", "POST", address, body(3), now),
		"an empty secret": hubspotSign("", "POST", address, body(3), now),
		"another body":    hubspotSign(secret, "POST", address, body(4), now),
		"another method":  hubspotSign(secret, "GET", address, body(3), now),
		"another address": hubspotSign(secret, "POST", address+"0", body(3), now),
		"too old":         hubspotSign(secret, "POST", address, body(3), now.Add(-6*time.Minute)),
		"from the future": hubspotSign(secret, "POST", address, body(3), now.Add(6*time.Minute)),
		"no time": func(x http.Header) {
			hubspotSign(secret, "POST", address, body(3), now)(x)
			x.Del("X-HubSpot-Request-Timestamp")
		},
		"an old one, new time": func(x http.Header) {
			hubspotSign(secret, "POST", address, body(3), now.Add(-time.Hour))(x)
			x.Set("X-HubSpot-Request-Timestamp", fmt.Sprint(now.UnixMilli()))
		},
		"no base64": func(x http.Header) {
			hubspotSign(secret, "POST", address, body(3), now)(x)
			x.Set("X-HubSpot-Signature-v3", "%%%")
		},
		"cut": func(x http.Header) {
			hubspotSign(secret, "POST", address, body(3), now)(x)
			x.Set("X-HubSpot-Signature-v3", x.Get("X-HubSpot-Signature-v3")[:20])
		},
		"only the older version": func(x http.Header) {
			x.Set("X-HubSpot-Signature", "00")
			x.Set("X-HubSpot-Request-Timestamp", fmt.Sprint(now.UnixMilli()))
		},
	} {
		if code := h.send(t, h.path, body(3), set); code != http.StatusUnauthorized {
			t.Errorf("%s: %d", what, code)
		}
	}
	if code := h.send(t, h.path, "{", hubspotSign(secret, "POST", address, "{", now)); code != http.StatusBadRequest {
		t.Errorf("no JSON: %d", code)
	}
	h.Clock.Move(6 * time.Minute)
	if code := h.send(t, h.path, body(1), good); code != http.StatusUnauthorized {
		t.Errorf("sent again later: %d", code)
	}
	h.kept(t, 2)
}

func TestHubSpotWithoutAClientSecretTakesNothing(t *testing.T) {
	h := newHooked(t, crmtest.HubSpot(t, nil), url.Values{"kind": {"hubspot"}, "name": {"HubSpot"}, "token": {"pat-x"}})
	if code := h.send(t, h.path, "[]", hubspotSign("", "POST", h.App.BaseURL()+h.path, "[]", h.Clock.Now())); code != http.StatusNotFound {
		t.Errorf("%d", code)
	}
	h.kept(t, 0)
}

func pipedriveForm(more url.Values) url.Values {
	form := url.Values{"kind": {"pipedrive"}, "name": {"Pipedrive"}, "token": {"t"}, "person_key": {crmtest.PipedrivePerson}, "deal_key": {crmtest.PipedriveDealKey}, "org_key": {crmtest.PipedriveOrg},
		"said_field": {crmtest.PipedriveSaid}, "stages": {"discovery = 1"}}
	maps.Copy(form, more)
	return form
}

func basic(user, password string) func(http.Header) {
	return func(h http.Header) {
		h.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(user+":"+password)))
	}
}

// TestPipedriveSignsIn: it has no signature, only the name and password that were given to it; what it posts twice is kept once.
func TestPipedriveSignsIn(t *testing.T) {
	h := newHooked(t, crmtest.Pipedrive(t, nil), pipedriveForm(url.Values{"hook_user": {"pipedrive"}, "hook_password": {"a long password"}}))
	body := `{"meta":{"id":"m-1","action":"change","entity":"person","entity_id":51},"data":{"id":51,"owner_id":7,"update_time":"2026-03-03T09:00:00Z"}}`
	for range 2 {
		if code := h.send(t, h.path, body, basic("pipedrive", "a long password")); code != http.StatusOK {
			t.Fatalf("signed in: %d", code)
		}
	}
	h.kept(t, 1)
	for what, set := range map[string]func(http.Header){
		"nothing": func(http.Header) {}, "another password": basic("pipedrive", "another"), "another name": basic("else", "a long password"), "an empty password": basic("pipedrive", ""),
		"empty": basic("", ""), "a longer password": basic("pipedrive", "a long password "), "a bearer": func(x http.Header) { x.Set("Authorization", "Bearer a long password") },
		"no base64": func(x http.Header) { x.Set("Authorization", "Basic %%%") },
	} {
		if code := h.send(t, h.path, strings.Replace(body, "m-1", "m-2", 1), set); code != http.StatusUnauthorized {
			t.Errorf("%s: %d", what, code)
		}
	}
	if code := h.send(t, h.path, "{", basic("pipedrive", "a long password")); code != http.StatusBadRequest {
		t.Errorf("no JSON: %d", code)
	}
	h.kept(t, 1)
}

func TestPipedriveWithoutAPasswordTakesNothing(t *testing.T) {
	for _, more := range []url.Values{{}, {"hook_user": {"pipedrive"}}} {
		h := newHooked(t, crmtest.Pipedrive(t, nil), pipedriveForm(more))
		for _, set := range []func(http.Header){func(http.Header) {}, basic("", ""), basic("pipedrive", "")} {
			if code := h.send(t, h.path, "{}", set); code != http.StatusNotFound {
				t.Errorf("%v: %d", more, code)
			}
		}
		h.kept(t, 0)
	}
}

// TestThoseWhoPostNothingAreNotTaken: Salesforce and Slack have no webhooks of ours.
func TestThoseWhoPostNothingAreNotTaken(t *testing.T) {
	for kind, form := range map[string]url.Values{
		"salesforce": {"domain": {"https://x.my.salesforce.com"}, "client_id": {"c"}, "client_secret": {"s"}},
		"slack":      {"url": {"https://hooks.slack.com/services/T/B/X"}},
	} {
		form.Set("kind", kind)
		form.Set("name", kind)
		h := newHooked(t, crmtest.Receiver(t), form)
		if code := h.send(t, h.path, "[]", func(http.Header) {}); code != http.StatusNotFound {
			t.Errorf("%s: %d", kind, code)
		}
		h.kept(t, 0)
	}
}
