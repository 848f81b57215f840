package web

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/auth"
	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/pipeline"
	"github.com/gatehouse/gatehouse/internal/report"
	"github.com/gatehouse/gatehouse/templates"
)

const pipelinePath = "/admin/pipeline"

var boardParams = []string{"q", "owner", "team", "source", "gate", "only", "stage", "state", "min", "currency", "from", "to", "opened"}

// only is what a view is narrowed to, by what its deals lack or have.
var onlyWords = []string{"said", "They said something", "overdue", "A step is overdue", "no-plan", "Without a plan", "no-activities", "Without activities", "lacking", "Without a plan or activities", "both", "Plan and activities", "plan-only", "Only a plan", "acts-only", "Only activities", "neither", "Neither of them"}

// dealFilter is the view of the pipeline that an address names. "me" is whoever looks.
func (s *Server) dealFilter(c echo.Context, v view) (app.DealFilter, error) {
	u := s.user(c)
	f := app.DealFilter{Search: v.q.Get("q"), Source: v.q.Get("source"), GateID: v.gateID(), Stage: v.q.Get("stage"), State: v.pick("state", "won", "lost", "decided", "any"),
		Sort: v.pick("sort", "title", "value", "expected", "stage", "age", "closed"), Way: v.pick("way", "asc", "desc")}
	switch v.q.Get("only") {
	case "said":
		f.Said = true
	case "overdue":
		f.Overdue = true
	case "no-plan":
		f.Missing = "plan"
	case "no-activities":
		f.Missing = "activities"
	case "lacking", "both", "plan-only", "acts-only", "neither":
		f.Missing = v.q.Get("only")
	}
	if owner := v.q.Get("owner"); owner == "me" {
		f.Owner = &u.ID
	} else if id, err := uuid.Parse(owner); err == nil {
		f.Owner = &id
	}
	if id, err := uuid.Parse(v.q.Get("team")); err == nil {
		f.Team = &id
	}
	for _, tick := range v.q["deal"] {
		if id, err := uuid.Parse(strings.Split(tick, " ")[0]); err == nil {
			f.IDs, f.State = append(f.IDs, id), "any"
		}
	}
	code, least, err := s.leastValue(c, v)
	if err != nil {
		return f, err
	}
	if f.MinValue = least; least != nil || v.q.Get("currency") == code {
		f.Currency = code
	}
	f.From, f.To, _ = v.span()
	if day, ok := report.ParseDay(v.q.Get("opened")); ok {
		at := day.Start(v.zone)
		f.Opened = &at
	}
	f.Sight, err = s.app.VisibleTo(c.Request().Context(), u)
	return f, err
}

// leastValue is what the deals of a view are worth at least, and in which currency: amounts of others do not compare. An
// amount that cannot be read narrows nothing.
func (s *Server) leastValue(c echo.Context, v view) (code string, least *int64, err error) {
	snap, err := s.app.Snapshot(c.Request().Context())
	if err != nil {
		return "", nil, err
	}
	code = snap.Settings.Currency
	if _, ok := pipeline.Scale(v.q.Get("currency")); ok {
		code = v.q.Get("currency")
	}
	if minor, ok := pipeline.ParseMoney(v.q.Get("min"), code, snap.Settings.Locale); ok {
		least = &minor
	}
	return code, least, nil
}

