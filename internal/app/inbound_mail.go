package app

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/email"
	"github.com/gatehouse/gatehouse/internal/store"
	"github.com/gatehouse/gatehouse/internal/token"
)

// What came of a mail that came in.
const (
	InboundCopy       = "copy"              // staff wrote to the lead, with the lead's own address in copy
	InboundReply      = "reply"             // the lead wrote
	InboundAutomatic  = "automatic"         // a program wrote in the lead's name: a note of absence, a bounce
	InboundUnverified = "unverified-sender" // the receiving server found that From is not who sent it
	InboundStranger   = "stranger"          // to a lead's address, from nobody that we know
	InboundErased     = "erased"            // to the address of somebody who was erased: nothing is kept
	InboundNobody     = "no-lead"           // to no lead's address
	InboundUnreadable = "unreadable"
)

// mailboxName is the local part of a lead's own address, before its token.
const mailboxName = "lead+"

// LeadMailbox is the lead's own address for BCC and Reply-To: what is sent there stands on the lead's timeline. "" where no
// domain takes mail in.
func (a *App) LeadMailbox(ctx context.Context, leadID uuid.UUID) (string, error) {
	snap, err := a.Snapshot(ctx)
	if err != nil || snap.InboundDomain == "" {
		return "", err
	}
	return a.mailboxAt(leadID, snap.InboundDomain), nil
}

func (a *App) mailboxAt(leadID uuid.UUID, domain string) string {
	return mailboxName + a.keys.MintShort(token.Mailbox, leadID) + "@" + domain
}

