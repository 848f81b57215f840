package store

import (
	"context"
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

// ReadSalesSettings reads the row.
func ReadSalesSettings(db *Query) (out SalesSettings, err error) {
	return out, translate(db.Where("id = 1").Take(&out).Error)
}

// SalesSettings reads the row.
func (s *Store) SalesSettings(ctx context.Context) (SalesSettings, error) {
	return ReadSalesSettings(s.DB(ctx))
}

// SaveSalesSettings writes the row if nobody changed it since in.Version was read.
func (tx *Tx) SaveSalesSettings(in SalesSettings) error {
	read := in.Version
	in.ID, in.Version, in.UpdatedAt = 1, read+1, tx.Now()
	return expectOne(tx.Model(&SalesSettings{}).Where("id = 1 and version = ?", read).Select("*").Updates(&in))
}
