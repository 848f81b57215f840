package app

// liveOf are the leads that a job of a kind will still act on.
func liveOf(kind string) string {
	return `(select distinct e.id::uuid as id from river_job j, jsonb_array_elements_text(j.args->'lead_ids') e(id)
		where j.kind = '` + kind + `' and j.state in ('available','pending','retryable','running','scheduled'))`
}

// worthThen is what a line was worth when the score was made: as lead.ScoreLine.Worth says.
const worthThen = `case when n.decay_days = 0 or s.scored_at <= n.at then n.points
	else n.points::bigint * greatest(n.decay_days - floor(extract(epoch from s.scored_at - n.at) / 86400)::int, 0) / n.decay_days end`

// scoringLines reconcile scores.
var scoringLines = []reconciliation{
	{"leads to score", "select count(*) from leads where state = 'active'", `
		select l.id, case when s.lead_id is not null then 'scored' when p.id is null then 'no rules are published'
			when j.id is not null then 'waits to be scored' when l.last_at < p.first_at then 'from before there were rules'
			when greatest(l.last_at, p.published_at) > clock.now - interval '1 minute' then 'waits to be scored' else 'without a score' end as class
		from clock cross join leads l left join scores s on s.lead_id = l.id
		left join (select (array_agg(id) filter (where state = 'published'))[1] as id, min(published_at) as first_at, max(published_at) as published_at
			from rule_sets where kind = 'scoring') p on true
		left join ` + liveOf("lead_score") + ` j on j.id = l.id where l.state = 'active'`,
		[]class{{"scored", ""}, {"no rules are published", ""}, {"waits to be scored", ""}, {"from before there were rules", ""},
			{"without a score", "There are rules, but this lead was not scored, and no job will do it."}}},

	{"scores", "select count(*) from scores", `
		select s.lead_id as id, case when s.fit = coalesce(n.fit, 0) and s.engagement = coalesce(n.engagement, 0) then 'the sum of its lines' else 'differs' end as class
		from scores s left join (select s.lead_id, sum(` + worthThen + `) filter (where n.side = 'fit') as fit, sum(` + worthThen + `) filter (where n.side = 'engagement') as engagement
			from scores s join score_lines n on n.lead_id = s.lead_id group by 1) n on n.lead_id = s.lead_id`,
		[]class{{"the sum of its lines", ""}, {"differs", "The score of this lead is not the sum of its lines."}}},

	{"qualified leads", "select count(*) from scores where qualified_at is not null", `
		select s.lead_id as id, case when l.state <> 'active' then l.state when a.lead_id is not null then 'assigned' when j.id is not null then 'waits for an owner'
			when s.qualified_at > clock.now - interval '1 minute' then 'waits for an owner'
			when w.object is not null then 'nobody could be asked, and staff were told' else 'without an owner' end as class
		from clock cross join scores s join leads l on l.id = s.lead_id
		left join lateral (select x.lead_id from assignments x where x.lead_id = s.lead_id and (x.at >= s.qualified_at or x.closed_at is null) limit 1) a on true
		left join (select distinct object from alarms where kind = 'nobody-to-sell') w on w.object = s.lead_id::text
		left join ` + liveOf("lead_route") + ` j on j.id = s.lead_id where s.qualified_at is not null`,
		[]class{{"nobody could be asked, and staff were told", ""}, {"assigned", ""}, {"waits for an owner", ""}, {"erased", ""}, {"merged", ""},
			{"without an owner", "This lead qualified, but nobody was given it, and no job will do it."}}},
}
