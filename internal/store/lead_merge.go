package store

import (
	"encoding/json"
	"time"

	"github.com/google/uuid"
)

// LeadOrigin is where a lead that was typed by staff came from, and by what right it is kept.
type LeadOrigin struct {
	LeadID     uuid.UUID `gorm:"primaryKey;type:uuid"`
	Kind       string
	LegalBasis string
	Note       string
	ByID       *uuid.UUID `gorm:"type:uuid"`
	At         time.Time
}

// LeadMerge is one merge of two leads, with what is needed to undo it.
type LeadMerge struct {
	ID       uuid.UUID       `gorm:"primaryKey;type:uuid"`
	FromID   uuid.UUID       `gorm:"type:uuid"`
	IntoID   uuid.UUID       `gorm:"type:uuid"`
	Moved    json.RawMessage `gorm:"type:jsonb;serializer:json"`
	ByID     *uuid.UUID      `gorm:"type:uuid"`
	At       time.Time
	UndoneAt *time.Time
	UndoneBy *uuid.UUID `gorm:"type:uuid"`
}
