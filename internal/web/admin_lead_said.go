package web

import (
	"github.com/labstack/echo/v4"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/templates"
)

// leadSaid shows what the reader said.
func (s *Server) leadSaid(_ echo.Context, _ app.LeadDetail, _ *templates.LeadPage) error { return nil }
