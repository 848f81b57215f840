package web

import (
	"encoding/xml"
	"net/http"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/gatehouse/gatehouse/assets"
	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/templates"
)

// library lists the published gates.
func (s *Server) library(c echo.Context) error {
	snap, err := s.app.Snapshot(c.Request().Context())
	if err != nil {
		return err
	}
	p := templates.LibraryPage{Page: s.pageFor(snap, snap.Settings.CompanyName)}
	p.CanonicalURL = s.o.BaseURL + "/"
	for i := range snap.Gates {
		g := &snap.Gates[i]
		def := g.Published.Definition
		item := templates.LibraryItem{Kicker: def.Kicker, Title: def.Title, Summary: def.Summary, URL: "/g/" + g.Slug, Format: formatLine(g.File)}
		if g.File.CoverKey != "" {
			item.Cover = s.picture(g, -1)
		}
		p.Items = append(p.Items, item)
	}
	return s.page(c, http.StatusOK, "public/library", p)
}

func (s *Server) gateCover(c echo.Context) error { return s.gatePicture(c, -1) }

func (s *Server) gateSample(c echo.Context) error {
	n, err := strconv.Atoi(c.Param("n"))
	if err != nil || n < 0 {
		return errs.New(errs.NotFound, "There is no such page.")
	}
	return s.gatePicture(c, n)
}

// gatePicture serves a cover or sample page out of the document store; it is public, like the gate.
func (s *Server) gatePicture(c echo.Context, n int) error {
	g, _, err := s.app.GateNow(c.Request().Context(), c.Param("slug"))
	if err != nil {
		return err
	}
	if n >= len(g.File.Samples) {
		return errs.New(errs.NotFound, "There is no such picture.")
	}
	key := g.File.CoverKey
	if n >= 0 {
		key = g.File.Samples[n].Key
	}
	if name, ok := strings.CutPrefix(key, "asset:"); ok {
		to, err := assets.URL(name)
		if err != nil {
			return err
		}
		return c.Redirect(http.StatusFound, to)
	}
	body, info, err := s.app.Files().Open(c.Request().Context(), key)
	if err != nil {
		return errs.Wrap(err, errs.NotFound, "There is no such picture.")
	}
	defer func() { _ = body.Close() }()
	h := c.Response().Header()
	h.Set("Content-Type", "image/png")
	h.Set("Cache-Control", "public, max-age=86400")
	http.ServeContent(c.Response(), c.Request(), "", info.Modified, body)
	return nil
}

func (s *Server) asset(c echo.Context) error {
	assets.Handler().ServeHTTP(c.Response(), c.Request())
	return nil
}

func (s *Server) robots(c echo.Context) error {
	return c.String(http.StatusOK, "User-agent: *\nDisallow: /admin\nDisallow: /api/\nDisallow: /d/\nDisallow: /u/\nDisallow: /dev/\nSitemap: "+s.o.BaseURL+"/sitemap.xml\n")
}

func (s *Server) sitemap(c echo.Context) error {
	snap, err := s.app.Snapshot(c.Request().Context())
	if err != nil {
		return err
	}
	type url struct {
		Loc     string `xml:"loc"`
		LastMod string `xml:"lastmod,omitempty"`
	}
	set := struct {
		XMLName xml.Name `xml:"http://www.sitemaps.org/schemas/sitemap/0.9 urlset"`
		URLs    []url    `xml:"url"`
	}{URLs: []url{{Loc: s.o.BaseURL + "/"}}}
	for _, g := range snap.Gates {
		set.URLs = append(set.URLs, url{Loc: s.o.BaseURL + "/g/" + g.Slug, LastMod: g.Published.PublishedAt.Format("2006-01-02")})
	}
	return c.XML(http.StatusOK, set)
}

func (s *Server) favicon(c echo.Context) error {
	b, err := assets.Read("icons/favicon.svg")
	if err != nil {
		return err
	}
	c.Response().Header().Set("Cache-Control", "public, max-age=86400")
	return c.Blob(http.StatusOK, "image/svg+xml", b)
}

// noticePage is the privacy notice or imprint until the settings name a page of the company's own.
func (s *Server) noticePage(which string) echo.HandlerFunc {
	return func(c echo.Context) error {
		snap, err := s.app.Snapshot(c.Request().Context())
		if err != nil {
			return err
		}
		p := templates.MessagePage{Page: s.pageFor(snap, ""), Status: http.StatusOK}
		set := snap.Settings
		if which == "imprint" {
			p.Title, p.Heading = "Imprint", "Imprint"
			p.Text = set.CompanyName + ", " + strings.Join(strings.Split(set.PostalAddress, "\n"), ", ") + contact(set.ContactEmail)
		} else {
			p.Title, p.Heading = "Privacy notice", "What we do with your data"
			p.Text = "We keep what you type in a form to send you the document you asked for and, where your company could use our help, to get in touch about it. " +
				"News comes only if you tick the box for it, and stops with one click in every mail. We keep your network address only in a shortened form. " +
				"You may ask at any time what we hold about you, have it corrected, or have it erased." + contact(set.ContactEmail)
		}
		return s.page(c, http.StatusOK, "public/message", p)
	}
}

func contact(address string) string {
	if address == "" {
		return ""
	}
	return " Write to " + address + "."
}
