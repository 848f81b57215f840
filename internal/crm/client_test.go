package crm_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse/gatehouse/internal/crm"
	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/testkit"
	"github.com/gatehouse/gatehouse/internal/testkit/crmtest"
)

// TestThePrivateNetworkIsOutOfReach dials what a name or an address leads to, and is refused where the operator allows nothing.
func TestThePrivateNetworkIsOutOfReach(t *testing.T) {
	d := crmtest.Receiver(t)
	_, port, _ := strings.Cut(strings.TrimPrefix(d.URL, "http://"), ":")
	n, _ := strconv.ParseUint(port, 10, 16)
	ports := crm.Allow{Ports: []uint16{uint16(n)}}
	for _, address := range []string{d.URL, "http://localhost:" + port, "http://[::1]:" + port, "http://0.0.0.0:" + port, "http://127.1:" + port, "http://2130706433:" + port, "http://[::ffff:127.0.0.1]:" + port,
		"http://169.254.169.254", "http://10.0.0.1", "http://192.168.1.1", "http://[fe80::1%25eth0]", "http://[fd00::1]", "file:///etc/passwd", "gopher://127.0.0.1"} {
		c := crm.Config{Settings: map[string]string{"url": address}, Secrets: map[string]string{"secret": signingSecret}}
		out := crm.New(ports, nil).Find("webhook").Push(t.Context(), c, crm.Call{ID: "1", Type: "x"})
		if out.Class == crm.Done || out.Status != 0 {
			t.Errorf("%s was reached: %+v", address, out)
		}
		if strings.Contains(out.Reason, "127") || strings.Contains(out.Reason, "10.0") {
			t.Errorf("the reason names the address: %s", out.Reason)
		}
	}
	if len(d.Requests()) != 0 {
		t.Errorf("%d requests came through", len(d.Requests()))
	}
	c := crm.Config{Settings: map[string]string{"url": d.URL}, Secrets: map[string]string{"secret": signingSecret}}
	if out := crm.New(crm.Allow{Networks: crmtest.Allow(d).Networks}, nil).Find("webhook").Push(t.Context(), c, crm.Call{ID: "1", Type: "x"}); out.Class != crm.Misconfigured {
		t.Errorf("a port that is not allowed: %+v", out)
	}
	if out := crm.New(crmtest.Allow(d), nil).Find("webhook").Push(t.Context(), c, crm.Call{ID: "1", Type: "x"}); out.Class != crm.Done {
		t.Errorf("an allowed network: %+v", out)
	}
}

func TestNoRedirectIsFollowed(t *testing.T) {
	d := crmtest.Receiver(t)
	d.Always(crmtest.Redirects)
	c := crm.Config{Settings: map[string]string{"url": d.URL}, Secrets: map[string]string{"secret": signingSecret}}
	out := crm.New(crmtest.Allow(d), nil).Find("webhook").Push(t.Context(), c, crm.Call{ID: "1", Type: "x"})
	if out.Class != crm.Misconfigured || len(d.Requests()) != 1 {
		t.Errorf("%+v after %d requests", out, len(d.Requests()))
	}
}

