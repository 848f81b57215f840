package web

import (
	"net/http"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/auth"
	"github.com/gatehouse/gatehouse/templates"
)

const inboundPath = "/admin/inbound"

var inboundTags = map[string]templates.Tag{app.InboundCopy: {Label: "On the timeline: we wrote", Tone: "good"}, app.InboundReply: {Label: "On the timeline: they wrote", Tone: "good"},
	app.InboundAutomatic: {Label: "A program wrote it"}, app.InboundUnverified: {Label: "Sender is not who it says", Tone: "bad"}, app.InboundStranger: {Label: "From somebody unknown", Tone: "wait"},
	app.InboundNobody: {Label: "To no lead’s address", Tone: "wait"}, app.InboundUnreadable: {Label: "Could not be read", Tone: "bad"}, app.InboundErased: {Label: "Person was erased"}}

// inboundList is every mail that came in on the leads' own addresses, also what could not be matched, the newest first.
func (s *Server) inboundList(c echo.Context) error {
	v, err := s.view(c)
	if err != nil {
		return err
	}
	f := app.InboundFilter{Outcome: v.pick("outcome", app.InboundOutcomes()...)}
	if id, err := uuid.Parse(v.q.Get("lead")); err == nil {
		f.LeadID = &id
	}
	if f.Sight, err = s.app.VisibleTo(c.Request().Context(), s.user(c)); err != nil {
		return err
	}
	lines, total, err := s.app.ListInbound(c.Request().Context(), f, listSize, v.offset())
	if err != nil {
		return err
	}
	p := templates.InboundPage{Tools: templates.TableTools{Total: total, One: "mail", Many: "mails"}, Pagination: v.pagination(len(lines), total)}
	if p.AdminPage, err = s.adminPage(c, "messages", "Mail that came in", templates.Link{Label: "Messages", URL: "/admin/messages"}); err != nil {
		return err
	}
	p.Lead = "What was sent to the leads’ own addresses, and what came of it. The text of a mail that was matched stands on the lead’s timeline."
	p.Filters = templates.Filters{Action: v.path, HideSearch: true, Hidden: v.hidden("lead"), ClearURL: v.clear("outcome", "lead"),
		Selects: []templates.FilterSelect{v.choice("outcome", "What came of it", "Anything", optionsOf(inboundTags, app.InboundOutcomes()...)...)}}
	p.Columns = []templates.Column{{Label: "From"}, {Label: "About"}, {Label: "What came of it"}, {Label: "Size", Number: true, Narrow: true}, {Label: "Came in", Number: true, Sorted: "desc"}}
	for _, l := range lines {
		r := templates.InboundRow{From: l.Sender, Person: l.Person, State: tagOf(inboundTags, l.Outcome), Size: grouped(int64(l.Size+1023)/1024) + " kB", At: l.ReceivedAt}
		if l.LeadID != nil {
			r.LeadURL = "/admin/leads/" + l.LeadID.String()
		}
		p.Rows = append(p.Rows, r)
	}
	p.Empty = templates.Empty{Suit: "heart", Title: "No mail came in", Text: "Each lead has an address of its own, for copies of what you write and for replies. What is sent there is listed here.",
		Action: &templates.PageAction{Label: "See the leads", URL: "/admin/leads", Icon: "person"}}
	set, err := s.app.Store().SalesSettings(c.Request().Context())
	if err != nil {
		return err
	}
	if set.InboundDomain == "" && s.may(c, auth.TeamsWrite) {
		p.Empty.Text = "Leads can have an address of their own, for copies of what you write and for replies. It needs a domain whose mail comes here."
		p.Empty.Action = &templates.PageAction{Label: "Name the domain", URL: salesSettingsPath + "#f-inbound_domain", Icon: "settings"}
	}
	if p.Filters.ClearURL != "" {
		p.Empty = templates.Empty{Suit: "heart", Title: "No such mail", Text: "No mail fits what was chosen above.", Action: &templates.PageAction{Label: "Show all mail", URL: v.path}}
	}
	return s.page(c, http.StatusOK, "admin/inbound", p)
}
