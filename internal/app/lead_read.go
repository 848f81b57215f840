package app

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/store"
)

// LeadDetail is everything that is known of one person. Of an erased one it is the facts that name nobody, and the receipt.
type LeadDetail struct {
	store.Lead
	CompanyName string
	Addresses   []LeadMailbox
	Submissions []SubmissionLine // newest first
	Values      []store.LeadValue
	Consents    []store.Consent // newest first
	Visits      []store.Visit
	Messages    []MessageLine // newest first
	Events      []store.ProviderEvent
	Downloads   []DownloadLine
	Hits        []HitLine
	Audit       []store.Audit
	Erasure     *store.Erasure
	LeadSaid
	LeadAssignments
	LeadWork
	LeadScores
	LeadPushes
	Labels map[string]string // of the fields, as the gates that the lead answered call them
}

// LeadMailbox is one address with what stops mail to it.
type LeadMailbox struct {
	store.LeadAddress
	Suppressions []store.Suppression
}

// DownloadLine is one opening with the names of what was opened.
type DownloadLine struct {
	store.Download
	Document string
	Number   int32 // of the version
}

// HitLine is one raw request with what it asked for.
type HitLine struct {
	store.Hit
	Document string
}

// HitsShown bounds the raw requests of one lead; a scanner can make thousands.
const HitsShown = 200

// LeadDetail reads one.
func (a *App) LeadDetail(ctx context.Context, id uuid.UUID) (LeadDetail, error) {
	var d LeadDetail
	var err error
	if d.Lead, err = a.store.Lead(ctx, id); err != nil {
		return d, err
	}
	db := a.store.DB(ctx)
	for _, step := range []func(*store.Query, *LeadDetail) error{a.leadPeople, leadAnswers, leadMails, leadOpenings, leadStaff,
		a.leadSaid, a.leadAssignments, a.leadWork, a.leadScores, a.leadPushes} {
		if err := step(db, &d); err != nil {
			return d, a.store.Translate(err)
		}
	}
	ids := make([]uuid.UUID, len(d.Messages))
	for i, m := range d.Messages {
		ids[i] = m.ID
	}
	d.Events, err = a.eventsOf(ctx, ids, d.CreatedAt)
	return d, err
}

func (a *App) leadPeople(db *store.Query, d *LeadDetail) error {
	var addresses []store.LeadAddress
	if err := db.Where("lead_id = ?", d.ID).Order("created_at, id").Find(&addresses).Error; err != nil {
		return err
	}
	for _, ad := range addresses {
		box := LeadMailbox{LeadAddress: ad}
		if d.State != "erased" {
			if err := db.Where("address_key in ? and lifted_at is null", a.addressKeys(ad.Address)).Order("at").Find(&box.Suppressions).Error; err != nil {
				return err
			}
		}
		d.Addresses = append(d.Addresses, box)
	}
	var erasures []store.Erasure
	if err := db.Where("lead_id = ?", d.ID).Order("at desc").Limit(1).Find(&erasures).Error; err != nil {
		return err
	}
	if len(erasures) > 0 {
		d.Erasure = &erasures[0]
	}
	if d.CompanyID == nil {
		return nil
	}
	var names []string
	err := db.Model(&store.Company{}).Where("id = ?", *d.CompanyID).Pluck("name", &names).Error
	if len(names) > 0 {
		d.CompanyName = names[0]
	}
	return err
}

func leadAnswers(db *store.Query, d *LeadDetail) error {
	err := db.Raw(`select s.*, coalesce(p.address, '') as address, o.lead_id, `+gateTitle+` as gate from outcomes o join submissions s on s.id = o.submission_id
		left join submission_payloads p on p.submission_id = s.id join gates g on g.id = s.gate_id left join gate_versions v on v.id = g.published_version_id
		where o.lead_id = ? order by s.received_at desc, s.id desc`, d.ID).Scan(&d.Submissions).Error
	if err != nil {
		return err
	}
	if err := db.Where("lead_id = ?", d.ID).Order("field, current desc, known_at desc, id desc").Find(&d.Values).Error; err != nil {
		return err
	}
	if err := db.Where("lead_id = ?", d.ID).Order("at desc, id desc").Find(&d.Consents).Error; err != nil {
		return err
	}
	if err := db.Where("lead_id = ? and at between ? and ?", d.ID, d.CreatedAt.Add(-time.Hour), d.LastAt.Add(time.Hour)).Order("at desc, id").Find(&d.Visits).Error; err != nil {
		return err
	}
	var labels []struct{ Name, Label string }
	err = db.Raw(`select distinct f->>'name' as name, f->>'label' as label from outcomes o join submissions s on s.id = o.submission_id
		join gate_versions v on v.id = s.gate_version_id, jsonb_array_elements(v.definition->'form'->'fields') f where o.lead_id = ?`, d.ID).Scan(&labels).Error
	d.Labels = map[string]string{}
	for _, l := range labels {
		d.Labels[l.Name] = l.Label
	}
	return err
}

func leadMails(db *store.Query, d *LeadDetail) error {
	return db.Raw(messageLines+"where m.lead_id = ? and m.kind <> 'staff' order by m.created_at desc, m.id desc", d.ID).Scan(&d.Messages).Error
}

func leadOpenings(db *store.Query, d *LeadDetail) error {
	err := db.Raw(`select d.*, c.title as document, v.number from downloads d join documents c on c.id = d.document_id
		join document_versions v on v.id = d.document_version_id where d.lead_id = ? order by d.at desc, d.id`, d.ID).Scan(&d.Downloads).Error
	if err != nil {
		return err
	}
	return db.Raw(`select h.*, c.title as document from lead_addresses a join grants g on g.address_id = a.id join documents c on c.id = g.document_id
		join hits h on h.grant_id = g.id and h.at >= ? where a.lead_id = ? order by h.at desc, h.id limit ?`, d.CreatedAt, d.ID, HitsShown).Scan(&d.Hits).Error
}

// leadStaff reads what staff did: to the lead, its submissions and its messages.
func leadStaff(db *store.Query, d *LeadDetail) error {
	ids := []string{}
	for _, s := range d.Submissions {
		ids = append(ids, s.ID.String())
	}
	messages := []string{}
	for _, m := range d.Messages {
		messages = append(messages, m.ID.String())
	}
	return db.Where("object_kind = 'lead' and object_id = ? or object_kind = 'submission' and object_id in ? or object_kind = 'message' and object_id in ?",
		d.ID.String(), ids, messages).Order("at desc, id desc").Limit(100).Find(&d.Audit).Error
}

// SendLeadAgain sends a lead's requested message again; the limits on mail say when. The message must be the lead's own.
func (a *App) SendLeadAgain(ctx context.Context, lead, message uuid.UUID, by store.Actor) (store.Message, error) {
	m, err := a.store.Message(ctx, message)
	if err != nil {
		return m, err
	}
	if m.LeadID == nil || *m.LeadID != lead || m.Kind != "requested" {
		return m, errs.New(errs.Conflict, "This message cannot be sent again.")
	}
	return a.SendAgain(ctx, message, by)
}
