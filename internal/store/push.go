package store

import (
	"encoding/json"
	"time"

	"github.com/google/uuid"
)

// Push is one delivery to a connector.
type Push struct {
	ID          uuid.UUID `gorm:"primaryKey;type:uuid"`
	ConnectorID uuid.UUID `gorm:"type:uuid"`
	ObjectKind  string
	ObjectID    uuid.UUID `gorm:"type:uuid"`
	Revision    uuid.UUID `gorm:"type:uuid"`
	Type        string
	LeadID      uuid.UUID `gorm:"type:uuid"`
	State       string
	Reason      string
	Payload     json.RawMessage `gorm:"type:jsonb;serializer:json"`
	RemoteID    string
	DueAt       time.Time
	Tries       int32     `gorm:"type:integer"`
	CreatedAt   time.Time `gorm:"autoCreateTime:false"`
	StateAt     time.Time
	Making      *uuid.UUID `gorm:"type:uuid"` // the company whose object it may make
}

// PushAttempt is one try of a push.
type PushAttempt struct {
	ID         uuid.UUID `gorm:"primaryKey;type:uuid"`
	PushID     uuid.UUID `gorm:"type:uuid"`
	Number     int32     `gorm:"type:integer"`
	Worker     string
	StartedAt  time.Time
	LeaseUntil time.Time
	FinishedAt *time.Time
	Outcome    string
	Status     int32 `gorm:"type:integer"`
	Request    string
	Answer     string
}
