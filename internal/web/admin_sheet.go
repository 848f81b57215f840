package web

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/templates"
)

// readVersion is the version of the row that the form showed.
func readVersion(c echo.Context) (int64, error) {
	v, err := strconv.ParseInt(posted(c, "version"), 10, 64)
	if err != nil || v < 1 {
		return 0, errs.New(errs.Malformed, "The form came without its version. Reload the page and try again.")
	}
	return v, nil
}

// idAndVersion read what most writes name: the thing of the path, and the version of it that was seen.
func idAndVersion(c echo.Context) (id uuid.UUID, version int64, err error) {
	if id, err = pathID(c); err != nil {
		return id, 0, err
	}
	version, err = readVersion(c)
	return id, version, err
}

func versionOf(v int64) []templates.KV {
	return []templates.KV{{Key: "version", Value: strconv.FormatInt(v, 10)}}
}

// formStatus is the status of a fault that a form can show with what was typed; 0 for any other.
func formStatus(err error) int {
	switch code := errs.CodeOf(err); code {
	case errs.Invalid, errs.Conflict, errs.TooMany, errs.TooLarge:
		return statuses[code]
	}
	return 0
}

// fault puts what is wrong at the fields of a sheet; what has no field there goes into the sentence above.
func fault(sheet *templates.Sheet, err error) {
	if err == nil {
		return
	}
	e := errs.Public(err)
	sheet.Error = e.Message
	for _, f := range e.Fields {
		if at := sheetField(sheet, f.Field); at == nil {
			sheet.Error += " " + f.Message
		} else if at.Error == "" {
			at.Error = f.Message
		} else if !strings.Contains(at.Error, f.Message) {
			at.Error += " " + f.Message
		}
	}
	for _, g := range sheet.Groups {
		for _, f := range g.Fields {
			if f.Error != "" {
				sheet.FirstInvalid = f.WithIDs().ID
				return
			}
		}
	}
}

func sheetField(sheet *templates.Sheet, name string) *templates.FieldView {
	for g := range sheet.Groups {
		for f := range sheet.Groups[g].Fields {
			if sheet.Groups[g].Fields[f].Name == name {
				return &sheet.Groups[g].Fields[f]
			}
		}
	}
	return nil
}

// choices makes the options of a select out of value and label in turn.
func choices(chosen string, pairs ...string) []templates.OptionView {
	out := make([]templates.OptionView, 0, len(pairs)/2)
	for i := 0; i+1 < len(pairs); i += 2 {
		out = append(out, templates.OptionView{Value: pairs[i], Label: pairs[i+1], Selected: pairs[i] == chosen})
	}
	return out
}

// after ends a button's post: back to a page, with what was done or why not.
func (s *Server) after(c echo.Context, err error, done, to string) error {
	if err == nil {
		s.flash(c, "done", done)
		return c.Redirect(http.StatusSeeOther, to)
	}
	if formStatus(err) == 0 || wantsJSON(c) {
		return err
	}
	e := errs.Public(err)
	text := e.Message
	for _, f := range e.Fields {
		text += " " + f.Message
	}
	s.flash(c, "fault", text)
	return c.Redirect(http.StatusSeeOther, to)
}

// postButton is a button that posts to url, with the version that the page shows.
func postButton(label, icon, url string, version int64) templates.PageAction {
	a := templates.PageAction{Label: label, Icon: icon, URL: url, Method: "post"}
	if version > 0 {
		a.Hidden = versionOf(version)
	}
	return a
}
