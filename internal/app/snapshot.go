package app

import (
	"context"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/store"
)

// Snapshot is what every public request reads: the settings and the published gates. It is told of changes by the
// database and lives at most five seconds while the database answers; while it does not, pages still show.
type Snapshot struct {
	Settings      store.Settings
	Gates         []store.PublishedGate
	Questions     map[uuid.UUID][]store.DocumentQuestion // by document: what each asks its reader
	InboundDomain string                                 // takes mail in for leads; "" where none does
	bySlug        map[string]*store.PublishedGate
	aliases       map[string]string
	loaded        time.Time
}

const snapshotAge = 5 * time.Second

// Snapshot gives the current one.
func (a *App) Snapshot(ctx context.Context) (*Snapshot, error) {
	s := a.snapshot.Load()
	if s != nil && time.Since(s.loaded) < snapshotAge {
		return s, nil
	}
	fresh, err := a.loadSnapshot(ctx)
	if err != nil {
		if s != nil {
			return s, nil
		}
		return nil, err
	}
	return fresh, nil
}

func (a *App) loadSnapshot(ctx context.Context) (*Snapshot, error) {
	loaded := time.Now()
	settings, err := a.store.Settings(ctx)
	if err != nil {
		return nil, err
	}
	gates, aliases, err := a.store.PublishedGates(ctx)
	if err != nil {
		return nil, err
	}
	questions, err := a.store.Questions(ctx)
	if err != nil {
		return nil, err
	}
	var domains []string
	if err := a.store.DB(ctx).Model(&store.SalesSettings{}).Pluck("inbound_domain", &domains).Error; err != nil {
		return nil, a.store.Translate(err)
	}
	if !a.o.Inbound { // an address to which nobody brings anything is no address
		domains = nil
	}
	s := &Snapshot{Settings: settings, InboundDomain: strings.Join(domains, ""), Gates: gates, Questions: questions, aliases: aliases, loaded: loaded, bySlug: map[string]*store.PublishedGate{}}
	for i := range gates {
		s.bySlug[gates[i].Slug] = &gates[i]
	}
	a.snapshot.Store(s)
	if a.o.Renewed != nil {
		a.o.Renewed(settings)
	}
	return s, nil
}

// KeepSnapshot renews the snapshot before it is too old, and at once when the database tells of a change; so no visitor
// waits for it. It ends with ctx.
func (a *App) KeepSnapshot(ctx context.Context) {
	go a.store.Listen(ctx, "gatehouse_changed", func() {
		select {
		case a.reload <- struct{}{}:
		default:
		}
	})
	tick := time.NewTicker(snapshotAge - 2*time.Second)
	defer tick.Stop()
	for {
		if _, err := a.loadSnapshot(ctx); err != nil && ctx.Err() == nil {
			a.log.Warn("published gates could not be read", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-a.reload:
		}
	}
}

// Gate finds a published gate by its slug. moved is the slug it has now, when an older one was asked for.
func (a *App) Gate(ctx context.Context, slug string) (g *store.PublishedGate, s *Snapshot, moved string, err error) {
	s, err = a.Snapshot(ctx)
	if err != nil {
		return nil, nil, "", err
	}
	if g = s.bySlug[slug]; g != nil {
		return g, s, "", nil
	}
	if now, ok := s.aliases[slug]; ok {
		return nil, s, now, nil
	}
	return nil, s, "", errs.New(errs.NotFound, "There is no page at this address.")
}

// GateNow finds a published gate by its slug, or by one that it had before: a form that was open when the gate moved is
// answered as if it had not.
func (a *App) GateNow(ctx context.Context, slug string) (*store.PublishedGate, *Snapshot, error) {
	g, s, moved, err := a.Gate(ctx, slug)
	if err == nil && g == nil {
		if g = s.bySlug[moved]; g == nil {
			err = errs.New(errs.NotFound, "There is no page at this address.")
		}
	}
	return g, s, err
}

// BySlug is the published gate at a slug, nil when there is none.
func (s *Snapshot) BySlug(slug string) *store.PublishedGate { return s.bySlug[slug] }
