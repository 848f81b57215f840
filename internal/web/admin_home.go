package web

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/gatehouse/gatehouse/internal/auth"
	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/report"
	"github.com/gatehouse/gatehouse/templates"
)

// The figures that the picture can show, and the column of the reports that each is.
var shown = []string{"people", "submissions", "openers"}

var shownColumn = map[string]int{"submissions": 0, "people": 1, "openers": 2}

var shownWords = map[string]string{"people": "people who asked", "submissions": "submissions", "openers": "people who opened it"}

// homePage is what needs a person, then the lead volume: sentence, picture, tables. What a role may not see is not there.
func (s *Server) homePage(c echo.Context) error {
	if s.user(c).Role == string(auth.Sales) {
		return s.salesHome(c)
	}
	v, err := s.view(c)
	if err != nil {
		return err
	}
	p := templates.HomePage{}
	if p.AdminPage, err = s.adminPage(c, "home", "Home"); err != nil {
		return err
	}
	if s.may(c, auth.QuarantineDecide) {
		if err := s.homeWork(c, &p); err != nil {
			return err
		}
	}
	h := home{s: s, ctx: c.Request().Context(), v: v, today: report.DayOf(s.app.Store().Now(), v.zone), days: 90, show: v.pick("show", shown...)}
	if v.q.Get("range") == "30" {
		h.days = 30
	}
	if h.show == "" {
		h.show = "people"
	}
	h.f = h.filter(h.days-1, 0)
	for _, step := range []func(*templates.HomePage) error{h.sentence, h.totals, h.byDay, h.tables} {
		if err := step(&p); err != nil {
			return err
		}
	}
	p.Filters = templates.Filters{Action: v.path, HideSearch: true, Hidden: v.hidden("show"), ClearURL: v.clear("gate", "source", "range"), Selects: []templates.FilterSelect{
		{Name: "range", Label: "Range", Options: []templates.OptionView{{Label: "Last 90 days"}, {Value: "30", Label: "Last 30 days", Selected: h.days == 30}}},
		v.gateChoice(), v.sourceChoice()}}
	if h.nothing && p.Filters.ClearURL == "" {
		p.Empty = &templates.Empty{Suit: "spade", Title: "Nobody has asked yet", Text: "As soon as somebody fills in the form of a landing page, it is counted here. Open yours and try it.",
			Action: &templates.PageAction{Label: "Open your landing pages", URL: "/"}}
	}
	return s.page(c, http.StatusOK, "admin/home", p)
}

// homeWork puts alarms and the waiting quarantine at the top.
func (s *Server) homeWork(c echo.Context, p *templates.HomePage) error {
	ctx := c.Request().Context()
	alarms, err := s.app.OpenAlarms(ctx)
	if err != nil {
		return err
	}
	for _, a := range alarms {
		row := templates.AlarmRow{Sentence: a.Sentence, Since: a.RaisedAt, Last: a.LastAt, Times: int(a.Times), DoneURL: "/admin/alarms/" + a.ID.String() + "/done"}
		if !strings.HasPrefix(a.Path, teamsPath) || s.may(c, auth.TeamsWrite) {
			row.URL = a.Path
		}
		p.Alarms = append(p.Alarms, row)
	}
	today := report.DayOf(s.app.Store().Now(), s.zone(c))
	r, f := report.Waiting(), report.Filter{From: today, To: today, Zone: s.zone(c)}
	rows, err := report.Run(ctx, s.app.Store().Pool(), r, f)
	if err != nil {
		return s.app.Store().Translate(err)
	}
	if n := rows[0].Figures[0]; n > 0 {
		p.Waiting = &templates.Stat{Value: grouped(n), Label: "waiting in quarantine", URL: r.Drill(f, rows[0].Key, 0), Change: "release or discard each with one key"}
	}
	return nil
}

