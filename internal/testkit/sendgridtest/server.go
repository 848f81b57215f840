// Package sendgridtest is a stand-in for SendGrid: it takes POST /v3/mail/send on a loopback port, checks every request
// against the official OpenAPI description and the limits in the documentation, plays faults by script or by chance,
// counts what it accepted, and posts signed events. It runs inside a test (New) or a program (Start).
package sendgridtest

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	mathrand "math/rand/v2"
	"net"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"
)

// Options of a double. The zero value answers 202 to every good request and sends no events.
type Options struct {
	APIKey     string           // when set, any other key gets 401
	NoSpec     bool             // skip the OpenAPI description (load runs); the own checks stay
	AllowBad   bool             // requests against the contract do not fail the test that New was given
	WebhookURL string           // where signed events go; empty: none. SetWebhook changes it
	Events     Plan             // which events follow an accepted mail
	RetryFor   time.Duration    // how long an event that is not answered 2xx is tried again; 0: 30 s
	Now        func() time.Time // nil: time.Now
	Seed       uint64           // of chances and shuffling
}

// Mail is one accepted request.
type Mail struct {
	MessageID  string // custom argument message_id
	Kind       string // custom argument kind
	To, ToName string
	From       string
	FromName   string
	Subject    string
	Text, HTML string
	Headers    map[string]string
	Categories []string
	Bypass     bool   // mail_settings.bypass_unsubscribe_management
	ProviderID string // X-Message-Id
	At         time.Time
	Fault      Fault // how the request was answered
	Body       []byte
	Attempt    int // 1 for the first accepted request with this message id
	args       map[string]string
}

// Server is a running double; all methods are safe for concurrent use.
type Server struct {
	URL  string // http://127.0.0.1:port
	opts Options
	key  *ecdsa.PrivateKey
	http *http.Server
	ln   net.Listener
	spec *spec

	mu         sync.Mutex
	rng        *mathrand.Rand
	script     []Fault
	chances    map[Fault]float64
	delay      time.Duration
	webhook    string
	plan       Plan
	mails      []Mail
	counts     map[string]int
	requests   int
	violations []string
	posts      []Post
	changed    chan struct{} // closed and replaced whenever something above grows

	ctx    context.Context
	cancel context.CancelFunc
	events sync.WaitGroup
	sender *http.Client
}

// New starts a double on a free loopback port. With a test it is closed at the end, and a request against the
// contract fails the test unless Options.AllowBad; without one (nil) it panics when it cannot listen.
func New(t testing.TB, opts Options) *Server { //nolint:thelper // t may be nil, outside tests
	s, err := Start("127.0.0.1:0", opts)
	if err != nil {
		if t == nil {
			panic(err)
		}
		t.Fatalf("sendgridtest: %v", err)
	}
	if t != nil {
		t.Helper()
		if why := s.SpecMissing(); why != "" {
			t.Logf("sendgridtest: %s", why)
		}
		t.Cleanup(func() {
			s.Close()
			if v := s.Violations(); len(v) > 0 && !opts.AllowBad {
				t.Errorf("sendgridtest: requests against the contract: %q", v)
			}
		})
	}
	return s
}

// Start starts a double on a loopback address such as "127.0.0.1:4010".
func Start(addr string, opts Options) (*Server, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, err
	}
	if ip := ln.Addr().(*net.TCPAddr).IP; !ip.IsLoopback() {
		_ = ln.Close()
		return nil, fmt.Errorf("the double listens on this machine only, not on %s", addr)
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.RetryFor == 0 {
		opts.RetryFor = 30 * time.Second
	}
	s := &Server{
		URL: "http://" + ln.Addr().String(), ln: ln, opts: opts, key: key, spec: loadSpec(opts.NoSpec),
		rng: mathrand.New(mathrand.NewPCG(opts.Seed, 1)), webhook: opts.WebhookURL, plan: opts.Events,
		counts: map[string]int{}, changed: make(chan struct{}),
		sender: &http.Client{Timeout: 10 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
	}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v3/mail/send", s.send)
	mux.HandleFunc("GET /v3/scopes", s.scopes)
	s.http = &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = s.http.Serve(ln) }()
	return s, nil
}

// Close stops the double: open connections are cut, events under way are given up.
func (s *Server) Close() {
	s.cancel()
	_ = s.ln.Close() // the server knows it only once Serve has begun
	_ = s.http.Close()
	s.events.Wait()
	s.sender.CloseIdleConnections()
}

// PublicKey is the event webhook's key as SendGrid shows it: base64 of the PKIX form.
func (s *Server) PublicKey() string {
	der, err := x509.MarshalPKIXPublicKey(&s.key.PublicKey)
	if err != nil {
		panic(err) // a P-256 key always has a PKIX form
	}
	return base64.StdEncoding.EncodeToString(der)
}

// SpecMissing is empty when requests are checked against the OpenAPI description, else the reason why they are not.
func (s *Server) SpecMissing() string { return s.spec.missing }

// Accepted counts the accepted requests with this message id: 1 is what should be.
func (s *Server) Accepted(messageID string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.counts[messageID]
}

// All is every accepted mail in the order of acceptance.
func (s *Server) All() []Mail {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.mails)
}

// Requests counts every request to mail/send, whatever became of it.
func (s *Server) Requests() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requests
}

// Violations are the faults found in requests, in words.
func (s *Server) Violations() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.violations)
}

// WaitFor returns once n mails were accepted, or with the context's error.
func (s *Server) WaitFor(ctx context.Context, n int) error {
	return s.until(ctx, func() bool { return len(s.mails) >= n })
}

// WaitForRequests returns once n requests came in, whatever the answer.
func (s *Server) WaitForRequests(ctx context.Context, n int) error {
	return s.until(ctx, func() bool { return s.requests >= n })
}

// until waits by signal for a condition that is checked under the lock.
func (s *Server) until(ctx context.Context, done func() bool) error {
	for {
		s.mu.Lock()
		ok, changed := done(), s.changed
		s.mu.Unlock()
		if ok {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		case <-s.ctx.Done():
			return context.Cause(s.ctx)
		}
	}
}

// signal wakes everybody who waits; the lock is held.
func (s *Server) signal() {
	close(s.changed)
	s.changed = make(chan struct{})
}
