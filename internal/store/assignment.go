package store

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/pipeline"
)

// The states of an assignment. Open waits for its owner's word; accepted has a deal; the others are over, each with its
// reason.
const (
	AssignmentOpen       = "open"
	AssignmentAccepted   = "accepted"
	AssignmentReturned   = "returned"   // to marketing: no lead for sales
	AssignmentDeclined   = "declined"   // by the owner: somebody else's
	AssignmentReassigned = "reassigned" // taken over by somebody else, or taken away
	AssignmentClosed     = "closed"     // its deal is won or lost
)

// Why an assignment was taken over: its CloseReason then.
const (
	TakenByHand     = "by-hand"
	TakenNoResponse = "no-response"
	TakenHandOver   = "hand-over"
	TakenByDeputy   = "deputy"
	TakenErased     = "erased" // of assignments and deals: the person was erased
)

// Assignment is one qualified lead in one owner's hands, with the reason and the clock.
type Assignment struct {
	ID                uuid.UUID  `gorm:"primaryKey;type:uuid"`
	LeadID            uuid.UUID  `gorm:"type:uuid"`
	OwnerID           uuid.UUID  `gorm:"type:uuid"`
	TeamID            *uuid.UUID `gorm:"type:uuid"` // whose rotation chose; nil where none did
	AnsweringTeamID   *uuid.UUID `gorm:"type:uuid"` // which team answers for the lead in these hands
	RuleSetID         *uuid.UUID `gorm:"type:uuid"`
	RuleKey           string
	How               string
	Reason            string
	ReasonData        pipeline.Why `gorm:"type:jsonb;serializer:json"`
	State             string
	PreviousID        *uuid.UUID `gorm:"type:uuid"`
	Period            time.Time  `gorm:"type:date"`
	At                time.Time
	ClockFrom         time.Time
	ClockUsed         int32 `gorm:"type:integer;default:0"` // seconds of working time that the hands before had used up at At
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

// Held tells that the lead is in the owner's hands.
func (a Assignment) Held() bool { return a.State == AssignmentOpen || a.State == AssignmentAccepted }

// Assignment reads one.
func (s *Store) Assignment(ctx context.Context, id uuid.UUID) (Assignment, error) {
	var a Assignment
	err := s.DB(ctx).Where("id = ?", id).Take(&a).Error
	return a, translate(err)
}

// LockAssignment reads one and keeps others off it, after its lead: the lock order.
func (tx *Tx) LockAssignment(id uuid.UUID) (a Assignment, l Lead, err error) {
	if err = tx.Where("id = ?", id).Take(&a).Error; err != nil {
		return a, l, translate(err)
	}
	if err = tx.ForUpdate().Where("id = ?", a.LeadID).Take(&l).Error; err != nil {
		return a, l, translate(err)
	}
	err = tx.ForUpdate().Where("id = ?", id).Take(&a).Error
	return a, l, translate(err)
}

// HeldAssignment is the lead's open or accepted one; nil when there is none.
func HeldAssignment(db *Query, leadID uuid.UUID) (*Assignment, error) {
	var rows []Assignment
	err := db.Where("lead_id = ? and state in ('open','accepted')", leadID).Limit(1).Find(&rows).Error
	if err != nil || len(rows) == 0 {
		return nil, translate(err)
	}
	return &rows[0], nil
}
