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

const firstResponsePath = "/admin/reports/first-response"

// responseDays is how far the report looks back where no days are chosen.
const responseDays = 90

// firstResponsePage is the report on how long leads wait for their first answer.
func (s *Server) firstResponsePage(c echo.Context) error {
	v, err := s.view(c)
	if err != nil {
		return err
	}
	now := s.app.Store().Now()
	from, to, _ := v.span()
	if to == nil {
		to = &now
	}
	if from == nil {
		start := report.DayOf(*to, v.zone).Add(1 - responseDays).Start(v.zone)
		from = &start
	}
	r, err := s.app.FirstResponses(c.Request().Context(), *from, *to)
	if err != nil {
		return err
	}
	page, err := s.adminPage(c, "reports", "First response", templates.Link{Label: "Reports", URL: "/admin/reports"})
	if err != nil {
		return err
	}
	p := templates.ReportPage{AdminPage: page, Notes: []string{app.FirstResponseRule,
		"Counted in working time of whoever answered, from the owner’s first working minute after the assignment. Half were answered within the median, nine of ten within the second figure. Intervals hold the true median in 95 of 100 cases."}}
	p.Filters = &templates.Filters{Action: firstResponsePath, HideSearch: true, Dates: true, From: v.q.Get("from"), To: v.q.Get("to"), ClearURL: v.clear("from", "to")}
	if r.All.Assigned() == 0 {
		p.Empty = &templates.Empty{Suit: "diamond", Title: "Nothing was assigned in these days", Text: "As soon as leads qualify and get an owner, this says how long they wait for a first answer.",
			Action: &templates.PageAction{Label: "Look at the teams", URL: teamsPath}}
		return s.page(c, http.StatusOK, "admin/report", p)
	}
	p.Sentence = responseSentence(r.All)
	p.Tables = append(p.Tables, responseTable("By team", "Team", r.Teams))
	if r.People != nil {
		p.Tables = append(p.Tables, responseTable("By person", "Owner", r.People))
	} else {
		p.Notes = append(p.Notes, "Figures of single people are not shown in this installation.")
	}
	return s.page(c, http.StatusOK, "admin/report", p)
}

func responseSentence(g app.ResponseGroup) []templates.Piece {
	mid, _, _, _ := report.Median(g.Seconds)
	text := fmt.Sprintf("Of %s, %s a first answer", count(g.Assigned(), "lead", "leads"), has(len(g.Seconds)))
	if len(g.Seconds) > 0 {
		text += ", half of them within " + spell(seconded(mid)) + " of working time"
	}
	if g.Open > 0 {
		text += fmt.Sprintf("; %s for one", map[bool]string{true: "1 waits", false: fmt.Sprintf("%d wait", g.Open)}[g.Open == 1])
	}
	return []templates.Piece{{Text: text + "."}}
}

func has(n int) string {
	if n == 1 {
		return "1 got"
	}
	return fmt.Sprintf("%d got", n)
}

func seconded(seconds float64) time.Duration { return time.Duration(seconds) * time.Second }

func responseTable(title, key string, groups []app.ResponseGroup) templates.StudyTable {
	t := templates.StudyTable{Title: title, Key: key, Columns: []templates.Column{{Label: "Assigned", Number: true}, {Label: "Answered", Number: true}, {Label: "Half within", Number: true}, {Label: "Nine of ten within", Number: true}, {Label: "Wait now", Number: true}, {Label: "Warned", Number: true}},
		Empty: "Nothing was assigned in these days."}
	longest := 1.0 // seconds; the intervals are drawn on one scale
	for _, g := range groups {
		if _, _, high, ok := report.Median(g.Seconds); ok {
			longest = max(longest, high)
		}
	}
	for _, g := range groups {
		row := templates.StudyRow{Label: g.Name}
		mid, low, high, ok := report.Median(g.Seconds)
		half, most := templates.StudyCell{Value: "–"}, templates.StudyCell{Value: "–"}
		if n := len(g.Seconds); n > 0 {
			half.Value, most.Value = spell(seconded(mid)), spell(seconded(report.Quantile(g.Seconds, 0.9)))
			half.Few, most.Few = n < report.Enough, n < report.Enough
			if ok && !half.Few {
				half.Range = spell(seconded(low)) + " to " + spell(seconded(high))
				half.Span = &templates.Span{Low: 100 * low / longest, Mid: 100 * mid / longest, High: 100 * high / longest}
			}
		}
		row.Cells = []templates.StudyCell{{Value: grouped(int64(g.Assigned()))}, {Value: grouped(int64(len(g.Seconds)))}, half, most, {Value: grouped(int64(g.Open))}, {Value: grouped(int64(g.Late))}}
		t.Rows = append(t.Rows, row)
	}
	return t
}
