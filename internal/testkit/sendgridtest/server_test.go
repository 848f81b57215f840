package sendgridtest

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

const good = `{
 "personalizations":[{"to":[{"email":"ann@example.org"}],"custom_args":{"message_id":"m1","kind":"requested"}}],
 "from":{"email":"papers@example.com","name":"Ace"},"subject":"Your copy","categories":["requested"],
 "content":[{"type":"text/plain","value":"hi"},{"type":"text/html","value":"<p>hi</p>"}],
 "headers":{"List-Unsubscribe":"<https://x.example/u/t>","List-Unsubscribe-Post":"List-Unsubscribe=One-Click"},
 "mail_settings":{"bypass_unsubscribe_management":{"enable":true}},
 "tracking_settings":{"click_tracking":{"enable":false,"enable_text":false},"open_tracking":{"enable":false},"subscription_tracking":{"enable":false},"ganalytics":{"enable":false}}}`

func post(t *testing.T, s *Server, body string) (*http.Response, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+"/v3/mail/send", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer SG.x")
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err == nil {
		t.Cleanup(func() { _ = resp.Body.Close() })
	}
	return resp, err
}

func TestAcceptsAndCounts(t *testing.T) {
	s := New(t, Options{})
	waited := make(chan error, 1)
	go func() { waited <- s.WaitFor(t.Context(), 2) }()
	for range 2 {
		resp, err := post(t, s, good)
		if err != nil || resp.StatusCode != http.StatusAccepted || resp.Header.Get("X-Message-Id") == "" {
			t.Fatalf("%v %v", resp, err)
		}
	}
	if err := <-waited; err != nil {
		t.Fatal(err)
	}
	all := s.All()
	if s.Accepted("m1") != 2 || s.Accepted("m2") != 0 || all[0].Attempt != 1 || all[1].Attempt != 2 || !all[0].Bypass || all[0].Text != "hi" {
		t.Errorf("%+v", all)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.WaitFor(ctx, 3); err == nil {
		t.Error("waited for what never came")
	}
}

// TestRefusesWhatIsAgainstTheContract changes one thing at a time in a good request.
func TestRefusesWhatIsAgainstTheContract(t *testing.T) {
	s := New(t, Options{AllowBad: true})
	tests := []struct {
		name, old, new string
		spec           bool // found by the OpenAPI description alone
	}{
		{"no address", "ann@example.org", "ann at example", true},
		{"empty content", `"value":"hi"`, `"value":""`, false},
		{"no sender", `"from":{"email":"papers@example.com","name":"Ace"},`, "", true},
		{"top-level custom_args", `"subject":`, `"custom_args":{"a":"b"},"subject":`, false},
		{"category twice", `["requested"]`, `["a","a"]`, false},
		{"click tracking in text", `"enable_text":false`, `"enable_text":true`, false},
		{"open tracking unsaid", `"open_tracking":{"enable":false},`, "", false},
		{"bypass for marketing", `"kind":"requested"`, `"kind":"marketing"`, false},
		{"address in custom args", `"message_id":"m1"`, `"message_id":"ann@example.org"`, false},
		{"one-click half", `,"List-Unsubscribe-Post":"List-Unsubscribe=One-Click"`, "", false},
		{"reserved header", `"List-Unsubscribe":`, `"Subject":"x","List-Unsubscribe":`, false},
		{"name with comma", `"email":"ann@example.org"`, `"email":"ann@example.org","name":"a,b"`, false},
		{"two people", `[{"email":"ann@example.org"}]`, `[{"email":"ann@example.org"},{"email":"b@example.org"}]`, false},
		{"not JSON", good, "{", false},
	}
	for _, tt := range tests {
		if tt.spec && s.SpecMissing() != "" {
			t.Logf("%s: not checked: %s", tt.name, s.SpecMissing())
			continue
		}
		bad := strings.Replace(good, tt.old, tt.new, 1)
		before := len(s.Violations())
		resp, err := post(t, s, bad)
		if bad == good || err != nil || resp.StatusCode != http.StatusBadRequest || len(s.Violations()) == before {
			t.Errorf("%s was taken: %v %v", tt.name, resp, err)
		}
	}
	if n := len(s.All()); n != 0 {
		t.Errorf("%d bad requests were accepted", n)
	}
}

func TestScriptAndChances(t *testing.T) {
	s := New(t, Options{NoSpec: true, Seed: 7})
	s.Faults(ServerError, CutAfterAccept, Redirect)
	if resp, err := post(t, s, good); err != nil || resp.StatusCode != 500 {
		t.Errorf("%v %v", resp, err)
	}
	if _, err := post(t, s, good); err == nil || s.Accepted("m1") != 1 {
		t.Errorf("cut after accept: %v, accepted %d", err, s.Accepted("m1"))
	}
	if resp, err := post(t, s, good); err != nil || resp.StatusCode != 307 {
		t.Errorf("%v %v", resp, err)
	}
	s.Chances(map[Fault]float64{Unavailable: 0.5, RateLimitedBare: 0.2})
	seen := map[int]int{}
	for range 60 {
		resp, err := post(t, s, good)
		if err != nil {
			t.Fatal(err)
		}
		seen[resp.StatusCode]++
	}
	if seen[503] < 15 || seen[429] < 3 || seen[202] < 5 || len(seen) != 3 {
		t.Errorf("%v", seen)
	}
}

func TestEventsCopiedAndShuffled(t *testing.T) {
	var mu sync.Mutex
	ids := map[string]int{}
	var bodies [][]byte
	refused := false
	var s *Server
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		if !refused { // one refusal: the delivery comes again
			refused = true
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		if !verified(s, r.Header, body) {
			t.Error("the signature does not match")
		}
		var events []map[string]any
		if err := json.Unmarshal(body, &events); err != nil {
			t.Error(err)
		}
		for _, e := range events {
			ids[e["sg_event_id"].(string)]++
		}
		bodies = append(bodies, body)
	}))
	defer hook.Close()
	s = New(t, Options{NoSpec: true, Seed: 3})
	s.SetWebhook(hook.URL, Plan{Copies: 46, Shuffle: true, BeforeAnswer: true})
	if resp, err := post(t, s, good); err != nil || resp.StatusCode != 202 {
		t.Fatalf("%v %v", resp, err)
	}
	mu.Lock()
	defer mu.Unlock()
	if len(ids) != 2 || len(bodies) != 92 || !slices.ContainsFunc(bodies[1:], func(b []byte) bool { return !bytes.Equal(b, bodies[0]) }) {
		t.Errorf("%d ids, %d posts before the answer", len(ids), len(bodies))
	}
	for id, n := range ids {
		if n != 46 {
			t.Errorf("%s came %d times", id, n)
		}
	}
	if posts := s.Posts(); len(posts) != 92 || posts[0].Tries != 2 {
		t.Errorf("%d posts, first after %d tries", len(posts), posts[0].Tries)
	}
}

