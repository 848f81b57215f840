package store

import (
	"encoding/json"
	"time"

	"github.com/google/uuid"
)

// Pull is one thing that a connector told.
type Pull struct {
	ID          uuid.UUID `gorm:"primaryKey;type:uuid"`
	ConnectorID uuid.UUID `gorm:"type:uuid"`
	EventKey    string
	How         string
	Type        string
	ObjectKind  string
	ObjectID    *uuid.UUID      `gorm:"type:uuid"`
	Body        json.RawMessage `gorm:"type:jsonb;serializer:json"`
	Outcome     string
	Reason      string
	At          time.Time
	AppliedAt   *time.Time
}
