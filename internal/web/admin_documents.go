package web

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/auth"
	"github.com/gatehouse/gatehouse/internal/document"
	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/store"
	"github.com/gatehouse/gatehouse/templates"
)

const documentsPath = "/admin/documents"

func (s *Server) documentList(c echo.Context) error {
	page, err := s.adminPage(c, "documents", "Documents")
	if err != nil {
		return err
	}
	docs, err := s.app.Documents(c.Request().Context())
	if err != nil {
		return err
	}
	p := templates.DocumentsPage{AdminPage: page, Tools: templates.TableTools{Total: len(docs), One: "document", Many: "documents"},
		Empty: templates.Empty{Suit: "diamond", Title: "No document yet", Text: "Upload the PDF that people will ask for, then put a landing page before it."}}
	if s.may(c, auth.DocumentsWrite) {
		p.Action = &templates.PageAction{Label: "Upload a document", URL: documentsPath + "/new", Icon: "upload"}
		p.Empty.Action = p.Action
	}
	for _, d := range docs {
		p.Rows = append(p.Rows, documentRow(d))
	}
	return s.page(c, http.StatusOK, "admin/documents", p)
}

func documentRow(d app.DocumentLine) templates.DocumentRow {
	r := templates.DocumentRow{URL: documentsPath + "/" + d.ID.String(), Title: d.Title, Note: d.Language, File: "no file yet", State: documentTag(d.Document, d.Gates),
		Gates: "none", Updated: d.UpdatedAt, Archived: d.ArchivedAt != nil}
	if d.Byline != "" {
		r.Note = "by " + d.Byline + ", " + d.Language
	}
	if d.Number > 0 {
		r.File = fmt.Sprintf("Version %d, %s", d.Number, formatLine(store.DocumentVersion{Pages: d.Pages, Size: d.Size}))
	}
	var gates []string
	if d.Gates > 0 {
		gates = append(gates, fmt.Sprintf("%d published", d.Gates))
	}
	if d.Drafts > 0 {
		gates = append(gates, fmt.Sprintf("%d not published", d.Drafts))
	}
	if len(gates) > 0 {
		r.Gates = strings.Join(gates, ", ")
	}
	return r
}

func documentTag(d store.Document, published int) templates.Tag {
	switch {
	case d.ArchivedAt != nil:
		return templates.Tag{Label: "Archived"}
	case published > 0:
		return templates.Tag{Label: "Offered", Tone: "good"}
	}
	return templates.Tag{Label: "Not offered", Tone: "wait"}
}

func (s *Server) documentNew(c echo.Context) error {
	return s.showDocumentNew(c, http.StatusOK, app.DocumentTexts{}, nil)
}

const uploadHelp = "A PDF of at most 50 MB, without a password and without anything that acts by itself."

func (s *Server) showDocumentNew(c echo.Context, status int, in app.DocumentTexts, wrong error) error {
	page, err := s.adminPage(c, "documents", "Upload a document", templates.Link{Label: "Documents", URL: documentsPath})
	if err != nil {
		return err
	}
	sheet := &templates.Sheet{Action: documentsPath, Button: "Upload", File: true, CancelURL: documentsPath, Groups: []templates.SheetGroup{{Fields: append(
		documentFields(in, "Empty: the file's own."), templates.FieldView{Name: "file", Type: "file", Label: "File", Required: true, Value: "application/pdf,.pdf", Help: uploadHelp})}}}
	fault(sheet, wrong)
	return s.page(c, status, "admin/documents", templates.DocumentsPage{AdminPage: page, New: sheet})
}

func documentFields(in app.DocumentTexts, help string) []templates.FieldView {
	return []templates.FieldView{
		{Name: "title", Type: "text", Label: "Title", Value: in.Title, MaxLength: 160, Help: help, Required: help == ""},
		{Name: "byline", Type: "text", Label: "Who wrote it", Value: in.Byline, MaxLength: 160, Half: true},
		{Name: "language", Type: "text", Label: "Language", Value: in.Language, MaxLength: 35, Half: true, Required: help == ""},
	}
}

func (s *Server) documentCreate(c echo.Context) error {
	f, err := s.readUpload(c)
	if err != nil {
		return err
	}
	in := app.DocumentTexts{Title: f.values["title"], Language: f.values["language"], Byline: f.values["byline"]}
	d, err := s.app.NewDocument(c.Request().Context(), in, f.upload, s.actor(c))
	if status := formStatus(err); status != 0 && !wantsJSON(c) {
		return s.showDocumentNew(c, status, in, err)
	}
	if err != nil {
		return err
	}
	return s.after(c, nil, "The document is here: "+uploadNote(f.upload), documentsPath+"/"+d.ID.String())
}

// uploadNote says what was found in a file that was taken.
func uploadNote(up app.Upload) string {
	note := fmt.Sprintf("%d pages.", up.Report.Pages)
	if up.Report.Pages == 1 {
		note = "1 page."
	}
	for _, f := range up.Report.Findings {
		note += " " + f.Sentence
	}
	return note
}

