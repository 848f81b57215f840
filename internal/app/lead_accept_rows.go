package app

import (
	"time"

	"github.com/riverqueue/river"

	"github.com/gatehouse/gatehouse/internal/guard"
	"github.com/gatehouse/gatehouse/internal/jobs"
	"github.com/gatehouse/gatehouse/internal/store"
)

func (w *acceptance) write() error {
	tx := w.tx
	if len(w.replaced) > 0 {
		if err := tx.Model(&store.LeadValue{}).Where("id in ?", w.replaced).Update("current", false).Error; err != nil {
			return err
		}
	}
	var grants []store.Grant
	for _, g := range w.grants {
		grants = append(grants, *g)
	}
	upsert := tx.Clauses(store.OnConflict{Columns: []store.Column{{Name: "address_id"}, {Name: "document_id"}},
		DoUpdates: store.Updated("expires_at")})
	for _, err := range []error{
		upsert.Create(&grants).Error,
		createAll(tx, w.values), createAll(tx, w.consents), createAll(tx, w.visits), createAll(tx, w.messages), createAll(tx, w.outcomes),
		w.updateLeads(), w.app.adoptSaid(tx, w.outcomes),
	} {
		if err != nil {
			return err
		}
	}
	if w.flooded {
		if err := tx.Raise("mailbox-flood", "", "Many spellings of one mailbox asked for the same document. The mails beyond the third that waits were not sent: look at the messages that ended, and send again what was meant."); err != nil {
			return err
		}
	}
	if err := w.tell(); err != nil {
		return err
	}
	w.next = append(w.next, river.InsertManyParams{Args: jobs.Score{LeadIDs: keysOfPtr(w.leads)}})
	return tx.Enqueue(w.next...)
}

// tell has other systems hear of the submissions, and of what changed about those whom they keep.
func (w *acceptance) tell() error {
	var events []store.OutboxEvent
	for _, o := range w.outcomes {
		events = append(events, store.OutboxEvent{Type: SubmissionProcessed, LeadID: o.LeadID, SubmissionID: &o.SubmissionID})
	}
	if err := w.app.tellEvents(w.tx, events...); err != nil {
		return err
	}
	return w.app.tellKept(w.tx, keysOfPtr(w.leads)...)
}

func (w *acceptance) updateLeads() error {
	var rows []store.Lead
	for _, l := range w.leads {
		l.Version++
		rows = append(rows, *l)
	}
	return w.tx.Clauses(store.OnConflict{Columns: []store.Column{{Name: "id"}}, DoUpdates: store.Updated(
		"company_id", "given_name", "family_name", "company", "job_title", "tel", "country", "source", "submissions", "version", "last_at")}).
		Create(&rows).Error
}

func createAll[T any](tx *store.Tx, rows []T) error {
	if len(rows) == 0 {
		return nil
	}
	return tx.CreateInBatches(&rows, 200).Error
}

// applyMailLimits holds a requested mail when the address has had its share; nothing is dropped.
func applyMailLimits(m *store.Message, earlier []store.Message, now time.Time, on bool) {
	if !on {
		return
	}
	var same, all []time.Time
	for _, e := range earlier {
		at := e.DueAt
		if e.SentAt != nil {
			at = *e.SentAt
		}
		if e.State == store.MessageEnded {
			continue
		}
		all = append(all, at)
		if e.DocumentID != nil && m.DocumentID != nil && *e.DocumentID == *m.DocumentID {
			same = append(same, at)
		}
	}
	if at, why := guard.NextMail(same, all, now); at.After(now) {
		m.State, m.DueAt, m.Reason = store.MessageHeld, at, why
	}
}

func setLeadColumn(l *store.Lead, field, value string) {
	switch field {
	case "given_name":
		l.GivenName = value
	case "family_name":
		l.FamilyName = value
	case "company":
		l.Company = value
	case "job_title":
		l.JobTitle = value
	case "tel":
		l.Tel = value
	case "country":
		l.Country = value
	}
}
