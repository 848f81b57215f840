package web

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/gatehouse/gatehouse/internal/auth"
	"github.com/gatehouse/gatehouse/templates"
)

// reportRoutes are the reports.
func (s *Server) reportRoutes() []route {
	return []route{
		{get, "/admin/reports", can(auth.ReportsRead), noBody, s.reportList},
	}
}

// reports is what there is to ask, in the order in which a lead goes its way. Each has a route of its own beside the part
// of the product that it is about.
var reports = []templates.ReportLine{
	{Title: "Lead volume", Question: "How many people asked for what, from where, and did they open it?", URL: "/admin"},
	{Title: "The score on trial", Question: "Which rules and grades foretell what sales accepts, and what becomes a deal?", URL: trialPath},
	{Title: "First response", Question: "How long does a lead wait for its first answer, in which team?", URL: firstResponsePath},
	{Title: "Returned leads", Question: "Why does sales give leads back?", URL: returnsPath},
	{Title: "Plan and tactics", Question: "Do deals with a plan and activities end sooner, and better?", URL: tacticsPath},
	{Title: "Forecast", Question: "What may the open deals bring?", URL: forecastPath},
}

// reportList shows them.
func (s *Server) reportList(c echo.Context) error {
	p := templates.ReportsPage{Reports: reports}
	if s.user(c).Role == string(auth.Sales) { // whose home is another
		p.Reports = reports[1:]
	}
	var err error
	if p.AdminPage, err = s.adminPage(c, "reports", "Reports"); err != nil {
		return err
	}
	return s.page(c, http.StatusOK, "admin/reports", p)
}
