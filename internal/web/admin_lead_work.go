package web

import (
	"github.com/labstack/echo/v4"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/templates"
)

// leadWork shows plan and activities.
func (s *Server) leadWork(_ echo.Context, _ app.LeadDetail, _ *templates.LeadPage) error { return nil }
