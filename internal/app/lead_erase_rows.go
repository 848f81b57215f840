package app

import "github.com/google/uuid"

// erasedReason ends a message that had not gone out.
const erasedReason = "the person was erased"

// statement is one line of an erasure: what happens to the rows of a table.
type statement struct {
	table, what, sql string
	args             []any
}

func (p *erased) all(list []statement) error {
	for _, s := range list {
		if err := p.change(s.table, s.what, s.sql, s.args...); err != nil {
			return err
		}
	}
	return nil
}

// people erases what was typed and who it was. Consents stay: their texts are ours, and they name nobody. The channel
// (leads.source) stays too: it is a word of a closed list.
func (p *erased) people() error {
	now := p.receipt.At
	list := []statement{
		{"submission_payloads", "deleted", "delete from submission_payloads where submission_id in ?", []any{p.subs}},
		{"once_keys", "deleted", "delete from once_keys where submission_id in ?", []any{p.subs}},
		{"submissions", "made anonymous", "update submissions set state = 'erased', state_at = ? where id in ? and state <> 'erased'", []any{now, p.subs}},
		{"lead_values", "deleted", "delete from lead_values where lead_id in ?", []any{p.leads}},
		{"lead_values", "deleted", "delete from lead_values where submission_id in ?", []any{p.subs}},
		{"leads", "blanked", `update leads set state = 'erased', given_name = '', family_name = '', company = '', job_title = '', tel = '', country = '',
			email = '', version = version + 1, erased_at = coalesce(erased_at, ?) where id in ?`, []any{now, p.leads}},
		{"lead_addresses", "made anonymous", `update lead_addresses set address = 'erased:' || id, typed = '', strict_key = '', domain = '',
			link_serial = link_serial + 1 where id in ? and domain <> ''`, []any{p.addresses}},
		// A lead that is somebody else's but took an answer of this person (a mistyped address) shows only what is still known.
		{"leads of others", "corrected", `update leads l set given_name = v.given_name, family_name = v.family_name, company = v.company, job_title = v.job_title,
			tel = v.tel, country = v.country, version = l.version + 1
			from (select o.lead_id, ` + currentValues + ` from (select distinct lead_id from outcomes where submission_id in ? and lead_id not in ?) o
			left join lead_values lv on lv.lead_id = o.lead_id and lv.current group by o.lead_id) v where l.id = v.lead_id`, []any{p.subs, p.notNil(p.leads)}},
	}
	return p.all(list)
}

const currentValues = `coalesce(max(lv.value) filter (where lv.field = 'given_name'), '') as given_name,
	coalesce(max(lv.value) filter (where lv.field = 'family_name'), '') as family_name,
	coalesce(max(lv.value) filter (where lv.field = 'company'), '') as company,
	coalesce(max(lv.value) filter (where lv.field = 'job_title'), '') as job_title,
	coalesce(max(lv.value) filter (where lv.field = 'tel'), '') as tel,
	coalesce(max(lv.value) filter (where lv.field = 'country'), '') as country`

// texts are ids as a text column holds them, never an empty list.
func texts(ids []uuid.UUID) []string {
	out := []string{""}
	for _, id := range ids {
		out = append(out, id.String())
	}
	return out
}

func (p *erased) notNil(ids []uuid.UUID) []uuid.UUID {
	if len(ids) == 0 {
		return []uuid.UUID{uuid.Nil}
	}
	return ids
}

