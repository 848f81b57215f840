package web

import (
	"fmt"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/report"
	"github.com/gatehouse/gatehouse/templates"
)

const (
	tacticsPath  = "/admin/reports/plan-and-tactics"
	forecastPath = "/admin/reports/forecast"
	returnsPath  = "/admin/reports/returned"
)

// reportDays is how far back the reports of the pipeline look, by the parameter "range".
func (s *Server) reportSpan(c echo.Context, usual int, others ...int) (since string, filters *templates.Filters, from time.Time) {
	days := usual
	f := templates.FilterSelect{Name: "range", Label: "Range", Options: []templates.OptionView{{Label: fmt.Sprintf("Last %d days", usual)}}}
	for _, n := range others {
		chosen := c.QueryParam("range") == fmt.Sprint(n)
		if chosen {
			days = n
		}
		f.Options = append(f.Options, templates.OptionView{Value: fmt.Sprint(n), Label: fmt.Sprintf("Last %d days", n), Selected: chosen})
	}
	first := report.DayOf(s.app.Store().Now(), s.zone(c)).Add(-days)
	return first.String(), &templates.Filters{Action: c.Path(), HideSearch: true, Selects: []templates.FilterSelect{f}}, first.Start(s.zone(c))
}

// share is k of n with its interval, or that there are too few.
func share(k, n int, url string) templates.StudyCell {
	if n == 0 {
		return templates.StudyCell{Value: "–"}
	}
	if k == 0 {
		url = ""
	}
	if n < report.Enough {
		return templates.StudyCell{Value: fmt.Sprintf("%d of %d", k, n), URL: url, Few: true}
	}
	low, high := report.Wilson(k, n)
	percent := func(x float64) string { return fmt.Sprintf("%.0f%%", x*100) }
	return templates.StudyCell{Value: percent(float64(k) / float64(n)), URL: url, Range: percent(low) + " to " + percent(high) + fmt.Sprintf(", %d of %d", k, n),
		Span: &templates.Span{Low: low * 100, Mid: float64(k) / float64(n) * 100, High: high * 100}}
}

// tacticsReport compares deals with plan and activities, either, neither.
func (s *Server) tacticsReport(c echo.Context) error {
	since, filters, from := s.reportSpan(c, 365, 90, 730)
	seen, err := s.app.OwnersSeen(c.Request().Context(), s.user(c))
	if err != nil {
		return err
	}
	groups, err := report.PlanAndTactics(c.Request().Context(), s.app.Store().Pool(), from, seen)
	if err != nil {
		return s.app.Store().Translate(err)
	}
	p := templates.ReportPage{Filters: filters}
	if p.AdminPage, err = s.adminPage(c, "reports", "Plan and tactics", templates.Link{Label: "Reports", URL: "/admin/reports"}); err != nil {
		return err
	}
	t := templates.StudyTable{Title: "Decided deals", Key: "The lead had", Columns: []templates.Column{{Label: "Decided", Number: true}, {Label: "Won", Number: true}, {Label: "Days from acceptance to decision", Number: true}}}
	total, both, bothWon, others, othersWon := 0, 0, 0, 0, 0
	for i, g := range groups {
		total += g.Closed
		if i == 0 {
			both, bothWon = g.Closed, g.Won
		} else {
			others, othersWon = others+g.Closed, othersWon+g.Won
		}
		only := []string{"both", "plan-only", "acts-only", "neither"}[i]
		url := func(state string) string {
			return pipelinePath + "?view=list&state=" + state + "&only=" + only + "&from=" + since
		}
		decided := templates.StudyCell{Value: grouped(int64(g.Closed)), URL: url("decided")}
		if g.Closed == 0 {
			decided.URL = ""
		}
		t.Rows = append(t.Rows, templates.StudyRow{Label: []string{"A plan and activities", "Only a plan", "Only activities", "Neither"}[i], Cells: []templates.StudyCell{decided, share(g.Won, g.Closed, url("won")), medianDays(g.Days)}})
	}
	if total == 0 {
		p.Empty = &templates.Empty{Suit: "spade", Title: "Nothing was decided yet", Text: "As soon as deals are won or lost, this compares those that had a plan and activities with those that lacked one of them."}
		return s.page(c, http.StatusOK, "admin/report", p)
	}
	p.Sentence = []templates.Piece{{Text: tacticsSentence(both, bothWon, others, othersWon)}}
	p.Tables = []templates.StudyTable{t}
	p.Notes = []string{"A plan is a step that was not skipped; activities are calls, mails, meetings and letters that were not taken back. Notes do not count.",
		"Intervals hold the true share, or the true median, in 95 of 100 such samples. They do not say why: who has time for both may have had the better leads.",
		fmt.Sprintf("Below %d deals it says “too few to tell”.", report.Enough)}
	return s.page(c, http.StatusOK, "admin/report", p)
}

