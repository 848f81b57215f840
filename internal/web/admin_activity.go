package web

import (
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/pipeline"
	"github.com/gatehouse/gatehouse/internal/store"
	"github.com/gatehouse/gatehouse/templates"
)

// seenLead is the ":id" of the path, if whoever is logged in may see that lead.
func (s *Server) seenLead(c echo.Context) (uuid.UUID, error) {
	id, err := pathID(c)
	if err != nil {
		return id, err
	}
	return id, s.app.MaySeeLead(c.Request().Context(), s.user(c), id)
}

// activityNew is the form for one line of what was done.
func (s *Server) activityNew(c echo.Context) error {
	id, err := s.seenLead(c)
	if err != nil {
		return err
	}
	return s.showNote(c, http.StatusOK, id, nil)
}

func (s *Server) showNote(c echo.Context, status int, id uuid.UUID, wrong error) error {
	ctx := c.Request().Context()
	l, err := s.app.Store().Lead(ctx, id)
	if err != nil {
		return err
	}
	name := orElse(fullName(l.GivenName, l.FamilyName), l.Email)
	p := templates.FormPage{}
	if p.AdminPage, err = s.adminPage(c, "leads", "What was done with "+name, templates.Link{Label: "Leads", URL: "/admin/leads"}, templates.Link{Label: name, URL: "/admin/leads/" + id.String()}); err != nil {
		return err
	}
	kind := orElse(posted(c, "kind"), c.QueryParam("kind"))
	p.Form = templates.Sheet{Action: "/admin/leads/" + id.String() + "/note", Button: "Note it", Hidden: []templates.KV{{Key: "back", Value: orElse(posted(c, "back"), c.QueryParam("back"))}},
		Groups: []templates.SheetGroup{{Fields: []templates.FieldView{
			{Name: "kind", Type: "select", Label: "Kind", Required: true, Half: true, Options: choices(kind, "", "As the text says", "call", "Call", "mail", "Mail", "meeting", "Meeting", "letter", "Letter", "note", "Note")},
			{Name: "direction", Type: "select", Label: "Who", Required: true, Half: true, Options: choices(posted(c, "direction"), "", "I did", "in", "They did")},
			{Name: "text", Type: "text", Label: "In one line", Value: posted(c, "text"), MaxLength: 500, Autocomplete: "off", Help: "“called, wants an offer by Friday”"}}}}}
	al := pipeline.Allowance{Verdict: pipeline.May}
	if kind != "" && kind != "note" {
		if al, err = s.app.MayApproach(ctx, id, kind); err != nil {
			return err
		}
		p.Form.Groups[0].Note = al.Why
	}
	if al.Beyond != "" || hasFault(wrong, "reason") {
		p.Form.Groups[0].Fields = append(p.Form.Groups[0].Fields, templates.FieldView{Name: "reason", Type: "text", Label: "Why it had to be all the same", Value: posted(c, "reason"), MaxLength: 500, Required: true, Autocomplete: "off",
			Help: "It stands with the activity, and your manager is told."})
	}
	fault(&p.Form, wrong)
	if p.Form.FirstInvalid == "" { // the line gets the cursor: the kind is chosen by the key that opened the form
		p.Form.FirstInvalid = templates.FieldView{Name: "text"}.WithIDs().ID
	}
	return s.page(c, status, "admin/form", p)
}

func hasFault(err error, field string) bool {
	if err == nil {
		return false
	}
	for _, f := range errs.Public(err).Fields {
		if f.Field == field {
			return true
		}
	}
	return false
}

