package crm_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse/gatehouse/internal/crm"
	"github.com/gatehouse/gatehouse/internal/testkit"
	"github.com/gatehouse/gatehouse/internal/testkit/crmtest"
)

// reply is what a vendor answered, as it was recorded.
type reply struct {
	Status  int
	Headers map[string]string
	Body    any
}

func recorded(t *testing.T, name string) (reply, map[string]string) {
	t.Helper()
	raw, err := os.ReadFile(testkit.Shared(t, "specs", "captures", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Exchanges []struct {
			Headers map[string]string
			Replied reply
		}
	}
	if err := json.Unmarshal(raw, &file); err != nil || len(file.Exchanges) == 0 {
		t.Fatal(err)
	}
	return file.Exchanges[0].Replied, file.Exchanges[0].Headers
}

// stub answers with a recorded reply whatever it is asked, but that a search finds nothing where the reply is one to a write.
func stub(t *testing.T, r reply, always bool) (d *crmtest.Double, writes *[]http.Header) {
	t.Helper()
	writes = &[]http.Header{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		search := q.Method == http.MethodGet || strings.HasSuffix(q.URL.Path, "/search")
		switch {
		case strings.HasSuffix(q.URL.Path, "/oauth2/token"):
			_ = json.NewEncoder(w).Encode(map[string]string{"access_token": "00D!x", "instance_url": "http://" + q.Host})
		case search && !always && strings.Contains(q.URL.Path, "/sobjects/"):
			w.WriteHeader(http.StatusNotFound)
			_, _ = io.WriteString(w, `[{"errorCode":"NOT_FOUND","message":"x"}]`)
		case search && !always:
			_, _ = io.WriteString(w, `{"results":[],"records":[],"data":{"items":[]}}`)
		default:
			*writes = append(*writes, q.Header.Clone())
			for k, v := range r.Headers {
				w.Header().Set(k, v)
			}
			w.WriteHeader(r.Status)
			if text, ok := r.Body.(string); ok {
				_, _ = io.WriteString(w, text)
				return
			}
			_ = json.NewEncoder(w).Encode(r.Body)
		}
	}))
	t.Cleanup(s.Close)
	return &crmtest.Double{Server: s}, writes
}

// TestWhatTheyAnsweredIsUnderstood: the recorded answers of each system come to the class that they mean.
func TestWhatTheyAnsweredIsUnderstood(t *testing.T) {
	for _, x := range []struct {
		capture, kind string
		always        bool
		class         crm.Class
		wait          time.Duration
	}{
		{"hubspot-429-then-ok", "hubspot", true, crm.RateLimited, time.Second},
		{"hubspot-contacts-create-conflict", "hubspot", false, crm.Refused, 0},
		{"salesforce-limit", "salesforce", true, crm.RateLimited, 15 * time.Minute},
		{"salesforce-session-expired", "salesforce", true, crm.Unauthorised, 0},
		{"salesforce-lead-duplicate", "salesforce", false, crm.Refused, 0},
		{"pipedrive-429", "pipedrive", true, crm.RateLimited, 2 * time.Second},
		{"slack-webhook-404", "slack", true, crm.Misconfigured, 0},
		{"slack-webhook-429", "slack", true, crm.RateLimited, 30 * time.Second},
	} {
		t.Run(x.capture, func(t *testing.T) {
			r, headers := recorded(t, x.capture)
			d, writes := stub(t, r, x.always)
			for _, s := range subjects() {
				if s.kind != x.kind {
					continue
				}
				c := call()
				c.CompanyKey = ""
				out := crm.New(crmtest.Allow(d), nil).Find(x.kind).Push(t.Context(), s.config(d), c)
				if out.Class != x.class || out.Wait != x.wait || out.Reason == "" {
					t.Errorf("%s (wait %s): %s", out.Class, out.Wait, out.Reason)
				}
			}
			if x.capture == "salesforce-lead-duplicate" { // asked once more, as their client asks
				last := (*writes)[len(*writes)-1]
				if len(*writes) != 2 || last.Get("Sforce-Duplicate-Rule-Header") != headers["sforce-duplicate-rule-header"] {
					t.Errorf("%d writes, the last with %q", len(*writes), last.Get("Sforce-Duplicate-Rule-Header"))
				}
			}
		})
	}
}
