package app

import (
	"context"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/store"
)

// SubmissionReport is what a program learns about a submission.
type SubmissionReport struct {
	Receipt    string         `json:"receipt"`
	State      string         `json:"state"`
	ReceivedAt time.Time      `json:"received_at"`
	Gate       string         `json:"gate"`
	Door       string         `json:"door"`
	Verdict    string         `json:"verdict"`
	Reasons    []string       `json:"reasons"`
	LeadID     *uuid.UUID     `json:"lead_id"`
	Message    *APIMail       `json:"message"`
	Assignment *APIAssignment `json:"assignment"`
	Deal       *APIDeal       `json:"deal"`
	Pushes     []APIPush      `json:"pushes"`
}

// APIMail is a message as programs see it: never the address.
type APIMail struct {
	ID           uuid.UUID  `json:"id"`
	Kind         string     `json:"kind"`
	State        string     `json:"state"`
	Delivery     string     `json:"delivery"`
	Reason       string     `json:"reason"`
	LeadID       *uuid.UUID `json:"lead_id"`
	SubmissionID *uuid.UUID `json:"submission_id"`
	Attempts     int32      `json:"attempts"`
	SecondSend   bool       `json:"second_send"`
	DueAt        time.Time  `json:"due_at"`
	SentAt       *time.Time `json:"sent_at"`
	CreatedAt    time.Time  `json:"created_at"`
}

func apiMail(m store.Message) APIMail {
	return APIMail{ID: m.ID, Kind: m.Kind, State: m.State, Delivery: m.Delivery, Reason: m.Reason, LeadID: m.LeadID, SubmissionID: m.SubmissionID,
		Attempts: m.Tries, SecondSend: m.SecondSend, DueAt: m.DueAt, SentAt: m.SentAt, CreatedAt: m.CreatedAt}
}

// ReadSubmission reports on the submission that a receipt names; what sales made of it only with the scope to read that.
func (a *App) ReadSubmission(ctx context.Context, receipt string, sales bool) (SubmissionReport, error) {
	id, err := a.OpenReceipt(receipt)
	if err != nil {
		return SubmissionReport{}, err
	}
	s, err := a.store.Submission(ctx, id)
	if err != nil {
		return SubmissionReport{}, err
	}
	out := SubmissionReport{Receipt: receipt, State: s.State, ReceivedAt: s.ReceivedAt, Door: s.Door, Verdict: s.Verdict, Reasons: []string{}, Pushes: []APIPush{}}
	for _, r := range s.Reasons {
		out.Reasons = append(out.Reasons, r.Sentence)
	}
	var slugs []string
	if err := a.store.DB(ctx).Model(&store.Gate{}).Where("id = ?", s.GateID).Pluck("slug", &slugs).Error; err != nil {
		return out, a.store.Translate(err)
	}
	if len(slugs) > 0 {
		out.Gate = slugs[0]
	}
	o, err := a.store.Outcome(ctx, id)
	if err != nil || o == nil {
		return out, err
	}
	out.LeadID = &o.LeadID
	if o.MessageID != nil {
		m, err := a.store.Message(ctx, *o.MessageID)
		if err != nil {
			return out, err
		}
		mail := apiMail(m)
		out.Message = &mail
	}
	if !sales {
		return out, nil
	}
	return out, a.store.Translate(salesSince(a.store.DB(ctx), o.LeadID, s.ReceivedAt, &out))
}

// LeadQuery filters leads; After is the last one of the page before. Newest first.
type LeadQuery struct {
	Address, State, Gate string
	Since                *time.Time
	Limit                int
	After                *uuid.UUID
}

// APILead is a lead as programs with the scope see it.
type APILead struct {
	ID          uuid.UUID  `json:"id"`
	State       string     `json:"state"`
	Email       string     `json:"email"`
	Confirmed   bool       `json:"confirmed"`
	GivenName   string     `json:"given_name"`
	FamilyName  string     `json:"family_name"`
	Company     string     `json:"company"`
	JobTitle    string     `json:"job_title"`
	Tel         string     `json:"tel"`
	Country     string     `json:"country"`
	Source      string     `json:"source"`
	Submissions int32      `json:"submissions"`
	CreatedAt   time.Time  `json:"created_at"`
	LastAt      time.Time  `json:"last_at"`
	MergedInto  *uuid.UUID `json:"merged_into"`
	Addresses   []string   `json:"addresses,omitempty"`
	Values      []APIValue `json:"values,omitempty"`
	Consents    []APIAgree `json:"consents,omitempty"`
	Said        *APISaid   `json:"said,omitempty"`
}

// APIValue is one answer and what it is worth.
type APIValue struct {
	Field     string    `json:"field"`
	Value     string    `json:"value"`
	Confirmed bool      `json:"confirmed"`
	KnownAt   time.Time `json:"known_at"`
}

