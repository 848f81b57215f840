package web

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/crm"
	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/templates"
)

func (s *Server) connectorEdit(c echo.Context) error {
	id, read, err := idAndVersion(c)
	if err != nil {
		return err
	}
	d, err := s.app.ConnectorDetail(c.Request().Context(), id)
	if err != nil {
		return err
	}
	in := s.connectorTyped(c, d.About)
	in.Version = read
	err = s.app.EditConnector(c.Request().Context(), id, in, s.actor(c))
	if status := formStatus(err); status != 0 && !wantsJSON(c) {
		return s.showConnector(c, status, nil, err)
	}
	return s.after(c, err, "Saved.", connectorsPath+"/"+id.String())
}

func (s *Server) connectorState(c echo.Context) error {
	id, read, err := idAndVersion(c)
	if err != nil {
		return err
	}
	state := posted(c, "state")
	done := map[string]string{app.ConnectorOn: "It is on. What waited goes out now.", app.ConnectorHeld: "It is held. What happens is collected.", app.ConnectorOff: "It is off."}[state]
	return s.after(c, s.app.SetConnectorState(c.Request().Context(), id, read, state, s.actor(c)), done, connectorsPath+"/"+id.String())
}

// connectorTest shows what the system answered, in the answer to the button itself.
func (s *Server) connectorTest(c echo.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	out, err := s.app.TestConnector(c.Request().Context(), id, s.actor(c))
	if errs.Is(err, errs.Unavailable) {
		return s.after(c, errs.New(errs.Conflict, "%s", errs.Public(err).Message), "", connectorsPath+"/"+id.String())
	}
	if err != nil {
		return err
	}
	a := answered(out)
	if out.Class == crm.Done {
		a.Tag, a.Text = templates.Tag{Label: "It works", Tone: "good"}, "It let us in, and what the settings and the mapping name is there."
		if len(a.Exchanges) <= 1 {
			a.Text = "It took the test."
		}
	}
	return s.showConnector(c, http.StatusOK, a, nil)
}

var classWords = map[string]templates.Tag{string(crm.Done): {Label: "Done", Tone: "good"}, string(crm.Retry): {Label: "Failed, tried again", Tone: "wait"}, string(crm.RateLimited): {Label: "Asked to wait", Tone: "wait"},
	string(crm.Unauthorised): {Label: "Key refused", Tone: "bad"}, string(crm.Misconfigured): {Label: "Settings do not fit", Tone: "bad"}, string(crm.Refused): {Label: "Refused", Tone: "bad"},
	string(crm.Unknown): {Label: "No complete answer", Tone: "wait"}, "open": {Label: "Under way", Tone: "wait"}}

// answered shows an outcome with its requests.
func answered(out crm.Outcome) *templates.Answered {
	a := &templates.Answered{Tag: tagOf(classWords, string(out.Class)), Text: capital(out.Reason)}
	for _, x := range out.Trace {
		a.Exchanges = append(a.Exchanges, templates.ExchangeView{Request: x.Method + " " + x.Path, Body: prettyJSON(x.Body), Status: x.Status, Answer: prettyJSON(x.Answer), Dry: x.Dry})
	}
	return a
}

func capital(s string) string {
	if s == "" {
		return ""
	}
	return upperFirst(s) + "."
}

func (s *Server) connectorReplay(c echo.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	zone := s.zone(c)
	day := func(name string) (time.Time, error) {
		t, err := time.ParseInLocation(time.DateOnly, posted(c, name), zone)
		if err != nil {
			return t, errs.InvalidFields(errs.Field{Field: name, Code: "invalid", Message: "Please choose two days."})
		}
		return t, nil
	}
	from, err := day("from")
	n := 0
	if err == nil {
		var to time.Time
		if to, err = day("to"); err == nil {
			n, err = s.app.Replay(c.Request().Context(), id, from, to.AddDate(0, 0, 1), s.actor(c))
		}
	}
	return s.after(c, err, "Told again: "+count(n, "event", "events")+".", connectorsPath+"/"+id.String())
}