func (s *Server) documentShow(c echo.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	return s.showDocument(c, http.StatusOK, id, nil)
}

// showDocument draws a document's page. change, which may be nil, changes the sheet that a fault belongs to.
func (s *Server) showDocument(c echo.Context, status int, id uuid.UUID, change func(*templates.DocumentPageStaff)) error {
	r, err := s.app.Document(c.Request().Context(), id)
	if err != nil {
		return err
	}
	page, err := s.adminPage(c, "documents", r.Title, templates.Link{Label: "Documents", URL: documentsPath})
	if err != nil {
		return err
	}
	own := documentsPath + "/" + id.String()
	p := templates.DocumentPageStaff{AdminPage: page, Facts: documentFacts(r)}
	published := 0
	for _, g := range r.Gates {
		row := templates.GateRow{URL: gatesPath + "/" + g.ID.String(), Title: g.Draft.Title, Slug: g.Slug, State: gateTag(g.State)}
		p.Gates = append(p.Gates, row)
		if g.State == "published" {
			published++
		}
	}
	p.State = documentTag(r.Document, published)
	if v := r.Current(); v != nil {
		p.Cover = s.versionCover(r.Document, v.DocumentVersion)
	}
	write := s.may(c, auth.DocumentsWrite)
	p.Versions = documentVersions(r, own, write)
	if write {
		questions, err := s.app.DocumentQuestions(c.Request().Context(), id)
		if err != nil {
			return err
		}
		p.Questions = questionsForm(own, r.Version, questions)
		p.Edit, p.Upload, p.Samples, p.Actions = documentSheet(r, own), uploadSheet(own), samplesSheet(r, own), documentActions(r, own)
		if change != nil {
			change(&p)
		}
	}
	return s.page(c, status, "admin/document", p)
}

func documentFacts(r app.DocumentRecord) templates.Ledger {
	facts := []templates.Fact{{Name: "Written by", Value: r.Byline}, {Name: "Language", Value: r.Language}}
	if v := r.Current(); v != nil {
		facts = append(facts, templates.Fact{Name: "Served", Value: fmt.Sprintf("version %d, %s", v.Number, formatLine(v.DocumentVersion))})
	} else {
		facts = append(facts, templates.Fact{Name: "Served", Value: "nothing yet"})
	}
	return templates.Ledger{Facts: facts}
}

func documentVersions(r app.DocumentRecord, own string, write bool) (out []templates.DocumentVersionRow) {
	for _, v := range r.Versions {
		row := templates.DocumentVersionRow{Number: v.Number, Current: r.CurrentVersionID != nil && *r.CurrentVersionID == v.ID, Format: formatLine(v.DocumentVersion),
			By: v.By, At: v.CreatedAt, SHA256: v.SHA256, FileURL: own + "/versions/" + v.ID.String() + "/file"}
		for _, f := range v.Findings {
			row.Findings = append(row.Findings, f.Sentence)
		}
		if write && !row.Current {
			a := postButton("Serve this one", "check", own+"/serve", r.Version)
			a.Hidden = append(a.Hidden, templates.KV{Key: "serve", Value: v.ID.String()})
			a.Confirm = fmt.Sprintf("Serve version %d from now on? Every link that went out opens it.", v.Number)
			row.Serve = &a
		}
		out = append(out, row)
	}
	return out
}

func documentSheet(r app.DocumentRecord, own string) *templates.Sheet {
	return &templates.Sheet{Action: own, Button: "Save", Hidden: versionOf(r.Version), Groups: []templates.SheetGroup{{
		Fields: documentFields(app.DocumentTexts{Title: r.Title, Language: r.Language, Byline: r.Byline}, "")}}}
}

func uploadSheet(own string) *templates.Sheet {
	return &templates.Sheet{Action: own + "/versions", Button: "Upload the new version", File: true, Groups: []templates.SheetGroup{{
		Note: "The earlier files stay. Links that went out open the version that is served.",
		Fields: []templates.FieldView{{Name: "file", Type: "file", Label: "File", Required: true, Value: "application/pdf,.pdf", Help: uploadHelp},
			{Name: "serve", Type: "box", Label: "Serve it at once", Value: "yes", Checked: true}}}}}
}

// samplesSheet chooses the pages that everybody may see; nil where there is no file.
func samplesSheet(r app.DocumentRecord, own string) *templates.Sheet {
	v := r.Current()
	if v == nil {
		return nil
	}
	var pages []string
	made := false
	for _, sm := range v.Samples {
		if sm.Page > 0 {
			pages = append(pages, strconv.Itoa(sm.Page))
		}
		made = made || sm.Page == 0
	}
	help := "Page numbers, such as 2, 5. Everybody sees these pages on the landing page before they ask; empty: none."
	if made {
		help = "Now the landing page shows pictures made for this document. Page numbers, such as 2, 5, put those pages in their place."
	}
	return &templates.Sheet{Action: own + "/samples", Button: "Show these pages", Minor: true, Hidden: versionOf(r.Version), Groups: []templates.SheetGroup{{
		Fields: []templates.FieldView{{Name: "samples", Type: "text", Label: "Sample pages", Value: strings.Join(pages, ", "), MaxLength: 40, Help: help}}}}}
}

