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

func (a *App) setupToken(tx *store.Tx, link string) (store.UserToken, Setup, error) {
	gone := errs.New(errs.NotFound, "This link has been used, or its time is over.")
	var t store.UserToken
	c, err := a.keys.Open(token.StaffLink, link)
	if err != nil || c.Expired(tx.Now()) {
		return t, Setup{}, gone
	}
	err = tx.ForUpdate().Where("id = ? and used_at is null and expires_at > ?", c.ID, tx.Now()).Take(&t).Error
	if err != nil {
		if errs.Is(a.store.Translate(err), errs.NotFound) {
			return t, Setup{}, gone
		}
		return t, Setup{}, err
	}
	if t.UserID == nil {
		var admins int64
		if err := tx.Model(&store.User{}).Where("role = 'admin' and disabled_at is null").Count(&admins).Error; err != nil {
			return t, Setup{}, err
		}
		if admins > 0 {
			return t, Setup{}, gone
		}
		return t, Setup{First: true}, nil
	}
	var u store.User
	if err := tx.Where("id = ? and disabled_at is null", *t.UserID).Take(&u).Error; err != nil {
		return t, Setup{}, gone
	}
	return t, Setup{User: u}, nil
}

// FinishSetup uses a one-time link up: it makes the first admin, or sets a password and ends the account's sessions.
func (a *App) FinishSetup(ctx context.Context, link, name, address, password string) (store.User, error) {
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
	hash, err := auth.HashPassword(ctx, password) // outside the transaction: it takes long on purpose
	if err != nil {
		return u, err
	}
	err = a.store.Tx(ctx, func(tx *store.Tx) error {
		t, again, err := a.setupToken(tx, link)
		if err != nil {
			return err
		}
		now := tx.Now()
		if again.First {
			u.ID, u.PasswordHash, u.CreatedAt = store.NewID(), hash, now
			err = tx.Create(&u).Error
		} else {
			u = again.User
			u.SessionEpoch++
			err = tx.Model(&store.User{}).Where("id = ?", u.ID).Updates(map[string]any{"password_hash": hash, "session_epoch": u.SessionEpoch, "version": u.Version + 1}).Error
		}
		if err != nil {
			return err
		}
		if err := tx.Model(&store.UserToken{}).Where("id = ?", t.ID).Update("used_at", now).Error; err != nil {
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

// ForgotPassword mails a one-time link, if there is such an account; the answer is the same either way. At most three
// an hour go to an account.
func (a *App) ForgotPassword(ctx context.Context, address string) error {
	return a.store.Tx(ctx, func(tx *store.Tx) error {
		var users []store.User
		err := tx.Where("email = ? and disabled_at is null", strings.ToLower(strings.TrimSpace(address))).Limit(1).Find(&users).Error
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

// EndSessions logs an account out everywhere.
func (a *App) EndSessions(ctx context.Context, id uuid.UUID, by store.Actor) error {
	return a.store.Tx(ctx, func(tx *store.Tx) error {
		res := tx.Exec("update users set session_epoch = session_epoch + 1 where id = ?", id)
		if res.Error != nil {
			return res.Error
		}
		return tx.Audit(by, "user.end-sessions", "user", id.String(), nil)
	})
}