// mail ends what has not gone out and erases what is kept of the rest. An attempt that is under way is closed as unknown,
// so that its answer brings nothing back.
func (p *erased) mail() error {
	now := p.receipt.At
	list := []statement{
		{"messages", "ended", `update messages set state = 'ended', reason = ?, state_at = ? where id in ? and state not in ('sent','ended')`, []any{erasedReason, now, p.messages}},
		{"messages", "blanked", `update messages set data = '{}', reason = case when state = 'ended' then ? else '' end
			where id in ? and (data <> '{}' or reason not in ('', ?))`, []any{erasedReason, p.messages, erasedReason}},
		{"attempts", "closed", `update attempts set outcome = 'unknown', finished_at = ? where message_id in ? and outcome = 'open'`, []any{now, p.messages}},
		{"attempts", "blanked", "update attempts set reason = '' where message_id in ? and reason <> ''", []any{p.messages}},
		{"captured_mails", "deleted", "delete from captured_mails where message_id in ?", []any{p.messages}},
		{"provider_events", "blanked", "update provider_events set raw = '{}', reason = '' where message_id in ? and (raw <> '{}' or reason <> '')", []any{p.messages}},
		{"suppressions", "kept as a keyed hash", "update suppressions set reason = 'kept after an erasure, so that nobody writes here again' where address_key in ?", []any{p.keys}},
	}
	for _, name := range p.names {
		list = append(list,
			statement{"captured_mails", "deleted", "delete from captured_mails where lower(recipient) = ?", []any{name}},
			statement{"provider_events", "blanked", `update provider_events set raw = '{}', reason = '' where message_id is null
				and (position(? in lower(raw::text)) > 0 or position(? in lower(reason)) > 0)`, []any{name, name}})
	}
	return p.all(list)
}

// traces erases what the network and the address bar told, and what staff wrote beside the person.
func (p *erased) traces() error {
	if p.app.mutant("half-erased") {
		return nil
	}
	return p.all([]statement{
		{"visits", "blanked", `update visits set page = '', referrer = '', utm_source = '', utm_medium = '', utm_campaign = '', utm_term = '', utm_content = ''
			where lead_id in ?`, []any{p.leads}},
		{"visits", "blanked", `update visits set page = '', referrer = '', utm_source = '', utm_medium = '', utm_campaign = '', utm_term = '', utm_content = ''
			where submission_id in ? and lead_id not in ?`, []any{p.subs, p.notNil(p.leads)}},
		{"hits", "blanked", "update hits set block = '', user_agent = '' where grant_id in ? and (block <> '' or user_agent <> '')", []any{p.grants}},
		{"audit_log", "blanked", "update audit_log set detail = '{}' where object_kind = 'lead' and object_id in ? and detail <> '{}'", []any{texts(p.leads)}},
		{"audit_log", "blanked", "update audit_log set detail = '{}' where object_kind = 'submission' and object_id in ? and detail <> '{}'", []any{texts(p.subs)}},
		{"audit_log", "blanked", "update audit_log set detail = '{}' where object_kind = 'message' and object_id in ? and detail <> '{}'", []any{texts(p.messages)}},
	})
}

// company takes the person out of the organisation. One that nobody else belongs to goes with its domains: its name is
// then the person's own text. One with others stays; if its name is a text that only this person typed, it takes the
// name that somebody else gave, else its domain.
func (p *erased) company() error {
	for _, id := range p.companies {
		var others int64
		if err := p.tx.Raw("select count(*) from leads where company_id = ? and state <> 'erased'", id).Scan(&others).Error; err != nil {
			return err
		}
		if others == 0 {
			if err := p.dropCompany(id); err != nil {
				return err
			}
			continue
		}
		err := p.change("companies", "renamed", `update companies c set name = coalesce(
			(select l.company from leads l where l.company_id = c.id and l.state <> 'erased' and l.company <> '' order by l.created_at, l.id limit 1),
			(select min(d.domain) from company_domains d where d.company_id = c.id), '')
			where c.id = ? and c.name not in (select d.domain from company_domains d where d.company_id = c.id)
			and not exists (select 1 from leads l where l.company_id = c.id and l.state <> 'erased' and lower(l.company) = lower(c.name))`, id)
		if err != nil {
			return err
		}
	}
	return nil
}

func (p *erased) dropCompany(id uuid.UUID) error {
	return p.all([]statement{
		{"leads", "taken out of a company", "update leads set company_id = null where company_id = ?", []any{id}},
		{"deals", "taken out of a company", "update deals set company_id = null where company_id = ?", []any{id}},
		{"company_domains", "deleted", "delete from company_domains where company_id = ?", []any{id}},
		{"companies", "deleted", "delete from companies where id = ?", []any{id}},
	})
}
