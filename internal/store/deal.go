package store

import (
	"time"

	"github.com/google/uuid"
)

// Deal is what an accepted lead became. Value is in minor units of Currency.
type Deal struct {
	ID           uuid.UUID  `gorm:"primaryKey;type:uuid"`
	LeadID       uuid.UUID  `gorm:"type:uuid"`
	CompanyID    *uuid.UUID `gorm:"type:uuid"`
	AssignmentID uuid.UUID  `gorm:"type:uuid"`
	OwnerID      uuid.UUID  `gorm:"type:uuid"`
	Title        string
	Stage        string
	State        string
	Value        *int64
	Currency     string
	ExpectedOn   *time.Time `gorm:"type:date"`
	Reason       string
	ReasonNote   string
	Position     float64 `gorm:"type:double precision"`
	OpenedAt     time.Time
	StageAt      time.Time
	ClosedAt     *time.Time
	Version      int64
	UpdatedAt    time.Time `gorm:"autoUpdateTime:false"`
}

// DealChange is one change of a deal.
type DealChange struct {
	ID        uuid.UUID `gorm:"primaryKey;type:uuid"`
	DealID    uuid.UUID `gorm:"type:uuid"`
	At        time.Time
	ByID      *uuid.UUID `gorm:"type:uuid"`
	How       string
	FromStage string
	ToStage   string
	Fields    map[string]FromTo `gorm:"type:jsonb;serializer:json"`
	Version   int64
}

// FromTo is what a field of a deal was and became, as people read it.
type FromTo struct {
	From string `json:"from"`
	To   string `json:"to"`
}
