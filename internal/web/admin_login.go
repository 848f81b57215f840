package web

import (
	"net/http"
	"net/url"
	"path"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/gatehouse/gatehouse/internal/auth"
	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/store"
	"github.com/gatehouse/gatehouse/templates"
)

func queryEscape(s string) string { return url.QueryEscape(s) }

// safeNext keeps a redirect after the login inside the pages for staff.
func safeNext(next string) string {
	u, err := url.Parse(next)
	if err != nil || u.IsAbs() || u.Host != "" || u.User != nil || strings.ContainsAny(next, "\\\r\n") || path.Clean(u.Path) != u.Path {
		return "/admin"
	}
	for _, root := range []string{"/admin", "/dev/mail"} {
		if u.Path == root || strings.HasPrefix(u.Path, root+"/") {
			return u.String()
		}
	}
	return "/admin"
}

func (s *Server) loginPage(c echo.Context) error {
	if c.Get(staffKey) != nil {
		return c.Redirect(http.StatusSeeOther, safeNext(c.QueryParam("next")))
	}
	p := templates.LoginPage{Page: s.basePage(c, "Log in"), Action: "/admin/login", ResetURL: "/admin/reset", Next: c.QueryParam("next")}
	if c.QueryParam("out") == "1" {
		p.Notice = "You are logged out."
	}
	p.NoIndex = true
	return s.page(c, http.StatusOK, "admin/login", p)
}

func (s *Server) login(c echo.Context) error {
	address, next := posted(c, "email"), posted(c, "next")
	u, err := s.app.Login(c.Request().Context(), address, posted(c, "password"), clientIP(c))
	if errs.Is(err, errs.Unauthorized) || errs.Is(err, errs.TooMany) {
		e := errs.Public(err)
		if e.RetryAfter > 0 {
			c.Response().Header().Set("Retry-After", seconds(e.RetryAfter))
		}
		p := templates.LoginPage{Page: s.basePage(c, "Log in"), Action: "/admin/login", ResetURL: "/admin/reset", Email: address, Next: next, Error: e.Message}
		p.NoIndex = true
		return s.page(c, statuses[e.Code], "admin/login", p)
	}
	if err != nil {
		return err
	}
	if err := s.begin(c, u); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, safeNext(next))
}

// begin starts a session under a new id, so that one planted before the login is worth nothing.
func (s *Server) begin(c echo.Context, u store.User) error {
	ctx := c.Request().Context()
	if err := s.sessions.RenewToken(ctx); err != nil {
		return err
	}
	s.sessions.Put(ctx, keyUser, u.ID.String())
	s.sessions.Put(ctx, keyEpoch, u.SessionEpoch)
	return nil
}

func (s *Server) logout(c echo.Context) error {
	if posted(c, "everywhere") == "1" {
		if err := s.app.EndSessions(c.Request().Context(), s.user(c).ID, s.actor(c)); err != nil {
			return err
		}
	}
	if err := s.sessions.Destroy(c.Request().Context()); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/admin/login?out=1")
}

func (s *Server) setupPage(c echo.Context) error {
	return s.showSetup(c, http.StatusOK, nil)
}

func (s *Server) showSetup(c echo.Context, status int, faults []errs.Field) error {
	p := templates.SetupPage{Page: s.basePage(c, "Set up your account"), Action: "/admin/setup/" + c.Param("token"), MinLength: auth.MinPasswordLength,
		LoginURL: "/admin/login", Errors: map[string]string{}}
	p.NoIndex = true
	setup, err := s.app.OpenSetup(c.Request().Context(), c.Param("token"))
	switch {
	case errs.Is(err, errs.NotFound):
		p.Invalid, status = true, http.StatusNotFound
	case err != nil:
		return err
	}
	p.First = setup.First
	p.Name, p.Email = setup.User.Name, setup.User.Email
	if p.First && c.Request().Method == http.MethodPost {
		p.Name, p.Email = posted(c, "name"), posted(c, "email")
	}
	for _, f := range faults {
		p.Errors[f.Field] = f.Message
	}
	return s.page(c, status, "admin/setup", p)
}

func (s *Server) setup(c echo.Context) error {
	u, err := s.app.FinishSetup(c.Request().Context(), c.Param("token"), posted(c, "name"), posted(c, "email"), posted(c, "password"), clientIP(c))
	switch {
	case errs.Is(err, errs.Invalid):
		return s.showSetup(c, http.StatusUnprocessableEntity, errs.Public(err).Fields)
	case errs.Is(err, errs.NotFound):
		return s.showSetup(c, http.StatusNotFound, nil)
	case err != nil:
		return err
	}
	if err := s.begin(c, u); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/admin")
}

func (s *Server) resetPage(c echo.Context) error {
	p := templates.ResetPage{Page: s.basePage(c, "Forgotten password"), Stage: "ask", Action: "/admin/reset", LoginURL: "/admin/login"}
	p.NoIndex = true
	return s.page(c, http.StatusOK, "admin/reset", p)
}

// reset answers the same whether or not there is such an account.
func (s *Server) reset(c echo.Context) error {
	if err := s.app.ForgotPassword(c.Request().Context(), posted(c, "email")); err != nil {
		return err
	}
	p := templates.ResetPage{Page: s.basePage(c, "Forgotten password"), Stage: "sent", Email: posted(c, "email"), LoginURL: "/admin/login"}
	p.NoIndex = true
	return s.page(c, http.StatusOK, "admin/reset", p)
}