func TestParseAllow(t *testing.T) {
	a, err := crm.ParseAllow(" 10.1.0.0/16, ::1 ,port:8443,")
	if err != nil || len(a.Networks) != 2 || len(a.Ports) != 1 || a.Ports[0] != 8443 {
		t.Errorf("%v %v", a, err)
	}
	for _, bad := range []string{"port:0", "port:x", "10.0.0.0/40", "example.com"} {
		if _, err := crm.ParseAllow(bad); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

// TestStandardWebhooksVector signs as the specification's own vector says, and takes nothing that is older, changed or signed by others.
func TestStandardWebhooksVector(t *testing.T) {
	raw, err := os.ReadFile(testkit.Shared(t, "specs", "standard-webhooks", "vector.json"))
	if err != nil {
		t.Fatal(err)
	}
	var v map[string]any
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	text := func(k string) string { return v[k].(string) }
	unix, _ := strconv.ParseInt(text("webhook-timestamp"), 10, 64)
	at := time.Unix(unix, 0)
	hook := func(change func(*crm.Hook)) error {
		h := crm.Hook{Method: "POST", Now: at, Body: []byte(text("payload")), Header: http.Header{"Webhook-Id": {text("webhook-id")}, "Webhook-Timestamp": {text("webhook-timestamp")},
			"Webhook-Signature": {"v1,AAAA v1a,zzzz " + text("webhook-signature")}}}
		change(&h)
		_, err := crm.New(crm.Allow{}, nil).Find("webhook").Hook(crm.Config{Secrets: map[string]string{"in_secret": text("secret")}}, h)
		return err
	}
	if err := hook(func(*crm.Hook) {}); errs.CodeOf(err) != errs.Invalid { // signed well; only its type is not one of ours
		t.Errorf("the vector: %v", err)
	}
	other := base64.StdEncoding.EncodeToString(make([]byte, 32))
	for what, change := range map[string]func(*crm.Hook){
		"changed":  func(h *crm.Hook) { h.Body = append(h.Body, ' ') },
		"old":      func(h *crm.Hook) { h.Now = at.Add(6 * time.Minute) },
		"early":    func(h *crm.Hook) { h.Now = at.Add(-6 * time.Minute) },
		"other id": func(h *crm.Hook) { h.Header.Set("webhook-id", "msg_2") },
		"unsigned": func(h *crm.Hook) { h.Header.Del("webhook-signature") },
		"forged":   func(h *crm.Hook) { h.Header.Set("webhook-signature", "v1,"+other) },
	} {
		if err := hook(change); errs.CodeOf(err) != errs.Unauthorized {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestAWebhookIsSignedByEverySecret(t *testing.T) {
	d := crmtest.Receiver(t)
	c := crm.Config{Settings: map[string]string{"url": d.URL}, Secrets: map[string]string{"secret": signingSecret + " whsec_" + base64.StdEncoding.EncodeToString(make([]byte, 24))}}
	if out := crm.New(crmtest.Allow(d), nil).Find("webhook").Push(t.Context(), c, crm.Call{ID: "event-1", Type: "lead.assigned", At: time.Now(), Data: 1}); out.Class != crm.Done {
		t.Fatal(out.Reason)
	}
	h := d.Requests()[0].Header
	if h.Get("webhook-id") != "event-1" || len(strings.Fields(h.Get("webhook-signature"))) != 2 || h.Get("webhook-timestamp") == "" {
		t.Errorf("%v", h)
	}
}

// A receiver writes an amount as its language does.
func TestAWebhookTakesAnAmountWithQuotesOrWithout(t *testing.T) {
	for value, want := range map[string]string{`"1250.50"`: "1250.50", `1250.50`: "1250.50", `""`: "", `null`: "none"} {
		body := []byte(`{"type":"deal.changed","timestamp":"2026-03-03T09:00:00Z","data":{"deal_id":"019a5b1c-0000-7000-8000-000000000001","value":` + value + `}}`)
		now := time.Now()
		got, err := crm.New(crm.Allow{}, nil).Find("webhook").Hook(crm.Config{Secrets: map[string]string{"in_secret": signingSecret}},
			crm.Hook{Method: "POST", Now: now, Body: body, Header: crm.Sign(signingSecret, "m1", now, body)})
		if err != nil || len(got) != 1 {
			t.Errorf("%s: %v", value, err)
			continue
		}
		have := "none"
		if got[0].Value != nil {
			have = *got[0].Value
		}
		if have != want {
			t.Errorf("%s is read as %q", value, have)
		}
	}
}

// TestSalesforceAsksAnewWhereItLives: a login that names an address which cannot be reached is not kept.
func TestSalesforceAsksAnewWhereItLives(t *testing.T) {
	d := crmtest.Salesforce(t, nil)
	here := d.URL
	c := crm.Config{Settings: map[string]string{"domain": here, "client_id": crmtest.SalesforceClient}, Secrets: map[string]string{"client_secret": crmtest.SalesforceSecret}}
	sys := crm.New(crmtest.Allow(d), nil).Find("salesforce")
	d.URL = "http://127.0.0.1:1" // what the login names
	if out := sys.Test(t.Context(), c); out.Class == crm.Done {
		t.Fatal("it was reached where nothing is")
	}
	d.URL = here
	if out := sys.Test(t.Context(), c); out.Class != crm.Done {
		t.Errorf("%s: %s", out.Class, out.Reason)
	}
}
