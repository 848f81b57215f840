package web

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/auth"
	"github.com/gatehouse/gatehouse/internal/crm"
	"github.com/gatehouse/gatehouse/internal/store"
	"github.com/gatehouse/gatehouse/templates"
)

var pushStates = map[string]templates.Tag{app.PushWaiting: {Label: "Waits", Tone: "wait"}, app.PushHeld: {Label: "Held", Tone: "wait"}, app.PushSending: {Label: "On its way", Tone: "wait"},
	app.PushDone: {Label: "Told", Tone: "good"}, app.PushRefused: {Label: "Refused", Tone: "bad"}, app.PushDropped: {Label: "Dropped"}, app.PushSuperseded: {Label: "In a newer one"}}

var pushOrder = []string{app.PushWaiting, app.PushHeld, app.PushSending, app.PushDone, app.PushRefused, app.PushDropped, app.PushSuperseded}

var eventWordsOut = map[string]string{app.SubmissionProcessed: "Asked for a document", app.DocumentDownloaded: "Opened the document", app.LeadQualified: "Qualified", app.LeadAssigned: "Assigned",
	app.LeadAccepted: "Accepted", app.LeadReturned: "Returned", app.LeadChanged: "Changed", app.DealStageChanged: "Deal moved", app.DealChanged: "Deal changed", app.LeadMerged: "Merged into another",
	app.LeadUnmerged: "On its own again", app.LeadErased: "Erased"}

func pushRow(l app.PushLine, linked bool) templates.PushRow {
	r := templates.PushRow{What: word(eventWordsOut, l.Type), Person: l.Person, LeadURL: "/admin/leads/" + l.LeadID.String(), Connector: l.Connector, State: tagOf(pushStates, l.State), Reason: l.Reason,
		Tries: int(l.Tries), At: l.CreatedAt}
	if linked {
		r.URL = "/admin/pushes/" + l.ID.String()
	}
	return r
}

// pushList is everything that other systems were told, the newest first.
func (s *Server) pushList(c echo.Context) error {
	v, err := s.view(c)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	connectors, err := s.app.Connectors(ctx)
	if err != nil {
		return err
	}
	f := app.PushFilter{State: v.pick("state", append([]string{"open"}, pushOrder...)...), Type: v.pick("type", crm.EventTypes...)}
	if id, err := uuid.Parse(v.q.Get("connector")); err == nil {
		f.Connector = &id
	}
	if id, err := uuid.Parse(v.q.Get("lead")); err == nil {
		f.LeadID = &id
	}
	lines, total, err := s.app.ListPushes(ctx, f, listSize, v.offset())
	if err != nil {
		return err
	}
	p := templates.PushesPage{Tools: templates.TableTools{Total: total, One: "push", Many: "pushes"}, Pagination: v.pagination(len(lines), total)}
	if p.AdminPage, err = s.adminPage(c, "connectors", "Pushes", templates.Link{Label: "Connectors", URL: connectorsPath}); err != nil {
		return err
	}
	p.Wide = true
	var names, types []string
	for _, x := range connectors {
		names = append(names, x.ID.String(), x.Name)
	}
	for _, t := range crm.EventTypes {
		types = append(types, t, word(eventWordsOut, t))
	}
	states := append([]string{"open", "Not told yet"}, optionsOf(pushStates, pushOrder...)...)
	p.Filters = templates.Filters{Action: v.path, HideSearch: true, Hidden: v.hidden("lead"), ClearURL: v.clear("connector", "state", "type", "lead"),
		Selects: []templates.FilterSelect{v.choice("connector", "Connector", "Any", names...), v.choice("state", "State", "Any", states...), v.choice("type", "News", "Any", types...)}}
	p.Columns = []templates.Column{{Label: "News"}, {Label: "About", Narrow: true}, {Label: "To", Narrow: true}, {Label: "How far"}, {Label: "Tries", Number: true, Narrow: true}, {Label: "Made", Number: true, Sorted: "desc"}}
	for _, l := range lines {
		p.Rows = append(p.Rows, pushRow(l, true))
	}
	p.Empty = templates.Empty{Suit: "diamond", Title: "Nothing was told yet", Text: "Each piece of news for another system stands here, with every try and every answer. It begins when a system is connected and switched on.",
		Action: &templates.PageAction{Label: "See the connectors", URL: connectorsPath, Icon: "plug"}}
	if p.Filters.ClearURL != "" {
		p.Empty = templates.Empty{Suit: "diamond", Title: "No such push", Text: "No push fits all that was chosen above.", Action: &templates.PageAction{Label: "Show all pushes", URL: v.path}}
	}
	return s.page(c, http.StatusOK, "admin/pushes", p)
}

