package store

import (
	"encoding/json"
	"time"

	"github.com/google/uuid"
)

// Rehearsal is one replay of draft rules over recorded facts.
type Rehearsal struct {
	ID        uuid.UUID `gorm:"primaryKey;type:uuid"`
	RuleSetID uuid.UUID `gorm:"type:uuid"`
	Version   int64
	Days      int32 `gorm:"type:integer"`
	State     string
	Done      int32           `gorm:"type:integer"`
	Total     int32           `gorm:"type:integer"`
	Result    json.RawMessage `gorm:"type:jsonb;serializer:json"`
	Reason    string
	StartedBy *uuid.UUID `gorm:"type:uuid"`
	CreatedAt time.Time  `gorm:"autoCreateTime:false"`
	StateAt   time.Time
}

// RehearsalLead is one lead for whom a rehearsal would change something.
type RehearsalLead struct {
	RehearsalID     uuid.UUID `gorm:"primaryKey;type:uuid"`
	LeadID          uuid.UUID `gorm:"primaryKey;type:uuid"`
	BeforePoints    int32     `gorm:"type:integer"`
	AfterPoints     int32     `gorm:"type:integer"`
	BeforeQualified bool
	AfterQualified  bool
	BeforeOwnerID   *uuid.UUID `gorm:"type:uuid"`
	AfterOwnerID    *uuid.UUID `gorm:"type:uuid"`
}

// Rescore is one resumable rescoring of open leads.
type Rescore struct {
	ID        uuid.UUID `gorm:"primaryKey;type:uuid"`
	RuleSetID uuid.UUID `gorm:"type:uuid"`
	State     string
	AfterID   *uuid.UUID `gorm:"type:uuid"`
	Done      int32      `gorm:"type:integer"`
	Total     int32      `gorm:"type:integer"`
	StartedBy *uuid.UUID `gorm:"type:uuid"`
	CreatedAt time.Time  `gorm:"autoCreateTime:false"`
	StateAt   time.Time
}
