package app

import (
	"context"
	"net/netip"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/auth"
	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/lead"
	"github.com/gatehouse/gatehouse/internal/store"
	"github.com/gatehouse/gatehouse/internal/token"
)

// How long one-time links open.
const (
	setupLife    = 7 * 24 * time.Hour
	passwordLife = 24 * time.Hour
)

// SetupLink is the one-time address at which the first admin is made; "" once there is one. A new link at each start
// leaves the earlier ones good until one is used.
func (a *App) SetupLink(ctx context.Context) (string, error) {
	var link string
	err := a.store.Tx(ctx, func(tx *store.Tx) error {
		var admins int64
		if err := tx.Model(&store.User{}).Where("role = 'admin' and disabled_at is null").Count(&admins).Error; err != nil || admins > 0 {
			return err
		}
		t := store.UserToken{ID: store.NewID(), Purpose: "setup", ExpiresAt: tx.Now().Add(setupLife), CreatedAt: tx.Now()}
		link = a.staffLink(t)
		return tx.Create(&t).Error
	})
	return link, err
}

func (a *App) staffLink(t store.UserToken) string {
	return a.o.BaseURL + "/admin/setup/" + a.keys.Mint(token.StaffLink, token.Claims{ID: t.ID, Expiry: t.ExpiresAt})
}

// Setup is what a one-time link asks for.
type Setup struct {
	First bool // makes the first admin: name and address are asked too
	User  store.User
}

// OpenSetup reads a one-time link; used, over or unknown ones are all the same NotFound.
func (a *App) OpenSetup(ctx context.Context, link string) (Setup, error) {
	var out Setup
	err := a.store.Tx(ctx, func(tx *store.Tx) error {
		_, setup, err := a.setupToken(tx, link)
		out = setup
		return err
	})
	return out, err
}

// setupToken locks what the link is for: the account before its links, as everybody who closes them does.
func (a *App) setupToken(tx *store.Tx, link string) (store.UserToken, Setup, error) {
	gone := errs.New(errs.NotFound, "This link has been used, or its time is over.")
	var t store.UserToken
	c, err := a.keys.Open(token.StaffLink, link)
	if err != nil || c.Expired(tx.Now()) {
		return t, Setup{}, gone
	}
	var found []store.UserToken
	if err := tx.Where("id = ?", c.ID).Find(&found).Error; err != nil {
		return t, Setup{}, err
	}
	if len(found) == 0 {
		return t, Setup{}, gone
	}
	out, ok, err := setupOf(tx, found[0])
	if err != nil {
		return t, Setup{}, err
	}
	// Only now is it sure that nobody uses this or another link of the account up meanwhile.
	var open []store.UserToken
	err = tx.ForUpdate().Where("id = ? and used_at is null and expires_at > ?", c.ID, tx.Now()).Find(&open).Error
	if err != nil {
		return t, Setup{}, err
	}
	if !ok || len(open) == 0 {
		return t, Setup{}, gone
	}
	return open[0], out, nil
}

// setupOf locks the account of a link, or every link to the first admin, so that only one is made. ok is false where
// there is nothing to set up.
func setupOf(tx *store.Tx, t store.UserToken) (out Setup, ok bool, err error) {
	if t.UserID != nil {
		var users []store.User
		err = tx.ForUpdate().Where("id = ? and disabled_at is null", *t.UserID).Find(&users).Error
		if err != nil || len(users) == 0 {
			return out, false, err
		}
		return Setup{User: users[0]}, true, nil
	}
	var first []store.UserToken
	if err = tx.ForUpdate().Where("user_id is null and used_at is null").Order("id").Find(&first).Error; err != nil {
		return out, false, err
	}
	var admins int64
	err = tx.Model(&store.User{}).Where("role = 'admin' and disabled_at is null").Count(&admins).Error
	return Setup{First: true}, admins == 0, err
}

// closeLinks uses up every open one-time link of an account; user nil: those to the first admin. Whoever could read an
// old mail must not undo what the owner has just set.
func closeLinks(tx *store.Tx, user *uuid.UUID) error {
	return tx.Model(&store.UserToken{}).Where("user_id is not distinct from ? and used_at is null", user).Update("used_at", tx.Now()).Error
}

