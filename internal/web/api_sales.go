package web

import (
	"context"
	"net/http"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/errs"
)

// apiList answers with one page of what sales works on.
func apiList[T any](read func(context.Context, app.SalesQuery) (app.Page[T], error)) echo.HandlerFunc {
	return func(c echo.Context) error {
		q := app.SalesQuery{State: c.QueryParam("state"), Owner: c.QueryParam("owner"), Lead: c.QueryParam("lead"), Stage: c.QueryParam("stage"), Connector: c.QueryParam("connector")}
		var err error
		if q.Limit, q.After, err = cursor(c); err != nil {
			return err
		}
		if q.Since, err = timeParam(c, "since"); err != nil {
			return err
		}
		page, err := read(c.Request().Context(), q)
		if err != nil {
			return err
		}
		return c.JSON(http.StatusOK, page)
	}
}

// apiOne answers with the one that the path names.
func apiOne[T any](what string, read func(context.Context, uuid.UUID) (T, error)) echo.HandlerFunc {
	return func(c echo.Context) error {
		id, err := uuid.Parse(c.Param("id"))
		if err != nil {
			return errs.New(errs.NotFound, "There is no such %s.", what)
		}
		one, err := read(c.Request().Context(), id)
		if err != nil {
			return err
		}
		return c.JSON(http.StatusOK, one)
	}
}
