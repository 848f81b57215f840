package web

import (
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/errs"
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
	if of := v.q.Get("of"); of != "" {
		return s.responseCases(c, p, v, *from, *to, r)
	}
	p.Filters = &templates.Filters{Action: firstResponsePath, HideSearch: true, Dates: true, From: v.q.Get("from"), To: v.q.Get("to"), ClearURL: v.clear("from", "to")}
	if r.All.Assigned() == 0 {
		p.Empty = &templates.Empty{Suit: "diamond", Title: "Nothing was assigned in these days", Text: "As soon as leads qualify and get an owner, this says how long they wait for a first answer.",
			Action: &templates.PageAction{Label: "Look at the teams", URL: teamsPath}}
		return s.page(c, http.StatusOK, "admin/report", p)
	}
	open := responseURL(v)
	p.Sentence = responseSentence(r.All, open)
	p.Tables = append(p.Tables, responseTable("By team", "Team", r.Teams, func(id uuid.UUID, of string) string { return open("team", id.String(), of) }))
	if r.People != nil {
		p.Tables = append(p.Tables, responseTable("By person", "Owner", r.People, func(id uuid.UUID, of string) string { return open("person", id.String(), of) }))
	} else {
		p.Notes = append(p.Notes, "Figures of single people are not shown in this installation.")
	}
	return s.page(c, http.StatusOK, "admin/report", p)
}

func responseSentence(g app.ResponseGroup, open func(by, id, of string) string) []templates.Piece {
	mid, _, _, _ := report.Median(g.Seconds)
	out := []templates.Piece{{Text: "Of "}, {Text: count(g.Assigned(), "lead", "leads"), URL: open("", "", app.ResponsesAll)}, {Text: ", "},
		{Text: has(len(g.Seconds)), URL: open("", "", app.ResponsesAnswered)}, {Text: " a first answer"}}
	if len(g.Seconds) > 0 {
		out = append(out, templates.Piece{Text: ", half of them within " + spell(seconded(mid)) + " of working time"})
	}
	if g.Open > 0 {
		out = append(out, templates.Piece{Text: "; "}, templates.Piece{Text: map[bool]string{true: "1 waits", false: fmt.Sprintf("%d wait", g.Open)}[g.Open == 1], URL: open("", "", app.ResponsesOpen)},
			templates.Piece{Text: " for one"})
	}
	return append(out, templates.Piece{Text: "."})
}

// responseURL is where a figure opens: the rows that it counts, in the same days.
func responseURL(v view) func(by, id, of string) string {
	return func(by, id, of string) string {
		q := url.Values{"of": {of}}
		for _, day := range []string{"from", "to"} {
			if x := v.q.Get(day); x != "" {
				q.Set(day, x)
			}
		}
		if by != "" {
			q.Set(by, id)
		}
		return firstResponsePath + "?" + q.Encode()
	}
}

// responseShown is how many rows one page lists.
const responseShown = 200

var responseTitles = map[string]string{app.ResponsesAll: "Assigned", app.ResponsesAnswered: "Got a first answer", app.ResponsesOpen: "Wait for a first answer", app.ResponsesLate: "The owner was warned"}

// responseCases lists the leads that a figure counts.
func (s *Server) responseCases(c echo.Context, p templates.ReportPage, v view, from, to time.Time, r app.FirstResponses) error {
	var narrow [2]*uuid.UUID
	title, known := responseTitles[v.q.Get("of")]
	for i, by := range []string{"team", "person"} {
		if !v.q.Has(by) {
			continue
		}
		id, err := uuid.Parse(v.q.Get(by))
		known = known && err == nil
		narrow[i] = &id
		for _, g := range [][]app.ResponseGroup{r.Teams, r.People}[i] {
			if g.ID == id {
				title += ", " + g.Name
			}
		}
	}
	if !known {
		return errs.New(errs.NotFound, "There is no page at this address.")
	}
	cases, all, err := s.app.ResponseCases(c.Request().Context(), from, to, v.q.Get("of"), narrow[0], narrow[1], responseShown)
	if err != nil {
		return err
	}
	p.Crumbs = append(p.Crumbs, templates.Link{Label: "First response", URL: firstResponsePath})
	t := templates.StudyTable{Title: title, Key: "Lead", Columns: []templates.Column{{Label: "Assigned"}, {Label: "First answer within"}}, Empty: "Nobody."}
	if r.People != nil {
		t.Columns = append(t.Columns, templates.Column{Label: "Owner"})
	}
	for _, x := range cases {
		within := "ended without one"
		switch {
		case x.Seconds != nil:
			within = spell(seconded(float64(*x.Seconds)))
		case x.In(app.ResponsesOpen):
			within = "waits"
		}
		row := templates.StudyRow{Label: x.Name, URL: "/admin/leads/" + x.LeadID.String(), Cells: []templates.StudyCell{{Value: moment(x.At, v.zone)}, {Value: within}}}
		if r.People != nil {
			row.Cells = append(row.Cells, templates.StudyCell{Value: x.Owner})
		}
		t.Rows = append(t.Rows, row)
	}
	p.Sentence = []templates.Piece{{Text: count(all, "assignment", "assignments") + map[bool]string{true: fmt.Sprintf(", the latest %d of them below.", responseShown), false: "."}[all > len(cases)]}}
	p.Tables = []templates.StudyTable{t}
	return s.page(c, http.StatusOK, "admin/report", p)
}

func has(n int) string {
	if n == 1 {
		return "1 got"
	}
	return fmt.Sprintf("%d got", n)
}

func seconded(seconds float64) time.Duration { return time.Duration(seconds) * time.Second }

func responseTable(title, key string, groups []app.ResponseGroup, open func(id uuid.UUID, of string) string) templates.StudyTable {
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
		cell := func(n int, of string) templates.StudyCell {
			out := templates.StudyCell{Value: grouped(int64(n))}
			if n > 0 {
				out.URL = open(g.ID, of)
			}
			return out
		}
		row.Cells = []templates.StudyCell{cell(g.Assigned(), app.ResponsesAll), cell(len(g.Seconds), app.ResponsesAnswered), half, most, cell(g.Open, app.ResponsesOpen), cell(g.Late, app.ResponsesLate)}
		t.Rows = append(t.Rows, row)
	}
	return t
}
