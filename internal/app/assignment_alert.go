package app

import (
	"time"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/email"
	"github.com/gatehouse/gatehouse/internal/store"
)

// digestWindow is how long alerts are counted, and how long a digest gathers.
const digestWindow = 15 * time.Minute

// alertOwner writes to an owner about a new assignment: a mail of its own, or a place in a digest when many came within a
// quarter of an hour. It gives the message.
func (a *App) alertOwner(tx *store.Tx, h *house, row store.Assignment) (*uuid.UUID, error) {
	n, counted := h.alerts[row.OwnerID]
	if !counted {
		err := tx.Raw("select count(*) from messages where kind = 'staff' and user_id = ? and template = ? and created_at > ?",
			row.OwnerID, email.TemplateAssigned, h.now.Add(-digestWindow)).Scan(&n).Error
		if err != nil {
			return nil, err
		}
	}
	h.alerts[row.OwnerID] = n + 1
	if n < int(h.settings.DigestOver) {
		lead := row.LeadID
		return a.staffAlert(tx, row.OwnerID, email.TemplateAssigned, &lead, map[string]any{"assignment": row.ID.String()}, 0)
	}
	var open []uuid.UUID
	err := tx.ForUpdate().Model(&store.Message{}).Where("kind = 'staff' and user_id = ? and template = ? and state = 'pending' and due_at > ? and created_at > ?",
		row.OwnerID, email.TemplateAssignedDigest, h.now, h.now.Add(-2*digestWindow)).Order("id").Limit(1).Pluck("id", &open).Error
	if err != nil {
		return nil, err
	}
	if len(open) > 0 {
		return &open[0], nil
	}
	return a.staffAlert(tx, row.OwnerID, email.TemplateAssignedDigest, nil, map[string]any{}, digestWindow)
}

// staffAlert is one message to one member of staff, due after a while. lead is whom it speaks of, so that it is erased
// with them.
func (a *App) staffAlert(tx *store.Tx, user uuid.UUID, template string, lead *uuid.UUID, data map[string]any, after time.Duration) (*uuid.UUID, error) {
	now := tx.Now()
	m := store.Message{ID: store.NewID(), Kind: "staff", Template: template, Seq: 1, UserID: &user, LeadID: lead, State: store.MessagePending, DueAt: now.Add(after),
		Data: data, CreatedAt: now, StateAt: now}
	if err := tx.Create(&m).Error; err != nil {
		return nil, err
	}
	if after > 0 {
		return &m.ID, tx.Enqueue(deliverAt(m.ID, m.DueAt))
	}
	return &m.ID, tx.Enqueue(deliverJob(m))
}
