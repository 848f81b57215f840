package app

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/pipeline"
	"github.com/gatehouse/gatehouse/internal/store"
)

// DealMove is what somebody wants of a deal: where it shall stand, and what is typed on the way, as typed; an empty text
// leaves what is there. Version is that of the deal which they saw. Above is the card that it is put above; nil puts it
// on top.
type DealMove struct {
	ID         uuid.UUID
	Version    int64
	To         string
	Value      string
	ExpectedOn string
	Reason     string
	Note       string
	Above      *uuid.UUID
}

// MoveDeal moves a deal along the allowed ways. What the new stage requires has to be known or typed: it is asked for all
// at once. To won or lost it closes, and its assignment with it; back from there it is open again.
func (a *App) MoveDeal(ctx context.Context, m DealMove, by store.Actor) (store.Deal, error) {
	var d store.Deal
	err := a.store.Tx(ctx, func(tx *store.Tx) (err error) {
		d, err = a.moveDeal(tx, m, by)
		return err
	})
	return d, err
}

func (a *App) moveDeal(tx *store.Tx, m DealMove, by store.Actor) (store.Deal, error) {
	desk, err := takeDeal(tx, m.ID, m.Version)
	if err != nil {
		return desk.deal, err
	}
	d := &desk.deal
	change := store.DealChange{FromStage: d.Stage, ToStage: m.To, Fields: map[string]store.FromTo{}}
	if m.To != d.Stage {
		if err := a.step(tx, desk, d, m, change.Fields, by); err != nil {
			return *d, err
		}
	}
	if d.State == pipeline.Open {
		if d.Position, err = placeOf(tx, *d, m.Above); err != nil {
			return *d, err
		}
	}
	if m.To == change.FromStage { // another place in its column is nobody's news, here or in other systems
		return *d, tx.Model(&store.Deal{}).Where("id = ?", d.ID).Update("position", d.Position).Error
	}
	if err := a.saveDeal(tx, *d, change, "staff", by, ""); err != nil {
		return *d, err
	}
	d.Version++
	return *d, tx.Audit(by, "deal.move", "deal", d.ID.String(), map[string]any{"from": change.FromStage, "to": change.ToStage})
}

// step takes a deal to another stage, or says all that is missing.
func (a *App) step(tx *store.Tx, desk dealDesk, d *store.Deal, m DealMove, fields map[string]store.FromTo, by store.Actor) error {
	stages, settings, as := desk.stages, desk.settings, desk.as
	to, ok := stages.Find(m.To)
	if !ok || !stages.May(d.Stage, m.To) {
		from, _ := stages.Find(d.Stage)
		return errs.New(errs.Conflict, "A deal does not go from “%s” to “%s”. Nothing was changed.", orElse(from.Title, d.Stage), orElse(to.Title, m.To))
	}
	var e edits
	was := *d
	if d.State != pipeline.Open && to.Kind == pipeline.Open {
		d.Reason, d.ReasonNote = "", ""
	}
	e.deal(d, settings, m.Value, m.ExpectedOn)
	if err := e.reason(tx, d, to.Kind, m.Reason, m.Note); err != nil {
		return err
	}
	if !a.mutant("no-required-fields") {
		e.missing(to.Missing(pipeline.DealFacts{Value: d.Value, Expected: d.ExpectedOn, Reason: d.Reason}), to.Title)
	}
	if err := e.err(); err != nil {
		return err
	}
	dealDiff(was, *d, settings, fields)
	now := tx.Now()
	d.Stage, d.StageAt = to.Key, now
	switch {
	case to.Kind != pipeline.Open:
		d.State, d.ClosedAt = to.Kind, &now
		return closeAssignment(tx, as, to.Kind, by)
	case was.State != pipeline.Open:
		d.State, d.ClosedAt = pipeline.Open, nil
		return reopenAssignment(tx, as)
	}
	return nil
}

