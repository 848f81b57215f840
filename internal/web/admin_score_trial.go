package web

import (
	"fmt"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/lead"
	"github.com/gatehouse/gatehouse/internal/report"
	"github.com/gatehouse/gatehouse/templates"
)

const trialPath = "/admin/reports/score-on-trial"

// trialDays is how far the score on trial looks back.
const trialDays = 365

// scoreTrialPage says which rules and grades foretell what sales accepts, and what becomes a deal.
func (s *Server) scoreTrialPage(c echo.Context) error {
	ctx := c.Request().Context()
	sight, err := s.app.VisibleTo(ctx, s.user(c))
	if err != nil {
		return err
	}
	t, err := s.app.TrialOfScore(ctx, s.app.Store().Now().AddDate(0, 0, -trialDays), sight)
	if err != nil {
		return err
	}
	p := templates.ReportPage{}
	if p.AdminPage, err = s.adminPage(c, "reports", "The score on trial", templates.Link{Label: "Reports", URL: "/admin/reports"}); err != nil {
		return err
	}
	switch q := c.QueryParams(); {
	case t.Rules == nil:
		p.Empty = &templates.Empty{Suit: "club", Title: "Nothing is on trial", Text: "No scoring rules are published, so nobody has a score that could be right or wrong.",
			Action: &templates.PageAction{Label: "Go to the scoring rules", URL: scoringPath}}
	case t.All.Cases == 0:
		p.Empty = &templates.Empty{Suit: "club", Title: "Sales has not decided on anybody yet", Text: "Once owners accept leads, or give them back, this page says which grades and rules foretold it.",
			Action: &templates.PageAction{Label: "Go to the scoring rules", URL: scoringPath}}
	case q.Get("of") != "":
		trialRows(&p, t, q)
	default:
		trialTables(&p, t)
	}
	return s.page(c, http.StatusOK, "admin/report", p)
}

func trialTables(p *templates.ReportPage, t app.ScoreTrial) {
	p.Sentence = []templates.Piece{{Text: "Of "}, {Text: counted(t.All.Cases, "lead", "leads"), URL: trialURL("", "", "all")}, {Text: " that sales decided on in a year, "},
		{Text: thousands(t.All.Accepted), URL: trialURL("", "", "accepted")}, {Text: " were accepted and "}, {Text: thousands(t.All.Won), URL: trialURL("", "", "won")}, {Text: " won."}}
	share := []templates.Column{{Label: "Leads", Number: true}, {Label: "Accepted", Number: true}, {Label: "Deals won, of those closed", Number: true}}
	grades := templates.StudyTable{Title: "By grade", Key: "Grade", Columns: share, Definition: "The letter is the fit, the figure the engagement, by the rules that hold and by what was known when the lead was assigned."}
	for _, g := range []string{"A1", "A2", "A3", "B1", "B2", "B3", "C1", "C2", "C3"} {
		if n, ok := t.Grades[g]; ok {
			grades.Rows = append(grades.Rows, templates.StudyRow{Label: g, Cells: tallyCells(n, "grade", g)})
		}
	}
	rules := templates.StudyTable{Title: "By rule", Key: "Rule", Definition: "Accepted, where the rule gave points and where it gave none. It foretells something where the two intervals lie apart.",
		Columns: []templates.Column{{Label: "What it tells"}, {Label: "Leads with it", Number: true}, {Label: "Accepted with it", Number: true}, {Label: "Accepted without", Number: true}}}
	deals := templates.StudyTable{Title: "By rule, once it was a deal", Key: "Rule", Definition: "Won, of the deals that are closed, where the rule gave points and where it gave none. It foretells something where the two intervals lie apart.",
		Columns: []templates.Column{{Label: "What it tells"}, {Label: "Closed with it", Number: true}, {Label: "Won with it", Number: true}, {Label: "Won without", Number: true}}}
	for _, r := range t.ByRule {
		note := r.Group + ", " + lead.Points(r.Points) + " points"
		rules.Rows = append(rules.Rows, templates.StudyRow{Label: r.Title, Note: note, Cells: []templates.StudyCell{
			{Value: tells("Accepted", r.Points, r.With.Accepted, r.With.Cases, r.Without.Accepted, r.Without.Cases)},
			{Value: thousands(r.With.Cases), URL: trialURL("rule", r.Key, "all")},
			shareCell(r.With.Accepted, r.With.Cases, trialURL("rule", r.Key, "accepted")),
			shareCell(r.Without.Accepted, r.Without.Cases, trialURL("without", r.Key, "accepted"))}})
		deals.Rows = append(deals.Rows, templates.StudyRow{Label: r.Title, Note: note, Cells: []templates.StudyCell{
			{Value: tells("Won", r.Points, r.With.Won, r.With.Closed, r.Without.Won, r.Without.Closed)},
			{Value: thousands(r.With.Closed), URL: trialURL("rule", r.Key, "closed")},
			shareCell(r.With.Won, r.With.Closed, trialURL("rule", r.Key, "won")),
			shareCell(r.Without.Won, r.Without.Closed, trialURL("without", r.Key, "won"))}})
	}
	p.Tables = []templates.StudyTable{grades, rules, deals}
	p.Notes = []string{fmt.Sprintf("Leads that were accepted, or given back, of the last %d days; the newest %s of them. Intervals are Wilson's, of 95 %%; below %d cases nothing is told.", trialDays, thousands(app.TrialMost), report.Enough),
		"Where many rules are looked at, one in twenty lies apart by chance. And sales sees the score before it decides: what it accepts is not blind."}
}

