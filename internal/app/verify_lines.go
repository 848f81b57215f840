package app

import "github.com/gatehouse/gatehouse/internal/report"

// rolledHours is the line of the roll-ups.
const rolledHours = "rolled-up hours"

// liveJobs are the submissions and messages that a job will still act on.
const liveJobs = `
live_accept as (select distinct e.id::uuid as id from river_job j, jsonb_array_elements_text(j.args->'submission_ids') e(id)
	where j.kind = 'submission_accept' and j.state in ('available','pending','retryable','running','scheduled')),
live_deliver as (select distinct (j.args->>'message_id')::uuid as id from river_job j
	where j.kind = 'message_deliver' and j.state in ('available','pending','retryable','running','scheduled'))`

// reconciliations are the lines of the report, in the order in which a request goes through the product.
var reconciliations = []reconciliation{
	{"submissions", "select count(*) from submissions", `
		select s.id, case when s.state in ('processed','quarantined','discarded','erased') then s.state
			when l.id is not null or greatest(s.received_at, s.state_at) > clock.now - interval '1 minute' then 'pending'
			else 'without a job' end as class
		from clock cross join submissions s left join live_accept l on l.id = s.id and s.state in ('received','released')`,
		[]class{{"processed", ""}, {"quarantined", ""}, {"discarded", ""}, {"erased", ""}, {"pending", ""},
			{"without a job", "This submission waits to be processed, and no job will do it."}}},

	{"payloads of submissions", "select count(*) from submissions", `
		select s.id, case when s.state = 'erased' and p.submission_id is null then 'erased'
			when s.state = 'erased' then 'left behind' when p.submission_id is null then 'missing' else 'kept' end as class
		from submissions s left join submission_payloads p on p.submission_id = s.id`,
		[]class{{"kept", ""}, {"erased", ""},
			{"missing", "What was typed is gone, although the submission was not erased."},
			{"left behind", "The submission is erased, but what was typed is still here."}}},

	{"results of processed submissions", "select count(*) from submissions where state = 'processed'", `
		select s.id, case when o.submission_id is null then 'no result'
			when o.address_id is null or o.grant_id is null or o.message_id is null then 'incomplete'
			when o.joined then 'joined a message that waited' else 'lead, grant, message' end as class
		from submissions s left join outcomes o on o.submission_id = s.id where s.state = 'processed'`,
		[]class{{"lead, grant, message", ""}, {"joined a message that waited", ""},
			{"no result", "This submission counts as processed, but nothing says what came of it."},
			{"incomplete", "This submission is processed, but its grant or its message is missing."}}},

	{"results", "select count(*) from outcomes", `
		select o.submission_id as id, case when s.state in ('processed','erased') then 'of ' || s.state || ' submissions' else 'too early' end as class
		from outcomes o join submissions s on s.id = o.submission_id`,
		[]class{{"of processed submissions", ""}, {"of erased submissions", ""},
			{"too early", "This submission has a result, although it does not count as processed."}}},

	{"visits", "select count(*) from visits", `
		select v.id, case when o.submission_id is null then 'no result' when o.lead_id <> v.lead_id or s.received_at <> v.at then 'at odds'
			else 'of results' end as class
		from visits v left join outcomes o on o.submission_id = v.submission_id left join submissions s on s.id = v.submission_id`,
		[]class{{"of results", ""},
			{"no result", "This visit belongs to no submission that became a lead."},
			{"at odds", "This visit has another lead, or another time, than the result of its submission."}}},

	{"leads", "select count(*) from leads", `
		select l.id, case when l.submissions <> coalesce(o.n, 0) then 'wrong count' when a.lead_id is not null or l.merged_into is not null then l.state
			when not exists (select 1 from lead_origins g where g.lead_id = l.id) then 'no address' when l.state = 'active' then 'known by phone alone'
			else l.state end as class
		from leads l left join (select lead_id, count(*) as n from outcomes group by 1) o on o.lead_id = l.id
		left join (select distinct lead_id from lead_addresses) a on a.lead_id = l.id`,
		[]class{{"active", ""}, {"merged", ""}, {"erased", ""}, {"known by phone alone", ""},
			{"wrong count", "The lead counts another number of submissions than came to it."},
			{"no address", "The lead has no address."}}},

	{"messages", "select count(*) from messages", messageClasses,
		[]class{{"sent", ""}, {"sent, marked as a second send", ""}, {"held", ""}, {"waiting", ""}, {"ended with a reason", ""},
			{"sent without proof", "This message counts as sent, but no try was accepted and no event tells of it."},
			{"without a job", "This message waits, and no job will send it."},
			{"ended without a reason", "This message will never be sent, and nothing says why."}}},

	{"messages accepted more than once", "select count(*) from (select message_id from attempts where outcome = 'accepted' group by 1 having count(*) > 1) t", `
		select m.id, case when m.second_send then 'marked as a second send' else 'unmarked' end as class
		from messages m where m.id in (select message_id from attempts where outcome = 'accepted' group by 1 having count(*) > 1)`,
		[]class{{"marked as a second send", ""},
			{"unmarked", "The provider took this message more than once, and it is not marked as a second send."}}},

	{"tries", "select count(*) from attempts", `
		select t.id, case when t.outcome = 'accepted' then 'accepted' when t.outcome = 'unknown' then 'unknown'
			when t.outcome <> 'open' then 'not taken'
			when l.id is not null or t.started_at > clock.now - interval '2 minutes' then 'under way' else 'abandoned' end as class
		from clock cross join attempts t left join live_deliver l on l.id = t.message_id and t.outcome = 'open'`,
		[]class{{"accepted", ""}, {"not taken", ""}, {"unknown", ""}, {"under way", ""},
			{"abandoned", "This try was begun more than two minutes ago and never closed, and no job will look at it."}}},

	{"downloads", "select count(*) from downloads", `
		select d.id, case when h.grant_id is not null then 'with their hits' else 'no hit' end as class
		from downloads d left join (select distinct grant_id, kind from hits where label <> 'machine') h on h.grant_id = d.grant_id and h.kind = d.kind`,
		[]class{{"with their hits", ""}, {"no hit", "This download has no request that it came from."}}},

	{"keys of requests", "select count(*) from once_keys", `
		select encode(k.key, 'hex') as id, case when s.id is null then 'orphaned' else 'of a submission' end as class
		from once_keys k left join submissions s on s.id = k.submission_id`,
		[]class{{"of a submission", ""}, {"orphaned", "This key answers a repeated request with a submission that does not exist."}}},

	{rolledHours, report.RolledHoursTotal, report.RolledHours,
		[]class{{"as the rows say", ""}, {"changed since", ""},
			{"differs", "The roll-up of this hour differs from its rows. It is counted from the rows now and will be rolled up anew."}}},

	{"jobs", "select count(*) from river_job", `
		select j.id, case when j.state in ('available','pending','retryable','scheduled') then 'waiting' when j.state = 'running' then 'running'
			when j.state = 'completed' then 'done' when j.state = 'cancelled' then 'cancelled' else 'given up' end as class
		from river_job j`,
		[]class{{"waiting", ""}, {"running", ""}, {"done", ""}, {"cancelled", ""},
			{"given up", "This job failed too often and will not be tried again."}}},
}

const messageClasses = `
	select m.id, case
		when m.state = 'sent' and m.delivery = '' and m.transport <> 'seed' and a.message_id is null and m.reason <> 'learnt from the provider''s event' then 'sent without proof'
		when m.state = 'sent' and m.second_send then 'sent, marked as a second send'
		when m.state = 'sent' then 'sent'
		when m.state = 'ended' then case when m.reason = '' then 'ended without a reason' else 'ended with a reason' end
		when l.id is null and greatest(m.created_at, m.state_at) <= clock.now - interval '1 minute' then 'without a job'
		when m.state = 'held' then 'held'
		else 'waiting' end as class
	from clock cross join messages m
	left join live_deliver l on l.id = m.id and m.state in ('pending','held','sending','unknown')
	left join (select distinct message_id from attempts where outcome = 'accepted') a on a.message_id = m.id and m.state = 'sent'`
