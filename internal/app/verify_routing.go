package app

// routingLines reconcile assignments.
var routingLines = []reconciliation{
	{"qualified leads", "select count(*) from scores s join leads l on l.id = s.lead_id where s.qualified_at is not null and l.state = 'active'", `
		select l.id, case when h.lead_id is not null then 'in somebody''s hands'
			when p.lead_id is not null and p.closed_at >= s.qualified_at then 'came back from sales'
			when al.object is not null then 'nobody could be asked, and staff were told'
			when r.id is not null or s.scored_at > clock.now - interval '1 minute' then 'about to be routed'
			else 'without an owner' end as class
		from clock cross join scores s join leads l on l.id = s.lead_id
		left join assignments h on h.lead_id = l.id and h.state in ('open','accepted')
		left join (select lead_id, max(closed_at) as closed_at from assignments where closed_at is not null group by 1) p on p.lead_id = l.id
		left join (select distinct object from alarms where kind = 'nobody-to-sell') al on al.object = l.id::text
		left join (select distinct e.id::uuid as id from river_job j, jsonb_array_elements_text(j.args->'lead_ids') e(id)
			where j.kind = 'lead_route' and j.state in ('available','pending','retryable','running','scheduled')) r on r.id = l.id
		where s.qualified_at is not null and l.state = 'active'`,
		[]class{{"in somebody's hands", ""}, {"came back from sales", ""}, {"nobody could be asked, and staff were told", ""}, {"about to be routed", ""},
			{"without an owner", "This lead qualified for sales and is in nobody's hands, and no job will route it."}}},

	{"assignments", "select count(*) from assignments", `
		select a.id, case when a.reason = '' then 'without a reason'
			when a.closed_at is not null and a.state <> 'closed' and a.close_reason = '' then 'ended without a reason'
			when a.closed_at is null and l.owner_id is distinct from a.owner_id and l.state = 'active' then 'another owner'
			when a.alert_message_id is null and a.first_response_at is null and a.how not in ('by-hand','crm','merge') then 'without an alert'
			when a.alert_message_id is not null and m.id is null then 'without an alert'
			else a.state end as class
		from assignments a join leads l on l.id = a.lead_id left join messages m on m.id = a.alert_message_id`,
		[]class{{"open", ""}, {"accepted", ""}, {"returned", ""}, {"declined", ""}, {"reassigned", ""}, {"closed", ""},
			{"without a reason", "Nothing says why this owner got the lead."},
			{"ended without a reason", "This assignment is over, and nothing says why."},
			{"another owner", "The lead names another owner than the assignment that holds it."},
			{"without an alert", "Nobody was told of this assignment."}}},

	{"leads in somebody's hands", "select count(distinct lead_id) from assignments where state in ('open','accepted')", `
		select lead_id as id, case when count(*) = 1 then 'one owner' else 'several owners' end as class
		from assignments where state in ('open','accepted') group by 1`,
		[]class{{"one owner", ""}, {"several owners", "This lead is in several hands at once."}}},

	{"turns in the rotation", "select count(*) from rotation_places", `
		select p.user_id as id, case when p.turns = coalesce(a.n, 0) then 'as the assignments say' else 'differ' end as class
		from rotation_places p left join (select team_id, owner_id, period, count(*) as n from assignments
			where team_id is not null and (state <> 'reassigned' or close_reason = 'no-response') group by 1, 2, 3) a
			on a.team_id = p.team_id and a.owner_id = p.user_id and a.period = p.period`,
		[]class{{"as the assignments say", ""}, {"differ", "The rotation counts another number of turns for this member than there are assignments."}}},
}
