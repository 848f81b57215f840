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

// The kinds and states of rule sets.
const (
	RulesScoring   = "scoring"
	RulesRouting   = "routing"
	RulesDraft     = "draft"
	RulesPublished = "published"
	RulesRetired   = "retired"
)

// PublishedRules reads the published version of a kind; nil when there is none.
func PublishedRules(db *Query, kind string) (*RuleSet, error) {
	return ruleSet(db, kind, RulesPublished)
}

// DraftRules reads the draft of a kind; nil when there is none.
func DraftRules(db *Query, kind string) (*RuleSet, error) { return ruleSet(db, kind, RulesDraft) }

func ruleSet(db *Query, kind, state string) (*RuleSet, error) {
	var rows []RuleSet
	err := db.Where("kind = ? and state = ?", kind, state).Limit(1).Find(&rows).Error
	if err != nil || len(rows) == 0 {
		return nil, translate(err)
	}
	return &rows[0], nil
}
