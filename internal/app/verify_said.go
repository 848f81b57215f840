package app

// saidLines reconcile what readers said.
var saidLines = []reconciliation{
	{"what readers said", "select count(*) from sayings", `
		select s.id, case when s.lead_id is null and u.state = 'processed' then 'left behind'
			when s.lead_id is null then 'with a request that waits, or was cancelled'
			when a.lead_id <> s.lead_id then 'at odds' when l.state = 'erased' then 'of erased people'
			when s.taken_back_at is not null then 'taken back' when s.state = 'confirmed' then 'confirmed' else 'claimed' end as class
		from sayings s left join submissions u on u.id = s.submission_id left join lead_addresses a on a.id = s.address_id left join leads l on l.id = s.lead_id`,
		[]class{{"confirmed", ""}, {"claimed", ""}, {"taken back", ""}, {"of erased people", ""}, {"with a request that waits, or was cancelled", ""},
			{"left behind", "This was said with a request that is a lead now, but does not stand beside the lead."},
			{"at odds", "This stands beside another lead than the address that said it."}}},

	{"choices of how to be met", "select count(*) from contact_choices", `
		select c.id, case when c.lead_id is null and u.state = 'processed' then 'left behind'
			when c.lead_id is null then 'with a request that waits, or was cancelled'
			when a.lead_id <> c.lead_id then 'at odds' when c.current then 'bind' else 'do not bind' end as class
		from contact_choices c left join submissions u on u.id = c.submission_id left join lead_addresses a on a.id = c.address_id`,
		[]class{{"bind", ""}, {"do not bind", ""}, {"with a request that waits, or was cancelled", ""},
			{"left behind", "This was chosen with a request that is a lead now, but does not stand beside the lead."},
			{"at odds", "This stands beside another lead than the address that chose it."}}},

	{"leads that chose", "select count(distinct lead_id) from contact_choices where lead_id is not null", `
		select c.lead_id as id, case when count(*) filter (where c.current) = 1 then 'one choice binds' else 'none binds' end as class
		from contact_choices c where c.lead_id is not null group by c.lead_id`,
		[]class{{"one choice binds", ""}, {"none binds", "This lead said how to be met, but nothing of it binds."}}},

	{"mails that came in", "select count(*) from inbound_mails", `
		select m.id, case when m.activity_id is not null and k.id is not null then 'on a timeline'
			when m.outcome in ('copy','reply') and coalesce(l.state, '') <> 'erased' then 'without its line' else 'kept, with the reason' end as class
		from inbound_mails m left join activities k on k.id = m.activity_id left join leads l on l.id = m.lead_id`,
		[]class{{"on a timeline", ""}, {"kept, with the reason", ""},
			{"without its line", "This mail belongs to a lead, but stands on no timeline."}}},
}
