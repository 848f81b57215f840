package web

import (
	"github.com/labstack/echo/v4"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/templates"
)

// leadPushes shows what other systems were told.
func (s *Server) leadPushes(_ echo.Context, _ app.LeadDetail, _ *templates.LeadPage) error {
	return nil
}
