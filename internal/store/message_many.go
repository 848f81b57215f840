package store

import (
	"context"
	"encoding/hex"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm/clause"
)

// Many rows travel here as one JSON value each time: a list of parameters would make a statement of its own for every length,
// and each connection would have to prepare them all.

// LockDue reads those of the messages that wait for nothing but being sent, and keeps others off them.
func (tx *Tx) LockDue(ids []uuid.UUID) (rows []Message, err error) {
	err = tx.Clauses(clause.Locking{Strength: "UPDATE"}).Where("id in (select jsonb_array_elements_text(?)::uuid) and state = ? and delivery_rank = 0 and due_at <= ?",
		list(ids), MessagePending, tx.Now()).
		Order("id").Find(&rows).Error
	return rows, translate(err)
}

// Letter is what a mail to a prospect needs to know about its reader.
type Letter struct {
	Address    LeadAddress
	LeadState  string
	ReceivedAt *time.Time // of the submission it answers; nil without one
	Consent    string     // the marketing box that the submission ticked and nobody has confirmed; "" without one
}

// Letters reads them by message. A message to staff has none.
func (tx *Tx) Letters(messages []Message) (map[uuid.UUID]Letter, error) {
	ids := make([]uuid.UUID, 0, len(messages))
	for _, m := range messages {
		ids = append(ids, m.ID)
	}
	var rows []struct {
		LeadAddress
		MessageID  uuid.UUID
		LeadState  string
		ReceivedAt *time.Time
		Consent    string
	}
	err := tx.Raw(`select a.*, m.id as message_id, l.state as lead_state, s.received_at,
			coalesce((select text from consents c where c.submission_id = m.submission_id and purpose = 'marketing' and given and state = 'claimed'), '') as consent
		from messages m join lead_addresses a on a.id = m.address_id join leads l on l.id = a.lead_id
		left join submissions s on s.id = m.submission_id where m.id in (select jsonb_array_elements_text(?)::uuid)`, list(ids)).Scan(&rows).Error
	out := make(map[uuid.UUID]Letter, len(rows))
	for _, r := range rows {
		out[r.MessageID] = Letter{Address: r.LeadAddress, LeadState: r.LeadState, ReceivedAt: r.ReceivedAt, Consent: r.Consent}
	}
	return out, translate(err)
}

// SuppressedKeys are those of the addresses' keyed hashes under which any kind of mail is stopped.
func (tx *Tx) SuppressedKeys(keys [][]byte) (found [][]byte, err error) {
	if len(keys) == 0 {
		return nil, nil
	}
	words := make([]string, len(keys))
	for i, k := range keys {
		words[i] = hex.EncodeToString(k)
	}
	err = tx.Model(&Suppression{}).Where("address_key in (select decode(jsonb_array_elements_text(?), 'hex')) and lifted_at is null", list(words)).
		Pluck("address_key", &found).Error
	return found, translate(err)
}

// BeginAttempts records first attempts and moves their messages to a state.
func (tx *Tx) BeginAttempts(attempts []Attempt, state string) error {
	if len(attempts) == 0 {
		return nil
	}
	return translate(tx.Exec(`with a as (insert into attempts (id, message_id, number, transport, worker, started_at, lease_until, outcome, status, provider_message_id, reason)
			select id, message_id, number, transport, worker, started_at, lease_until, 'open', 0, '', ''
			from jsonb_to_recordset(?) as t(id uuid, message_id uuid, number integer, transport text, worker text, started_at timestamptz, lease_until timestamptz)
			returning message_id, number, transport, started_at)
		update messages m set state = ?, tries = a.number, transport = a.transport, state_at = a.started_at from a where m.id = a.message_id`,
		list(attempts), state).Error)
}

// CloseAccepted closes accepted attempts and their messages in one statement, which is a transaction of its own. It
// returns those that it closed; the others were closed by somebody else. The messages are locked first, as everywhere.
func (s *Store) CloseAccepted(ctx context.Context, attempts []Attempt) (map[uuid.UUID]bool, error) {
	var closed []uuid.UUID
	err := s.DB(ctx).Raw(`with v as materialized (select * from jsonb_to_recordset(?)
			as t(id uuid, message_id uuid, status integer, provider_message_id text, reason text)),
		m as (select id from messages where id in (select message_id from v) order by id for update),
		a as (update attempts t set outcome = 'accepted', finished_at = ?, status = v.status, provider_message_id = v.provider_message_id, reason = v.reason
			from v, m where t.id = v.id and m.id = v.message_id and t.message_id = v.message_id and t.outcome = 'open'
			returning t.id, t.message_id, t.provider_message_id, t.finished_at),
		done as (update messages set state = 'sent', sent_at = a.finished_at, provider_message_id = a.provider_message_id, reason = '', state_at = a.finished_at
			from a where messages.id = a.message_id)
		select id from a`, list(attempts), s.Now()).Scan(&closed).Error
	out := make(map[uuid.UUID]bool, len(closed))
	for _, id := range closed {
		out[id] = true
	}
	return out, translate(err)
}
