package email_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/email"
	"github.com/gatehouse/gatehouse/internal/testkit/sendgridtest"
)

const testKey = "SG.test-key"

var clock = func() time.Time { return time.Date(2026, 3, 3, 9, 40, 0, 0, time.UTC) }

func message(kind email.Kind) email.Message {
	return email.Message{
		ID: uuid.Must(uuid.NewV7()), Kind: kind, To: "ann@xn--bcher-kva.example.org", ToName: "Ann; Bee, \"C\"",
		Subject: "Your copy: 8 Questions", HTML: "<p>Hello</p>", Text: "Hello\n",
		Unsubscribe: "https://papers.example.com/u/token", Categories: []string{"requested", "requested", ""},
		From: email.Identity{Name: "Ace, Partners & Söhne", Address: "papers@bücher.example.com"}, ReplyTo: "ruth@example.com",
	}
}

func sendGrid(t *testing.T, host string, timeout time.Duration) *email.SendGrid {
	t.Helper()
	s, err := email.NewSendGrid(email.SendGridConfig{Key: testKey, Host: host, Timeout: timeout, Now: clock})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestSendGridOutcomes: what is known after each kind of answer, and whether the provider has the mail.
func TestSendGridOutcomes(t *testing.T) {
	tests := []struct {
		fault    sendgridtest.Fault
		outcome  email.Outcome
		status   int
		accepted int
		wait     time.Duration
		reason   string
	}{
		{sendgridtest.OK, email.Accepted, 202, 1, 0, ""},
		{sendgridtest.Sandbox, email.Accepted, 200, 0, 0, "sandbox"},
		{sendgridtest.RateLimited, email.RateLimited, 429, 0, 2 * time.Second, "too many requests"},
		{sendgridtest.RateLimitedWait, email.RateLimited, 429, 0, 3 * time.Second, "too many requests"},
		{sendgridtest.RateLimitedBare, email.RateLimited, 429, 0, 0, "too many requests"},
		{sendgridtest.Unauthorized, email.Unauthorised, 401, 0, 0, "authorization grant"},
		{sendgridtest.Forbidden, email.Unauthorised, 403, 0, 0, "verified Sender"},
		{sendgridtest.BadRequest, email.Refused, 400, 0, 0, "valid address"},
		{sendgridtest.ServerError, email.ServerError, 500, 0, 0, "internal error"},
		{sendgridtest.Unavailable, email.ServerError, 503, 0, 0, "service unavailable"},
		{sendgridtest.Redirect, email.ServerError, 307, 0, 0, "redirect"},
		{sendgridtest.Hang, email.Unknown, 0, 0, 0, "no complete answer"},
		{sendgridtest.HangAccepted, email.Unknown, 0, 1, 0, "no complete answer"},
		{sendgridtest.CutBeforeRead, email.Unknown, 0, 0, 0, "no complete answer"},
		{sendgridtest.CutAfterAccept, email.Unknown, 0, 1, 0, "no complete answer"},
		{sendgridtest.CutInAnswer, email.Unknown, 0, 1, 0, "no complete answer"},
	}
	for _, tt := range tests {
		t.Run(string(tt.fault), func(t *testing.T) {
			double := sendgridtest.New(t, sendgridtest.Options{APIKey: testKey, Now: clock})
			double.Faults(tt.fault)
			m := message(email.Requested)
			r := sendGrid(t, double.URL, 300*time.Millisecond).Send(t.Context(), m)
			if r.Outcome != tt.outcome || r.Status != tt.status || r.RetryAfter != tt.wait || !strings.Contains(r.Reason, tt.reason) {
				t.Errorf("got %+v", r)
			}
			if got := double.Accepted(m.ID.String()); got != tt.accepted {
				t.Errorf("accepted %d times, want %d", got, tt.accepted)
			}
			if n := double.Requests(); n != 1 {
				t.Errorf("%d requests for one try", n)
			}
			if (r.Err == nil) != (tt.outcome == email.Accepted) {
				t.Errorf("error %v for %s", r.Err, r.Outcome)
			}
			if r.Err != nil && (strings.Contains(r.Err.Error(), "ann@") || strings.Contains(r.Err.Error(), testKey)) {
				t.Errorf("the error holds what a log must not: %v", r.Err)
			}
			if tt.status == 202 && r.ProviderID != double.All()[0].ProviderID {
				t.Errorf("X-Message-Id not read: %+v", r)
			}
		})
	}
}

func TestSendGridBody(t *testing.T) {
	double := sendgridtest.New(t, sendgridtest.Options{})
	s := sendGrid(t, double.URL, 0)
	for _, kind := range []email.Kind{email.Requested, email.Marketing, email.Staff, email.Confirmation} {
		m := message(kind)
		if kind == email.Staff {
			m.Unsubscribe, m.Categories = "", nil
		}
		if r := s.Send(t.Context(), m); r.Outcome != email.Accepted {
			t.Fatalf("%s: %+v", kind, r)
		}
		got := double.All()[len(double.All())-1]
		if got.MessageID != m.ID.String() || got.Kind != string(kind) || got.To != m.To || got.Text != m.Text || got.HTML != m.HTML || got.Subject != m.Subject {
			t.Errorf("%+v", got)
		}
		if got.From != "papers@xn--bcher-kva.example.com" || got.FromName != "Ace Partners & Söhne" || got.ToName != "Ann Bee C" {
			t.Errorf("names: %q %q %q", got.From, got.FromName, got.ToName)
		}
		if got.Bypass != (kind == email.Requested) {
			t.Errorf("%s: bypass_unsubscribe_management %v", kind, got.Bypass)
		}
		if unsub := got.Headers["List-Unsubscribe"]; (kind == email.Staff) != (unsub == "") {
			t.Errorf("%s: List-Unsubscribe %q", kind, unsub)
		}
		if !slices.Equal(got.Categories, []string{string(kind)}) && kind == email.Staff || len(got.Categories) != 1 {
			t.Errorf("categories %q", got.Categories)
		}
	}
}

func TestSendGridRefusesWhatNobodyCouldSend(t *testing.T) {
	double := sendgridtest.New(t, sendgridtest.Options{})
	s := sendGrid(t, double.URL, 0)
	for name, change := range map[string]func(*email.Message){
		"no text":            func(m *email.Message) { m.Text = " \n" },
		"no html":            func(m *email.Message) { m.HTML = "" },
		"no subject":         func(m *email.Message) { m.Subject = "" },
		"no id":              func(m *email.Message) { m.ID = uuid.Nil },
		"no address":         func(m *email.Message) { m.To = "" },
		"injected address":   func(m *email.Message) { m.To = "a@example.org\r\nBcc: b@example.org" },
		"injected header":    func(m *email.Message) { m.Unsubscribe = "https://x.example/\r\nX-A: b" },
		"sender with umlaut": func(m *email.Message) { m.From.Address = "grüße@example.com" },
	} {
		m := message(email.Requested)
		change(&m)
		if r := s.Send(t.Context(), m); r.Outcome != email.Refused || strings.Contains(r.Reason, "@") {
			t.Errorf("%s: %+v", name, r)
		}
	}
	if n := double.Requests(); n != 0 {
		t.Errorf("%d requests were made", n)
	}
	m := message(email.Requested)
	m.Subject = "One\r\nBcc: x\u202e two"
	if r := s.Send(t.Context(), m); r.Outcome != email.Accepted || double.All()[0].Subject != "One Bcc: x two" {
		t.Errorf("%+v, subject %q", r, double.All()[0].Subject)
	}
}

func TestSendGridNotSent(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := "http://" + ln.Addr().String()
	_ = ln.Close()
	secure := httptest.NewTLSServer(http.NotFoundHandler())
	defer secure.Close()
	plain := httptest.NewServer(http.NotFoundHandler())
	defer plain.Close()
	tests := []struct{ name, host, reason string }{
		{"refused connection", closed, "refused the connection"},
		{"unknown certificate", secure.URL, "secure connection"},
		{"no TLS there", strings.Replace(plain.URL, "http:", "https:", 1), ""},
		{"no such name", "https://gatehouse.invalid", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := sendGrid(t, tt.host, 5*time.Second).Send(t.Context(), message(email.Requested))
			if r.Outcome != email.NotSent || r.Err == nil || !strings.Contains(r.Reason, tt.reason) {
				t.Errorf("%+v", r)
			}
		})
	}
}

