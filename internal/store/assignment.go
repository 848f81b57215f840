package store

import (
	"encoding/json"
	"time"

	"github.com/google/uuid"
)

// Assignment is one qualified lead in one owner's hands, with the reason and the clock.
type Assignment struct {
	ID                uuid.UUID  `gorm:"primaryKey;type:uuid"`
	LeadID            uuid.UUID  `gorm:"type:uuid"`
	OwnerID           uuid.UUID  `gorm:"type:uuid"`
	TeamID            *uuid.UUID `gorm:"type:uuid"`
	RuleSetID         *uuid.UUID `gorm:"type:uuid"`
	RuleKey           string
	How               string
	Reason            string
	ReasonData        json.RawMessage `gorm:"type:jsonb;serializer:json"`
	State             string
	PreviousID        *uuid.UUID `gorm:"type:uuid"`
	Period            time.Time  `gorm:"type:date"`
	At                time.Time
	ClockFrom         time.Time
	WarnAt            *time.Time
	EscalateAt        *time.Time
	ReassignAt        *time.Time
	WarnedAt          *time.Time
	EscalatedAt       *time.Time
	FirstResponseAt   *time.Time
	FirstResponseBy   *uuid.UUID `gorm:"type:uuid"`
	FirstResponseKind string
	ResponseSeconds   *int32 `gorm:"type:integer"`
	AcceptedAt        *time.Time
	ClosedAt          *time.Time
	CloseReason       string
	CloseNote         string
	ClosedBy          *uuid.UUID `gorm:"type:uuid"`
	AlertMessageID    *uuid.UUID `gorm:"type:uuid"`
	Version           int64
}
