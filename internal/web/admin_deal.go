package web

import (
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
	"github.com/gatehouse/gatehouse/templates"
)

// dealShow is one deal: what is known, where it may go, what was changed.
func (s *Server) dealShow(c echo.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	return s.showDeal(c, http.StatusOK, id, nil, false)
}

// dealMovePage asks where to, and what is needed for it.
func (s *Server) dealMovePage(c echo.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	return s.showDeal(c, http.StatusOK, id, nil, true)
}

func (s *Server) showDeal(c echo.Context, status int, id uuid.UUID, wrong error, only bool) error {
	ctx := c.Request().Context()
	d, err := s.app.DealDetail(ctx, s.user(c), id)
	if err != nil {
		return err
	}
	p := templates.DealPage{Only: only}
	title := orElse(d.Title, "A deal")
	above := []templates.Link{{Label: "Pipeline", URL: pipelinePath}}
	if only {
		title = "Move " + title
		above = append(above, templates.Link{Label: d.Title, URL: "/admin/deals/" + id.String()})
	}
	if p.AdminPage, err = s.adminPage(c, "pipeline", title, above...); err != nil {
		return err
	}
	zone := s.zone(c)
	p.Facts = dealFacts(d, zone)
	if s.may(c, auth.PipelineWrite) && d.LeadState == "active" {
		if p.Move, err = s.moveSheet(c, d, wrong, only); err != nil {
			return err
		}
		if !only {
			if p.Edit, err = s.dealSheet(c, d, wrong); err != nil {
				return err
			}
		}
	}
	p.Changes = templates.Timeline{Events: dealEvents(d.Changes, d.Stages, zone)}
	return s.page(c, status, "admin/deal", p)
}

func dealFacts(d app.DealDetail, zone *time.Location) templates.Ledger {
	l := templates.Ledger{Title: "Where it stands"}
	add := func(f templates.Fact) { l.Facts = append(l.Facts, f) }
	add(templates.Fact{Name: "Stage", Value: d.StageTitle, Note: "since " + moment(d.StageAt, zone)})
	if d.Value != nil {
		add(templates.Fact{Name: "Value", Value: moneyText(*d.Value, d.Currency)})
	}
	if d.ExpectedOn != nil {
		add(templates.Fact{Name: "Expected", Value: d.ExpectedOn.Format(dayFormat)})
	}
	add(templates.Fact{Name: "Lead", Value: orElse(fullName(d.GivenName, d.FamilyName), orElse(d.Email, "Erased person")), URL: "/admin/leads/" + d.LeadID.String()})
	add(templates.Fact{Name: "Owner", Value: d.Owner})
	add(templates.Fact{Name: "Opened", Value: moment(d.OpenedAt, zone)})
	if d.ClosedAt != nil {
		add(templates.Fact{Name: "Closed", Value: moment(*d.ClosedAt, zone), Note: d.ReasonNote})
	}
	return l
}

// moveSheet asks where a deal goes. Where the target is known it asks only for what that stage needs.
func (s *Server) moveSheet(c echo.Context, d app.DealDetail, wrong error, only bool) (*templates.Sheet, error) {
	to := orElse(posted(c, "to"), c.QueryParam("to"))
	here := "/admin/deals/" + d.ID.String()
	sheet := &templates.Sheet{Action: here + "/move", Button: "Move", CancelURL: orElse(posted(c, "back"), c.QueryParam("back")),
		Hidden: append(versionOf(d.Version), templates.KV{Key: "back", Value: orElse(posted(c, "back"), orElse(c.QueryParam("back"), here))})}
	if safeNext(sheet.CancelURL) != sheet.CancelURL || !only {
		sheet.CancelURL = ""
	}
	if above := posted(c, "above"); above != "" {
		sheet.Hidden = append(sheet.Hidden, templates.KV{Key: "above", Value: above})
	}
	var pairs []string
	allowed := d.Stages.From(d.Stage)
	for _, st := range allowed {
		pairs = append(pairs, st.Key, st.Title)
	}
	if len(pairs) == 0 {
		return nil, nil //nolint:nilnil // it stays where it is
	}
	known := slices.ContainsFunc(allowed, func(st pipeline.Stage) bool { return st.Key == to })
	if !known {
		to = ""
	}
	fields := []templates.FieldView{{Name: "to", Type: "select", Label: "Move to", Required: true, Options: choices(to, pairs...)}}
	asks, err := s.moveFields(c, d, to)
	if err != nil {
		return nil, err
	}
	sheet.Groups = []templates.SheetGroup{{Fields: append(fields, asks...)}}
	if wrong != nil && (only || posted(c, "to") != "") {
		fault(sheet, wrong)
	}
	return sheet, nil
}

