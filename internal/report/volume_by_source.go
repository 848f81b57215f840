package report

// VolumeBySource is the volume of each source, the one with most people first.
func VolumeBySource() Report {
	return Report{Name: "volume-by-source", Title: "Lead volume by source", Key: "Source", Columns: volumeColumns(),
		Definition: "As the lead volume, for each way in which people came. Somebody who came in two ways stands in both lines. An opening counts for the source of the request before it.",
		SQL: `with ` + asked + `, ` + opened + `,
			a as (select coalesce(v.channel, '` + UnknownSource + `') as source, count(*) as n, count(distinct s.lead_id) as people
				from asked s left join visits v on v.submission_id = s.id and v.at = s.received_at group by 1),
			o as (select ` + SourceOfDownload + ` as source, count(distinct d.lead_id) as n from opened d group by 1)
			select source, coalesce(a.n, 0), coalesce(a.people, 0), coalesce(o.n, 0)
			from a full join o using (source) order by 3 desc, 2 desc, 1`,
		Drill: func(f Filter, key string, column int) string {
			f.Source = key
			return drillVolume(f.query(f.From, f.To), column)
		}}
}
