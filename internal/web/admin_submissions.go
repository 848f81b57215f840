package web

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/auth"
	"github.com/gatehouse/gatehouse/internal/store"
	"github.com/gatehouse/gatehouse/templates"
)

// submissionList is the rows behind the figures: one line an answer set. What was doubtful is shown only to those who
// decide about it.
func (s *Server) submissionList(c echo.Context) error {
	v, err := s.view(c)
	if err != nil {
		return err
	}
	f := app.SubmissionFilter{GateID: v.gateID(), Source: v.q.Get("source")}
	f.From, f.To, _ = v.span()
	decides := s.may(c, auth.QuarantineDecide)
	states := []string{store.StateReceived, store.StateProcessed, store.StateReleased, store.StateErased}
	if decides {
		states = append(states, store.StateQuarantined, store.StateDiscarded)
	}
	f.State = v.pick("state", states...)
	if f.State == store.StateErased && !decides {
		f.State = "" // among the erased are some that were in quarantine
	}
	if f.Sight, err = s.app.VisibleTo(c.Request().Context(), s.user(c)); err != nil {
		return err
	}
	lines, total, err := s.app.ListSubmissions(c.Request().Context(), f, listSize, v.offset())
	if err != nil {
		return err
	}
	p := templates.SubmissionsPage{Tools: templates.TableTools{Total: total, One: "submission", Many: "submissions"}, Pagination: v.pagination(len(lines), total)}
	if p.AdminPage, err = s.adminPage(c, "home", "Submissions", templates.Link{Label: "Home", URL: "/admin"}); err != nil {
		return err
	}
	p.Wide = true
	p.Filters = templates.Filters{Action: v.path, HideSearch: true, Dates: true, From: v.q.Get("from"), To: v.q.Get("to"), ClearURL: v.clear("from", "to", "gate", "source", "state"),
		Selects: []templates.FilterSelect{v.gateChoice(), v.sourceChoice(), v.choice("state", "State", "Accepted", optionsOf(submissionStates, states...)...)}}
	p.Columns = []templates.Column{{Label: "Who"}, {Label: "Landing page", Narrow: true}, {Label: "Source", Narrow: true}, {Label: "Where", Narrow: true}, {Label: "State"},
		{Label: "Received", Number: true, Sorted: "desc"}}
	for _, l := range lines {
		p.Rows = append(p.Rows, submissionRow(l))
	}
	p.Empty = templates.Empty{Suit: "club", Title: "No submission", Text: "Nobody sent the form in what was chosen above.", Action: &templates.PageAction{Label: "Show all submissions", URL: v.path}}
	return s.page(c, http.StatusOK, "admin/submissions", p)
}

func submissionRow(l app.SubmissionLine) templates.SubmissionRow {
	r := templates.SubmissionRow{Name: fullName(l.GivenName, l.FamilyName), Email: l.Address, Gate: l.Gate, Source: sourceWord(l.Source), Door: word(doorWords, l.Door),
		State: tagOf(submissionStates, l.State), At: l.ReceivedAt, Erased: l.Address == ""}
	switch {
	case l.LeadID != nil:
		r.URL = "/admin/leads/" + l.LeadID.String()
	case l.State == store.StateQuarantined:
		r.URL = "/admin/quarantine#s-" + l.ID.String()
	case l.State == store.StateDiscarded:
		r.URL = "/admin/quarantine?show=discarded#s-" + l.ID.String()
	default:
		r.URL = "/admin/submissions"
	}
	if r.Erased {
		r.Name = ""
	}
	return r
}
