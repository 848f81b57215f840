package web

import (
	"github.com/labstack/echo/v4"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/templates"
)

// leadAssignment shows in whose hands the lead is.
func (s *Server) leadAssignment(_ echo.Context, _ app.LeadDetail, _ *templates.LeadPage) error {
	return nil
}
