package app

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/store"
)

// ruleKind is what one kind of rules needs to be drafted and published. Check refuses what cannot hold, each fault at its
// field. First is what a draft begins with where nothing was published yet.
type ruleKind struct {
	title string
	check func(definition json.RawMessage) error
	fits  func(tx *store.Tx, definition json.RawMessage) error // looks at who and what there is now, when it is to hold; nil: nothing
	first func() any
}

func (k ruleKind) fit(tx *store.Tx, definition json.RawMessage) error {
	if k.fits == nil {
		return nil
	}
	if err := k.fits(tx, definition); err != nil {
		return errs.Wrap(err, errs.Conflict, "These rules give leads to a team or to somebody that gets none any more. Mend that in a draft first.")
	}
	return nil
}

// ruleKinds are the kinds that can be edited.
func (a *App) ruleKinds() map[string]ruleKind {
	return map[string]ruleKind{
		store.RulesScoring: scoringKind(),
		store.RulesRouting: a.routingKind(),
	}
}

func (a *App) ruleKind(kind string) (ruleKind, error) {
	k, ok := a.ruleKinds()[kind]
	if !ok {
		return k, errs.New(errs.NotFound, "There are no rules of this kind.")
	}
	return k, nil
}

// RuleVersions are the rules of one kind: what holds, what is being changed, and what held before.
type RuleVersions struct {
	Published *store.RuleSet
	Draft     *store.RuleSet
	History   []RuleVersion // newest first, with the published one
}

// RuleVersion is one version that was published.
type RuleVersion struct {
	store.RuleSet
	By      string // who published it
	Leads   int    // that were last scored by it
	BasedOn int32  // the number of the version that it began with; 0: none
}

// RuleVersions reads them.
func (a *App) RuleVersions(ctx context.Context, kind string) (v RuleVersions, err error) {
	if _, err := a.ruleKind(kind); err != nil {
		return v, err
	}
	db := a.store.DB(ctx)
	if v.Published, err = store.PublishedRules(db, kind); err != nil {
		return v, err
	}
	if v.Draft, err = store.DraftRules(db, kind); err != nil {
		return v, err
	}
	err = db.Raw(`select r.*, coalesce(u.name, '') as by, coalesce(b.number, 0) as based_on, coalesce(s.n, 0) as leads from rule_sets r
		left join users u on u.id = r.published_by left join rule_sets b on b.id = r.based_on_id
		left join (select rule_set_id, count(*) as n from scores group by 1) s on s.rule_set_id = r.id
		where r.kind = ? and r.state <> 'draft' order by r.number desc limit 100`, kind).Scan(&v.History).Error
	return v, a.store.Translate(err)
}

// RuleSet reads one version.
func (a *App) RuleSet(ctx context.Context, id uuid.UUID) (store.RuleSet, error) {
	var r store.RuleSet
	err := a.store.DB(ctx).Where("id = ?", id).Take(&r).Error
	return r, a.store.Translate(err)
}

// DraftRules begins a draft: a copy of what is published, or of the version from. Where there is a draft already, it is
// that one.
func (a *App) DraftRules(ctx context.Context, kind string, from *uuid.UUID, by store.Actor) (draft store.RuleSet, err error) {
	k, err := a.ruleKind(kind)
	if err != nil {
		return draft, err
	}
	err = a.rulesTx(ctx, kind, func(tx *store.Tx) error {
		if d, err := store.DraftRules(tx.DB, kind); err != nil || d != nil {
			if d != nil {
				draft = *d
			}
			return err
		}
		base, err := a.baseOf(tx, kind, from)
		if err != nil {
			return err
		}
		number, err := nextNumber(tx, kind)
		if err != nil {
			return err
		}
		draft = store.RuleSet{ID: store.NewID(), Kind: kind, Number: number, State: store.RulesDraft, CreatedBy: by.ID, CreatedAt: tx.Now(), UpdatedAt: tx.Now(), Version: 1}
		if base != nil {
			draft.Definition, draft.BasedOnID = base.Definition, &base.ID
		} else if draft.Definition, err = json.Marshal(k.first()); err != nil {
			return err
		}
		if err := tx.Create(&draft).Error; err != nil {
			return err
		}
		return tx.Audit(by, "rules.draft", kind+"-rules", draft.ID.String(), map[string]any{"number": number})
	})
	return draft, err
}

