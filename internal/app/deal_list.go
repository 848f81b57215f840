package app

import (
	"context"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/pipeline"
	"github.com/gatehouse/gatehouse/internal/store"
)

// DealCard is one deal as a card or a line.
type DealCard struct {
	store.Deal
	GivenName, FamilyName, Company, Email string
	LeadState                             string
	Source                                string
	Gate                                  string
	Owner                                 string
	StageTitle                            string
	Said                                  int
	SaidText                              string // the last thing that they said
	NextStep                              string
	NextDue                               *time.Time
	Planned                               bool
	Activities                            int
}

// WaitingCard is a lead that waits to be accepted.
type WaitingCard struct {
	store.Assignment
	GivenName, FamilyName, Company, Email string
	Owner                                 string
	Grade                                 string
	Said                                  int
	SaidText                              string
	NextStep                              string
	NextDue                               *time.Time
}

// BoardColumn is one stage with how many deals are in it, what they are worth by currency, and the topmost.
type BoardColumn struct {
	pipeline.Stage
	N     int
	Sums  []Money
	Cards []DealCard
}

// Money is an amount in minor units of a currency.
type Money struct {
	Minor    int64
	Currency string
}

// Board is the pipeline as columns.
type Board struct {
	Waiting  []WaitingCard
	WaitingN int
	Columns  []BoardColumn
	Closed   []BoardColumn // won and lost within the last 30 days
	At       time.Time     // what is shown is as of then
}

// BoardShown is how many cards a column shows at first.
const BoardShown = 50

// BoardMost is how many cards a column shows that is asked for in whole.
const BoardMost = 20 * BoardShown

// MoreWaiting names the column of those who wait, in ReadBoard.
const MoreWaiting = "waiting"

// ClosedDays is how long the board shows what is decided.
const ClosedDays = 30

// aboutDeals adds to deals d what a card says of each.
const aboutDeals = ` l.given_name, l.family_name, l.company, l.email, l.state as lead_state, l.source, coalesce(nullif(u.name, ''), u.email) as owner, st.title as stage_title,
	(select count(*) from sayings s where s.lead_id = d.lead_id and s.taken_back_at is null) as said,
	coalesce((select coalesce(nullif(s.text, ''), q.text, '') from sayings s left join document_questions q on q.id = s.question_id
		where s.lead_id = d.lead_id and s.taken_back_at is null order by s.kind = 'ask' desc, s.at desc limit 1), '') as said_text,
	coalesce(n.title, '') as next_step, n.due_at as next_due,
	` + hasPlan + ` as planned, (select count(*) from activities a where a.lead_id = d.lead_id and a.taken_back_at is null and a.kind <> 'note') as activities
	from %s d join leads l on l.id = d.lead_id join users u on u.id = d.owner_id join stages st on st.key = d.stage
	left join lateral (select s.title, s.due_at from steps s where s.lead_id = d.lead_id and ` + stepToDo + ` order by s.due_at, s.number limit 1) n on true `

// dealsOf is what a card says of the deals that a subquery names.
func dealsOf(deals string) string { return strings.Replace(aboutDeals, "%s", deals, 1) }

// ReadBoard reads the board in five queries, whatever its size: the columns' counts and sums, their topmost cards, what
// waits, how much waits, and what was decided of late. More names a column that is shown in whole (up to 1,000).
func (a *App) ReadBoard(ctx context.Context, f DealFilter, more string) (Board, error) {
	b := Board{At: a.now()}
	stages, err := a.Stages(ctx)
	if err != nil {
		return b, err
	}
	f.State = pipeline.Open
	if err := a.openColumns(ctx, &b, f, stages, more); err != nil {
		return b, a.store.Translate(err)
	}
	if err := a.closedColumns(ctx, &b, f, stages); err != nil {
		return b, a.store.Translate(err)
	}
	shown := BoardShown
	if more == MoreWaiting {
		shown = BoardMost
	}
	return b, a.store.Translate(a.waiting(ctx, &b, f, shown))
}

