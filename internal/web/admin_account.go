package web

import (
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"github.com/gatehouse/gatehouse/internal/auth"
	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/templates"
)

const accountPath = "/admin/account"

func (s *Server) accountShow(c echo.Context) error { return s.showAccount(c, http.StatusOK, nil) }

func (s *Server) showAccount(c echo.Context, status int, wrong error) error {
	page, err := s.adminPage(c, "account", "Your account")
	if err != nil {
		return err
	}
	sheet := templates.Sheet{Action: accountPath + "/password", Button: "Change the password", Groups: []templates.SheetGroup{{
		Note: "Every other session of yours ends with it.",
		Fields: []templates.FieldView{
			{Name: "current", Type: "password", Label: "Present password", Required: true, MaxLength: 512, Autocomplete: "current-password"},
			{Name: "password", Type: "password", Label: "New password", Required: true, MaxLength: 512, Autocomplete: "new-password",
				Help: "At least " + strconv.Itoa(auth.MinPasswordLength) + " characters. A few words in a row are easy to remember."}}}}}
	fault(&sheet, wrong)
	end := templates.PageAction{Label: "Log out everywhere", URL: "/admin/logout", Method: "post", Icon: "logout", Hidden: []templates.KV{{Key: "everywhere", Value: "1"}},
		Confirm: "Log out here and on every other machine?"}
	return s.page(c, status, "admin/account", templates.AccountPage{AdminPage: page, Facts: s.userFacts(c, s.user(c)), Password: sheet, EndAll: end})
}

// accountPassword ends every session of the account and begins a new one here.
func (s *Server) accountPassword(c echo.Context) error {
	u, err := s.app.ChangePassword(c.Request().Context(), s.user(c).ID, posted(c, "current"), posted(c, "password"), clientIP(c))
	if status := formStatus(err); status != 0 && !wantsJSON(c) {
		if e := errs.Public(err); e.RetryAfter > 0 {
			c.Response().Header().Set("Retry-After", seconds(e.RetryAfter))
		}
		return s.showAccount(c, status, err)
	}
	if err != nil {
		return err
	}
	if err := s.begin(c, u); err != nil {
		return err
	}
	return s.after(c, nil, "Your password is changed; your other sessions have ended.", accountPath)
}
