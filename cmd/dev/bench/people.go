package main

import (
	"context"
	_ "embed"
	"fmt"
	"strconv"
	"strings"
)

//go:embed sql/people.sql
var peopleSQL string

// people fills the tables with leads, some of whom are open deals, as they stand in a house that has sold for a while. It
// is written straight into the tables, in steps that each fit into memory. The product must not be running.
func (d *database) people(ctx context.Context, leads, deals int) error {
	if _, err := d.conn.Exec(ctx, peopleSQL); err != nil {
		return err
	}
	const step = 50_000
	for from := 0; from < leads; from += step {
		until := min(leads, from+step)
		if err := d.all(ctx, peopleSteps, from+1, until); err != nil {
			return err
		}
	}
	if deals > 0 {
		if err := d.all(ctx, dealSteps, deals); err != nil {
			return err
		}
	}
	_, err := d.conn.Exec(ctx, "vacuum analyze")
	return err
}

// all runs statements one after the other, each with the numbers that it names.
func (d *database) all(ctx context.Context, statements []string, numbers ...int) error {
	for _, sql := range statements {
		for i := len(numbers); i > 0; i-- {
			sql = strings.ReplaceAll(sql, fmt.Sprintf("$%d", i), strconv.Itoa(numbers[i-1]))
		}
		if _, err := d.conn.Exec(ctx, sql); err != nil {
			return fmt.Errorf("people: %w\n%s", err, sql)
		}
	}
	return nil
}

// peopleSteps are each given the first and the last number of the people.
var peopleSteps = []string{
	`create temporary table if not exists one (i int, at timestamptz, lead uuid, address uuid, submission uuid, company uuid, message uuid, "grant" uuid, mail text) on commit preserve rows`,
	`truncate one`,
	`insert into one select i, at, bench.id(at), bench.id(at), bench.id(at), null, bench.id(at), bench.id(at), 'person' || i || '@firm' || i % 20000 || '.example'
		from (select i, date_trunc('milliseconds', now() - (random() * interval '89 days') - interval '1 hour') as at from generate_series($1, $2) i) n`,
	`insert into companies (id, name, created_at) select bench.id(now()), 'Firm ' || k, now() from (select distinct i % 20000 as k from one) n
		where not exists (select 1 from company_domains where domain = 'firm' || k || '.example')`,
	`insert into company_domains (domain, company_id, created_at) select 'firm' || substr(c.name, 6) || '.example', c.id, now() from companies c where c.name like 'Firm %' on conflict do nothing`,
	`update one set company = d.company_id from company_domains d where d.domain = 'firm' || one.i % 20000 || '.example'`,
	`insert into leads (id, company_id, state, given_name, family_name, company, job_title, tel, country, email, first_gate_id, source, submissions, version, created_at, last_at)
		select lead, company, 'active', 'Pat', 'Person ' || i, 'Firm ' || i % 20000, (array['Managing director','Head of marketing','Buyer','Student'])[1 + i % 4], '',
			(array['DE','GB','US','FR','NL'])[1 + i % 5], mail, (select id from gates limit 1), 'search', 1, 1, at, at from one`,
	`insert into lead_addresses (id, lead_id, address, typed, strict_key, domain, link_serial, created_at) select address, lead, mail, mail, mail, split_part(mail, '@', 2), 1, at from one`,
	`insert into submissions (id, gate_id, gate_version_id, received_at, door, language, variant, verdict, weight, reasons, notices, state, state_at)
		select submission, g.id, g.published_version_id, at, 'page', 'en-GB', '', 'pass', 0, '[]', 'privacy 1; imprint 1', 'processed', at from one, (select * from gates where published_version_id is not null limit 1) g`,
	`insert into submission_payloads (submission_id, address, typed, answers, consents, flags, source, block, user_agent)
		select submission, mail, mail, jsonb_build_object('email', mail, 'company', 'Firm ' || i % 20000), '[]', '[]', '{}', '192.0.2.0/24', 'Firefox' from one`,
	`insert into lead_values (id, lead_id, address_id, submission_id, field, value, state, current, known_at)
		select bench.id(at), lead, address, submission, f, v, 'claimed', true, at from one, lateral (values ('given_name', 'Pat'), ('family_name', 'Person ' || i), ('company', 'Firm'), ('country', 'DE'),
			('job_title', (array['Managing director','Head of marketing','Buyer','Student'])[1 + i % 4])) x(f, v)`,
	`insert into visits (id, submission_id, lead_id, at, page, referrer, utm_source, utm_medium, utm_campaign, utm_term, utm_content, channel)
		select bench.id(at), submission, lead, at, '/g/8-questions', '', 'search', 'cpc', 'spring', '', '', 'search' from one`,
	`insert into grants (id, address_id, document_id, gate_id, serial, expires_at, created_at) select "grant", address, g.document_id, g.id, 1, at + interval '30 days', at from one, (select * from gates limit 1) g`,
	`insert into messages (id, kind, template, submission_id, seq, lead_id, address_id, grant_id, document_id, gate_id, state, reason, due_at, link_serial, transport, provider_message_id, delivery, delivery_rank, tries, second_send, data, created_at, sent_at, state_at)
		select message, 'requested', 'requested', submission, 1, lead, address, "grant", g.document_id, g.id, 'sent', '', at, 1, 'seed', '', 'delivered', 30, 1, false, '{}', at, at, at from one, (select * from gates limit 1) g`,
	`insert into outcomes (submission_id, lead_id, address_id, grant_id, message_id, joined, processed_at) select submission, lead, address, "grant", message, false, at from one`,
	`insert into scores (lead_id, rule_set_id, fit, engagement, grade, qualified_at, why, scored_at) select lead, r.id, 2500, 1000, 'B3', null, 'has 35 points, 60 are needed', at from one, (select id from rule_sets where kind = 'scoring' and state = 'published') r`,
	`insert into score_lines (lead_id, number, rule_set_id, side, group_key, rule_key, title, points, decay_days, at, event_kind, event_id)
		select lead, n, r.id, case when n < 3 then 'fit' else 'engagement' end, 'company', 'business-domain', 'Writes from a company''s own domain', 1000, case when n < 3 then 0 else 60 end, at,
			case when n < 3 then '' else 'submission' end, case when n < 3 then null else submission end from one, generate_series(1, 3) n, (select id from rule_sets where kind = 'scoring' and state = 'published') r`,
}