func (s *Server) activityNote(c echo.Context) error {
	id, err := s.seenLead(c)
	if err != nil {
		return err
	}
	n := app.Note{Lead: id, Kind: posted(c, "kind"), Direction: posted(c, "direction"), Text: posted(c, "text"), Reason: posted(c, "reason")}
	if n.Kind == "" {
		read := posted(c, "direction")
		if n.Kind, n.Direction = pipeline.ReadNote(n.Text); read == "in" && n.Kind != "note" {
			n.Direction = read
		}
	}
	act, err := s.app.NoteActivity(c.Request().Context(), n, s.actor(c))
	if status := formStatus(err); status != 0 && !wantsJSON(c) {
		return s.showNote(c, status, id, err)
	}
	if err != nil {
		return err
	}
	undo := postButton("Take it back", "undo", "/admin/leads/"+id.String()+"/take-back", 0)
	undo.Hidden = []templates.KV{{Key: "activity", Value: act.ID.String()}, {Key: "back", Value: back(c, "/admin/leads/"+id.String()+"#work")}}
	s.flashUndo(c, "done", "Noted: "+strings.ToLower(activityWord(app.ActivityLine{Activity: act}))+".", &undo)
	return c.Redirect(http.StatusSeeOther, back(c, "/admin/leads/"+id.String()+"#work"))
}

// reasonNew asks why something went beyond the contact policy, after it happened.
func (s *Server) reasonNew(c echo.Context) error {
	id, act, err := s.seenActivity(c, c.QueryParam("activity"))
	if err != nil {
		return err
	}
	return s.showReason(c, http.StatusOK, id, act, nil)
}

func (s *Server) showReason(c echo.Context, status int, id uuid.UUID, act store.Activity, wrong error) error {
	ctx, here := c.Request().Context(), "/admin/leads/"+id.String()
	p := templates.FormPage{}
	var err error
	if p.AdminPage, err = s.adminPage(c, "leads", "Why it had to be", templates.Link{Label: "Leads", URL: "/admin/leads"}, templates.Link{Label: "The lead", URL: here + "#work"}); err != nil {
		return err
	}
	may, err := s.app.MayGiveReason(ctx, act, s.user(c))
	if err != nil {
		return err
	}
	if !may {
		return errs.New(errs.Forbidden, "Only whoever did this can say why, or whoever leads sales.")
	}
	p.Lead = channelWords[act.Kind] + " of " + moment(act.At, s.zone(c)) + ", beyond the contact policy: " + word(leftOutWords, act.Beyond) + "."
	if !act.ReasonOpen() {
		p.Notices = append(p.Notices, templates.Notice{Kind: "note", Text: "A reason stands there: “" + act.BeyondReason + "”. It stays; add a line to the lead that says more."})
	}
	p.Form = templates.Sheet{Action: here + "/reason", Button: "Say why", CancelURL: here + "#work", Hidden: []templates.KV{{Key: "activity", Value: act.ID.String()}, {Key: "back", Value: orElse(posted(c, "back"), c.QueryParam("back"))}},
		Groups: []templates.SheetGroup{{Note: act.Why, Fields: []templates.FieldView{{Name: "reason", Type: "text", Label: "Why it had to be all the same", Value: posted(c, "reason"), MaxLength: 500, Required: true, Autocomplete: "off", Focus: true,
			Help: "In one line. It stands with the activity, where your manager reads it. If it was not you who sent it, say that."}}}}}
	fault(&p.Form, wrong)
	return s.page(c, status, "admin/form", p)
}

// seenActivity is an activity of the lead in the path, if whoever is logged in may see that lead.
func (s *Server) seenActivity(c echo.Context, typed string) (id uuid.UUID, act store.Activity, err error) {
	if id, err = s.seenLead(c); err != nil {
		return id, act, err
	}
	which, err := uuid.Parse(typed)
	if err != nil {
		return id, act, errs.New(errs.NotFound, "There is no such activity here.")
	}
	act, err = s.app.Activity(c.Request().Context(), id, which)
	return id, act, err
}

func (s *Server) reasonGive(c echo.Context) error {
	id, act, err := s.seenActivity(c, posted(c, "activity"))
	if err != nil {
		return err
	}
	to := back(c, "/admin/leads/"+id.String()+"#work")
	err = s.app.GiveReason(c.Request().Context(), id, act.ID, posted(c, "reason"), s.actor(c))
	if status := formStatus(err); status != 0 && !wantsJSON(c) {
		now, lost := s.app.Activity(c.Request().Context(), id, act.ID) // somebody may have been faster
		if lost != nil {
			return lost
		}
		return s.showReason(c, status, id, now, err)
	}
	return s.after(c, err, "Thank you. It stands with the activity.", to)
}

