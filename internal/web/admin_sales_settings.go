package web

import (
	"net/http"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/pipeline"
	"github.com/gatehouse/gatehouse/templates"
)

const salesSettingsPath = teamsPath + "/settings"

func (s *Server) salesSettingsPage(c echo.Context) error {
	return s.showSalesSettings(c, http.StatusOK, "", nil)
}

func (s *Server) showSalesSettings(c echo.Context, status int, form string, wrong error) error {
	page, err := s.adminPage(c, "teams", "Sales settings", templates.Link{Label: "Teams", URL: teamsPath})
	if err != nil {
		return err
	}
	p := templates.SalesSettingsPage{AdminPage: page}
	if p.Form, err = s.salesSettingsSheet(c, form == "settings"); err != nil {
		return err
	}
	if form == "settings" {
		fault(&p.Form, wrong)
	}
	regions := []string{"", "Everybody"}
	for _, r := range pipeline.Regions() {
		regions = append(regions, r.Key, r.Title)
	}
	days, err := s.app.ChangedHolidays(c.Request().Context())
	if err != nil {
		return err
	}
	for _, d := range days {
		row := templates.HolidayRow{Day: time.Date(d.Day.Year(), d.Day.Month(), d.Day.Day(), 12, 0, 0, 0, time.UTC), Name: d.Name, Region: "Everybody", State: templates.Tag{Label: "Day off"}, Remove: postButton("Take back", "undo", salesSettingsPath+"/holidays/remove", 0)}
		if r, ok := pipeline.RegionOf(d.Region); ok {
			row.Region = r.Title
		}
		if d.Works {
			row.State = templates.Tag{Label: "Worked", Tone: "wait"}
		}
		row.Remove.Hidden = []templates.KV{{Key: "region", Value: d.Region}, {Key: "day", Value: d.Day.Format(time.DateOnly)}}
		p.Holidays = append(p.Holidays, row)
	}
	value := func(name string) string {
		if form == "holiday" {
			return posted(c, name)
		}
		return ""
	}
	p.Holiday = templates.Sheet{Action: salesSettingsPath + "/holidays", Button: "Add", Minor: true, Groups: []templates.SheetGroup{{Fields: []templates.FieldView{
		{Name: "day", Type: "date", Label: "Day", Required: true, Half: true, Value: value("day")}, {Name: "region", Type: "select", Label: "For", Half: true, Options: choices(value("region"), regions...)},
		{Name: "name", Type: "text", Label: "Name", Required: true, MaxLength: 80, Value: value("name")}, {Name: "works", Type: "box", Label: "It is a public holiday, and we work all the same", Value: "yes", Checked: value("works") == "yes"}}}}}
	if form == "holiday" {
		fault(&p.Holiday, wrong)
	}
	return s.page(c, status, "admin/sales_settings", p)
}

func idText(id *uuid.UUID) string {
	if id == nil {
		return ""
	}
	return id.String()
}