// closeAssignment ends an assignment whose deal is decided. Its owner stays the lead's owner.
func closeAssignment(tx *store.Tx, as store.Assignment, how string, by store.Actor) error {
	if as.State != "accepted" {
		return errs.New(errs.Conflict, "This lead is in nobody's accepted hands, so its deal cannot be closed. Accept the lead first.")
	}
	return tx.Model(&store.Assignment{}).Where("id = ?", as.ID).Updates(map[string]any{"state": "closed", "closed_at": tx.Now(), "close_reason": how, "closed_by": by.ID,
		"version": as.Version + 1}).Error
}

// reopenAssignment puts the lead back into the hands in which its deal was decided, if no others have it by now.
func reopenAssignment(tx *store.Tx, as store.Assignment) error {
	var other int64
	if err := tx.Model(&store.Assignment{}).Where("lead_id = ? and state in ('open','accepted')", as.LeadID).Count(&other).Error; err != nil {
		return err
	}
	if other > 0 {
		return errs.New(errs.Conflict, "This lead is in other hands by now; its new owner opens a deal by accepting it.")
	}
	return tx.Model(&store.Assignment{}).Where("id = ?", as.ID).Updates(map[string]any{"state": "accepted", "closed_at": nil, "close_reason": "", "close_note": "", "closed_by": nil,
		"version": as.Version + 1}).Error
}

// seenDeal says who changed the deal since it was seen, and how.
func seenDeal(tx *store.Tx, d store.Deal, seen int64) error {
	if d.Version == seen {
		return nil
	}
	var c store.DealChange
	if err := tx.Where("deal_id = ? and version = ?", d.ID, d.Version).Order("at desc").Limit(1).Find(&c).Error; err != nil {
		return err
	}
	who := "Somebody"
	if c.How == "crm" {
		who = "The CRM"
	}
	if c.ByID != nil {
		names, err := userNames(tx.DB, *c.ByID)
		if err != nil {
			return err
		}
		who = orElse(names[*c.ByID], who)
	}
	did := "changed it"
	if c.FromStage != c.ToStage && c.FromStage != "" {
		var titles []string
		if err := tx.Model(&store.DealStage{}).Where("key = ?", c.ToStage).Pluck("title", &titles).Error; err != nil {
			return err
		}
		if len(titles) > 0 {
			did = fmt.Sprintf("moved it to “%s”", titles[0])
		}
	}
	return errs.New(errs.Conflict, "%s %s meanwhile. Nothing was overwritten; look at it as it is now and try again.", who, did)
}

// placeOf is where an open deal stands in its column: above another card, else on top. A column that has become too
// narrow there is numbered anew.
func placeOf(tx *store.Tx, d store.Deal, above *uuid.UUID) (float64, error) {
	if above == nil || *above == d.ID {
		return topOf(tx, d.Stage)
	}
	for range 2 {
		var below []store.Deal
		if err := tx.Where("id = ? and stage = ? and state = 'open'", *above, d.Stage).Find(&below).Error; err != nil {
			return 0, err
		}
		if len(below) == 0 { // it went elsewhere meanwhile
			return topOf(tx, d.Stage)
		}
		var over []float64
		err := tx.Model(&store.Deal{}).Where("stage = ? and state = 'open' and id <> ? and (position, id) < (?, ?)", d.Stage, d.ID, below[0].Position, below[0].ID).
			Order("position desc, id desc").Limit(1).Pluck("position", &over).Error
		if err != nil {
			return 0, err
		}
		var upper *float64
		if len(over) > 0 {
			upper = &over[0]
		}
		if at, ok := pipeline.Between(upper, &below[0].Position); ok {
			return at, nil
		}
		err = tx.Exec(`update deals d set position = n.place from (select id, row_number() over (order by position, id) as place from deals where stage = ? and state = 'open') n
			where n.id = d.id and d.position <> n.place`, d.Stage).Error
		if err != nil {
			return 0, err
		}
	}
	return topOf(tx, d.Stage)
}

// expectedDay reads a day, an empty text as none.
func expectedDay(typed string) (*time.Time, bool) {
	t, err := time.Parse(time.DateOnly, typed)
	if err != nil || t.Year() < 2000 || t.Year() > 2100 {
		return nil, false
	}
	return &t, true
}