func (s *Server) activityTakeBack(c echo.Context) error {
	id, err := s.seenLead(c)
	if err != nil {
		return err
	}
	act, err := uuid.Parse(posted(c, "activity"))
	if err != nil {
		return errs.New(errs.Malformed, "The request could not be read.")
	}
	return s.after(c, s.app.TakeBackActivity(c.Request().Context(), id, act, s.actor(c)), "Taken back. The line stays, struck out.", back(c, "/admin/leads/"+id.String()+"#work"))
}

// stepSheet is the form of a step: a new one, or one that is there.
func stepSheet(here string, st *store.Step, zone *time.Location) *templates.Sheet {
	sheet := &templates.Sheet{Action: here + "/step", Button: "Add the step", Minor: true, Hidden: []templates.KV{{Key: "do", Value: "add"}}}
	title, channel, due := "", "", ""
	if st != nil {
		sheet.Button, sheet.Minor = "Save", false
		sheet.Hidden = append(versionOf(st.Version), templates.KV{Key: "do", Value: "edit"}, templates.KV{Key: "step", Value: st.ID.String()})
		title, channel, due = st.Title, st.Channel, st.DueAt.In(zone).Format("2006-01-02")
	}
	sheet.Groups = []templates.SheetGroup{{Fields: []templates.FieldView{
		{Name: "title", ID: "f-step-title", Type: "text", Label: "What", Required: true, MaxLength: 200, Value: title, Autocomplete: "off"},
		{Name: "channel", ID: "f-step-channel", Type: "select", Label: "How", Required: true, Half: true, Options: choices(channel, "call", "Call", "mail", "Mail", "meeting", "Meeting", "letter", "Letter", "other", "Something else")},
		{Name: "due", ID: "f-step-due", Type: "date", Label: "Due", Required: true, Half: true, Value: due}}}}
	return sheet
}

// stepPage changes a step, does it or skips it.
func (s *Server) stepPage(c echo.Context) error {
	id, err := s.seenLead(c)
	if err != nil {
		return err
	}
	return s.showStep(c, http.StatusOK, id, c.QueryParam("step"), c.QueryParam("do"), nil)
}

func (s *Server) showStep(c echo.Context, status int, id uuid.UUID, step, do string, wrong error) error {
	ctx := c.Request().Context()
	here := "/admin/leads/" + id.String()
	var st *store.Step
	if stepID, err := uuid.Parse(step); err == nil {
		found, err := s.app.LeadStep(ctx, id, stepID)
		if err != nil {
			return err
		}
		st = &found
	} else if step != "" {
		return errs.New(errs.NotFound, "There is no such step here.")
	}
	title := "Add a step"
	if st != nil {
		title = orElse(st.Title, "A step")
	}
	p := templates.FormPage{}
	var err error
	if p.AdminPage, err = s.adminPage(c, "leads", title, templates.Link{Label: "Leads", URL: "/admin/leads"}, templates.Link{Label: "The lead", URL: here + "#work"}); err != nil {
		return err
	}
	sheet := stepSheet(here, st, s.zone(c))
	if do == "done" && st != nil {
		sheet = s.doneSheet(c, here, *st)
	} else if wrong != nil {
		for i, f := range sheet.Groups[0].Fields {
			if f.Options != nil {
				for j := range f.Options {
					f.Options[j].Selected = f.Options[j].Value == posted(c, f.Name)
				}
				continue
			}
			sheet.Groups[0].Fields[i].Value = posted(c, f.Name)
		}
	}
	sheet.Minor = false
	if st != nil && do != "done" && st.DoneAt == nil {
		skip := postButton("Skip it", "close", here+"/step", st.Version)
		skip.Hidden = append(skip.Hidden, templates.KV{Key: "step", Value: st.ID.String()}, templates.KV{Key: "do", Value: "skip"})
		p.Action = &skip
	}
	sheet.CancelURL = here + "#work"
	fault(sheet, wrong)
	p.Form = *sheet
	return s.page(c, status, "admin/form", p)
}

