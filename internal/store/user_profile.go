package store

import (
	"time"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/pipeline"
)

// UserProfile is a member of staff as prospects and the routing see them: name card, working hours, leave-taking.
type UserProfile struct {
	UserID        uuid.UUID `gorm:"primaryKey;type:uuid"`
	JobTitle      string
	Tel           string
	BookingURL    string
	PhotoKey      string
	TimeZone      string
	Hours         pipeline.Week `gorm:"type:jsonb;serializer:json"`
	HolidayRegion string
	LeavesAt      *time.Time
	HeirID        *uuid.UUID `gorm:"type:uuid"`
	LeftAt        *time.Time
	Version       int64
	UpdatedAt     time.Time `gorm:"autoUpdateTime:false"`
}

// Absence is a time in which a deputy takes over.
type Absence struct {
	ID        uuid.UUID `gorm:"primaryKey;type:uuid"`
	UserID    uuid.UUID `gorm:"type:uuid"`
	StartsAt  time.Time
	EndsAt    time.Time
	DeputyID  *uuid.UUID `gorm:"type:uuid"`
	Note      string
	CreatedBy *uuid.UUID `gorm:"type:uuid"`
	CreatedAt time.Time  `gorm:"autoCreateTime:false"`
}

// Holiday is a public holiday that staff added, or (works) took away.
type Holiday struct {
	Region string    `gorm:"primaryKey"`
	Day    time.Time `gorm:"primaryKey;type:date"`
	Name   string
	Works  bool
}
