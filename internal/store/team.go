package store

import (
	"time"

	"github.com/google/uuid"
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

// RotationCredit is what a newcomer or returner starts a period with, in thousandths of a lead.
type RotationCredit struct {
	TeamID uuid.UUID `gorm:"primaryKey;type:uuid"`
	UserID uuid.UUID `gorm:"primaryKey;type:uuid"`
	Period time.Time `gorm:"primaryKey;type:date"`
	Credit int32     `gorm:"type:integer"`
	Why    string
	At     time.Time
}
