package email_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse/gatehouse/internal/email"
	"github.com/gatehouse/gatehouse/internal/testkit/smtptest"
)

func smtpSender(t *testing.T, url string, conf *tls.Config, timeout time.Duration) *email.SMTP {
	t.Helper()
	s, err := email.NewSMTP(email.SMTPConfig{URL: url, TLS: conf, Timeout: timeout, Now: clock})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSMTPOutcomes(t *testing.T) {
	tests := []struct {
		fault   smtptest.Fault
		outcome email.Outcome
		status  int
		taken   int
		reason  string
	}{
		{smtptest.OK, email.Accepted, 250, 1, ""},
		{smtptest.SenderNo, email.Unauthorised, 550, 0, "not permitted"},
		{smtptest.RcptNo, email.Refused, 550, 0, "no such user"},
		{smtptest.RcptLater, email.ServerError, 451, 0, "Greylisted"},
		{smtptest.DataNo, email.Refused, 554, 0, "spam"},
		{smtptest.DataLater, email.ServerError, 452, 0, "full"},
		{smtptest.CutAtRcpt, email.NotSent, 0, 0, "before the message was complete"},
		{smtptest.CutAfterData, email.Unknown, 0, 1, "no complete answer"},
		{smtptest.HangAfter, email.Unknown, 0, 1, "no complete answer"},
	}
	for _, tt := range tests {
		t.Run(string(tt.fault), func(t *testing.T) {
			sink := smtptest.New(t, smtptest.Options{})
			sink.Faults(tt.fault)
			r := smtpSender(t, "smtp://"+sink.Addr, nil, 500*time.Millisecond).Send(t.Context(), message(email.Requested))
			if r.Outcome != tt.outcome || r.Status != tt.status || !strings.Contains(r.Reason, tt.reason) {
				t.Errorf("%+v", r)
			}
			if n := len(sink.All()); n != tt.taken {
				t.Errorf("%d taken, want %d", n, tt.taken)
			}
			if strings.Contains(r.Reason, "ann@") || (r.Err != nil && strings.Contains(r.Err.Error(), "ann@")) {
				t.Errorf("an address in %q / %v", r.Reason, r.Err)
			}
			if (r.Err == nil) != (tt.outcome == email.Accepted) {
				t.Errorf("error %v", r.Err)
			}
		})
	}
}

// TestSMTPCutInData: the server must not take a message without its end, but the last bytes may lie in between, so
// both answers are honest; accepted would be a lie.
func TestSMTPCutInData(t *testing.T) {
	sink := smtptest.New(t, smtptest.Options{})
	sink.Faults(smtptest.CutInData)
	m := message(email.Requested)
	m.HTML = "<p>" + strings.Repeat("long ", 200_000) + "</p>"
	r := smtpSender(t, "smtp://"+sink.Addr, nil, 5*time.Second).Send(t.Context(), m)
	if r.Outcome != email.NotSent && r.Outcome != email.Unknown {
		t.Errorf("%+v", r)
	}
}

func TestSMTPLoginAndTLS(t *testing.T) {
	t.Run("STARTTLS and login", func(t *testing.T) {
		sink := smtptest.New(t, smtptest.Options{User: "ann", Password: "p@ss/word", TLS: true})
		conf := &tls.Config{RootCAs: sink.Roots(), MinVersion: tls.VersionTLS12}
		if r := smtpSender(t, "smtp://ann:p%40ss%2Fword@"+sink.Addr, conf, 0).Send(t.Context(), message(email.Staff)); r.Outcome != email.Accepted {
			t.Errorf("%+v", r)
		}
		r := smtpSender(t, "smtp://ann:wrong@"+sink.Addr, conf, 0).Send(t.Context(), message(email.Staff))
		if r.Outcome != email.Unauthorised || r.Status != 535 || strings.Contains(r.Err.Error(), "wrong") {
			t.Errorf("%+v", r)
		}
		if r := smtpSender(t, "smtp://"+sink.Addr, conf, 0).Send(t.Context(), message(email.Staff)); r.Outcome != email.Unauthorised || r.Status != 530 {
			t.Errorf("without login: %+v", r)
		}
	})
	t.Run("smtps", func(t *testing.T) {
		sink := smtptest.New(t, smtptest.Options{User: "ann", Password: "pw", Implicit: true})
		conf := &tls.Config{RootCAs: sink.Roots(), MinVersion: tls.VersionTLS12}
		if r := smtpSender(t, "smtps://ann:pw@"+sink.Addr, conf, 0).Send(t.Context(), message(email.Staff)); r.Outcome != email.Accepted {
			t.Errorf("%+v", r)
		}
		strict := &tls.Config{MinVersion: tls.VersionTLS12}
		if r := smtpSender(t, "smtps://ann:pw@"+sink.Addr, strict, 0).Send(t.Context(), message(email.Staff)); r.Outcome != email.NotSent || !strings.Contains(r.Reason, "secure connection") {
			t.Errorf("unknown certificate: %+v", r)
		}
	})
	t.Run("plain login on this machine", func(t *testing.T) {
		sink := smtptest.New(t, smtptest.Options{User: "ann", Password: "pw"})
		if r := smtpSender(t, "smtp://ann:pw@"+sink.Addr, nil, 0).Send(t.Context(), message(email.Staff)); r.Outcome != email.Accepted {
			t.Errorf("%+v", r)
		}
	})
	t.Run("login where none is offered", func(t *testing.T) {
		sink := smtptest.New(t, smtptest.Options{})
		if r := smtpSender(t, "smtp://ann:pw@"+sink.Addr, nil, 0).Send(t.Context(), message(email.Staff)); r.Outcome == email.Accepted {
			t.Errorf("%+v", r)
		}
	})
}

func TestSMTPNotSent(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = ln.Close() }()
	// Accepts and says nothing: the greeting never comes.
	if r := smtpSender(t, "smtp://"+ln.Addr().String(), nil, 200*time.Millisecond).Send(t.Context(), message(email.Staff)); r.Outcome != email.NotSent {
		t.Errorf("mute server: %+v", r)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	sink := smtptest.New(t, smtptest.Options{})
	if r := smtpSender(t, "smtp://"+sink.Addr, nil, 0).Send(ctx, message(email.Staff)); r.Outcome != email.NotSent {
		t.Errorf("lease over: %+v", r)
	}
	if r := smtpSender(t, "smtp://"+sink.Addr, nil, 0).Send(lateTimer{t.Context()}, message(email.Staff)); r.Outcome != email.NotSent {
		t.Errorf("lease over, timer late: %+v", r)
	}
	if n := len(sink.All()); n != 0 {
		t.Errorf("%d mails after the lease", n)
	}
	addr := sink.Addr
	sink.Close()
	if r := smtpSender(t, "smtp://"+addr, nil, 0).Send(t.Context(), message(email.Staff)); r.Outcome != email.NotSent || !strings.Contains(r.Reason, "refused") {
		t.Errorf("nobody there: %+v", r)
	}
}

func TestSMTPSource(t *testing.T) {
	sink := smtptest.New(t, smtptest.Options{})
	s := smtpSender(t, "smtp://"+sink.Addr, nil, 0)
	m := message(email.Requested)
	r := s.Send(t.Context(), m) // the sender's domain is written in A-labels
	if want := m.ID.String() + "@xn--bcher-kva.example.com"; r.ProviderID != want || !strings.Contains(string(sink.All()[0].Raw), "<papers@xn--bcher-kva.example.com>") {
		t.Errorf("Message-ID %q, want %q", r.ProviderID, want)
	}
	m.From = email.Identity{Name: "Ace; \"Söhne\"", Address: "papers@example.com"}
	m.Subject = "Grüße: 8 Fragen\r\nBcc: x@example.com"
	m.Text = ".dot at the start\nGrüße\n"
	for range 2 {
		if r := s.Send(t.Context(), m); r.Outcome != email.Accepted || r.ProviderID != m.ID.String()+"@example.com" {
			t.Fatalf("%+v", r)
		}
	}
	for _, taken := range sink.All()[1:] {
		if taken.From != "papers@example.com" || taken.To != m.To {
			t.Errorf("envelope %q %q", taken.From, taken.To)
		}
		checkSource(t, m, taken.Raw)
	}
}

// checkSource reads a message back with the standard library.
func checkSource(t *testing.T, m email.Message, raw []byte) {
	t.Helper()
	msg, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	h := msg.Header
	for name, want := range map[string]string{
		"Message-Id": "<" + m.ID.String() + "@example.com>", "List-Unsubscribe": "<" + m.Unsubscribe + ">",
		"List-Unsubscribe-Post": "List-Unsubscribe=One-Click", "Bcc": "", "Date": "Tue, 03 Mar 2026 09:40:00 +0000",
	} {
		if got := h.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(h.Get("Subject"))
	if err != nil || subject != "Grüße: 8 Fragen Bcc: x@example.com" {
		t.Errorf("subject %q %v", subject, err)
	}
	kind, params, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		t.Fatalf("%s %v", kind, err)
	}
	var parts []string
	for reader := multipart.NewReader(msg.Body, params["boundary"]); ; {
		part, err := reader.NextRawPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(quotedprintable.NewReader(part))
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, strings.ReplaceAll(string(body), "\r\n", "\n"))
	}
	if len(parts) != 2 || parts[0] != m.Text || parts[1] != m.HTML {
		t.Errorf("parts %q", parts)
	}
}

