package app

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/pipeline"
	"github.com/gatehouse/gatehouse/internal/store"
)

// SalesHome is what somebody who sells wants to know in the morning: whom to accept, what is due, where the own deals
// stand, and the own numbers.
type SalesHome struct {
	Waiting  []WaitingCard // of whoever they see to, the most urgent first
	WaitingN int
	Due      []DueStep // due today or overdue, the oldest first
	DueN     int
	Overdue  int
	Reasons  []ReasonDue   // what went beyond the contact policy before anybody could be asked why
	Columns  []BoardColumn // counts and sums only
	Lacking  int           // open deals without a plan or without activities
	Numbers  SalesNumbers
}

// DueStep is a step with whose it is.
type DueStep struct {
	store.Step
	GivenName, FamilyName, Company, Email, Tel string
	Owner                                      string
}

// SalesNumbers are one's own, of the last 30 days.
type SalesNumbers struct {
	Accepted  int // deals that were opened by accepting a lead
	Won, Lost int
	Worth     []Money  // of what was won, by currency
	Response  *float64 // the median of the first responses, in working minutes
	Responses int
}

// dueShown is how many steps the home page shows.
const dueShown = 30

// MoreDue names the steps that are due, in SalesHome.
const MoreDue = "due"

// sinceDays is the beginning of the day so many days ago, where the house is: what lists count from as well.
func sinceDays(now time.Time, days int, zone *time.Location) time.Time {
	local := now.In(zone)
	return time.Date(local.Year(), local.Month(), local.Day()-days, 0, 0, 0, 0, zone)
}

// SalesHome reads it for a member of staff, with the work of those whose deputy they are. More names what is shown in
// whole: MoreWaiting or MoreDue (up to 1,000).
func (a *App) SalesHome(ctx context.Context, user uuid.UUID, more string) (SalesHome, error) {
	var h SalesHome
	db, now := a.store.DB(ctx), a.now()
	settings, err := settingsOf(db)
	if err != nil {
		return h, a.store.Translate(err)
	}
	owners, err := a.actsFor(db, user)
	if err != nil {
		return h, a.store.Translate(err)
	}
	b, waiting, due := Board{At: now}, BoardShown, dueShown
	switch more {
	case MoreWaiting:
		waiting = BoardMost
	case MoreDue:
		due = BoardMost
	}
	if err := a.waiting(ctx, &b, DealFilter{Owners: owners}, waiting); err != nil {
		return h, a.store.Translate(err)
	}
	h.Waiting, h.WaitingN = b.Waiting, b.WaitingN
	local := now.In(settings.Zone())
	night := time.Date(local.Year(), local.Month(), local.Day()+1, 0, 0, 0, 0, settings.Zone())
	if err := dueSteps(db, &h, owners, now, night, due); err != nil {
		return h, a.store.Translate(err)
	}
	if h.Reasons, err = a.reasonsDue(ctx, user); err != nil {
		return h, err
	}
	stages, err := a.Stages(ctx)
	if err != nil {
		return h, err
	}
	mine := DealFilter{Owner: &user}
	where, args := mine.where(now)
	var counts []struct {
		Stage, Currency string
		N               int
		Sum             int64
		Lacking         int
	}
	err = db.Raw(`select d.stage, d.currency, count(*) as n, coalesce(sum(d.value), 0)::bigint as sum, count(*) filter (where not (`+hasPlan+` and `+hasActivity+`)) as lacking
		from deals d where `+where+" group by 1, 2 order by 4 desc", args...).Scan(&counts).Error
	if err != nil {
		return h, a.store.Translate(err)
	}
	for _, st := range stages {
		if st.Kind != pipeline.Open || st.Archived {
			continue
		}
		col := BoardColumn{Stage: st}
		for _, c := range counts {
			if c.Stage == st.Key {
				col.N, h.Lacking = col.N+c.N, h.Lacking+c.Lacking
				if c.Sum > 0 {
					col.Sums = append(col.Sums, Money{c.Sum, c.Currency})
				}
			}
		}
		h.Columns = append(h.Columns, col)
	}
	return h, a.store.Translate(ownNumbers(db, &h.Numbers, user, sinceDays(now, 30, settings.Zone())))
}

func dueSteps(db *store.Query, h *SalesHome, owners []uuid.UUID, now, night time.Time, shown int) error {
	const due = " from steps s where s.owner_id in ? and " + stepToDo + " and s.due_at < ? "
	err := db.Raw("select count(*) as due_n, count(*) filter (where s.due_at < ?) as overdue"+due, now, owners, night).Row().Scan(&h.DueN, &h.Overdue)
	if err != nil || h.DueN == 0 {
		return err
	}
	return db.Raw(`select s.*, l.given_name, l.family_name, l.company, l.email, l.tel, coalesce(nullif(u.name, ''), u.email) as owner from (select s.*`+due+`order by s.due_at, s.id limit ?) s
		join leads l on l.id = s.lead_id join users u on u.id = s.owner_id order by s.due_at, s.id`, owners, night, shown).Scan(&h.Due).Error
}

func ownNumbers(db *store.Query, n *SalesNumbers, user uuid.UUID, since time.Time) error {
	err := db.Raw(`select count(*) filter (where opened_at >= ?), count(*) filter (where state = 'won' and closed_at >= ?), count(*) filter (where state = 'lost' and closed_at >= ?)
		from deals where owner_id = ? and (opened_at >= ? or closed_at >= ?)`, since, since, since, user, since, since).Row().Scan(&n.Accepted, &n.Won, &n.Lost)
	if err != nil {
		return err
	}
	err = db.Raw(`select currency, sum(value)::bigint as minor from deals where owner_id = ? and state = 'won' and closed_at >= ? and value is not null group by 1 order by 2 desc, 1`, user, since).Scan(&n.Worth).Error
	if err != nil {
		return err
	}
	return db.Raw(`select percentile_cont(0.5) within group (order by response_seconds / 60.0) filter (where response_seconds is not null),
		count(*) filter (where response_seconds is not null) from assignments where owner_id = ? and at >= ?`, user, since).Row().Scan(&n.Response, &n.Responses)
}

// ActsFor are those whose work a member of staff sees to: their own, and that of colleagues who are away.
func (a *App) ActsFor(ctx context.Context, user uuid.UUID) ([]uuid.UUID, error) {
	owners, err := a.actsFor(a.store.DB(ctx), user)
	return owners, a.store.Translate(err)
}