func TestEventsAfterTheAnswerOrNever(t *testing.T) {
	hook := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer hook.Close()
	s := New(t, Options{NoSpec: true, WebhookURL: hook.URL, Events: Plan{Never: true}})
	if _, err := post(t, s, good); err != nil {
		t.Fatal(err)
	}
	s.SetWebhook(hook.URL, Plan{Types: []string{"processed", "bounce"}})
	if _, err := post(t, s, good); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := s.WaitForPosts(ctx, 1); err != nil {
		t.Fatal(err)
	}
	if posts := s.Posts(); len(posts) != 1 || !bytes.Contains(posts[0].Body, []byte(`"bounce_classification"`)) {
		t.Errorf("%d posts", len(posts))
	}
	if status, err := s.Emit(ctx, Event(s.All()[0], "spamreport", time.Now())); err != nil || status != 200 {
		t.Errorf("%d %v", status, err)
	}
}

func TestListensOnThisMachineOnly(t *testing.T) {
	if s, err := Start("0.0.0.0:0", Options{NoSpec: true}); err == nil {
		s.Close()
		t.Error("listens to the world")
	}
}

func verified(s *Server, h http.Header, body []byte) bool {
	sig, err := base64.StdEncoding.DecodeString(h.Get("X-Twilio-Email-Event-Webhook-Signature"))
	if err != nil {
		return false
	}
	sum := sha256.Sum256(append([]byte(h.Get("X-Twilio-Email-Event-Webhook-Timestamp")), body...))
	return ecdsa.VerifyASN1(&s.key.PublicKey, sum[:], sig)
}