// moveFields are what the stage needs, or with no stage chosen what any of those in reach may need.
func (s *Server) moveFields(c echo.Context, d app.DealDetail, to string) ([]templates.FieldView, error) {
	var out []templates.FieldView
	need := map[string]string{} // field -> the stages that need it
	closing := map[string]bool{}
	for _, st := range d.Stages.From(d.Stage) {
		if to != "" && st.Key != to {
			continue
		}
		if st.Kind != pipeline.Open {
			closing[st.Kind] = true
		}
		for _, name := range st.Missing(pipeline.DealFacts{Value: d.Value, Expected: d.ExpectedOn}) {
			need[name] = strings.TrimPrefix(need[name]+", "+st.Title, ", ")
		}
	}
	help := func(name string) string {
		if to != "" {
			return ""
		}
		return "Needed for: " + need[name] + "."
	}
	if need[pipeline.NeedsValue] != "" {
		out = append(out, templates.FieldView{Name: "value", Type: "text", Label: "What it is worth, in " + d.Currency, Help: help(pipeline.NeedsValue), Value: posted(c, "value"), Required: to != "", InputMode: "decimal", Half: true, Autocomplete: "off"})
	}
	if need[pipeline.NeedsExpected] != "" {
		out = append(out, templates.FieldView{Name: "expected_on", Type: "date", Label: "Expected to close", Help: help(pipeline.NeedsExpected), Value: posted(c, "expected_on"), Required: to != "", Half: true})
	}
	if need[pipeline.NeedsReason] != "" || len(closing) > 0 {
		pairs, err := s.reasonPairs(c, closing, to == "")
		if err != nil {
			return nil, err
		}
		out = append(out, templates.FieldView{Name: "reason", Type: "select", Label: "Why", Required: to != "" && need[pipeline.NeedsReason] != "", Options: choices(posted(c, "reason"), pairs...)},
			templates.FieldView{Name: "note", Type: "text", Label: "In your words", Value: posted(c, "note"), MaxLength: 500, Autocomplete: "off"})
	}
	return out, nil
}

func (s *Server) reasonPairs(c echo.Context, kinds map[string]bool, both bool) (pairs []string, err error) {
	for _, kind := range []string{pipeline.Won, pipeline.Lost} {
		if !kinds[kind] {
			continue
		}
		reasons, err := s.app.Reasons(c.Request().Context(), kind)
		if err != nil {
			return nil, err
		}
		for _, r := range reasons {
			label := r.Title
			if both {
				label = map[string]string{pipeline.Won: "Won: ", pipeline.Lost: "Lost: "}[kind] + r.Title
			}
			pairs = append(pairs, r.Key, label)
		}
	}
	return pairs, nil
}

// dealMove moves a deal. What is missing, or that somebody was faster, comes back with what was typed.
func (s *Server) dealMove(c echo.Context) error {
	id, version, err := idAndVersion(c)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	if _, err := s.app.MayWorkDeal(ctx, s.user(c), id); err != nil {
		return err
	}
	m := app.DealMove{ID: id, Version: version, To: posted(c, "to"), Value: posted(c, "value"), ExpectedOn: posted(c, "expected_on"), Reason: posted(c, "reason"), Note: posted(c, "note")}
	if above, err := uuid.Parse(posted(c, "above")); err == nil {
		m.Above = &above
	}
	d, err := s.app.MoveDeal(ctx, m, s.actor(c))
	if status := formStatus(err); status != 0 && !wantsJSON(c) {
		return s.showDeal(c, status, id, err, true)
	}
	if err != nil {
		return err
	}
	stages, err := s.app.Stages(ctx)
	if err != nil {
		return err
	}
	at, _ := stages.Find(d.Stage)
	s.flash(c, "done", orElse(d.Title, "The deal")+" stands at “"+at.Title+"” now.")
	return c.Redirect(http.StatusSeeOther, back(c, "/admin/deals/"+id.String()))
}

