package web

import (
	"fmt"

	"github.com/labstack/echo/v4"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/auth"
	"github.com/gatehouse/gatehouse/internal/crm"
	"github.com/gatehouse/gatehouse/templates"
)

// leadPushes shows what other systems were told, and what they hold.
func (s *Server) leadPushes(c echo.Context, d app.LeadDetail, p *templates.LeadPage) error {
	if len(d.Pushes) == 0 && len(d.Remotes) == 0 {
		return nil
	}
	v := templates.LeadPushesView{Summary: "Told to other systems, " + fmt.Sprint(len(d.Pushes))}
	for _, r := range d.Remotes {
		f := templates.Fact{Name: r.Connector, Value: r.RemoteKind + " " + r.RemoteID}
		if r.GoneAt != nil {
			f.Tag = &templates.Tag{Label: "deleted there", Tone: "bad"}
			f.Note = "on " + moment(*r.GoneAt, s.zone(c)) + "; nothing was deleted here"
		}
		v.Holds = append(v.Holds, f)
	}
	linked := s.may(c, auth.ConnectorsRead)
	for _, l := range d.Pushes {
		v.Rows = append(v.Rows, pushRow(l, linked))
	}
	if linked {
		v.AllURL = "/admin/pushes?lead=" + d.ID.String()
	}
	p.Pushes = &v
	return nil
}

// toldOf are what other systems told of a person, and what they could not be told.
func toldOf(d app.LeadDetail) (out []templates.TimelineEvent) {
	for _, x := range d.Told {
		e := templates.TimelineEvent{At: x.At, Icon: "plug", Title: x.Connector + ": " + x.Type + " there", Text: x.Reason, By: x.Connector}
		if x.ObjectKind == crm.Deal {
			e.Title = x.Connector + ": deal " + x.Type + " there"
		}
		if x.Outcome == "refused" {
			e.Tone, e.Labels = "bad", []templates.Tag{{Label: "not possible here", Tone: "bad"}}
		}
		out = append(out, e)
	}
	for _, l := range d.Pushes {
		switch l.State {
		case app.PushDone:
			out = append(out, templates.TimelineEvent{At: l.StateAt, Icon: "plug", Title: "Told " + l.Connector + ": " + word(eventWordsOut, l.Type)})
		case app.PushRefused:
			out = append(out, templates.TimelineEvent{At: l.StateAt, Icon: "warning", Tone: "bad", Title: l.Connector + " refused: " + word(eventWordsOut, l.Type), Text: l.Reason})
		}
	}
	return out
}
