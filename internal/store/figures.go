package store

import "context"

// QueueFigures are the numbers of work that waits.
type QueueFigures struct {
	Jobs []struct {
		Queue, State string
		N            float64
	}
	Oldest []struct {
		Queue string
		N     float64 // seconds
	}
	Messages []struct {
		State  string
		Second bool
		N      float64
	}
	Alarms float64
}

// QueueFigures reads them.
func (s *Store) QueueFigures(ctx context.Context) (f QueueFigures, err error) {
	db := s.DB(ctx)
	for _, q := range []struct {
		sql  string
		into any
	}{
		{"select queue, state::text, count(*)::float8 as n from river_job where state not in ('completed','cancelled','discarded') group by 1, 2", &f.Jobs},
		{"select queue, extract(epoch from now() - min(scheduled_at))::float8 as n from river_job where state = 'available' group by 1", &f.Oldest},
		{"select state, second_send as second, count(*)::float8 as n from messages where created_at > now() - interval '30 days' group by 1, 2", &f.Messages},
		{"select count(*)::float8 from alarms where cleared_at is null", &f.Alarms},
	} {
		if err := db.Raw(q.sql).Scan(q.into).Error; err != nil {
			return f, translate(err)
		}
	}
	return f, nil
}
