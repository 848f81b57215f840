package report

import "strconv"

// VolumeByDay is the volume of each day of the range, days without any included. A person counts on the first day within
// the range only, so that the days add up to the people of the range.
func VolumeByDay() Report {
	return Report{Name: "volume-by-day", Title: "Lead volume by day", Key: "Day", Columns: volumeColumns(),
		Definition: "As the lead volume, for each day. A person counts on the first day of the range on which they asked (or opened a document), so that the days add up.",
		SQL: func(f Filter) string {
			return `with ` + asked(f, false) + `, ` + people(f, false) + `, ` + opened(f, false) + `,
			a as (select width_bucket(at, @days::timestamptz[]) as day, sum(n)::bigint as n from asked group by 1),
			p as (select width_bucket(at, @days::timestamptz[]) as day, count(*) as n from (select min(at) as at from people group by lead_id) x group by 1),
			o as (select width_bucket(at, @days::timestamptz[]) as day, count(*) as n from (select min(at) as at from opened group by lead_id) x group by 1)
			select d.day::text, coalesce(a.n, 0), coalesce(p.n, 0), coalesce(o.n, 0)
			from generate_series(1, array_length(@days::timestamptz[], 1) - 1) as d(day)
			left join a on a.day = d.day left join p on p.day = d.day left join o on o.day = d.day order by d.day`
		},
		Drill: func(f Filter, key string, column int) string {
			day := f.DayOfKey(key)
			q := f.query(day, day)
			if column != columnSubmissions {
				q.Set("since", f.From.String())
			}
			return drillVolume(q, column)
		}}
}

// DayOfKey is the day that the key of a row names: its number within the range.
func (f Filter) DayOfKey(key string) Day {
	n, _ := strconv.Atoi(key)
	return f.From.Add(n - 1)
}
