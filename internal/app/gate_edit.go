package app

import (
	"context"
	"regexp"
	"time"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/form"
	"github.com/gatehouse/gatehouse/internal/lead"
	"github.com/gatehouse/gatehouse/internal/store"
)

// GateLine is one landing page of the list.
type GateLine struct {
	store.Gate
	Document    string // its title
	Number      int32  // of the published version; 0: none yet
	PublishedAt *time.Time
	Submissions int  // of the last 30 days
	Edited      bool // the draft differs from what is published
}

// Gates lists every landing page: published ones first, archived ones last.
func (a *App) Gates(ctx context.Context) (out []GateLine, err error) {
	err = a.store.DB(ctx).Raw(`select g.*, d.title as document, coalesce(v.number, 0) as number, v.published_at,
		v.id is not null and v.definition <> g.draft as edited,
		(select count(*) from submissions s where s.gate_id = g.id and s.received_at > ?) as submissions
		from gates g join documents d on d.id = g.document_id left join gate_versions v on v.id = g.published_version_id
		order by array_position(array['published','draft','archived'], g.state), g.updated_at desc, g.id`, a.now().AddDate(0, 0, -30)).Scan(&out).Error
	return out, a.store.Translate(err)
}

// GateRecord is all that the page of a landing page shows.
type GateRecord struct {
	store.Gate
	Document store.Document
	File     *store.DocumentVersion // the current one; nil when there is none
	Versions []PublishedVersion     // newest first
	OldSlugs []string               // they lead to the present one
}

// PublishedVersion is one published version with who published it.
type PublishedVersion struct {
	store.GateVersion
	By string // empty: the installation itself
}

// Published is the version that the public sees or saw last; nil when there is none.
func (r GateRecord) Published() *PublishedVersion {
	for i := range r.Versions {
		if r.PublishedVersionID != nil && r.Versions[i].ID == *r.PublishedVersionID {
			return &r.Versions[i]
		}
	}
	return nil
}

// GateRecord reads one landing page for the staff.
func (a *App) GateRecord(ctx context.Context, id uuid.UUID) (r GateRecord, err error) {
	db := a.store.DB(ctx)
	if err := db.Where("id = ?", id).Take(&r.Gate).Error; err != nil {
		return r, a.store.Translate(err)
	}
	if r.Document, r.File, err = a.store.Document(ctx, r.DocumentID); err != nil {
		return r, err
	}
	var versions []store.GateVersion
	if err := db.Where("gate_id = ?", id).Order("number desc").Limit(100).Find(&versions).Error; err != nil {
		return r, a.store.Translate(err)
	}
	names, err := a.userNames(ctx)
	if err != nil {
		return r, err
	}
	for _, v := range versions {
		line := PublishedVersion{GateVersion: v}
		if v.PublishedBy != nil {
			line.By = names[*v.PublishedBy]
		}
		r.Versions = append(r.Versions, line)
	}
	err = db.Model(&store.GateSlug{}).Where("gate_id = ? and slug <> ?", id, r.Slug).Order("created_at desc").Pluck("slug", &r.OldSlugs).Error
	return r, a.store.Translate(err)
}

// NewGateInput is what a landing page begins with.
type NewGateInput struct {
	DocumentID uuid.UUID
	Slug       string
	Title      string // empty: the document's
}

