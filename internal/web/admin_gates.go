package web

import (
	"fmt"
	"net/http"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/auth"
	"github.com/gatehouse/gatehouse/internal/store"
	"github.com/gatehouse/gatehouse/templates"
)

const gatesPath = "/admin/gates"

// gateTag says where a landing page stands.
func gateTag(state string) templates.Tag {
	switch state {
	case "published":
		return templates.Tag{Label: "Published", Tone: "good"}
	case "archived":
		return templates.Tag{Label: "Archived"}
	}
	return templates.Tag{Label: "Draft", Tone: "wait"}
}

func (s *Server) gateList(c echo.Context) error {
	page, err := s.adminPage(c, "gates", "Landing pages")
	if err != nil {
		return err
	}
	lines, err := s.app.Gates(c.Request().Context())
	if err != nil {
		return err
	}
	p := templates.GatesPage{AdminPage: page, Tools: templates.TableTools{Total: len(lines), One: "landing page", Many: "landing pages"},
		Empty: templates.Empty{Suit: "spade", Title: "No landing page yet", Text: "A landing page puts a document behind a short form. Upload the document first."}}
	if s.may(c, auth.GatesWrite) {
		p.Action = &templates.PageAction{Label: "New landing page", URL: gatesPath + "/new", Icon: "plus"}
		p.Empty.Action = p.Action
	}
	for _, l := range lines {
		p.Rows = append(p.Rows, gateRow(l))
	}
	return s.page(c, http.StatusOK, "admin/gates", p)
}

func gateRow(l app.GateLine) templates.GateRow {
	r := templates.GateRow{URL: gatesPath + "/" + l.ID.String(), Title: l.Draft.Title, Slug: l.Slug, Document: l.Document, State: gateTag(l.State),
		Submissions: l.Submissions, Updated: l.UpdatedAt}
	if l.State == "published" {
		r.PublicURL = "/g/" + l.Slug
	}
	if l.Number > 0 {
		r.Note = fmt.Sprintf("version %d", l.Number)
	}
	if l.Edited {
		r.Note += ", changes in the draft"
	}
	return r
}

func (s *Server) gateNew(c echo.Context) error {
	return s.showGateNew(c, c.QueryParam("document"), nil)
}

func (s *Server) gateCreate(c echo.Context) error {
	in := app.NewGateInput{Slug: posted(c, "slug"), Title: posted(c, "title")}
	in.DocumentID, _ = uuid.Parse(posted(c, "document")) // none: the zero id, which is no document
	g, err := s.app.NewGate(c.Request().Context(), in, s.actor(c))
	if formStatus(err) != 0 {
		return s.showGateNew(c, posted(c, "document"), err)
	}
	if err != nil {
		return err
	}
	return s.after(c, nil, "The draft is made. Say what the page is about, then publish it.", gatesPath+"/"+g.ID.String())
}

func (s *Server) showGateNew(c echo.Context, document string, wrong error) error {
	page, err := s.adminPage(c, "gates", "New landing page", templates.Link{Label: "Landing pages", URL: gatesPath})
	if err != nil {
		return err
	}
	docs, err := s.app.Documents(c.Request().Context())
	if err != nil {
		return err
	}
	var options []templates.OptionView
	for _, d := range docs {
		if d.ArchivedAt == nil {
			options = append(options, templates.OptionView{Value: d.ID.String(), Label: d.Title, Selected: d.ID.String() == document})
		}
	}
	p := templates.GatesPage{AdminPage: page}
	if len(options) == 0 {
		p.Empty = templates.Empty{Suit: "diamond", Title: "No document yet", Text: "A landing page offers a document. Upload one first.",
			Action: &templates.PageAction{Label: "Upload a document", URL: documentsPath + "/new", Icon: "upload"}}
		return s.page(c, http.StatusOK, "admin/gates", p)
	}
	sheet := &templates.Sheet{Action: gatesPath, Button: "Create the draft", CancelURL: gatesPath, Groups: []templates.SheetGroup{{Fields: []templates.FieldView{
		{Name: "document", Type: "select", Label: "Document", Required: true, Options: options},
		{Name: "slug", Type: "text", Label: "Address", Required: true, MaxLength: 80, Value: posted(c, "slug"),
			Help: "The page stands at " + s.o.BaseURL + "/g/ and this: small letters, digits, hyphens."},
		{Name: "title", Type: "text", Label: "Title", MaxLength: 160, Value: posted(c, "title"), Help: "Empty: the document's own."},
	}}}}
	fault(sheet, wrong)
	p.New = sheet
	status := http.StatusOK
	if wrong != nil {
		status = formStatus(wrong)
	}
	return s.page(c, status, "admin/gates", p)
}

// gatePreview draws the saved draft as the public would see it. The form does nothing.
func (s *Server) gatePreview(c echo.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	r, err := s.app.GateRecord(ctx, id)
	if err != nil {
		return err
	}
	snap, err := s.app.Snapshot(ctx)
	if err != nil {
		return err
	}
	g := &store.PublishedGate{Gate: r.Gate, Published: store.GateVersion{Definition: r.Draft, PublishedAt: s.app.Store().Now()}, Document: r.Document}
	if r.File != nil {
		g.File = *r.File
		g.File.Samples = nil
	}
	p := s.gateView(g, snap)
	p.Preview, p.NoIndex, p.OG, p.CanonicalURL = "This is a preview of the draft: its form does nothing.", true, nil, ""
	p.Action, p.StartURL, p.HoneypotName = "", "", ""
	if r.File == nil {
		p.Format = ""
	} else if p.Cover != nil {
		p.Cover = s.versionCover(r.Document, *r.File)
	}
	// No scripts and no forms, whatever the page holds.
	c.Response().Header().Set("Content-Security-Policy", policy+"; sandbox allow-same-origin allow-top-navigation-by-user-activation")
	return s.page(c, http.StatusOK, "public/gate", p)
}

// gateButton is a post of one button on a landing page's own page.
func (s *Server) gateButton(done string, act func(c echo.Context, id uuid.UUID, read int64) error) echo.HandlerFunc {
	return func(c echo.Context) error {
		id, read, err := idAndVersion(c)
		if err != nil {
			return err
		}
		return s.after(c, act(c, id, read), done, gatesPath+"/"+id.String())
	}
}

func (s *Server) gatePublish(c echo.Context, id uuid.UUID, read int64) error {
	_, err := s.app.PublishGate(c.Request().Context(), id, read, nil, s.actor(c))
	return err
}

func (s *Server) gateUnpublish(c echo.Context, id uuid.UUID, read int64) error {
	return s.app.UnpublishGate(c.Request().Context(), id, read, false, s.actor(c))
}

func (s *Server) gateArchive(c echo.Context, id uuid.UUID, read int64) error {
	return s.app.UnpublishGate(c.Request().Context(), id, read, true, s.actor(c))
}

func (s *Server) gateRestore(c echo.Context, id uuid.UUID, read int64) error {
	return s.app.RestoreGate(c.Request().Context(), id, read, s.actor(c))
}

func (s *Server) gateRedraft(c echo.Context, id uuid.UUID, read int64) error {
	version, err := uuid.Parse(posted(c, "published"))
	if err != nil {
		return errNoPage
	}
	return s.app.RedraftGate(c.Request().Context(), id, version, read, s.actor(c))
}
