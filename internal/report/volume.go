package report

import "net/url"

// Counted is the condition under which a submission counts as somebody who asked: alias s is submissions. What waits in
// quarantine or was discarded does not count; an erased one counts as before if it had been processed.
const Counted = `(s.state in ('received','processed','released')
	or s.state = 'erased' and exists (select 1 from outcomes x where x.submission_id = s.id))`

// SourceOf is the source of submission s.
const SourceOf = `coalesce((select v.channel from visits v where v.submission_id = s.id and v.at = s.received_at), '` + UnknownSource + `')`

// SourceOfDownload is the source of download d: that of the last request of the same person at the same gate before it.
const SourceOfDownload = `coalesce((select v.channel from outcomes o join submissions s on s.id = o.submission_id
	join visits v on v.submission_id = s.id and v.at = s.received_at
	where o.lead_id = d.lead_id and s.gate_id = d.gate_id and s.received_at <= d.at order by s.received_at desc limit 1), '` + UnknownSource + `')`

// asked and opened are the facts behind every report of the volume, one row a submission and one row a person's opening
// of a document. day is the number of the day within the range, beginning with 1. The source is looked up only where it
// is asked for.
const (
	asked = `asked as (
	select s.id, o.lead_id, s.gate_id, s.received_at, width_bucket(s.received_at, $1::timestamptz[]) as day
	from submissions s left join outcomes o on o.submission_id = s.id
	where s.received_at >= ($1::timestamptz[])[1] and s.received_at < ($1::timestamptz[])[array_length($1::timestamptz[], 1)]
		and ($2 = '' or s.gate_id::text = $2) and ($3 = '' or ` + SourceOf + ` = $3) and ` + Counted + `)`
	opened = `opened as (
	select d.lead_id, d.gate_id, d.at, width_bucket(d.at, $1::timestamptz[]) as day
	from downloads d
	where d.at >= ($1::timestamptz[])[1] and d.at < ($1::timestamptz[])[array_length($1::timestamptz[], 1)]
		and ($2 = '' or d.gate_id::text = $2) and ($3 = '' or ` + SourceOfDownload + ` = $3))`
)

// The columns of every report of the volume.
const (
	columnSubmissions = iota
	columnPeople
	columnOpeners
)

func volumeColumns() []Column {
	return []Column{{"submissions", "Submissions"}, {"people", "People who asked"}, {"openers", "People who opened it"}}
}

// Volume is the sum over the range.
func Volume() Report {
	return Report{Name: "volume", Title: "Lead volume", Key: "Range", Columns: volumeColumns(),
		Definition: "Submissions that were accepted (not those in quarantine or discarded); people who made at least one of them; people who read or downloaded a document. Each person counts once. Erased people still count.",
		SQL: `with ` + asked + `, ` + opened + `
			select 'all', (select count(*) from asked), (select count(distinct lead_id) from asked), (select count(distinct lead_id) from opened)`,
		Drill: func(f Filter, _ string, column int) string { return drillVolume(f.query(f.From, f.To), column) }}
}

// drillVolume opens the submissions, or the people, that the query describes.
func drillVolume(q url.Values, column int) string {
	switch column {
	case columnSubmissions:
		return "/admin/submissions?" + q.Encode()
	case columnOpeners:
		q.Set("did", "opened")
	}
	return "/admin/leads?" + q.Encode()
}
