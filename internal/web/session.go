package web

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/gatehouse/gatehouse/internal/auth"
	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/store"
)

// A staff session ends twelve hours after the login, or after two hours in which nothing was asked.
const (
	sessionLife = 12 * time.Hour
	sessionIdle = 2 * time.Hour
)

func newSessions(o Options) *scs.SessionManager {
	m := scs.New()
	m.Store = sessionStore{o.App.Store()}
	m.Lifetime, m.IdleTimeout = sessionLife, sessionIdle
	m.HashTokenInStore = true
	m.Cookie.HttpOnly, m.Cookie.SameSite, m.Cookie.Path, m.Cookie.Persist = true, http.SameSiteLaxMode, "/", false
	m.Cookie.Name = "gatehouse"
	if strings.HasPrefix(o.BaseURL, "https://") {
		m.Cookie.Secure, m.Cookie.Name = true, "__Host-gatehouse"
	}
	return m
}

// sessionStore keeps sessions in the database.
type sessionStore struct{ *store.Store }

// Find and the others without a context are for interfaces that scs no longer uses.
func (s sessionStore) Find(token string) ([]byte, bool, error) {
	return s.FindCtx(context.Background(), token)
}

// Commit writes a session.
func (s sessionStore) Commit(token string, b []byte, expiry time.Time) error {
	return s.CommitCtx(context.Background(), token, b, expiry)
}

// Delete ends a session.
func (s sessionStore) Delete(token string) error { return s.DeleteCtx(context.Background(), token) }

// FindCtx reads a session that has not expired.
func (s sessionStore) FindCtx(ctx context.Context, token string) ([]byte, bool, error) {
	return s.FindSession(ctx, token)
}

// CommitCtx writes a session.
func (s sessionStore) CommitCtx(ctx context.Context, token string, b []byte, expiry time.Time) error {
	return s.SaveSession(ctx, store.Session{Hash: token, Data: b, ExpiresAt: expiry})
}

// DeleteCtx ends a session.
func (s sessionStore) DeleteCtx(ctx context.Context, token string) error {
	return s.DeleteSession(ctx, token)
}

const (
	keyUser  = "user"
	keyEpoch = "epoch"
	keyFlash = "flash"
	staffKey = "staff"
)

// permit lets in who may, as the route's line says.
func (s *Server) permit(w who) echo.MiddlewareFunc {
	switch w.kind {
	case "key":
		return s.permitKey(w.scope)
	case "staff", "door", "inbox":
		return s.permitStaff(w)
	}
	return func(next echo.HandlerFunc) echo.HandlerFunc { return next }
}

// permitStaff loads the session, refuses requests from other origins, and checks the permission. The inbox of captured
// mails is open on a machine that nobody else reaches.
func (s *Server) permitStaff(w who) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		inner := func(c echo.Context) error {
			permission := w.permission // requests share w
			if w.kind == "inbox" {
				if !s.o.Capture {
					return errs.New(errs.NotFound, "There is no page at this address.")
				}
				if s.o.Loopback {
					return next(c)
				}
				permission = auth.DevMailRead
			}
			u, err := s.currentUser(c)
			if err != nil {
				return err
			}
			if w.kind == "door" {
				return next(c)
			}
			if u == nil {
				return s.toLogin(c)
			}
			if permission != "" && !auth.Allows(auth.Role(u.Role), permission) {
				return errs.New(errs.Forbidden, "Your role does not open this page. Ask an administrator if you need it.")
			}
			return next(c)
		}
		return func(c echo.Context) error {
			if err := s.origin.Check(c.Request()); err != nil {
				return errs.Wrap(err, errs.Forbidden, "This request came from another site, so nothing was done.")
			}
			return s.withSession(c, inner)
		}
	}
}

// withSession loads the session before the handler and saves it before the first byte of the answer goes out.
func (s *Server) withSession(c echo.Context, next echo.HandlerFunc) error {
	r := c.Request()
	var token string
	if ck, err := r.Cookie(s.sessions.Cookie.Name); err == nil {
		token = ck.Value
	}
	ctx, err := s.sessions.Load(r.Context(), token)
	if err != nil {
		return err
	}
	c.SetRequest(r.WithContext(ctx))
	var saved error
	c.Response().Before(func() {
		switch s.sessions.Status(ctx) {
		case scs.Modified:
			token, expiry, err := s.sessions.Commit(ctx)
			if err != nil {
				saved = err
				return
			}
			s.sessions.WriteSessionCookie(ctx, c.Response(), token, expiry)
		case scs.Destroyed:
			s.sessions.WriteSessionCookie(ctx, c.Response(), "", time.Time{})
		}
	})
	if err := next(c); err != nil {
		return err
	}
	return saved
}

// currentUser is who is logged in; nil for nobody. Disabling an account or "log out everywhere" ends its sessions at once.
func (s *Server) currentUser(c echo.Context) (*store.User, error) {
	ctx := c.Request().Context()
	id, err := uuid.Parse(s.sessions.GetString(ctx, keyUser))
	if err != nil {
		return nil, nil //nolint:nilerr // nobody is logged in, and that is no fault
	}
	u, err := s.app.Store().User(ctx, id)
	if errs.Is(err, errs.NotFound) {
		return nil, nil //nolint:nilnil // the account is gone
	}
	if err != nil {
		return nil, err
	}
	if u.DisabledAt != nil || u.SessionEpoch != s.sessions.GetInt64(ctx, keyEpoch) {
		return nil, nil //nolint:nilnil // the session has been ended
	}
	c.Set(staffKey, &u)
	return &u, nil
}

// member is who is logged in, on a route that requires it.
func (s *Server) user(c echo.Context) store.User {
	if u, ok := c.Get(staffKey).(*store.User); ok {
		return *u
	}
	return store.User{}
}

// actor names the member of staff in the audit log.
func (s *Server) actor(c echo.Context) store.Actor {
	u := s.user(c)
	return store.Actor{Kind: "user", ID: &u.ID, Name: u.Name}
}

func (s *Server) toLogin(c echo.Context) error {
	if wantsJSON(c) {
		return errs.New(errs.Unauthorized, "Please log in first.")
	}
	if c.Request().Method != http.MethodGet && c.Request().Method != http.MethodHead {
		return errs.New(errs.Unauthorized, "You are not logged in any more, so nothing was changed. Log in in a new window, come back and load this page again: what you typed is sent then.")
	}
	return c.Redirect(http.StatusSeeOther, "/admin/login?next="+queryEscape(c.Request().URL.RequestURI()))
}
