package app

import (
	"context"
	"encoding/csv"
	"io"
	"strconv"
	"time"

	"github.com/gatehouse/gatehouse/internal/pipeline"
	"github.com/gatehouse/gatehouse/internal/store"
)

var dealHead = []string{"id", "lead_id", "title", "given_name", "family_name", "email", "stage", "state", "value", "currency", "expected_on", "reason", "owner", "source",
	"next_step", "next_due", "activities", "opened", "in_stage_since", "closed"}

// ExportDeals writes a view of the pipeline as CSV (UTF-8 with a byte order mark, RFC 4180), a thousand lines at a time,
// and leaves a line in the audit log before the first. Formulas are defused.
func (a *App) ExportDeals(ctx context.Context, w io.Writer, f DealFilter, filter map[string]any, by store.Actor, flush func()) error {
	if err := a.store.Tx(ctx, func(tx *store.Tx) error { return tx.Audit(by, "deals.export", "deals", "", filter) }); err != nil {
		return err
	}
	if _, err := io.WriteString(w, "\ufeff"); err != nil {
		return err
	}
	out := csv.NewWriter(w)
	out.UseCRLF = true
	if err := out.Write(dealHead); err != nil {
		return err
	}
	where, args := f.where(a.now())
	rows, err := a.store.DB(ctx).Raw("select d.*,"+dealsOf("(select d.* from deals d where "+where+")")+"order by "+f.order(), args...).Rows()
	if err != nil {
		return a.store.Translate(err)
	}
	defer func() { _ = rows.Close() }()
	for n := 1; rows.Next(); n++ {
		var d DealCard
		if err := a.store.DB(ctx).ScanRows(rows, &d); err != nil {
			return a.store.Translate(err)
		}
		if err := out.Write(dealCells(d)); err != nil {
			return err
		}
		if n%500 == 0 && flush != nil {
			out.Flush()
			flush()
		}
	}
	if err := rows.Err(); err != nil {
		return a.store.Translate(err)
	}
	out.Flush()
	return out.Error()
}

func dealCells(d DealCard) []string {
	at := func(t *time.Time, layout string) string {
		if t == nil {
			return ""
		}
		return t.UTC().Format(layout)
	}
	value := ""
	if d.Value != nil {
		value = pipeline.Amount(*d.Value, d.Currency, "en")
	}
	cells := []string{d.ID.String(), d.LeadID.String(), d.Title, d.GivenName, d.FamilyName, d.Email, d.Stage, d.State, value, d.Currency, at(d.ExpectedOn, isoDay), d.Reason, d.Owner,
		d.Source, d.NextStep, at(d.NextDue, time.RFC3339), strconv.Itoa(d.Activities), at(&d.OpenedAt, time.RFC3339), at(&d.StageAt, time.RFC3339), at(d.ClosedAt, time.RFC3339)}
	for i := range cells {
		cells[i] = DefuseCell(cells[i])
	}
	return cells
}
