package app

import (
	"context"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/form"
	"github.com/gatehouse/gatehouse/internal/store"
)

// PublishGate makes the next version out of the draft and shows it to the public. def, when not nil, is saved as the
// draft first, in the same transaction. Faults come back at their fields, and nothing is changed.
func (a *App) PublishGate(ctx context.Context, id uuid.UUID, read int64, def *form.Gate, by store.Actor) (v store.GateVersion, err error) {
	if def != nil {
		if err := def.Check(); err != nil {
			return v, err
		}
	}
	err = a.editGate(ctx, id, read, func(tx *store.Tx, g *store.Gate) error {
		if def != nil {
			g.Draft = *def
		}
		if err := g.Draft.Check(); err != nil {
			return err
		}
		if err := offerable(tx, g.DocumentID); err != nil {
			return err
		}
		var last int32
		if err := tx.Model(&store.GateVersion{}).Where("gate_id = ?", id).Select("coalesce(max(number), 0)").Scan(&last).Error; err != nil {
			return err
		}
		v = store.GateVersion{ID: store.NewID(), GateID: id, Number: last + 1, Definition: g.Draft, Language: g.Draft.Language, PublishedBy: by.ID, PublishedAt: tx.Now()}
		if err := tx.Create(&v).Error; err != nil {
			return err
		}
		g.State, g.PublishedVersionID = "published", &v.ID
		return tx.Audit(by, "gate.publish", "gate", id.String(), map[string]any{"number": v.Number, "slug": g.Slug})
	})
	return v, err
}

// offerable refuses a document that is archived or has no file: the public would get nothing.
func offerable(tx *store.Tx, id uuid.UUID) error {
	var d store.Document
	if err := tx.Where("id = ?", id).Take(&d).Error; err != nil {
		return err
	}
	switch {
	case d.ArchivedAt != nil:
		return errs.New(errs.Conflict, "The document of this page is archived. Bring it back first, then publish.")
	case d.CurrentVersionID == nil:
		return errs.New(errs.Conflict, "The document of this page has no file yet. Upload one first, then publish.")
	}
	return nil
}

// UnpublishGate takes a landing page away from the public; links that people have go on working. archive puts it out of
// the staff's way as well.
func (a *App) UnpublishGate(ctx context.Context, id uuid.UUID, read int64, archive bool, by store.Actor) error {
	state, action := "draft", "gate.unpublish"
	if archive {
		state, action = "archived", "gate.archive"
	}
	return a.editGate(ctx, id, read, func(tx *store.Tx, g *store.Gate) error {
		if g.State == state || !archive && g.State != "published" {
			return errs.New(errs.Conflict, "It is not published any more.")
		}
		g.State = state
		return tx.Audit(by, action, "gate", id.String(), nil)
	})
}

// RestoreGate takes a landing page out of the archive, as a draft.
func (a *App) RestoreGate(ctx context.Context, id uuid.UUID, read int64, by store.Actor) error {
	return a.editGate(ctx, id, read, func(tx *store.Tx, g *store.Gate) error {
		if g.State != "archived" {
			return errs.New(errs.Conflict, "It is not archived.")
		}
		g.State = "draft"
		return tx.Audit(by, "gate.restore", "gate", id.String(), nil)
	})
}

// RedraftGate makes a published version the draft again. The public sees no change until the draft is published.
func (a *App) RedraftGate(ctx context.Context, id, version uuid.UUID, read int64, by store.Actor) error {
	return a.editGate(ctx, id, read, func(tx *store.Tx, g *store.Gate) error {
		var v store.GateVersion
		if err := tx.Where("id = ? and gate_id = ?", version, id).Take(&v).Error; err != nil {
			return a.store.Translate(err)
		}
		g.Draft = v.Definition
		return tx.Audit(by, "gate.redraft", "gate", id.String(), map[string]any{"number": v.Number})
	})
}
