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
	where o.lead_id = d.lead_id and s.gate_id = d.gate_id and s.received_at <= d.at order by s.received_at desc, s.id desc limit 1), '` + UnknownSource + `')`

// The ends of the range.
const (
	rangeFrom = `(@days::timestamptz[])[1]`
	rangeTo   = `(@days::timestamptz[])[array_length(@days::timestamptz[], 1)]`
)

// asked are the submissions that count: at, gate_id, source and n, how many. What is rolled up comes from there, with the
// hour as its time, so only hours that lie in one day as a whole are taken from it; the other spans, and what came since,
// from the rows. It is one statement, so that all of it is of the same moment. The source is looked up for rows only
// where it is asked for.
func asked(f Filter, bySource bool) string {
	source, visit, rolled, row := `''`, ``, ``, ``
	if bySource || f.Source != "" { // as SourceOf says, but joined, which the planner takes for what it costs
		source = `coalesce(v.channel, '` + UnknownSource + `')`
		visit = ` left join visits v on v.submission_id = s.id and v.at = s.received_at`
	}
	if f.GateID != "" {
		rolled, row = rolled+` and r.gate_id::text = @gate`, row+` and s.gate_id::text = @gate`
	}
	if f.Source != "" {
		rolled, row = rolled+` and r.source = @source`, row+` and `+source+` = @source`
	}
	return `closed as materialized (` + closedUntil + `),
	loose as materialized (select distinct h.hour from closed, (` + looseHours + `
			union all select date_trunc('hour', b, 'UTC') from unnest(@days::timestamptz[]) b where b <> date_trunc('hour', b, 'UTC')) h
		where h.hour < closed.until and h.hour + interval '1 hour' > ` + rangeFrom + ` and h.hour < ` + rangeTo + `),
	spans as (select hour as since, hour + interval '1 hour' as until from loose union all select until, 'infinity' from closed),
	asked as (
		select r.hour as at, r.gate_id, r.source, r.submissions as n from rollup_hours r
		where r.hour >= ` + rangeFrom + ` and r.hour < ` + rangeTo + ` and r.hour < (select until from closed)
			and r.hour not in (select hour from loose)` + rolled + `
		union all
		select s.received_at, s.gate_id, ` + source + `, 1
		from spans p join submissions s on s.received_at >= greatest(p.since, ` + rangeFrom + `) and s.received_at < least(p.until, ` + rangeTo + `)` + visit + `
		where ` + Counted + row + `)`
}

// people are the facts that somebody asked: lead_id, at, source, and gate_id where byGate or a gate is asked for. A visit is
// written with the result of its submission, so there is one for each that became a lead; verify compares the two. Only
// the submission knows the gate, and then the visit is read where a source is asked for.
func people(f Filter, byGate bool) string {
	if !byGate && f.GateID == "" {
		source := ``
		if f.Source != "" {
			source = ` and v.channel = @source`
		}
		return `people as (select v.lead_id, v.at, v.channel as source from visits v where v.at >= ` + rangeFrom + ` and v.at < ` + rangeTo + source + `)`
	}
	source, visit, where := ``, ``, ` where s.received_at >= `+rangeFrom+` and s.received_at < `+rangeTo
	if f.GateID != "" {
		where += ` and s.gate_id::text = @gate`
	}
	if !byGate || f.Source != "" {
		source, visit = `, v.channel as source`, ` join visits v on v.submission_id = s.id and v.at = s.received_at`
	}
	if f.Source != "" {
		where += ` and v.channel = @source`
	}
	return `people as (select o.lead_id, s.received_at as at, s.gate_id` + source + ` from submissions s join outcomes o on o.submission_id = s.id` + visit + where + `)`
}

// opened are the facts that a person opened a document: lead_id, at, gate_id, and where it is asked for the source, by
// the rule of SourceOfDownload, for all of them in one pass.
func opened(f Filter, bySource bool) string {
	where := `d.at >= ` + rangeFrom + ` and d.at < ` + rangeTo
	if f.GateID != "" {
		where += ` and d.gate_id::text = @gate`
	}
	if !bySource && f.Source == "" {
		return `opened as (select d.lead_id, d.at, d.gate_id from downloads d where ` + where + `)`
	}
	source := ``
	if f.Source != "" {
		source = ` where source = @source`
	}
	return `opened as (select lead_id, at, gate_id, source from (
			select distinct on (d.id) d.lead_id, d.at, d.gate_id, coalesce(v.channel, '` + UnknownSource + `') as source
			from downloads d left join (visits v join submissions s on s.id = v.submission_id)
				on v.lead_id = d.lead_id and v.at <= d.at and s.gate_id = d.gate_id and v.at < ` + rangeTo + `
			where ` + where + ` order by d.id, v.at desc nulls last, v.submission_id desc) d` + source + `)`
}

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
		SQL: func(f Filter) string {
			return `with ` + asked(f, false) + `, ` + people(f, false) + `, ` + opened(f, false) + `
			select 'all', (select coalesce(sum(n), 0)::bigint from asked), (select count(*) from (select lead_id from people group by 1) x),
				(select count(*) from (select lead_id from opened group by 1) x)`
		},
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
