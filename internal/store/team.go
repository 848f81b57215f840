package store

import (
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm/clause"
)

// Team is a group that leads are routed to.
type Team struct {
	ID         uuid.UUID `gorm:"primaryKey;type:uuid"`
	Name       string
	ArchivedAt *time.Time
	ManagerID  *uuid.UUID `gorm:"type:uuid"`
	Version    int64
	CreatedAt  time.Time `gorm:"autoCreateTime:false"`
}

// TeamMember is one place in a team. DailyCapacity 0: no limit.
type TeamMember struct {
	TeamID        uuid.UUID `gorm:"primaryKey;type:uuid"`
	UserID        uuid.UUID `gorm:"primaryKey;type:uuid"`
	Weight        int32     `gorm:"type:integer"`
	DailyCapacity int32     `gorm:"type:integer"`
	JoinedAt      time.Time
}

// RotationPlace is where a member stands in a period: turns, and the credit of newcomers and returners in thousandths of a
// turn.
type RotationPlace struct {
	TeamID   uuid.UUID `gorm:"primaryKey;type:uuid"`
	UserID   uuid.UUID `gorm:"primaryKey;type:uuid"`
	Period   time.Time `gorm:"primaryKey;type:date"`
	Turns    int32     `gorm:"type:integer"`
	LastAt   *time.Time
	Credit   int32 `gorm:"type:integer"`
	CreditAt *time.Time
	Why      string
}

// Teams reads those that are not archived, in the order of their ids. With lock nobody else chooses from their rotations
// until the transaction ends.
func Teams(db *Query, lock bool) (out []Team, err error) {
	q := db.Where("archived_at is null").Order("id")
	if lock {
		q = q.Clauses(clause.Locking{Strength: "NO KEY UPDATE"})
	}
	return out, translate(q.Find(&out).Error)
}

// LockTeam keeps others off a team.
func (tx *Tx) LockTeam(id uuid.UUID) (out Team, err error) {
	err = tx.Clauses(clause.Locking{Strength: "NO KEY UPDATE"}).Where("id = ?", id).Take(&out).Error
	return out, translate(err)
}

// CountTurn counts a turn, or with n = -1 gives one back.
func (tx *Tx) CountTurn(team, user uuid.UUID, period time.Time, n int, at time.Time) error {
	if n < 0 {
		return translate(tx.Exec("update rotation_places set turns = turns - 1 where team_id = ? and user_id = ? and period = ? and turns > 0", team, user, period).Error)
	}
	return translate(tx.Exec(`insert into rotation_places (team_id, user_id, period, turns, last_at, credit, why) values (?, ?, ?, 1, ?, 0, '')
		on conflict (team_id, user_id, period) do update set turns = rotation_places.turns + 1, last_at = greatest(rotation_places.last_at, excluded.last_at)`, team, user, period, at).Error)
}

// KeepLoad gives a member in the middle of a period the credit that a new weight needs; when the member was set level stays.
func (tx *Tx) KeepLoad(team, user uuid.UUID, period time.Time, credit int, why string) error {
	return translate(tx.Exec("update rotation_places set credit = ?, why = ? where team_id = ? and user_id = ? and period = ?", credit, why, team, user, period).Error)
}

// SetLevel lets somebody who sells again begin like a newcomer, in every team.
func (tx *Tx) SetLevel(user uuid.UUID) error {
	return translate(tx.Exec("update team_members set joined_at = ? where user_id = ?", tx.Now(), user).Error)
}

// GiveCredit sets a newcomer or returner level.
func (tx *Tx) GiveCredit(p RotationPlace) error {
	return translate(tx.Clauses(OnConflict{Columns: []Column{{Name: "team_id"}, {Name: "user_id"}, {Name: "period"}},
		DoUpdates: Updated("credit", "credit_at", "why")}).Create(&p).Error)
}