var slugPattern = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,78}[a-z0-9])?$`)

func (e *edits) slug(slug string) {
	if !slugPattern.MatchString(slug) {
		e.add("slug", lead.Invalid, "The address has small letters, digits and hyphens, begins and ends with a letter or digit, and is at most 80 long.")
	}
}

var errSlugTaken = errs.InvalidFields(errs.Field{Field: "slug", Code: "taken", Message: "Another landing page has or had this address, and links to it are out there. Please choose another one."})

// takeSlug writes a slug into the history. One that belongs to another page, now or in the past, is refused.
func takeSlug(tx *store.Tx, gate uuid.UUID, slug string) error {
	row := store.GateSlug{Slug: slug, GateID: gate, CreatedAt: tx.Now()}
	if err := tx.Clauses(store.OnConflict{DoNothing: true}).Create(&row).Error; err != nil {
		return err
	}
	var owner store.GateSlug
	if err := tx.Where("slug = ?", slug).Take(&owner).Error; err != nil {
		return err
	}
	if owner.GateID != gate {
		return errSlugTaken
	}
	return nil
}

// NewGate makes a draft with the usual questions. It is not complete: what it is about is for a person to write.
func (a *App) NewGate(ctx context.Context, in NewGateInput, by store.Actor) (g store.Gate, err error) {
	var e edits
	e.slug(in.Slug)
	d, _, err := a.store.Document(ctx, in.DocumentID)
	switch {
	case errs.Is(err, errs.NotFound), err == nil && d.ArchivedAt != nil:
		e.add("document", "not-an-option", "Please choose the document that the page offers.")
	case err != nil:
		return g, err
	}
	if in.Title = e.line("title", in.Title, 0, 160); in.Title == "" {
		in.Title = d.Title
	}
	if err := e.err(); err != nil {
		return g, err
	}
	err = a.store.Tx(ctx, func(tx *store.Tx) error {
		g = store.Gate{ID: store.NewID(), Slug: in.Slug, DocumentID: d.ID, State: "draft", Draft: firstDraft(in.Title, d), Version: 1, CreatedAt: tx.Now(), UpdatedAt: tx.Now()}
		var taken int64
		if err := tx.Model(&store.GateSlug{}).Where("slug = ?", g.Slug).Count(&taken).Error; err != nil {
			return err
		}
		if taken > 0 {
			return errSlugTaken
		}
		if err := tx.Create(&g).Error; err != nil {
			return err
		}
		if err := takeSlug(tx, g.ID, g.Slug); err != nil {
			return err
		}
		return tx.Audit(by, "gate.create", "gate", g.ID.String(), map[string]any{"slug": g.Slug, "document": d.ID.String()})
	})
	return g, err
}

// firstDraft is the usual form with the document's own words.
func firstDraft(title string, d store.Document) form.Gate {
	g := SampleGate()
	g.Kicker, g.Title, g.Summary, g.Learn, g.Byline, g.Language = "", title, "", nil, d.Byline, d.Language
	g.Button, g.MailSubject, g.MailText, g.ThanksTitle = "Send me the document", "", "", ""
	return g
}

// editGate locks a landing page, lets fn change it, and writes it. read is the version that the page showed.
func (a *App) editGate(ctx context.Context, id uuid.UUID, read int64, fn func(tx *store.Tx, g *store.Gate) error) error {
	err := a.store.Tx(ctx, func(tx *store.Tx) error {
		var g store.Gate
		if err := tx.ForUpdate().Where("id = ?", id).Take(&g).Error; err != nil {
			return a.store.Translate(err)
		}
		if g.Version != read {
			return errChanged
		}
		if err := fn(tx, &g); err != nil {
			return err
		}
		g.Version, g.UpdatedAt = g.Version+1, tx.Now()
		if err := tx.Model(&store.Gate{}).Where("id = ?", id).Select("*").Updates(&g).Error; err != nil {
			return err
		}
		return tx.Changed()
	})
	if err == nil {
		a.renew(ctx)
	}
	return err
}

// SaveGate keeps a draft that passes every check; the public goes on seeing what was published.
func (a *App) SaveGate(ctx context.Context, id uuid.UUID, read int64, def form.Gate, by store.Actor) error {
	if err := def.Check(); err != nil {
		return err
	}
	return a.editGate(ctx, id, read, func(tx *store.Tx, g *store.Gate) error {
		changed := changedNames(g.Draft, def)
		g.Draft = def
		return tx.Audit(by, "gate.edit", "gate", id.String(), map[string]any{"changed": changed})
	})
}

// MoveGate gives a landing page another address; the old one leads to it for good.
func (a *App) MoveGate(ctx context.Context, id uuid.UUID, read int64, slug string, by store.Actor) error {
	var e edits
	if e.slug(slug); e.err() != nil {
		return e.err()
	}
	return a.editGate(ctx, id, read, func(tx *store.Tx, g *store.Gate) error {
		if slug == g.Slug {
			return errs.InvalidFields(errs.Field{Field: "slug", Code: "same", Message: "This is the address it has now."})
		}
		if err := takeSlug(tx, id, slug); err != nil {
			return err
		}
		old := g.Slug
		g.Slug = slug
		return tx.Audit(by, "gate.move", "gate", id.String(), map[string]any{"from": old, "to": slug})
	})
}
