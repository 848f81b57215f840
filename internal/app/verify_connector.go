package app

// connectorLines reconcile events, pushes, their tries, and what came back.
var connectorLines = []reconciliation{
	{"events for other systems", "select count(*) from outbox", `
		select o.id, case when o.spread_at is not null then 'spread'
			when o.at > clock.now - interval '2 minutes' or exists (select 1 from river_job j where j.kind = 'outbox_spread' and j.state in ('available','pending','retryable','running','scheduled')) then 'pending'
			else 'without a job' end as class from clock cross join outbox o`,
		[]class{{"spread", ""}, {"pending", ""}, {"without a job", "This event waits to be told to others, and no job will do it."}}},

	{"pushes", "select count(*) from pushes", `
		select p.id, case
			when p.state = 'done' and d.push_id is null then 'done without proof'
			when p.state = 'done' then 'done'
			when p.state = 'superseded' then 'superseded'
			when p.state in ('refused','dropped') then case when p.reason = '' then 'ended without a reason' else 'ended with a reason' end
			when p.state = 'held' or c.state = 'held' or s.mail_hold then 'held'
			when c.state = 'off' then 'without a job'
			when c.broken_at is not null or c.wait_until > clock.now then 'waiting for the other system'
			when j.id is not null or greatest(p.due_at, p.state_at) > clock.now - interval '2 minutes' then 'waiting'
			else 'without a job' end as class
		from clock cross join pushes p join connectors c on c.id = p.connector_id cross join settings s
		left join (select distinct push_id from push_attempts where outcome = 'done') d on d.push_id = p.id
		left join (select distinct (args->>'connector_id')::uuid as id from river_job where kind = 'connector_push' and state in ('available','pending','retryable','running','scheduled')) j on j.id = p.connector_id`,
		[]class{{"done", ""}, {"superseded", ""}, {"ended with a reason", ""}, {"held", ""}, {"waiting", ""}, {"waiting for the other system", ""},
			{"done without proof", "This push counts as done, but no try of it was."},
			{"ended without a reason", "This push will never be told, and nothing says why."},
			{"without a job", "This push waits, and no job will tell it."}}},

	{"tries of pushes", "select count(*) from push_attempts", `
		select t.id, case when t.outcome = 'done' then 'done' when t.outcome = 'unknown' then 'unknown' when t.outcome <> 'open' then 'not taken'
			when t.started_at > clock.now - interval '3 minutes' and p.state = 'sending' then 'under way' else 'abandoned' end as class
		from clock cross join push_attempts t join pushes p on p.id = t.push_id`,
		[]class{{"done", ""}, {"not taken", ""}, {"unknown", ""}, {"under way", ""},
			{"abandoned", "This try was begun more than three minutes ago and never closed."}}},

	{"objects in other systems", "select count(*) from remote_objects", `
		select o.connector_id::text || '/' || o.object_kind || '/' || o.object_id::text as id, case when o.gone_at is not null then 'deleted there'
			when o.object_kind = 'company' and not exists (select 1 from companies c where c.id = o.object_id) and exists (select 1 from pushes p where p.connector_id = o.connector_id
				and p.type = 'lead.erased' and p.state <> 'done') then 'to be removed there'
			when not exists (select 1 from leads x where x.id = o.object_id union all select 1 from deals x where x.id = o.object_id union all select 1 from companies x where x.id = o.object_id)
				then 'of nobody' else 'one for one' end as class
		from remote_objects o`,
		[]class{{"one for one", ""}, {"deleted there", ""}, {"to be removed there", ""}, {"of nobody", "This object in another system belongs to no lead, no company and no deal."}}},

	{"news from other systems", "select count(*) from pulls", `
		select p.id, case when p.outcome in ('applied','echo','unknown','refused') then p.outcome
			when p.at > clock.now - interval '5 minutes' or exists (select 1 from river_job j where j.kind = 'connector_pull' and (j.args->>'connector_id')::uuid = p.connector_id
				and j.state in ('available','pending','retryable','running','scheduled')) then 'waiting' else 'without a job' end as class
		from clock cross join pulls p`,
		[]class{{"applied", ""}, {"echo", ""}, {"unknown", ""}, {"refused", ""}, {"waiting", ""},
			{"without a job", "This was told to us and is not applied, and no job will do it."}}},
}