// TestSendGridLeaseOver: a process that wakes after its lease must not write, not even on a connection it holds.
func TestSendGridLeaseOver(t *testing.T) {
	double := sendgridtest.New(t, sendgridtest.Options{})
	s := sendGrid(t, double.URL, 0)
	if r := s.Send(t.Context(), message(email.Requested)); r.Outcome != email.Accepted {
		t.Fatal(r)
	}
	past, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer cancel()
	if r := s.Send(past, message(email.Requested)); r.Outcome != email.NotSent {
		t.Errorf("%+v", r)
	}
	// A deadline in the past whose timer has not fired yet, as after SIGSTOP.
	if r := s.Send(lateTimer{t.Context()}, message(email.Requested)); r.Outcome != email.NotSent || !strings.Contains(r.Reason, "nothing was written") {
		t.Errorf("%+v", r)
	}
	if n := len(double.All()); n != 1 {
		t.Errorf("%d mails were accepted, want the first alone", n)
	}
}

// lateTimer has a deadline in the past, and nobody has noticed yet.
type lateTimer struct{ context.Context }

func (lateTimer) Deadline() (time.Time, bool) { return time.Now().Add(-time.Second), true }

func TestSendGridRedirectKeepsTheKey(t *testing.T) {
	var elsewhere atomic.Int32
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) }))
	defer other.Close()
	first := httptest.NewServer(http.RedirectHandler(other.URL, http.StatusTemporaryRedirect))
	defer first.Close()
	if r := sendGrid(t, first.URL, 0).Send(t.Context(), message(email.Requested)); r.Outcome != email.ServerError {
		t.Errorf("%+v", r)
	}
	if elsewhere.Load() != 0 {
		t.Error("the redirect was followed with the key")
	}
}

