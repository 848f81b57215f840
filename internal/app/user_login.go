package app

import (
	"context"
	"encoding/hex"
	"net/netip"
	"strings"
	"time"

	"github.com/gatehouse/gatehouse/internal/auth"
	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/store"
)

var errLogin = errs.New(errs.Unauthorized, "This e-mail address and password do not fit together.")

// Login checks a password. Guessing is slowed per account and network block without locking the owner out; an unknown
// account takes the same time and gets the same answer.
func (a *App) Login(ctx context.Context, address, password string, ip netip.Addr) (store.User, error) {
	address = strings.ToLower(strings.TrimSpace(address))
	attempt := a.loginFrom(address, ip)
	tries, err := a.loginTries(ctx, attempt.AccountKey, attempt.BlockKey)
	if err != nil {
		return store.User{}, err
	}
	d := auth.Throttle(a.now(), tries)
	if d.Wait > 0 {
		return store.User{}, errs.New(errs.TooMany, "Too many tries. Please wait a moment and try again.").After(d.Wait)
	}
	if err := pause(ctx, d.Hold); err != nil {
		return store.User{}, err
	}
	// Recorded as failed before the password is checked, so that many requests at once count each other.
	attempt.At = a.now() // the answer may have been held back
	if err := a.store.DB(ctx).Create(&attempt).Error; err != nil {
		return store.User{}, a.store.Translate(err)
	}
	if tries.Known {
		ctx = auth.Ahead(ctx)
	}
	u, err := a.checkPassword(ctx, address, password)
	if err != nil {
		return u, err
	}
	err = a.store.Tx(ctx, func(tx *store.Tx) error {
		now := tx.Now()
		if err := tx.Model(&store.LoginAttempt{}).Where("id = ?", attempt.ID).Update("succeeded", true).Error; err != nil {
			return err
		}
		if err := tx.Model(&store.User{}).Where("id = ?", u.ID).Update("last_login_at", now).Error; err != nil {
			return err
		}
		return tx.Audit(store.Actor{Kind: "user", ID: &u.ID, Name: u.Name}, "user.login", "user", u.ID.String(), nil)
	})
	return u, err
}

// loginFrom is a try at an account from a place, not yet a success.
func (a *App) loginFrom(address string, ip netip.Addr) store.LoginAttempt {
	return store.LoginAttempt{ID: store.NewID(), AccountKey: a.keyed("login", "account", address), BlockKey: a.keyed("login", "block", blockText(ip)), At: a.now()}
}

func (a *App) checkPassword(ctx context.Context, address, password string) (store.User, error) {
	var users []store.User
	if err := a.store.DB(ctx).Where("email = ? and disabled_at is null", address).Limit(1).Find(&users).Error; err != nil {
		return store.User{}, a.store.Translate(err)
	}
	if len(users) == 0 {
		if err := auth.DummyCheck(ctx, password); err != nil {
			return store.User{}, err
		}
		return store.User{}, errLogin
	}
	u := users[0]
	ok, rehash, err := auth.CheckPassword(ctx, u.PasswordHash, password)
	if err != nil {
		return store.User{}, err
	}
	if !ok {
		return store.User{}, errLogin
	}
	if rehash {
		if hash, err := auth.HashPassword(ctx, password); err == nil {
			_ = a.store.DB(ctx).Model(&store.User{}).Where("id = ?", u.ID).Update("password_hash", hash).Error
		}
	}
	return u, nil
}

// loginTries gathers what the throttle wants to know. A success clears the earlier failures of its own block.
func (a *App) loginTries(ctx context.Context, account, block []byte) (auth.Tries, error) {
	since := a.now().Add(-auth.ThrottleWindow)
	t := auth.Tries{Block: hex.EncodeToString(block)}
	var rows []store.LoginAttempt
	db := a.store.DB(ctx)
	if err := db.Where("account_key = ? and at > ?", account, since).Order("at").Find(&rows).Error; err != nil {
		return t, a.store.Translate(err)
	}
	for _, r := range rows {
		b := hex.EncodeToString(r.BlockKey)
		if !r.Succeeded {
			t.Account = append(t.Account, auth.Failure{At: r.At, Block: b})
			continue
		}
		kept := t.Account[:0]
		for _, f := range t.Account {
			if f.Block != b {
				kept = append(kept, f)
			}
		}
		t.Account = kept
	}
	var known int64
	if err := db.Model(&store.LoginAttempt{}).Where("account_key = ? and block_key = ? and succeeded", account, block).Count(&known).Error; err != nil {
		return t, a.store.Translate(err)
	}
	t.Known = known > 0
	err := db.Model(&store.LoginAttempt{}).Where("block_key = ? and at > ? and not succeeded", block, since).Pluck("at", &t.Others).Error
	return t, a.store.Translate(err)
}

// pause waits, unless the caller goes away first.
func pause(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
