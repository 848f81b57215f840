package store

import (
	"time"

	"github.com/google/uuid"
)

// InboundMail is one mail that came in for a lead.
type InboundMail struct {
	ID         uuid.UUID `gorm:"primaryKey;type:uuid"`
	MessageID  string
	ReceivedAt time.Time
	Sender     string
	LeadID     *uuid.UUID `gorm:"type:uuid"`
	ActivityID *uuid.UUID `gorm:"type:uuid"`
	Outcome    string
	Raw        []byte
}
