package app

// pipelineLines reconcile deals, plans and activities.
var pipelineLines = []reconciliation{
	{"accepted leads", "select count(*) from assignments where accepted_at is not null", `
		select a.id, case when d.id is not null then 'with their deal'
			when a.state in ('reassigned','returned','declined') then 'went on to other hands'
			when l.state <> 'active' then 'of people who are gone' else 'no deal' end as class
		from assignments a join leads l on l.id = a.lead_id left join deals d on d.assignment_id = a.id where a.accepted_at is not null`,
		[]class{{"with their deal", ""}, {"went on to other hands", ""}, {"of people who are gone", ""},
			{"no deal", "This lead was accepted, but no deal was opened for it."}}},

	{"deals", "select count(*) from deals", `
		select d.id, case when a.lead_id <> d.lead_id then 'of another lead' when s.kind <> d.state then 'in a wrong stage'
			when d.state <> 'open' then case when a.state in ('open','accepted') then 'decided, yet in hands'
				when d.reason <> '' or not s.required ? 'reason' then 'decided'
				when exists (select 1 from deal_changes c where c.deal_id = d.id and c.how = 'crm' and c.to_stage = d.stage) then 'decided in another system' else 'decided without a reason' end
			when l.state <> 'active' then 'of people who are gone'
			when a.state = 'accepted' and a.owner_id = d.owner_id then 'open, in their owner''s hands'
			when a.state = 'accepted' then 'another owner'
			when exists (select 1 from assignments o where o.lead_id = d.lead_id and o.state = 'open') then 'open, waits to be accepted anew'
			else 'in nobody''s hands' end as class
		from deals d join assignments a on a.id = d.assignment_id join stages s on s.key = d.stage join leads l on l.id = d.lead_id`,
		[]class{{"open, in their owner's hands", ""}, {"open, waits to be accepted anew", ""}, {"decided", ""}, {"decided in another system", ""}, {"of people who are gone", ""},
			{"of another lead", "The deal comes from an assignment of another lead."},
			{"in a wrong stage", "The deal's state and its stage contradict each other."},
			{"decided, yet in hands", "The deal is won or lost, but its assignment is still open."},
			{"decided without a reason", "The deal is won or lost, and nothing says why."},
			{"another owner", "The deal and the assignment that it comes from have different owners."},
			{"in nobody's hands", "The deal is open, but its lead is in nobody's hands."}}},

	{"changes of deals", "select coalesce(sum(version), 0)::bigint from deals", `
		select d.id::text || ' ' || v as id, case when c.deal_id is null then 'unrecorded' else 'recorded' end as class
		from deals d cross join lateral generate_series(1, d.version) v left join (select distinct deal_id, version from deal_changes) c on c.deal_id = d.id and c.version = v
		left join leads l on l.id = d.lead_id where l.state <> 'erased' or c.deal_id is not null
		union all select d.id::text || ' ' || v, 'of erased people' from deals d join leads l on l.id = d.lead_id and l.state = 'erased' cross join lateral generate_series(1, d.version) v
			where not exists (select 1 from deal_changes c where c.deal_id = d.id and c.version = v)`,
		[]class{{"recorded", ""}, {"of erased people", ""}, {"unrecorded", "The deal was changed, and nothing says by whom."}}},

	{"steps of plans", "select count(*) from steps", `
		select s.id, case when p.lead_id <> s.lead_id or a.lead_id <> p.lead_id then 'of another lead' when s.done_at is not null and s.skipped_at is not null then 'done and skipped'
			when s.done_at is not null then 'done' when s.skipped_at is not null then 'skipped'
			when a.state in ('open','accepted') and a.owner_id <> s.owner_id then 'on another list'
			when a.state in ('open','accepted') then 'to do' else 'of leads in nobody''s hands' end as class
		from steps s join plans p on p.id = s.plan_id join assignments a on a.id = p.assignment_id`,
		[]class{{"to do", ""}, {"done", ""}, {"skipped", ""}, {"of leads in nobody's hands", ""},
			{"of another lead", "The step belongs to the plan of another lead."},
			{"done and skipped", "The step counts as done and as skipped."},
			{"on another list", "The step is on the list of somebody who does not have the lead."}}},

	{"activities", "select count(*) from activities", `
		select v.id, case when v.how in ('typed','step') and v.user_id is null then 'unsigned'
			when v.direction = 'out' and v.how in ('typed','step') and v.why = '' and l.state = 'active' then 'unexplained'
			when v.beyond <> '' and v.beyond_reason = '' and v.reason_asked_at is null and v.how in ('typed','step','bcc') and l.state = 'active' then 'beyond the policy without a reason'
			when v.reason_asked_at is not null and v.reason_given_at is null and l.state = 'active' then 'waits for its reason'
			when v.taken_back_at is not null then 'taken back' when v.user_id is not null then 'signed' else 'seen by the system' end as class
		from activities v join leads l on l.id = v.lead_id`,
		[]class{{"signed", ""}, {"seen by the system", ""}, {"taken back", ""}, {"waits for its reason", ""},
			{"unsigned", "Somebody was approached, and nobody signed it."},
			{"unexplained", "Somebody was approached, and nothing says why that was right."},
			{"beyond the policy without a reason", "Somebody was approached beyond the contact policy, nothing says why, and nobody was asked."}}},
}
