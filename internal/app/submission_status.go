package app

import (
	"context"
	"maps"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/form"
	"github.com/gatehouse/gatehouse/internal/store"
)

// Status is the truth about a submission, as its receipt shows it to whoever made it.
type Status struct {
	Submission store.Submission
	Gate       store.PublishedGate
	State      string     // on-its-way, sent, delivered, came-back, stopped, held, quarantined, cancelled
	HeldUntil  time.Time  // of held
	Masked     string     // the address, masked, for one hour; "" afterwards
	Message    *uuid.UUID // the e-mail that answers it
	CanCorrect bool       // the address may still be mended
	CanResend  bool
}

// Who holds a receipt may see the masked address, and mend it, for this long.
const receiptOpen = time.Hour

// maxCorrections is how often the address of one submission may be corrected: a person mistypes once or twice, more is
// somebody who sends mails to strangers.
const maxCorrections = 3

// SubmissionStatus reads it.
func (a *App) SubmissionStatus(ctx context.Context, slug, receipt string) (Status, error) {
	id, err := a.OpenReceipt(receipt)
	if err != nil {
		return Status{}, err
	}
	s, err := a.store.Submission(ctx, id)
	if err != nil {
		return Status{}, err
	}
	gate, _, err := a.GateNow(ctx, slug)
	if err != nil {
		return Status{}, err
	}
	if gate.ID != s.GateID {
		return Status{}, errs.New(errs.NotFound, "There is no such receipt.")
	}
	st := Status{Submission: s, Gate: *gate, State: "on-its-way"}
	fresh := a.now().Sub(s.ReceivedAt) < receiptOpen
	if p, err := a.store.Payload(ctx, id); err == nil && fresh {
		st.Masked = maskAddress(p.Address)
	}
	switch s.State {
	case store.StateQuarantined:
		st.State = "quarantined"
		return st, nil
	case store.StateDiscarded, store.StateErased:
		st.State = "cancelled"
		return st, nil
	}
	corrected, err := a.store.Corrections(ctx, firstOf(s))
	if err != nil {
		return st, err
	}
	st.CanCorrect = fresh && st.Masked != "" && corrected < maxCorrections
	o, err := a.store.Outcome(ctx, id)
	if err != nil || o == nil || o.MessageID == nil {
		return st, err
	}
	m, err := a.store.Message(ctx, *o.MessageID)
	if err != nil {
		return st, err
	}
	st.Message = &m.ID
	st.State, st.HeldUntil = messageState(m)
	st.CanResend = fresh && (st.State == "sent" || st.State == "delivered" || st.State == "came-back")
	return st, nil
}

// messageState says in the page's words how far a message has come.
func messageState(m store.Message) (string, time.Time) {
	switch {
	case m.Delivery == "bounced" || m.Delivery == "dropped" || m.Delivery == "blocked":
		return "came-back", time.Time{}
	case m.Delivery == "delivered" || m.Delivery == "opened" || m.Delivery == "clicked" || m.Delivery == "spamreport":
		return "delivered", time.Time{}
	case m.State == store.MessageSent:
		return "sent", time.Time{}
	case m.State == store.MessageHeld:
		return "held", m.DueAt
	case m.State == store.MessageEnded: // why is nobody's business but the reader's
		return "stopped", time.Time{}
	}
	return "on-its-way", time.Time{}
}

// firstOf is the submission that a correction goes back to, or the submission itself.
func firstOf(s store.Submission) uuid.UUID {
	if s.CorrectsID != nil {
		return *s.CorrectsID
	}
	return s.ID
}

// maskAddress shows enough to recognise one's own address: a…@example.org.
func maskAddress(address string) string {
	local, domain, ok := strings.Cut(address, "@")
	if !ok || local == "" {
		return ""
	}
	first := []rune(local)[0]
	return string(first) + "…@" + domain
}

// CorrectAddress repeats a submission with another address, for whoever holds its receipt, within the hour. The answers
// are the ones that this very person gave; nothing of them is shown.
func (a *App) CorrectAddress(ctx context.Context, slug, receipt, address, asTyped string, base Submit) (Submitted, error) {
	st, err := a.SubmissionStatus(ctx, slug, receipt)
	if err != nil {
		return Submitted{}, err
	}
	if !st.CanCorrect {
		return Submitted{}, errs.New(errs.Gone, "The time to mend the address is over. Please fill in the form again.")
	}
	p, err := a.store.Payload(ctx, st.Submission.ID)
	if err != nil {
		return Submitted{}, err
	}
	in := base
	first := firstOf(st.Submission)
	in.Slug, in.Door, in.Corrects = slug, "page", &first
	in.Source, in.Attempt, in.Strict = p.Source, "correct:"+st.Submission.ID.String(), false
	in.FormToken = ""
	in.Input = form.Input{Fields: map[string]string{}, Consents: map[string]bool{}, AsTyped: asTyped}
	maps.Copy(in.Input.Fields, p.Answers)
	for _, c := range p.Consents {
		in.Input.Consents[c.Key] = c.Given
	}
	in.Input.Fields["email"] = address
	return a.SubmitForm(ctx, in)
}

