package report

// VolumeBySource is the volume of each source, the one with most people first.
func VolumeBySource() Report {
	return Report{Name: "volume-by-source", Title: "Lead volume by source", Key: "Source", Columns: volumeColumns(),
		Definition: "As the lead volume, for each way in which people came. Somebody who came in two ways stands in both lines. An opening counts for the source of the request before it.",
		SQL: func(f Filter) string {
			return `with ` + asked(f, true) + `, ` + people(f, false) + `, ` + opened(f, true) + `,
			a as (select source, sum(n)::bigint as n from asked group by 1),
			p as (select source, count(*) as n from (select distinct source, lead_id from people) x group by 1),
			o as (select source, count(*) as n from (select distinct source, lead_id from opened) x group by 1)
			select source, coalesce(a.n, 0), coalesce(p.n, 0), coalesce(o.n, 0)
			from a full join p using (source) full join o using (source) order by 3 desc, 2 desc, 1`
		},
		Drill: func(f Filter, key string, column int) string {
			f.Source = key
			return drillVolume(f.query(f.From, f.To), column)
		}}
}
