package app

import (
	"context"
	"strings"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/lead"
	"github.com/gatehouse/gatehouse/internal/pipeline"
	"github.com/gatehouse/gatehouse/internal/store"
)

// DealEdit is what somebody typed about a deal; an empty value or day takes it away.
type DealEdit struct {
	ID         uuid.UUID
	Version    int64
	Title      string
	Value      string
	Currency   string
	ExpectedOn string
	Reason     string // of one that is closed
	Note       string
}

// EditDeal changes what is known of a deal. What its stage requires cannot be taken away.
func (a *App) EditDeal(ctx context.Context, in DealEdit, by store.Actor) (store.Deal, error) {
	var d store.Deal
	err := a.store.Tx(ctx, func(tx *store.Tx) error {
		desk, err := takeDeal(tx, in.ID, in.Version)
		if err != nil {
			return err
		}
		var e edits
		settings, was := desk.settings, desk.deal
		d = desk.deal
		d.Title = e.line("title", in.Title, 1, 200)
		if code := strings.ToUpper(strings.TrimSpace(in.Currency)); code != "" && code != d.Currency {
			if _, ok := pipeline.Scale(code); !ok {
				e.add("currency", lead.Invalid, "Please give a currency such as GBP or EUR.")
			} else {
				d.Currency = code
			}
		}
		if strings.TrimSpace(in.Value) == "" {
			d.Value = nil
		}
		if strings.TrimSpace(in.ExpectedOn) == "" {
			d.ExpectedOn = nil
		}
		e.deal(&d, settings, in.Value, in.ExpectedOn)
		at, _ := desk.stages.Find(d.Stage)
		if err := e.reason(tx, &d, at.Kind, in.Reason, in.Note); err != nil {
			return err
		}
		e.missing(at.Missing(pipeline.DealFacts{Value: d.Value, Expected: d.ExpectedOn, Reason: d.Reason}), at.Title)
		if err := e.err(); err != nil {
			return err
		}
		change := store.DealChange{FromStage: d.Stage, ToStage: d.Stage, Fields: map[string]store.FromTo{}}
		dealDiff(was, d, settings, change.Fields)
		if len(change.Fields) == 0 {
			return nil
		}
		if err := a.saveDeal(tx, d, change, "staff", by, ""); err != nil {
			return err
		}
		d.Version++
		names := []string{}
		for name := range change.Fields {
			names = append(names, name)
		}
		return tx.Audit(by, "deal.edit", "deal", d.ID.String(), map[string]any{"changed": names})
	})
	return d, err
}

// deal reads a typed value and a typed day into a deal; an empty text leaves what is there.
func (e *edits) deal(d *store.Deal, settings store.Settings, value, expected string) {
	if value = strings.TrimSpace(value); value != "" {
		minor, ok := pipeline.ParseMoney(value, d.Currency, settings.Locale)
		if !ok {
			e.add("value", lead.Invalid, "Please give an amount in "+d.Currency+", such as "+pipeline.Amount(1250000, d.Currency, settings.Locale)+".")
		} else {
			d.Value = &minor
		}
	}
	if expected = strings.TrimSpace(expected); expected != "" {
		day, ok := expectedDay(expected)
		if !ok {
			e.add("expected_on", lead.Invalid, "Please give a day, such as 2026-03-31.")
		} else {
			d.ExpectedOn = day
		}
	}
}

// reason reads why a deal is won or lost; an open deal has no reason.
func (e *edits) reason(tx *store.Tx, d *store.Deal, kind, reason, note string) error {
	if kind == pipeline.Open {
		return nil
	}
	if reason != "" {
		var n int64
		if err := tx.Model(&store.PipelineReason{}).Where("kind = ? and key = ? and archived_at is null", kind, reason).Count(&n).Error; err != nil {
			return err
		}
		if n == 0 && reason != d.Reason {
			e.add("reason", lead.Invalid, "Please choose one of the reasons.")
			return nil
		}
		d.Reason = reason
	}
	if note != "" {
		d.ReasonNote = e.text("note", note, 0, 2000)
	}
	return nil
}

// missing asks for what a stage requires, unless it was typed and is wrong already.
func (e *edits) missing(names []string, stage string) {
	words := map[string]string{pipeline.NeedsValue: "what it is worth", pipeline.NeedsExpected: "when it is expected to close", pipeline.NeedsReason: "why"}
next:
	for _, name := range names {
		for _, f := range e.faults {
			if f.Field == name {
				continue next
			}
		}
		e.add(name, lead.Required, "“"+stage+"” asks "+words[name]+".")
	}
}

// dealDiff notes what differs, as people read it.
func dealDiff(was, now store.Deal, settings store.Settings, into map[string]store.FromTo) {
	money := func(d store.Deal) string {
		if d.Value == nil {
			return ""
		}
		return pipeline.Amount(*d.Value, d.Currency, settings.Locale) + " " + d.Currency
	}
	day := func(d store.Deal) string {
		if d.ExpectedOn == nil {
			return ""
		}
		return d.ExpectedOn.Format(isoDay)
	}
	for name, pair := range map[string]store.FromTo{"title": {From: was.Title, To: now.Title}, "value": {From: money(was), To: money(now)},
		"expected_on": {From: day(was), To: day(now)}, "reason": {From: was.Reason, To: now.Reason}, "note": {From: was.ReasonNote, To: now.ReasonNote}} {
		if pair.From != pair.To {
			into[name] = pair
		}
	}
	if was.Currency != now.Currency && was.Value == nil && now.Value == nil { // an amount says its currency itself
		into["currency"] = store.FromTo{From: was.Currency, To: now.Currency}
	}
}

const isoDay = "2006-01-02"

// errNoDeal is the answer where a deal is not, or not for this member of staff.
var errNoDeal = errs.New(errs.NotFound, "There is no such deal here.")
