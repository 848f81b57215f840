package store

import (
	"encoding/json"
	"time"

	"github.com/google/uuid"
)

// Connector is one other system.
type Connector struct {
	ID          uuid.UUID `gorm:"primaryKey;type:uuid"`
	Kind        string
	Name        string
	State       string
	Settings    map[string]string `gorm:"type:jsonb;serializer:json"`
	Secrets     []byte
	Mapping     json.RawMessage `gorm:"type:jsonb;serializer:json"`
	AlertUserID *uuid.UUID      `gorm:"type:uuid"`
	Failures    int32           `gorm:"type:integer"`
	BrokenAt    *time.Time
	BrokenWhy   string
	ProbeAt     *time.Time
	WaitUntil   *time.Time
	PushedAt    *time.Time
	Cursor      string
	PulledAt    *time.Time
	PullDueAt   *time.Time
	Version     int64
	CreatedAt   time.Time `gorm:"autoCreateTime:false"`
	UpdatedAt   time.Time `gorm:"autoUpdateTime:false"`
}

// RemoteObject is the other system's object for one of ours.
type RemoteObject struct {
	ConnectorID uuid.UUID `gorm:"primaryKey;type:uuid"`
	ObjectKind  string    `gorm:"primaryKey"`
	ObjectID    uuid.UUID `gorm:"primaryKey;type:uuid"`
	RemoteKind  string
	RemoteID    string
	Sent        map[string]string `gorm:"type:jsonb;serializer:json"` // what both sides agreed on last, by property
	Seen        map[string]string `gorm:"type:jsonb;serializer:json"` // what they told last
	GoneAt      *time.Time
	At          time.Time
}

// RemoteCompany is who owns a company in the other system. KnownBy is a keyed hash of its domain or name.
type RemoteCompany struct {
	ConnectorID uuid.UUID `gorm:"primaryKey;type:uuid"`
	RemoteID    string    `gorm:"primaryKey"`
	KnownBy     string
	OwnerID     string    // of theirs
	OwnerAt     time.Time // when they were named, as far as is known
	At          time.Time
}

// RemoteUser is an owner in the other system.
type RemoteUser struct {
	ConnectorID uuid.UUID `gorm:"primaryKey;type:uuid"`
	RemoteID    string    `gorm:"primaryKey"`
	Name        string
	Email       string
	UserID      *uuid.UUID `gorm:"type:uuid"`
	At          time.Time
}
