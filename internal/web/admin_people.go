package web

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/auth"
	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/pipeline"
	"github.com/gatehouse/gatehouse/templates"
)

const profilePath = accountPath + "/profile"

// whose is the person that a page is about, and the page's own address: one's own, or with the permission anybody's.
func (s *Server) whose(c echo.Context) (uuid.UUID, string, error) {
	if c.Param("id") == "" {
		return s.user(c).ID, profilePath, nil
	}
	id, err := pathID(c)
	return id, personURL(id), err
}

func (s *Server) personPage(c echo.Context) error {
	id, own, err := s.whose(c)
	if err != nil {
		return err
	}
	return s.showPerson(c, http.StatusOK, id, own, "", nil)
}

// showPerson draws a profile; form names the form that had a fault.
func (s *Server) showPerson(c echo.Context, status int, id uuid.UUID, own, form string, wrong error) error {
	x, err := s.app.PersonOf(c.Request().Context(), id)
	if err != nil {
		return err
	}
	mine, nav, above := id == s.user(c).ID, "teams", templates.Link{Label: "Teams", URL: teamsPath}
	if own == profilePath {
		nav, above = "account", templates.Link{Label: "Your account", URL: accountPath}
	}
	page, err := s.adminPage(c, nav, orElse(x.Name, x.Email), above)
	if err != nil {
		return err
	}
	page.Lead = strings.Join(notEmpty(roleWord(x.Role), teamWords(x.Teams)), ", ")
	p := templates.PersonPage{AdminPage: page, Own: mine, Profile: profileSheet(c, own, x, form == "profile")}
	if x.Profile.PhotoKey != "" {
		p.PhotoURL = "/faces/" + id.String() + "?v=" + strconv.FormatInt(x.Profile.Version, 10)
		remove := postButton("Take it down", "trash", own+"/photo", x.Profile.Version)
		remove.Hidden = versionZero(x.Profile.Version, templates.KV{Key: "remove", Value: "1"})
		p.NoPhoto = &remove
	}
	p.Photo = templates.Sheet{Action: own + "/photo", Button: "Upload", File: true, Minor: true, Hidden: versionZero(x.Profile.Version), Groups: []templates.SheetGroup{{Fields: []templates.FieldView{
		{Name: "file", Type: "file", Label: "Picture", Required: true, Value: "image/jpeg,image/png,image/gif", Help: "It is cut square and made small; nothing else of the file is kept."}}}}}
	if p.Absence, err = s.absenceSheet(c, own, id, form == "absence"); err != nil {
		return err
	}
	now := s.app.Store().Now()
	for _, b := range x.Absences {
		r := templates.AbsenceRow{From: b.StartsAt.In(x.Zone), Until: b.EndsAt.Add(-time.Minute).In(x.Zone), Deputy: b.Deputy, Note: b.Note, State: templates.Tag{Label: "Planned"},
			Remove: postButton("Take back", "undo", own+"/absences/remove", 0)}
		r.Remove.Hidden = []templates.KV{{Key: "absence", Value: b.ID.String()}}
		if !now.Before(b.StartsAt) {
			r.State, r.Remove.Label = templates.Tag{Label: "Away now", Tone: "wait"}, "Is back"
		}
		p.Absences = append(p.Absences, r)
	}
	if s.may(c, auth.TeamsWrite) {
		if p.Leaving, err = s.leavingSheet(c, x, form == "leaving"); err != nil {
			return err
		}
	}
	switch {
	case x.Profile.LeftAt != nil:
		p.Notice = &templates.Notice{Kind: "note", Text: "Has left: gets no leads any more."}
	case x.DisabledAt != nil:
		p.Notice = &templates.Notice{Kind: "note", Text: "This account is disabled: it gets no leads."}
	case x.Role == string(auth.Marketing):
		p.Notice = &templates.Notice{Kind: "note", Text: "Marketing gets no leads; hours and absences count for plans and alerts only."}
	}
	for name, sheet := range map[string]*templates.Sheet{"profile": &p.Profile, "absence": &p.Absence, "leaving": p.Leaving, "photo": &p.Photo} {
		if name == form && sheet != nil {
			fault(sheet, wrong)
		}
	}
	return s.page(c, status, "admin/person", p)
}

// teamWords names the teams of somebody.
func teamWords(names []string) string {
	if len(names) == 0 {
		return ""
	}
	return map[bool]string{true: "team ", false: "teams "}[len(names) == 1] + strings.Join(names, ", ")
}

// versionZero carries the version of a profile, which is 0 where there is none yet.
func versionZero(v int64, more ...templates.KV) []templates.KV {
	return append([]templates.KV{{Key: "version", Value: strconv.FormatInt(v, 10)}}, more...)
}

