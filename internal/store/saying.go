package store

import (
	"encoding/json"
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

// Saying is what a reader said: "this one is us", or a question to the author.
type Saying struct {
	ID           uuid.UUID  `gorm:"primaryKey;type:uuid"`
	LeadID       uuid.UUID  `gorm:"type:uuid"`
	AddressID    uuid.UUID  `gorm:"type:uuid"`
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

// ContactChoice is how a reader wants to be met.
type ContactChoice struct {
	ID           uuid.UUID  `gorm:"primaryKey;type:uuid"`
	LeadID       uuid.UUID  `gorm:"type:uuid"`
	AddressID    uuid.UUID  `gorm:"type:uuid"`
	SubmissionID *uuid.UUID `gorm:"type:uuid"`
	How          string
	Slots        json.RawMessage `gorm:"type:jsonb;serializer:json"`
	Tel          string
	Page         string
	State        string
	Current      bool
	At           time.Time
	ConfirmedAt  *time.Time
}
