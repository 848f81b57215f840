package web

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/document"
	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/guard"
	"github.com/gatehouse/gatehouse/templates"
)

// visitor is what the network tells about a request to a personal link.
func visitor(c echo.Context) app.Visitor {
	r := c.Request()
	h := r.Header
	purpose := h.Get("Sec-Purpose") + h.Get("Purpose") + h.Get("X-Purpose") + h.Get("X-Moz")
	return app.Visitor{IP: clientIP(c), Hit: guard.Hit{Method: r.Method, UserAgent: r.UserAgent(), AcceptLanguage: h.Get("Accept-Language"), Purpose: purpose,
		Range: h.Get("Range"), FetchUser: h.Get("Sec-Fetch-User"), FetchMode: h.Get("Sec-Fetch-Mode")}}
}

// documentPage shows what a personal link opens. It changes nothing and names nobody.
func (s *Server) documentPage(c echo.Context) error {
	ctx := c.Request().Context()
	o, err := s.app.OpenGrant(ctx, c.Param("token"))
	if err != nil {
		return err
	}
	kind := "view"
	if c.Request().Method == http.MethodHead {
		kind = "head"
	}
	if err := s.app.SeeHit(ctx, o.Grant.ID, kind, visitor(c)); err != nil {
		s.log.Warn("hit not kept", "id", c.Get(requestID), "error", err)
	}
	return s.showDocumentPage(c, o, http.StatusOK, func(v *templates.SaidView) { said(c, v) })
}

// showDocumentPage draws the page behind a personal link; change is told the part in which the reader speaks.
func (s *Server) showDocumentPage(c echo.Context, o app.OpenedGrant, status int, change func(*templates.SaidView)) error {
	ctx := c.Request().Context()
	if o.Expired || o.Superseded {
		return s.expired(c, o, func(*templates.ExpiredPage) {})
	}
	snap, err := s.app.Snapshot(ctx)
	if err != nil {
		return err
	}
	here := "/d/" + c.Param("token")
	p := templates.DocumentPage{Page: s.pageFor(snap, o.Document.Title), Kicker: o.Definition.Definition.Kicker, Heading: o.Document.Title,
		Summary: o.Definition.Definition.Summary, Byline: o.Document.Byline, Format: formatLine(o.File), Published: o.File.CreatedAt,
		ReadAction: here + "/read", DownloadAction: here + "/file", Missing: !s.app.FileThere(ctx, o)}
	p.Lang, p.NoIndex = o.Document.Language, true
	if g := snap.BySlug(o.Gate.Slug); g != nil && g.File.CoverKey != "" {
		p.Cover = s.picture(g, -1)
	}
	for i := range snap.Gates {
		if g := &snap.Gates[i]; g.DocumentID != o.Document.ID && len(p.Meanwhile) < 3 {
			p.Meanwhile = append(p.Meanwhile, templates.Link{Label: g.Published.Definition.Title, URL: "/g/" + g.Slug, Summary: g.Published.Definition.Summary})
		}
	}
	if p.Said, err = s.saidView(c, app.Door{Page: app.DoorPersonal, Token: c.Param("token")}, snap); err != nil {
		return err
	}
	if p.Said != nil {
		change(p.Said)
	}
	return s.page(c, status, "public/document", p)
}

func (s *Server) expired(c echo.Context, o app.OpenedGrant, change func(*templates.ExpiredPage)) error {
	p := templates.ExpiredPage{Page: s.basePage(c, o.Document.Title), DocumentTitle: o.Document.Title, Superseded: o.Superseded, Action: "/d/" + c.Param("token")}
	p.Lang, p.NoIndex = o.Document.Language, true
	change(&p)
	return s.page(c, http.StatusOK, "public/expired", p)
}

// documentFresh sends a fresh link to the address that the old one belongs to. The page never says which.
func (s *Server) documentFresh(c echo.Context) error {
	ctx := c.Request().Context()
	o, err := s.app.OpenGrant(ctx, c.Param("token"))
	if err != nil {
		return err
	}
	if !o.Expired && !o.Superseded {
		return c.Redirect(http.StatusSeeOther, "/d/"+c.Param("token"))
	}
	if guard.Classify(visitor(c).Hit).Kind != guard.Human {
		return errs.New(errs.Forbidden, "This needs a person at a browser.")
	}
	until, err := s.app.FreshLink(ctx, c.Param("token"))
	if err != nil {
		return err
	}
	snap, err := s.app.Snapshot(ctx)
	if err != nil {
		return err
	}
	return s.expired(c, o, func(p *templates.ExpiredPage) {
		p.Sent = true
		if !until.IsZero() {
			p.HeldUntil = until.In(snap.Settings.Zone())
		}
	})
}

// documentTake is the person's POST: recorded once, then on to the bytes.
func (s *Server) documentTake(kind string) echo.HandlerFunc {
	return func(c echo.Context) error {
		link := c.Param("token")
		f, err := s.app.TakeDocument(c.Request().Context(), link, kind, visitor(c))
		if errs.Is(err, errs.Gone) {
			return c.Redirect(http.StatusSeeOther, "/d/"+link)
		}
		if err != nil {
			return err
		}
		to := "/d/" + link + "/file?k=" + f.Key
		if kind == "read" {
			to += "&inline=1"
		}
		return c.Redirect(http.StatusSeeOther, to)
	}
}

// documentFile serves the bytes for a quarter of an hour: HEAD and Range as the web expects. It counts nothing.
func (s *Server) documentFile(c echo.Context) error {
	link := c.Param("token")
	f, err := s.app.OpenFile(c.Request().Context(), link, c.QueryParam("k"), visitor(c))
	if errs.Is(err, errs.Gone) {
		return c.Redirect(http.StatusSeeOther, "/d/"+link)
	}
	if err != nil {
		return err
	}
	defer func() { _ = f.Body.Close() }()
	h := c.Response().Header()
	h.Set("Content-Type", f.Type)
	h.Set("Content-Disposition", document.ContentDisposition(c.QueryParam("inline") == "1", f.Title))
	h.Set("Etag", `"`+f.SHA256+`"`)
	h.Set("Content-Security-Policy", "sandbox; default-src 'none'; object-src 'self'; plugin-types application/pdf; style-src 'unsafe-inline'")
	http.ServeContent(c.Response(), c.Request(), "", f.Modified, f.Body)
	return nil
}
