// Package app is what Gatehouse does: one file a use case, called by the web and by the workers alike.
package app

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/crm"
	"github.com/gatehouse/gatehouse/internal/document"
	"github.com/gatehouse/gatehouse/internal/email"
	"github.com/gatehouse/gatehouse/internal/guard"
	"github.com/gatehouse/gatehouse/internal/jobs"
	"github.com/gatehouse/gatehouse/internal/store"
	"github.com/gatehouse/gatehouse/internal/token"
)

// App holds what the use cases share. Its fields are set once by New and never change; it is safe for concurrent use.
type App struct {
	store     *store.Store
	intake    *store.Intake
	keys      *token.Keys
	sender    email.Sender
	renderer  *email.Renderer
	files     document.Files
	limiter   *guard.Limiter
	log       *slog.Logger
	o         Options
	snapshot  atomic.Pointer[Snapshot]
	reload    chan struct{}
	accepting chan struct{} // one place for each transaction that derives leads
	claims    together[uuid.UUID, claimed]
	closes    together[store.Attempt, closed]
	applies   together[jobs.ApplyEvents, error]
	scores    together[[]uuid.UUID, error]
	routes    together[[]uuid.UUID, error]
	forgot    *guard.Counter // how often a forgotten password was told of lately
	systems   *crm.Systems
	pushing   lanes
	paused    atomic.Bool       // the transport was paused when we last looked: an accepted mail then ends the pause
	running   sync.Map          // id -> true of the jobs that this process is at
	worker    string            // names this process in attempts and locks
	derived   map[string][]byte // purpose -> key of the first secret
	address   [][]byte          // the key of addresses, of every secret
	whole     sync.Map          // document.Info -> true: files read and found whole
	scorings  sync.Map          // id of a version of the scoring rules -> *lead.Scoring; a version is never changed
	Metrics   *Metrics
}

// Options are what the wiring decides.
type Options struct {
	BaseURL  string         // of every link
	From     email.Identity // sender of every mail
	Limits   bool           // rate limits and the minimum filling time
	DataDir  string         // where erased people are remembered beside the database
	Inbound  bool           // mails can come in: their sender has a secret
	Clock    func() time.Time
	Log      *slog.Logger
	Store    *store.Store
	Keys     *token.Keys
	Sender   email.Sender
	Renderer *email.Renderer
	Files    document.Files
	Lease    time.Duration // how long one try may take; 0: 20 s
	Allow    crm.Allow     // where connectors may go beyond the public internet
	// How long an unknown send waits for the provider's event: while events are known to arrive (0: 2 min), and while not (0: 30 s).
	UnknownWithEvents, UnknownWithoutEvents time.Duration
	Renewed                                 func(store.Settings) // told whenever the settings were read anew; nil: nobody
	Upkeep                                  time.Duration        // how often workers look for what is due; 0: every minute
	Mutant                                  string               // breaks one promise on purpose, for the tests of the tests; "" in every product
}

// New wires the use cases. Close ends intake; call it after the web server has stopped.
func New(o Options) *App {
	if o.Lease == 0 {
		o.Lease = 20 * time.Second
	}
	if o.UnknownWithEvents == 0 {
		o.UnknownWithEvents = 2 * time.Minute
	}
	if o.UnknownWithoutEvents == 0 {
		o.UnknownWithoutEvents = 30 * time.Second
	}
	if o.Upkeep == 0 {
		o.Upkeep = tidyEvery
	}
	a := &App{store: o.Store, keys: o.Keys, sender: o.Sender, renderer: o.Renderer, files: o.Files, log: o.Log, o: o,
		reload: make(chan struct{}, 1), accepting: make(chan struct{}, acceptAtOnce), derived: map[string][]byte{}, address: o.Keys.DeriveAll("address"), worker: store.NewID().String(), Metrics: NewMetrics()}
	for _, purpose := range []string{"once", "login"} {
		a.derived[purpose] = o.Keys.Derive(purpose)
	}
	a.forgot = guard.NewCounter(time.Minute, o.Keys.Derive("limits"), a.now)
	a.systems = crm.New(o.Allow, a.now)
	a.limiter = guard.NewLimiter(o.Keys.Derive("limits"), a.now)
	a.claims.most, a.claims.do = deliverMost, a.claimMany
	a.closes.most, a.closes.do = deliverMost, a.closeMany
	a.applies.most, a.applies.do = applyMost, a.applyMany
	leads := func(ids []uuid.UUID) int { return len(ids) }
	a.scores.most, a.scores.weigh, a.scores.do = salesMost, leads, many(a.ScoreLeads)
	a.routes.most, a.routes.weigh, a.routes.do = salesMost, leads, many(a.RouteLeads)
	a.intake = o.Store.NewIntake(a.Metrics.commit)
	if a.mutant("answer-before-commit") {
		a.intake.AnswerBeforeCommit()
	}
	return a
}

// Close lets what was handed in be committed.
func (a *App) Close() {
	a.intake.Close()
}

// Store gives reports and the pages for staff their reads.
func (a *App) Store() *store.Store { return a.store }

// Files gives the pages their pictures.
func (a *App) Files() document.Files { return a.files }

// BaseURL is the only base of links.
func (a *App) BaseURL() string { return a.o.BaseURL }

// Transport names how mail leaves.
func (a *App) Transport() string { return a.sender.Name() }

// SenderName is who signs the mails.
func (a *App) SenderName(s *Snapshot) string {
	if s.Settings.SenderName != "" {
		return s.Settings.SenderName
	}
	return a.o.From.Name
}

// SenderAddress is where the mails come from.
func (a *App) SenderAddress() string { return a.o.From.Address }

func (a *App) now() time.Time { return a.store.Now() }

// keyed is the HMAC-SHA-256 of parts under a purpose's key: for once-keys and hashes that must tell nothing.
func (a *App) keyed(purpose string, parts ...string) []byte {
	return keyedHash(a.derived[purpose], parts)
}

func keyedHash(key []byte, parts []string) []byte {
	m := hmac.New(sha256.New, key)
	for _, p := range parts {
		m.Write([]byte(p))
		m.Write([]byte{0})
	}
	return m.Sum(nil)
}

// addressKeys are the keyed hashes by which suppressions know an address: one per secret in use, the first one first.
func (a *App) addressKeys(address string) [][]byte {
	var out [][]byte
	for _, k := range a.address {
		out = append(out, keyedHash(k, []string{address}))
	}
	return out
}

// mutant tells whether the named defect is switched on; only tests do that (promise_test.go).
func (a *App) mutant(name string) bool { return a.o.Mutant == name }

// sendWithinRequest is the mutant "wait-for-provider": the visitor waits until the mail has been handed over.
func (a *App) sendWithinRequest(ctx context.Context, id uuid.UUID) error {
	if err := a.AcceptSubmissions(ctx, []uuid.UUID{id}); err != nil {
		return err
	}
	o, err := a.store.Outcome(ctx, id)
	if err != nil || o == nil || o.MessageID == nil {
		return err
	}
	return a.DeliverMessage(ctx, *o.MessageID)
}

// background is for work that must end although the caller went away.
func background(d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), d)
}
