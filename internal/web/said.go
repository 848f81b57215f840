package web

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/lead"
	"github.com/gatehouse/gatehouse/templates"
)

// saidView is the part of a page in which a reader speaks; nil where the request was cancelled.
func (s *Server) saidView(c echo.Context, d app.Door, snap *app.Snapshot) (*templates.SaidView, error) {
	m, err := s.app.Meeting(c.Request().Context(), d)
	if err != nil || m.Closed {
		return nil, err
	}
	at := doorPath(d)
	v := &templates.SaidView{MeetAction: at + "/meet", Claim: d.Page == app.DoorThanks, Early: m.Early, How: m.How, CanCall: m.CanCall}
	if d.Page == app.DoorThanks {
		v.Hidden = []templates.KV{{Key: "r", Value: d.Token}}
	}
	if d.Page != app.DoorPreferences {
		v.AskAction = at + "/ask"
	}
	for _, q := range m.Questions {
		v.OursAction = at + "/ours"
		v.Questions = append(v.Questions, templates.SaidQuestion{ID: q.ID.String(), Number: q.Number, Text: q.Text, Ours: q.Ours})
	}
	if h := m.Host; h != nil {
		v.Host = &templates.HostView{Name: h.Name, JobTitle: h.JobTitle, BookingURL: h.BookingURL}
		if h.PhotoKey != "" {
			v.Host.PhotoURL = "/faces/" + h.UserID.String() + "?v=" + shortSum(h.PhotoKey)
		}
	}
	for _, k := range m.Contacts {
		v.Contacts = append(v.Contacts, templates.ContactView{At: k.At, Kind: k.Kind})
	}
	v.Call = callView(snap.Settings.Zone(), s.app.Store().Now())
	return v, nil
}

// callView is the empty form for a call. The times are in the installation's zone until the reader, or the reader's
// browser, says another.
func callView(zone *time.Location, now time.Time) templates.CallView {
	v := templates.CallView{Zone: zone.String(), Zones: app.Zones(), MinDay: now.In(zone).Format(time.DateOnly),
		MaxDay: now.In(zone).AddDate(0, 0, app.SlotDays).Format(time.DateOnly), Errors: map[string]string{}}
	for n := range app.SlotsOffered {
		v.Slots = append(v.Slots, templates.SlotView{Number: n + 1})
	}
	return v
}

// shortSum names one picture among those that stood at the same address.
func shortSum(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:4])
}

func doorPath(d app.Door) string {
	switch d.Page {
	case app.DoorThanks:
		return "/g/" + d.Slug + "/thanks"
	case app.DoorPersonal:
		return "/d/" + d.Token
	}
	return "/u/" + d.Token
}

// doorOf reads through which page a post came. The thank-you page may stand on a gate's other origins, and on no others.
func (s *Server) doorOf(c echo.Context, page string) (app.Door, error) {
	if page != app.DoorThanks {
		return app.Door{Page: page, Token: c.Param("token")}, nil
	}
	return app.Door{Page: page, Slug: c.Param("slug"), Token: posted(c, "r")}, s.ownForm(c)
}

// doneWords are what a page may say that it has just taken in.
var doneWords = append([]string{"ours", "taken-back", "ask"}, lead.Ways()...)

// said tells what was done just now, as the address says it; anybody can write the address, so only words of ours pass.
func said(c echo.Context, v *templates.SaidView) {
	if done := c.QueryParam("said"); slices.Contains(doneWords, done) {
		v.Done = done
	}
}

func (s *Server) sayOurs(page string) echo.HandlerFunc {
	return func(c echo.Context) error {
		d, err := s.doorOf(c, page)
		if err != nil {
			return err
		}
		question, err := uuid.Parse(posted(c, "question"))
		if err != nil {
			return errNoPage
		}
		ours, done := posted(c, "ours") == "yes", "taken-back"
		if ours {
			done = "ours"
		}
		return s.afterSaid(c, d, done, s.app.SayOurs(c.Request().Context(), d, visitor(c), question, ours), func(*templates.SaidView) {})
	}
}

