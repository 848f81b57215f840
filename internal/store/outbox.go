package store

import (
	"encoding/json"
	"time"

	"github.com/google/uuid"
)

// OutboxEvent is something that happened and that others may want to know.
type OutboxEvent struct {
	ID           uuid.UUID `gorm:"primaryKey;type:uuid"`
	Type         string
	LeadID       uuid.UUID       `gorm:"type:uuid"`
	SubmissionID *uuid.UUID      `gorm:"type:uuid"`
	AssignmentID *uuid.UUID      `gorm:"type:uuid"`
	DealID       *uuid.UUID      `gorm:"type:uuid"`
	Detail       json.RawMessage `gorm:"type:jsonb;serializer:json"`
	Origin       string
	At           time.Time
	SpreadAt     *time.Time
}

// TableName is the table's name.
func (OutboxEvent) TableName() string { return "outbox" }
