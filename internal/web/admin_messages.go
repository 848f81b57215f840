package web

import (
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/auth"
	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/store"
	"github.com/gatehouse/gatehouse/templates"
)

var (
	messageStateOrder = []string{store.MessagePending, store.MessageHeld, store.MessageSending, store.MessageUnknown, store.MessageSent, store.MessageEnded}
	deliveryOrder     = []string{"processed", "deferred", "delivered", "opened", "clicked", "dropped", "blocked", "bounced", "spamreport"}
	transports        = []string{"sendgrid", "smtp", "capture"}
	kinds             = []string{"requested", "marketing", "confirmation", "staff"}
)

func (v view) messageFilter() app.MessageFilter {
	f := app.MessageFilter{State: v.pick("state", messageStateOrder...), Delivery: v.pick("delivery", append([]string{"none", "returned"}, deliveryOrder...)...),
		Kind: v.pick("kind", kinds...), Transport: v.pick("transport", transports...), Second: v.q.Get("marked") == "second", Late: v.q.Get("marked") == "late"}
	if id, err := uuid.Parse(v.q.Get("lead")); err == nil {
		f.LeadID = &id
	}
	return f
}

// messageList is every e-mail, the newest first.
func (s *Server) messageList(c echo.Context) error {
	v, err := s.view(c)
	if err != nil {
		return err
	}
	f := v.messageFilter()
	if f.Sight, err = s.app.VisibleTo(c.Request().Context(), s.user(c)); err != nil {
		return err
	}
	lines, total, err := s.app.ListMessages(c.Request().Context(), f, listSize, v.offset())
	if err != nil {
		return err
	}
	p := templates.MessagesPage{Tools: templates.TableTools{Total: total, One: "message", Many: "messages"}, Pagination: v.pagination(len(lines), total)}
	if p.AdminPage, err = s.adminPage(c, "messages", "Messages"); err != nil {
		return err
	}
	p.Wide = true
	p.Action = &templates.PageAction{Label: "Mail that came in", URL: inboundPath, Icon: "mail"}
	var kindPairs, transportPairs []string
	for _, k := range kinds {
		kindPairs = append(kindPairs, k, kindWords[k])
	}
	for _, t := range transports {
		transportPairs = append(transportPairs, t, map[string]string{"sendgrid": "SendGrid", "smtp": "SMTP", "capture": "Captured"}[t])
	}
	delivery := append([]string{"none", "No word yet", "returned", "Did not arrive"}, optionsOf(deliveryWords, deliveryOrder...)...)
	p.Filters = templates.Filters{Action: v.path, HideSearch: true, Hidden: v.hidden("lead"), ClearURL: v.clear("state", "delivery", "kind", "transport", "marked", "lead"),
		Selects: []templates.FilterSelect{v.choice("state", "State", "Any", optionsOf(messageStates, messageStateOrder...)...), v.choice("delivery", "Delivery", "Any", delivery...),
			v.choice("kind", "Kind", "Any", kindPairs...), v.choice("transport", "Transport", "Any", transportPairs...),
			v.choice("marked", "Marked", "All", "second", "Second sends", "late", "Late")}}
	p.Columns = []templates.Column{{Label: "Message"}, {Label: "To", Narrow: true}, {Label: "How far"}, {Label: "Tries", Number: true, Narrow: true}, {Label: "By", Narrow: true},
		{Label: "Made", Number: true, Sorted: "desc"}}
	for _, m := range lines {
		p.Rows = append(p.Rows, messageRow(m))
	}
	p.Empty = templates.Empty{Suit: "heart", Title: "No message yet", Text: "Each document that somebody asks for goes out as an e-mail, and stands here with what became of it."}
	if p.Filters.ClearURL != "" {
		p.Empty = templates.Empty{Suit: "heart", Title: "No such message", Text: "No message fits all that was chosen above.", Action: &templates.PageAction{Label: "Show all messages", URL: v.path}}
	}
	return s.page(c, http.StatusOK, "admin/messages", p)
}

func messageRow(m app.MessageLine) templates.MessageRow {
	r := templates.MessageRow{URL: "/admin/messages/" + m.ID.String(), What: word(templateWords, m.Template), Recipient: m.Recipient, About: m.Document, Kind: word(kindWords, m.Kind),
		State: messageTag(m.Message), Reason: m.Reason, Tries: int(m.Tries), Second: m.SecondSend, Transport: m.Transport, At: m.CreatedAt}
	if m.LeadID != nil {
		r.LeadURL = "/admin/leads/" + m.LeadID.String()
	}
	if m.Erased {
		r.Recipient = ""
	}
	if m.State == store.MessageHeld {
		r.Until = m.DueAt
	}
	return r
}

