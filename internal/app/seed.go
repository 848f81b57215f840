package app

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/brianvoe/gofakeit/v7"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/form"
	"github.com/gatehouse/gatehouse/internal/store"
)

// SeedOptions of Seed. The same Leads, Days and Seed at the same moment give the same rows, ids included.
type SeedOptions struct {
	Leads    int
	Days     int // 0: 90; the data ends now
	Seed     uint64
	Force    bool                  // also beside real leads, and with a transport that sends
	Progress func(done, total int) // may be nil
}

// SeedReport counts what was made.
type SeedReport struct {
	Leads, Companies, Submissions, Quarantined, Messages, Downloads int
	Took                                                            time.Duration
}

// seedTransport is what messages of demonstration data were "sent" with: nothing ever leaves.
const seedTransport = "seed"

// seedBatch is how many leads share one transaction.
const seedBatch = 1000

// Seed fills the database with realistic demonstration data. Everything it makes is finished: no job, nothing to send.
// Addresses lie under .example, which belongs to nobody (RFC 2606).
func (a *App) Seed(ctx context.Context, o SeedOptions) (SeedReport, error) {
	start := time.Now()
	if o.Days == 0 {
		o.Days = 90
	}
	if o.Leads < 1 || o.Leads > 10_000_000 || o.Days < 1 || o.Days > 3650 {
		return SeedReport{}, errs.New(errs.Invalid, "Leads are 1 to 10,000,000, days 1 to 3650.")
	}
	if err := a.refuseSeed(ctx, o); err != nil {
		return SeedReport{}, err
	}
	s, err := a.newSower(ctx, o)
	if err != nil {
		return SeedReport{}, err
	}
	times := s.arrivals(o.Leads)
	for done := 0; done < len(times); {
		n := min(seedBatch, len(times)-done)
		for _, at := range times[done : done+n] {
			s.person(at)
		}
		if err := s.write(ctx, a); err != nil {
			return s.report, err
		}
		done += n
		if o.Progress != nil {
			o.Progress(done, len(times))
		}
	}
	if err := s.sell(ctx, s.leads); err != nil {
		return s.report, err
	}
	if _, err := a.RollUp(ctx); err != nil {
		return s.report, err
	}
	// Fresh statistics: the first reports shall be as quick as the later ones.
	if _, err := a.store.Pool().Exec(ctx, "analyze"); err != nil {
		return s.report, a.store.Translate(err)
	}
	s.report.Took = time.Since(start)
	return s.report, nil
}

// refuseSeed keeps demonstration data away from real people, and from a transport that would write to somebody.
func (a *App) refuseSeed(ctx context.Context, o SeedOptions) error {
	if o.Force {
		return nil
	}
	if a.sender.Name() != "capture" {
		return errs.New(errs.Conflict, "This installation sends mail (%s). Demonstration data belongs where GATEHOUSE_MAIL is capture; --force sows it all the same.", a.sender.Name())
	}
	var mixed bool
	err := a.store.Pool().QueryRow(ctx, `select exists (select 1 from leads l where l.state <> 'erased'
		and not exists (select 1 from messages m where m.lead_id = l.id and m.transport = $1))`, seedTransport).Scan(&mixed)
	if err != nil {
		return a.store.Translate(err)
	}
	if mixed {
		return errs.New(errs.Conflict, "This database holds real leads. Demonstration data would mix with them; --force sows it all the same.")
	}
	return nil
}

// sower makes people one after the other. All chance comes from its one source, in one order.
type sower struct {
	app       *App
	rnd       *rand.Rand
	fake      *gofakeit.Faker
	start     time.Time
	end       time.Time
	zone      *time.Location
	gates     []seedGate
	companies []*seedCompany
	domains   map[string]uuid.UUID // every company domain there is
	addresses map[string]bool      // every address there is
	questions map[uuid.UUID][]store.DocumentQuestion
	currency  string
	leads     []uuid.UUID    // that were sown
	owners    [][2]uuid.UUID // lead, and whose it is
	forced    bool           // also beside real leads
	rows      seedRows
	report    SeedReport
}

type seedGate struct {
	gate, version, document, file uuid.UUID
	slug                          string
	def                           form.Gate
}

