package testkit

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/document"
	"github.com/gatehouse/gatehouse/internal/email"
	"github.com/gatehouse/gatehouse/internal/form"
	"github.com/gatehouse/gatehouse/internal/store"
	"github.com/gatehouse/gatehouse/internal/token"
	"github.com/gatehouse/gatehouse/templates"
)

// Secret signs in tests.
const Secret = "a secret of the tests, forty characters long"

// Kit is a whole product without a web server: a fresh database, the use cases, and the mails that would have gone out.
type Kit struct {
	T     testing.TB
	URL   string // of the database
	Store *store.Store
	App   *app.App
	Clock *Clock
	Mail  *Recorder
	Files document.Files
	Keys  *token.Keys
	Dir   string
	Log   *bytes.Buffer
}

// Option changes the wiring.
type Option func(*app.Options)

// Mutant breaks one promise on purpose; "" is the product.
func Mutant(name string) Option { return func(o *app.Options) { o.Mutant = name } }

// New wires a kit with the sample gate installed. The clock stands still until it is told to move.
func New(t testing.TB, opts ...Option) *Kit {
	t.Helper()
	k := &Kit{T: t, URL: DatabaseURL(t), Clock: NewClock(time.Date(2026, 3, 3, 9, 0, 0, 0, time.UTC)), Mail: NewRecorder(), Keys: token.NewKeys(Secret),
		Dir: t.TempDir(), Log: &bytes.Buffer{}}
	var err error
	ctx := t.Context()
	if k.Store, err = store.Open(ctx, store.Options{URL: k.URL, MaxConns: 12, Clock: k.Clock.Now}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(k.Store.Close)
	if k.Files, err = document.OpenFiles(filepath.Join(k.Dir, "documents")); err != nil {
		t.Fatal(err)
	}
	renderer, err := email.NewRenderer(templates.FS, nil)
	if err != nil {
		t.Fatal(err)
	}
	o := app.Options{BaseURL: "http://127.0.0.1:8080", From: email.Identity{Name: "Gatehouse", Address: "documents@gatehouse.example"}, Limits: true, Inbound: true,
		DataDir: k.Dir, Log: slog.New(slog.NewTextHandler(&locked{w: k.Log}, nil)), Store: k.Store, Keys: k.Keys, Sender: k.Mail, Renderer: renderer, Files: k.Files}
	for _, opt := range opts {
		opt(&o)
	}
	k.App = app.New(o)
	t.Cleanup(k.App.Close)
	if err := k.App.FirstInstall(ctx, SamplePaper(t)); err != nil {
		t.Fatal(err)
	}
	return k
}

// SamplePaper is the embedded whitepaper.
func SamplePaper(t testing.TB) app.SamplePaper {
	t.Helper()
	pdf, err := os.ReadFile(filepath.Join(Root(), "assets", "whitepapers", "8-questions.pdf"))
	if err != nil {
		t.Fatal(err)
	}
	return app.SamplePaper{PDF: pdf, Cover: "asset:whitepapers/8-questions-cover.png", Samples: []store.Sample{}}
}

// Root is the top of the repository.
func Root() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Dir(filepath.Dir(filepath.Dir(file)))
}

// Shared is a file of the published specifications and corpora beside the project; the test is skipped, visibly, where
// they are not.
func Shared(t testing.TB, elem ...string) string {
	t.Helper()
	dir := os.Getenv("GATEHOUSE_SHARED")
	if dir == "" {
		dir = filepath.Join(Root(), "..", "shared")
	}
	file := filepath.Join(append([]string{dir}, elem...)...)
	if _, err := os.Stat(file); err != nil {
		t.Skipf("the shared test data is not here (%s); set GATEHOUSE_SHARED to its folder", filepath.Join(elem...))
	}
	return file
}