// FinishSetup uses a one-time link up, and with it the account's others: it makes the first admin, or sets a password
// and ends the account's sessions. ip counts from then on as a place where the owner has logged in.
func (a *App) FinishSetup(ctx context.Context, link, name, address, password string, ip netip.Addr) (store.User, error) {
	var u store.User
	setup, err := a.OpenSetup(ctx, link)
	if err != nil {
		return u, err
	}
	if u = setup.User; setup.First {
		if u, err = newUser(name, address, string(auth.Admin)); err != nil {
			return u, err
		}
	}
	if err := auth.CheckNewPassword(password, u.Email); err != nil {
		return u, err
	}
	hash, err := auth.HashPassword(auth.Ahead(ctx), password) // outside the transaction: it takes long on purpose
	if err != nil {
		return u, err
	}
	err = a.store.Tx(ctx, func(tx *store.Tx) error {
		t, again, err := a.setupToken(tx, link)
		if err != nil {
			return err
		}
		if again.First {
			now := tx.Now()
			u.ID, u.PasswordHash, u.CreatedAt, u.LastLoginAt = store.NewID(), hash, now, &now // it leads straight into the house
			err = tx.Create(&u).Error
		} else {
			u = again.User
			u.SessionEpoch++
			err = tx.Model(&store.User{}).Where("id = ?", u.ID).Updates(map[string]any{"password_hash": hash, "session_epoch": u.SessionEpoch, "version": u.Version + 1, "last_login_at": tx.Now()}).Error
		}
		if err != nil {
			return err
		}
		if err := closeLinks(tx, t.UserID); err != nil {
			return err
		}
		login := a.loginFrom(u.Email, ip)
		login.Succeeded = true
		if err := tx.Create(&login).Error; err != nil {
			return err
		}
		return tx.Audit(store.Actor{Kind: "user", ID: &u.ID, Name: u.Name}, "user.password", "user", u.ID.String(), nil)
	})
	return u, err
}

// newUser checks what makes an account.
func newUser(name, address, role string) (store.User, error) {
	var faults []errs.Field
	name = strings.TrimSpace(name)
	if name == "" || len(name) > 120 || name != lead.CleanText(name, 120) {
		faults = append(faults, errs.Field{Field: "name", Code: "required", Message: "Please give a name of at most 120 characters."})
	}
	ad, err := lead.ParseAddress(address)
	if err != nil {
		faults = append(faults, errs.Field{Field: "email", Code: "invalid", Message: "This is not an e-mail address that we can write to."})
	}
	if _, ok := auth.ParseRole(role); !ok {
		faults = append(faults, errs.Field{Field: "role", Code: "not-an-option", Message: "Please choose admin, marketing or sales."})
	}
	if len(faults) > 0 {
		return store.User{}, errs.InvalidFields(faults...)
	}
	return store.User{Email: ad.Normal, Name: name, Role: role, Version: 1}, nil
}

// AddUser makes an account without a password and gives the one-time link at which its owner sets one.
func (a *App) AddUser(ctx context.Context, name, address, role string, by store.Actor) (u store.User, link string, err error) {
	if strings.TrimSpace(name) == "" {
		name, _, _ = strings.Cut(address, "@")
	}
	if u, err = newUser(name, address, role); err != nil {
		return u, "", err
	}
	err = a.store.Tx(ctx, func(tx *store.Tx) error {
		var n int64
		if err := tx.Model(&store.User{}).Where("email = ?", u.Email).Count(&n).Error; err != nil {
			return err
		}
		if n > 0 {
			return errs.InvalidFields(errs.Field{Field: "email", Code: "taken", Message: "There is an account with this address already."})
		}
		u.ID, u.CreatedAt = store.NewID(), tx.Now()
		if err := tx.Create(&u).Error; err != nil {
			return err
		}
		t, err := a.passwordToken(tx, u.ID, "setup", setupLife)
		if err != nil {
			return err
		}
		link = a.staffLink(t)
		return tx.Audit(by, "user.create", "user", u.ID.String(), map[string]any{"role": role})
	})
	return u, link, err
}

func (a *App) passwordToken(tx *store.Tx, user uuid.UUID, purpose string, life time.Duration) (store.UserToken, error) {
	t := store.UserToken{ID: store.NewID(), UserID: &user, Purpose: purpose, ExpiresAt: tx.Now().Add(life), CreatedAt: tx.Now()}
	return t, tx.Create(&t).Error
}

// EndSessions logs an account out everywhere and closes its one-time links.
func (a *App) EndSessions(ctx context.Context, id uuid.UUID, by store.Actor) error {
	return a.store.Tx(ctx, func(tx *store.Tx) error {
		res := tx.Exec("update users set session_epoch = session_epoch + 1 where id = ?", id)
		if res.Error != nil {
			return res.Error
		}
		if err := closeLinks(tx, &id); err != nil {
			return err
		}
		return tx.Audit(by, "user.end-sessions", "user", id.String(), nil)
	})
}
