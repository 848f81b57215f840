package web

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/auth"
	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/form"
	"github.com/gatehouse/gatehouse/internal/store"
	"github.com/gatehouse/gatehouse/templates"
)

var errNoPage = errs.New(errs.NotFound, "There is no page at this address.")

func (s *Server) gateEditPage(c echo.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	r, err := s.app.GateRecord(c.Request().Context(), id)
	if err != nil {
		return err
	}
	return s.showGate(c, http.StatusOK, r, r.Draft, r.Version, nil, nil)
}

// gateEdit takes the big form: its buttons save, publish, or change the rows and draw the form again.
func (s *Server) gateEdit(c echo.Context) error {
	id, read, err := idAndVersion(c)
	if err != nil {
		return err
	}
	ctx, do := c.Request().Context(), posted(c, "do")
	typed := c.Request().PostForm
	def := readGate(typed)
	done := "The draft is saved."
	switch do {
	case "publish":
		_, err = s.app.PublishGate(ctx, id, read, &def, s.actor(c))
		done = "Published. The public sees it now."
	case "save-over":
		if theirs, bad := strconv.ParseInt(posted(c, "theirs"), 10, 64); bad == nil {
			read = theirs
		}
		err = s.app.SaveGate(ctx, id, read, def, s.actor(c))
	case "save", "":
		err = s.app.SaveGate(ctx, id, read, def, s.actor(c))
	default:
		return s.gateRows(c, def, read, do)
	}
	if err == nil {
		return s.after(c, nil, done, gatesPath+"/"+id.String())
	}
	status := formStatus(err)
	if status == 0 || wantsJSON(c) {
		return err
	}
	r, again := s.app.GateRecord(ctx, id)
	if again != nil {
		return again
	}
	return s.showGate(c, status, r, def, read, typed, err)
}

// gateRows draws the form again with a row added, moved or removed. Nothing is saved.
func (s *Server) gateRows(c echo.Context, def form.Gate, read int64, do string) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	if !moveRow(&def, do) {
		return errs.New(errs.Malformed, "The form does not know this button. Reload the page and try again.")
	}
	r, err := s.app.GateRecord(c.Request().Context(), id)
	if err != nil {
		return err
	}
	return s.showGate(c, http.StatusOK, r, def, read, nil, nil)
}

// gateMove gives the page another address; a fault stands at its own small form.
func (s *Server) gateMove(c echo.Context) error {
	id, read, err := idAndVersion(c)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	err = s.app.MoveGate(ctx, id, read, strings.TrimSpace(posted(c, "slug")), s.actor(c))
	status := formStatus(err)
	if status == 0 {
		if err != nil {
			return err
		}
		return s.after(c, nil, "The page has moved. The old address leads to the new one.", gatesPath+"/"+id.String())
	}
	r, again := s.app.GateRecord(ctx, id)
	if again != nil {
		return again
	}
	return s.showGate(c, status, r, r.Draft, r.Version, nil, err)
}

// showGate draws the page of a landing page around a draft, saved or typed.
func (s *Server) showGate(c echo.Context, status int, r app.GateRecord, def form.Gate, read int64, typed url.Values, wrong error) error {
	page, err := s.adminPage(c, "gates", r.Draft.Title, templates.Link{Label: "Landing pages", URL: gatesPath})
	if err != nil {
		return err
	}
	own := gatesPath + "/" + r.ID.String()
	moving := strings.HasSuffix(c.Path(), "/slug")
	b := newGateForm(def, typed, nil)
	p := templates.GateEditPage{AdminPage: page, PostURL: own, Version: read, State: gateTag(r.State), PreviewURL: own + "/preview",
		Unpublished: r.State != "published", Archived: r.State == "archived", ReadOnly: !s.may(c, auth.GatesWrite), Slug: s.slugSheet(c, own, r, moving, wrong)}
	if wrong != nil && !moving {
		e := errs.Public(wrong)
		b = newGateForm(def, typed, e.Fields)
		p.Error = e.Message
		if e.Code == errs.Conflict && r.Version != read {
			p.Theirs = r.Version
		}
	}
	p.Texts, p.Questions, p.Consents, p.After, p.Rules = b.texts(), b.questions(), b.consents(), b.after(), b.rules()
	b.used["form.fields"], b.used["form.consents"] = true, true
	p.QuestionsNote, p.ConsentsNote, p.FirstInvalid = b.faults["form.fields"], b.faults["form.consents"], b.first
	if left := b.left(); len(left) > 0 {
		p.Error = strings.TrimSpace(p.Error + " " + strings.Join(left, " "))
	}
	p.Facts, p.Versions = s.gateFacts(r), gateVersions(r, own)
	if !p.ReadOnly {
		p.Actions = gateActions(r, own)
	}
	return s.page(c, status, "admin/gate_edit", p)
}

