package web

import (
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/form"
	"github.com/gatehouse/gatehouse/templates"
)

// quarantineList is what looked doubtful and waits for a person, or what a person discarded.
func (s *Server) quarantineList(c echo.Context) error {
	v, err := s.view(c)
	if err != nil {
		return err
	}
	discarded := v.q.Get("show") == "discarded"
	rows, total, err := s.app.ListQuarantine(c.Request().Context(), discarded, listSize, v.offset())
	if err != nil {
		return err
	}
	if len(rows) == 0 && v.page > 1 { // the last row of the last page was decided
		return c.Redirect(http.StatusSeeOther, v.with())
	}
	p := templates.QuarantinePage{Discarded: discarded, Tools: templates.TableTools{Total: total, One: "submission waits", Many: "submissions wait", About: "for a decision, the longest waiting first"},
		Pagination: v.pagination(len(rows), total),
		Tabs:       []templates.Tab{{Label: "Waiting", URL: v.path, Current: !discarded}, {Label: "Discarded", URL: v.path + "?show=discarded", Current: discarded}},
		Empty:      templates.Empty{Suit: "spade", Title: "Nothing waits", Text: "What looks like a robot waits here for a person; nothing is thrown away by itself. You are told by mail when something comes in."}}
	if p.AdminPage, err = s.adminPage(c, "quarantine", "Quarantine"); err != nil {
		return err
	}
	p.Wide = true
	if discarded {
		p.Tools.One, p.Tools.Many, p.Tools.About = "submission was discarded", "submissions were discarded", ""
		p.Empty = templates.Empty{Suit: "spade", Title: "Nothing was discarded", Text: "What somebody discards stands here and can be taken back."}
	}
	for i, q := range rows {
		r := quarantineRow(q, v.here())
		r.Focus = i == 0 && p.Flash != nil
		if discarded {
			r.UndoURL = "/admin/quarantine/" + r.ID + "/undo"
		} else {
			r.ReleaseURL, r.DiscardURL = "/admin/quarantine/"+r.ID+"/release", "/admin/quarantine/"+r.ID+"/discard"
		}
		p.Rows = append(p.Rows, r)
	}
	return s.page(c, http.StatusOK, "admin/quarantine", p)
}

func quarantineRow(q app.Quarantined, here string) templates.QuarantineRow {
	r := templates.QuarantineRow{ID: q.ID.String(), Gate: q.Gate, Door: word(doorWords, q.Door), At: q.ReceivedAt, DecidedAt: q.StateAt, DecidedBy: q.DecidedBy, Weight: int(q.Weight), Back: here}
	for _, x := range q.Reasons {
		r.Reasons = append(r.Reasons, templates.ReasonRow{Sentence: x.Sentence, Weight: x.Weight})
	}
	if q.Payload == nil {
		return r
	}
	r.Email, r.From, r.Agent = q.Payload.Address, q.Payload.Block, q.Payload.UserAgent
	for _, f := range q.Fields {
		if val := q.Payload.Answers[f.Name]; val != "" && f.Name != "email" {
			for _, o := range form.OptionsFor(f) {
				if o.Value == val {
					val = o.Label
				}
			}
			r.Answers = append(r.Answers, templates.KV{Key: f.Label, Value: val})
		}
	}
	src := q.Payload.Source
	if came := strings.Join(notEmpty(src.UTMSource, src.UTMMedium, src.UTMCampaign, src.Referrer), " / "); came != "" {
		r.Answers = append(r.Answers, templates.KV{Key: "Came from", Value: came})
	}
	return r
}

// quarantineDecide releases or discards one, and comes back to the list.
func (s *Server) quarantineDecide(release bool) echo.HandlerFunc {
	return func(c echo.Context) error {
		id, err := pathID(c)
		if err != nil {
			return err
		}
		err = s.app.Decide(c.Request().Context(), id, release, s.actor(c))
		switch {
		case errs.Is(err, errs.Conflict):
			s.flash(c, "note", errs.Public(err).Message)
		case err != nil:
			return err
		case release:
			s.flash(c, "done", "Released. It goes the usual way from here.")
		default:
			s.flashUndo(c, "done", "Discarded.", &templates.PageAction{Label: "Take it back", URL: "/admin/quarantine/" + id.String() + "/undo", Method: "post", Icon: "undo"})
		}
		return c.Redirect(http.StatusSeeOther, back(c, "/admin/quarantine"))
	}
}

// quarantineUndo takes a discard back.
func (s *Server) quarantineUndo(c echo.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	err = s.app.Undiscard(c.Request().Context(), id, s.actor(c))
	switch {
	case errs.Is(err, errs.Conflict):
		s.flash(c, "note", errs.Public(err).Message)
	case err != nil:
		return err
	default:
		s.flash(c, "done", "Taken back. It waits for a decision again.")
	}
	return c.Redirect(http.StatusSeeOther, back(c, "/admin/quarantine"))
}