func (a *App) openColumns(ctx context.Context, b *Board, f DealFilter, stages pipeline.Stages, more string) error {
	db := a.store.DB(ctx)
	where, args := f.where(b.At)
	var counts []struct {
		Stage, Currency string
		N               int
		Sum             int64
	}
	err := db.Raw("select d.stage, d.currency, count(*) as n, coalesce(sum(d.value), 0)::bigint as sum from deals d where "+where+" group by 1, 2 order by 1, 4 desc", args...).Scan(&counts).Error
	if err != nil {
		return err
	}
	keys, limits := []string{}, []any{}
	for _, st := range stages {
		col := BoardColumn{Stage: st}
		for _, c := range counts {
			if c.Stage == st.Key {
				col.N += c.N
				if c.Sum > 0 {
					col.Sums = append(col.Sums, Money{c.Sum, c.Currency})
				}
			}
		}
		if st.Kind == pipeline.Open && (!st.Archived || col.N > 0) {
			b.Columns = append(b.Columns, col)
			n := BoardShown
			if st.Key == more {
				n = BoardMost
			}
			keys, limits = append(keys, "(?, ?::int)"), append(limits, st.Key, n)
		}
	}
	if len(keys) == 0 {
		return nil
	}
	var cards []DealCard
	top := `(select t.* from (values ` + strings.Join(keys, ",") + `) k(stage, n) cross join lateral (select d.* from deals d where d.stage = k.stage and ` + where + ` order by d.position, d.id limit k.n) t)`
	err = db.Raw("select d.*,"+dealsOf(top)+"order by d.position, d.id", append(limits, args...)...).Scan(&cards).Error
	for _, card := range cards {
		for i := range b.Columns {
			if b.Columns[i].Key == card.Stage {
				b.Columns[i].Cards = append(b.Columns[i].Cards, card)
			}
		}
	}
	return err
}

// closedColumns are what was won and lost of late, the latest first.
func (a *App) closedColumns(ctx context.Context, b *Board, f DealFilter, stages pipeline.Stages) error {
	db := a.store.DB(ctx)
	settings, err := settingsOf(db)
	if err != nil {
		return err
	}
	since := sinceDays(b.At, ClosedDays, settings.Zone())
	f.State = "any"
	if f.From == nil || f.From.Before(since) {
		f.From = &since
	}
	where, args := f.where(b.At)
	var counts []struct {
		Stage, Currency string
		N               int
		Sum             int64
	}
	if err := db.Raw("select d.stage, d.currency, count(*) as n, coalesce(sum(d.value), 0)::bigint as sum from deals d where d.closed_at is not null and "+where+" group by 1, 2", args...).Scan(&counts).Error; err != nil {
		return err
	}
	var cards []DealCard
	top := "(select d.* from deals d where d.closed_at is not null and " + where + " order by d.closed_at desc, d.id limit 10)"
	if err := db.Raw("select d.*,"+dealsOf(top)+"order by d.closed_at desc, d.id", args...).Scan(&cards).Error; err != nil {
		return err
	}
	for _, st := range stages {
		if st.Kind == pipeline.Open || st.Archived {
			continue
		}
		col := BoardColumn{Stage: st}
		for _, c := range counts {
			if c.Stage == st.Key {
				col.N += c.N
				col.Sums = append(col.Sums, Money{c.Sum, c.Currency})
			}
		}
		for _, card := range cards {
			if card.Stage == st.Key {
				col.Cards = append(col.Cards, card)
			}
		}
		b.Closed = append(b.Closed, col)
	}
	return nil
}

