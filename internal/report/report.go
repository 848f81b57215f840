// Package report holds the read-only figures: one file a report, each with its SQL, title, columns, definition and the
// address that opens the rows behind a figure. List is all of them; a test opens every figure and counts.
package report

import (
	"context"
	"fmt"
	"net/url"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/gatehouse/gatehouse/internal/errs"
)

// Report is a table of figures over a filter. SQL is written for a filter, since a condition that is not there costs
// nothing; it may use the parameters of Filter.params and returns a key (text) and one bigint for each column. Drill gives
// the address whose rows a figure counts.
type Report struct {
	Name       string
	Title      string
	Definition string // what a figure counts, in words for staff
	Key        string // heading of the key: "Day", "Landing page"
	Columns    []Column
	SQL        func(f Filter) string
	Drill      func(f Filter, key string, column int) string
}

// Column is one figure of each row.
type Column struct {
	Name  string // submissions, people, openers, waiting
	Title string
}

// Row is a key with its figures, in the order of the columns.
type Row struct {
	Key     string
	Figures []int64
}

// Filter is what a report looks at: whole days of the installation's zone, both ends included. GateID and Gate (its slug)
// are empty for every gate, Source is empty for every source.
type Filter struct {
	From, To Day
	Zone     *time.Location
	GateID   string
	Gate     string
	Source   string
}

// UnknownSource is the source of what came without one, or is not processed yet.
const UnknownSource = "unknown"

// List is every report. A new one is one file and one line.
func List() []Report {
	return []Report{Volume(), VolumeByDay(), VolumeByGate(), VolumeBySource(), Waiting()}
}

// Run reads a report; rows come in the order of the SQL.
func Run(ctx context.Context, pool *pgxpool.Pool, r Report, f Filter) ([]Row, error) {
	params, err := f.params()
	if err != nil {
		return nil, err
	}
	rows, err := pool.Query(ctx, r.SQL(f), params)
	if err != nil {
		return nil, fmt.Errorf("report %s: %w", r.Name, err)
	}
	defer rows.Close()
	var out []Row
	for rows.Next() {
		row := Row{Figures: make([]int64, len(r.Columns))}
		into := []any{&row.Key}
		for i := range row.Figures {
			into = append(into, &row.Figures[i])
		}
		if err := rows.Scan(into...); err != nil {
			return nil, fmt.Errorf("report %s: %w", r.Name, err)
		}
		out = append(out, row)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("report %s: %w", r.Name, err)
	}
	return out, nil
}

// maxDays bounds a range, so that nobody asks for a bar chart of a century.
const maxDays = 3700

// Days lists the days of the range in order.
func (f Filter) Days() []Day {
	var out []Day
	for d := f.From; !f.To.Before(d) && len(out) <= maxDays; d = d.Add(1) {
		out = append(out, d)
	}
	return out
}

// params are @days the moments at which the days begin, the end of the last one included, @gate a gate's id and @source.
// The days are cut here and not in SQL, so that figures and the lists behind them use the same moments.
func (f Filter) params() (pgx.NamedArgs, error) {
	days := f.Days()
	if len(days) == 0 || len(days) > maxDays {
		return nil, errs.InvalidFields(errs.Field{Field: "from", Code: "invalid", Message: "The range ends before it begins, or is longer than ten years."})
	}
	bounds := make([]time.Time, 0, len(days)+1)
	for _, d := range days {
		bounds = append(bounds, d.Start(f.Zone))
	}
	bounds = append(bounds, f.To.Add(1).Start(f.Zone))
	return pgx.NamedArgs{"days": bounds, "gate": f.GateID, "source": f.Source}, nil
}

// query is the part of an address that every drill-down carries.
func (f Filter) query(from, to Day) url.Values {
	q := url.Values{"from": {from.String()}, "to": {to.String()}}
	if f.Gate != "" {
		q.Set("gate", f.Gate)
	}
	if f.Source != "" {
		q.Set("source", f.Source)
	}
	return q
}

// Day is a calendar day.
type Day struct {
	Year  int
	Month time.Month
	Day   int
}

// DayOf is the day of a moment in a zone.
func DayOf(at time.Time, zone *time.Location) Day {
	y, m, d := at.In(zone).Date()
	return Day{y, m, d}
}

// ParseDay reads "2026-03-03"; years 2000 to 2199.
func ParseDay(s string) (Day, bool) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil || t.Year() < 2000 || t.Year() > 2199 {
		return Day{}, false
	}
	return DayOf(t, time.UTC), true
}

// String is the day as ISO 8601 writes it.
func (d Day) String() string { return fmt.Sprintf("%04d-%02d-%02d", d.Year, d.Month, d.Day) }

// Start is the moment at which the day begins in the zone. Where clocks skip midnight, it is the first moment there is.
func (d Day) Start(zone *time.Location) time.Time {
	t := time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, zone)
	if DayOf(t, zone).Before(d) { // the gap swallowed midnight, and Go went back
		t = time.Date(d.Year, d.Month, d.Day, 1, 0, 0, 0, zone)
	}
	return t
}

// Add goes n days on.
func (d Day) Add(n int) Day {
	return DayOf(time.Date(d.Year, d.Month, d.Day+n, 12, 0, 0, 0, time.UTC), time.UTC)
}

// Before compares.
func (d Day) Before(o Day) bool { return d.String() < o.String() }
