package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/riverqueue/river"

	"github.com/gatehouse/gatehouse/internal/email"
	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/jobs"
	"github.com/gatehouse/gatehouse/internal/lead"
	"github.com/gatehouse/gatehouse/internal/store"
)

// KeepEvents stores what the provider told, each event once, with the job that applies it. The body's signature has been
// checked. Nothing is interpreted here: the provider is answered as soon as its words are safe.
func (a *App) KeepEvents(ctx context.Context, provider string, body []byte) error {
	events, err := email.ParseEvents(body)
	if err != nil {
		return err
	}
	now := a.now()
	rows := make([]store.ProviderEvent, 0, len(events))
	for _, e := range events {
		if e.At.IsZero() || e.At.After(now.Add(24*time.Hour)) {
			e.At = now.Truncate(24 * time.Hour) // a stable time, so that a repeat has the same key
		}
		r := store.ProviderEvent{EventID: e.EventID, At: e.At, ReceivedAt: now, Provider: provider, Type: e.Type, Machine: e.MachineOpen, Reason: e.Reason, Raw: withoutPerson(e)}
		if e.MessageID != uuid.Nil {
			id := e.MessageID
			r.MessageID = &id
		}
		rows = append(rows, r)
	}
	// In one order, so that two posts with the same events do not wait for each other.
	slices.SortFunc(rows, func(x, y store.ProviderEvent) int { return strings.Compare(x.EventID, y.EventID) })
	return a.store.Tx(ctx, func(tx *store.Tx) error {
		fresh, err := tx.KeepEvents(rows)
		if err != nil {
			return err
		}
		a.Metrics.events(provider, len(fresh), len(rows)-len(fresh))
		if err := tx.SeenEvents(provider, now); err != nil || len(fresh) == 0 {
			return err
		}
		return tx.Enqueue(applyJobs(rows, fresh)...)
	})
}

// eventWords are the parts of an event that are kept: what happened to which message of ours and when. Everything else
// goes before it is stored, named or not: the address, network address, user agent, links and whatever is added one day.
// The message's id leads to the person for as long as there is one.
var eventWords = []string{"event", "sg_event_id", "sg_message_id", "timestamp", "message_id", "kind", "category", "type", "status",
	"bounce_classification", "attempt", "sg_machine_open", "tls", "asm_group_id"}

// withoutPerson is the event's raw form as it may be kept; what a mail server said stays in the words of e.Reason, from
// which addresses are taken. Something that is no event leaves nothing but its hash.
func withoutPerson(e email.Event) json.RawMessage {
	var all map[string]json.RawMessage
	if e.Type == email.Unreadable || json.Unmarshal(e.Raw, &all) != nil {
		return json.RawMessage("{}")
	}
	kept := map[string]any{}
	for _, w := range eventWords {
		if v, ok := all[w]; ok {
			kept[w] = v
		}
	}
	if e.Reason != "" {
		kept["reason"] = e.Reason
	}
	out, err := json.Marshal(kept)
	if err != nil {
		return json.RawMessage("{}")
	}
	return out
}

// applyJobs cuts the events into jobs of a hundred, each with the time range in which its events lie.
func applyJobs(rows []store.ProviderEvent, fresh []string) (out []river.InsertManyParams) {
	at := make(map[string]time.Time, len(rows))
	for _, r := range rows {
		at[r.EventID] = r.At
	}
	for len(fresh) > 0 {
		n := min(len(fresh), 100)
		job := jobs.ApplyEvents{EventIDs: fresh[:n], From: at[fresh[0]], To: at[fresh[0]]}
		for _, id := range fresh[:n] {
			if t := at[id]; t.Before(job.From) {
				job.From = t
			} else if t.After(job.To) {
				job.To = t
			}
		}
		out = append(out, river.InsertManyParams{Args: job})
		fresh = fresh[n:]
	}
	return out
}

// ApplyEvents moves messages on by stored events: delivery by the highest (rank, time), an unknown send resolved,
// suppression with its reason. In any order, and again, it comes to the same. Jobs at the same time share a transaction.
func (a *App) ApplyEvents(_ context.Context, job jobs.ApplyEvents) error { return a.applies.call(job) }

// applyMost is how many jobs share a transaction.
const applyMost = 32

