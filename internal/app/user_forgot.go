package app

import (
	"context"
	"crypto/hmac"
	"encoding/hex"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/riverqueue/river"

	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/jobs"
	"github.com/gatehouse/gatehouse/internal/store"
)

// forgotMost is how many forgotten passwords this process takes down in a minute.
const forgotMost = 60

// ForgotPassword has a one-time link mailed, if there is such an account. Whether there is shows neither in the answer nor
// in its time: the request does nothing but write down the address's keyed hash, and a worker compares. The error is
// Unavailable when very many ask.
func (a *App) ForgotPassword(ctx context.Context, address string) error {
	if a.forgot.Add("forgot", "") > forgotMost {
		return errs.New(errs.Unavailable, "Too many people ask for this at once. Please try again in a moment.").After(10 * time.Second)
	}
	return a.store.Tx(ctx, func(tx *store.Tx) error {
		return tx.Enqueue(river.InsertManyParams{Args: jobs.Forgotten{Account: hex.EncodeToString(a.accountKey(address))}})
	})
}

// accountKey is the keyed hash by which an account is named where its address must not be.
func (a *App) accountKey(address string) []byte {
	return a.keyed("login", "forgotten", strings.ToLower(strings.TrimSpace(address)))
}

// MailForgotten finds the account and writes the mail; without one it does nothing. At most three an hour go to an account.
func (a *App) MailForgotten(ctx context.Context, account string) error {
	key, err := hex.DecodeString(account)
	if err != nil {
		return err
	}
	var users []store.User
	if err := a.store.DB(ctx).Where("disabled_at is null").Find(&users).Error; err != nil {
		return a.store.Translate(err)
	}
	for _, u := range users {
		if hmac.Equal(key, a.accountKey(u.Email)) {
			return a.mailForgotten(ctx, u.ID)
		}
	}
	return nil
}

func (a *App) mailForgotten(ctx context.Context, user uuid.UUID) error {
	return a.store.Tx(ctx, func(tx *store.Tx) error {
		var users []store.User
		if err := tx.ForUpdate().Where("id = ? and disabled_at is null", user).Limit(1).Find(&users).Error; err != nil || len(users) == 0 {
			return err
		}
		var recent int64
		err := tx.Model(&store.UserToken{}).Where("user_id = ? and created_at > ?", user, tx.Now().Add(-time.Hour)).Count(&recent).Error
		if err != nil || recent >= 3 {
			return err
		}
		t, err := a.passwordToken(tx, user, "password", passwordLife)
		if err != nil {
			return err
		}
		return a.staffMail(tx, user, "password", map[string]any{"token": t.ID.String()})
	})
}