// Submit is a complete answer to the sample gate from a browser.
func Submit(address string) app.Submit {
	return app.Submit{Slug: app.SampleSlug, Door: "page", IP: netip.MustParseAddr("192.0.2.7"), UserAgent: "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
		Language: "en-GB,en;q=0.8", Input: form.Input{Fields: map[string]string{"email": address, "given_name": "Ann", "family_name": "Archer",
			"company": "Archer & Sons", "job_title": "Managing director", "country": "GB"}, Consents: map[string]bool{}}}
}

// Take submits and accepts: what came of it is in the database.
func (k *Kit) Take(in app.Submit) app.Submitted {
	k.T.Helper()
	res, err := k.App.SubmitForm(k.T.Context(), in)
	if err != nil {
		k.T.Fatalf("submit: %v", err)
	}
	if err := k.App.AcceptSubmissions(k.T.Context(), []uuid.UUID{res.SubmissionID}); err != nil {
		k.T.Fatalf("accept: %v", err)
	}
	return res
}

// Deliver hands over every message that is due.
func (k *Kit) Deliver() {
	k.T.Helper()
	var due []store.Message
	if err := k.Store.DB(k.T.Context()).Where("state in ('pending','held','unknown') and due_at <= ?", k.Clock.Now()).Order("created_at").Find(&due).Error; err != nil {
		k.T.Fatal(err)
	}
	for _, m := range due {
		if err := k.App.DeliverMessage(k.T.Context(), m.ID); err != nil {
			k.T.Fatalf("deliver: %v", err)
		}
	}
}

// Count is the number that a query gives.
func (k *Kit) Count(sql string, args ...any) int {
	k.T.Helper()
	var n int
	if err := k.Store.DB(k.T.Context()).Raw(sql, args...).Scan(&n).Error; err != nil {
		k.T.Fatalf("%s: %v", sql, err)
	}
	return n
}

// Clock tells the time it was told.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// NewClock stands at a time.
func NewClock(at time.Time) *Clock { return &Clock{now: at} }

// Now is the time it was told.
func (c *Clock) Now() time.Time { c.mu.Lock(); defer c.mu.Unlock(); return c.now }

// Move turns it on.
func (c *Clock) Move(d time.Duration) { c.mu.Lock(); defer c.mu.Unlock(); c.now = c.now.Add(d) }

// Recorder stands in for a mail provider and keeps what it was handed. Answer, when set, decides the result.
type Recorder struct {
	mu     sync.Mutex
	mails  []email.Message
	Answer func(email.Message) email.Result
	Events bool
}

// NewRecorder accepts everything.
func NewRecorder() *Recorder { return &Recorder{} }

// Name is that of the provider it stands for.
func (r *Recorder) Name() string { return "sendgrid" }

// HasEvents as set.
func (r *Recorder) HasEvents() bool { return r.Events }

// HasIdempotency is false, as with the provider.
func (r *Recorder) HasIdempotency() bool { return false }

// Send records.
func (r *Recorder) Send(_ context.Context, m email.Message) email.Result {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.Answer != nil {
		res := r.Answer(m)
		if res.Outcome == email.Accepted || res.Outcome == email.Unknown {
			r.mails = append(r.mails, m)
		}
		return res
	}
	r.mails = append(r.mails, m)
	return email.Result{Outcome: email.Accepted, Status: 202, ProviderID: "provider-" + m.ID.String()}
}

// All is what was handed over, in order.
func (r *Recorder) All() []email.Message {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]email.Message(nil), r.mails...)
}

type locked struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *locked) Write(b []byte) (int, error) { l.mu.Lock(); defer l.mu.Unlock(); return l.w.Write(b) }

// Work accepts and delivers everything that is due.
func (k *Kit) Work() {
	k.T.Helper()
	var open []uuid.UUID
	if err := k.Store.DB(k.T.Context()).Model(&store.Submission{}).Where("state in ('received','released')").Order("id").Pluck("id", &open).Error; err != nil {
		k.T.Fatal(err)
	}
	if len(open) > 0 {
		if err := k.App.AcceptSubmissions(k.T.Context(), open); err != nil {
			k.T.Fatalf("accept: %v", err)
		}
	}
	k.Deliver()
}

// Quiet is a log that nobody reads.
func Quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }
