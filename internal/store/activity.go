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

	Sender        string     `gorm:"default:''"` // of a mail that came in: SenderVerified or SenderUnverified
	ReasonAskedAt *time.Time // whoever signed it could not be asked before it happened, and was asked then
	ReasonGivenAt *time.Time
	ReasonGivenBy *uuid.UUID `gorm:"type:uuid"`
}

// What the receiving server found out about the sender of a mail.
const (
	SenderVerified   = "verified"
	SenderUnverified = "unverified"
)

// ReasonOpen tells that the reason for going beyond the contact policy was asked for, and that nobody has given it yet.
func (a Activity) ReasonOpen() bool { return a.ReasonAskedAt != nil && a.ReasonGivenAt == nil }

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
