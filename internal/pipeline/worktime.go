package pipeline

import (
	"time"
)

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

// next is the day after.
func (d Day) next() Day {
	return DayOf(time.Date(d.Year, d.Month, d.Day+1, 12, 0, 0, 0, time.UTC), time.UTC)
}

func (d Day) weekday() time.Weekday {
	return time.Date(d.Year, d.Month, d.Day, 12, 0, 0, 0, time.UTC).Weekday()
}

// Span is a stretch of a day, in minutes since its midnight: 0 <= From < Until <= 1440.
type Span struct {
	From  int `json:"from"`
	Until int `json:"until"`
}

// Week is the working hours by day, Sunday first as time.Weekday counts; the spans of a day are in order and do not touch.
type Week [7][]Span

// OfficeWeek is what holds for whoever has said nothing: Monday to Friday, nine to five.
func OfficeWeek() Week {
	var w Week
	for d := time.Monday; d <= time.Friday; d++ {
		w[d] = []Span{{9 * 60, 17 * 60}}
	}
	return w
}

// Empty tells that no hour is a working hour.
func (w Week) Empty() bool {
	for _, day := range w {
		if len(day) > 0 {
			return false
		}
	}
	return true
}

// Absence is a time in which somebody does not work, From included, Until not.
type Absence struct {
	From, Until time.Time
}

// Calendar is when somebody works.
type Calendar struct {
	Zone     *time.Location
	Week     Week
	Holidays map[Day]string
	Absences []Absence
}

// lookAhead bounds every search: whoever does not work within so many days does not work.
const lookAhead = 400

// stretch is working time between two moments.
type stretch struct{ from, until time.Time }

// of lists the working time of a day in order. A span that the clocks' going forward swallows is shorter or gone; one in
// which they go back is longer: what counts is time that passes.
func (c Calendar) of(d Day) []stretch {
	if _, free := c.Holidays[d]; free {
		return nil
	}
	var out []stretch
	var end time.Time
	for _, s := range c.Week[d.weekday()] {
		one := stretch{c.minute(d, s.From), c.minute(d, s.Until)}
		if one.from.Before(end) {
			one.from = end
		}
		if one.until.After(one.from) {
			out, end = append(out, one), one.until
		}
	}
	for _, a := range c.Absences {
		out = without(out, a)
	}
	return out
}

func (c Calendar) minute(d Day, m int) time.Time {
	return time.Date(d.Year, d.Month, d.Day, 0, m, 0, 0, c.zone())
}

func (c Calendar) zone() *time.Location {
	if c.Zone == nil {
		return time.UTC
	}
	return c.Zone
}

// without cuts an absence out of working time.
func without(all []stretch, a Absence) []stretch {
	out := all[:0:0]
	for _, s := range all {
		if !a.Until.After(s.from) || !a.From.Before(s.until) {
			out = append(out, s)
			continue
		}
		if a.From.After(s.from) {
			out = append(out, stretch{s.from, a.From})
		}
		if a.Until.Before(s.until) {
			out = append(out, stretch{a.Until, s.until})
		}
	}
	return out
}

// NextWorking is t if it is working time, else the moment at which work begins next. false: not within 400 days.
func (c Calendar) NextWorking(t time.Time) (time.Time, bool) {
	d := DayOf(t, c.zone())
	for range lookAhead {
		for _, s := range c.of(d) {
			if s.until.After(t) {
				if s.from.After(t) {
					return s.from, true
				}
				return t, true
			}
		}
		d = d.next()
	}
	return t, false
}

// AddWorking is the moment at which d of working time has passed since t. false: not within 400 days.
func (c Calendar) AddWorking(t time.Time, d time.Duration) (time.Time, bool) {
	at, ok := c.NextWorking(t)
	if !ok || d <= 0 {
		return at, ok
	}
	day := DayOf(at, c.zone())
	for range lookAhead {
		for _, s := range c.of(day) {
			if !s.until.After(at) {
				continue
			}
			from := s.from
			if from.Before(at) {
				from = at
			}
			if left := s.until.Sub(from); d > left {
				d -= left
				continue
			}
			return from.Add(d), true
		}
		day = day.next()
	}
	return t, false
}

// WorkingBetween is how much working time lies between two moments; 0 when until is not after from. What lies beyond ten
// years is not counted.
func (c Calendar) WorkingBetween(from, until time.Time) time.Duration {
	var sum time.Duration
	d, last := DayOf(from, c.zone()), DayOf(until, c.zone())
	for range 10 * 366 {
		for _, s := range c.of(d) {
			a, b := s.from, s.until
			if a.Before(from) {
				a = from
			}
			if b.After(until) {
				b = until
			}
			if b.After(a) {
				sum += b.Sub(a)
			}
		}
		if d == last || !until.After(from) {
			break
		}
		d = d.next()
	}
	return sum
}

// AddDays is the moment n working days after t, at the same time of day or at the nearest working time after it. Days
// without working time do not count. false: not within 400 days.
func (c Calendar) AddDays(t time.Time, n int) (time.Time, bool) {
	d := DayOf(t, c.zone())
	hour, minute, _ := t.In(c.zone()).Clock()
	for i := 0; n > 0; i++ {
		if i == lookAhead {
			return t, false
		}
		if d = d.next(); len(c.of(d)) > 0 {
			n--
		}
	}
	return c.NextWorking(c.minute(d, hour*60+minute))
}

// Valid tells whether hours can be kept: spans within the day, in order, apart.
func (w Week) Valid() bool {
	for _, day := range w {
		end := -1
		for _, s := range day {
			if s.From <= end || s.Until <= s.From || s.Until > 24*60 || s.From < 0 {
				return false
			}
			end = s.Until
		}
	}
	return true
}
