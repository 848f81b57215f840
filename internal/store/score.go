package store

import (
	"time"

	"github.com/google/uuid"
)

// Score is what a lead scored; its lines add up to it. Points are hundredths.
type Score struct {
	LeadID      uuid.UUID `gorm:"primaryKey;type:uuid"`
	RuleSetID   uuid.UUID `gorm:"type:uuid"`
	Fit         int32     `gorm:"type:integer"`
	Engagement  int32     `gorm:"type:integer"`
	Grade       string
	QualifiedAt *time.Time
	Why         string
	ScoredAt    time.Time
}

// ScoreLine is one reason for points: which rule, from which event, when. Points are hundredths, after the cap of the group.
type ScoreLine struct {
	LeadID    uuid.UUID `gorm:"primaryKey;type:uuid"`
	Number    int32     `gorm:"primaryKey;autoIncrement:false;type:integer"`
	RuleSetID uuid.UUID `gorm:"type:uuid"`
	Side      string
	GroupKey  string
	RuleKey   string
	Title     string
	Points    int32 `gorm:"type:integer"`
	DecayDays int32 `gorm:"type:integer"`
	At        time.Time
	EventKind string
	EventID   *uuid.UUID `gorm:"type:uuid"`
}

// ScoreChange is a change of grade or qualification.
type ScoreChange struct {
	ID         uuid.UUID `gorm:"primaryKey;type:uuid"`
	LeadID     uuid.UUID `gorm:"type:uuid"`
	RuleSetID  uuid.UUID `gorm:"type:uuid"`
	Fit        int32     `gorm:"type:integer"`
	Engagement int32     `gorm:"type:integer"`
	Grade      string
	Qualified  bool
	At         time.Time
}
