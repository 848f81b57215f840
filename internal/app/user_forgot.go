package app

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/store"
)

// forgotAtOnce is how many forgotten passwords may wait to be looked up; forgotAfter lets the answer leave first, so
// that not even the work for it is felt there; forgotTime ends what hangs.
const (
	forgotAtOnce = 64
	forgotAfter  = 250 * time.Millisecond
	forgotTime   = 30 * time.Second
)

// forgotten is the work for forgotten passwords that goes on after the answer.
type forgotten struct {
	sync.WaitGroup
	places chan struct{}
}

// ForgotPassword mails a one-time link, if there is such an account. Whether there is shows neither in the answer nor in
// its time: the account is looked up afterwards. A process that dies meanwhile loses the mail, which is then asked for
// again; one that stops sends it first. The error is Unavailable when very many wait.
func (a *App) ForgotPassword(ctx context.Context, address string) error {
	select {
	case a.forgot.places <- struct{}{}:
	default:
		return errs.New(errs.Unavailable, "Too many people ask for this at once. Please try again in a moment.").After(forgotAfter)
	}
	ctx = context.WithoutCancel(ctx)
	a.forgot.Go(func() {
		defer func() { <-a.forgot.places }()
		ctx, cancel := context.WithTimeout(ctx, forgotTime)
		defer cancel()
		err := pause(ctx, forgotAfter)
		if err == nil {
			err = a.mailForgotten(ctx, address)
		}
		if err != nil {
			a.log.Error("a forgotten password was asked for, but the mail could not be written", "error", err)
		}
	})
	return nil
}

// mailForgotten writes the mail. At most three an hour go to an account.
func (a *App) mailForgotten(ctx context.Context, address string) error {
	return a.store.Tx(ctx, func(tx *store.Tx) error {
		var users []store.User
		err := tx.ForUpdate().Where("email = ? and disabled_at is null", strings.ToLower(strings.TrimSpace(address))).Limit(1).Find(&users).Error
		if err != nil || len(users) == 0 {
			return err
		}
		var recent int64
		err = tx.Model(&store.UserToken{}).Where("user_id = ? and created_at > ?", users[0].ID, tx.Now().Add(-time.Hour)).Count(&recent).Error
		if err != nil || recent >= 3 {
			return err
		}
		t, err := a.passwordToken(tx, users[0].ID, "password", passwordLife)
		if err != nil {
			return err
		}
		return a.staffMail(tx, users[0].ID, "password", map[string]any{"token": t.ID.String()})
	})
}
