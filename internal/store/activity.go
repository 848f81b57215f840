package store

import (
	"time"

	"github.com/google/uuid"
)

// Activity is one thing that happened between an owner and a lead: the tactics.
type Activity struct {
	ID           uuid.UUID  `gorm:"primaryKey;type:uuid"`
	LeadID       uuid.UUID  `gorm:"type:uuid"`
	AssignmentID *uuid.UUID `gorm:"type:uuid"`
	DealID       *uuid.UUID `gorm:"type:uuid"`
	UserID       *uuid.UUID `gorm:"type:uuid"`
	Kind         string
	Direction    string
	Text         string
	How          string
	SourceKey    *string
	Why          string
	Beyond       string
	BeyondReason string
	At           time.Time
	RecordedAt   time.Time
	TakenBackAt  *time.Time
}

// ApproachBlock is a "do not approach" of staff.
type ApproachBlock struct {
	ID       uuid.UUID `gorm:"primaryKey;type:uuid"`
	LeadID   uuid.UUID `gorm:"type:uuid"`
	Channel  string
	Reason   string
	ByID     *uuid.UUID `gorm:"type:uuid"`
	At       time.Time
	LiftedAt *time.Time
}
