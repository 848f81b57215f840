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

// ScoresOf reads the scores of leads with their lines, by lead.
func ScoresOf(db *Query, ids []uuid.UUID) (map[uuid.UUID]Score, map[uuid.UUID][]ScoreLine, error) {
	var scores []Score
	var lines []ScoreLine
	those := UUIDs(ids)
	if err := db.Where("lead_id = any(?::uuid[])", those).Find(&scores).Error; err != nil {
		return nil, nil, translate(err)
	}
	byLead := make(map[uuid.UUID]Score, len(scores))
	for _, s := range scores {
		byLead[s.LeadID] = s
	}
	if len(scores) == 0 {
		return byLead, nil, nil
	}
	if err := db.Where("lead_id = any(?::uuid[])", those).Order("lead_id, number").Find(&lines).Error; err != nil {
		return nil, nil, translate(err)
	}
	linesOf := make(map[uuid.UUID][]ScoreLine, len(scores))
	for _, l := range lines {
		linesOf[l.LeadID] = append(linesOf[l.LeadID], l)
	}
	return byLead, linesOf, nil
}

// Hands says how the last assignment of a lead stands.
type Hands struct {
	LeadID   uuid.UUID
	State    string
	At       time.Time
	ClosedAt *time.Time
}

// LastHands reads in whose hands leads are, or were last, by lead.
func (tx *Tx) LastHands(ids []uuid.UUID) (map[uuid.UUID]Hands, error) {
	var rows []Hands
	err := tx.DB.Raw(`select distinct on (lead_id) lead_id, state, at, closed_at from assignments where lead_id = any(?::uuid[])
		order by lead_id, (state in ('open','accepted')) desc, at desc, id desc`, UUIDs(ids)).Scan(&rows).Error
	out := make(map[uuid.UUID]Hands, len(rows))
	for _, h := range rows {
		out[h.LeadID] = h
	}
	return out, translate(err)
}

// SaveScores writes scores; the lines of the leads named in fresh are written anew.
func (tx *Tx) SaveScores(scores []Score, fresh []uuid.UUID, lines []ScoreLine, changes []ScoreChange) error {
	if len(fresh) > 0 {
		if err := tx.Exec("delete from score_lines where lead_id = any(?::uuid[])", UUIDs(fresh)).Error; err != nil {
			return translate(err)
		}
	}
	if len(scores) > 0 {
		err := tx.Clauses(OnConflict{Columns: []Column{{Name: "lead_id"}}, DoUpdates: Updated("rule_set_id", "fit", "engagement", "grade", "qualified_at", "why", "scored_at")}).
			CreateInBatches(&scores, 500).Error
		if err != nil {
			return translate(err)
		}
	}
	if len(lines) > 0 {
		if err := tx.CreateInBatches(&lines, 500).Error; err != nil {
			return translate(err)
		}
	}
	if len(changes) > 0 {
		return translate(tx.CreateInBatches(&changes, 500).Error)
	}
	return nil
}