// tells puts what a rule foretells into words: what came of so many of those with it, and of so many without.
func tells(what string, points, with, of, without, ofThose int) string {
	switch app.Tells(with, of, without, ofThose) {
	case "few":
		return "Too few to tell"
	case "more":
		if points < 0 {
			return what + " more often, though it takes points"
		}
		return what + " more often"
	case "less":
		if points > 0 {
			return what + " less often, though it gives points"
		}
		return what + " less often"
	}
	return "No difference to be seen"
}

func tallyCells(n app.Tally, by, key string) []templates.StudyCell {
	return []templates.StudyCell{{Value: thousands(n.Cases), URL: trialURL(by, key, "all")},
		shareCell(n.Accepted, n.Cases, trialURL(by, key, "accepted")), shareCell(n.Won, n.Closed, trialURL(by, key, "won"))}
}

// shareCell is a share with its interval; below Enough cases only the counts.
func shareCell(k, n int, url string) templates.StudyCell {
	if n == 0 {
		return templates.StudyCell{Value: "–"}
	}
	if n < report.Enough {
		return templates.StudyCell{Value: fmt.Sprintf("%d of %d", k, n), URL: url, Few: true}
	}
	low, high := report.Wilson(k, n)
	return templates.StudyCell{Value: percent(float64(k) / float64(n)), URL: url, Range: percent(low) + " to " + percent(high) + ", " + fmt.Sprintf("%d of %d", k, n),
		Span: &templates.Span{Low: 100 * low, Mid: 100 * float64(k) / float64(n), High: 100 * high}}
}

func percent(share float64) string { return fmt.Sprintf("%.0f%%", math.Round(100*share)) }

func trialURL(by, key, of string) string {
	q := url.Values{"of": {of}}
	if by != "" {
		q.Set(by, key)
	}
	return trialPath + "?" + q.Encode()
}

// trialRows lists the leads that a figure counts.
func trialRows(p *templates.ReportPage, t app.ScoreTrial, q url.Values) {
	p.Crumbs = append(p.Crumbs, templates.Link{Label: "The score on trial", URL: trialPath})
	table := templates.StudyTable{Title: trialTitle(t, q), Key: "Lead", Columns: []templates.Column{{Label: "Grade then"}, {Label: "What became of it"}}, Empty: "Nobody."}
	for _, c := range t.Cases {
		with := slices.Contains(c.Rules, q.Get("rule"))
		switch {
		case q.Get("grade") != "" && c.Grade != q.Get("grade"), q.Has("rule") && !with, q.Has("without") && slices.Contains(c.Rules, q.Get("without")),
			q.Get("of") == "accepted" && !c.Accepted, q.Get("of") == "closed" && !c.Closed, q.Get("of") == "won" && !c.Won:
			continue
		}
		fate := "Given back"
		switch {
		case c.Won:
			fate = "Won"
		case c.Closed:
			fate = "Lost"
		case c.Accepted:
			fate = "Accepted"
		}
		table.Rows = append(table.Rows, templates.StudyRow{Label: c.Name, URL: "/admin/leads/" + c.LeadID.String(), Cells: []templates.StudyCell{{Value: c.Grade}, {Value: fate}}})
	}
	p.Tables = []templates.StudyTable{table}
}

func trialTitle(t app.ScoreTrial, q url.Values) string {
	parts := []string{map[string]string{"accepted": "Accepted", "closed": "Deal closed", "won": "Won"}[q.Get("of")]}
	if parts[0] == "" {
		parts[0] = "Decided on"
	}
	if g := q.Get("grade"); g != "" {
		parts = append(parts, "grade "+g)
	}
	for _, r := range t.ByRule {
		if q.Get("rule") == r.Key {
			parts = append(parts, "with “"+r.Title+"”")
		}
		if q.Get("without") == r.Key {
			parts = append(parts, "without “"+r.Title+"”")
		}
	}
	return strings.Join(parts, ", ")
}