// board is the pipeline, as a board or with view=list as a list.
func (s *Server) board(c echo.Context) error {
	v, err := s.view(c)
	if err != nil {
		return err
	}
	f, err := s.dealFilter(c, v)
	if err != nil {
		return err
	}
	if v.q.Get("view") == "list" {
		return s.dealList(c, v, f)
	}
	b, err := s.app.ReadBoard(c.Request().Context(), f, v.q.Get("more"))
	if err != nil {
		return err
	}
	p := templates.BoardPage{At: b.At, ChangesURL: with(pipelinePath+"/changes", v.q, "more", ""), Here: with(v.path, v.q), CanMove: s.may(c, auth.PipelineWrite), WaitingN: b.WaitingN}
	if p.AdminPage, err = s.adminPage(c, "pipeline", "Pipeline"); err != nil {
		return err
	}
	p.Wide = true
	if p.CanMove {
		p.Action = &templates.PageAction{Label: "Add a lead by hand", URL: "/admin/leads/new", Icon: "plus"}
	}
	if p.Views, p.Save, err = s.boardViews(c, v); err != nil {
		return err
	}
	if p.Filters, err = s.boardFilters(c, v, false); err != nil {
		return err
	}
	seesTo, err := s.app.ActsFor(c.Request().Context(), s.user(c).ID)
	if err != nil {
		return err
	}
	for _, w := range b.Waiting {
		p.Waiting = append(p.Waiting, s.waitingCard(c, w, p.Here, slices.Contains(seesTo, w.OwnerID)))
	}
	if p.WaitingMore = b.WaitingN - len(b.Waiting); p.WaitingMore > 0 && v.q.Get("more") != app.MoreWaiting {
		p.WaitingURL = v.with("more", app.MoreWaiting) + "#waiting"
	}
	n := 0
	for _, col := range slices.Concat(b.Columns, b.Closed) {
		p.Columns = append(p.Columns, s.boardColumn(c, v, col, p.Here))
		n += col.N
	}
	if n+b.WaitingN == 0 && p.Filters.ClearURL == "" {
		p.Empty = &templates.Empty{Suit: "club", Title: "Nothing in the pipeline yet", Text: "A lead that qualifies is assigned and waits here to be accepted; accepting it opens its deal. You can also add somebody whom you met yourself."}
		if p.CanMove {
			p.Empty.Action = p.Action
		}
	}
	return s.page(c, http.StatusOK, "admin/board", p)
}

func (s *Server) boardColumn(c echo.Context, v view, col app.BoardColumn, here string) templates.BoardColumnView {
	out := templates.BoardColumnView{Key: col.Key, Title: col.Title, N: col.N, Sum: sumText(col.Sums), Closed: col.Kind != pipeline.Open}
	for _, d := range col.Cards {
		out.Cards = append(out.Cards, s.dealCard(c, d, here))
	}
	if out.More = col.N - len(col.Cards); out.More > 0 {
		switch {
		case out.Closed:
			since := s.app.Store().Now().In(v.zone).AddDate(0, 0, -app.ClosedDays).Format(time.DateOnly)
			out.MoreURL = v.with("more", "", "view", "list", "state", col.Kind, "from", max(since, v.q.Get("from")))
		case v.q.Get("more") == col.Key: // it is shown as far as a board goes
			out.MoreURL = v.with("more", "", "view", "list", "stage", col.Key)
		default:
			out.MoreURL = v.with("more", col.Key) + "#" + col.Key
		}
	}
	return out
}

// dealCard is a deal in the words of a card.
func (s *Server) dealCard(c echo.Context, d app.DealCard, here string) templates.BoardCard {
	now := s.app.Store().Now()
	card := templates.BoardCard{ID: d.ID.String(), Version: d.Version, URL: "/admin/leads/" + d.LeadID.String(), Title: orElse(d.Title, "Erased"), Person: orElse(fullName(d.GivenName, d.FamilyName), d.Email),
		Owner: d.Owner, Said: shorten(d.SaidText, 90), Saids: d.Said, Next: d.NextStep, Age: age(now.Sub(d.StageAt))}
	if d.Value != nil {
		card.Value = moneyText(*d.Value, d.Currency)
	}
	if d.NextDue != nil {
		card.Due, card.Overdue = *d.NextDue, d.NextDue.Before(now)
	}
	if d.State != pipeline.Open {
		card.Next, card.Due, card.Overdue, card.Age = "", time.Time{}, false, "closed "+ago(now.Sub(*d.ClosedAt))
	} else {
		switch {
		case !d.Planned && d.Activities == 0:
			card.Marks = append(card.Marks, templates.Tag{Label: "No plan, no activity", Tone: "bad", Title: "Strategy and tactics are both missing."})
		case !d.Planned:
			card.Marks = append(card.Marks, templates.Tag{Label: "No plan", Tone: "wait", Title: "Something was done, but nothing is planned."})
		case d.Activities == 0:
			card.Marks = append(card.Marks, templates.Tag{Label: "No activity", Tone: "wait", Title: "There is a plan, but nothing was done yet."})
		}
	}
	if s.may(c, auth.PipelineWrite) && d.LeadState == "active" {
		card.MoveURL = "/admin/deals/" + d.ID.String() + "/move?back=" + queryEscape(here)
		card.NoteURL = card.URL + "/note?back=" + queryEscape(here)
	}
	return card
}

