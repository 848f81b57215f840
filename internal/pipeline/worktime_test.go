package pipeline

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func moment(t testing.TB, text string) time.Time {
	t.Helper()
	x, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func TestNextWorking(t *testing.T) {
	berlin := zone(t, "Europe/Berlin")
	office := Calendar{Zone: berlin, Week: OfficeWeek(), Holidays: Holidays("de-by", 2025, 2027)}
	away := office
	away.Absences = []Absence{{moment(t, "2026-03-09T00:00:00+01:00"), moment(t, "2026-03-14T00:00:00+01:00")}}
	lunch := office
	lunch.Week[time.Tuesday] = []Span{{9 * 60, 12 * 60}, {13 * 60, 17 * 60}}
	night := Calendar{Zone: berlin, Week: Week{time.Saturday: {{22 * 60, 24 * 60}}, time.Sunday: {{0, 4 * 60}}}}
	for name, c := range map[string]struct {
		calendar Calendar
		from     string
		want     string
	}{
		"in working time, now":                 {office, "2026-03-10T10:00:00+01:00", "2026-03-10T10:00:00+01:00"},
		"a lead on Friday evening, on Monday":  {office, "2026-03-06T18:40:00+01:00", "2026-03-09T09:00:00+01:00"},
		"before work, at its beginning":        {office, "2026-03-10T03:00:00+01:00", "2026-03-10T09:00:00+01:00"},
		"the last minute is over at five":      {office, "2026-03-10T17:00:00+01:00", "2026-03-11T09:00:00+01:00"},
		"Easter: Thursday evening to Tuesday":  {office, "2026-04-02T18:00:00+02:00", "2026-04-07T09:00:00+02:00"},
		"Epiphany is a holiday in Bavaria":     {office, "2026-01-06T10:00:00+01:00", "2026-01-07T09:00:00+01:00"},
		"away: the Monday after":               {away, "2026-03-09T10:00:00+01:00", "2026-03-16T09:00:00+01:00"},
		"lunch":                                {lunch, "2026-03-10T12:30:00+01:00", "2026-03-10T13:00:00+01:00"},
		"a night over which the clocks change": {night, "2026-03-29T01:00:00+01:00", "2026-03-29T01:00:00+01:00"},
	} {
		got, ok := c.calendar.NextWorking(moment(t, c.from))
		if !ok || !got.Equal(moment(t, c.want)) {
			t.Errorf("%s: got %v %t", name, got, ok)
		}
	}
	// In Berlin two o'clock does not exist on 29 March 2026 and exists twice on 25 October.
	for name, c := range map[string]struct {
		from, until string
		want        time.Duration
	}{
		"the short night": {"2026-03-28T20:00:00+01:00", "2026-03-29T12:00:00+02:00", 5 * time.Hour},
		"the long night":  {"2026-10-24T20:00:00+02:00", "2026-10-25T12:00:00+01:00", 7 * time.Hour},
		"any other night": {"2026-04-04T20:00:00+02:00", "2026-04-05T12:00:00+02:00", 6 * time.Hour},
	} {
		if got := night.WorkingBetween(moment(t, c.from), moment(t, c.until)); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestWhoeverNeverWorksEndsTheSearch(t *testing.T) {
	for name, c := range map[string]Calendar{
		"no hours":        {},
		"away for ever":   {Week: OfficeWeek(), Absences: []Absence{{time.Time{}, moment(t, "2200-01-01T00:00:00Z")}}},
		"hours of length": {Week: Week{time.Monday: {{60, 60}}}},
	} {
		from := moment(t, "2026-03-10T10:00:00Z")
		if _, ok := c.NextWorking(from); ok {
			t.Errorf("%s: works", name)
		}
		if _, ok := c.AddWorking(from, time.Hour); ok {
			t.Errorf("%s: an hour passes", name)
		}
		if _, ok := c.AddDays(from, 1); ok {
			t.Errorf("%s: a day passes", name)
		}
		if d := c.WorkingBetween(from, from.AddDate(1, 0, 0)); d != 0 {
			t.Errorf("%s: worked %v", name, d)
		}
	}
}

func TestAddDays(t *testing.T) {
	c := Calendar{Zone: zone(t, "Europe/London"), Week: OfficeWeek(), Holidays: Holidays("gb", 2026, 2026)}
	for _, x := range []struct {
		from string
		n    int
		want string
	}{
		{"2026-03-10T10:00:00Z", 0, "2026-03-10T10:00:00Z"},
		{"2026-03-10T10:00:00Z", 1, "2026-03-11T10:00:00Z"},
		{"2026-03-13T15:00:00Z", 1, "2026-03-16T15:00:00Z"},
		{"2026-04-02T10:00:00+01:00", 1, "2026-04-07T10:00:00+01:00"}, // over Easter
		{"2026-03-13T20:00:00Z", 1, "2026-03-17T09:00:00Z"},           // after work: the morning after the next working day
	} {
		if got, ok := c.AddDays(moment(t, x.from), x.n); !ok || !got.Equal(moment(t, x.want)) {
			t.Errorf("%s + %d: %v %t", x.from, x.n, got, ok)
		}
	}
}

// What AddWorking adds, WorkingBetween counts, in any zone, over any hours, holidays and absences.
func TestWorkingTimeAddsUp(t *testing.T) {
	zones := []string{"Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "Africa/Casablanca", "UTC"}
	rapid.Check(t, func(r *rapid.T) {
		c := Calendar{Zone: zone(t, rapid.SampledFrom(zones).Draw(r, "zone")), Holidays: Holidays("us", 2026, 2027)}
		for d := range c.Week {
			end := -1
			for range rapid.IntRange(0, 3).Draw(r, "spans") {
				from := rapid.IntRange(end+1, end+400).Draw(r, "from")
				until := rapid.IntRange(from+1, from+500).Draw(r, "until")
				if until > 24*60 {
					break
				}
				c.Week[d], end = append(c.Week[d], Span{from, until}), until
			}
		}
		if !c.Week.Valid() {
			r.Fatalf("%v is not valid", c.Week)
		}
		from := time.Unix(1_770_000_000+rapid.Int64Range(0, 40_000_000).Draw(r, "at"), 0).UTC()
		for range rapid.IntRange(0, 2).Draw(r, "absences") {
			a := from.Add(time.Duration(rapid.IntRange(-100, 400).Draw(r, "away")) * time.Hour)
			c.Absences = append(c.Absences, Absence{a, a.Add(time.Duration(rapid.IntRange(1, 300).Draw(r, "long")) * time.Hour)})
		}
		d := time.Duration(rapid.IntRange(0, 6000).Draw(r, "minutes")) * time.Minute
		next, ok := c.NextWorking(from)
		if ok != !c.Week.Empty() {
			r.Fatalf("next working %v %t", next, ok)
		}
		if !ok {
			return
		}
		if next.Before(from) || c.WorkingBetween(from, next) != 0 {
			r.Fatalf("work lies between %v and %v", from, next)
		}
		end, ok := c.AddWorking(from, d)
		if !ok {
			if per := c.WorkingBetween(from, from.AddDate(0, 0, lookAhead-2)); per >= d {
				r.Fatalf("%v fits into %v", d, per)
			}
			return
		}
		if got := c.WorkingBetween(from, end); got != d {
			r.Fatalf("%v from %v ends %v, in which %v was worked", d, from, end, got)
		}
		mid := from.Add(end.Sub(from) / 2)
		if c.WorkingBetween(from, mid)+c.WorkingBetween(mid, end) != d {
			r.Fatal("two parts are not the whole")
		}
	})
}

func TestEveryRegionHasHolidays(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range Regions() {
		if n := len(Holidays(r.Key, 2026, 2026)); n < 6 || seen[r.Key] || r.Title == "" {
			t.Errorf("%s: %d holidays, twice %t", r.Key, n, seen[r.Key])
		}
		seen[r.Key] = true
	}
	if len(Holidays("nowhere", 2026, 2026)) != 0 {
		t.Error("holidays of nowhere")
	}
}
