package store

import (
	"time"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/pipeline"
)

// PlanTemplate is the plan that leads of a segment get.
type PlanTemplate struct {
	ID         uuid.UUID `gorm:"primaryKey;type:uuid"`
	Name       string
	Condition  string
	Position   int32               `gorm:"type:integer"`
	Steps      []pipeline.PlanStep `gorm:"type:jsonb;serializer:json"`
	ArchivedAt *time.Time
	Version    int64
	UpdatedAt  time.Time `gorm:"autoUpdateTime:false"`
}

// Plan is the strategy of one assignment.
type Plan struct {
	ID           uuid.UUID  `gorm:"primaryKey;type:uuid"`
	LeadID       uuid.UUID  `gorm:"type:uuid"`
	AssignmentID uuid.UUID  `gorm:"type:uuid"`
	TemplateID   *uuid.UUID `gorm:"type:uuid"`
	Name         string
	LeftOut      []pipeline.LeftOut `gorm:"type:jsonb;serializer:json"`
	CreatedAt    time.Time          `gorm:"autoCreateTime:false"`
	Version      int64
}

// Step is one agreed step of a plan.
type Step struct {
	ID         uuid.UUID `gorm:"primaryKey;type:uuid"`
	PlanID     uuid.UUID `gorm:"type:uuid"`
	LeadID     uuid.UUID `gorm:"type:uuid"`
	OwnerID    uuid.UUID `gorm:"type:uuid"`
	Number     int32     `gorm:"type:integer"`
	Channel    string
	Title      string
	DueAt      time.Time
	DoneAt     *time.Time
	DoneBy     *uuid.UUID `gorm:"type:uuid"`
	SkippedAt  *time.Time
	ActivityID *uuid.UUID `gorm:"type:uuid"`
	Barred     string     `gorm:"default:''"` // what it would go beyond, as things stood last; "" for nothing
	Version    int64
}