func TestNewSMTPRefuses(t *testing.T) {
	for _, url := range []string{"", "mail.example.com", "http://x", "smtp://", "smtp://x:99999", "smtp://ann:secret@x/path", "smtp://ann:sec%ret@x"} {
		if _, err := email.NewSMTP(email.SMTPConfig{URL: url}); err == nil || strings.Contains(err.Error(), "sec") && !strings.Contains(err.Error(), "second") {
			t.Errorf("%q: %v", url, err)
		}
	}
}

type inbox struct {
	raw []byte
	err error
}

func (i *inbox) Keep(_ context.Context, _ email.Message, raw []byte) error {
	i.raw = raw
	return i.err
}

func TestCapture(t *testing.T) {
	box := &inbox{}
	c := email.NewCapture(box, clock)
	m := message(email.Requested)
	m.From = email.Identity{Name: "Ace", Address: "papers@example.com"}
	m.Subject = "Grüße: 8 Fragen\nBcc: x@example.com"
	if r := c.Send(t.Context(), m); r.Outcome != email.Accepted || r.ProviderID == "" {
		t.Fatalf("%+v", r)
	}
	checkSource(t, m, box.raw)
	if r := c.Send(lateTimer{t.Context()}, m); r.Outcome != email.NotSent {
		t.Errorf("%+v", r)
	}
	box.err = errors.New("disk full for ann@example.org")
	if r := c.Send(t.Context(), m); r.Outcome != email.ServerError || strings.Contains(r.Err.Error(), "ann@") || !errors.Is(r.Err, box.err) {
		t.Errorf("%+v", r)
	}
	m.Text = ""
	if r := c.Send(t.Context(), m); r.Outcome != email.Refused {
		t.Errorf("%+v", r)
	}
}

func TestSenders(t *testing.T) {
	for _, tt := range []struct {
		s                   email.Sender
		name                string
		events, idempotency bool
	}{
		{sendGrid(t, "", 0), "sendgrid", true, false},
		{smtpSender(t, "smtp://127.0.0.1", nil, 0), "smtp", false, false},
		{email.NewCapture(&inbox{}, nil), "capture", false, true},
	} {
		if tt.s.Name() != tt.name || tt.s.HasEvents() != tt.events || tt.s.HasIdempotency() != tt.idempotency {
			t.Errorf("%s: events %v, idempotency %v", tt.s.Name(), tt.s.HasEvents(), tt.s.HasIdempotency())
		}
	}
}