// pushShow is one push with each try: what was sent, what came back.
func (s *Server) pushShow(c echo.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	d, err := s.app.PushDetail(c.Request().Context(), id)
	if err != nil {
		return err
	}
	conn, err := s.app.ConnectorDetail(c.Request().Context(), d.ConnectorID)
	if err != nil {
		return err
	}
	p := templates.PushPage{Facts: s.pushFacts(c, d)}
	if p.AdminPage, err = s.adminPage(c, "connectors", word(eventWordsOut, d.Type)+", to "+d.Connector, templates.Link{Label: "Connectors", URL: connectorsPath}, templates.Link{Label: "Pushes", URL: "/admin/pushes"}); err != nil {
		return err
	}
	if len(d.Payload) > 2 {
		p.Payload = prettyJSON(string(d.Payload))
	}
	switch {
	case d.State == app.PushWaiting && d.Reason != "":
		p.Notices = append(p.Notices, templates.Notice{Kind: "wait", Text: "It was not told yet: " + d.Reason + ". It is tried again on " + moment(d.DueAt, s.zone(c)) + "."})
	case d.State == app.PushWaiting: // it waits for its turn, or for the system as a whole
		p.Notices = append(p.Notices, s.connectorNotices(c, conn)...)
	case d.State == app.PushRefused:
		p.Notices = append(p.Notices, templates.Notice{Kind: "fault", Text: "It was refused: " + orElse(d.Reason, "no reason was kept") + "."})
	case d.State == app.PushDropped:
		p.Notices = append(p.Notices, templates.Notice{Kind: "note", Text: "It was not told: " + d.Reason + "."})
	}
	for _, a := range slices.Backward(d.Attempts) {

		p.Tries = append(p.Tries, templates.PushTryRow{Number: int(a.Number), Outcome: tagOf(classWords, a.Outcome), Status: int(a.Status), Started: a.StartedAt, Finished: at(a.FinishedAt), Request: prettyLines(a.Request), Answer: a.Answer})
	}
	if s.may(c, auth.ConnectorsWrite) {
		url := "/admin/pushes/" + id.String()
		switch d.State {
		case app.PushWaiting:
			p.Actions = append(p.Actions, postButton("Try now", "send", url+"/retry", 0), postButton("Hold", "clock", url+"/hold", 0))
		case app.PushHeld, app.PushRefused, app.PushDropped:
			if !d.Erased || d.Type == app.LeadErased {
				label := "Try again"
				if d.State == app.PushHeld {
					label = "Let it go"
				}
				p.Actions = append(p.Actions, postButton(label, "send", url+"/retry", 0))
			}
		}
	}
	return s.page(c, http.StatusOK, "admin/push", p)
}

// prettyLines breaks the JSON lines of a kept request.
func prettyLines(text string) string {
	lines := strings.Split(text, "\n")
	for i, l := range lines {
		lines[i] = prettyJSON(l)
	}
	return strings.Join(lines, "\n")
}

func (s *Server) pushFacts(c echo.Context, d app.PushDetail) templates.Ledger {
	tag := tagOf(pushStates, d.State)
	zone := s.zone(c)
	who := templates.Fact{Name: "About", Value: orElse(d.Person, "Erased person")}
	if s.may(c, auth.LeadsRead) {
		who.URL = "/admin/leads/" + d.LeadID.String()
	}
	l := templates.Ledger{Title: "This push", Facts: []templates.Fact{who, {Name: "To", Value: d.Connector, URL: connectorsPath + "/" + d.ConnectorID.String()}, {Name: "How far", Value: " ", Tag: &tag},
		{Name: "Made", Value: moment(d.CreatedAt, zone)}, {Name: "Since", Value: moment(d.StateAt, zone)}, {Name: "Tries", Value: strconv.Itoa(int(d.Tries))}}}
	for _, o := range d.Objects {
		f := templates.Fact{Name: "Their " + o.RemoteKind, Value: o.RemoteID}
		if o.GoneAt != nil {
			f.Note = "deleted there"
		}
		l.Facts = append(l.Facts, f)
	}
	return templates.Ledger{Title: l.Title, Facts: append(l.Facts, templates.Fact{Name: "Our id", Value: d.ID.String()})}
}

func (s *Server) pushRetry(c echo.Context) error {
	return s.pushButton(c, s.app.RetryPush, "It is tried now.")
}

func (s *Server) pushHold(c echo.Context) error {
	return s.pushButton(c, s.app.HoldPush, "It is held.")
}

func (s *Server) pushButton(c echo.Context, fn func(context.Context, uuid.UUID, store.Actor) error, done string) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	return s.after(c, fn(c.Request().Context(), id, s.actor(c)), done, "/admin/pushes/"+id.String())
}
