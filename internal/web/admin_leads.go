package web

import (
	"net/http"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/auth"
	"github.com/gatehouse/gatehouse/internal/report"
	"github.com/gatehouse/gatehouse/templates"
)

var leadParams = []string{"q", "did", "from", "to", "since", "gate", "source", "confirmed", "state", "company", "returned", "returned_since", "sort", "way"}

// leadFilter is the view of the leads that an address names.
func (v view) leadFilter() app.LeadFilter {
	f := app.LeadFilter{Search: v.q.Get("q"), Did: v.pick("did", "opened"), GateID: v.gateID(), Source: v.q.Get("source"),
		Confirmed: v.pick("confirmed", "yes", "no"), State: v.pick("state", "active", "erased"), Sort: v.pick("sort", "name", "company", "first", "last"),
		Ascending: v.q.Get("way") == "asc"}
	f.From, f.To, f.Since = v.span()
	if f.Returned = v.q.Get("returned"); f.Returned != "" {
		if day, ok := report.ParseDay(v.q.Get("returned_since")); ok {
			at := day.Start(v.zone)
			f.BackSince = &at
		}
	}
	if id, err := uuid.Parse(v.q.Get("company")); err == nil {
		f.Company = &id
	}
	return f
}

// leadList is every lead, in the view that the address names.
func (s *Server) leadList(c echo.Context) error {
	v, err := s.view(c)
	if err != nil {
		return err
	}
	f := v.leadFilter()
	if f.Sight, err = s.app.VisibleTo(c.Request().Context(), s.user(c)); err != nil {
		return err
	}
	lines, total, err := s.app.ListLeads(c.Request().Context(), f, listSize, v.offset())
	if err != nil {
		return err
	}
	p := templates.LeadsPage{Tools: templates.TableTools{Total: total, One: "lead", Many: "leads", About: v.about()}, Pagination: v.pagination(len(lines), total)}
	if p.AdminPage, err = s.adminPage(c, "leads", "Leads"); err != nil {
		return err
	}
	p.Wide = true
	if s.may(c, auth.LeadsExport) {
		p.Tools.ExportURL = with("/admin/leads.csv", v.q)
	}
	p.Filters = templates.Filters{Action: v.path, Search: f.Search, SearchHint: "Name, address or company", Dates: true, From: v.q.Get("from"), To: v.q.Get("to"),
		Hidden: v.hidden("since", "company", "returned", "returned_since", "sort", "way"), ClearURL: v.clear(leadParams[:12]...), Selects: []templates.FilterSelect{
			v.choice("did", "Who", "Asked", "opened", "Opened it"), v.gateChoice(), v.sourceChoice(),
			v.choice("confirmed", "Address", "Any", "yes", "Confirmed", "no", "Claimed only"), v.choice("state", "State", "Any", "active", "Active", "erased", "Erased")}}
	p.Columns = v.leadColumns(f)
	for _, l := range lines {
		p.Rows = append(p.Rows, leadRow(l))
	}
	p.Empty = templates.Empty{Suit: "diamond", Title: "No leads yet", Text: "A lead appears here as soon as somebody fills in the form of a landing page. Share the address of yours to begin.",
		Action: &templates.PageAction{Label: "Open your landing pages", URL: "/"}}
	if p.Filters.ClearURL != "" {
		p.Empty = templates.Empty{Suit: "diamond", Title: "Nobody fits", Text: "No lead fits all that was chosen and typed above.", Action: &templates.PageAction{Label: "Show all leads", URL: v.path}}
	}
	return s.page(c, http.StatusOK, "admin/leads", p)
}

// about says in words what a figure's address chose that no input shows.
func (v view) about() string {
	if since := v.q.Get("since"); since != "" {
		return "counted on their first day since " + since
	}
	return ""
}

func (v view) leadColumns(f app.LeadFilter) []templates.Column {
	sorted, way := f.Sort, "desc"
	if sorted == "" {
		sorted = "last"
	}
	if f.Ascending {
		way = "asc"
	}
	return []templates.Column{v.column("Name", "name", sorted, way, "asc", false, false), v.column("Company", "company", sorted, way, "asc", false, true),
		{Label: "Asked first at", Narrow: true}, {Label: "Last mail"}, {Label: "Grade", Narrow: true}, {Label: "Opened", Number: true, Narrow: true}, v.column("Last asked", "last", sorted, way, "desc", true, false)}
}

func leadRow(l app.LeadLine) templates.LeadRow {
	r := templates.LeadRow{URL: "/admin/leads/" + l.ID.String(), Name: fullName(l.GivenName, l.FamilyName), Email: l.Email, Company: l.Company, JobTitle: l.JobTitle,
		Gate: l.Gate, Source: sourceWord(l.Source), Grade: l.Grade, Downloads: l.Downloads, FirstSeen: l.CreatedAt, LastSeen: l.LastAt, State: templates.Tag{Label: "No mail yet"}}
	if l.Mail != nil {
		r.State = messageTag(*l.Mail)
	}
	if l.State == "erased" {
		r.Name, r.Email, r.State = "Erased person", "", templates.Tag{Label: "Erased"}
	}
	return r
}

// leadExport streams the same view as CSV. A fault in the middle cuts the connection, so that half a file never passes
// for a whole one.
func (s *Server) leadExport(c echo.Context) error {
	v, err := s.view(c)
	if err != nil {
		return err
	}
	filter := map[string]any{}
	for _, name := range leadParams {
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
	h.Set("Content-Disposition", `attachment; filename="leads-`+s.app.Store().Now().In(v.zone).Format("2006-01-02")+`.csv"`)
	if c.Request().Method == http.MethodHead {
		return c.NoContent(http.StatusOK)
	}
	err = s.app.ExportLeads(c.Request().Context(), c.Response(), v.leadFilter(), filter, s.actor(c), c.Response().Flush)
	if err != nil && c.Response().Committed {
		s.log.Error("an export was cut short", "id", c.Get(requestID), "error", err)
		panic(http.ErrAbortHandler)
	}
	if err != nil {
		h.Del("Content-Disposition")
	}
	return err
}
