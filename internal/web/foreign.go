package web

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/store"
)

// foreign tells that a page of another site made the browser send this: its origin is neither ours nor one that the gate
// allows. "null" is nobody's. A request without an origin comes from no page.
func (s *Server) foreign(c echo.Context, g *store.PublishedGate) bool {
	r := c.Request()
	origin := r.Header.Get("Origin")
	switch origin {
	case "":
		return false
	case "null":
		return true
	}
	if g != nil && slices.Contains(g.Published.Definition.Origins, origin) {
		return false
	}
	o, err := url.Parse(origin)
	if err != nil {
		return true
	}
	base, err := url.Parse(s.o.BaseURL)
	return !strings.EqualFold(o.Host, r.Host) && (err != nil || o.Scheme != base.Scheme || !strings.EqualFold(o.Host, base.Host))
}

// crossSite tells the same of a page's form. There "null" passes unless the browser says that another site sent it, for one
// that hides the referrer sends it from our own page too; and so does what the browser calls ours although a proxy changed
// the host.
func (s *Server) crossSite(c echo.Context, g *store.PublishedGate) bool {
	h := c.Request().Header
	site := h.Get("Sec-Fetch-Site")
	if h.Get("Origin") == "null" {
		return site == "cross-site"
	}
	return s.foreign(c, g) && (site == "" || site == "cross-site")
}

// ownForm refuses the forms of the thank-you page when another site sent them.
func (s *Server) ownForm(c echo.Context) error {
	g, _, err := s.app.GateNow(c.Request().Context(), c.Param("slug"))
	if err != nil {
		return err
	}
	if s.crossSite(c, g) {
		return errs.New(errs.Forbidden, "This request came from another site, so nothing was done.")
	}
	return nil
}

// ownHost answers staff, and the inbox of captured mails, under the installation's own name only. A page whose name was
// turned to this machine's address afterwards (DNS rebinding) would else read them as its own. An address is no name that
// somebody could turn. The port does not count: a tunnel or proxy may change it.
func (s *Server) ownHost(w who) echo.MiddlewareFunc {
	own := ""
	if u, err := url.Parse(s.o.BaseURL); err == nil {
		own = u.Hostname()
	}
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		if !w.forStaff() {
			return next
		}
		return func(c echo.Context) error {
			asked := hostname(c.Request().Host)
			if asked == "" || !strings.EqualFold(asked, own) && !address(asked) {
				return errs.New(misdirected, "This page answers only at %s.", s.o.BaseURL)
			}
			return next(c)
		}
	}
}

// forStaff are the routes behind a session, and the doors to it.
func (w who) forStaff() bool { return w.kind == "staff" || w.kind == "door" || w.kind == "inbox" }

// hostname is a Host header without its port.
func hostname(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		return name
	}
	return strings.Trim(host, "[]")
}

func address(name string) bool {
	_, err := netip.ParseAddr(name)
	return err == nil || strings.EqualFold(name, "localhost")
}

var errUnreadable = errs.New(errs.Malformed, "The request holds characters that cannot be read. Please type it again.")

// readable refuses what no column can hold, NUL and invalid UTF-8, before staff or programs ask the database with it. The
// public's doors do it themselves: a campaign's mistyped address must not cost the visit, and a form's fault has its field.
func readable(w who) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		if !w.forStaff() && w.kind != "key" {
			return next
		}
		return func(c echo.Context) error {
			r := c.Request()
			if r.Method == http.MethodPost && strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
				if err := parseForm(r); err != nil {
					return err
				}
			}
			if !plainValues(c.QueryParams()) || !plainValues(r.PostForm) {
				return errUnreadable
			}
			return next(c)
		}
	}
}

func plainValues(v url.Values) bool {
	for name, values := range v {
		if !plainText(name) || slices.ContainsFunc(values, func(s string) bool { return !plainText(s) }) {
			return false
		}
	}
	return true
}

func plainText(s string) bool { return utf8.ValidString(s) && !strings.Contains(s, "\x00") }

// posted is a value of the body. The address never counts: a link that somebody else made would else fill in a form.
func posted(c echo.Context, name string) string { return c.Request().PostFormValue(name) }
