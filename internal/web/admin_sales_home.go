package web

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/templates"
)

// salesHome is the home page of those who sell.
func (s *Server) salesHome(c echo.Context) error {
	u := s.user(c)
	h, err := s.app.SalesHome(c.Request().Context(), u.ID, c.QueryParam("more"))
	if err != nil {
		return err
	}
	p := templates.SalesHomePage{Sentence: daySentence(h), WaitMore: h.WaitingN - len(h.Waiting), DueMore: h.DueN - len(h.Due)}
	if p.AdminPage, err = s.adminPage(c, "home", "Today"); err != nil {
		return err
	}
	if c.QueryParam("more") != app.MoreWaiting {
		p.WaitURL = "/admin?more=" + app.MoreWaiting + "#accept"
	}
	if c.QueryParam("more") != app.MoreDue {
		p.DueURL = "/admin?more=" + app.MoreDue + "#due"
	}
	p.Action = &templates.PageAction{Label: "Add a lead by hand", URL: "/admin/leads/new", Icon: "plus"}
	for _, w := range h.Waiting {
		card := s.waitingCard(c, w, "/admin", true)
		if w.OwnerID == u.ID {
			card.Owner = ""
		}
		p.Waiting = append(p.Waiting, card)
	}
	for _, d := range h.Due {
		p.Due = append(p.Due, s.dueRow(c, d))
	}
	for _, r := range h.Reasons {
		lead := "/admin/leads/" + r.LeadID.String()
		p.Reasons = append(p.Reasons, templates.OpenReasonRow{URL: lead + "/reason?activity=" + r.ID.String() + "&back=%2Fadmin", What: "Say why the " + strings.ToLower(channelWords[r.Kind]) + " had to be", Rule: word(leftOutWords, r.Beyond), At: r.At,
			LeadURL: lead + "#work", Lead: orElse(fullName(r.GivenName, r.FamilyName), r.Email), Company: r.Company})
	}
	open := 0
	for _, col := range h.Columns {
		open += col.N
		p.Columns = append(p.Columns, templates.BoardColumnView{Title: col.Title, N: col.N, Sum: sumText(col.Sums), MoreURL: pipelinePath + "?view=list&owner=me&stage=" + queryEscape(col.Key)})
	}
	if open+h.WaitingN+h.DueN+len(h.Reasons)+h.Numbers.Won+h.Numbers.Lost+h.Numbers.Accepted == 0 {
		p.Columns = nil
		p.Empty = &templates.Empty{Suit: "heart", Title: "Nothing waits for you", Text: "As soon as a lead is yours it stands here with its clock, and later what is due. Meanwhile: whom did you meet this week?", Action: p.Action}
		p.Action = nil
		return s.page(c, http.StatusOK, "admin/home_sales", p)
	}
	if p.Stats, err = s.ownStats(c, h); err != nil {
		return err
	}
	return s.page(c, http.StatusOK, "admin/home_sales", p)
}

func (s *Server) dueRow(c echo.Context, d app.DueStep) templates.DueRow {
	lead := "/admin/leads/" + d.LeadID.String()
	r := templates.DueRow{LeadURL: lead + "#work", Lead: orElse(fullName(d.GivenName, d.FamilyName), d.Email), Company: d.Company, Tel: d.Tel,
		StepView: templates.StepView{ID: d.ID.String(), Icon: channelIcons[d.Channel], Title: d.Title, Due: d.DueAt, State: templates.Tag{Label: "Today", Tone: "wait"}, URL: lead + "/step?step=" + d.ID.String()}}
	if d.DueAt.Before(s.app.Store().Now()) {
		r.Overdue, r.State = true, templates.Tag{Label: "Overdue", Tone: "bad"}
	}
	if d.OwnerID != s.user(c).ID {
		r.Owner = d.Owner
	}
	done := stepButton("Done", lead, app.StepLine{Step: d.Step}, "done")
	done.Hidden = append(done.Hidden, templates.KV{Key: "back", Value: "/admin"})
	r.Buttons = []templates.PageAction{done}
	return r
}

// daySentence says the day in a sentence.
func daySentence(h app.SalesHome) (out []templates.Piece) {
	add := func(text string) { out = append(out, templates.Piece{Text: text}) }
	today := h.DueN - h.Overdue
	var parts []templates.Piece
	if h.WaitingN > 0 {
		parts = append(parts, templates.Piece{Text: count(h.WaitingN, "lead waits", "leads wait") + " to be accepted", URL: "#accept"})
	}
	if h.Overdue > 0 {
		parts = append(parts, templates.Piece{Text: count(h.Overdue, "step is", "steps are") + " overdue", URL: "#due"})
	}
	if today > 0 {
		parts = append(parts, templates.Piece{Text: count(today, "step is", "steps are") + " due today", URL: "#due"})
	}
	if n := len(h.Reasons); n > 0 {
		parts = append(parts, templates.Piece{Text: count(n, "mail wants its", "mails want their") + " reason", URL: "#due"})
	}
	if h.Lacking > 0 {
		parts = append(parts, templates.Piece{Text: count(h.Lacking, "deal lacks", "deals lack") + " a plan or activities", URL: pipelinePath + "?view=list&owner=me&only=lacking"})
	}
	if len(parts) == 0 {
		add("Nothing is due today, and nobody waits.")
		return out
	}
	for i, part := range parts {
		switch {
		case i > 0 && i == len(parts)-1:
			add(" and ")
		case i > 0:
			add(", ")
		}
		out = append(out, part)
	}
	add(".")
	return out
}

func (s *Server) ownStats(c echo.Context, h app.SalesHome) ([]templates.Stat, error) {
	snap, err := s.app.Snapshot(c.Request().Context())
	if err != nil {
		return nil, err
	}
	since := s.app.Store().Now().In(s.zone(c)).AddDate(0, 0, -30).Format(time.DateOnly)
	n, mine := h.Numbers, pipelinePath+"?view=list&owner=me"
	own := mine + "&from=" + since
	stat := func(value, label, url string) templates.Stat {
		if value == "0" {
			url = ""
		}
		return templates.Stat{Value: value, Label: label, URL: url}
	}
	out := []templates.Stat{stat(grouped(int64(n.Accepted)), "accepted, last 30 days", mine+"&state=any&opened="+since), stat(grouped(int64(n.Won)), "won, last 30 days", own+"&state=won"), stat(grouped(int64(n.Lost)), "lost, last 30 days", own+"&state=lost"),
		{Value: orElse(sumText(n.Worth), moneyText(0, snap.Settings.Currency)), Label: "worth of what was won"}}
	if n.Response != nil {
		d := time.Duration(*n.Response * float64(time.Minute))
		out = append(out, templates.Stat{Value: strings.TrimSpace(shortTime(d)), Label: fmt.Sprintf("to the first response, half of %d", n.Responses)})
	}
	return out, nil
}

// shortTime is working time as a figure: "35 min", "3 h 10 min".
func shortTime(d time.Duration) string {
	if d < time.Hour {
		return fmt.Sprintf("%d min", int(d.Minutes()))
	}
	return fmt.Sprintf("%d h %02d min", int(d.Hours()), int(d.Minutes())%60)
}
