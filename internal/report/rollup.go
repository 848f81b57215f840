package report

// The pieces of SQL that reading, making and checking the roll-ups share. Their table and its rules are told in the
// migration that makes it.
const (
	// closedUntil is the end of what is rolled up: one row, column until.
	closedUntil = `select coalesce(max(until), '-infinity') as until from rollup_state`
	// looseHours are the hours that are counted from the rows although they are rolled up: those that are dirty, and those
	// with a submission that is still to become a lead, since its source is not known before.
	looseHours = `select hour from rollup_dirty union all ` + OpenHours
	// OpenHours are the hours of submissions that are still to become a lead.
	OpenHours = `select date_trunc('hour', received_at, 'UTC') as hour from submissions where state in ('received','released')
		and received_at < (select until from rollup_state)`
)

// Hourly counts the submissions that count in [since, until), two expressions in SQL: hour, gate_id, source, submissions.
// The visit is joined on its range too, so that only the months in question are read.
func Hourly(since, until string) string {
	return `select date_trunc('hour', s.received_at, 'UTC') as hour, s.gate_id, coalesce(v.channel, '` + UnknownSource + `') as source, count(*) as submissions
		from submissions s left join visits v on v.submission_id = s.id and v.at = s.received_at and v.at >= ` + since + ` and v.at < ` + until + `
		where s.received_at >= ` + since + ` and s.received_at < ` + until + ` and ` + Counted + ` group by 1, 2, 3`
}

// RolledHours gives each hour that is rolled up a class: id (the hour) and class, which is "as the rows say", "changed
// since" (figures take it from the rows) or "differs".
const RolledHours = `select hour as id, case when hour in (` + looseHours + `) then 'changed since'
		when bool_or(coalesce(r.submissions, 0) <> coalesce(h.submissions, 0)) then 'differs' else 'as the rows say' end as class
	from (select * from rollup_hours where hour < (` + closedUntil + `)) r full join (` + rowsOfAll + `) h using (hour, gate_id, source) group by hour`

// RolledHoursTotal counts the hours of RolledHours by itself.
const RolledHoursTotal = `select count(*) from (select hour from rollup_hours where hour < (` + closedUntil + `)
	union select date_trunc('hour', s.received_at, 'UTC') from submissions s where s.received_at < (` + closedUntil + `) and ` + Counted + `) h`

const rowsOfAll = `select date_trunc('hour', s.received_at, 'UTC') as hour, s.gate_id, coalesce(v.channel, '` + UnknownSource + `') as source, count(*) as submissions
	from submissions s left join visits v on v.submission_id = s.id and v.at = s.received_at
	where s.received_at < (` + closedUntil + `) and ` + Counted + ` group by 1, 2, 3`
