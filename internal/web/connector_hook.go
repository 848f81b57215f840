package web

import (
	"io"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/gatehouse/gatehouse/internal/crm"
)

// connectorHook takes what another system tells: checked byte for byte, stored once, answered; it is applied in a job.
func (s *Server) connectorHook(c echo.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	body, err := io.ReadAll(c.Request().Body)
	if err != nil {
		return err
	}
	r := c.Request()
	err = s.app.KeepHook(r.Context(), id, crm.Hook{Method: r.Method, URL: s.app.BaseURL() + r.URL.RequestURI(), Header: r.Header, Body: body})
	if err != nil {
		return err
	}
	return c.NoContent(http.StatusOK)
}
