package web

import (
	"fmt"
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/store"
	"github.com/gatehouse/gatehouse/templates"
)

const settingsPath = "/admin/settings"

func (s *Server) settingsShow(c echo.Context) error {
	set, err := s.app.Store().Settings(c.Request().Context())
	if err != nil {
		return err
	}
	return s.showSettings(c, http.StatusOK, set, nil)
}

func (s *Server) showSettings(c echo.Context, status int, set store.Settings, wrong error) error {
	page, err := s.adminPage(c, "settings", "Settings")
	if err != nil {
		return err
	}
	saved, err := s.app.Store().Settings(c.Request().Context())
	if err != nil {
		return err
	}
	p := templates.SettingsPage{AdminPage: page, Form: settingsSheet(set)}
	fault(&p.Form, wrong)
	if saved.MailHold {
		p.Hold = saved.MailHoldWhy
		if p.Hold == "" {
			p.Hold = "It is held."
		}
		p.Release = templates.PageAction{Label: "Let mail go", URL: settingsPath + "/release-mail", Method: "post", Icon: "send", Confirm: "Send everything that waits?"}
	}
	return s.page(c, status, "admin/settings", p)
}

var weekdays = []string{"0", "Sunday", "1", "Monday", "2", "Tuesday", "3", "Wednesday", "4", "Thursday", "5", "Friday", "6", "Saturday"}

func settingsSheet(set store.Settings) templates.Sheet {
	var zones []string
	for _, z := range app.Zones() {
		zones = append(zones, z, z)
	}
	text := func(name, label, value string, high int) templates.FieldView {
		return templates.FieldView{Name: name, Type: "text", Label: label, Value: value, MaxLength: high, Required: true}
	}
	half := func(f templates.FieldView) templates.FieldView { f.Half = true; return f }
	helped := func(f templates.FieldView, help string) templates.FieldView { f.Help = help; return f }
	return templates.Sheet{Action: settingsPath, Button: "Save", Hidden: versionOf(set.Version), Groups: []templates.SheetGroup{
		{Title: "Who we are", Fields: []templates.FieldView{
			text("company_name", "Company name", set.CompanyName, 120),
			{Name: "postal_address", Type: "textarea", Label: "Postal address", Required: true, Value: set.PostalAddress, MaxLength: 400, Help: "Stands in every mail, as the law asks."},
			{Name: "contact_email", Type: "email", Label: "Contact address", Value: set.ContactEmail, MaxLength: 254, Help: "Shown in privacy notice and imprint."},
			{Name: "sender_name", Type: "text", Label: "Sender name", Value: set.SenderName, MaxLength: 80, Help: "Signs the mails. Empty: the name of the configured sender."}}},
		{Title: "Notices", Note: "The versions are kept with each submission: raise one whenever its text changes.", Fields: []templates.FieldView{
			half(text("privacy_url", "Privacy notice", set.PrivacyURL, 500)), half(text("privacy_version", "Its version", set.PrivacyVersion, 40)),
			half(text("imprint_url", "Imprint", set.ImprintURL, 500)), half(text("imprint_version", "Its version", set.ImprintVersion, 40))}},
		{Title: "Time and money", Fields: []templates.FieldView{
			half(templates.FieldView{Name: "time_zone", Type: "select", Label: "Time zone", Required: true, Options: choices(set.TimeZone, zones...)}),
			half(templates.FieldView{Name: "week_start", Type: "select", Label: "The week begins on", Required: true, Options: choices(strconv.Itoa(int(set.WeekStart)), weekdays...)}),
			half(helped(text("currency", "Currency", set.Currency, 3), "Three letters, such as EUR or GBP.")),
			half(helped(text("locale", "Language and country", set.Locale, 35), "Such as en-GB."))}},
	}}
}

func (s *Server) settingsSave(c echo.Context) error {
	read, err := readVersion(c)
	if err != nil {
		return err
	}
	week, err := strconv.ParseInt(posted(c, "week_start"), 10, 16)
	if err != nil || week < 0 || week > 6 {
		week = -1
	}
	in := store.Settings{Version: read, CompanyName: posted(c, "company_name"), PostalAddress: posted(c, "postal_address"), ContactEmail: posted(c, "contact_email"),
		SenderName: posted(c, "sender_name"), PrivacyURL: posted(c, "privacy_url"), PrivacyVersion: posted(c, "privacy_version"),
		ImprintURL: posted(c, "imprint_url"), ImprintVersion: posted(c, "imprint_version"), TimeZone: posted(c, "time_zone"), WeekStart: int16(week),
		Currency: posted(c, "currency"), Locale: posted(c, "locale")}
	err = s.app.EditSettings(c.Request().Context(), in, s.actor(c))
	if status := formStatus(err); status != 0 && !wantsJSON(c) {
		return s.showSettings(c, status, in, err)
	}
	if err != nil {
		return err
	}
	s.pages.Use(templates.Locale{Zone: in.Zone(), Now: s.app.Store().Now})
	return s.after(c, nil, "The settings are saved.", settingsPath)
}

func (s *Server) settingsReleaseMail(c echo.Context) error {
	waiting, err := s.app.ReleaseMail(c.Request().Context(), s.actor(c))
	done := fmt.Sprintf("Mail goes out again; %d messages were waiting.", waiting)
	switch waiting {
	case 0:
		done = "Mail goes out again; nothing was waiting."
	case 1:
		done = "Mail goes out again; one message was waiting."
	}
	return s.after(c, err, done, settingsPath)
}