// waitingCard is a lead that waits. Acts tells that whoever looks may accept it: its owner, or the deputy of one who is away.
func (s *Server) waitingCard(c echo.Context, w app.WaitingCard, here string, acts bool) templates.BoardCard {
	card := templates.BoardCard{ID: w.ID.String(), URL: "/admin/leads/" + w.LeadID.String(), Title: orElse(w.Company, orElse(fullName(w.GivenName, w.FamilyName), w.Email)),
		Person: orElse(fullName(w.GivenName, w.FamilyName), w.Email), Owner: w.Owner, Said: shorten(w.SaidText, 90), Saids: w.Said, Next: w.NextStep, Value: w.Grade}
	if w.NextDue != nil {
		card.Due, card.Overdue = *w.NextDue, w.NextDue.Before(s.app.Store().Now())
	}
	card.Clock = clockTag(w.Assignment.ClockFrom, cmp.Or(w.WarnAt, w.EscalateAt), w.FirstResponseAt, s.app.Store().Now(), s.zone(c))
	mine := w.OwnerID == s.user(c).ID
	if s.may(c, auth.PipelineWrite) && (acts || s.may(c, auth.LeadsAssign)) {
		if acts {
			card.Accept = acceptButton(w, here)
		}
		if mine || s.may(c, auth.LeadsAssign) {
			card.Refuse = card.URL + "#hands"
		}
		card.NoteURL = card.URL + "/note?back=" + queryEscape(here)
	}
	return card
}

// acceptButton accepts a lead that waits, and leads back to the page where it stands.
func acceptButton(w app.WaitingCard, here string) *templates.PageAction {
	a := postButton("Accept", "check", "/admin/leads/"+w.LeadID.String()+"/accept", w.Version)
	a.Hidden = append(a.Hidden, templates.KV{Key: "assignment", Value: w.ID.String()}, templates.KV{Key: "back", Value: here})
	return &a
}

// clockTag is how the clock of the first response stands.
func clockTag(from time.Time, until, responded *time.Time, now time.Time, zone *time.Location) *templates.Tag {
	at := func(t time.Time) string {
		if t.In(zone).Format("2006-01-02") == now.In(zone).Format("2006-01-02") {
			return t.In(zone).Format("15:04")
		}
		return t.In(zone).Format("Mon 2 Jan, 15:04")
	}
	switch {
	case responded != nil:
		return &templates.Tag{Label: "Answered " + at(*responded), Tone: "good"}
	case from.After(now):
		return &templates.Tag{Label: "Clock starts " + at(from), Title: "Outside your working hours the clock waits."}
	case until == nil:
		return &templates.Tag{Label: "Waiting " + age(now.Sub(from)), Tone: "wait"}
	case until.Before(now):
		return &templates.Tag{Label: "Late since " + at(*until), Tone: "bad"}
	}
	return &templates.Tag{Label: "Answer by " + at(*until), Tone: "wait"}
}

// boardFilters is the row above board and list.
func (s *Server) boardFilters(c echo.Context, v view, list bool) (templates.Filters, error) {
	ctx := c.Request().Context()
	f := templates.Filters{Action: v.path, Search: v.q.Get("q"), SearchHint: "Name, company or deal", Hidden: v.hidden("view", "sort", "way"), ClearURL: v.clear(boardParams...)}
	if f.ClearURL != "" && list {
		f.ClearURL = v.path + "?view=list"
	}
	owners, err := s.app.Sellers(ctx)
	if err != nil {
		return f, err
	}
	pairs := []string{"me", "Me"}
	for _, u := range owners {
		pairs = append(pairs, u.ID.String(), orElse(u.Name, u.Email))
	}
	f.Selects = append(f.Selects, v.choice("owner", "Owner", "Everybody", pairs...))
	teams, err := s.app.SalesTeams(ctx)
	if err != nil {
		return f, err
	}
	if len(teams) > 0 {
		pairs = nil
		for _, t := range teams {
			pairs = append(pairs, t.ID.String(), t.Name)
		}
		f.Selects = append(f.Selects, v.choice("team", "Team", "All", pairs...))
	}
	if list {
		stages, err := s.app.Stages(ctx)
		if err != nil {
			return f, err
		}
		pairs = nil
		for _, st := range stages {
			pairs = append(pairs, st.Key, st.Title)
		}
		f.Selects = append(f.Selects, v.choice("stage", "Stage", "Any", pairs...), v.choice("state", "State", "Open", "won", "Won", "lost", "Lost", "decided", "Won or lost", "any", "Any"))
	}
	f.Selects = append(f.Selects, v.choice("only", "Only those", "All", onlyWords...), rare(v.sourceChoice()))
	if len(v.all) > 1 {
		f.Selects = append(f.Selects, rare(v.gateChoice()))
	}
	codes, err := s.app.DealCurrencies(ctx)
	if err != nil {
		return f, err
	}
	pairs = nil
	for _, code := range codes {
		pairs = append(pairs, code, code)
	}
	f.Selects = append(f.Selects, rare(v.choice("currency", "Currency", "Any", pairs...)))
	code, least, err := s.leastValue(c, v)
	if err != nil {
		return f, err
	}
	worth := templates.FilterText{Name: "min", Label: "Worth at least, " + code, Value: v.q.Get("min"), InputMode: "decimal", Rare: true}
	if worth.Value != "" && least == nil {
		worth.Fault = "This is an amount, such as 9,000. It was left out."
	}
	f.Texts = []templates.FilterText{worth, {Name: "from", Type: "date", Label: "Closes from", Value: v.q.Get("from"), Rare: true}, {Name: "to", Type: "date", Label: "Closes until", Value: v.q.Get("to"), Rare: true}}
	if list {
		f.Texts = append(f.Texts, templates.FilterText{Name: "opened", Type: "date", Label: "Opened from", Value: v.q.Get("opened"), Rare: true})
	}
	return f, nil
}

