package report

import (
	"strings"
	"testing"
	"time"

	"github.com/gatehouse/gatehouse/internal/errs"
)

// Each report says what it counts, has a drill-down for every column, and a name of its own.
func TestListIsComplete(t *testing.T) {
	seen := map[string]bool{}
	f := Filter{From: Day{2026, 3, 1}, To: Day{2026, 3, 31}, Zone: time.UTC, Gate: "a & b", Source: "email"}
	for _, r := range List() {
		if r.Name == "" || seen[r.Name] || r.Title == "" || r.Definition == "" || r.SQL == nil || len(r.Columns) == 0 {
			t.Errorf("%q is incomplete, or there twice", r.Name)
		}
		seen[r.Name] = true
		for i := range r.Columns {
			if url := r.Drill(f, "1", i); !strings.HasPrefix(url, "/admin/") || strings.Contains(url, "a & b") {
				t.Errorf("%s, column %d: %q", r.Name, i, url)
			}
		}
	}
}

// Days begin when the zone says so, also where clocks are changed at midnight.
func TestDays(t *testing.T) {
	cases := []struct{ zone, day, start, end string }{
		{"UTC", "2026-03-03", "2026-03-03T00:00:00Z", "2026-03-04T00:00:00Z"},
		{"Pacific/Auckland", "2026-04-05", "2026-04-04T11:00:00Z", "2026-04-05T12:00:00Z"}, // 25 hours
		{"Europe/Berlin", "2026-03-29", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"},    // 23 hours
		{"America/Havana", "2026-03-08", "2026-03-08T05:00:00Z", "2026-03-09T04:00:00Z"},   // no midnight
	}
	for _, c := range cases {
		zone, err := time.LoadLocation(c.zone)
		if err != nil {
			t.Fatal(err)
		}
		d, ok := ParseDay(c.day)
		if !ok || d.String() != c.day {
			t.Errorf("%s is read as %s", c.day, d)
		}
		if got := d.Start(zone).UTC().Format(time.RFC3339); got != c.start {
			t.Errorf("%s in %s begins at %s, want %s", c.day, c.zone, got, c.start)
		}
		if got := d.Add(1).Start(zone).UTC().Format(time.RFC3339); got != c.end {
			t.Errorf("%s in %s ends at %s, want %s", c.day, c.zone, got, c.end)
		}
		if got := DayOf(d.Start(zone), zone); got != d {
			t.Errorf("the start of %s in %s lies in %s", d, c.zone, got)
		}
	}
	for _, bad := range []string{"", "2026-3-3", "2026-02-30", "1999-12-31", "2200-01-01", "2026-03-03T00:00:00Z", "٢٠٢٦-٠٣-٠٣"} {
		if d, ok := ParseDay(bad); ok {
			t.Errorf("%q is read as %s", bad, d)
		}
	}
}

// A range that ends before it begins, or a century, is a fault and no query.
func TestRangeIsChecked(t *testing.T) {
	for _, f := range []Filter{{From: Day{2026, 3, 2}, To: Day{2026, 3, 1}, Zone: time.UTC}, {From: Day{2000, 1, 1}, To: Day{2199, 1, 1}, Zone: time.UTC}} {
		if _, err := Run(t.Context(), nil, Volume(), f); !errs.Is(err, errs.Invalid) {
			t.Errorf("%s to %s: %v", f.From, f.To, err)
		}
	}
}
