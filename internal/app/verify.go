package app

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/gatehouse/gatehouse/internal/report"
)

// VerifyReport is the reconciliation of what was promised with what was done: counts that add up, and what nobody can
// explain.
type VerifyReport struct {
	At          time.Time    `json:"at"`
	Counts      []VerifyLine `json:"counts"`
	Unexplained []VerifyItem `json:"unexplained"`       // at most verifyShown
	Total       int          `json:"unexplained_total"` // all of them
}

// VerifyLine is one kind of thing: Total, counted by itself, is the sum of its parts.
type VerifyLine struct {
	What  string       `json:"what"`
	Total int          `json:"total"`
	Parts []VerifyPart `json:"parts"`
}

// VerifyPart is one state and how many are in it. Bad ones are those that nobody can explain.
type VerifyPart struct {
	Name string `json:"name"`
	N    int    `json:"n"`
	Bad  bool   `json:"bad,omitempty"`
}

// VerifyItem is one thing that does not add up, by its id.
type VerifyItem struct {
	Kind     string `json:"kind"`
	ID       string `json:"id"`
	Sentence string `json:"sentence"`
}

// verifyShown is how many unexplained things are named; all are counted.
const verifyShown = 50

// OK tells that everything is explained.
func (r VerifyReport) OK() bool { return r.Total == 0 }

// reconciliation is one line: Classes gives every row of its table one class (columns id and class), Parts says which
// classes there are, and Bad, when not empty, why the class cannot be explained.
type reconciliation struct {
	what, total, classes string
	parts                []class
}

type class struct{ name, bad string }

// Verify reconciles the whole database in one read-only snapshot, each line in one pass over its tables. It changes
// nothing but this: a rolled-up hour that differs from its rows is marked, so that figures count it from the rows at once.
func (a *App) Verify(ctx context.Context) (VerifyReport, error) {
	r := VerifyReport{At: a.now(), Counts: []VerifyLine{}, Unexplained: []VerifyItem{}}
	tx, err := a.store.Pool().BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
	if err != nil {
		return r, a.store.Translate(err)
	}
	defer func() { _ = tx.Rollback(ctx) }()
	for _, line := range slices.Concat(reconciliations, scoringLines, routingLines, pipelineLines, saidLines, connectorLines) {
		if err := r.reconcile(ctx, tx, line); err != nil {
			return r, a.store.Translate(fmt.Errorf("verify %s: %w", line.what, err))
		}
	}
	_ = tx.Rollback(ctx)
	return r, a.markDiffering(ctx, r)
}

// markDiffering marks the hours whose roll-up is wrong, if any is.
func (a *App) markDiffering(ctx context.Context, r VerifyReport) error {
	for _, line := range r.Counts {
		for _, p := range line.Parts {
			if line.What == rolledHours && p.Bad && p.N > 0 {
				return a.store.Translate(a.store.DB(ctx).Exec(`insert into rollup_dirty (id, hour) select gen_random_uuid(), id from (` + report.RolledHours + `) h where class = 'differs'`).Error)
			}
		}
	}
	return nil
}

func (r *VerifyReport) reconcile(ctx context.Context, tx pgx.Tx, line reconciliation) error {
	out := VerifyLine{What: line.what}
	if err := tx.QueryRow(ctx, line.total).Scan(&out.Total); err != nil {
		return err
	}
	bad := []string{}
	for _, c := range line.parts {
		if c.bad != "" {
			bad = append(bad, c.name)
		}
	}
	rows, err := tx.Query(ctx, `with clock as (select $1::timestamptz as now), `+liveJobs+`, c as materialized (`+line.classes+`)
		select class, count(*)::int, coalesce((array_agg(id::text order by id) filter (where class = any($2)))[1:50], '{}') from c group by class`, r.At, bad)
	if err != nil {
		return err
	}
	counts, ids := map[string]int{}, map[string][]string{}
	for rows.Next() {
		var name string
		var n int
		var some []string
		if err := rows.Scan(&name, &n, &some); err != nil {
			rows.Close()
			return err
		}
		counts[name], ids[name] = n, some
	}
	if err := rows.Err(); err != nil {
		return err
	}
	sum := 0
	for _, c := range line.parts {
		n := counts[c.name]
		sum += n
		out.Parts = append(out.Parts, VerifyPart{Name: c.name, N: n, Bad: c.bad != ""})
		if c.bad != "" {
			r.blame(line.what, c.bad, ids[c.name], n)
		}
	}
	if sum != out.Total {
		r.blame(line.what, fmt.Sprintf("The figures do not add up: %d in all, %d in the states.", out.Total, sum), []string{"figures"}, 1)
	}
	r.Counts = append(r.Counts, out)
	return nil
}

func (r *VerifyReport) blame(kind, sentence string, ids []string, n int) {
	r.Total += n
	for _, id := range ids {
		if len(r.Unexplained) < verifyShown {
			r.Unexplained = append(r.Unexplained, VerifyItem{Kind: kind, ID: id, Sentence: sentence})
		}
	}
}
