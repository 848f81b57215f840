package store

import (
	"context"
	"time"

	"github.com/google/uuid"
)

// DocumentQuestion is one question that a document asks its reader.
type DocumentQuestion struct {
	ID         uuid.UUID `gorm:"primaryKey;type:uuid"`
	DocumentID uuid.UUID `gorm:"type:uuid"`
	Number     int32     `gorm:"type:integer"`
	Text       string
	ArchivedAt *time.Time
	CreatedAt  time.Time `gorm:"autoCreateTime:false"`
}

// Saying is what a reader said: "this one is us" (Text is the question as it read then), or a question to the author. Lead
// and address are nil while the submission that it was said with has not become a lead.
type Saying struct {
	ID           uuid.UUID  `gorm:"primaryKey;type:uuid"`
	LeadID       *uuid.UUID `gorm:"type:uuid"`
	AddressID    *uuid.UUID `gorm:"type:uuid"`
	DocumentID   uuid.UUID  `gorm:"type:uuid"`
	QuestionID   *uuid.UUID `gorm:"type:uuid"`
	SubmissionID *uuid.UUID `gorm:"type:uuid"`
	Kind         string
	Text         string
	Page         string
	State        string
	At           time.Time
	ConfirmedAt  *time.Time
	TakenBackAt  *time.Time
	AnsweredAt   *time.Time
	AnsweredBy   *uuid.UUID `gorm:"type:uuid"`
}

// ContactChoice is how a reader wants to be met: "mail" once, "call" at one of the slots, "booking" of a time, or "none".
type ContactChoice struct {
	ID           uuid.UUID  `gorm:"primaryKey;type:uuid"`
	LeadID       *uuid.UUID `gorm:"type:uuid"`
	AddressID    *uuid.UUID `gorm:"type:uuid"`
	SubmissionID *uuid.UUID `gorm:"type:uuid"`
	How          string
	Slots        []Slot `gorm:"type:jsonb;serializer:json"`
	Tel          string // E.164
	Page         string
	State        string
	Current      bool
	At           time.Time
	ConfirmedAt  *time.Time
}

// Slot is a time at which a call is welcome: from and until in UTC with the zone that the reader thinks in, or the
// reader's own words, or both. Times are zero where only words were given.
type Slot struct {
	From  time.Time `json:"from,omitzero"`
	Until time.Time `json:"until,omitzero"`
	Zone  string    `json:"zone,omitempty"`
	Words string    `json:"words,omitempty"`
}

// Questions are those that documents ask now, in their order, by document.
func (s *Store) Questions(ctx context.Context) (map[uuid.UUID][]DocumentQuestion, error) {
	var rows []DocumentQuestion
	if err := s.DB(ctx).Where("archived_at is null").Order("document_id, number").Find(&rows).Error; err != nil {
		return nil, translate(err)
	}
	out := map[uuid.UUID][]DocumentQuestion{}
	for _, q := range rows {
		out[q.DocumentID] = append(out[q.DocumentID], q)
	}
	return out, nil
}
