package web

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/auth"
	"github.com/gatehouse/gatehouse/internal/pipeline"
	"github.com/gatehouse/gatehouse/templates"
)

// dealList is the pipeline as a list.
func (s *Server) dealList(c echo.Context, v view, f app.DealFilter) error {
	ctx := c.Request().Context()
	lines, total, err := s.app.ListDeals(ctx, f, listSize, v.offset())
	if err != nil {
		return err
	}
	p := templates.DealsPage{Tools: templates.TableTools{Total: total, One: "deal", Many: "deals"}, Pagination: v.pagination(len(lines), total)}
	if p.AdminPage, err = s.adminPage(c, "pipeline", "Pipeline"); err != nil {
		return err
	}
	p.Wide = true
	if s.may(c, auth.PipelineWrite) {
		p.Action = &templates.PageAction{Label: "Add a lead by hand", URL: "/admin/leads/new", Icon: "plus"}
	}
	if s.may(c, auth.LeadsExport) {
		p.Tools.ExportURL = with(pipelinePath+".csv", v.q)
	}
	if p.Views, p.Save, err = s.boardViews(c, v); err != nil {
		return err
	}
	if p.Filters, err = s.boardFilters(c, v, true); err != nil {
		return err
	}
	sorted, way := orElse(f.Sort, "age"), orElse(f.Way, "asc")
	p.Columns = []templates.Column{v.column("Deal", "title", sorted, way, "asc", false, false), v.column("Stage", "stage", sorted, way, "asc", false, true),
		v.column("Value", "value", sorted, way, "desc", true, false), v.column("Expected", "expected", sorted, way, "asc", false, true), {Label: "Next step", Narrow: true},
		{Label: "Owner", Narrow: true}, v.column("In stage", "age", sorted, way, "asc", true, true)}
	for _, d := range lines {
		p.Rows = append(p.Rows, s.dealRow(c, d, v.here()))
	}
	if s.may(c, auth.PipelineWrite) && len(lines) > 0 {
		if p.Bulk, err = s.dealBulkForm(c, v, len(lines), total); err != nil {
			return err
		}
		p.Columns = append([]templates.Column{{Label: "Pick"}}, p.Columns...)
	}
	p.Empty = templates.Empty{Suit: "club", Title: "No deals here", Text: "A deal opens when an owner accepts a lead. What was won and lost is under “State”."}
	if p.Filters.ClearURL != "" {
		p.Empty = templates.Empty{Suit: "club", Title: "Nothing fits", Text: "No deal fits all that was chosen and typed above.", Action: &templates.PageAction{Label: "Show all deals", URL: v.path + "?view=list"}}
	}
	return s.page(c, http.StatusOK, "admin/deals", p)
}

func (s *Server) dealRow(c echo.Context, d app.DealCard, here string) templates.DealRow {
	r := templates.DealRow{BoardCard: s.dealCard(c, d, here), Tick: d.ID.String() + " " + strconv.FormatInt(d.Version, 10), Stage: d.StageTitle, Source: sourceWord(d.Source)}
	if d.ExpectedOn != nil {
		r.Expected = *d.ExpectedOn
	}
	r.State = map[string]templates.Tag{pipeline.Won: {Label: "Won", Tone: "good"}, pipeline.Lost: {Label: "Lost", Tone: "bad"}}[d.State]
	return r
}

// dealExport streams the view as CSV.
func (s *Server) dealExport(c echo.Context) error {
	v, err := s.view(c)
	if err != nil {
		return err
	}
	if all, whole, err := s.wholeView(c); err != nil {
		return err
	} else if whole {
		v = all
	}
	f, err := s.dealFilter(c, v)
	if err != nil {
		return err
	}
	filter := map[string]any{}
	if len(f.IDs) > 0 {
		filter["ticked"] = len(f.IDs)
	}
	for _, name := range boardParams {
		switch val := v.q.Get(name); {
		case val == "":
		case name == "q" || len(val) > 80:
			filter[name] = "(not kept)"
		default:
			filter[name] = val
		}
	}
	h := c.Response().Header()
	h.Set("Content-Type", "text/csv; charset=utf-8; header=present")
	h.Set("Content-Disposition", `attachment; filename="deals-`+s.app.Store().Now().In(v.zone).Format("2006-01-02")+`.csv"`)
	if c.Request().Method == http.MethodHead {
		return c.NoContent(http.StatusOK)
	}
	err = s.app.ExportDeals(c.Request().Context(), c.Response(), f, filter, s.actor(c), c.Response().Flush)
	if err != nil && c.Response().Committed {
		s.log.Error("an export was cut short", "id", c.Get(requestID), "error", err)
		panic(http.ErrAbortHandler)
	}
	if err != nil {
		h.Del("Content-Disposition")
	}
	return err
}

// boardViews are board, list, what was saved of them, and the plans; and the form that saves the view which is shown.
func (s *Server) boardViews(c echo.Context, v view) ([]templates.Tab, *templates.SaveView, error) {
	list := v.q.Get("view") == "list"
	tabs := []templates.Tab{{Label: "Board", URL: with(v.path, v.q, "view", "", "stage", "", "state", "", "sort", "", "way", "")}, {Label: "List", URL: v.with("view", "list")}}
	saved, err := s.app.SavedViews(c.Request().Context(), s.user(c).ID, "pipeline")
	if err != nil {
		return nil, nil, err
	}
	q := v.q
	shown := strings.TrimPrefix(strings.TrimPrefix(with(v.path, q, "more", ""), v.path), "?")
	save := &templates.SaveView{Action: pipelinePath + "/views", Query: shown}
	found := false
	for _, sv := range saved {
		tab := templates.Tab{Label: sv.Name, URL: v.path + "?" + sv.Query, Current: sv.Query == shown}
		if tab.Current {
			found = true
			a := postButton("Drop this view", "close", pipelinePath+"/views/"+sv.ID.String()+"/drop", 0)
			save.Drop = &a
		}
		tabs = append(tabs, tab)
	}
	if !found {
		tabs[0].Current, tabs[1].Current = !list, list
	}
	if v.clear(boardParams...) == "" && save.Drop == nil {
		save = nil
	}
	return append(tabs, templates.Tab{Label: "Plans", URL: plansPath}), save, nil
}

// viewSave keeps the view under a name.
func (s *Server) viewSave(c echo.Context) error {
	q := posted(c, "query")
	err := s.app.SaveView(c.Request().Context(), s.user(c).ID, "pipeline", posted(c, "name"), q)
	return s.after(c, err, "Kept. It stands beside “List” from now on, for you alone.", pipelinePath+"?"+q)
}

// viewDrop forgets a view.
func (s *Server) viewDrop(c echo.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	return s.after(c, s.app.DropView(c.Request().Context(), s.user(c).ID, id), "Dropped. The deals are as they were.", pipelinePath)
}
