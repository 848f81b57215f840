package store

import (
	"context"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// The states of a message. Sent: the provider took it. Ended: it will never be sent, Reason says why. Unknown: the
// provider may have it; we wait for its event until DueAt.
const (
	MessagePending = "pending"
	MessageHeld    = "held"
	MessageSending = "sending"
	MessageUnknown = "unknown"
	MessageSent    = "sent"
	MessageEnded   = "ended"
)

// Grant is one address's personal right to a document.
type Grant struct {
	ID         uuid.UUID `gorm:"primaryKey;type:uuid"`
	AddressID  uuid.UUID `gorm:"type:uuid"`
	DocumentID uuid.UUID `gorm:"type:uuid"`
	GateID     uuid.UUID `gorm:"type:uuid"`
	Serial     int32     `gorm:"type:integer"`
	ExpiresAt  time.Time
	CreatedAt  time.Time `gorm:"autoCreateTime:false"`
}

// Message is one e-mail of a kind. LinkSerial and LinkExpiresAt fix its link, so that every try carries the same one.
type Message struct {
	ID                uuid.UUID `gorm:"primaryKey;type:uuid"`
	Kind              string
	Template          string
	SubmissionID      *uuid.UUID `gorm:"type:uuid"`
	Seq               int32      `gorm:"type:integer"`
	LeadID            *uuid.UUID `gorm:"type:uuid"`
	AddressID         *uuid.UUID `gorm:"type:uuid"`
	UserID            *uuid.UUID `gorm:"type:uuid"`
	GrantID           *uuid.UUID `gorm:"type:uuid"`
	DocumentID        *uuid.UUID `gorm:"type:uuid"`
	GateID            *uuid.UUID `gorm:"type:uuid"`
	State             string
	Reason            string
	DueAt             time.Time
	LinkSerial        int32 `gorm:"type:integer"`
	LinkExpiresAt     *time.Time
	Transport         string
	ProviderMessageID string
	Delivery          string
	DeliveryRank      int16 `gorm:"type:smallint"`
	DeliveryAt        *time.Time
	Tries             int32 `gorm:"type:integer"`
	SecondSend        bool
	Data              map[string]any `gorm:"type:jsonb;serializer:json"`
	CreatedAt         time.Time      `gorm:"autoCreateTime:false"`
	SentAt            *time.Time
	StateAt           time.Time
}

// Attempt is one try to hand a message to the provider: recorded before the call, closed after it.
type Attempt struct {
	ID                uuid.UUID  `gorm:"primaryKey;type:uuid" json:"id"`
	MessageID         uuid.UUID  `gorm:"type:uuid" json:"message_id"`
	Number            int32      `gorm:"type:integer" json:"number"`
	Transport         string     `json:"transport"`
	Worker            string     `json:"worker"`
	StartedAt         time.Time  `json:"started_at"`
	LeaseUntil        time.Time  `json:"lease_until"`
	FinishedAt        *time.Time `json:"finished_at"`
	Outcome           string     `json:"outcome"`
	Status            int32      `gorm:"type:integer" json:"status"`
	ProviderMessageID string     `json:"provider_message_id"`
	Reason            string     `json:"reason"`
}

// CapturedMail is a mail of the capture transport.
type CapturedMail struct {
	ID          uuid.UUID `gorm:"primaryKey;type:uuid"`
	MessageID   uuid.UUID `gorm:"type:uuid"`
	Recipient   string
	Subject     string
	HTML        string `gorm:"column:html"`
	Text        string
	Raw         []byte
	Unsubscribe string
	At          time.Time
}

// Suppression stops mail to an address, known here only by a keyed hash.
type Suppression struct {
	AddressKey []byte `gorm:"primaryKey"`
	Kind       string `gorm:"primaryKey"`
	Reason     string
	MessageID  *uuid.UUID `gorm:"type:uuid"`
	At         time.Time
	LiftedAt   *time.Time
}

// Message reads one.
func (s *Store) Message(ctx context.Context, id uuid.UUID) (Message, error) {
	var m Message
	err := s.DB(ctx).Where("id = ?", id).Take(&m).Error
	return m, translate(err)
}

// LockMessage reads one and keeps others off it until the transaction ends.
func (tx *Tx) LockMessage(id uuid.UUID) (Message, error) {
	var m Message
	err := tx.Clauses(clause.Locking{Strength: "UPDATE"}).Where("id = ?", id).Take(&m).Error
	return m, translate(err)
}

// OpenAttempt reads the message's attempt that nobody has closed; nil when there is none.
func (tx *Tx) OpenAttempt(message uuid.UUID) (*Attempt, error) {
	var rows []Attempt
	err := tx.Where("message_id = ? and outcome = 'open'", message).Limit(1).Find(&rows).Error
	if err != nil || len(rows) == 0 {
		return nil, translate(err)
	}
	return &rows[0], nil
}

// Way is what stands between a message and its reader.
type Way struct {
	Hold        bool // all mail is held: see settings
	PausedUntil *time.Time
	Address     string // "" for staff
}

// holdLook is how long a held message waits before it looks again; letting mail go wakes it sooner.
const holdLook = time.Minute

// Wait is how long the message must wait at now; 0 when the way is free.
func (w Way) Wait(now time.Time) time.Duration {
	switch {
	case w.Hold:
		return holdLook
	case w.PausedUntil != nil && w.PausedUntil.After(now):
		return w.PausedUntil.Sub(now)
	}
	return 0
}

// Outgoing reads the way of a message to an address, nil for staff.
func (tx *Tx) Outgoing(provider string, address *uuid.UUID) (w Way, err error) {
	err = tx.Raw(`select s.mail_hold as hold, p.paused_until, coalesce(a.address, '') as address from settings s
		left join provider_state p on p.provider = ? left join lead_addresses a on a.id = ? where s.id = 1`, provider, address).Scan(&w).Error
	return w, translate(err)
}

// BeginAttempt records an attempt and its message's state in one statement.
func (tx *Tx) BeginAttempt(a Attempt, state string, second bool) error {
	return translate(tx.Exec(`with attempt as (insert into attempts (id, message_id, number, transport, worker, started_at, lease_until, outcome, status,
			provider_message_id, reason) values (?, ?, ?, ?, ?, ?, ?, 'open', 0, '', ''))
		update messages set state = ?, tries = ?, second_send = ?, transport = ?, state_at = ? where id = ?`,
		a.ID, a.MessageID, a.Number, a.Transport, a.Worker, a.StartedAt, a.LeaseUntil, state, a.Number, second, a.Transport, a.StartedAt, a.MessageID).Error)
}

// CloseAttempt closes an attempt once; false when somebody else has closed it.
func (tx *Tx) CloseAttempt(a Attempt) (bool, error) {
	res := tx.Model(&Attempt{}).Where("id = ? and outcome = 'open'", a.ID).Updates(map[string]any{
		"outcome": a.Outcome, "finished_at": tx.Now(), "status": a.Status, "provider_message_id": a.ProviderMessageID, "reason": a.Reason})
	return res.RowsAffected == 1, translate(res.Error)
}

// CorrectAttempt records the answer of an attempt that was closed as unknown before the answer came.
func (tx *Tx) CorrectAttempt(a Attempt) error {
	return translate(tx.Model(&Attempt{}).Where("id = ? and outcome = 'unknown'", a.ID).Updates(map[string]any{
		"outcome": a.Outcome, "status": a.Status, "provider_message_id": a.ProviderMessageID, "reason": a.Reason}).Error)
}

// FailedAttempts counts the tries of a message that the provider is known not to have taken, through nobody's wish.
func (tx *Tx) FailedAttempts(message uuid.UUID) (int, error) {
	var n int64
	err := tx.Model(&Attempt{}).Where("message_id = ? and outcome in ('server_error', 'not_sent')", message).Count(&n).Error
	return int(n), translate(err)
}

// UpdateMessage writes the given columns and the time of the change of state.
func (tx *Tx) UpdateMessage(id uuid.UUID, columns map[string]any) error {
	columns["state_at"] = tx.Now()
	return translate(tx.Model(&Message{}).Where("id = ?", id).Updates(columns).Error)
}

// Suppressions of an address that hold, by kind, the latest of each; keys are the address's keyed hashes, one per secret
// in use.
func (tx *Tx) Suppressions(keys [][]byte) (map[string]Suppression, error) {
	var rows []Suppression
	err := tx.Where("address_key in ? and lifted_at is null", keys).Order("at").Find(&rows).Error
	out := map[string]Suppression{}
	for _, r := range rows {
		out[r.Kind] = r
	}
	return out, translate(err)
}

// Suppress stops a kind of mail to an address; again is no change, and after it was lifted it holds from the new time.
func (tx *Tx) Suppress(r Suppression) error {
	return translate(tx.Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "address_key"}, {Name: "kind"}},
		DoUpdates: clause.Assignments(map[string]any{"lifted_at": nil,
			"at": gorm.Expr("case when suppressions.lifted_at is null then suppressions.at else excluded.at end")})}).Create(&r).Error)
}