func documentActions(r app.DocumentRecord, own string) []templates.PageAction {
	if r.ArchivedAt != nil {
		return []templates.PageAction{postButton("Bring it back", "undo", own+"/restore", r.Version)}
	}
	a := postButton("Archive", "trash", own+"/archive", r.Version)
	a.Danger, a.Confirm = true, "Archive this document? It can be brought back."
	return []templates.PageAction{a}
}

func (s *Server) documentEdit(c echo.Context) error {
	id, read, err := idAndVersion(c)
	if err != nil {
		return err
	}
	in := app.DocumentTexts{Title: posted(c, "title"), Language: posted(c, "language"), Byline: posted(c, "byline")}
	err = s.app.EditDocument(c.Request().Context(), id, read, in, s.actor(c))
	if status := formStatus(err); status != 0 && !wantsJSON(c) {
		return s.showDocument(c, status, id, func(p *templates.DocumentPageStaff) {
			p.Edit.Hidden, p.Edit.Groups[0].Fields = versionOf(read), documentFields(in, "")
			fault(p.Edit, err)
		})
	}
	if err != nil {
		return err
	}
	return s.after(c, nil, "Saved.", documentsPath+"/"+id.String())
}

func (s *Server) documentSamples(c echo.Context) error {
	id, read, err := idAndVersion(c)
	if err != nil {
		return err
	}
	text := posted(c, "samples")
	err = s.app.SetSamplePages(c.Request().Context(), id, read, text, s.actor(c))
	if status := formStatus(err); status != 0 && !wantsJSON(c) {
		return s.showDocument(c, status, id, func(p *templates.DocumentPageStaff) {
			if p.Samples != nil {
				p.Samples.Hidden, p.Samples.Groups[0].Fields[0].Value = versionOf(read), text
				fault(p.Samples, err)
			}
		})
	}
	if err != nil {
		return err
	}
	return s.after(c, nil, "The landing page shows these pages now.", documentsPath+"/"+id.String())
}

func (s *Server) documentUpload(c echo.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	if _, err := s.app.Document(c.Request().Context(), id); err != nil {
		return err
	}
	f, err := s.readUpload(c)
	if err != nil {
		return err
	}
	serve := ticked(f.values["serve"])
	v, err := s.app.AddVersion(c.Request().Context(), id, f.upload, serve, s.actor(c))
	if status := formStatus(err); status != 0 && !wantsJSON(c) {
		return s.showDocument(c, status, id, func(p *templates.DocumentPageStaff) {
			p.Upload.Groups[0].Fields[1].Checked = serve
			fault(p.Upload, err)
		})
	}
	if err != nil {
		return err
	}
	return s.after(c, nil, fmt.Sprintf("Version %d is here: %s", v.Number, uploadNote(f.upload)), documentsPath+"/"+id.String())
}

// documentButton is a post of one button on a document's page.
func (s *Server) documentButton(done string, act func(c echo.Context, id uuid.UUID, read int64) error) echo.HandlerFunc {
	return func(c echo.Context) error {
		id, read, err := idAndVersion(c)
		if err != nil {
			return err
		}
		return s.after(c, act(c, id, read), done, documentsPath+"/"+id.String())
	}
}

func (s *Server) documentServe(c echo.Context, id uuid.UUID, read int64) error {
	version, err := uuid.Parse(posted(c, "serve"))
	if err != nil {
		return errNoPage
	}
	return s.app.ServeVersion(c.Request().Context(), id, version, read, s.actor(c))
}

func (s *Server) documentArchive(c echo.Context, id uuid.UUID, read int64) error {
	return s.app.ArchiveDocument(c.Request().Context(), id, read, true, s.actor(c))
}

func (s *Server) documentRestore(c echo.Context, id uuid.UUID, read int64) error {
	return s.app.ArchiveDocument(c.Request().Context(), id, read, false, s.actor(c))
}

// documentVersion serves any version's file, or its cover, to the staff.
func (s *Server) documentVersion(cover bool) echo.HandlerFunc {
	return func(c echo.Context) error {
		id, err := pathID(c)
		if err != nil {
			return err
		}
		version, err := uuid.Parse(c.Param("version"))
		if err != nil {
			return errNoPage
		}
		f, err := s.app.OpenVersion(c.Request().Context(), id, version, cover)
		if err != nil {
			return err
		}
		defer func() { _ = f.Body.Close() }()
		h := c.Response().Header()
		if cover {
			h.Set("Content-Type", "image/png")
			h.Set("Cache-Control", "private, max-age=86400") // a version's picture never changes
		} else {
			h.Set("Content-Type", f.Version.ContentType)
			h.Set("Content-Disposition", document.ContentDisposition(false, fmt.Sprintf("%s, version %d", f.Title, f.Version.Number)))
		}
		http.ServeContent(c.Response(), c.Request(), "", f.Modified, f.Body)
		return nil
	}
}

var errNoUpload = errs.New(errs.Malformed, "The upload could not be read. Reload the page and try again.")
