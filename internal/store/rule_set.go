package store

import (
	"encoding/json"
	"time"

	"github.com/google/uuid"
)

// RuleSet is one version of the scoring or routing rules.
type RuleSet struct {
	ID          uuid.UUID `gorm:"primaryKey;type:uuid"`
	Kind        string
	Number      int32 `gorm:"type:integer"`
	State       string
	Definition  json.RawMessage `gorm:"type:jsonb;serializer:json"`
	Note        string
	BasedOnID   *uuid.UUID `gorm:"type:uuid"`
	CreatedBy   *uuid.UUID `gorm:"type:uuid"`
	CreatedAt   time.Time  `gorm:"autoCreateTime:false"`
	UpdatedAt   time.Time  `gorm:"autoUpdateTime:false"`
	PublishedBy *uuid.UUID `gorm:"type:uuid"`
	PublishedAt *time.Time
	RetiredAt   *time.Time
	Version     int64
}
