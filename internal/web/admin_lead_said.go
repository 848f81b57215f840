package web

import (
	"strings"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/auth"
	"github.com/gatehouse/gatehouse/internal/lead"
	"github.com/gatehouse/gatehouse/internal/store"
	"github.com/gatehouse/gatehouse/templates"
)

// leadSaid shows what the reader said: it opens the brief.
func (s *Server) leadSaid(c echo.Context, d app.LeadDetail, p *templates.LeadPage) error {
	if d.State == "erased" {
		return nil
	}
	v := &templates.LeadSaidView{}
	if choice := d.Choice(); choice != nil {
		v.Choice = choiceView(*choice)
	}
	for _, x := range d.Sayings {
		line := templates.SaidLine{Text: x.Text, About: x.Document, At: x.At, Claim: x.State != "confirmed"}
		if x.Kind == "ours" {
			v.Ours = append(v.Ours, line)
			continue
		}
		if x.AnsweredAt != nil {
			line.Answered, line.By = *x.AnsweredAt, x.Answerer
		}
		if s.may(c, auth.LeadsWrite) {
			line.Mark = answerButton(d.ID, x)
		}
		v.Asked = append(v.Asked, line)
	}
	if v.Choice != nil || len(v.Ours)+len(v.Asked) > 0 {
		p.Said = v
	}
	return nil
}

func answerButton(leadID uuid.UUID, x app.SayingLine) *templates.PageAction {
	a := templates.PageAction{Label: "Mark as answered", Icon: "check", URL: "/admin/leads/" + leadID.String() + "/answered", Method: "post",
		Hidden: []templates.KV{{Key: "saying", Value: x.ID.String()}, {Key: "answered", Value: "yes"}}}
	if x.AnsweredAt != nil {
		a.Label, a.Icon, a.Hidden[1].Value = "Not answered yet", "undo", "no"
	}
	return &a
}

// choiceHeads say a choice in the words that the brief begins with.
var choiceHeads = map[string]string{lead.ByMail: "Write to them, once", lead.ByCall: "Call them", lead.ByBooking: "They choose a time in the owner's calendar", lead.ByNobody: "No contact"}

func choiceView(c store.ContactChoice) *templates.ChoiceView {
	v := &templates.ChoiceView{Head: word(choiceHeads, c.How), Tel: c.Tel, At: c.At, Claim: c.State != "confirmed", Stop: c.How == lead.ByNobody}
	for _, slot := range c.Slots {
		v.Slots = append(v.Slots, app.SlotWords(slot))
	}
	return v
}

// leadAnswered marks a question to the author as answered, or takes the mark back.
func (s *Server) leadAnswered(c echo.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	if err := s.app.MaySeeLead(c.Request().Context(), s.user(c), id); err != nil {
		return err
	}
	saying, err := uuid.Parse(posted(c, "saying"))
	if err != nil {
		return errNoPage
	}
	answered, done := posted(c, "answered") != "no", "Marked as answered."
	if !answered {
		done = "The question is open again."
	}
	return s.after(c, s.app.MarkAnswered(c.Request().Context(), id, saying, answered, s.actor(c)), done, "/admin/leads/"+id.String())
}

// saidOf are what the reader said, took back and chose.
func saidOf(d app.LeadDetail) (out []templates.TimelineEvent) {
	proof := func(state string) []templates.Tag {
		if state == "confirmed" {
			return []templates.Tag{{Label: "confirmed", Tone: "good"}}
		}
		return []templates.Tag{{Label: "claimed", Tone: "wait", Title: "Said on the thank-you page, by whoever typed the address."}}
	}
	for _, x := range append(append([]app.SayingLine{}, d.Sayings...), d.Taken...) {
		e := templates.TimelineEvent{At: x.At, Icon: "info", Tone: "good", Title: "Said “this one is us”", Text: x.Text, By: "the person", Labels: proof(x.State)}
		if x.Kind == "ask" {
			e.Title = "Asked the author"
		}
		out = append(out, e)
		if x.TakenBackAt != nil {
			out = append(out, templates.TimelineEvent{At: *x.TakenBackAt, Icon: "undo", Title: "Took back “this one is us”", Text: x.Text, By: "the person"})
		}
	}
	for _, x := range d.Choices {
		e := templates.TimelineEvent{At: x.At, Icon: "phone", Title: "Chose how to go on: " + strings.ToLower(word(choiceHeads, x.How)[:1]) + word(choiceHeads, x.How)[1:], By: "the person", Labels: proof(x.State)}
		if x.How == lead.ByMail {
			e.Icon = "mail"
		}
		if x.How == lead.ByBooking {
			e.Icon = "calendar"
		}
		if x.How == lead.ByNobody {
			e.Icon, e.Tone = "close", "bad"
		}
		for _, slot := range x.Slots {
			e.Facts = append(e.Facts, templates.KV{Key: "When", Value: app.SlotWords(slot)})
		}
		if x.Current {
			e.Labels = append(e.Labels, templates.Tag{Label: "binds now"})
		}
		out = append(out, e)
	}
	for _, x := range d.Inbound {
		e := templates.TimelineEvent{At: x.ReceivedAt, Icon: "mail", Title: word(inboundWords, x.Outcome), By: x.Sender}
		if x.Outcome == app.InboundAutomatic {
			e.Labels = append(e.Labels, templates.Tag{Label: "a machine", Title: "A program wrote it: a note of absence, say. It counts for nothing."})
		} else {
			e.Tone, e.Text = "wait", "It is kept, and counts for nothing."
		}
		out = append(out, e)
	}
	return out
}

// inboundWords say why a mail that came in stands beside nobody's name.
var inboundWords = map[string]string{app.InboundAutomatic: "An automatic mail came in", app.InboundUnverified: "A mail came in whose sender is not who it says",
	app.InboundStranger: "A mail came in from somebody else", app.InboundUnreadable: "A mail came in that cannot be read"}
