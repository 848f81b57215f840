package store

import (
	"time"

	"github.com/google/uuid"
)

// SavedView is a filter that somebody keeps.
type SavedView struct {
	ID        uuid.UUID `gorm:"primaryKey;type:uuid"`
	UserID    uuid.UUID `gorm:"type:uuid"`
	Page      string
	Name      string
	Query     string
	CreatedAt time.Time `gorm:"autoCreateTime:false"`
}