func (a *App) newSower(ctx context.Context, o SeedOptions) (*sower, error) {
	set, err := a.store.Settings(ctx)
	if err != nil {
		return nil, err
	}
	s := &sower{app: a, rnd: rand.New(rand.NewPCG(o.Seed, 0x6761746568)), fake: gofakeit.NewFaker(rand.NewPCG(o.Seed, 0x6e616d6573), false),
		end: a.now().Truncate(time.Second), zone: set.Zone(), domains: map[string]uuid.UUID{}, addresses: map[string]bool{}, forced: o.Force}
	s.start, s.currency = s.end.AddDate(0, 0, -o.Days), set.Currency
	if s.questions, err = a.store.Questions(ctx); err != nil {
		return nil, err
	}
	if err := s.loadKnown(ctx); err != nil {
		return nil, a.store.Translate(err)
	}
	if err := s.secondGate(ctx); err != nil {
		return nil, err
	}
	gates, _, err := a.store.PublishedGates(ctx)
	if err != nil {
		return nil, err
	}
	for _, g := range gates {
		if g.Slug == SampleSlug || g.Slug == seedSlug {
			s.gates = append(s.gates, seedGate{gate: g.ID, version: g.Published.ID, document: g.Document.ID, file: g.File.ID, slug: g.Slug, def: g.Published.Definition})
		}
	}
	if len(s.gates) == 0 {
		return nil, errs.New(errs.Conflict, "The sample whitepaper is not published here; demonstration data needs its gate.")
	}
	months := int(s.end.Sub(s.start)/(28*24*time.Hour)) + 2
	for _, parent := range []string{"visits", "hits", "provider_events"} {
		if _, err := a.store.Pool().Exec(ctx, "select ensure_months($1, $2::date, $3)", parent, s.start, months); err != nil {
			return nil, a.store.Translate(err)
		}
	}
	return s, nil
}

// loadKnown reads the addresses and domains that exist, which stay unique.
func (s *sower) loadKnown(ctx context.Context) error {
	rows, err := s.app.store.Pool().Query(ctx, "select address from lead_addresses")
	if err != nil {
		return err
	}
	var address string
	if _, err := pgx.ForEachRow(rows, []any{&address}, func() error { s.addresses[address] = true; return nil }); err != nil {
		return err
	}
	if rows, err = s.app.store.Pool().Query(ctx, "select domain, company_id from company_domains"); err != nil {
		return err
	}
	var domain string
	var id uuid.UUID
	_, err = pgx.ForEachRow(rows, []any{&domain, &id}, func() error { s.domains[domain] = id; return nil })
	return err
}

// seedSlug is a second gate for the same document, so that gates can be compared.
const seedSlug = "board-briefing"

func (s *sower) secondGate(ctx context.Context) error {
	return s.app.store.Tx(ctx, func(tx *store.Tx) error {
		var n int64
		if err := tx.Model(&store.GateSlug{}).Where("slug = ?", seedSlug).Count(&n).Error; err != nil || n > 0 {
			return err
		}
		var sample store.Gate
		if err := tx.Where("slug = ?", SampleSlug).Take(&sample).Error; err != nil {
			return s.app.store.Translate(err)
		}
		def := sample.Draft
		def.Title = "A board briefing: 8 questions on marketing"
		def.Kicker, def.Summary = "A briefing for the board", "Eight questions, eight figures, one sheet: what a board should ask before it signs the next marketing budget."
		gate := store.Gate{ID: s.id(s.start), Slug: seedSlug, DocumentID: sample.DocumentID, State: "draft", Draft: def, Version: 1, CreatedAt: s.start, UpdatedAt: s.start}
		version := store.GateVersion{ID: s.id(s.start), GateID: gate.ID, Number: 1, Definition: def, Language: def.Language, PublishedAt: s.start}
		for _, row := range []any{&gate, &version, &store.GateSlug{Slug: seedSlug, GateID: gate.ID, CreatedAt: s.start}} {
			if err := tx.Create(row).Error; err != nil {
				return err
			}
		}
		if err := tx.Model(&store.Gate{}).Where("id = ?", gate.ID).Updates(map[string]any{"state": "published", "published_version_id": version.ID}).Error; err != nil {
			return err
		}
		if err := tx.Audit(store.Actor{Kind: "command", Name: "demonstration data"}, "gate.publish", "gate", gate.ID.String(), nil); err != nil {
			return err
		}
		return tx.Changed()
	})
}

// id is a UUIDv7 (RFC 9562 section 5.7) of a moment, whose random bits come from the seed.
func (s *sower) id(at time.Time) uuid.UUID {
	var u uuid.UUID
	ms := uint64(at.UnixMilli())
	for i := range 6 {
		u[i] = byte(ms >> (40 - 8*i))
	}
	a, b := s.rnd.Uint64(), s.rnd.Uint64()
	for i := range 8 {
		u[8+i] = byte(a >> (8 * i))
	}
	u[6], u[7] = 0x70|byte(b)&0x0f, byte(b>>8)
	u[8] = 0x80 | u[8]&0x3f
	return u
}

// sownAlready explains a key that exists: the same seed was sown before.
func sownAlready(err error) error {
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.Code == "23505" {
		return errs.Wrap(err, errs.Conflict, "This very data is here already; choose another --seed.")
	}
	return err
}
