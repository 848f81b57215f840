package web

import (
	"net/http"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/auth"
	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/store"
)

// apiSubmission says what came of a submission; what sales made of it only to a key that may read that.
func (s *Server) apiSubmission(c echo.Context) error {
	k, ok := c.Get(keyOfRequest).(*store.APIKey)
	r, err := s.app.ReadSubmission(c.Request().Context(), c.Param("receipt"), ok && hasScope(k, auth.ScopeSalesRead))
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, r)
}

func (s *Server) apiLeads(c echo.Context) error {
	q := app.LeadQuery{Address: c.QueryParam("email"), State: c.QueryParam("state"), Gate: c.QueryParam("gate")}
	var err error
	if q.Limit, q.After, err = cursor(c); err != nil {
		return err
	}
	if q.Since, err = timeParam(c, "since"); err != nil {
		return err
	}
	page, err := s.app.ReadLeads(c.Request().Context(), q)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, page)
}

func (s *Server) apiMessages(c echo.Context) error {
	q := app.MessageQuery{State: c.QueryParam("state"), Delivery: c.QueryParam("delivery"), Lead: c.QueryParam("lead")}
	var err error
	if q.Limit, q.After, err = cursor(c); err != nil {
		return err
	}
	page, err := s.app.ReadMessages(c.Request().Context(), q)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, page)
}

const (
	defaultLimit = 50
	maxLimit     = 200
)

// cursor reads limit and after; the cursor is opaque to programs and is the id of the last row.
func cursor(c echo.Context) (limit int, after *uuid.UUID, err error) {
	limit = defaultLimit
	if v := c.QueryParam("limit"); v != "" {
		if limit, err = strconv.Atoi(v); err != nil || limit < 1 || limit > maxLimit {
			return 0, nil, errs.InvalidFields(errs.Field{Field: "limit", Code: "invalid", Message: "This is a number from 1 to 200."})
		}
	}
	if v := c.QueryParam("cursor"); v != "" {
		id, err := uuid.Parse(v)
		if err != nil {
			return 0, nil, errs.InvalidFields(errs.Field{Field: "cursor", Code: "invalid", Message: "This is not a cursor of an earlier answer."})
		}
		after = &id
	}
	return limit, after, nil
}

func timeParam(c echo.Context, name string) (*time.Time, error) {
	v := c.QueryParam(name)
	if v == "" {
		return nil, nil //nolint:nilnil // the filter is not set
	}
	t, err := time.Parse(time.RFC3339, v)
	if err != nil {
		return nil, errs.InvalidFields(errs.Field{Field: name, Code: "invalid", Message: "This is a time like 2026-03-01T00:00:00Z."})
	}
	return &t, nil
}
