package store

import (
	"context"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm/clause"
)

// User is one member of staff.
type User struct {
	ID           uuid.UUID `gorm:"primaryKey;type:uuid"`
	Email        string
	Name         string
	Role         string
	PasswordHash string
	SessionEpoch int64
	DisabledAt   *time.Time
	LastLoginAt  *time.Time
	Version      int64
	CreatedAt    time.Time `gorm:"autoCreateTime:false"`
}

// UserToken is a one-time link for staff: first set-up, or a password. The link is the row's id under our signature, so
// that whoever reads the table cannot use it; the row says whether it still opens.
type UserToken struct {
	ID        uuid.UUID  `gorm:"primaryKey;type:uuid"`
	UserID    *uuid.UUID `gorm:"type:uuid"`
	Purpose   string
	ExpiresAt time.Time
	UsedAt    *time.Time
	CreatedAt time.Time `gorm:"autoCreateTime:false"`
}

// Session is one login; the token itself is never stored.
type Session struct {
	Hash      string `gorm:"primaryKey"`
	Data      []byte
	ExpiresAt time.Time
}

// LoginAttempt feeds the brake on brute force; account and network block are keyed hashes.
type LoginAttempt struct {
	ID         uuid.UUID `gorm:"primaryKey;type:uuid"`
	AccountKey []byte
	BlockKey   []byte
	Succeeded  bool
	At         time.Time
}

// APIKey lets a program in, for its scopes alone. Only the hash is kept.
type APIKey struct {
	ID         uuid.UUID `gorm:"primaryKey;type:uuid"`
	Name       string
	Prefix     string
	Hash       []byte
	Scopes     []string   `gorm:"type:jsonb;serializer:json"`
	CreatedBy  *uuid.UUID `gorm:"type:uuid"`
	CreatedAt  time.Time  `gorm:"autoCreateTime:false"`
	LastUsedAt *time.Time
	RevokedAt  *time.Time
}

// TableName is the table's name.
func (APIKey) TableName() string { return "api_keys" }

// Audit is one staff write. Detail holds what changed, never a prospect's data.
type Audit struct {
	ID         uuid.UUID `gorm:"primaryKey;type:uuid"`
	At         time.Time
	ActorKind  string
	ActorID    *uuid.UUID `gorm:"type:uuid"`
	ActorName  string
	Action     string
	ObjectKind string
	ObjectID   string
	Detail     map[string]any `gorm:"type:jsonb;serializer:json"`
}

// TableName is the table's name.
func (Audit) TableName() string { return "audit_log" }

// Actor is who does something: a member of staff, a command, the system itself.
type Actor struct {
	Kind string // user, command, system, api-key
	ID   *uuid.UUID
	Name string
}

// Audit records a staff write in the transaction that makes it.
func (tx *Tx) Audit(by Actor, action, objectKind, objectID string, detail map[string]any) error {
	if detail == nil {
		detail = map[string]any{}
	}
	return tx.Create(&Audit{ID: NewID(), At: tx.Now(), ActorKind: by.Kind, ActorID: by.ID, ActorName: by.Name,
		Action: action, ObjectKind: objectKind, ObjectID: objectID, Detail: detail}).Error
}

// User reads one.
func (s *Store) User(ctx context.Context, id uuid.UUID) (User, error) {
	var u User
	err := s.DB(ctx).Where("id = ?", id).Take(&u).Error
	return u, translate(err)
}

// FindSession reads a session that has not expired.
func (s *Store) FindSession(ctx context.Context, hash string) ([]byte, bool, error) {
	var rows []Session
	err := s.DB(ctx).Where("hash = ? and expires_at > ?", hash, s.Now()).Limit(1).Find(&rows).Error
	if err != nil || len(rows) == 0 {
		return nil, false, translate(err)
	}
	return rows[0].Data, true, nil
}

// SaveSession writes one.
func (s *Store) SaveSession(ctx context.Context, row Session) error {
	return translate(s.DB(ctx).Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "hash"}},
		DoUpdates: clause.AssignmentColumns([]string{"data", "expires_at"})}).Create(&row).Error)
}

// DeleteSession ends one.
func (s *Store) DeleteSession(ctx context.Context, hash string) error {
	return translate(s.DB(ctx).Where("hash = ?", hash).Delete(&Session{}).Error)
}

// APIKeyByHash reads a key that holds.
func (s *Store) APIKeyByHash(ctx context.Context, hash []byte) (APIKey, error) {
	var k APIKey
	err := s.DB(ctx).Where("hash = ? and revoked_at is null", hash).Take(&k).Error
	return k, translate(err)
}
