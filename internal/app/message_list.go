package app

import (
	"context"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/store"
)

// MessageFilter is a view of the messages. Second: marked second sends alone. Late: those that wait longer than they should.
type MessageFilter struct {
	State     string
	Delivery  string // a delivery state, "returned" for bounced, dropped and blocked, "none" for no word yet
	Kind      string
	Transport string
	Second    bool
	Late      bool
	LeadID    *uuid.UUID
	Sight     Sight // what the reader may see
}

// MessageLine is a message with the names of what it belongs to. Recipient is empty once the person is erased.
type MessageLine struct {
	store.Message
	Recipient string
	Gate      string
	Document  string
	Erased    bool
}

const messageLines = `select m.*, coalesce(a.address, u.email, '') as recipient, coalesce(l.state = 'erased', false) as erased,
	` + gateTitle + ` as gate, coalesce(d.title, '') as document
	from messages m left join lead_addresses a on a.id = m.address_id left join users u on u.id = m.user_id left join leads l on l.id = m.lead_id
	left join gates g on g.id = m.gate_id left join gate_versions v on v.id = g.published_version_id left join documents d on d.id = m.document_id `

func (f MessageFilter) where(now time.Time) (string, []any) {
	conds, args := []string{"true"}, []any{}
	add := func(cond string, a ...any) { conds, args = append(conds, cond), append(args, a...) }
	if f.State != "" {
		add("m.state = ?", f.State)
	}
	switch f.Delivery {
	case "":
	case "none":
		add("m.delivery = ''")
	case "returned":
		add("m.delivery in ('bounced','dropped','blocked')")
	default:
		add("m.delivery = ?", f.Delivery)
	}
	if f.Kind != "" {
		add("m.kind = ?", f.Kind)
	}
	if f.Transport != "" {
		add("m.transport = ?", f.Transport)
	}
	if f.Second {
		add("m.second_send")
	}
	if f.Late {
		add("m.state in ('pending','sending','unknown','held') and m.due_at < ?", now.Add(-lateAfter))
	}
	if f.LeadID != nil {
		add("m.lead_id = ?", *f.LeadID)
	}
	if !f.Sight.All() {
		cond, seen := f.Sight.OnLead("m.lead_id")
		add(cond, seen...)
	}
	return "where " + strings.Join(conds, " and "), args
}

// ListMessages reads one page of a view, the newest first, and how many lines it has in all.
func (a *App) ListMessages(ctx context.Context, f MessageFilter, limit, offset int) (lines []MessageLine, total int, err error) {
	where, args := f.where(a.now())
	db := a.store.DB(ctx)
	if err := db.Raw("select count(*) from messages m "+where, args...).Scan(&total).Error; err != nil || total == 0 {
		return nil, 0, a.store.Translate(err)
	}
	err = db.Raw(messageLines+where+" order by m.created_at desc, m.id desc limit ? offset ?", append(args, limit, offset)...).Scan(&lines).Error
	return lines, total, a.store.Translate(err)
}

// MessageDetail is one message with each try and each thing that the provider told about it.
type MessageDetail struct {
	MessageLine
	Attempts []store.Attempt
	Events   []store.ProviderEvent
	Captured *uuid.UUID // the kept mail, of the capture transport
}

// MaySeeMessage answers as if there were no such message where the policy hides its lead, or where it is a mail to a
// colleague.
func (a *App) MaySeeMessage(ctx context.Context, u store.User, m store.Message) error {
	if m.LeadID != nil {
		return a.MaySeeLead(ctx, u, *m.LeadID)
	}
	sight, err := a.VisibleTo(ctx, u)
	if err == nil && !sight.All() && (m.UserID == nil || *m.UserID != u.ID) {
		return errNoSuch
	}
	return err
}

// MessageDetail reads one.
func (a *App) MessageDetail(ctx context.Context, id uuid.UUID) (out MessageDetail, err error) {
	var lines []MessageLine
	db := a.store.DB(ctx)
	if err := db.Raw(messageLines+"where m.id = ?", id).Scan(&lines).Error; err != nil {
		return out, a.store.Translate(err)
	}
	if len(lines) == 0 {
		return out, errNoSuch
	}
	out.MessageLine = lines[0]
	if err := db.Where("message_id = ?", id).Order("number").Find(&out.Attempts).Error; err != nil {
		return out, a.store.Translate(err)
	}
	out.Events, err = a.eventsOf(ctx, []uuid.UUID{id}, out.CreatedAt)
	if err != nil {
		return out, err
	}
	var kept []uuid.UUID
	err = db.Model(&store.CapturedMail{}).Where("message_id = ?", id).Limit(1).Pluck("id", &kept).Error
	if len(kept) > 0 {
		out.Captured = &kept[0]
	}
	return out, a.store.Translate(err)
}

// eventsOf reads what was told about messages, oldest first. A provider's clock may be a day behind ours.
func (a *App) eventsOf(ctx context.Context, ids []uuid.UUID, since time.Time) (out []store.ProviderEvent, err error) {
	if len(ids) == 0 {
		return nil, nil
	}
	err = a.store.DB(ctx).Where("message_id in ? and at >= ?", ids, since.Add(-24*time.Hour)).Order("at, event_id").Find(&out).Error
	return out, a.store.Translate(err)
}