// messagePage is one e-mail with each try and each word of the provider.
func (s *Server) messagePage(c echo.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	d, err := s.app.MessageDetail(c.Request().Context(), id)
	if err != nil {
		return err
	}
	if err := s.app.MaySeeMessage(c.Request().Context(), s.user(c), d.Message); err != nil {
		return err
	}
	zone := s.zone(c)
	p := templates.MessageDetailPage{State: messageTag(d.Message), Facts: s.messageFacts(c, d, zone)}
	if p.AdminPage, err = s.adminPage(c, "messages", orElse(d.Document, word(templateWords, d.Template)), templates.Link{Label: "Messages", URL: "/admin/messages"}); err != nil {
		return err
	}
	switch {
	case d.State == store.MessageHeld:
		p.Notices = append(p.Notices, templates.Notice{Kind: "wait", Text: "Held until " + moment(d.DueAt, zone) + ": " + d.Reason + ". It goes out by itself then."})
	case d.State == store.MessageEnded:
		p.Notices = append(p.Notices, templates.Notice{Kind: "fault", Text: "It was not sent: " + orElse(d.Reason, "no reason was kept") + "."})
	case d.State == store.MessageUnknown:
		p.Notices = append(p.Notices, templates.Notice{Kind: "wait", Text: "No complete answer came, so the provider may have it. We wait for its event until " + moment(d.DueAt, zone) + " and then send again, marked."})
	}
	if d.SecondSend {
		p.Notices = append(p.Notices, templates.Notice{Kind: "note", Text: "This is a marked second send: no answer came to an earlier try, so it may have arrived twice."})
	}
	for _, a := range d.Attempts {
		r := templates.AttemptRow{Number: int(a.Number), Outcome: tagOf(outcomeWords, a.Outcome), Transport: a.Transport, Status: int(a.Status), Reason: a.Reason, Started: a.StartedAt}
		if a.FinishedAt != nil {
			r.Finished = *a.FinishedAt
		}
		p.Attempts = append(p.Attempts, r)
	}
	for _, e := range slices.Backward(d.Events) {
		r := templates.EventRow{At: e.At, Label: tagOf(eventWords, e.Type), Reason: e.Reason}
		if e.Machine {
			r.Reason = orElse(r.Reason, "by a machine, not a person")
		}
		p.Events = append(p.Events, r)
	}
	if d.Kind == "requested" && d.GrantID != nil && !d.Erased && s.may(c, auth.MessagesSend) {
		p.Actions = append(p.Actions, templates.PageAction{Label: "Send again", URL: "/admin/messages/" + d.ID.String() + "/send-again", Method: "post", Icon: "send"})
	}
	if d.Captured != nil && (s.o.Loopback || s.may(c, auth.DevMailRead)) && s.o.Capture {
		p.Actions = append(p.Actions, templates.PageAction{Label: "Open the mail", URL: "/dev/mail/" + d.Captured.String(), Icon: "mail"})
	}
	return s.page(c, http.StatusOK, "admin/message", p)
}

func (s *Server) messageFacts(c echo.Context, d app.MessageDetail, zone *time.Location) templates.Ledger {
	tag := messageTag(d.Message)
	to := templates.Fact{Name: "To", Value: d.Recipient}
	if d.LeadID != nil && s.may(c, auth.LeadsRead) {
		to.URL = "/admin/leads/" + d.LeadID.String()
	}
	if d.Erased {
		to.Value = "Erased person"
	}
	l := templates.Ledger{Title: "This message", Facts: []templates.Fact{to, {Name: "Kind", Value: word(kindWords, d.Kind)}, {Name: "How far", Value: " ", Tag: &tag},
		{Name: "Landing page", Value: d.Gate}, {Name: "Made", Value: moment(d.CreatedAt, zone)}}}
	if d.SentAt != nil {
		l.Facts = append(l.Facts, templates.Fact{Name: "Handed over", Value: moment(*d.SentAt, zone)})
	}
	if d.DeliveryAt != nil {
		l.Facts = append(l.Facts, templates.Fact{Name: "Provider’s last report", Value: moment(*d.DeliveryAt, zone)})
	}
	if d.LinkExpiresAt != nil {
		l.Facts = append(l.Facts, templates.Fact{Name: "Its link opens until", Value: moment(*d.LinkExpiresAt, zone)})
	}
	return templates.Ledger{Title: l.Title, Facts: append(l.Facts, templates.Fact{Name: "Tries", Value: strconv.Itoa(int(d.Tries))},
		templates.Fact{Name: "Provider’s id", Value: d.ProviderMessageID}, templates.Fact{Name: "Our id", Value: d.ID.String()})}
}

// messageSendAgain makes a new message like this one.
func (s *Server) messageSendAgain(c echo.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	m, err := s.app.SendAgain(c.Request().Context(), id, s.actor(c))
	s.flashSent(c, m, err)
	switch {
	case errs.Is(err, errs.Conflict), errs.Is(err, errs.Gone):
		return c.Redirect(http.StatusSeeOther, "/admin/messages/"+id.String())
	case err != nil:
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/admin/messages/"+m.ID.String())
}