func (s *Server) slugSheet(c echo.Context, own string, r app.GateRecord, moving bool, wrong error) templates.Sheet {
	sheet := templates.Sheet{Action: own + "/slug", Button: "Move the page", Minor: true, Hidden: versionOf(r.Version), Groups: []templates.SheetGroup{{Fields: []templates.FieldView{
		{Name: "slug", Type: "text", Label: "Address below /g/", Required: true, MaxLength: 80, Value: r.Slug, Help: "The old address goes on leading here."}}}}}
	if len(r.OldSlugs) > 0 {
		sheet.Groups[0].Fields[0].Help += " So do: " + strings.Join(r.OldSlugs, ", ") + "."
	}
	if moving {
		sheet.Groups[0].Fields[0].Value = posted(c, "slug")
		fault(&sheet, wrong)
	}
	return sheet
}

func (s *Server) gateFacts(r app.GateRecord) templates.Ledger {
	facts := []templates.Fact{{Name: "Document", Value: r.Document.Title, URL: documentsPath + "/" + r.DocumentID.String()}}
	if r.File == nil {
		facts = append(facts, templates.Fact{Name: "File", Value: "none yet"})
	} else {
		facts = append(facts, templates.Fact{Name: "File", Value: formatLine(*r.File)})
	}
	address := templates.Fact{Name: "Address", Value: s.o.BaseURL + "/g/" + r.Slug}
	if r.State == "published" {
		address.URL = "/g/" + r.Slug
	}
	facts = append(facts, address)
	if v := r.Published(); v != nil {
		facts = append(facts, templates.Fact{Name: "Published", Value: fmt.Sprintf("version %d", v.Number)})
	}
	return templates.Ledger{Facts: facts}
}

func gateVersions(r app.GateRecord, own string) (out []templates.GateVersionRow) {
	for _, v := range r.Versions {
		row := templates.GateVersionRow{Number: v.Number, Current: r.State == "published" && *r.PublishedVersionID == v.ID, By: v.By, At: v.PublishedAt,
			Redraft: postButton("Make this the draft again", "undo", own+"/redraft", r.Version)}
		row.Redraft.Hidden = append(row.Redraft.Hidden, templates.KV{Key: "published", Value: v.ID.String()})
		row.Redraft.Confirm = fmt.Sprintf("Replace the draft with version %d? What is in the draft and was never published is lost.", v.Number)
		out = append(out, row)
	}
	return out
}

func gateActions(r app.GateRecord, own string) (out []templates.PageAction) {
	switch r.State {
	case "published":
		a := postButton("Unpublish", "close", own+"/unpublish", r.Version)
		a.Danger, a.Confirm = true, "Take this page away from the public? Links in mails that went out go on working."
		out = append(out, a)
	case "archived":
		return []templates.PageAction{postButton("Bring it back", "undo", own+"/restore", r.Version)}
	}
	a := postButton("Archive", "trash", own+"/archive", r.Version)
	a.Danger, a.Confirm = true, "Archive this page? The public no longer sees it; it can be brought back."
	return append(out, a)
}

// versionCover is the picture of a version as staff may see it, whether or not it is public; nil without one.
func (s *Server) versionCover(d store.Document, v store.DocumentVersion) *templates.Picture {
	if v.CoverKey == "" {
		return nil
	}
	g := &store.PublishedGate{Document: d, File: v}
	p := s.picture(g, -1)
	if !strings.HasPrefix(v.CoverKey, "asset:") {
		p.URL = documentsPath + "/" + d.ID.String() + "/versions/" + v.ID.String() + "/cover"
	}
	return p
}
