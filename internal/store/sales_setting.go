package store

import (
	"time"

	"github.com/google/uuid"
)

// SalesSettings is the one row of what staff decide for sales.
type SalesSettings struct {
	ID              int16 `gorm:"primaryKey;autoIncrement:false;type:smallint"`
	Visibility      string
	PersonFigures   bool
	RotationPeriod  string
	WarnMinutes     int32      `gorm:"type:integer"`
	EscalateMinutes int32      `gorm:"type:integer"`
	ReassignMinutes int32      `gorm:"type:integer"`
	FallbackUserID  *uuid.UUID `gorm:"type:uuid"`
	ManagerUserID   *uuid.UUID `gorm:"type:uuid"`
	DigestOver      int32      `gorm:"type:integer"`
	TouchesPerWeek  int32      `gorm:"type:integer"`
	QuietFrom       int16      `gorm:"type:smallint"`
	QuietUntil      int16      `gorm:"type:smallint"`
	InboundDomain   string
	Version         int64
	UpdatedAt       time.Time `gorm:"autoUpdateTime:false"`
}

// TableName is the table's name.
func (SalesSettings) TableName() string { return "sales_settings" }