// ResendRequested sends the document again to the same address, for whoever holds the receipt; the limits on mail say when.
func (a *App) ResendRequested(ctx context.Context, slug, receipt string) (until time.Time, err error) {
	st, err := a.SubmissionStatus(ctx, slug, receipt)
	if err != nil {
		return time.Time{}, err
	}
	if !st.CanResend || st.Message == nil {
		return time.Time{}, errs.New(errs.Conflict, "It is on its way already.")
	}
	var m store.Message
	err = a.store.Tx(ctx, func(tx *store.Tx) error {
		var err error
		m, err = a.sendAgain(tx, *st.Message)
		return err
	})
	if m.State == store.MessageHeld {
		until = m.DueAt
	}
	return until, err
}

// SendAgain makes a new message like an old one: what staff do from a lead's page.
func (a *App) SendAgain(ctx context.Context, id uuid.UUID, by store.Actor) (m store.Message, err error) {
	err = a.store.Tx(ctx, func(tx *store.Tx) error {
		if m, err = a.sendAgain(tx, id); err != nil {
			return err
		}
		return tx.Audit(by, "message.send-again", "message", id.String(), map[string]any{"new": m.ID.String(), "state": m.State})
	})
	return m, err
}

// sendAgain joins a message that waits for the same document, or makes the next one within the limits on mail.
func (a *App) sendAgain(tx *store.Tx, id uuid.UUID) (store.Message, error) {
	old, err := tx.LockMessage(id)
	if err != nil {
		return old, err
	}
	if old.AddressID == nil || old.GrantID == nil {
		return old, errs.New(errs.Conflict, "This message cannot be sent again.")
	}
	return a.requestAgain(tx, *old.AddressID, *old.GrantID, old.SubmissionID)
}

func (a *App) requestAgain(tx *store.Tx, addressID, grantID uuid.UUID, submission *uuid.UUID) (store.Message, error) {
	var none store.Message
	ad, l, g, gate, err := lockGrant(tx, addressID, grantID)
	if err != nil {
		return none, err
	}
	if l.State == "erased" {
		return none, errs.New(errs.Gone, "This person has been erased.")
	}
	if err := tx.LockMailboxes([]string{ad.StrictKey}); err != nil {
		return none, err
	}
	earlier, err := requestedMails(tx, []string{ad.StrictKey}, tx.Now())
	if err != nil {
		return none, err
	}
	for _, m := range earlier[ad.StrictKey] {
		if waits(m) && m.GrantID != nil && *m.GrantID == g.ID {
			return m, nil
		}
	}
	var seq int32 = 1
	if submission != nil {
		if err := tx.Raw("select coalesce(max(seq), 0) + 1 from messages where submission_id = ? and kind = 'requested'", *submission).Scan(&seq).Error; err != nil {
			return none, err
		}
	}
	var v store.GateVersion
	if err := tx.Where("id = ?", gate.PublishedVersionID).Take(&v).Error; err != nil {
		return none, a.store.Translate(err)
	}
	g.ExpiresAt = tx.Now().Add(LinkLife(v.Definition))
	if err := tx.Model(&store.Grant{}).Where("id = ?", g.ID).Update("expires_at", g.ExpiresAt).Error; err != nil {
		return none, err
	}
	m := newRequested(submission, seq, ad, l.ID, &g, gate, tx.Now())
	applyMailLimits(&m, counted(earlier[ad.StrictKey], ad), tx.Now(), a.o.Limits)
	if err := tx.Create(&m).Error; err != nil {
		return none, err
	}
	return m, tx.Enqueue(deliverJob(m))
}

// FreshLink sends a fresh link to the address that an expired or superseded one belongs to; until is when, if it waits.
func (a *App) FreshLink(ctx context.Context, link string) (until time.Time, err error) {
	o, err := a.OpenGrant(ctx, link)
	if err != nil {
		return time.Time{}, err
	}
	var m store.Message
	err = a.store.Tx(ctx, func(tx *store.Tx) (err error) {
		// The request that the old link answered is the one that the fresh link answers.
		var latest []uuid.UUID
		if err := tx.Model(&store.Outcome{}).Where("grant_id = ?", o.Grant.ID).Order("processed_at desc").Limit(1).Pluck("submission_id", &latest).Error; err != nil {
			return err
		}
		var submission *uuid.UUID
		if len(latest) > 0 {
			submission = &latest[0]
		}
		m, err = a.requestAgain(tx, o.Grant.AddressID, o.Grant.ID, submission)
		return err
	})
	if m.State == store.MessageHeld {
		until = m.DueAt
	}
	return until, err
}

// lockGrant locks the address and reads what hangs off a grant.
func lockGrant(tx *store.Tx, addressID, grantID uuid.UUID) (ad store.LeadAddress, l store.Lead, g store.Grant, gate store.Gate, err error) {
	if err = tx.ForUpdate().Where("id = ?", addressID).Take(&ad).Error; err != nil {
		return
	}
	if err = tx.Where("id = ?", ad.LeadID).Take(&l).Error; err != nil {
		return
	}
	if err = tx.Where("id = ?", grantID).Take(&g).Error; err != nil {
		return
	}
	err = tx.Where("id = ?", g.GateID).Take(&gate).Error
	return
}
