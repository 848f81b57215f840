package web

import (
	"github.com/labstack/echo/v4"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/templates"
)

// leadScore shows the ledger of the score.
func (s *Server) leadScore(_ echo.Context, _ app.LeadDetail, _ *templates.LeadPage) error { return nil }