func (a *App) baseOf(tx *store.Tx, kind string, from *uuid.UUID) (*store.RuleSet, error) {
	if from == nil {
		return store.PublishedRules(tx.DB, kind)
	}
	var base store.RuleSet
	if err := tx.Where("id = ? and kind = ?", *from, kind).Take(&base).Error; err != nil {
		return nil, a.store.Translate(err)
	}
	return &base, nil
}

func nextNumber(tx *store.Tx, kind string) (n int32, err error) {
	err = tx.Raw("select coalesce(max(number), 0) + 1 from rule_sets where kind = ?", kind).Scan(&n).Error
	return n, err
}

// SaveDraftRules keeps a draft without faults. One that somebody else changed meanwhile is not overwritten.
func (a *App) SaveDraftRules(ctx context.Context, kind string, version int64, definition json.RawMessage, note string, by store.Actor) error {
	k, err := a.ruleKind(kind)
	if err != nil {
		return err
	}
	var e edits
	note = e.text("note", note, 0, 1000)
	if err := e.err(); err != nil {
		return err
	}
	return a.rulesTx(ctx, kind, func(tx *store.Tx) error {
		d, err := draftAt(tx, kind, version)
		if err != nil {
			return err
		}
		if err := k.check(definition); err != nil {
			return err
		}
		err = tx.Model(&store.RuleSet{}).Where("id = ?", d.ID).Updates(map[string]any{"definition": string(definition), "note": note, "updated_at": tx.Now(), "version": d.Version + 1}).Error
		if err != nil {
			return err
		}
		return tx.Audit(by, "rules.edit", kind+"-rules", d.ID.String(), map[string]any{"number": d.Number})
	})
}

// PublishRules makes the draft what holds from now on.
func (a *App) PublishRules(ctx context.Context, kind string, version int64, by store.Actor) (published store.RuleSet, err error) {
	k, err := a.ruleKind(kind)
	if err != nil {
		return published, err
	}
	err = a.rulesTx(ctx, kind, func(tx *store.Tx) error {
		d, err := draftAt(tx, kind, version)
		if err != nil {
			return err
		}
		if err := k.check(d.Definition); err != nil {
			return errs.Wrap(err, errs.Conflict, "The draft has faults: mend them first.")
		}
		if err := k.fit(tx, d.Definition); err != nil {
			return err
		}
		published = *d
		return a.publish(tx, &published, by)
	})
	return published, err
}

// publish retires what holds and puts the draft in its place.
func (a *App) publish(tx *store.Tx, d *store.RuleSet, by store.Actor) error {
	now := tx.Now()
	if err := retire(tx, d.Kind); err != nil {
		return err
	}
	// Where an older version was published again while this was a draft, it comes after that one.
	number, err := nextNumber(tx, d.Kind)
	if err != nil {
		return err
	}
	if number-1 > d.Number {
		d.Number = number
	}
	d.State, d.PublishedAt, d.PublishedBy, d.UpdatedAt = store.RulesPublished, &now, by.ID, now
	d.Version++
	err = tx.Model(&store.RuleSet{}).Where("id = ?", d.ID).Updates(map[string]any{"number": d.Number, "state": d.State, "published_at": now, "published_by": by.ID, "updated_at": now, "version": d.Version}).Error
	if err != nil {
		return err
	}
	if err := tx.Exec("update alarms set cleared_at = ? where kind = 'rule-failed' and cleared_at is null", now).Error; err != nil {
		return err
	}
	if err := tx.Audit(by, "rules.publish", d.Kind+"-rules", d.ID.String(), map[string]any{"number": d.Number}); err != nil {
		return err
	}
	return tx.Changed()
}