// APIAgree is one consent as it was given.
type APIAgree struct {
	Purpose   string    `json:"purpose"`
	Given     bool      `json:"given"`
	Text      string    `json:"text"`
	Version   string    `json:"version"`
	Confirmed bool      `json:"confirmed"`
	How       string    `json:"how"`
	At        time.Time `json:"at"`
}

type leadRow struct {
	store.Lead
	Confirmed bool
}

func apiLead(l leadRow) APILead {
	return APILead{ID: l.ID, State: l.State, Email: l.Email, Confirmed: l.Confirmed, GivenName: l.GivenName, FamilyName: l.FamilyName, Company: l.Company,
		JobTitle: l.JobTitle, Tel: l.Tel, Country: l.Country, Source: l.Source, Submissions: l.Submissions, CreatedAt: l.CreatedAt, LastAt: l.LastAt, MergedInto: l.MergedInto}
}

// leadStates are what a lead may be: merged is somebody whom staff found to be another lead's person.
var leadStates = []string{"active", "merged", "erased"}

const leadColumns = "leads.*, exists (select 1 from lead_addresses a where a.lead_id = leads.id and a.confirmed_at is not null) as confirmed"

// ReadLeads lists leads by the time they became known, the newest first (their ids are in that order).
func (a *App) ReadLeads(ctx context.Context, q LeadQuery) (Page[APILead], error) {
	db := a.store.DB(ctx).Table("leads").Select(leadColumns)
	if q.Address != "" {
		db = db.Where("id in (select lead_id from lead_addresses where address = ?)", strings.ToLower(strings.TrimSpace(q.Address)))
	}
	db, err := narrow(db, apiFilter{name: "state", column: "state", value: q.State, options: leadStates})
	if err != nil {
		return Page[APILead]{}, err
	}
	if q.Gate != "" {
		db = db.Where("id in (select o.lead_id from outcomes o join submissions s on s.id = o.submission_id join gates g on g.id = s.gate_id where g.slug = ?)", q.Gate)
	}
	if q.Since != nil {
		db = db.Where("created_at >= ?", *q.Since)
	}
	page, err := readPage(db, "id", q.Limit, q.After, func(l leadRow) uuid.UUID { return l.ID }, apiLead)
	return page, a.store.Translate(err)
}

// ReadLead reads one lead with its addresses, current values and consents.
func (a *App) ReadLead(ctx context.Context, id uuid.UUID) (APILead, error) {
	var row leadRow
	db := a.store.DB(ctx)
	if err := db.Table("leads").Select(leadColumns).Where("id = ?", id).Take(&row).Error; err != nil {
		return APILead{}, a.store.Translate(err)
	}
	out := apiLead(row)
	if row.State == "erased" {
		return out, nil
	}
	if err := db.Model(&store.LeadAddress{}).Where("lead_id = ?", id).Order("created_at").Pluck("address", &out.Addresses).Error; err != nil {
		return out, a.store.Translate(err)
	}
	var values []store.LeadValue
	if err := db.Where("lead_id = ? and current", id).Order("field").Find(&values).Error; err != nil {
		return out, a.store.Translate(err)
	}
	for _, v := range values {
		out.Values = append(out.Values, APIValue{Field: v.Field, Value: v.Value, Confirmed: v.State == "confirmed", KnownAt: v.KnownAt})
	}
	var consents []store.Consent
	if err := db.Where("lead_id = ?", id).Order("at desc").Find(&consents).Error; err != nil {
		return out, a.store.Translate(err)
	}
	for _, c := range consents {
		out.Consents = append(out.Consents, APIAgree{Purpose: c.Purpose, Given: c.Given, Text: c.Text, Version: c.TextVersion, Confirmed: c.State == "confirmed", How: c.How, At: c.At})
	}
	var err error
	out.Said, err = apiSaid(db, id)
	return out, a.store.Translate(err)
}

// MessageQuery filters messages to prospects.
type MessageQuery struct {
	State, Delivery, Lead string
	Limit                 int
	After                 *uuid.UUID
}

// What the filters of ReadMessages know, as in the CHECK constraints of the table.
var (
	messageStates = []string{store.MessagePending, store.MessageHeld, store.MessageSending, store.MessageUnknown, store.MessageSent, store.MessageEnded}
	deliveries    = []string{"processed", "deferred", "delivered", "opened", "clicked", "dropped", "blocked", "bounced", "spamreport"}
)

// ReadMessages lists messages, the newest first.
func (a *App) ReadMessages(ctx context.Context, q MessageQuery) (Page[APIMail], error) {
	db, err := narrow(a.store.DB(ctx).Where("kind <> 'staff'"), apiFilter{name: "state", column: "state", value: q.State, options: messageStates},
		apiFilter{name: "delivery", column: "delivery", value: q.Delivery, options: deliveries}, apiFilter{name: "lead", column: "lead_id", value: q.Lead, what: "a lead"})
	if err != nil {
		return Page[APIMail]{}, err
	}
	page, err := readPage(db, "id", q.Limit, q.After, func(m store.Message) uuid.UUID { return m.ID }, apiMail)
	return page, a.store.Translate(err)
}