func (s *Server) askAuthor(page string) echo.HandlerFunc {
	return func(c echo.Context) error {
		d, err := s.doorOf(c, page)
		if err != nil {
			return err
		}
		text := posted(c, "text")
		err = s.app.AskAuthor(c.Request().Context(), d, visitor(c), text)
		return s.afterSaid(c, d, "ask", err, func(v *templates.SaidView) {
			v.AskValue = text
			for _, f := range errs.Public(err).Fields {
				v.AskError = f.Message
			}
		})
	}
}

func (s *Server) chooseContact(page string) echo.HandlerFunc {
	return func(c echo.Context) error {
		d, err := s.doorOf(c, page)
		if err != nil {
			return err
		}
		in := app.ContactWish{How: posted(c, "how"), Again: posted(c, "again") == "yes", Tel: posted(c, "tel"), Words: posted(c, "words"), Zone: posted(c, "zone")}
		for n := range app.SlotsOffered {
			i := strconv.Itoa(n + 1)
			in.Slots = append(in.Slots, app.SlotWish{Day: posted(c, "day"+i), From: posted(c, "from"+i), Until: posted(c, "until"+i)})
		}
		err = s.app.ChooseContact(c.Request().Context(), d, visitor(c), in)
		return s.afterSaid(c, d, in.How, err, func(v *templates.SaidView) { callFault(v, in, errs.Public(err).Fields) })
	}
}

// callFault shows again what was typed in this very post, with what is wrong with it.
func callFault(v *templates.SaidView, in app.ContactWish, faults []errs.Field) {
	if len(faults) == 0 || in.How != lead.ByCall {
		return
	}
	v.Call.Open, v.Call.Tel, v.Call.Words = true, in.Tel, in.Words
	if in.Zone != "" {
		v.Call.Zone = in.Zone
	}
	for i, s := range in.Slots {
		v.Call.Slots[i] = templates.SlotView{Number: i + 1, Day: s.Day, From: s.From, Until: s.Until}
	}
	for _, f := range faults {
		v.Call.Errors[f.Field] = f.Message
	}
}

// afterSaid answers a post: back to the page, which says what was taken in, or the page again with the fault.
func (s *Server) afterSaid(c echo.Context, d app.Door, done string, fault error, change func(*templates.SaidView)) error {
	back := doorPath(d)
	if d.Page == app.DoorThanks {
		back += "?r=" + d.Token
	}
	code := errs.CodeOf(fault)
	switch {
	case fault == nil:
		mark := "?"
		if d.Page == app.DoorThanks {
			mark = "&"
		}
		return c.Redirect(http.StatusSeeOther, back+mark+"said="+done+"#said")
	case code == errs.Gone:
		return c.Redirect(http.StatusSeeOther, back)
	case code != errs.Invalid && code != errs.TooMany && code != errs.Conflict:
		return fault
	}
	status := statuses[code]
	if after := errs.Public(fault).RetryAfter; after > 0 {
		c.Response().Header().Set("Retry-After", seconds(after))
	}
	show := func(v *templates.SaidView) {
		change(v)
		if fields := errs.Public(fault).Fields; len(fields) == 0 || v.AskError == "" && !v.Call.Open {
			v.Fault = errs.Public(fault).Message
		}
	}
	switch d.Page {
	case app.DoorThanks:
		return s.showThanks(c, d.Token, status, func(p *templates.ThanksPage) {
			if p.Said != nil {
				show(p.Said)
			}
		})
	case app.DoorPersonal:
		o, err := s.app.OpenGrant(c.Request().Context(), d.Token)
		if err != nil {
			return err
		}
		return s.showDocumentPage(c, o, status, show)
	}
	return s.showPreferences(c, status, show)
}
