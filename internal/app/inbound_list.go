package app

import (
	"context"
	"strings"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/store"
)

// InboundOutcomes lists what may come of a mail that came in.
func InboundOutcomes() []string {
	return []string{InboundCopy, InboundReply, InboundAutomatic, InboundUnverified, InboundStranger, InboundNobody, InboundUnreadable, InboundErased}
}

// InboundFilter is a view of the mails that came in.
type InboundFilter struct {
	Outcome string
	LeadID  *uuid.UUID
	Sight   Sight
}

// InboundLine is one mail that came in, without its text: that stands on the timeline where it was matched.
type InboundLine struct {
	store.InboundMail
	Person string // empty: no lead, or erased
	Size   int
}

// ListInbound reads one page of a view, the newest first, and how many lines it has in all. A mail that belongs to no lead
// is for those who see every lead.
func (a *App) ListInbound(ctx context.Context, f InboundFilter, limit, offset int) (lines []InboundLine, total int, err error) {
	cond, args := f.Sight.OnLead("m.lead_id")
	conds := []string{cond}
	if f.Outcome != "" {
		conds, args = append(conds, "m.outcome = ?"), append(args, f.Outcome)
	}
	if f.LeadID != nil {
		conds, args = append(conds, "m.lead_id = ?"), append(args, *f.LeadID)
	}
	where, db := " where "+strings.Join(conds, " and "), a.store.DB(ctx)
	if err := db.Raw("select count(*) from inbound_mails m"+where, args...).Scan(&total).Error; err != nil || total == 0 {
		return nil, 0, a.store.Translate(err)
	}
	err = db.Raw(`select m.id, m.received_at, m.sender, m.lead_id, m.activity_id, m.outcome, length(m.raw) as size,
		coalesce(nullif(trim(l.given_name || ' ' || l.family_name), ''), l.email, '') as person from inbound_mails m left join leads l on l.id = m.lead_id`+
		where+" order by m.received_at desc, m.id desc limit ? offset ?", append(args, limit, offset)...).Scan(&lines).Error
	return lines, total, a.store.Translate(err)
}
