package web

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/templates"
)

// statuses is the one table from code to status.
var statuses = map[errs.Code]int{
	errs.Invalid: 422, errs.Malformed: 400, errs.NotFound: 404, errs.Gone: 410, errs.Unauthorized: 401, errs.Forbidden: 403,
	errs.Conflict: 409, errs.KeyReused: 409, errs.InProgress: 409, errs.TooMany: 429, errs.TooLarge: 413, errs.Unavailable: 503, errs.Internal: 500,
	methodNotAllowed: http.StatusMethodNotAllowed, unsupportedMedia: http.StatusUnsupportedMediaType, misdirected: http.StatusMisdirectedRequest,
}

// Codes that only HTTP has. methodNotAllowed and unsupportedMedia are for programs; a page says that there is nothing at
// the address.
const (
	methodNotAllowed errs.Code = "method-not-allowed"
	unsupportedMedia errs.Code = "unsupported-media-type"
	misdirected      errs.Code = "misdirected"
)

// Problem is an RFC 9457 answer.
type Problem struct {
	Type     string       `json:"type"`
	Title    string       `json:"title"`
	Status   int          `json:"status"`
	Detail   string       `json:"detail,omitempty"`
	Instance string       `json:"instance,omitempty"`
	Errors   []errs.Field `json:"errors,omitempty"`
}

// answerError turns an error into its status, a page or a problem+json, and a line in the log.
func (s *Server) answerError(err error, c echo.Context) {
	if c.Response().Committed || errors.Is(err, context.Canceled) && c.Request().Context().Err() != nil {
		return
	}
	e := publicError(err)
	status := statuses[e.Code]
	if status == 0 {
		status = http.StatusInternalServerError
	}
	if status >= 500 {
		s.log.Error("request failed", "id", c.Get(requestID), "method", c.Request().Method, "route", c.Path(), "status", status, "error", err)
	}
	h := c.Response().Header()
	if e.RetryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(int(math.Ceil(e.RetryAfter.Seconds()))))
	}
	h.Set("Cache-Control", "no-store")
	if e.Code == errs.Unauthorized {
		h.Set("WWW-Authenticate", "Bearer")
	}
	var answered error
	if wantsJSON(c) {
		answered = s.problem(c, status, e)
	} else {
		answered = s.errorPage(c, status, e)
	}
	if answered != nil {
		s.log.Error("the error could not be shown", "id", c.Get(requestID), "error", answered)
		_ = c.String(status, fmt.Sprintf("%s\nIf you write to us about it, this number helps: %v\n", e.Message, c.Get(requestID)))
	}
}

// publicError gives what a stranger may read; Echo's own errors (no such method, a body that cannot be read) get our words.
func publicError(err error) *errs.Error {
	var he *echo.HTTPError
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return errs.New(errs.TooLarge, "That is more than we take here.")
	case errors.As(err, &he):
		switch he.Code {
		case http.StatusNotFound, http.StatusMethodNotAllowed:
			return errs.Wrap(err, errs.NotFound, "There is no page at this address.")
		case http.StatusUnsupportedMediaType, http.StatusBadRequest:
			return errs.Wrap(err, errs.Malformed, "The request could not be read.")
		}
	}
	return errs.Public(err)
}

func (s *Server) problem(c echo.Context, status int, e *errs.Error) error {
	p := Problem{Type: s.o.BaseURL + "/api/docs#" + string(e.Code), Title: http.StatusText(status), Status: status, Detail: e.Message,
		Instance: "urn:uuid:" + fmt.Sprint(c.Get(requestID)), Errors: e.Fields}
	h := c.Response().Header()
	h.Set("Content-Type", "application/problem+json")
	c.Response().WriteHeader(status)
	return c.Echo().JSONSerializer.Serialize(c, p, "")
}

func (s *Server) errorPage(c echo.Context, status int, e *errs.Error) error {
	p := templates.MessagePage{Page: s.basePage(c, ""), Status: status, RetryAfter: e.RetryAfter}
	p.NoIndex = true
	if status == http.StatusUnauthorized {
		p.LoginURL = "/admin/login"
	}
	if status == http.StatusInternalServerError {
		p.ID = fmt.Sprint(c.Get(requestID))
	} else if status != http.StatusNotFound {
		p.Text = e.Message
	}
	return s.page(c, status, "public/message", p)
}

// notFound is the last route. To a program it tells when the address is right and only the method is not (RFC 9110,
// section 15.5.6); a page tells nothing.
func (s *Server) notFound(c echo.Context) error {
	if forPrograms(c) {
		if allow := s.allowed(c.Request().URL.Path); len(allow) > 0 {
			c.Response().Header().Set("Allow", strings.Join(allow, ", "))
			return errs.New(methodNotAllowed, "This address answers %s.", strings.Join(allow, ", "))
		}
	}
	return errs.New(errs.NotFound, "There is no page at this address.")
}

// allowed lists the methods that a path answers.
func (s *Server) allowed(path string) (methods []string) {
	c := s.echo.AcquireContext()
	defer s.echo.ReleaseContext(c)
	for _, m := range []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodOptions} {
		c.Reset(nil, nil)
		s.echo.Router().Find(m, path, c)
		if c.Path() != everything {
			methods = append(methods, m)
		}
	}
	return methods
}
