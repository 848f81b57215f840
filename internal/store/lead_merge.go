package store

import (
	"time"

	"github.com/google/uuid"
)

// LeadOrigin is where a lead that was typed by staff came from, and by what right it is kept.
type LeadOrigin struct {
	LeadID     uuid.UUID `gorm:"primaryKey;type:uuid"`
	Kind       string
	LegalBasis string
	Note       string
	ByID       *uuid.UUID `gorm:"type:uuid"`
	At         time.Time
	Covers     *[]string `gorm:"type:jsonb;serializer:json"` // see Ways
}

// Ways are the ways of approaching somebody that the basis covers; none where a program entered it that did not ask.
func (o LeadOrigin) Ways() []string {
	if o.Covers == nil {
		return nil
	}
	return *o.Covers
}

// LeadMerge is one merge of two leads, with what is needed to undo it.
type LeadMerge struct {
	ID       uuid.UUID  `gorm:"primaryKey;type:uuid"`
	FromID   uuid.UUID  `gorm:"type:uuid"`
	IntoID   uuid.UUID  `gorm:"type:uuid"`
	Moved    MergeLog   `gorm:"type:jsonb;serializer:json"`
	ByID     *uuid.UUID `gorm:"type:uuid"`
	At       time.Time
	UndoneAt *time.Time
	UndoneBy *uuid.UUID `gorm:"type:uuid"`
}

// MergeLog is what a merge changed, so that it can be undone to the letter: which rows of which table changed hands, and
// what the two leads and the rows that could not stay as they were looked like before. An erasure empties it.
type MergeLog struct {
	Rows   map[string][]string `json:"rows,omitempty"`   // table -> keys of the rows that moved
	Before map[string]any      `json:"before,omitempty"` // what -> the rows as they were, see app/lead_merge.go
	After  map[string]any      `json:"after,omitempty"`  // what -> what the merge made of them, to tell whether it can be undone
}