func TestSendGridConcurrent(t *testing.T) {
	double := sendgridtest.New(t, sendgridtest.Options{})
	s := sendGrid(t, double.URL, 0)
	ids := make([]string, 40)
	var wg sync.WaitGroup
	for i := range ids {
		m := message(email.Requested)
		ids[i] = m.ID.String()
		wg.Go(func() {
			if r := s.Send(t.Context(), m); r.Outcome != email.Accepted {
				t.Errorf("%+v", r)
			}
		})
	}
	wg.Wait()
	for _, id := range ids {
		if n := double.Accepted(id); n != 1 {
			t.Errorf("%s accepted %d times", id, n)
		}
	}
}

func TestSendGridRetryAfterDates(t *testing.T) {
	for header, want := range map[string]time.Duration{
		"Tue, 03 Mar 2026 09:41:00 GMT": time.Minute, "7": 7 * time.Second, "-5": 0, "soon": 0, "99999999": 24 * time.Hour,
		"Tue, 03 Mar 2026 09:00:00 GMT": 0,
	} {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", header)
			w.WriteHeader(http.StatusTooManyRequests)
		}))
		r := sendGrid(t, srv.URL, 0).Send(t.Context(), message(email.Requested))
		srv.Close()
		if r.Outcome != email.RateLimited || r.RetryAfter != want {
			t.Errorf("Retry-After %q: %+v", header, r)
		}
	}
}

func TestSendGridReasonIsScrubbed(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write([]byte(`{"errors":[{"message":"Ann <ann@example.org> is bad, see https://x.example/t SG.abc-def","field":"to"}]}`))
	}))
	defer srv.Close()
	r := sendGrid(t, srv.URL, 0).Send(t.Context(), message(email.Requested))
	if r.Reason != "Ann [address] is bad, see [link] [key] (to)" {
		t.Errorf("%q", r.Reason)
	}
}

func TestNewSendGridRefuses(t *testing.T) {
	for name, c := range map[string]email.SendGridConfig{
		"no key": {}, "key with a line break": {Key: "SG.x\nX: y"}, "plain http to the world": {Key: "k", Host: "http://api.sendgrid.com"},
		"no host": {Key: "k", Host: "sendgrid"},
	} {
		if _, err := email.NewSendGrid(c); err == nil {
			t.Errorf("%s was taken", name)
		} else if strings.Contains(err.Error(), "X: y") {
			t.Errorf("the error shows the key: %v", err)
		}
	}
}

func TestCheckKey(t *testing.T) {
	double := sendgridtest.New(t, sendgridtest.Options{APIKey: testKey})
	if f := sendGrid(t, double.URL, 0).CheckKey(t.Context()); f.Level != email.LevelOK {
		t.Errorf("%+v", f)
	}
	other, err := email.NewSendGrid(email.SendGridConfig{Key: "SG.other", Host: double.URL})
	if err != nil {
		t.Fatal(err)
	}
	if f := other.CheckKey(t.Context()); f.Level != email.LevelFailed || f.Mend == "" {
		t.Errorf("%+v", f)
	}
	double.Close()
	if f := other.CheckKey(t.Context()); f.Level != email.LevelFailed {
		t.Errorf("%+v", f)
	}
}

// TestRoundTripOfEvents: what the double signs, we verify and read.
func TestRoundTripOfEvents(t *testing.T) {
	var got atomic.Int32
	var double *sendgridtest.Server
	ready := make(chan struct{})
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		<-ready
		events, err := readHook(double, r)
		if err != nil {
			t.Error(err)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		got.Add(int32(len(events)))
	}))
	defer hook.Close()
	double = sendgridtest.New(t, sendgridtest.Options{WebhookURL: hook.URL, Events: sendgridtest.Plan{BeforeAnswer: true}})
	close(ready)
	m := message(email.Requested)
	r := sendGrid(t, double.URL, 0).Send(t.Context(), m)
	if r.Outcome != email.Accepted || got.Load() != 2 {
		t.Fatalf("%+v, %d events before the answer", r, got.Load())
	}
	events, err := email.ParseEvents(double.Posts()[0].Body)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range events {
		if e.MessageID != m.ID || e.ProviderID != r.ProviderID || e.Kind != email.Requested || e.Address != m.To {
			t.Errorf("%+v", e)
		}
	}
}

func readHook(double *sendgridtest.Server, r *http.Request) ([]email.Event, error) {
	key, err := email.ParsePublicKey(double.PublicKey())
	if err != nil {
		return nil, err
	}
	body := make([]byte, r.ContentLength)
	if _, err := io.ReadFull(r.Body, body); err != nil {
		return nil, err
	}
	if err := email.VerifySignature(key, r.Header.Get(email.TimestampHeader), r.Header.Get(email.SignatureHeader), body, time.Now()); err != nil {
		return nil, err
	}
	if email.VerifySignature(key, r.Header.Get(email.TimestampHeader), r.Header.Get(email.SignatureHeader), body[:len(body)-2], time.Now()) == nil {
		return nil, errors.New("a trimmed body was believed")
	}
	return email.ParseEvents(body)
}