func (a *App) applyMany(work []jobs.ApplyEvents) []error {
	ctx, cancel := background(20 * time.Second)
	defer cancel()
	all := work[0]
	for _, j := range work[1:] {
		all.EventIDs = append(slices.Clip(all.EventIDs), j.EventIDs...)
		all.From, all.To = earlier(all.From, j.From), later(all.To, j.To)
	}
	out := make([]error, len(work))
	err := a.applyStored(ctx, all)
	for i := range out {
		if out[i] = err; err != nil && len(work) > 1 { // a bad event holds up its own job alone
			out[i] = a.applyStored(ctx, work[i])
		}
	}
	return out
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

func (a *App) applyStored(ctx context.Context, job jobs.ApplyEvents) error {
	rows, err := a.store.Events(ctx, job.EventIDs, job.From, job.To)
	if err != nil {
		return err
	}
	var work []told
	for _, r := range rows {
		if r.MessageID == nil {
			continue // about a message we never sent: kept, and that is all
		}
		parsed, err := email.ParseEvents([]byte("[" + string(r.Raw) + "]"))
		if err != nil || len(parsed) != 1 {
			continue
		}
		work = append(work, told{r, parsed[0]})
	}
	// Messages are locked in the order of their ids, so that two jobs do not wait for each other.
	slices.SortStableFunc(work, func(x, y told) int { return bytes.Compare(x.row.MessageID[:], y.row.MessageID[:]) })
	return a.applyAll(ctx, work)
}

// told is one stored event and what it says.
type told struct {
	row   store.ProviderEvent
	event email.Event
}

// applyAll applies the events in one transaction; if that fails one by one, so that a bad one holds up no other.
func (a *App) applyAll(ctx context.Context, work []told) error {
	err := a.store.Tx(ctx, func(tx *store.Tx) error {
		for _, w := range work {
			if err := a.applyEvent(tx, w.row, w.event); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil || len(work) < 2 || ctx.Err() != nil {
		return err
	}
	var all []error
	for _, w := range work {
		all = append(all, a.applyAll(ctx, []told{w}))
	}
	return errors.Join(all...)
}

func (a *App) applyEvent(tx *store.Tx, r store.ProviderEvent, e email.Event) error {
	m, err := tx.LockMessage(*r.MessageID)
	if errs.Is(err, errs.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	gone, err := forgetEvent(tx, m, r)
	if err != nil {
		return err
	}
	if gone {
		e.Reason = ""
	}
	var since time.Time
	if m.DeliveryAt != nil {
		since = *m.DeliveryAt
	}
	if e.Supersedes(int(m.DeliveryRank), since) {
		state, rank := e.State()
		change := map[string]any{"delivery": string(state), "delivery_rank": rank, "delivery_at": e.At}
		if state.Final() {
			change["reason"] = e.Reason
		}
		if m.State == store.MessageUnknown { // the event is the answer that we never got
			change["state"], change["sent_at"], change["reason"] = store.MessageSent, tx.Now(), orElse(e.Reason, "learnt from the provider's event")
		}
		if err := tx.UpdateMessage(m.ID, change); err != nil {
			return err
		}
	}
	kind, reason, ok := e.Suppresses()
	if !ok || gone || m.AddressID == nil {
		return nil
	}
	return a.suppress(tx, *m.AddressID, suppressionKinds[kind], reason, &m.ID)
}

// forgetEvent blanks an event about somebody who was erased before it came: a mail server's words may name the mailbox.
// The message is locked, so an erasure comes either before this or after all of it.
func forgetEvent(tx *store.Tx, m store.Message, r store.ProviderEvent) (gone bool, err error) {
	if m.LeadID == nil {
		return false, nil
	}
	var erased int64
	if err := tx.Model(&store.Lead{}).Where("id = ? and state = 'erased'", *m.LeadID).Count(&erased).Error; err != nil || erased == 0 {
		return false, err
	}
	return true, tx.Exec("update provider_events set raw = '{}', reason = '' where event_id = ? and at = ?", r.EventID, r.At).Error
}

var suppressionKinds = map[email.Suppression]string{
	email.SuppressBounced: "hard_bounce", email.SuppressSpam: "spam_report", email.SuppressUnsubscribe: "unsubscribed",
}

// suppress stops mail to an address under every secret's hash that is in use.
func (a *App) suppress(tx *store.Tx, addressID uuid.UUID, kind, reason string, message *uuid.UUID) error {
	var ad store.LeadAddress
	if err := tx.Where("id = ?", addressID).Take(&ad).Error; err != nil {
		return err
	}
	if err := withdrawn(tx, ad, kind); err != nil {
		return err
	}
	return tx.Suppress(store.Suppression{AddressKey: a.addressKeys(ad.Address)[0], Kind: kind, Reason: reason, MessageID: message, At: tx.Now()})
}

// withdrawn records an unsubscribing at the provider as the answer to marketing that it is; again is no change.
func withdrawn(tx *store.Tx, ad store.LeadAddress, kind string) error {
	if kind != "unsubscribed" {
		return nil
	}
	now, err := tx.Consent(ad.ID, purposeMarketing, lead.Consent{})
	if err != nil || now.State == lead.ConsentWithdrawn {
		return err
	}
	at := tx.Now()
	return tx.Create(&store.Consent{ID: store.NewID(), LeadID: ad.LeadID, AddressID: ad.ID, Purpose: purposeMarketing,
		Text: "Unsubscribed at the mail provider.", TextVersion: "provider-1", Language: "en", State: "confirmed", How: "provider", At: at, ConfirmedAt: &at}).Error
}