// leadsOf are the leads whose own addresses stand among recipients.
func (a *App) leadsOf(to []string, domain string) (out []uuid.UUID) {
	for _, address := range to {
		local, at, _ := strings.Cut(strings.ToLower(address), "@")
		name, ok := strings.CutPrefix(local, mailboxName)
		if !ok || domain == "" || !strings.EqualFold(at, domain) {
			continue
		}
		if id, err := a.keys.OpenShort(token.Mailbox, name); err == nil && !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	return out
}

// KeepInbound keeps a mail that came in, once for its Message-ID, and puts what it says beside the leads whose addresses it
// went to. readable is false for a mail that no program can read: it is kept all the same.
func (a *App) KeepInbound(ctx context.Context, in email.Inbound, readable bool) error {
	snap, err := a.Snapshot(ctx)
	if err != nil {
		return err
	}
	leads := a.leadsOf(in.To, snap.InboundDomain)
	if len(leads) > inboundLeads {
		leads = leads[:inboundLeads]
	}
	slices.SortFunc(leads, func(a, b uuid.UUID) int { return bytes.Compare(a[:], b[:]) }) // the order in which they are locked
	return a.store.Tx(ctx, func(tx *store.Tx) error {
		row := store.InboundMail{ID: store.NewID(), MessageID: in.MessageID, ReceivedAt: tx.Now(), Sender: in.From, Outcome: InboundNobody, Raw: in.Raw}
		res := tx.Clauses(store.OnConflict{Columns: []store.Column{{Name: "message_id"}}, DoNothing: true}).Create(&row)
		if res.Error != nil || res.RowsAffected == 0 { // it came before, and what came of it stands
			return res.Error
		}
		if !readable {
			row.Outcome = InboundUnreadable
		}
		for _, id := range leads {
			if err := a.keepFor(tx, &row, in, id, readable); err != nil {
				return err
			}
		}
		return tx.Model(&store.InboundMail{}).Where("id = ?", row.ID).Updates(map[string]any{"lead_id": row.LeadID, "activity_id": row.ActivityID,
			"outcome": row.Outcome, "sender": row.Sender, "raw": row.Raw, "message_id": row.MessageID}).Error
	})
}

// inboundLeads is how many leads one mail may go to; it has room for a hundred recipients.
const inboundLeads = 10

// keepFor puts a mail beside one lead.
func (a *App) keepFor(tx *store.Tx, row *store.InboundMail, in email.Inbound, id uuid.UUID, readable bool) error {
	l, err := lastOfMerges(tx, id)
	if err != nil || l.ID == uuid.Nil {
		return err
	}
	if l.State == "erased" {
		if row.LeadID == nil { // nothing of a person who was erased, nor of whoever wrote about them
			row.Outcome, row.Sender, row.Raw, row.MessageID = InboundErased, "", []byte{}, "erased:"+row.ID.String()
		}
		return nil
	}
	outcome, act, err := a.weighInbound(tx, in, l.ID)
	if !readable {
		outcome, act = InboundUnreadable, nil
	}
	if err != nil {
		return err
	}
	if row.LeadID == nil {
		row.LeadID, row.Outcome = &l.ID, outcome
		if row.Sender == "" {
			row.Sender, row.Raw, row.MessageID = in.From, in.Raw, in.MessageID
		}
	}
	if act == nil {
		return nil
	}
	key := "mail:" + in.MessageID + ":" + l.ID.String()
	act.SourceKey = &key
	if err := inHands(tx, act); err != nil {
		return err
	}
	if outcome == InboundCopy {
		if err := a.judgeCopy(tx, l, act); err != nil {
			return err
		}
	}
	if err := tx.Create(act).Error; err != nil {
		return err
	}
	if row.ActivityID == nil {
		row.ActivityID, row.Outcome = &act.ID, outcome
	}
	if in.Proof == email.Proved || act.Direction == "in" {
		if err := a.responded(tx, *act); err != nil {
			return err
		}
	}
	return a.heard(tx, l.ID)
}

// judgeCopy holds a mail that staff sent from their own program against the contact policy, as if it had been noted. It
// went out, so it is recorded, and the manager is told. Nobody could be asked why before it went: whoever sent it is asked
// now, on the lead's page and on their page of the day, see GiveReason.
func (a *App) judgeCopy(tx *store.Tx, l store.Lead, act *store.Activity) error {
	c, err := a.contactOf(tx.DB, l)
	if err != nil {
		return err
	}
	c.Now = act.At
	al := c.Allows(act.Kind)
	act.Why, act.Beyond = al.Why+" "+act.Why, al.Beyond
	if al.Beyond == "" {
		return nil
	}
	var u store.User
	if err := tx.Where("id = ?", *act.UserID).Take(&u).Error; err != nil {
		return err
	}
	if !a.mutant("copy-unasked") {
		act.ReasonAskedAt = &act.RecordedAt
	}
	return a.tellManager(tx, l.ID, store.Actor{Kind: "user", ID: &u.ID, Name: orElse(u.Name, u.Email)}, al, true)
}

// lastOfMerges is the lead that an id leads to today, held so that an erasure comes before or after; none for an id of
// nothing.
func lastOfMerges(tx *store.Tx, id uuid.UUID) (l store.Lead, err error) {
	for range 10 {
		var found []store.Lead
		if err = tx.ForUpdate().Where("id = ?", id).Find(&found).Error; err != nil || len(found) == 0 {
			return store.Lead{}, err
		}
		if l = found[0]; l.State != "merged" || l.MergedInto == nil {
			return l, nil
		}
		id = *l.MergedInto
	}
	return l, nil
}

// weighInbound says what a mail is, and the activity that it makes, if any. Nobody is impersonated: a mail whose sender was
// checked and refuted makes none, whoever it names; one that nobody has checked says so, stops no clock in the name
// of staff and counts as nobody's answer. What a program wrote counts for nothing.
func (a *App) weighInbound(tx *store.Tx, in email.Inbound, leadID uuid.UUID) (string, *store.Activity, error) {
	if in.From == "" {
		return InboundStranger, nil, nil
	}
	var staff []store.User
	if err := tx.Where("email = ? and disabled_at is null", in.From).Find(&staff).Error; err != nil {
		return "", nil, err
	}
	var own int64
	if err := tx.Model(&store.LeadAddress{}).Where("lead_id = ? and address = ?", leadID, in.From).Count(&own).Error; err != nil {
		return "", nil, err
	}
	switch {
	case len(staff) == 0 && own == 0:
		return InboundStranger, nil, nil
	case in.Proof == email.Refuted && !a.mutant("impersonated"):
		return InboundUnverified, nil, nil
	case in.Auto != "" && !a.mutant("machines-are-people"):
		return InboundAutomatic, nil, nil
	}
	now := tx.Now()
	act := &store.Activity{ID: store.NewID(), LeadID: leadID, Kind: "mail", Text: inboundText(in), At: sentAt(in.Date, now), RecordedAt: now}
	checked := "nobody verified the sender"
	if act.Sender = store.SenderUnverified; in.Proof == email.Proved {
		act.Sender, checked = store.SenderVerified, "the receiving server verified the sender"
	}
	if len(staff) > 0 {
		act.UserID, act.Direction, act.How, act.Why = &staff[0].ID, "out", "bcc", "A copy went to the lead's own address; "+checked+"."
		return InboundCopy, act, nil
	}
	act.Direction, act.How, act.Why = "in", "reply", "It came from the lead's own address; "+checked+"."
	return InboundReply, act, nil
}

// inboundText is what stands on the timeline: the subject, and what the sender wrote.
func inboundText(in email.Inbound) string {
	if in.Subject == "" {
		return in.Text
	}
	return strings.TrimSpace(in.Subject + "\n" + in.Text)
}

// sentAt believes the mail's own time where it can be true.
func sentAt(said, now time.Time) time.Time {
	if said.IsZero() || said.After(now) || now.Sub(said) > 7*24*time.Hour {
		return now
	}
	return said.Truncate(time.Microsecond)
}