// waiting are the leads that wait to be accepted, the most urgent first, and how many there are.
func (a *App) waiting(ctx context.Context, b *Board, f DealFilter, shown int) error {
	where, args := f.whereWaiting(b.At)
	db := a.store.DB(ctx)
	if err := db.Raw("select count(*) from assignments d where "+where, args...).Scan(&b.WaitingN).Error; err != nil || b.WaitingN == 0 {
		return err
	}
	return db.Raw(`select d.*, l.given_name, l.family_name, l.company, l.email, coalesce(nullif(u.name, ''), u.email) as owner, coalesce(sc.grade, '') as grade,
		(select count(*) from sayings s where s.lead_id = d.lead_id and s.taken_back_at is null) as said,
		coalesce((select coalesce(nullif(s.text, ''), q.text, '') from sayings s left join document_questions q on q.id = s.question_id
			where s.lead_id = d.lead_id and s.taken_back_at is null order by s.kind = 'ask' desc, s.at desc limit 1), '') as said_text,
		coalesce(n.title, '') as next_step, n.due_at as next_due
		from (select * from assignments d where `+where+` order by coalesce(d.escalate_at, d.clock_from), d.id limit ?) d join leads l on l.id = d.lead_id join users u on u.id = d.owner_id
		left join scores sc on sc.lead_id = d.lead_id
		left join lateral (select s.title, s.due_at from steps s where s.lead_id = d.lead_id and `+stepToDo+` order by s.due_at, s.number limit 1) n on true
		order by coalesce(d.escalate_at, d.clock_from), d.id`, append(args, shown)...).Scan(&b.Waiting).Error
}

var dealOrders = map[string]string{"title": "lower(d.title)", "value": "d.value", "expected": "d.expected_on", "stage": "st.position", "age": "d.stage_at", "closed": "d.closed_at"}

func (f DealFilter) order() string {
	by, ok := dealOrders[f.Sort]
	if !ok {
		by = dealOrders["age"]
	}
	if f.Way == "desc" {
		return by + " desc nulls last, d.id desc"
	}
	return by + " nulls last, d.id"
}

// ListDeals reads one page of a view, and how many lines it has in all.
func (a *App) ListDeals(ctx context.Context, f DealFilter, limit, offset int) (lines []DealCard, total int, err error) {
	where, args := f.where(a.now())
	db := a.store.DB(ctx)
	if err := db.Raw("select count(*) from deals d where "+where, args...).Scan(&total).Error; err != nil || total == 0 {
		return nil, 0, a.store.Translate(err)
	}
	page := "(select d.* from deals d join stages st on st.key = d.stage where " + where + " order by " + f.order() + " limit ? offset ?)"
	err = db.Raw("select d.*,"+dealsOf(page)+"order by "+f.order(), append(args, limit, offset)...).Scan(&lines).Error
	return lines, total, a.store.Translate(err)
}

// BoardChange is one change that others made since a moment.
type BoardChange struct {
	DealID    uuid.UUID  `json:"deal"`
	Version   int64      `json:"version"`
	Title     string     `json:"title"`
	By        string     `json:"by"`
	ByID      *uuid.UUID `json:"-"`
	FromStage string     `json:"from"`
	ToStage   string     `json:"to"`
}

// boardOverlap is how far back a look at the changes reaches beyond the last one: a change is seen when it is committed,
// and it was dated when it was made.
const boardOverlap = 5 * time.Second

// BoardChanges tells what changed on the board since a moment, in one look at an index: the deals, and how many of the
// leads wait that a view shows.
func (a *App) BoardChanges(ctx context.Context, f DealFilter, since time.Time) (changes []BoardChange, waiting int, at time.Time, err error) {
	at = a.now()
	if at.Sub(since) > time.Hour {
		since = at.Add(-time.Hour)
	}
	cond, args := f.Sight.OnHeld("d.owner_id", "d.lead_id")
	db := a.store.DB(ctx)
	err = db.Raw(`select c.deal_id, c.version, d.title, coalesce(nullif(u.name, ''), u.email, case c.how when 'crm' then 'the CRM' else 'Gatehouse' end) as by, c.by_id, c.from_stage,
		coalesce(st.title, c.to_stage) as to_stage from deal_changes c join deals d on d.id = c.deal_id left join users u on u.id = c.by_id left join stages st on st.key = c.to_stage
		where c.at > ? and `+cond+` order by c.at, c.id limit 100`, append([]any{since.Add(-boardOverlap)}, args...)...).Scan(&changes).Error
	if err == nil {
		where, args := f.whereWaiting(at)
		err = db.Raw("select count(*) from assignments d where "+where, args...).Scan(&waiting).Error
	}
	return changes, waiting, at, a.store.Translate(err)
}