// salesSettingsSheet is the form with what is saved, or with what was typed.
func (s *Server) salesSettingsSheet(c echo.Context, typed bool) (templates.Sheet, error) {
	set, err := s.app.Store().SalesSettings(c.Request().Context())
	if err != nil {
		return templates.Sheet{}, err
	}
	value := func(name, saved string) string {
		if typed {
			return posted(c, name)
		}
		return saved
	}
	fallbacks, err := s.sellerOptions(c, value("fallback", idText(set.FallbackUserID)), "The first administrator")
	if err != nil {
		return templates.Sheet{}, err
	}
	managers, err := s.staffOptions(c, value("manager", idText(set.ManagerUserID)), "The fallback")
	if err != nil {
		return templates.Sheet{}, err
	}
	num := func(name, label string, saved int32, help string) templates.FieldView {
		return templates.FieldView{Name: name, Type: "number", Label: label, Half: true, Required: true, Value: value(name, strconv.Itoa(int(saved))), Help: help}
	}
	version := versionOf(set.Version)
	if typed {
		if v, err := readVersion(c); err == nil {
			version = versionOf(v)
		}
	}
	figures := set.PersonFigures
	if typed {
		figures = posted(c, "person_figures") == "yes"
	}
	return templates.Sheet{Action: salesSettingsPath, Button: "Save", Hidden: version, Groups: []templates.SheetGroup{
		{Title: "Who sees what", Fields: []templates.FieldView{
			{Name: "visibility", Type: "select", Label: "Sales sees", Required: true, Options: choices(value("visibility", set.Visibility), app.VisibleAll, "All leads", app.VisibleTeam, "Those of their team", app.VisibleOwn, "Their own"), Help: "Whoever stands in for a colleague sees that colleague’s too, and whoever leads a team sees the team’s. Admins and marketing see everything."},
			{Name: "person_figures", Type: "box", Label: "Show first-response figures for each person", Value: "yes", Checked: figures, Help: "Off, they are shown for teams only. In some countries the staff’s representatives have a say."}}},
		{Title: "The rotation", Fields: []templates.FieldView{
			{Name: "rotation_period", Type: "select", Label: "Turns are counted", Half: true, Required: true, Options: choices(value("rotation_period", set.RotationPeriod), "week", "each week", "month", "each month", "quarter", "each quarter")},
			{Name: "fallback", Type: "select", Label: "When nobody can take a lead", Half: true, Options: fallbacks, Help: "Gets it, and administrators are told."}}},
		{Title: "The first-response clock", Note: "Minutes of the owner’s working time since the lead was assigned; 0 switches it off. " + app.FirstResponseRule, Fields: []templates.FieldView{
			num("warn_minutes", "Warn the owner after, minutes", set.WarnMinutes, ""), num("escalate_minutes", "Tell the manager after, minutes", set.EscalateMinutes, ""),
			num("reassign_minutes", "Pass it on after, minutes", set.ReassignMinutes, "To the next one, never back."),
			{Name: "manager", Type: "select", Label: "The manager", Half: true, Options: managers, Help: "Where a team has one of its own, that one is told."},
			num("digest_over", "Alerts by digest from, mails", set.DigestOver, "More than so many to one person within 15 minutes come as one mail.")}},
		{Title: "Approaching people", Fields: []templates.FieldView{
			num("touches_per_week", "Contacts a week at most", set.TouchesPerWeek, "To one person, from all of us."),
			{Name: "inbound_domain", Type: "text", Label: "Domain for answers", Half: true, MaxLength: 253, Value: value("inbound_domain", set.InboundDomain), Help: "Leads get an address of their own there. Empty: none."},
			{Name: "quiet_from", Type: "text", Label: "Quiet from", Half: true, Required: true, Value: value("quiet_from", minuteWord(int(set.QuietFrom))), Help: "Nobody is called or written to then."}, {Name: "quiet_until", Type: "text", Label: "Quiet until", Half: true, Required: true, Value: value("quiet_until", minuteWord(int(set.QuietUntil))), Help: "In the lead’s time zone."}}},
	}}, nil
}

func (s *Server) salesSettingsSave(c echo.Context) error {
	read, err := readVersion(c)
	if err != nil {
		return err
	}
	minutes := func(name string) int16 {
		if m, ok := app.ReadMinutes(posted(c, name)); ok {
			return int16(m)
		}
		return -1
	}
	num := func(name string) int32 { return int32(min(typedNumber(c, name), 1_000_000)) }
	in := app.SalesSettingsEdit{Fallback: posted(c, "fallback"), Manager: posted(c, "manager")}
	in.Version, in.Visibility, in.PersonFigures, in.RotationPeriod = read, posted(c, "visibility"), posted(c, "person_figures") == "yes", posted(c, "rotation_period")
	in.WarnMinutes, in.EscalateMinutes, in.ReassignMinutes, in.DigestOver = num("warn_minutes"), num("escalate_minutes"), num("reassign_minutes"), num("digest_over")
	in.TouchesPerWeek, in.QuietFrom, in.QuietUntil, in.InboundDomain = num("touches_per_week"), minutes("quiet_from"), minutes("quiet_until"), posted(c, "inbound_domain")
	err = s.app.EditSalesSettings(c.Request().Context(), in, s.actor(c))
	if status := formStatus(err); status != 0 && !wantsJSON(c) {
		return s.showSalesSettings(c, status, "settings", err)
	}
	return s.after(c, err, "Saved. It holds for leads that are assigned from now on.", salesSettingsPath)
}

func (s *Server) holidaySet(c echo.Context) error {
	err := s.app.SetHoliday(c.Request().Context(), posted(c, "region"), posted(c, "day"), posted(c, "name"), posted(c, "works") == "yes", s.actor(c))
	if status := formStatus(err); status != 0 && !wantsJSON(c) {
		return s.showSalesSettings(c, status, "holiday", err)
	}
	return s.after(c, err, "Noted.", salesSettingsPath)
}

func (s *Server) holidayRemove(c echo.Context) error {
	return s.after(c, s.app.RemoveHoliday(c.Request().Context(), posted(c, "region"), posted(c, "day"), s.actor(c)), "Taken back.", salesSettingsPath)
}
