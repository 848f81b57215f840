package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"github.com/gatehouse/gatehouse/internal/errs"
)

// Settings is the one row of what staff decide for the installation.
type Settings struct {
	ID             int16 `gorm:"primaryKey;autoIncrement:false;type:smallint"`
	CompanyName    string
	PostalAddress  string
	ContactEmail   string
	SenderName     string
	PrivacyURL     string `gorm:"column:privacy_url"`
	PrivacyVersion string
	ImprintURL     string `gorm:"column:imprint_url"`
	ImprintVersion string
	TimeZone       string
	WeekStart      int16 `gorm:"type:smallint"`
	Currency       string
	Locale         string
	MailHold       bool
	MailHoldWhy    string
	Version        int64
	UpdatedAt      time.Time `gorm:"autoUpdateTime:false"`
}

// TableName is the table's name.
func (Settings) TableName() string { return "settings" }

// Zone is the installation's time zone, UTC when the name is unknown to this machine.
func (s Settings) Zone() *time.Location {
	if z, err := time.LoadLocation(s.TimeZone); err == nil {
		return z
	}
	return time.UTC
}

// Notices names the versions of privacy notice and imprint that a submission was made under.
func (s Settings) Notices() string {
	return "privacy " + s.PrivacyVersion + "; imprint " + s.ImprintVersion
}

// Settings reads the row.
func (s *Store) Settings(ctx context.Context) (Settings, error) {
	var out Settings
	err := s.DB(ctx).Where("id = 1").Take(&out).Error
	return out, translate(err)
}

// SaveSettings writes the row if nobody changed it since in.Version was read.
func (tx *Tx) SaveSettings(in Settings) error {
	read := in.Version
	in.ID, in.Version, in.UpdatedAt = 1, read+1, tx.Now()
	return expectOne(tx.Model(&Settings{}).Where("id = 1 and version = ?", read).Select("*").Updates(&in))
}

// expectOne turns "no row matched" of a versioned update into a conflict that a person understands.
func expectOne(res *gorm.DB) error {
	if res.Error != nil {
		return translate(res.Error)
	}
	if res.RowsAffected == 0 {
		return errs.New(errs.Conflict, "Somebody else changed this meanwhile. Reload the page, and your change can be made on top of theirs.")
	}
	return nil
}