// alarmDone clears an alarm: a person has dealt with it.
func (s *Server) alarmDone(c echo.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	err = s.app.DismissAlarm(c.Request().Context(), id, s.actor(c))
	switch {
	case errs.Is(err, errs.Conflict):
		s.flash(c, "note", errs.Public(err).Message)
	case err != nil:
		return err
	default:
		s.flash(c, "done", "Done. If its cause comes back, you are told again.")
	}
	return c.Redirect(http.StatusSeeOther, "/admin")
}

// home is one drawing of the home page's figures.
type home struct {
	s       *Server
	ctx     context.Context
	v       view
	f       report.Filter
	today   report.Day
	days    int
	show    string
	nothing bool
}

// filter is the range from so many days ago to so many days ago, with the chosen gate and source.
func (h *home) filter(from, to int) report.Filter {
	return report.Filter{From: h.today.Add(-from), To: h.today.Add(-to), Zone: h.v.zone, GateID: h.v.gateID(), Gate: h.v.gate.Slug, Source: h.v.q.Get("source")}
}

func (h *home) run(r report.Report, f report.Filter) ([]report.Row, error) {
	rows, err := report.Run(h.ctx, h.s.app.Store().Pool(), r, f)
	return rows, h.s.app.Store().Translate(err)
}

// sentence says the last seven days and the seven before.
func (h *home) sentence(p *templates.HomePage) error {
	r, now, before := report.Volume(), h.filter(6, 0), h.filter(13, 7)
	this, err := h.run(r, now)
	if err != nil {
		return err
	}
	last, err := h.run(r, before)
	if err != nil {
		return err
	}
	n, m, opened := this[0].Figures[1], last[0].Figures[1], this[0].Figures[2]
	add := func(text, url string) { p.Sentence = append(p.Sentence, templates.Piece{Text: text, URL: url}) }
	if n == 0 {
		add("Nobody", "")
	} else {
		add(people(n), r.Drill(now, "", 1))
	}
	add(" asked for "+h.what()+" in the last seven days, ", "")
	switch {
	case m == 0:
		add("and nobody in the seven days before", "")
	default:
		add(difference(n, m), "")
		add(grouped(m), r.Drill(before, "", 1))
		add(" in the seven days before", "")
	}
	if opened == 0 {
		add(". Nobody opened it.", "")
		return nil
	}
	add("; ", "")
	add(people(opened), r.Drill(now, "", 2))
	add(" opened it.", "")
	return nil
}

func (h *home) what() string {
	if h.v.gate.Title != "" {
		return "“" + h.v.gate.Title + "”"
	}
	return "a document"
}

func people(n int64) string {
	if n == 1 {
		return "1 person"
	}
	return grouped(n) + " people"
}

// grouped writes a count with its thousands apart.
func grouped(n int64) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// difference leads over to the figure of the time before.
func difference(n, m int64) string {
	switch {
	case n > m:
		return grouped(n-m) + " more than the "
	case n < m:
		return grouped(m-n) + " fewer than the "
	}
	return "as many as the "
}

// totals are the figures of the range beside those of as many days before it.
func (h *home) totals(p *templates.HomePage) error {
	r := report.Volume()
	now, err := h.run(r, h.f)
	if err != nil {
		return err
	}
	last, err := h.run(r, h.filter(2*h.days-1, h.days))
	if err != nil {
		return err
	}
	h.nothing = true
	for i, label := range []string{"submissions", "people asked", "people opened it"} {
		n, m := now[0].Figures[i], last[0].Figures[i]
		h.nothing = h.nothing && n == 0
		st := templates.Stat{Value: grouped(n), Label: fmt.Sprintf("%s, last %d days", label, h.days)}
		if n > 0 {
			st.URL = r.Drill(h.f, now[0].Key, i)
		}
		switch {
		case n > m:
			st.Change, st.Tone = fmt.Sprintf("%s more than the %d days before", grouped(n-m), h.days), "good"
		case n < m:
			st.Change, st.Tone = fmt.Sprintf("%s fewer than the %d days before", grouped(m-n), h.days), "bad"
		}
		p.Stats = append(p.Stats, st)
	}
	return nil
}

