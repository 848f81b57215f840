package app

import (
	"strings"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/store"
)

// mergedToo adds the leads that were merged with the person's: they are the same person.
func (p *erased) mergedToo() error {
	if len(p.leads) == 0 {
		return nil
	}
	var all []uuid.UUID
	err := p.ids(&all, `with recursive same(id) as (
		select id from leads where id in ?
		union select case when l.id = s.id then l.merged_into else l.id end from same s join leads l on (l.id = s.id or l.merged_into = s.id) and l.merged_into is not null)
		select id from same order by id`, p.leads)
	if err == nil {
		p.leads = all
	}
	return err
}

// hands takes the person out of everybody's hands: whoever had the lead has nobody to call any more. A lead that nobody had
// accepted was no turn; a deal that was open is lost, without a word of who it was with, so that what was forecast is
// accounted for. Steps leave the lists.
func (p *erased) hands() error {
	now := p.receipt.At
	held := "lead_id in ? and state in ('open','accepted')"
	return p.all([]statement{
		{"rotation_places", "turns given back", `update rotation_places p set turns = greatest(p.turns - a.n, 0) from (select team_id, owner_id, period, count(*) as n from assignments
			where lead_id in ? and state = 'open' and team_id is not null group by 1, 2, 3) a where p.team_id = a.team_id and p.user_id = a.owner_id and p.period = a.period`, []any{p.leads}},
		{"assignments", "ended", "update assignments set state = case state when 'open' then 'reassigned' else 'closed' end, closed_at = ?, close_reason = ?, version = version + 1 where " + held,
			[]any{now, store.TakenErased, p.leads}},
		{"deals", "closed", `with lost as (select key from stages where kind = 'lost' order by archived_at is not null, position limit 1),
			closed as (update deals d set stage = lost.key, state = 'lost', reason = ?, closed_at = ?, stage_at = ?, updated_at = ?, version = d.version + 1
				from lost, deals was where was.id = d.id and d.lead_id in ? and d.state = 'open' returning d.id, was.stage as was, d.stage, d.version)
			insert into deal_changes (id, deal_id, at, how, from_stage, to_stage, fields, version) select gen_random_uuid(), id, ?, 'system', was, stage, '{}', version from closed`,
			[]any{store.TakenErased, now, now, now, p.leads, now}},
		{"steps", "skipped", "update steps set skipped_at = ?, version = version + 1 where lead_id in ? and done_at is null and skipped_at is null", []any{now, p.leads}},
		{"alarms", "cleared", `update alarms set cleared_at = ? where cleared_at is null and object in (select id::text from leads where id in ?
			union all select id::text from assignments where lead_id in ?)`, []any{now, p.leads, p.leads}},
	})
}

// sales erases what the reader said, what was agreed and done, and what other systems were told. Scores, assignments,
// deals and steps stay as facts without a person, so that reports still add up. The id in another system stays until
// that system was told: it says nothing by itself.
func (p *erased) sales() error {
	if p.app.mutant("half-erased") {
		return nil
	}
	leads := []any{p.leads}
	list := []statement{
		{"sayings", "blanked", "update sayings set text = '' where (lead_id in ? or submission_id in ?) and text <> ''", []any{p.notNil(p.leads), p.notNil(p.subs)}},
		{"contact_choices", "blanked", "update contact_choices set slots = '[]', tel = '' where (lead_id in ? or submission_id in ?) and (slots <> '[]' or tel <> '')", []any{p.notNil(p.leads), p.notNil(p.subs)}},
		{"inbound_mails", "blanked", `update inbound_mails set message_id = 'erased:' || id, sender = '', raw = '' where lead_id in ? and message_id not like 'erased:%'`, leads},
		{"assignments", "blanked", "update assignments set close_note = '' where lead_id in ? and close_note <> ''", leads},
		{"deals", "blanked", "update deals set title = '', reason_note = '', version = version + 1 where lead_id in ? and (title <> '' or reason_note <> '')", leads},
		{"deal_changes", "blanked", "update deal_changes set fields = '{}' where deal_id in (select id from deals where lead_id in ?) and fields <> '{}'", leads},
		{"activities", "blanked", `update activities set text = '', source_key = null, beyond_reason = '' where lead_id in ?
			and (text <> '' or source_key is not null or beyond_reason <> '')`, leads},
		{"steps", "blanked", "update steps set title = '' where lead_id in ? and title <> ''", leads},
		{"approach_blocks", "blanked", "update approach_blocks set reason = '' where lead_id in ? and reason <> ''", leads},
		{"lead_origins", "blanked", "update lead_origins set note = '' where lead_id in ? and note <> ''", leads},
		{"lead_merges", "blanked", "update lead_merges set moved = '{}' where (from_id in ? or into_id in ?) and moved <> '{}'", []any{p.leads, p.leads}},
		{"pushes", "blanked", "update pushes set payload = '{}', reason = case when state in ('refused','dropped') then ? else '' end where lead_id in ? and payload <> '{}'", []any{erasedReason, p.leads}},
		{"push_attempts", "blanked", "update push_attempts set request = '', answer = '' where push_id in (select id from pushes where lead_id in ?) and (request <> '' or answer <> '')", leads},
		{"remote_objects", "blanked", `update remote_objects set sent = '{}', seen = '{}' where (object_id in ? or object_id in (select id from deals where lead_id in ?))
			and (sent <> '{}' or seen <> '{}')`, []any{p.leads, p.leads}},
		{"pulls", "blanked", `update pulls set body = '{}', reason = '' where (object_id in ? or object_id in (select id from deals where lead_id in ?)) and body <> '{}'`, []any{p.leads, p.leads}},
		{"audit_log", "blanked", `update audit_log set detail = '{}' where detail <> '{}' and object_id in (
			select id::text from deals where lead_id in ? union all select id::text from assignments where lead_id in ? union all select id::text from plans where lead_id in ?
			union all select id::text from steps where lead_id in ? union all select id::text from activities where lead_id in ?)`, []any{p.leads, p.leads, p.leads, p.leads, p.leads}},
	}
	for _, name := range p.names {
		list = append(list,
			statement{"inbound_mails", "blanked", `update inbound_mails set message_id = 'erased:' || id, sender = '', raw = ''
				where (lower(sender) = ? or position(? in lower(encode(raw, 'escape'))) > 0) and message_id not like 'erased:%'`, []any{name, name}},
			statement{"pulls", "blanked", "update pulls set body = '{}', reason = '' where object_id is null and position(? in lower(body::text)) > 0", []any{name}},
			statement{"saved_views", "deleted", "delete from saved_views where position(? in lower(query)) > 0 or position(? in lower(query)) > 0", []any{name, strings.ReplaceAll(name, "@", "%40")}})
	}
	return p.all(list)
}
