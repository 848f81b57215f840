package report

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
)

// ReturnedLeads is the condition on leads l that sales returned for a reason since a moment: its arguments are both.
const ReturnedLeads = "exists (select 1 from assignments ra where ra.lead_id = l.id and ra.state = 'returned' and ra.close_reason = ? and ra.closed_at >= ?)"

// ReturnLine is one reason and how many leads came back with it; Sources is where they came from, the most frequent first.
type ReturnLine struct {
	Reason, Title string
	Leads         int
	Source        string
}

// Returns counts the leads that sales returned since a moment, by the reason that they gave, and how many were assigned.
// Seen are the owners whose leads count; nil for all.
func Returns(ctx context.Context, pool *pgxpool.Pool, since time.Time, seen []uuid.UUID) (lines []ReturnLine, assigned int, err error) {
	rows, err := pool.Query(ctx, `select r.key, r.title, count(distinct a.lead_id)::int, coalesce(mode() within group (order by nullif(l.source, '')), '')
		from pipeline_reasons r join assignments a on a.state = 'returned' and a.close_reason = r.key and a.closed_at >= $1 join leads l on l.id = a.lead_id
		where r.kind = 'return' and ($2::uuid[] is null or l.owner_id = any($2)) group by r.key, r.title, r.position order by 3 desc, r.position`, since, seen)
	if err != nil {
		return nil, 0, err
	}
	defer rows.Close()
	for rows.Next() {
		var l ReturnLine
		if err := rows.Scan(&l.Reason, &l.Title, &l.Leads, &l.Source); err != nil {
			return nil, 0, err
		}
		lines = append(lines, l)
	}
	if err := rows.Err(); err != nil {
		return nil, 0, err
	}
	err = pool.QueryRow(ctx, "select count(distinct a.lead_id)::int from assignments a join leads l on l.id = a.lead_id where a.at >= $1 and ($2::uuid[] is null or l.owner_id = any($2))", since, seen).Scan(&assigned)
	return lines, assigned, err
}
