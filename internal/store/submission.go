package store

import (
	"bytes"
	"context"
	"sort"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm/clause"
)

// The states of a submission.
const (
	StateReceived    = "received"
	StateProcessed   = "processed"
	StateQuarantined = "quarantined"
	StateReleased    = "released"
	StateDiscarded   = "discarded"
	StateErased      = "erased"
)

// Reason is one line of a verdict: what was noticed, and how much it weighed.
type Reason struct {
	Code     string `json:"code"`
	Weight   int    `json:"weight"`
	Sentence string `json:"sentence"`
}

// Source says where somebody came from, as the page and the address bar told it. Hostile text: cut, kept, escaped.
type Source struct {
	UTMSource   string `json:"utm_source,omitempty"`
	UTMMedium   string `json:"utm_medium,omitempty"`
	UTMCampaign string `json:"utm_campaign,omitempty"`
	UTMTerm     string `json:"utm_term,omitempty"`
	UTMContent  string `json:"utm_content,omitempty"`
	Referrer    string `json:"referrer,omitempty"`
	Page        string `json:"page,omitempty"`
}

// ConsentAnswer is one box of the form as it stood: its exact text, and whether it was ticked.
type ConsentAnswer struct {
	Key     string `json:"key"`
	Text    string `json:"text"`
	Version string `json:"version"`
	Given   bool   `json:"given"`
}

// Submission is the fact: it names nobody and stays when the person is erased.
type Submission struct {
	ID            uuid.UUID `gorm:"primaryKey;type:uuid"`
	GateID        uuid.UUID `gorm:"type:uuid"`
	GateVersionID uuid.UUID `gorm:"type:uuid"`
	ReceivedAt    time.Time
	Door          string
	Language      string
	Variant       string
	Verdict       string
	Weight        int16    `gorm:"type:smallint"`
	Reasons       []Reason `gorm:"type:jsonb;serializer:json"`
	Notices       string
	State         string
	StateAt       time.Time
	DecidedBy     *uuid.UUID `gorm:"type:uuid"`
	CorrectsID    *uuid.UUID `gorm:"type:uuid"`
}

// Payload is what was typed and what the network told: the part that erasure deletes.
type Payload struct {
	SubmissionID uuid.UUID `gorm:"primaryKey;type:uuid"`
	Address      string
	Typed        string
	Answers      map[string]string `gorm:"type:jsonb;serializer:json"`
	Consents     []ConsentAnswer   `gorm:"type:jsonb;serializer:json"`
	Flags        []string          `gorm:"type:jsonb;serializer:json"`
	Source       Source            `gorm:"type:jsonb;serializer:json"`
	Block        string
	UserAgent    string
}

// TableName is the table's name.
func (Payload) TableName() string { return "submission_payloads" }

// OnceKey makes a repeat the same intent while it lives.
type OnceKey struct {
	Key          []byte `gorm:"primaryKey"`
	BodyHash     []byte
	SubmissionID uuid.UUID `gorm:"type:uuid"`
	ExpiresAt    time.Time
}

// Outcome is what came of a submission. Joined: its request joined a message that was already waiting.
type Outcome struct {
	SubmissionID uuid.UUID  `gorm:"primaryKey;type:uuid"`
	LeadID       uuid.UUID  `gorm:"type:uuid"`
	AddressID    *uuid.UUID `gorm:"type:uuid"`
	GrantID      *uuid.UUID `gorm:"type:uuid"`
	MessageID    *uuid.UUID `gorm:"type:uuid"`
	Joined       bool
	ProcessedAt  time.Time
}

// Submission reads one.
func (s *Store) Submission(ctx context.Context, id uuid.UUID) (Submission, error) {
	var out Submission
	err := s.DB(ctx).Where("id = ?", id).Take(&out).Error
	return out, translate(err)
}

// Payload reads what was typed; NotFound once it is erased.
func (s *Store) Payload(ctx context.Context, id uuid.UUID) (Payload, error) {
	var out Payload
	err := s.DB(ctx).Where("submission_id = ?", id).Take(&out).Error
	return out, translate(err)
}

// Outcome reads what came of a submission; nil while it is not processed.
func (s *Store) Outcome(ctx context.Context, id uuid.UUID) (*Outcome, error) {
	var out []Outcome
	if err := s.DB(ctx).Where("submission_id = ?", id).Limit(1).Find(&out).Error; err != nil || len(out) == 0 {
		return nil, translate(err)
	}
	return &out[0], nil
}

// LockOpen locks those of the submissions that wait to be processed, in the order of their ids; a live double of the job
// finds none left. Where there are few of them it takes others that wait along, as many as fit into one transaction and
// nobody else holds: their own jobs will find nothing left to do.
func (tx *Tx) LockOpen(ids []uuid.UUID, most int) ([]Submission, map[uuid.UUID]Payload, error) {
	var subs []Submission
	err := tx.ForUpdate().Where("id in ? and state in ('received','released')", ids).Order("id").Find(&subs).Error
	if err != nil || len(subs) == 0 {
		return nil, nil, translate(err)
	}
	if room := most - len(subs); room > 0 {
		var more []Submission
		err := tx.Clauses(clause.Locking{Strength: "UPDATE", Options: "SKIP LOCKED"}).
			Where("state in ('received','released') and id not in ?", ids).Order("received_at").Limit(room).Find(&more).Error
		if err != nil {
			return nil, nil, translate(err)
		}
		subs = append(subs, more...)
		sort.Slice(subs, func(i, j int) bool { return bytes.Compare(subs[i].ID[:], subs[j].ID[:]) < 0 })
	}
	open := make([]uuid.UUID, len(subs))
	for i, s := range subs {
		open[i] = s.ID
	}
	var rows []Payload
	if err := tx.Where("submission_id in ?", open).Find(&rows).Error; err != nil {
		return nil, nil, translate(err)
	}
	payloads := make(map[uuid.UUID]Payload, len(rows))
	for _, p := range rows {
		payloads[p.SubmissionID] = p
	}
	return subs, payloads, nil
}

// SetSubmissionStates moves submissions on.
func (tx *Tx) SetSubmissionStates(ids []uuid.UUID, state string) error {
	if len(ids) == 0 {
		return nil
	}
	return translate(tx.Model(&Submission{}).Where("id in ?", ids).
		Updates(map[string]any{"state": state, "state_at": tx.Now()}).Error)
}

// Corrections counts the submissions that correct another one's address.
func (s *Store) Corrections(ctx context.Context, id uuid.UUID) (int, error) {
	var n int64
	err := s.DB(ctx).Model(&Submission{}).Where("corrects_id = ?", id).Count(&n).Error
	return int(n), translate(err)
}
