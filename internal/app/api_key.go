package app

import (
	"context"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/auth"
	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/lead"
	"github.com/gatehouse/gatehouse/internal/store"
)

// TouchKey notes that a key is in use, at most once a minute.
func (a *App) TouchKey(ctx context.Context, k store.APIKey) error {
	now := a.now()
	if k.LastUsedAt != nil && now.Sub(*k.LastUsedAt) < time.Minute {
		return nil
	}
	return a.store.Translate(a.store.DB(ctx).Model(&store.APIKey{}).Where("id = ?", k.ID).Update("last_used_at", now).Error)
}

// NewKey makes an API key; its plain text is shown once and never stored.
func (a *App) NewKey(ctx context.Context, name string, scopes []string, by store.Actor) (plain string, err error) {
	if name = strings.TrimSpace(name); name == "" || len(name) > 80 || name != lead.CleanText(name, 80) {
		return "", errs.InvalidFields(errs.Field{Field: "name", Code: "invalid", Message: "Give the key a name of at most 80 characters, so that you know later what uses it."})
	}
	known, err := auth.ParseScopes(scopes)
	if err != nil || len(known) == 0 {
		return "", errs.InvalidFields(errs.Field{Field: "scopes", Code: "invalid", Message: "Choose what the key may do."})
	}
	k := store.APIKey{ID: store.NewID(), Name: name, CreatedBy: by.ID, CreatedAt: a.now()}
	for _, s := range known {
		k.Scopes = append(k.Scopes, string(s))
	}
	plain, k.Prefix, k.Hash = auth.NewAPIKey()
	err = a.store.Tx(ctx, func(tx *store.Tx) error {
		if err := tx.Create(&k).Error; err != nil {
			return err
		}
		return tx.Audit(by, "key.create", "api-key", k.ID.String(), map[string]any{"name": name, "scopes": k.Scopes})
	})
	return plain, err
}

// RevokeKey ends an API key at once.
func (a *App) RevokeKey(ctx context.Context, id uuid.UUID, by store.Actor) error {
	return a.store.Tx(ctx, func(tx *store.Tx) error {
		res := tx.Model(&store.APIKey{}).Where("id = ? and revoked_at is null", id).Update("revoked_at", tx.Now())
		if res.Error != nil {
			return res.Error
		}
		if res.RowsAffected == 0 {
			return errs.New(errs.NotFound, "There is no such key, or it is revoked already.")
		}
		return tx.Audit(by, "key.revoke", "api-key", id.String(), nil)
	})
}
