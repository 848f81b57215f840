package store

import (
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm/clause"
)

// RollupState says how far hours are rolled up: every hour before Until is; nil: none.
type RollupState struct {
	ID    int16 `gorm:"primaryKey;type:smallint"`
	Until *time.Time
}

// TableName is the table's name.
func (RollupState) TableName() string { return "rollup_state" }

// MarkHours marks the hours of the submissions that may be rolled up by the time this transaction ends: those that are,
// and those before recent. From its commit on figures count these hours from the rows.
func (tx *Tx) MarkHours(submissions []uuid.UUID, recent time.Time) error {
	if len(submissions) == 0 {
		return nil
	}
	return translate(tx.Exec(`insert into rollup_dirty (id, hour)
		select gen_random_uuid(), hour from (select distinct date_trunc('hour', received_at, 'UTC') as hour from submissions where id in ?) h
		where hour < greatest(?::timestamptz, (select until from rollup_state))`, submissions, recent).Error)
}

// RollupFrom holds the roll-up back for the rest of the transaction, which writes rows from a time on: what was rolled up
// from there on is rolled up anew.
const RollupFrom = `update rollup_state set until = date_trunc('hour', $1::timestamptz, 'UTC') where until > $1`

// LockRollup takes the roll-up for this transaction; false: another process is at it.
func (tx *Tx) LockRollup() (s RollupState, ok bool, err error) {
	var rows []RollupState
	err = tx.Clauses(clause.Locking{Strength: "UPDATE", Options: "SKIP LOCKED"}).Find(&rows).Error
	if err != nil || len(rows) == 0 {
		return s, false, translate(err)
	}
	return rows[0], true, nil
}