func readProfileVersion(c echo.Context) (int64, error) {
	v, err := strconv.ParseInt(posted(c, "version"), 10, 64)
	if err != nil || v < 0 {
		return 0, errs.New(errs.Malformed, "The form came without its version. Reload the page and try again.")
	}
	return v, nil
}

var weekOrder = []time.Weekday{time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday, time.Saturday, time.Sunday}

func hoursWords(spans []pipeline.Span) string {
	var out []string
	for _, s := range spans {
		out = append(out, minuteWord(s.From)+"-"+minuteWord(s.Until))
	}
	return strings.Join(out, ", ")
}

func minuteWord(m int) string { return fmt.Sprintf("%02d:%02d", m/60, m%60) }

func profileSheet(c echo.Context, own string, x app.Person, typed bool) templates.Sheet {
	zones, regions := []string{"", "As the installation"}, []string{"", "None"}
	for _, z := range app.Zones() {
		zones = append(zones, z, strings.ReplaceAll(z, "_", " "))
	}
	for _, r := range pipeline.Regions() {
		regions = append(regions, r.Key, r.Title)
	}
	week := x.Profile.Hours
	if week.Empty() {
		week = pipeline.OfficeWeek()
	}
	value := func(name, saved string) string {
		if typed {
			return posted(c, name)
		}
		return saved
	}
	hours := templates.SheetGroup{Title: "Working hours", Note: "The first-response clock runs in these hours only. Several stretches with commas: 09:00-12:30, 13:30-17:00. Empty: a day off.",
		Fields: []templates.FieldView{
			{Name: "time_zone", Type: "select", Label: "Time zone", Half: true, Options: choices(value("time_zone", x.Profile.TimeZone), zones...)},
			{Name: "holiday_region", Type: "select", Label: "Public holidays of", Half: true, Options: choices(value("holiday_region", x.Profile.HolidayRegion), regions...)}}}
	for _, d := range weekOrder {
		name := "hours_" + strconv.Itoa(int(d))
		hours.Fields = append(hours.Fields, templates.FieldView{Name: name, Type: "hours", Label: d.String(), Half: true, MaxLength: 80, Value: value(name, hoursWords(week[d])), Autocomplete: "off"})
	}
	return templates.Sheet{Action: own, Button: "Save", Hidden: versionZero(x.Profile.Version), Groups: []templates.SheetGroup{
		{Title: "Name card", Fields: []templates.FieldView{
			{Name: "job_title", Type: "text", Label: "Job title", MaxLength: 120, Value: value("job_title", x.Profile.JobTitle)},
			{Name: "tel", Type: "tel", Label: "Phone", Half: true, MaxLength: 40, Value: value("tel", x.Profile.Tel), Help: "With the country code."},
			{Name: "booking_url", Type: "url", Label: "Booking link", Half: true, MaxLength: 500, Value: value("booking_url", x.Profile.BookingURL), Help: "Offered to readers who want to choose a time."}}},
		hours}}
}

func (s *Server) absenceSheet(c echo.Context, own string, id uuid.UUID, typed bool) (templates.Sheet, error) {
	value := func(name string) string {
		if typed {
			return posted(c, name)
		}
		return ""
	}
	deputies, err := s.sellerOptions(c, value("deputy"), "Nobody", id)
	if err != nil {
		return templates.Sheet{}, err
	}
	return templates.Sheet{Action: own + "/absences", Button: "Add", Minor: true, Groups: []templates.SheetGroup{{
		Note: "New leads, due steps and running clocks go to the deputy meanwhile. Without one, leads that wait go to whom the rules choose.",
		Fields: []templates.FieldView{{Name: "from", Type: "date", Label: "First day", Required: true, Half: true, Value: value("from")}, {Name: "until", Type: "date", Label: "Last day", Required: true, Half: true, Value: value("until")},
			{Name: "deputy", Type: "select", Label: "Stands in", Options: deputies}, {Name: "note", Type: "text", Label: "Note for colleagues", MaxLength: 200, Value: value("note")}}}}}, nil
}

