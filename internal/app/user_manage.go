package app

import (
	"context"
	"net/netip"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/auth"
	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/store"
)

// Users lists the staff: those who may log in first.
func (a *App) Users(ctx context.Context) (out []store.User, err error) {
	err = a.store.DB(ctx).Order("disabled_at is not null, name, email").Find(&out).Error
	return out, a.store.Translate(err)
}

// Keys lists the API keys: those that hold first.
func (a *App) Keys(ctx context.Context) (out []store.APIKey, err error) {
	err = a.store.DB(ctx).Order("revoked_at is not null, created_at desc").Find(&out).Error
	return out, a.store.Translate(err)
}

// editUser locks every admin and the account itself, lets fn change it, and makes sure that an admin is left. read is
// the version that the page showed.
func (a *App) editUser(ctx context.Context, id uuid.UUID, read int64, by store.Actor, fn func(tx *store.Tx, u *store.User) error) error {
	if by.ID != nil && *by.ID == id {
		return errs.New(errs.Conflict, "You cannot do this to your own account. Ask another administrator.")
	}
	return a.store.Tx(ctx, func(tx *store.Tx) error {
		var locked []store.User
		err := tx.ForUpdate().Where("id = ? or role = 'admin'", id).Order("id").Find(&locked).Error
		if err != nil {
			return err
		}
		var u *store.User
		others := 0
		for i := range locked {
			if locked[i].ID == id {
				u = &locked[i]
			} else if locked[i].DisabledAt == nil {
				others++
			}
		}
		if u == nil {
			return errs.New(errs.NotFound, "There is no such account.")
		}
		if u.Version != read {
			return errChanged
		}
		if err := fn(tx, u); err != nil {
			return err
		}
		if others == 0 && (u.Role != string(auth.Admin) || u.DisabledAt != nil) {
			return errs.New(errs.Conflict, "This is the last administrator. Make somebody else one first.")
		}
		u.Version++
		return tx.Model(&store.User{}).Where("id = ?", id).Select("*").Updates(u).Error
	})
}

// ChangeRole gives an account another role. It holds from its next request on.
func (a *App) ChangeRole(ctx context.Context, id uuid.UUID, read int64, role string, by store.Actor) error {
	if _, ok := auth.ParseRole(role); !ok {
		return errs.InvalidFields(errs.Field{Field: "role", Code: "not-an-option", Message: "Please choose admin, marketing or sales."})
	}
	return a.editUser(ctx, id, read, by, func(tx *store.Tx, u *store.User) error {
		old := u.Role
		u.Role = role
		if old == string(auth.Marketing) {
			if err := tx.SetLevel(id); err != nil {
				return err
			}
		}
		return tx.Audit(by, "user.role", "user", id.String(), map[string]any{"from": old, "to": role})
	})
}

// DisableUser ends an account's sessions and one-time links, and keeps it from logging in until it is enabled again.
func (a *App) DisableUser(ctx context.Context, id uuid.UUID, read int64, disable bool, by store.Actor) error {
	return a.editUser(ctx, id, read, by, func(tx *store.Tx, u *store.User) error {
		if !disable {
			if u.DisabledAt != nil { // away from the rotation until now
				if err := tx.SetLevel(id); err != nil {
					return err
				}
			}
			u.DisabledAt = nil
			return tx.Audit(by, "user.enable", "user", id.String(), nil)
		}
		now := tx.Now()
		u.DisabledAt, u.SessionEpoch = &now, u.SessionEpoch+1
		if err := closeLinks(tx, &id); err != nil {
			return err
		}
		return tx.Audit(by, "user.disable", "user", id.String(), nil)
	})
}

// SendPasswordLink mails an account a one-time link to set a password.
func (a *App) SendPasswordLink(ctx context.Context, id uuid.UUID, by store.Actor) error {
	return a.store.Tx(ctx, func(tx *store.Tx) error {
		var u store.User
		if err := tx.ForUpdate().Where("id = ?", id).Take(&u).Error; err != nil {
			return a.store.Translate(err)
		}
		if u.DisabledAt != nil {
			return errs.New(errs.Conflict, "This account is disabled. Enable it first.")
		}
		t, err := a.passwordToken(tx, u.ID, "password", passwordLife)
		if err != nil {
			return err
		}
		if err := a.staffMail(tx, u.ID, "password", map[string]any{"token": t.ID.String()}); err != nil {
			return err
		}
		return tx.Audit(by, "user.password-link", "user", id.String(), nil)
	})
}

// ChangePassword sets a member's own password and ends every session and one-time link of the account; the caller begins a new one with
// the user that comes back. Guessing the present password is slowed as at the login.
func (a *App) ChangePassword(ctx context.Context, id uuid.UUID, current, next string, ip netip.Addr) (store.User, error) {
	ctx = auth.Ahead(ctx) // logged in already
	u, err := a.store.User(ctx, id)
	if err != nil {
		return u, err
	}
	if err := a.confirmPassword(ctx, u, current, ip); err != nil {
		return u, err
	}
	if err := auth.CheckNewPassword(next, u.Email); err != nil {
		return u, err
	}
	hash, err := auth.HashPassword(ctx, next) // outside the transaction: it takes long on purpose
	if err != nil {
		return u, err
	}
	err = a.store.Tx(ctx, func(tx *store.Tx) error {
		res := tx.Exec("update users set password_hash = ?, session_epoch = session_epoch + 1, version = version + 1 where id = ? and password_hash = ?", hash, id, u.PasswordHash)
		if err := unchanged(res); err != nil {
			return err
		}
		if err := closeLinks(tx, &id); err != nil {
			return err
		}
		return tx.Audit(store.Actor{Kind: "user", ID: &u.ID, Name: u.Name}, "user.password", "user", id.String(), nil)
	})
	if err != nil {
		return u, err
	}
	return a.store.User(ctx, id)
}

func (a *App) confirmPassword(ctx context.Context, u store.User, password string, ip netip.Addr) error {
	attempt := a.loginFrom(u.Email, ip)
	tries, err := a.loginTries(ctx, attempt.AccountKey, attempt.BlockKey)
	if err != nil {
		return err
	}
	d := auth.Throttle(a.now(), tries)
	if d.Wait > 0 {
		return errs.New(errs.TooMany, "Too many tries. Please wait a moment and try again.").After(d.Wait)
	}
	if err := pause(ctx, d.Hold); err != nil {
		return err
	}
	attempt.At = a.now() // the answer may have been held back
	if err := a.store.DB(ctx).Create(&attempt).Error; err != nil {
		return a.store.Translate(err)
	}
	ok, _, err := auth.CheckPassword(ctx, u.PasswordHash, password)
	if err != nil {
		return err
	}
	if !ok {
		return errs.InvalidFields(errs.Field{Field: "current", Code: "wrong", Message: "This is not your present password."})
	}
	return a.store.Translate(a.store.DB(ctx).Model(&store.LoginAttempt{}).Where("id = ?", attempt.ID).Update("succeeded", true).Error)
}
