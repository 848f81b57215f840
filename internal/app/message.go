package app

import (
	"net/url"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/riverqueue/river"

	"github.com/gatehouse/gatehouse/internal/form"
	"github.com/gatehouse/gatehouse/internal/jobs"
	"github.com/gatehouse/gatehouse/internal/lead"
	"github.com/gatehouse/gatehouse/internal/store"
	"github.com/gatehouse/gatehouse/internal/token"
)

// newRequested is the e-mail that carries a document, due at once.
func newRequested(submission *uuid.UUID, seq int32, ad store.LeadAddress, leadID uuid.UUID, g *store.Grant, gate store.Gate, now time.Time) store.Message {
	expires := g.ExpiresAt
	return store.Message{ID: store.NewID(), Kind: "requested", Template: "requested", SubmissionID: submission, Seq: seq, LeadID: &leadID, AddressID: &ad.ID,
		GrantID: &g.ID, DocumentID: &gate.DocumentID, GateID: &gate.ID, State: store.MessagePending, DueAt: now, LinkSerial: g.Serial,
		LinkExpiresAt: &expires, Data: map[string]any{}, CreatedAt: now, StateAt: now}
}

// waits tells that the message has not been handed over yet, so that another request for the same may join it.
func waits(m store.Message) bool {
	return m.State == store.MessagePending || m.State == store.MessageHeld
}

// spelt tells that an address is one of several spellings of a mailbox, and not the plain one.
func spelt(ad store.LeadAddress) bool { return ad.Address != ad.StrictKey }

// counted are the earlier mails to a mailbox that count for an address. What still waits for another spelling does not
// count for the plain address.
func counted(earlier []store.Message, ad store.LeadAddress) []store.Message {
	if spelt(ad) {
		return earlier
	}
	var out []store.Message
	for _, m := range earlier {
		if m.State != store.MessageHeld || m.AddressID != nil && *m.AddressID == ad.ID {
			out = append(out, m)
		}
	}
	return out
}

// maxSpellings is how many mails may wait for other spellings of a mailbox, for one document.
const maxSpellings = 3

// tooManySpellings ends a mail to a spelling of a mailbox for which so many others wait already: otherwise one person
// could be sent three mails a day for weeks. Staff are told and may send it again.
func tooManySpellings(m *store.Message, earlier []store.Message, ad store.LeadAddress) bool {
	if !spelt(ad) {
		return false
	}
	n := 0
	for _, e := range earlier {
		if waits(e) && e.DocumentID != nil && m.DocumentID != nil && *e.DocumentID == *m.DocumentID {
			n++
		}
	}
	if n < maxSpellings {
		return false
	}
	m.State, m.Reason = store.MessageEnded, "too many spellings of this mailbox asked for the document at once"
	return true
}

// deliverJob hands the message over when it is due.
func deliverJob(m store.Message) river.InsertManyParams {
	opts := jobs.Deliver{}.InsertOpts()
	opts.ScheduledAt = m.DueAt
	if m.State == store.MessagePending {
		opts.ScheduledAt = time.Time{} // now by the database's clock, whatever ours says
	}
	return river.InsertManyParams{Args: jobs.Deliver{MessageID: m.ID}, InsertOpts: &opts}
}

// deliverAt hands a message over at a time.
func deliverAt(id uuid.UUID, due time.Time) river.InsertManyParams {
	opts := jobs.Deliver{}.InsertOpts()
	opts.ScheduledAt = due
	return river.InsertManyParams{Args: jobs.Deliver{MessageID: id}, InsertOpts: &opts}
}

// requestedMails reads the requested mails of the last day to the mailboxes that the strict keys name.
func requestedMails(tx *store.Tx, strict []string, now time.Time) (map[string][]store.Message, error) {
	type row struct {
		store.Message
		Strict string
	}
	var rows []row
	err := tx.Table("messages").Select("messages.*, a.strict_key as strict").Joins("join lead_addresses a on a.id = messages.address_id").
		Where("a.strict_key in ? and messages.kind = 'requested' and (messages.created_at > ? or messages.sent_at > ? or messages.state in ('pending','held'))",
			strict, now.Add(-24*time.Hour), now.Add(-24*time.Hour)).
		Order("messages.created_at").Find(&rows).Error
	out := map[string][]store.Message{}
	for _, r := range rows {
		out[r.Strict] = append(out[r.Strict], r.Message)
	}
	return out, err
}

// LinkLife is how long a personal link opens.
func LinkLife(def form.Gate) time.Duration {
	if def.LinkDays > 0 {
		return time.Duration(def.LinkDays) * 24 * time.Hour
	}
	return 30 * 24 * time.Hour
}

// documentLink is the personal page's address that a message carries: the same on every try.
func (a *App) documentLink(m store.Message) string {
	c := token.Claims{ID: *m.GrantID, Serial: uint32(m.LinkSerial)}
	if m.LinkExpiresAt != nil {
		c.Expiry = *m.LinkExpiresAt
	}
	return a.o.BaseURL + "/d/" + a.keys.Mint(token.Grant, c)
}

func (a *App) preferencesLink(ad store.LeadAddress) string {
	return a.o.BaseURL + "/u/" + a.keys.Mint(token.Preferences, token.Claims{ID: ad.ID, Serial: uint32(ad.LinkSerial)})
}

func (a *App) host() string {
	u, err := url.Parse(a.o.BaseURL)
	if err != nil {
		return ""
	}
	return u.Hostname()
}

func registrable(domain string) string {
	ad, err := lead.ParseAddress("x@" + domain)
	if err != nil {
		return ""
	}
	return ad.Registrable
}

// companyName is what to call a company that is new: as typed, else its domain.
func companyName(typed, domain string) string {
	if typed = strings.TrimSpace(typed); typed != "" {
		return typed
	}
	return domain
}

func keysOf(m map[uuid.UUID]bool) []uuid.UUID {
	out := make([]uuid.UUID, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	return out
}

func keysOfPtr[T any](m map[uuid.UUID]*T) []uuid.UUID {
	out := make([]uuid.UUID, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	return out
}

func byID[T any](rows []T, id func(T) uuid.UUID) map[uuid.UUID]T {
	out := make(map[uuid.UUID]T, len(rows))
	for _, r := range rows {
		out[id(r)] = r
	}
	return out
}
