package store

import (
	"encoding/json"
	"time"

	"github.com/google/uuid"
)

// Rehearsal is one replay of draft rules over recorded facts. Definition is the draft as it was then; AfterID is how far
// it is.
type Rehearsal struct {
	ID         uuid.UUID `gorm:"primaryKey;type:uuid"`
	RuleSetID  uuid.UUID `gorm:"type:uuid"`
	Version    int64
	Definition json.RawMessage `gorm:"type:jsonb;serializer:json"`
	Days       int32           `gorm:"type:integer"`
	State      string
	AfterID    *uuid.UUID      `gorm:"type:uuid"`
	Done       int32           `gorm:"type:integer"`
	Total      int32           `gorm:"type:integer"`
	Result     RehearsalResult `gorm:"type:jsonb;serializer:json"`
	StartedBy  *uuid.UUID      `gorm:"type:uuid"`
	CreatedAt  time.Time       `gorm:"autoCreateTime:false"`
	StateAt    time.Time
}

// RehearsalResult is what a rehearsal counted: leads by what they would be under the published rules and under the draft.
type RehearsalResult struct {
	Events  int            `json:"events"`            // that were replayed
	Before  int            `json:"before"`            // leads that qualify under the published rules
	After   int            `json:"after"`             // leads that qualify under the draft
	More    int            `json:"more"`              // qualify under the draft only
	Fewer   int            `json:"fewer"`             // qualify under the published rules only
	Grades  map[string]int `json:"grades,omitempty"`  // by grade under the draft
	Grades0 map[string]int `json:"grades0,omitempty"` // by grade under the published rules
	Moved   int            `json:"moved,omitempty"`   // leads that qualify under both and go to somebody else
	Owners  map[string]int `json:"owners,omitempty"`  // leads by owner under the draft; "" is nobody
	Owners0 map[string]int `json:"owners0,omitempty"` // leads by owner under the published rules
	Routed  bool           `json:"routed,omitempty"`  // the owners were looked at
	Left    int            `json:"left,omitempty"`    // leads whose owners were not looked at, since there are too many
	Failed  map[string]int `json:"failed,omitempty"`  // by rule that could not be evaluated
}

// Add puts another count to this one.
func (r *RehearsalResult) Add(o RehearsalResult) {
	r.Events, r.Before, r.After, r.More, r.Fewer = r.Events+o.Events, r.Before+o.Before, r.After+o.After, r.More+o.More, r.Fewer+o.Fewer
	for _, m := range []struct {
		to   *map[string]int
		from map[string]int
	}{{&r.Grades, o.Grades}, {&r.Grades0, o.Grades0}, {&r.Failed, o.Failed}} {
		for k, n := range m.from {
			if *m.to == nil {
				*m.to = map[string]int{}
			}
			(*m.to)[k] += n
		}
	}
}

// RehearsalLead is one lead that qualifies in a rehearsal, under the published rules, the draft, or both.
type RehearsalLead struct {
	RehearsalID     uuid.UUID `gorm:"primaryKey;type:uuid"`
	LeadID          uuid.UUID `gorm:"primaryKey;type:uuid"`
	BeforePoints    int32     `gorm:"type:integer"`
	AfterPoints     int32     `gorm:"type:integer"`
	BeforeQualified bool
	AfterQualified  bool
	BeforeAt        *time.Time // when it would have qualified first
	AfterAt         *time.Time
	BeforeOwnerID   *uuid.UUID `gorm:"type:uuid"`
	AfterOwnerID    *uuid.UUID `gorm:"type:uuid"`
}

// Rescore is one resumable rescoring of open leads.
type Rescore struct {
	ID        uuid.UUID `gorm:"primaryKey;type:uuid"`
	RuleSetID uuid.UUID `gorm:"type:uuid"`
	State     string
	AfterID   *uuid.UUID  `gorm:"type:uuid"`
	Done      int32       `gorm:"type:integer"`
	Failed    int32       `gorm:"type:integer"`               // of those done
	SetAside  []uuid.UUID `gorm:"type:jsonb;serializer:json"` // the first that failed
	Total     int32       `gorm:"type:integer"`
	StartedBy *uuid.UUID  `gorm:"type:uuid"`
	CreatedAt time.Time   `gorm:"autoCreateTime:false"`
	StateAt   time.Time
}

// Since is the time from which a rehearsal replays.
func (r Rehearsal) Since() time.Time { return r.CreatedAt.AddDate(0, 0, -int(r.Days)) }