// WorkerAlive tells whether the process that goes by the name still holds its lock (see Presence).
func (tx *Tx) WorkerAlive(worker string) (bool, error) {
	var free bool
	// Taken for this transaction only, and shared with others who ask: whoever holds it for the session is alive.
	err := tx.Raw("select pg_try_advisory_xact_lock_shared(?, hashtext(?))", presenceClass, worker).Scan(&free).Error
	return !free, translate(err)
}

// ProviderState reads what is known of a transport; the zero value when nothing is.
func (tx *Tx) ProviderState(provider string) (ProviderState, error) {
	var rows []ProviderState
	err := tx.Where("provider = ?", provider).Limit(1).Find(&rows).Error
	if err != nil || len(rows) == 0 {
		return ProviderState{Provider: provider}, translate(err)
	}
	return rows[0], nil
}

// PauseProvider makes every message of the transport wait.
func (tx *Tx) PauseProvider(provider string, until time.Time, why string) error {
	return translate(tx.Exec(`insert into provider_state (provider, paused_until, paused_why) values (?, ?, ?)
		on conflict (provider) do update set paused_until = excluded.paused_until, paused_why = excluded.paused_why`, provider, until, why).Error)
}

// ResumeProvider ends a pause, and the alarm about it, when something was accepted again.
func (tx *Tx) ResumeProvider(provider string) error {
	res := tx.Exec("update provider_state set paused_until = null, paused_why = '' where provider = ? and paused_until is not null", provider)
	if res.Error != nil || res.RowsAffected == 0 {
		return translate(res.Error)
	}
	return tx.ClearAlarm("mail-refused", provider)
}
