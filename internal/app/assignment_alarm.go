package app

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/store"
)

// quietFallback is how long nothing went to the fallback before the next time is news again.
const quietFallback = 24 * time.Hour

// tendAlarms raises and clears what no single decision can: that a team is led by somebody who is gone, and that what an
// alarm tells of is over.
func (a *App) tendAlarms(ctx context.Context) error {
	return a.store.Tx(ctx, func(tx *store.Tx) error {
		if err := leaderless(tx); err != nil {
			return err
		}
		return tx.Exec(`update alarms x set cleared_at = ? where x.cleared_at is null and case x.kind
			when 'lead-fallback' then x.last_at < ?
			when 'lead-stuck' then not exists (select 1 from assignments a where a.lead_id = x.object::uuid and a.state in ('open','accepted') and a.first_response_at is null and a.at <= x.raised_at)
			when 'lead-waits' then not exists (select 1 from assignments a where a.id = x.object::uuid and a.state in ('open','accepted') and a.first_response_at is null)
			else false end`, tx.Now(), tx.Now().Add(-quietFallback)).Error
	})
}

// leaderless tells that a team, or all of sales, is led by somebody who is gone: they are told nothing any more, and
// somebody else has to be named.
func leaderless(tx *store.Tx) error {
	var gone []struct {
		Object, Name string
		Raised       bool
	}
	err := tx.Raw(`with leads(object, name, user_id) as (select id::text, name, manager_id from teams where archived_at is null
			union all select 'sales', '', manager_user_id from sales_settings)
		select l.object, l.name, exists (select 1 from alarms x where x.kind = 'manager-gone' and x.object = l.object and x.cleared_at is null) as raised
		from leads l join users u on u.id = l.user_id left join user_profiles p on p.user_id = u.id where u.disabled_at is not null or p.left_at is not null`).Scan(&gone).Error
	if err != nil {
		return err
	}
	still := []string{uuid.Nil.String()}
	for _, g := range gone {
		still = append(still, g.Object)
		if g.Raised {
			continue
		}
		what := "Whoever is named to be told of leads that wait too long"
		if g.Name != "" {
			what = "Whoever leads the team " + g.Name
		}
		if err := tx.Raise("manager-gone", g.Object, what+" is gone, and is told nothing any more. Name somebody else."); err != nil {
			return err
		}
	}
	return tx.Exec("update alarms set cleared_at = ? where kind = 'manager-gone' and cleared_at is null and object not in ?", tx.Now(), still).Error
}
