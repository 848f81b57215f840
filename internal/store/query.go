package store

import (
	"errors"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// Query is a read that a use case goes on building; its conditions are strings or maps, never structs.
type Query = gorm.DB

// OnConflict says what an insert does with a row that is there already.
type OnConflict = clause.OnConflict

// Column names a column for OnConflict.
type Column = clause.Column

// Updated takes over the named columns from the row that was to be inserted.
func Updated(columns ...string) clause.Set { return clause.AssignmentColumns(columns) }

// ForUpdate reads rows and keeps others off them until the transaction ends.
func (tx *Tx) ForUpdate() *Query { return tx.Clauses(clause.Locking{Strength: "UPDATE"}) }

// ForChange is ForUpdate for a row that others refer to while it is held: a foreign key to it waits for nobody. Without
// that, two transactions that both refer to a row and then change it would wait for each other.
func (tx *Tx) ForChange() *Query { return tx.Clauses(clause.Locking{Strength: "NO KEY UPDATE"}) }

// IsMissing tells that a row that was asked for is not there.
func IsMissing(err error) bool { return errors.Is(err, gorm.ErrRecordNotFound) }

// IsDuplicate tells that a unique index refused a row.
func IsDuplicate(err error) bool { return errors.Is(err, gorm.ErrDuplicatedKey) }