// byDay is the picture, and the days as a table.
func (h *home) byDay(p *templates.HomePage) error {
	r := report.VolumeByDay()
	rows, err := h.run(r, h.f)
	if err != nil {
		return err
	}
	col := shownColumn[h.show]
	var bars []templates.Bar
	best, sum := 0, int64(0)
	p.Days = h.table(r)
	p.Days.Folded, p.Days.Bar, p.Days.Title = true, false, "Every day with all three figures"
	for i, row := range rows {
		day := h.f.DayOfKey(row.Key)
		at := time.Date(day.Year, day.Month, day.Day, 12, 0, 0, 0, time.UTC)
		b := templates.Bar{Label: at.Format("2 Jan"), Full: at.Format("Monday 2 January 2006"), Value: float64(row.Figures[col])}
		if row.Figures[col] > 0 {
			b.URL = r.Drill(h.f, row.Key, col)
		}
		bars = append(bars, b)
		if sum += row.Figures[col]; row.Figures[col] > rows[best].Figures[col] {
			best = i
		}
		line := h.row(r, row, at.Format("Monday 2 January 2006"), "")
		p.Days.Rows = append([]templates.FigureRow{line}, p.Days.Rows...) // the latest day first
	}
	title := fmt.Sprintf("No %s in the last %d days", shownWords[h.show], h.days)
	if sum > 0 {
		title = fmt.Sprintf("%s per day: the best was %s with %s", map[string]string{"people": "People who asked", "submissions": "Submissions", "openers": "People who opened it"}[h.show], bars[best].Full, grouped(rows[best].Figures[col]))
	}
	p.Chart = templates.NewChart(title, "Day", shownWords[h.show], bars)
	for _, name := range shown {
		label := map[string]string{"people": "People who asked", "submissions": "Submissions", "openers": "People who opened it"}[name]
		url := h.v.with("show", name)
		if name == "people" {
			url = h.v.with("show", "")
		}
		p.Tabs = append(p.Tabs, templates.Tab{Label: label, URL: url, Current: name == h.show})
	}
	return nil
}

// tables are the volume by landing page and by source.
func (h *home) tables(p *templates.HomePage) error {
	titles := map[string]string{}
	for _, g := range h.v.all {
		titles[g.Slug] = g.Title
	}
	for _, t := range []struct {
		report report.Report
		param  string
		label  func(string) string
	}{
		{report.VolumeByGate(), "gate", func(slug string) string { return titles[slug] }},
		{report.VolumeBySource(), "source", sourceWord},
	} {
		rows, err := h.run(t.report, h.f)
		if err != nil {
			return err
		}
		table := h.table(t.report)
		for _, row := range rows {
			table.Rows = append(table.Rows, h.row(t.report, row, t.label(row.Key), h.v.with(t.param, row.Key)))
		}
		top := int64(1)
		for _, row := range rows {
			top = max(top, row.Figures[shownColumn[h.show]])
		}
		for i, row := range rows {
			table.Rows[i].Percent = float64(row.Figures[shownColumn[h.show]]) / float64(top) * 100
		}
		p.Tables = append(p.Tables, table)
	}
	return nil
}

func (h *home) table(r report.Report) templates.FigureTable {
	t := templates.FigureTable{Title: r.Title, Definition: r.Definition, Key: r.Key, Empty: "Nothing in this range.", Bar: true}
	for _, c := range r.Columns {
		t.Columns = append(t.Columns, c.Title)
	}
	return t
}

func (h *home) row(r report.Report, row report.Row, label, url string) templates.FigureRow {
	line := templates.FigureRow{Label: label, URL: url}
	for i, n := range row.Figures {
		line.Figures = append(line.Figures, templates.Figure{Value: n, URL: r.Drill(h.f, row.Key, i)})
	}
	return line
}