// retire ends what holds.
func retire(tx *store.Tx, kind string) error {
	return tx.Model(&store.RuleSet{}).Where("kind = ? and state = ?", kind, store.RulesPublished).
		Updates(map[string]any{"state": store.RulesRetired, "retired_at": tx.Now()}).Error
}

// RollBackRules publishes a copy of an older version; a draft stays what it is.
func (a *App) RollBackRules(ctx context.Context, kind string, to uuid.UUID, by store.Actor) (published store.RuleSet, err error) {
	k, err := a.ruleKind(kind)
	if err != nil {
		return published, err
	}
	err = a.rulesTx(ctx, kind, func(tx *store.Tx) error {
		var old store.RuleSet
		if err := tx.Where("id = ? and kind = ?", to, kind).Take(&old).Error; err != nil {
			return a.store.Translate(err)
		}
		if old.State != store.RulesRetired {
			return errs.New(errs.Conflict, "This version holds already.")
		}
		if err := k.check(old.Definition); err != nil {
			return errs.Wrap(err, errs.Conflict, "This version asks for names that there are no more. Begin a draft with it and mend that first.")
		}
		if err := k.fit(tx, old.Definition); err != nil {
			return err
		}
		number, err := nextNumber(tx, kind)
		if err != nil {
			return err
		}
		now := tx.Now()
		published = store.RuleSet{ID: store.NewID(), Kind: kind, Number: number, State: store.RulesPublished, Definition: old.Definition, BasedOnID: &old.ID,
			Note: fmt.Sprintf("Rolled back to version %d", old.Number), CreatedBy: by.ID, CreatedAt: now, UpdatedAt: now, PublishedBy: by.ID, PublishedAt: &now, Version: 1}
		if err := retire(tx, kind); err != nil {
			return err
		}
		if err := tx.Create(&published).Error; err != nil {
			return err
		}
		if err := tx.Audit(by, "rules.roll-back", kind+"-rules", published.ID.String(), map[string]any{"number": number, "to": old.Number}); err != nil {
			return err
		}
		return tx.Changed()
	})
	return published, err
}

// DiscardRules throws the draft away.
func (a *App) DiscardRules(ctx context.Context, kind string, version int64, by store.Actor) error {
	if _, err := a.ruleKind(kind); err != nil {
		return err
	}
	return a.rulesTx(ctx, kind, func(tx *store.Tx) error {
		d, err := draftAt(tx, kind, version)
		if err != nil {
			return err
		}
		if err := tx.Exec("delete from rehearsals where rule_set_id = ?", d.ID).Error; err != nil {
			return err
		}
		if err := tx.Where("id = ?", d.ID).Delete(&store.RuleSet{}).Error; err != nil {
			return err
		}
		return tx.Audit(by, "rules.discard", kind+"-rules", d.ID.String(), map[string]any{"number": d.Number})
	})
}

// rulesTx changes the rules of a kind with nobody else at them.
func (a *App) rulesTx(ctx context.Context, kind string, fn func(*store.Tx) error) error {
	return a.store.Tx(ctx, func(tx *store.Tx) error {
		if err := tx.Exec("select pg_advisory_xact_lock(hashtext('gatehouse rules ' || ?))", kind).Error; err != nil {
			return err
		}
		return fn(tx)
	})
}

var errNoDraft = errs.New(errs.Conflict, "There is no draft any more: somebody published or discarded it meanwhile.")

func draftAt(tx *store.Tx, kind string, version int64) (*store.RuleSet, error) {
	d, err := store.DraftRules(tx.DB, kind)
	switch {
	case err != nil:
		return nil, err
	case d == nil:
		return nil, errNoDraft
	case d.Version != version:
		return nil, errChanged
	}
	return d, nil
}

// RuleKind names one kind of rules.
type RuleKind struct{ Kind, Title string }

// RuleKinds lists the kinds that can be edited.
func (a *App) RuleKinds() []RuleKind {
	var out []RuleKind
	for _, kind := range []string{store.RulesScoring, store.RulesRouting} {
		if k, ok := a.ruleKinds()[kind]; ok {
			out = append(out, RuleKind{kind, k.title})
		}
	}
	return out
}
