package web

import (
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/gatehouse/gatehouse/internal/errs"
)

const requestID = "request_id"

// observe gives the request an id, catches panics, and writes one line: route pattern, never the path, which may hold a
// token.
func (s *Server) observe(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) (err error) {
		start := time.Now()
		id := uuid.Must(uuid.NewV7()).String()
		c.Set(requestID, id)
		c.Response().Header().Set("X-Request-Id", id)
		defer func() {
			if v := recover(); v != nil {
				if v == http.ErrAbortHandler { //nolint:errorlint // the documented sentinel is compared as it is
					panic(v)
				}
				err = errs.Panicked(v)
			}
			if err != nil {
				c.Error(err)
				err = nil
			}
			status, took := c.Response().Status, time.Since(start)
			s.measure(c, status, took)
			if !s.log.Enabled(c.Request().Context(), slog.LevelDebug) {
				return
			}
			s.log.Debug("request", "id", id, "method", c.Request().Method, "route", c.Path(), "status", status, "ms", took.Milliseconds())
		}()
		return next(c)
	}
}

// policy is the content security policy of every answer: our own files only, nothing inline.
const policy = "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; img-src 'self'; frame-src 'self'"

// secure sets what holds for every answer, errors included.
func (s *Server) secure(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		h := c.Response().Header()
		h["Content-Security-Policy"] = policyHeader
		h["X-Content-Type-Options"] = nosniffHeader
		h["Referrer-Policy"] = referrerHeader
		h["Cross-Origin-Opener-Policy"] = openerHeader
		if s.https() {
			h["Strict-Transport-Security"] = transportHeader
		}
		return next(c)
	}
}

// Shared values: they are never changed, and a slice per request would be garbage.
var (
	policyHeader    = []string{policy}
	nosniffHeader   = []string{"nosniff"}
	referrerHeader  = []string{"strict-origin-when-cross-origin"}
	openerHeader    = []string{"same-origin"}
	transportHeader = []string{"max-age=31536000"}
)

func (s *Server) https() bool { return len(s.o.BaseURL) > 8 && s.o.BaseURL[:8] == "https://" }

// privacy keeps answers with a token, and those for staff, out of caches and indexes.
func (s *Server) privacy(w who) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		if w.kind == "public" {
			return next
		}
		return func(c echo.Context) error {
			h := c.Response().Header()
			h.Set("Cache-Control", "private, no-store")
			h.Set("X-Robots-Tag", "noindex, nofollow")
			h.Set("Referrer-Policy", "same-origin")
			return next(c)
		}
	}
}

// limitBody refuses a body that is larger than the route takes.
func limitBody(limit int64) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			r := c.Request()
			if r.ContentLength > limit {
				// Who still sends when the connection closes sees a broken connection, not the sentence: what is a
				// little too much is read to its end, unless the sender waits for leave to send. The read timeout holds.
				if r.Header.Get("Expect") == "" {
					_, _ = io.CopyN(io.Discard, r.Body, 2*limit)
				}
				return errs.New(errs.TooLarge, "That is more than we take here.")
			}
			if r.Body != nil && r.Body != http.NoBody {
				r.Body = http.MaxBytesReader(c.Response(), r.Body, limit)
			}
			return next(c)
		}
	}
}