func tacticsSentence(both, bothWon, others, othersWon int) string {
	if both < report.Enough || others < report.Enough {
		return fmt.Sprintf("Too few to tell: %s had a plan and activities, %s lacked one of them or both.", count(both, "decided deal", "decided deals"), grouped(int64(others)))
	}
	low, high := report.Wilson(bothWon, both)
	otherLow, otherHigh := report.Wilson(othersWon, others)
	a, b := float64(bothWon)/float64(both)*100, float64(othersWon)/float64(others)*100
	switch {
	case low > otherHigh:
		return fmt.Sprintf("Deals with a plan and activities were won more often: %.0f%% of them, %.0f%% of the others.", a, b)
	case high < otherLow:
		return fmt.Sprintf("Deals with a plan and activities were won less often: %.0f%% of them, %.0f%% of the others.", a, b)
	}
	return fmt.Sprintf("Of deals with a plan and activities %.0f%% were won, of the others %.0f%%: the difference may be chance.", a, b)
}

func medianDays(days []float64) templates.StudyCell {
	if len(days) == 0 {
		return templates.StudyCell{Value: "–"}
	}
	mid, low, high, ok := report.Median(days)
	cell := templates.StudyCell{Value: fmt.Sprintf("%.0f", mid)}
	if !ok || len(days) < report.Enough {
		cell.Few = true
		return cell
	}
	cell.Range = fmt.Sprintf("%.0f to %.0f", low, high)
	return cell
}

