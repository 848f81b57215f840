package web

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/auth"
	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/form"
	"github.com/gatehouse/gatehouse/internal/store"
	"github.com/gatehouse/gatehouse/templates"
)

// eraseWord is what has to be typed before a person is erased.
const eraseWord = "erase"

// leadPage is everything known of one person.
func (s *Server) leadPage(c echo.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	if err := s.app.MaySeeLead(c.Request().Context(), s.user(c), id); err != nil {
		return err
	}
	d, err := s.app.LeadDetail(c.Request().Context(), id)
	if err != nil {
		return err
	}
	if d.State == "merged" && d.MergedInto != nil {
		return c.Redirect(http.StatusSeeOther, "/admin/leads/"+d.MergedInto.String())
	}
	return s.showLead(c, http.StatusOK, d)
}

func (s *Server) showLead(c echo.Context, status int, d app.LeadDetail) error {
	zone := s.zone(c)
	title := fullName(d.GivenName, d.FamilyName)
	if title == "" {
		title = d.Email
	}
	if d.State == "erased" {
		title = "Erased person"
	}
	frame, err := s.adminPage(c, "leads", title, templates.Link{Label: "Leads", URL: "/admin/leads"})
	if err != nil {
		return err
	}
	p := templates.LeadPage{AdminPage: frame, Erased: d.State == "erased", Timeline: leadTimeline(d, zone)}
	for _, part := range []func(echo.Context, app.LeadDetail, *templates.LeadPage) error{s.leadSaid, s.leadAssignment, s.leadWork, s.leadScore, s.leadPushes} {
		if err := part(c, d, &p); err != nil {
			return err
		}
	}
	p.Notices, p.Who = leadNotices(d, zone), leadWho(d, zone)
	p.Answers, p.Older = leadAnswers(d, zone)
	p.Consents = leadConsents(d)
	for _, m := range d.Messages {
		p.Messages = append(p.Messages, messageRow(m))
	}
	for _, o := range d.Downloads {
		p.Downloads = append(p.Downloads, templates.DownloadRow{What: map[string]string{"read": "Read", "download": "Downloaded"}[o.Kind], Document: o.Document, Version: int(o.Number),
			Times: int(o.Times), At: o.At, Last: o.LastAt})
	}
	for _, h := range d.Hits {
		p.Hits = append(p.Hits, templates.HitRow{At: h.At, What: word(hitWords, h.Kind), Label: tagOf(hitLabels, h.Label), Reason: word(hitReasons, h.Reason), From: h.Block, Agent: h.UserAgent})
	}
	if p.HitsMore = len(d.Hits) == app.HitsShown; p.Erased {
		p.Receipt = eraseReceipt(d, zone)
		return s.page(c, status, "admin/lead", p)
	}
	p.Lead = strings.Join(notEmpty(d.JobTitle, orElse(d.Company, d.CompanyName)), ", ")
	s.leadActions(c, d, &p)
	return s.page(c, status, "admin/lead", p)
}

// leadActions offers what the role may do.
func (s *Server) leadActions(c echo.Context, d app.LeadDetail, p *templates.LeadPage) {
	here := "/admin/leads/" + d.ID.String()
	if s.may(c, auth.MessagesSend) {
		seen := map[uuid.UUID]bool{}
		for _, m := range d.Messages { // the last message of each document stands for it
			if m.Kind != "requested" || m.DocumentID == nil || seen[*m.DocumentID] {
				continue
			}
			seen[*m.DocumentID] = true
			p.Actions = append(p.Actions, templates.PageAction{Label: "Send “" + shorten(m.Document, 24) + "” again", URL: here + "/send-again", Method: "post", Icon: "send",
				Hidden: []templates.KV{{Key: "message", Value: m.ID.String()}}})
		}
	}
	if s.may(c, auth.LeadsErase) {
		p.Erase = &templates.Confirm{ID: "erase", Button: "Erase this person", Title: "Erase " + p.Title + " everywhere?", Action: here + "/erase", Word: eraseWord,
			Text: "Answers, addresses, mails and log lines go for good. What remains is an anonymous row, so that the figures still add up. This cannot be undone."}
	}
}

// leadSendAgain makes a new message like an old one, and says when it goes out.
func (s *Server) leadSendAgain(c echo.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	message, err := uuid.Parse(posted(c, "message"))
	if err != nil {
		return errs.New(errs.Malformed, "The request could not be read.")
	}
	m, err := s.app.SendLeadAgain(c.Request().Context(), id, message, s.actor(c))
	s.flashSent(c, m, err)
	if err != nil && !errs.Is(err, errs.Conflict) && !errs.Is(err, errs.Gone) {
		return err
	}
	return c.Redirect(http.StatusSeeOther, back(c, "/admin/leads/"+id.String()))
}