func (s *Server) leavingSheet(c echo.Context, x app.Person, typed bool) (*templates.Sheet, error) {
	day, heir := "", ""
	if x.Profile.LeavesAt != nil {
		day = x.Profile.LeavesAt.In(x.Zone).Format(time.DateOnly)
	}
	if x.Profile.HeirID != nil {
		heir = x.Profile.HeirID.String()
	}
	if typed {
		day, heir = posted(c, "leaves"), posted(c, "heir")
	}
	heirs, err := s.sellerOptions(c, heir, "Whom the rules choose", x.ID)
	if err != nil {
		return nil, err
	}
	return &templates.Sheet{Action: "/admin/teams/people/" + x.ID.String() + "/leaving", Button: "Save", Minor: true, Hidden: versionZero(x.Profile.Version), Groups: []templates.SheetGroup{{
		Note:   "On that day leads, deals, due steps and running clocks go to whoever takes over. The account itself is disabled under Users.",
		Fields: []templates.FieldView{{Name: "leaves", Type: "date", Label: "First day away", Half: true, Value: day, Help: "Empty: stays."}, {Name: "heir", Type: "select", Label: "Takes over", Half: true, Options: heirs}}}}}, nil
}

func (s *Server) personSave(c echo.Context) error {
	id, own, err := s.whose(c)
	if err != nil {
		return err
	}
	read, err := readProfileVersion(c)
	if err != nil {
		return err
	}
	in := app.ProfileEdit{User: id, Version: read, JobTitle: posted(c, "job_title"), Tel: posted(c, "tel"), BookingURL: posted(c, "booking_url"), TimeZone: posted(c, "time_zone"), HolidayRegion: posted(c, "holiday_region")}
	for d := range in.Hours {
		in.Hours[d] = posted(c, "hours_"+strconv.Itoa(d))
	}
	return s.personDone(c, id, own, "profile", "Saved.", s.app.EditProfile(c.Request().Context(), in, s.actor(c)))
}

func (s *Server) personDone(c echo.Context, id uuid.UUID, own, form, done string, err error) error {
	if status := formStatus(err); status != 0 && !wantsJSON(c) {
		return s.showPerson(c, status, id, own, form, err)
	}
	return s.after(c, err, done, own)
}

func (s *Server) personAbsence(c echo.Context) error {
	id, own, err := s.whose(c)
	if err != nil {
		return err
	}
	err = s.app.AddAbsence(c.Request().Context(), app.AbsenceEdit{User: id, From: posted(c, "from"), Until: posted(c, "until"), Deputy: posted(c, "deputy"), Note: posted(c, "note")}, s.actor(c))
	return s.personDone(c, id, own, "absence", "Noted. The deputy takes over by itself.", err)
}

func (s *Server) personBack(c echo.Context) error {
	id, own, err := s.whose(c)
	if err != nil {
		return err
	}
	absence, err := uuid.Parse(posted(c, "absence"))
	if err != nil {
		return errs.New(errs.Malformed, "The request could not be read.")
	}
	return s.after(c, s.app.RemoveAbsence(c.Request().Context(), id, absence, s.actor(c)), "Taken back.", own)
}

func (s *Server) personLeaving(c echo.Context) error {
	id, own, err := s.whose(c)
	if err != nil {
		return err
	}
	read, err := readProfileVersion(c)
	if err != nil {
		return err
	}
	return s.personDone(c, id, own, "leaving", "Saved.", s.app.PlanLeaving(c.Request().Context(), id, read, posted(c, "leaves"), posted(c, "heir"), s.actor(c)))
}

// personPhoto takes a picture, or with "remove" takes it down.
func (s *Server) personPhoto(c echo.Context) error {
	id, own, err := s.whose(c)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	if strings.HasPrefix(c.Request().Header.Get("Content-Type"), "multipart/form-data") {
		form, err := c.MultipartForm()
		if err != nil {
			return brokenUpload(err)
		}
		defer func() { _ = form.RemoveAll() }()
	}
	read, err := readProfileVersion(c)
	if err != nil {
		return err
	}
	if posted(c, "remove") == "1" {
		return s.personDone(c, id, own, "photo", "It is down.", s.app.RemovePhoto(ctx, id, read, s.actor(c)))
	}
	head, err := c.FormFile("file")
	if err != nil {
		return s.personDone(c, id, own, "photo", "", errs.InvalidFields(errs.Field{Field: "file", Code: "required", Message: "Please choose a picture."}))
	}
	file, err := head.Open()
	if err != nil {
		return brokenUpload(err)
	}
	defer func() { _ = file.Close() }()
	return s.personDone(c, id, own, "photo", "This is how prospects see it.", s.app.TakePhoto(ctx, id, read, file, s.actor(c)))
}

// face is the photo of a member of staff, as prospects see it beside the name.
func (s *Server) face(c echo.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	f, info, err := s.app.Face(c.Request().Context(), id)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	h := c.Response().Header()
	h.Set("Content-Type", "image/jpeg")
	h.Set("Cache-Control", "public, max-age=3600")
	http.ServeContent(c.Response(), c.Request(), "", info, f)
	return nil
}