// dealSteps are each given how many deals there are to be.
var dealSteps = []string{
	`create temporary table if not exists deal as select l.id as lead, l.company_id as company, l.created_at as at, bench.id(l.created_at) as assignment, bench.id(l.created_at) as deal, bench.id(l.created_at) as plan,
		(row_number() over (order by l.id))::int as i, u.id as owner from (select *, row_number() over (order by id) as n from leads order by id limit $1) l
		join (select id, row_number() over (order by id) as n from users where email like 'owner%@bench.example') u on u.n = 1 + l.n % (select count(*) from users where email like 'owner%@bench.example')`,
	`insert into assignments (id, lead_id, owner_id, answering_team_id, rule_key, how, reason, reason_data, state, period, at, clock_from, first_response_kind, accepted_at, close_reason, close_note, version)
		select assignment, lead, owner, (select min(team_id::text)::uuid from team_members m where m.user_id = owner), 'everybody', 'rule', 'rule 1, everybody', '{}', 'accepted', date_trunc('month', at)::date, at, at, '', at, '', '', 1 from deal`,
	`update leads set owner_id = d.owner from deal d where d.lead = leads.id`,
	`insert into deals (id, lead_id, company_id, assignment_id, owner_id, title, stage, state, value, currency, reason, reason_note, position, opened_at, stage_at, version, updated_at)
		select deal, lead, company, assignment, owner, 'Deal ' || i, (array['discovery','proposal','negotiation'])[1 + i % 3], 'open', 100000 * (1 + i % 50), 'GBP', '', '', i, at, at, 1, at from deal`,
	`insert into plans (id, lead_id, assignment_id, name, left_out, created_at, version) select plan, lead, assignment, 'Usual', '[]', at, 1 from deal`,
	`insert into steps (id, plan_id, lead_id, owner_id, number, channel, title, due_at, version) select bench.id(at), plan, lead, owner, n, 'call', 'Step ' || n, now() + (n - 2) * interval '1 day', 1 from deal, generate_series(1, 4) n`,
	`insert into activities (id, lead_id, assignment_id, deal_id, user_id, kind, direction, text, how, why, beyond, beyond_reason, at, recorded_at)
		select bench.id(at), lead, assignment, deal, owner, 'call', 'out', 'Called', 'typed', '', '', '', at, at from deal where i % 3 > 0`,
	`drop table deal`,
}
