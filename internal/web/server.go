// Package web is the only package that speaks Echo: one route table, handlers a file a noun, and one place where an
// error becomes a status, a page, a problem+json and a log line. A handler decodes, calls one use case, chooses page or
// JSON, and returns the error.
package web

import (
	"context"
	"crypto/ecdsa"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/labstack/echo/v4"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/email"
	"github.com/gatehouse/gatehouse/templates"
)

// Server answers for prospects, programs and staff.
type Server struct {
	app      *app.App
	pages    *templates.Set
	log      *slog.Logger
	o        Options
	echo     *echo.Echo
	http     *http.Server
	sessions *scs.SessionManager
	gates    gateCache
	requests *requests
	origin   *http.CrossOriginProtection
}

// Options are what the wiring decides.
type Options struct {
	App        *app.App
	Pages      *templates.Set
	Log        *slog.Logger
	BaseURL    string
	Proxies    []netip.Prefix   // whose forwarding headers are believed
	Loopback   bool             // nobody outside this machine reaches us: /dev/mail is open
	Capture    bool             // mails are kept and shown at /dev/mail
	WebhookKey *ecdsa.PublicKey // of SendGrid's event webhook; nil: none configured
	InboundKey email.InboundKey // of whoever posts mails that came in; "": nobody may
	HealthOnly bool             // a worker: answers only whether it lives and is ready
	Version    string
	QueueUI    http.Handler // the queue's page, behind the admin role; nil without workers
	Ready      func(ctx context.Context) []Check
}

// Check is one part that the service needs to be ready.
type Check struct {
	Name string `json:"name"`
	OK   bool   `json:"ok"`
	Note string `json:"note,omitempty"`
}

// The server's patience. Headers must come quickly; a body of a phone on a train may take its time.
const (
	headerTimeout = 5 * time.Second
	readTimeout   = 30 * time.Second
	writeTimeout  = 60 * time.Second
	idleTimeout   = 90 * time.Second
	maxHeader     = 32 << 10
)

// everything is the route of what no other route takes.
const everything = "/*"

// New builds the server; Serve starts it.
func New(o Options) *Server {
	s := &Server{app: o.App, pages: o.Pages, log: o.Log, o: o, echo: echo.New()}
	s.sessions = newSessions(o)
	s.requests = newRequests(o.App.Metrics.Registry)
	s.origin = http.NewCrossOriginProtection()
	e := s.echo
	e.HideBanner, e.HidePort = true, true
	e.HTTPErrorHandler = s.answerError
	e.IPExtractor = ipExtractor(o.Proxies)
	e.Use(s.observe, s.secure)
	for _, r := range s.routes() {
		if !o.HealthOnly || r.path == "/healthz" || r.path == "/readyz" {
			s.add(r)
		}
	}
	e.RouteNotFound(everything, s.notFound)
	s.http = &http.Server{Handler: e, ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout, IdleTimeout: idleTimeout,
		MaxHeaderBytes: maxHeader, ErrorLog: slog.NewLogLogger(o.Log.Handler(), slog.LevelDebug)}
	return s
}

// Serve answers on the listener until Shutdown.
func (s *Server) Serve(l net.Listener) error {
	if err := s.http.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// Shutdown stops accepting and finishes what was begun, within ctx.
func (s *Server) Shutdown(ctx context.Context) error { return s.http.Shutdown(ctx) }

// ServeHTTP lets tests ask without a listener.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.echo.ServeHTTP(w, r) }

// ipExtractor believes X-Forwarded-For only from the given networks; Echo alone would believe anybody.
func ipExtractor(trusted []netip.Prefix) echo.IPExtractor {
	if len(trusted) == 0 {
		return echo.ExtractIPDirect()
	}
	opts := []echo.TrustOption{echo.TrustLoopback(false), echo.TrustLinkLocal(false), echo.TrustPrivateNet(false)}
	for _, p := range trusted {
		_, n, err := net.ParseCIDR(p.String())
		if err == nil {
			opts = append(opts, echo.TrustIPRange(n))
		}
	}
	return echo.ExtractIPFromXFFHeader(opts...)
}

func clientIP(c echo.Context) netip.Addr {
	a, err := netip.ParseAddr(c.RealIP())
	if err != nil {
		return netip.Addr{}
	}
	return a.Unmap()
}

// wantsJSON tells a script that posts a page's form from a browser that does.
func wantsJSON(c echo.Context) bool {
	r := c.Request()
	return forPrograms(c) || strings.Contains(r.Header.Get("Accept"), "application/json") || strings.HasPrefix(r.Header.Get("Content-Type"), "application/json")
}

// forPrograms tells that no browser's page is at the address, whether anything is there or not.
func forPrograms(c echo.Context) bool {
	path := c.Request().URL.Path
	return strings.HasPrefix(path, "/api/v") || strings.HasPrefix(path, "/webhooks/")
}

// page draws a page with a status. Nothing is sent unless the whole page could be drawn.
func (s *Server) page(c echo.Context, status int, name string, data any) error {
	w := &pageWriter{c: c, status: status}
	return s.pages.Render(w, name, data)
}

type pageWriter struct {
	c      echo.Context
	status int
}

func (w *pageWriter) Write(b []byte) (int, error) {
	if w.c.Request().Method == http.MethodHead {
		w.c.Response().Header().Set("Content-Type", "text/html; charset=utf-8")
		return len(b), w.c.NoContent(w.status)
	}
	return len(b), w.c.HTMLBlob(w.status, b)
}
