package web

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/templates"
)

// preferencesPage shows what we may write about to the address behind the link. It changes nothing: scanners open it too.
func (s *Server) preferencesPage(c echo.Context) error {
	return s.showPreferences(c, http.StatusOK, func(v *templates.SaidView) { said(c, v) })
}

func (s *Server) showPreferences(c echo.Context, status int, change func(*templates.SaidView)) error {
	choice, err := s.app.Preferences(c.Request().Context(), c.Param("token"))
	if err != nil {
		return err
	}
	snap, err := s.app.Snapshot(c.Request().Context())
	if err != nil {
		return err
	}
	p := templates.PreferencesPage{Page: s.pageFor(snap, "What we may write to you about"), Action: "/u/" + c.Param("token"), Choice: choice,
		Saved: c.QueryParam("saved") == "1"}
	p.NoIndex = true
	if p.Said, err = s.saidView(c, app.Door{Page: app.DoorPreferences, Token: c.Param("token")}, snap); err != nil {
		return err
	}
	if p.Said != nil {
		change(p.Said)
	}
	return s.page(c, status, "public/preferences", p)
}

// preferencesChoose saves the choice. With List-Unsubscribe=One-Click (RFC 8058) it is the mail program that asks: the
// answer is 200, without a redirect.
func (s *Server) preferencesChoose(c echo.Context) error {
	if posted(c, "List-Unsubscribe") == "One-Click" {
		if err := s.app.Choose(c.Request().Context(), c.Param("token"), app.ChoiceRequested, "one-click"); err != nil {
			return err
		}
		return c.String(http.StatusOK, "You are unsubscribed.\n")
	}
	if err := s.app.Choose(c.Request().Context(), c.Param("token"), posted(c, "choice"), "preferences"); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/u/"+c.Param("token")+"?saved=1")
}