// dealSheet edits what is known of a deal.
func (s *Server) dealSheet(c echo.Context, d app.DealDetail, wrong error) (*templates.Sheet, error) {
	snap, err := s.app.Snapshot(c.Request().Context())
	if err != nil {
		return nil, err
	}
	value, day := "", ""
	if d.Value != nil {
		value = pipeline.Amount(*d.Value, d.Currency, snap.Settings.Locale)
	}
	if d.ExpectedOn != nil {
		day = d.ExpectedOn.Format("2006-01-02")
	}
	typed := wrong != nil && posted(c, "title") != ""
	pick := func(name, kept string) string {
		if typed {
			return posted(c, name)
		}
		return kept
	}
	fields := []templates.FieldView{{Name: "title", Type: "text", Label: "Called", Required: true, MaxLength: 200, Value: pick("title", d.Title), Autocomplete: "off"},
		{Name: "value", ID: "f-edit-value", Type: "text", Label: "Worth", Value: pick("value", value), InputMode: "decimal", Half: true, Autocomplete: "off"},
		{Name: "currency", Type: "text", Label: "Currency", Value: pick("currency", d.Currency), Half: true, MaxLength: 3, Required: true, Autocomplete: "off"},
		{Name: "expected_on", ID: "f-edit-expected", Type: "date", Label: "Expected to close", Value: pick("expected_on", day), Half: true}}
	if d.State != pipeline.Open {
		pairs, err := s.reasonPairs(c, map[string]bool{d.State: true}, false)
		if err != nil {
			return nil, err
		}
		fields = append(fields, templates.FieldView{Name: "reason", ID: "f-edit-reason", Type: "select", Label: "Why", Options: choices(pick("reason", d.Reason), pairs...), Required: true},
			templates.FieldView{Name: "note", ID: "f-edit-note", Type: "text", Label: "In your words", Value: pick("note", d.ReasonNote), MaxLength: 500, Autocomplete: "off"})
	}
	sheet := &templates.Sheet{Action: "/admin/deals/" + d.ID.String(), Button: "Save", Minor: true, Hidden: versionOf(d.Version), Groups: []templates.SheetGroup{{Fields: fields}}}
	if typed {
		fault(sheet, wrong)
	}
	return sheet, nil
}

func (s *Server) dealEdit(c echo.Context) error {
	id, version, err := idAndVersion(c)
	if err != nil {
		return err
	}
	if _, err := s.app.MayWorkDeal(c.Request().Context(), s.user(c), id); err != nil {
		return err
	}
	_, err = s.app.EditDeal(c.Request().Context(), app.DealEdit{ID: id, Version: version, Title: posted(c, "title"), Value: posted(c, "value"), Currency: posted(c, "currency"),
		ExpectedOn: posted(c, "expected_on"), Reason: posted(c, "reason"), Note: posted(c, "note")}, s.actor(c))
	if status := formStatus(err); status != 0 && !wantsJSON(c) && !errs.Is(err, errs.TooLarge) {
		return s.showDeal(c, status, id, err, false)
	}
	return s.after(c, err, "Saved.", "/admin/deals/"+id.String())
}

var dealFieldWords = map[string]string{"value": "Value", "currency": "Currency", "expected_on": "Expected", "owner": "Owner", "title": "Called", "reason": "Why", "note": "Note"}

// dealEvents are the changes of a deal on a timeline.
func dealEvents(changes []app.DealChangeLine, stages pipeline.Stages, zone *time.Location) (out []templates.TimelineEvent) {
	title := func(key string) string {
		if st, ok := stages.Find(key); ok {
			return st.Title
		}
		return key
	}
	for _, ch := range changes {
		e := templates.TimelineEvent{At: ch.At.In(zone), Icon: "board", By: ch.By, URL: "/admin/deals/" + ch.DealID.String(), Title: "Deal changed"}
		to, _ := stages.Find(ch.ToStage)
		switch {
		case ch.FromStage == "":
			e.Title, e.Tone = "Accepted: the deal opened at “"+title(ch.ToStage)+"”", "good"
		case ch.FromStage != ch.ToStage:
			e.Title = "Deal moved from “" + title(ch.FromStage) + "” to “" + title(ch.ToStage) + "”"
			e.Tone = map[string]string{pipeline.Won: "good", pipeline.Lost: "bad"}[to.Kind]
		}
		for _, name := range []string{"title", "value", "currency", "expected_on", "owner", "reason", "note"} {
			f, ok := ch.Fields[name]
			if !ok {
				continue
			}
			text := orElse(f.To, "taken away")
			if f.From != "" {
				text = f.From + " → " + text
			}
			e.Facts = append(e.Facts, templates.KV{Key: dealFieldWords[name], Value: text})
		}
		out = append(out, e)
	}
	return out
}