// flashSent tells what became of "send again".
func (s *Server) flashSent(c echo.Context, m store.Message, err error) {
	switch {
	case err != nil:
		s.flash(c, "fault", errs.Public(err).Message)
	case m.State == store.MessageHeld:
		s.flash(c, "note", "It is held until "+moment(m.DueAt, s.zone(c))+": "+m.Reason+". It goes out by itself then.")
	default:
		s.flash(c, "done", "It is on its way again.")
	}
}

// leadErase erases a person, after the word was typed.
func (s *Server) leadErase(c echo.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	here := "/admin/leads/" + id.String()
	if !strings.EqualFold(strings.TrimSpace(posted(c, "confirm")), eraseWord) {
		s.flash(c, "fault", "Nothing was erased: the word "+eraseWord+" has to be typed into the box.")
		return c.Redirect(http.StatusSeeOther, here)
	}
	if _, err := s.app.EraseLead(c.Request().Context(), id, s.actor(c)); err != nil {
		return err
	}
	s.flash(c, "done", "This person is erased. What follows is what remains.")
	return c.Redirect(http.StatusSeeOther, here)
}

// leadNotices are what to know, or to do, before anything else.
func leadNotices(d app.LeadDetail, zone *time.Location) (out []templates.Notice) {
	if d.State == "erased" {
		return []templates.Notice{{Kind: "note", Text: "This person was erased. What remains names nobody, so that the figures still add up."}}
	}
	add := func(kind, text string) { out = append(out, templates.Notice{Kind: kind, Text: text}) }
	confirmed := false
	for _, a := range d.Addresses {
		confirmed = confirmed || a.ConfirmedAt != nil
		for _, x := range a.Suppressions {
			kind := "fault"
			if x.Kind == "unsubscribed" {
				kind = "wait"
			}
			text := fmt.Sprintf(word(suppressionSentences, x.Kind), a.Address)
			if x.Kind == "hard_bounce" && x.Reason != "" {
				text += " The mailbox said: " + x.Reason
			}
			add(kind, text+" Since "+moment(x.At, zone)+".")
		}
	}
	if len(d.Messages) > 0 {
		switch m := d.Messages[0]; {
		case m.State == store.MessageHeld:
			add("wait", "The last mail is held until "+moment(m.DueAt, zone)+": "+m.Reason+".")
		case m.State == store.MessageEnded:
			add("fault", "The last mail was not sent: "+m.Reason+".")
		case m.Delivery == "blocked" || m.Delivery == "dropped":
			add("fault", "The last mail did not arrive. "+m.Reason)
		}
	}
	switch {
	case len(d.Downloads) > 0:
		add("done", "Opened "+d.Downloads[0].Document+" on "+moment(d.Downloads[0].At, zone)+".")
	case !confirmed:
		add("note", "Nobody at this address has acted on a mail of ours yet: all that is known here is a claim.")
	}
	return out
}

func leadWho(d app.LeadDetail, zone *time.Location) templates.Ledger {
	l := templates.Ledger{Title: "Who"}
	add := func(f templates.Fact) { l.Facts = append(l.Facts, f) }
	if d.State != "erased" {
		add(templates.Fact{Name: "Name", Value: fullName(d.GivenName, d.FamilyName)})
		for _, a := range d.Addresses {
			f := templates.Fact{Name: "E-mail", Value: a.Address, Tag: &templates.Tag{Label: "Claimed", Tone: "wait", Title: "Somebody typed it; nobody there has acted on a mail of ours."},
				Note: "typed on " + moment(a.CreatedAt, zone)}
			if a.ConfirmedAt != nil {
				f.Tag, f.Note = &templates.Tag{Label: "Confirmed", Tone: "good"}, "confirmed on "+moment(*a.ConfirmedAt, zone)
			}
			if a.Typed != a.Address && a.Typed != "" {
				f.Note += ", as “" + a.Typed + "”"
			}
			add(f)
		}
		company := templates.Fact{Name: "Company", Value: orElse(d.Company, d.CompanyName)}
		if d.CompanyID != nil {
			company.URL, company.Note = "/admin/leads?company="+d.CompanyID.String(), "everybody from "+orElse(d.CompanyName, "this company")
		}
		if company.Value == "" {
			company.URL, company.Note = "", ""
		}
		add(company)
	}
	if len(d.Submissions) == 0 { // somebody by hand, or told by another system
		add(templates.Fact{Name: "Known since", Value: moment(d.CreatedAt, zone)})
		add(templates.Fact{Name: "Asked", Value: "for nothing yet"})
	} else {
		add(templates.Fact{Name: "First asked", Value: moment(d.CreatedAt, zone)})
		add(templates.Fact{Name: "Last asked", Value: moment(d.LastAt, zone)})
		add(templates.Fact{Name: "Asked", Value: count(len(d.Submissions), "time", "times")})
	}
	if d.Source != "" {
		add(templates.Fact{Name: "First source", Value: sourceWord(d.Source)})
	}
	return l
}