// doneSheet asks what came of a step; beyond the contact policy, why.
func (s *Server) doneSheet(c echo.Context, here string, st store.Step) *templates.Sheet {
	sheet := &templates.Sheet{Action: here + "/step", Button: "It is done", Hidden: append(versionOf(st.Version), templates.KV{Key: "do", Value: "done"}, templates.KV{Key: "step", Value: st.ID.String()}),
		Groups: []templates.SheetGroup{{Fields: []templates.FieldView{{Name: "text", Type: "text", Label: "What came of it, in one line", Value: posted(c, "text"), MaxLength: 500, Autocomplete: "off"},
			{Name: "reason", Type: "text", Label: "Why it had to be now", Value: posted(c, "reason"), MaxLength: 500, Required: true, Autocomplete: "off", Help: "It stands with the activity, and your manager is told."}}}}}
	return sheet
}

// stepChange adds, changes, does or skips a step.
func (s *Server) stepChange(c echo.Context) error {
	id, err := s.seenLead(c)
	if err != nil {
		return err
	}
	ctx, do, by := c.Request().Context(), posted(c, "do"), s.actor(c)
	in := app.StepEdit{Lead: id, Channel: posted(c, "channel"), Title: posted(c, "title"), Due: posted(c, "due")}
	if do != "add" {
		if in.ID, err = uuid.Parse(posted(c, "step")); err != nil {
			return errs.New(errs.Malformed, "The request could not be read.")
		}
		if in.Version, err = readVersion(c); err != nil {
			return err
		}
	}
	done := "Saved."
	switch do {
	case "add":
		done, err = "It is part of the plan now.", s.app.AddStep(ctx, in, by)
	case "edit":
		err = s.app.EditStep(ctx, in, by)
	case "done":
		done, err = "Done, and noted among what was done.", s.app.DoneStep(ctx, id, in.ID, in.Version, posted(c, "text"), posted(c, "reason"), by)
	case "skip":
		done, err = "Skipped.", s.app.SkipStep(ctx, id, in.ID, in.Version, by)
	case "unskip":
		done, err = "It is to be done again.", s.app.UnskipStep(ctx, id, in.ID, in.Version, by)
	default:
		return errs.New(errs.Malformed, "The request could not be read.")
	}
	if status := formStatus(err); status != 0 && !wantsJSON(c) && (errs.Is(err, errs.Invalid) || do == "edit") {
		return s.showStep(c, status, id, posted(c, "step"), do, err)
	}
	return s.after(c, err, done, back(c, "/admin/leads/"+id.String()+"#work"))
}

// stepCalendar is a step as a calendar file (RFC 5545).
func (s *Server) stepCalendar(c echo.Context) error {
	id, err := s.seenLead(c)
	if err != nil {
		return err
	}
	step, err := uuid.Parse(c.QueryParam("step"))
	if err != nil {
		return errs.New(errs.NotFound, "There is no such step here.")
	}
	file, err := s.app.StepCalendar(c.Request().Context(), id, step)
	if err != nil {
		return err
	}
	c.Response().Header().Set("Content-Disposition", `attachment; filename="step.ics"`)
	return c.Blob(http.StatusOK, "text/calendar; charset=utf-8", file)
}

func (s *Server) leadBlock(c echo.Context) error {
	id, err := s.seenLead(c)
	if err != nil {
		return err
	}
	return s.after(c, s.app.BlockApproach(c.Request().Context(), id, posted(c, "channel"), posted(c, "reason"), s.actor(c)), "Noted. It stands above everything else from now on.", "/admin/leads/"+id.String()+"#work")
}

func (s *Server) leadUnblock(c echo.Context) error {
	id, err := s.seenLead(c)
	if err != nil {
		return err
	}
	block, err := uuid.Parse(posted(c, "block"))
	if err != nil {
		return errs.New(errs.Malformed, "The request could not be read.")
	}
	return s.after(c, s.app.LiftBlock(c.Request().Context(), id, block, s.actor(c)), "Lifted.", "/admin/leads/"+id.String()+"#work")
}
