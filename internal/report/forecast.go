package report

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
)

// ForecastLine is the open deals of a stage in a currency: how many, how many of them without a value, what they are
// worth, and that weighted by the stage's probability. Amounts are minor units.
type ForecastLine struct {
	Stage, Title     string
	Probability      int
	Currency         string
	Deals, Valueless int
	Value, Weighted  int64
}

// Forecast counts deals only: somebody who downloaded something, qualified or was assigned is none. Seen are the owners whose
// deals count; nil for all.
func Forecast(ctx context.Context, pool *pgxpool.Pool, seen []uuid.UUID) ([]ForecastLine, error) {
	rows, err := pool.Query(ctx, `select s.key, s.title, s.probability::int, d.currency, count(*)::int, (count(*) filter (where d.value is null))::int,
			coalesce(sum(d.value), 0)::bigint, coalesce(round(sum(d.value) * s.probability / 100.0), 0)::bigint
		from deals d join stages s on s.key = d.stage where d.state = 'open' and ($1::uuid[] is null or d.owner_id = any($1)) group by s.key, s.title, s.probability, s.position, d.currency order by d.currency, s.position`, seen)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []ForecastLine
	for rows.Next() {
		var l ForecastLine
		if err := rows.Scan(&l.Stage, &l.Title, &l.Probability, &l.Currency, &l.Deals, &l.Valueless, &l.Value, &l.Weighted); err != nil {
			return nil, err
		}
		out = append(out, l)
	}
	return out, rows.Err()
}
