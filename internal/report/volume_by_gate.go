package report

// VolumeByGate is the volume of each gate, the one with most people first. The key is the gate's slug.
func VolumeByGate() Report {
	return Report{Name: "volume-by-gate", Title: "Lead volume by landing page", Key: "Landing page", Columns: volumeColumns(),
		Definition: "As the lead volume, for each landing page. Somebody who asked at two of them stands in both lines, so the lines can add up to more than the people in all.",
		SQL: func(f Filter) string {
			return `with ` + asked(f, false) + `, ` + people(f, true) + `, ` + opened(f, false) + `,
			a as (select gate_id, sum(n)::bigint as n from asked group by 1),
			p as (select gate_id, count(distinct lead_id) as n from people group by 1),
			o as (select gate_id, count(distinct lead_id) as n from opened group by 1)
			select g.slug, coalesce(a.n, 0), coalesce(p.n, 0), coalesce(o.n, 0)
			from gates g left join a on a.gate_id = g.id left join p on p.gate_id = g.id left join o on o.gate_id = g.id
			where a.n is not null or p.n is not null or o.n is not null order by 3 desc, 2 desc, 1`
		},
		Drill: func(f Filter, key string, column int) string {
			f.Gate = key
			return drillVolume(f.query(f.From, f.To), column)
		}}
}
