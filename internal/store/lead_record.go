package store

import (
	"strings"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"
)

// LeadRecord is what is recorded about one lead, with the times at which it became known: what scoring and routing derive
// their facts from, as of now or as of then.
type LeadRecord struct {
	Lead
	Origin    string          // of a lead by hand
	Owner     string          // e-mail address of the owner
	Addresses []LeadAddress   `gorm:"-"` // only address and when it was confirmed
	Values    []LeadValue     `gorm:"-"` // by the time they were typed, without their ids
	Consents  []Consent       `gorm:"-"` // to marketing, by their time: how it stands, without its words
	Events    []LeadHappening `gorm:"-"`
}

// LeadHappening is one thing that a person did.
type LeadHappening struct {
	LeadID      uuid.UUID
	Kind        string
	ID          uuid.UUID
	At          time.Time
	OverAt      *time.Time // taken back
	ConfirmedAt *time.Time // of a choice: when the mailbox's owner stood by it
	Source      *uuid.UUID // of a choice: the submission that it was made with
	Document    string
	Gate        string
	Detail      string
	Language    string
	UTMSource   string `gorm:"column:utm_source"`
	UTMMedium   string `gorm:"column:utm_medium"`
	UTMCampaign string `gorm:"column:utm_campaign"`
}

const recordLeads = `select l.*, coalesce(o.kind, '') as origin, coalesce(u.email, '') as owner from leads l
	left join lead_origins o on o.lead_id = l.id left join users u on u.id = l.owner_id
	where l.id = any(?::uuid[]) and l.state = 'active' order by l.id`

// What was taken back was not said.
const recordEvents = `
	select o.lead_id, 'submission' as kind, s.id, s.received_at as at, null::timestamptz as over_at, null::timestamptz as confirmed_at, null::uuid as source, d.title as document, g.slug as gate, coalesce(v.channel, '') as detail,
		s.language, coalesce(v.utm_source, '') as utm_source, coalesce(v.utm_medium, '') as utm_medium, coalesce(v.utm_campaign, '') as utm_campaign
	from outcomes o join submissions s on s.id = o.submission_id join gates g on g.id = s.gate_id join documents d on d.id = g.document_id
	left join visits v on v.submission_id = s.id and v.at = s.received_at where o.lead_id = any(cast(@ids as uuid[]))
	union all select w.lead_id, w.kind, w.id, w.at, null, null, null, d.title, g.slug, '', '', '', '', '' from downloads w join documents d on d.id = w.document_id
		join gates g on g.id = w.gate_id where w.lead_id = any(cast(@ids as uuid[]))
	union all select w.lead_id, 'return', r.id, r.at, null, null, null, d.title, g.slug, w.kind, '', '', '', '' from downloads w join document_returns r on r.download_id = w.id
		join documents d on d.id = w.document_id join gates g on g.id = w.gate_id where w.lead_id = any(cast(@ids as uuid[]))
	union all select y.lead_id, y.kind, y.id, y.at, y.taken_back_at, null, null, d.title, '', coalesce('q' || q.number, ''), '', '', '', '' from sayings y
		join documents d on d.id = y.document_id left join document_questions q on q.id = y.question_id where y.lead_id = any(cast(@ids as uuid[]))
	union all select c.lead_id, 'choice', c.id, c.at, null, c.confirmed_at, c.submission_id, '', '', c.how, '', '', '', '' from contact_choices c
		where c.lead_id = any(cast(@ids as uuid[]))
	order by 4, 3`

// ReadLeadRecords reads the active ones among the leads, in the order of their ids, in five queries. Locked, nobody else
// writes them until the transaction ends.
func ReadLeadRecords(db *Query, ids []uuid.UUID, lock bool) ([]LeadRecord, error) {
	var out []LeadRecord
	those, q := UUIDs(ids), recordLeads
	if lock {
		q += " for update of l"
	}
	if err := db.Raw(q, those).Scan(&out).Error; err != nil || len(out) == 0 {
		return nil, translate(err)
	}
	at := make(map[uuid.UUID]*LeadRecord, len(out))
	for i := range out {
		at[out[i].ID] = &out[i]
	}
	var addresses []LeadAddress
	var values []LeadValue
	var consents []Consent
	var events []LeadHappening
	for _, step := range []*gorm.DB{
		db.Select("lead_id", "address", "confirmed_at").Where("lead_id = any(?::uuid[])", those).Order("created_at, id").Find(&addresses),
		db.Select("lead_id", "address_id", "field", "value", "state", "current", "known_at", "confirmed_at").Where("lead_id = any(?::uuid[])", those).Order("known_at, id").Find(&values),
		db.Select("lead_id", "given", "state", "how", "at", "confirmed_at").Where("lead_id = any(?::uuid[]) and purpose = 'marketing'", those).Order("at, id").Find(&consents),
		db.Raw(recordEvents, map[string]any{"ids": those}).Scan(&events),
	} {
		if step.Error != nil {
			return nil, translate(step.Error)
		}
	}
	for _, a := range addresses {
		if r := at[a.LeadID]; r != nil {
			r.Addresses = append(r.Addresses, a)
		}
	}
	for _, v := range values {
		if r := at[v.LeadID]; r != nil {
			r.Values = append(r.Values, v)
		}
	}
	for _, c := range consents {
		if r := at[c.LeadID]; r != nil {
			r.Consents = append(r.Consents, c)
		}
	}
	for _, e := range events {
		if r := at[e.LeadID]; r != nil {
			r.Events = append(r.Events, e)
		}
	}
	return out, nil
}

// UUIDs writes ids as one array for "any(?::uuid[])": one parameter, so that the statement's plan is kept.
func UUIDs(ids []uuid.UUID) string {
	var b strings.Builder
	b.Grow(2 + 37*len(ids))
	b.WriteByte('{')
	for i, id := range ids {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(id.String())
	}
	b.WriteByte('}')
	return b.String()
}
