package store

import (
	"context"
	"encoding/json"
	"time"

	"github.com/google/uuid"
)

// ProviderEvent is one thing that a mail provider told, kept once by its id.
type ProviderEvent struct {
	EventID    string    `gorm:"primaryKey"`
	At         time.Time `gorm:"primaryKey"`
	ReceivedAt time.Time
	Provider   string
	Type       string
	MessageID  *uuid.UUID `gorm:"type:uuid"`
	Machine    bool
	Reason     string
	Raw        json.RawMessage `gorm:"type:jsonb"`
}

// ProviderState is what we know of a transport as a whole.
type ProviderState struct {
	Provider    string `gorm:"primaryKey"`
	LastEventAt *time.Time
	PausedUntil *time.Time
	PausedWhy   string
}

// TableName is the table's name.
func (ProviderState) TableName() string { return "provider_state" }

// Hit is one raw request to a personal link, labelled.
type Hit struct {
	ID        uuid.UUID `gorm:"primaryKey;type:uuid"`
	At        time.Time `gorm:"primaryKey"`
	GrantID   uuid.UUID `gorm:"type:uuid"`
	Kind      string
	Label     string
	Reason    string
	Block     string
	UserAgent string
}

// Download is one person's opening of one version; again raises Times.
type Download struct {
	ID                uuid.UUID  `gorm:"primaryKey;type:uuid"`
	GrantID           *uuid.UUID `gorm:"type:uuid"`
	LeadID            uuid.UUID  `gorm:"type:uuid"`
	DocumentID        uuid.UUID  `gorm:"type:uuid"`
	DocumentVersionID uuid.UUID  `gorm:"type:uuid"`
	GateID            uuid.UUID  `gorm:"type:uuid"`
	Kind              string
	At                time.Time
	LastAt            time.Time
	Times             int32 `gorm:"type:integer"`
}

// DocumentReturn is one time that a person came back to a document.
type DocumentReturn struct {
	ID         uuid.UUID `gorm:"primaryKey;type:uuid"`
	DownloadID uuid.UUID `gorm:"type:uuid"`
	At         time.Time
}

// Alarm is something that needs a person.
type Alarm struct {
	ID        uuid.UUID `gorm:"primaryKey;type:uuid"`
	Kind      string
	Object    string
	Sentence  string
	RaisedAt  time.Time
	LastAt    time.Time
	Times     int32 `gorm:"type:integer"`
	ToldAt    *time.Time
	ClearedAt *time.Time
}

// Erasure is the fact that somebody was erased.
type Erasure struct {
	ID          uuid.UUID      `gorm:"primaryKey;type:uuid"`
	LeadID      uuid.UUID      `gorm:"type:uuid"`
	AddressKeys []string       `gorm:"type:jsonb;serializer:json"`
	Receipt     map[string]any `gorm:"type:jsonb;serializer:json"`
	At          time.Time
}

// KeepEvents stores those events that are not known yet and returns their ids.
func (tx *Tx) KeepEvents(events []ProviderEvent) ([]string, error) {
	rows, err := json.Marshal(events)
	if err != nil {
		return nil, err
	}
	var fresh []string
	err = tx.DB.Raw(`insert into provider_events (event_id, at, received_at, provider, type, message_id, machine, reason, raw)
		select "EventID", "At", "ReceivedAt", "Provider", "Type", "MessageID", "Machine", "Reason", "Raw" from jsonb_to_recordset(?::jsonb)
		as e("EventID" text, "At" timestamptz, "ReceivedAt" timestamptz, "Provider" text, "Type" text, "MessageID" uuid, "Machine" boolean,
		     "Reason" text, "Raw" jsonb)
		on conflict do nothing returning event_id`, string(rows)).Scan(&fresh).Error
	return fresh, translate(err)
}

// HeardOf tells whether the provider has told anything about a message that was made at a time: then it has taken it.
func (tx *Tx) HeardOf(message uuid.UUID, made time.Time) (bool, error) {
	var yes bool
	err := tx.DB.Raw("select exists (select 1 from provider_events where message_id = ? and at >= ?)", message, made.Add(-24*time.Hour)).Scan(&yes).Error
	return yes, translate(err)
}

// Raise records that something needs a person; while it is open, again only counts.
func (tx *Tx) Raise(kind, object, sentence string) error {
	now := tx.Now()
	return translate(tx.Exec(`insert into alarms (id, kind, object, sentence, raised_at, last_at, times) values (?, ?, ?, ?, ?, ?, 1)
		on conflict (kind, object) where cleared_at is null do update set last_at = excluded.last_at, times = alarms.times + 1, sentence = excluded.sentence`,
		NewID(), kind, object, sentence, now, now).Error)
}

// ClearAlarm says that the cause is gone.
func (tx *Tx) ClearAlarm(kind, object string) error {
	return translate(tx.Model(&Alarm{}).Where("kind = ? and object = ? and cleared_at is null", kind, object).
		Update("cleared_at", tx.Now()).Error)
}

// seenWithin is how exactly the time of the last event is kept: a row that every post writes would let posts queue up.
const seenWithin = 10 * time.Second

// SeenEvents remembers when the provider last told us anything: an unknown send waits longer while events arrive.
func (tx *Tx) SeenEvents(provider string, at time.Time) error {
	return translate(tx.Exec(`insert into provider_state (provider, last_event_at, paused_why) select ?, ?, ''
		where not exists (select 1 from provider_state where provider = ? and last_event_at > ?)
		on conflict (provider) do update set last_event_at = excluded.last_event_at`, provider, at, provider, at.Add(-seenWithin)).Error)
}

// Events reads events by id within their time range, oldest first.
func (s *Store) Events(ctx context.Context, ids []string, from, to time.Time) ([]ProviderEvent, error) {
	var rows []ProviderEvent
	err := s.DB(ctx).Where("event_id in (select jsonb_array_elements_text(?)) and at between ? and ?", list(ids), from, to).Order("at").Find(&rows).Error
	return rows, translate(err)
}
