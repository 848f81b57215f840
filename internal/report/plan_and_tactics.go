package report

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
)

// A lead has a strategy when a step of a plan is, or was, to be done and was not skipped; it has tactics when somebody
// called, wrote or met, and did not take that back. For deals d.
const (
	Planned = "exists (select 1 from steps s where s.lead_id = d.lead_id and s.skipped_at is null)"
	Active  = "exists (select 1 from activities a where a.lead_id = d.lead_id and a.taken_back_at is null and a.kind <> 'note')"
)

// TacticsGroup is the decided deals with plan and activities, with either or with neither.
type TacticsGroup struct {
	Planned, Active bool
	Closed, Won     int
	Days            []float64 // from opening to decision, of all of them
}

// PlanAndTactics compares the deals that were decided since a moment by what they had. Seen are the owners whose deals
// count; nil for all.
func PlanAndTactics(ctx context.Context, pool *pgxpool.Pool, since time.Time, seen []uuid.UUID) ([]TacticsGroup, error) {
	rows, err := pool.Query(ctx, `select planned, active, count(*)::int, (count(*) filter (where state = 'won'))::int,
			array_agg(extract(epoch from closed_at - opened_at)::float8 / 86400 order by closed_at, id)
		from (select d.*, `+Planned+` as planned, `+Active+` as active from deals d where d.state <> 'open' and d.closed_at >= $1 and ($2::uuid[] is null or d.owner_id = any($2))) d group by 1, 2`, since, seen)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := []TacticsGroup{{Planned: true, Active: true}, {Planned: true}, {Active: true}, {}}
	for rows.Next() {
		var g TacticsGroup
		if err := rows.Scan(&g.Planned, &g.Active, &g.Closed, &g.Won, &g.Days); err != nil {
			return nil, err
		}
		for i := range out {
			if out[i].Planned == g.Planned && out[i].Active == g.Active {
				out[i] = g
			}
		}
	}
	return out, rows.Err()
}