// leadAnswers are the answers that count, each with where it came from, and those that another one has replaced.
func leadAnswers(d app.LeadDetail, zone *time.Location) (now, older templates.Ledger) {
	now = templates.Ledger{Title: "Answers", Empty: "Nothing but the address was asked."}
	older = templates.Ledger{Folded: true}
	gates := map[uuid.UUID]string{}
	for _, s := range d.Submissions {
		gates[s.ID] = s.Gate
	}
	addresses := map[uuid.UUID]string{}
	for _, a := range d.Addresses {
		addresses[a.ID] = a.Address
	}
	for _, v := range d.Values {
		f := templates.Fact{Name: orElse(d.Labels[v.Field], word(fieldWords, v.Field)), Value: answerWord(v.Field, v.Value), Note: "typed on " + moment(v.KnownAt, zone), Tag: &templates.Tag{Label: "Claimed", Tone: "wait"}}
		if v.SubmissionID != nil && gates[*v.SubmissionID] != "" {
			f.Note += ", at “" + shorten(gates[*v.SubmissionID], 32) + "”"
		}
		if len(d.Addresses) > 1 && v.AddressID != nil {
			f.Note += " for " + addresses[*v.AddressID]
		}
		if v.State == "confirmed" {
			f.Tag = &templates.Tag{Label: "Confirmed", Tone: "good"}
			if v.ConfirmedAt != nil {
				f.Note += ", confirmed on " + moment(*v.ConfirmedAt, zone)
			}
		}
		if v.Current {
			now.Facts = append(now.Facts, f)
		} else {
			older.Facts = append(older.Facts, f)
		}
	}
	shareNote(&now)
	older.Title = "Other answers, " + count(len(older.Facts), "value", "values")
	return now, older
}

// shareNote says once below what would stand at each of several facts.
func shareNote(l *templates.Ledger) {
	for _, f := range l.Facts {
		if f.Note == "" || f.Note != l.Facts[0].Note {
			return
		}
	}
	if len(l.Facts) < 2 {
		return
	}
	l.Note = "All " + l.Facts[0].Note + "."
	for i := range l.Facts {
		l.Facts[i].Note = ""
	}
}

// answerWord is an answer as a person reads it.
func answerWord(field, value string) string {
	if field != "country" {
		return value
	}
	for _, o := range form.OptionsFor(form.Field{Type: "country"}) {
		if o.Value == value {
			return o.Label
		}
	}
	return value
}

// shorten cuts a title to so many characters.
func shorten(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return strings.TrimSpace(string(r[:n-1])) + "…"
	}
	return s
}

func leadConsents(d app.LeadDetail) (out []templates.ConsentRow) {
	type key struct {
		address uuid.UUID
		purpose string
	}
	seen := map[key]bool{}
	addresses := map[uuid.UUID]string{}
	for _, a := range d.Addresses {
		addresses[a.ID] = a.Address
	}
	for _, x := range d.Consents {
		r := templates.ConsentRow{Purpose: word(purposeWords, x.Purpose), Text: x.Text, Given: x.Given, Version: x.TextVersion, How: word(howWords, x.How), At: x.At,
			State: templates.Tag{Label: "Claimed", Tone: "wait"}}
		if d.State != "erased" && len(d.Addresses) > 1 {
			r.Address = addresses[x.AddressID]
		}
		if x.State == "confirmed" {
			r.State = templates.Tag{Label: "Confirmed", Tone: "good"}
		}
		k := key{x.AddressID, x.Purpose}
		r.Holds, seen[k] = !seen[k], true
		out = append(out, r)
	}
	return out
}

// eraseReceipt says what was erased, and when; it names nobody.
func eraseReceipt(d app.LeadDetail, zone *time.Location) *templates.Ledger {
	if d.Erasure == nil {
		return nil
	}
	l := &templates.Ledger{Title: "Receipt of the erasure", Facts: []templates.Fact{{Name: "Erased", Value: moment(d.Erasure.At, zone)}, {Name: "Receipt", Value: d.Erasure.ID.String()}}}
	counts, _ := d.Erasure.Receipt["counts"].([]any)
	for _, entry := range counts {
		m, _ := entry.(map[string]any)
		rows, _ := m["rows"].(float64)
		if rows == 0 {
			continue
		}
		l.Facts = append(l.Facts, templates.Fact{Name: word(nil, fmt.Sprint(m["table"])), Value: count(int(rows), "row", "rows") + " " + fmt.Sprint(m["what"])})
	}
	return l
}