// forecastReport is what the open deals may bring: deals only.
func (s *Server) forecastReport(c echo.Context) error {
	seen, err := s.app.OwnersSeen(c.Request().Context(), s.user(c))
	if err != nil {
		return err
	}
	lines, err := report.Forecast(c.Request().Context(), s.app.Store().Pool(), seen)
	if err != nil {
		return s.app.Store().Translate(err)
	}
	p := templates.ReportPage{}
	if p.AdminPage, err = s.adminPage(c, "reports", "Forecast", templates.Link{Label: "Reports", URL: "/admin/reports"}); err != nil {
		return err
	}
	if len(lines) == 0 {
		p.Empty = &templates.Empty{Suit: "diamond", Title: "No open deals", Text: "A deal opens when an owner accepts a lead. Downloads and leads are no deals, and stand in no forecast."}
		return s.page(c, http.StatusOK, "admin/report", p)
	}
	weighted, value, most := map[string]int64{}, map[string]int64{}, map[string]int64{}
	for _, l := range lines {
		most[l.Currency] = max(most[l.Currency], l.Value, 1)
	}
	bar := func(minor int64, currency string) float64 { return float64(100 * minor / most[currency]) }
	var order []string
	deals := 0
	var t *templates.StudyTable
	for _, l := range lines {
		if _, ok := weighted[l.Currency]; !ok {
			order = append(order, l.Currency)
			p.Tables = append(p.Tables, templates.StudyTable{Title: "Open deals in " + l.Currency, Key: "Stage", Columns: []templates.Column{{Label: "Deals", Number: true}, {Label: "Worth", Number: true}, {Label: "Weighted", Number: true}}})
		}
		t = &p.Tables[len(p.Tables)-1]
		weighted[l.Currency] += l.Weighted
		value[l.Currency] += l.Value
		deals += l.Deals
		note := fmt.Sprintf("weighted with %d%%", l.Probability)
		if l.Valueless > 0 {
			note += ", " + grouped(int64(l.Valueless)) + " without a value"
		}
		t.Rows = append(t.Rows, templates.StudyRow{Label: l.Title, Note: note, Cells: []templates.StudyCell{{Value: grouped(int64(l.Deals)), URL: pipelinePath + "?view=list&stage=" + l.Stage + "&currency=" + l.Currency},
			{Value: moneyText(l.Value, l.Currency), Bar: bar(l.Value, l.Currency)}, {Value: moneyText(l.Weighted, l.Currency), Bar: bar(l.Weighted, l.Currency)}}})
	}
	var sums, all []app.Money
	for _, code := range order {
		sums, all = append(sums, app.Money{Minor: weighted[code], Currency: code}), append(all, app.Money{Minor: value[code], Currency: code})
	}
	p.Sentence = []templates.Piece{{Text: count(deals, "open deal", "open deals"), URL: pipelinePath + "?view=list"}, {Text: " worth " + sumText(all) + "; weighted by how far they are, " + sumText(sums) + "."}}
	p.Notes = []string{"A deal opens when its owner accepts a lead. Who downloaded, qualified or was assigned is no deal and is not counted here.", "Weighted: the value times the probability of the stage."}
	return s.page(c, http.StatusOK, "admin/report", p)
}

// returnsReport is why sales gave leads back.
func (s *Server) returnsReport(c echo.Context) error {
	since, filters, from := s.reportSpan(c, 90, 30, 365)
	seen, err := s.app.OwnersSeen(c.Request().Context(), s.user(c))
	if err != nil {
		return err
	}
	lines, assigned, err := report.Returns(c.Request().Context(), s.app.Store().Pool(), from, seen)
	if err != nil {
		return s.app.Store().Translate(err)
	}
	p := templates.ReportPage{Filters: filters}
	if p.AdminPage, err = s.adminPage(c, "reports", "Returned leads", templates.Link{Label: "Reports", URL: "/admin/reports"}); err != nil {
		return err
	}
	if len(lines) == 0 {
		p.Sentence = []templates.Piece{{Text: "Sales returned no lead in this time."}}
		if seen != nil { // a lead that came back is in nobody's hands
			p.Sentence = []templates.Piece{{Text: "None of the leads that you may see came back from sales in this time."}}
		}
		return s.page(c, http.StatusOK, "admin/report", p)
	}
	t := templates.StudyTable{Title: "By reason", Key: "Why", Columns: []templates.Column{{Label: "Leads", Number: true}, {Label: "Of all that were assigned", Number: true}}}
	for _, l := range lines {
		url := "/admin/leads?returned=" + l.Reason + "&returned_since=" + since
		note := ""
		if l.Source != "" {
			note = "most of them: " + sourceWord(l.Source)
		}
		cell := share(l.Leads, max(assigned, l.Leads), url)
		cell.URL = ""
		t.Rows = append(t.Rows, templates.StudyRow{Label: l.Title, Note: note, Cells: []templates.StudyCell{{Value: grouped(int64(l.Leads)), URL: url}, cell}})
	}
	p.Sentence = []templates.Piece{{Text: "The most frequent reason: “" + lines[0].Title + "”, "}, {Text: count(lines[0].Leads, "lead", "leads"), URL: "/admin/leads?returned=" + lines[0].Reason + "&returned_since=" + since}, {Text: "."}}
	p.Tables = []templates.StudyTable{t}
	p.Notes = []string{"A lead counts once for each reason that it came back with. What was assigned in the same time stands beside it."}
	return s.page(c, http.StatusOK, "admin/report", p)
}