// rare puts a choice behind "More filters".
func rare(f templates.FilterSelect) templates.FilterSelect {
	f.Rare = true
	return f
}

// boardChanges tells a board that is open what others changed, as JSON.
func (s *Server) boardChanges(c echo.Context) error {
	since, err := time.Parse(time.RFC3339Nano, c.QueryParam("since"))
	if err != nil {
		return errs.New(errs.Malformed, "The time since when could not be read.")
	}
	u := s.user(c)
	v, err := s.view(c)
	if err != nil {
		return err
	}
	f, err := s.dealFilter(c, v)
	if err != nil {
		return err
	}
	changes, waiting, at, err := s.app.BoardChanges(c.Request().Context(), f, since)
	if err != nil {
		return err
	}
	type line struct {
		app.BoardChange
		Sentence string `json:"sentence"`
	}
	lines := []line{}
	for _, ch := range changes {
		said := ch.By + " changed " + ch.Title
		if ch.FromStage != "" && ch.FromStage != ch.ToStage {
			said = ch.By + " moved " + ch.Title + " to " + ch.ToStage
		} else if ch.FromStage == "" {
			said = ch.By + " accepted " + ch.Title
		}
		if ch.ByID != nil && *ch.ByID == u.ID {
			said = ""
		}
		lines = append(lines, line{ch, said})
	}
	raw, err := json.Marshal(map[string]any{"at": at.Format(time.RFC3339Nano), "waiting": waiting, "changes": lines})
	if err != nil {
		return err
	}
	c.Response().Header().Set("Cache-Control", "no-store")
	return c.JSONBlob(http.StatusOK, raw)
}

// moneyText is an amount without empty decimals: "£12,500", "€9.50", "CHF 1,200".
func moneyText(minor int64, code string) string {
	amount := pipeline.Amount(minor, code, "en-GB")
	whole, part, _ := strings.Cut(amount, ".")
	var n int64
	_, _ = fmt.Sscan(whole, &n)
	symbol, ok := map[string]string{"EUR": "€", "USD": "$", "GBP": "£"}[code]
	if !ok {
		symbol = code + "\u00a0"
	}
	if part != "" {
		part = "." + part
	}
	return symbol + grouped(n) + part
}

func sumText(sums []app.Money) string {
	var parts []string
	for _, m := range sums {
		parts = append(parts, moneyText(m.Minor, m.Currency))
	}
	return strings.Join(parts, " + ")
}

// age is a stretch of time in its largest unit.
func age(d time.Duration) string {
	switch {
	case d < time.Hour:
		return count(max(0, int(d.Minutes())), "minute", "minutes")
	case d < 48*time.Hour:
		return count(int(d.Hours()), "hour", "hours")
	}
	return count(int(d.Hours()/24), "day", "days")
}

func ago(d time.Duration) string {
	if d < time.Minute {
		return "just now"
	}
	return age(d) + " ago"
}
