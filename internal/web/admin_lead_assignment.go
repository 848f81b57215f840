package web

import (
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/auth"
	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/store"
	"github.com/gatehouse/gatehouse/templates"
)

var assignmentTags = map[string]templates.Tag{
	store.AssignmentOpen: {Label: "To accept", Tone: "wait"}, store.AssignmentAccepted: {Label: "Accepted", Tone: "good"},
	store.AssignmentReturned: {Label: "Returned", Tone: "bad"}, store.AssignmentDeclined: {Label: "Declined"},
	store.AssignmentReassigned: {Label: "Handed on"}, store.AssignmentClosed: {Label: "Closed"},
}

var takenWords = map[string]string{store.TakenByHand: "Given to somebody else", store.TakenNoResponse: "No first answer in time",
	store.TakenHandOver: "Handed over", store.TakenByDeputy: "Taken by the deputy", store.TakenErased: "The person was erased"}

// handFault is what was wrong with a form of the lead page, which is shown again with what was typed.
type handFault struct {
	form string
	err  error
}

const handFaultKey = "hand-fault"

// leadAssignment shows in whose hands the lead is.
func (s *Server) leadAssignment(c echo.Context, d app.LeadDetail, p *templates.LeadPage) error {
	held := d.HeldBy()
	if d.State != "active" || held == nil && len(d.Hands) == 0 && !s.may(c, auth.PipelineWrite) {
		return nil
	}
	zone := s.zone(c)
	v := &templates.LeadAssignmentView{}
	for _, h := range d.Hands {
		if held != nil && h.ID == held.ID {
			continue
		}
		v.History = append(v.History, handRow(h))
	}
	p.Assignment = v
	here := "/admin/leads/" + d.ID.String()
	if held == nil {
		if len(d.Hands) > 0 {
			v.Reason = handRow(d.Hands[0]).Owner + " had it: " + inSentence(handRow(d.Hands[0]).Ended) + "."
			if last := d.Hands[0]; last.State == store.AssignmentClosed && (last.CloseReason == "won" || last.CloseReason == "lost") {
				v.Reason = last.Owner + " had it, and the deal was " + last.CloseReason + "."
			}
		}
		return s.giveForms(c, here, v)
	}
	v.Owner, v.State, v.Team, v.Since, v.Reason, v.Rule = held.Owner, tagOf(assignmentTags, held.State), held.Team, held.At, held.Reason, app.FirstResponseRule
	clockView(v, *held, s.app.Store().Now(), zone)
	if !s.may(c, auth.PipelineWrite) {
		return nil
	}
	return s.handForms(c, here, *held, v)
}

// clockView says how the first-response clock stands.
func clockView(v *templates.LeadAssignmentView, as app.AssignmentLine, now time.Time, zone *time.Location) {
	switch {
	case as.FirstResponseAt != nil && as.ResponseSeconds != nil:
		v.Clock = fmt.Sprintf("First answer after %s of working time: %s by %s on %s.", spell(time.Duration(*as.ResponseSeconds)*time.Second), word(nil, as.FirstResponseKind), orElse(as.Answered, "staff"), moment(*as.FirstResponseAt, zone))
		v.Tone = "good"
	case as.FirstResponseAt != nil:
		v.Clock = "First answered on " + moment(*as.FirstResponseAt, zone) + ", in the hands before."
	case as.WarnAt == nil && as.ClockFrom.After(now):
		v.Clock = "No first answer yet; the clock starts on " + moment(as.ClockFrom, zone) + ", with the owner’s work."
	case as.WarnAt == nil:
		v.Clock = "No first answer yet; the clock has been running since " + moment(as.ClockFrom, zone) + "."
	case as.EscalatedAt != nil:
		v.Clock, v.Tone = "No first answer yet, and the manager was told on "+moment(*as.EscalatedAt, zone)+". It was expected", "bad"
		v.Due = *as.WarnAt
	case as.WarnAt.Before(now):
		v.Clock, v.Tone, v.Due = "No first answer yet. It was expected", "bad", *as.WarnAt
	case as.ClockFrom.After(now):
		v.Clock, v.Due = "The clock starts on "+moment(as.ClockFrom, zone)+", with the owner’s work. A first answer is expected", *as.WarnAt
	default:
		v.Clock, v.Tone, v.Due = "A first answer is expected", "wait", *as.WarnAt
	}
}

// spell is a duration in hours and minutes.
func spell(d time.Duration) string {
	h, m := int(d.Hours()), int(d.Minutes())%60
	switch {
	case h == 0:
		return count(m, "minute", "minutes")
	case m == 0:
		return count(h, "hour", "hours")
	}
	return count(h, "hour", "hours") + " " + count(m, "minute", "minutes")
}

func handRow(h app.AssignmentLine) templates.HandRow {
	r := templates.HandRow{Owner: h.Owner, At: h.At, Reason: h.Reason, Note: h.CloseNote, Ended: assignmentTags[h.State].Label}
	switch {
	case h.State == store.AssignmentReassigned:
		r.Ended = word(takenWords, h.CloseReason)
	case h.Closing != "":
		r.Ended += ": " + h.Closing
	}
	if h.ClosedAt != nil {
		r.Until = *h.ClosedAt
	}
	return r
}

// inSentence lets a label go on a sentence: only its first letter becomes small, what somebody typed stays as it is.
func inSentence(label string) string {
	r, size := utf8.DecodeRuneInString(label)
	return string(unicode.ToLower(r)) + label[size:]
}

// handForms are what an owner, or whoever manages, can say of a lead.
func (s *Server) handForms(c echo.Context, here string, as app.AssignmentLine, v *templates.LeadAssignmentView) error {
	u, hidden := s.user(c), append(versionOf(as.Version), templates.KV{Key: "assignment", Value: as.ID.String()})
	acts, manages, err := s.app.MayDecide(c.Request().Context(), as.Assignment, u)
	if err != nil {
		return err
	}
	if as.State == store.AssignmentOpen && acts {
		v.Accept = &templates.PageAction{Label: "Accept", URL: here + "/accept", Method: "post", Icon: "check", Hidden: hidden}
	}
	if as.State == store.AssignmentOpen && (acts || manages) {
		for _, f := range []struct{ kind, label, icon, button, note string }{
			{"return", "Return", "undo", "Return it to marketing", "It is no lead for sales. Marketing sees the reason."},
			{"decline", "Decline", "close", "Pass it on", "It is a lead, but not for you. The rules choose somebody else."}} {
			form, err := s.reasonForm(c, here, f.kind, f.label, f.icon, f.button, f.note, hidden)
			if err != nil {
				return err
			}
			v.Forms = append(v.Forms, form)
		}
	}
	form, err := s.toForm(c, here+"/reassign", "reassign", "Give to somebody", "Give it to them", "Plan and deal go with it.", as.OwnerID, hidden, true)
	if err != nil {
		return err
	}
	v.Forms = append(v.Forms, form)
	return nil
}

// giveForms offer a lead that is in nobody's hands.
func (s *Server) giveForms(c echo.Context, here string, v *templates.LeadAssignmentView) error {
	if !s.may(c, auth.PipelineWrite) {
		return nil
	}
	if !s.may(c, auth.LeadsAssign) {
		v.Accept = &templates.PageAction{Label: "Take it", URL: here + "/give", Method: "post", Icon: "check", Hidden: []templates.KV{{Key: "to", Value: s.user(c).ID.String()}}}
		return nil
	}
	form, err := s.toForm(c, here+"/give", "give", "Give to somebody", "Give it to them", "", uuid.Nil, nil, false)
	v.Forms = append(v.Forms, form)
	return err
}

func (s *Server) reasonForm(c echo.Context, here, kind, label, icon, button, note string, hidden []templates.KV) (templates.HandForm, error) {
	reasons, err := s.app.Reasons(c.Request().Context(), kind)
	if err != nil {
		return templates.HandForm{}, err
	}
	pairs := []string{"", "Choose a reason"}
	for _, r := range reasons {
		pairs = append(pairs, r.Key, r.Title)
	}
	f := templates.HandForm{Label: label, Icon: icon, Sheet: templates.Sheet{Action: here + "/" + kind, Button: button, Minor: true, Hidden: hidden, Groups: []templates.SheetGroup{{Note: note,
		Fields: []templates.FieldView{{Name: "reason", ID: "f-" + kind + "-reason", Type: "select", Label: "Why", Required: true, Options: choices("", pairs...)},
			{Name: "note", ID: "f-" + kind + "-note", Type: "textarea", Label: "In your own words", MaxLength: 1000}}}}}}
	s.again(c, kind, &f)
	return f, nil
}

func (s *Server) toForm(c echo.Context, action, kind, label, button, note string, owner uuid.UUID, hidden []templates.KV, why bool) (templates.HandForm, error) {
	sellers, err := s.app.WhoSells(c.Request().Context())
	if err != nil {
		return templates.HandForm{}, err
	}
	pairs := []string{"", "Choose somebody"}
	for _, x := range sellers {
		if x.ID == owner {
			continue
		}
		name := x.Name
		if !x.Away.IsZero() {
			name += ", away until " + x.Away.Add(-time.Minute).Format("2 January")
		}
		pairs = append(pairs, x.ID.String(), name)
	}
	fields := []templates.FieldView{{Name: "to", ID: "f-" + kind + "-to", Type: "select", Label: "To whom", Required: true, Options: choices("", pairs...)}}
	if why {
		fields = append(fields, templates.FieldView{Name: "note", ID: "f-" + kind + "-note", Type: "textarea", Label: "Why", Required: true, MaxLength: 1000})
	}
	f := templates.HandForm{Label: label, Icon: "arrow", Sheet: templates.Sheet{Action: action, Button: button, Minor: true, Hidden: hidden, Groups: []templates.SheetGroup{{Note: note, Fields: fields}}}}
	s.again(c, kind, &f)
	return f, nil
}

// again fills a form with what was typed, when it comes back with a fault.
func (s *Server) again(c echo.Context, kind string, f *templates.HandForm) {
	bad, ok := c.Get(handFaultKey).(handFault)
	if !ok || bad.form != kind {
		return
	}
	f.Open = true
	for i := range f.Sheet.Groups[0].Fields {
		field := &f.Sheet.Groups[0].Fields[i]
		field.Value = posted(c, field.Name)
		for j := range field.Options {
			field.Options[j].Selected = field.Options[j].Value == field.Value
		}
	}
	fault(&f.Sheet, bad.err)
}

// leadHand decides about the lead's assignment: what a form of the lead page says.
func (s *Server) leadHand(kind, done string, do func(c echo.Context, id uuid.UUID, read int64) error) echo.HandlerFunc {
	return func(c echo.Context) error {
		lead, err := pathID(c)
		if err != nil {
			return err
		}
		ctx := c.Request().Context()
		if err := s.app.MaySeeLead(ctx, s.user(c), lead); err != nil {
			return err
		}
		d, err := s.app.LeadDetail(ctx, lead)
		if err != nil {
			return err
		}
		id, read := lead, int64(0)
		if kind != "give" {
			if id, err = uuid.Parse(posted(c, "assignment")); err != nil {
				return errs.New(errs.Malformed, "The request could not be read.")
			}
			if read, err = readVersion(c); err != nil {
				return err
			}
			as, err := s.app.Store().Assignment(ctx, id)
			if err != nil {
				return err
			}
			if as.LeadID != lead {
				return errs.New(errs.NotFound, "There is no such thing here.")
			}
		}
		err = do(c, id, read)
		if status := formStatus(err); status != 0 && kind != "accept" && !wantsJSON(c) {
			c.Set(handFaultKey, handFault{kind, err})
			return s.showLead(c, status, d)
		}
		to := back(c, "/admin/leads/"+lead.String())
		if err == nil && s.app.MaySeeLead(ctx, s.user(c), lead) != nil {
			to = "/admin"
		}
		return s.after(c, err, done, to)
	}
}

func (s *Server) handAccept(c echo.Context, id uuid.UUID, read int64) error {
	return s.app.AcceptLead(c.Request().Context(), id, read, s.actor(c))
}

func (s *Server) handReturn(c echo.Context, id uuid.UUID, read int64) error {
	return s.app.ReturnLead(c.Request().Context(), id, read, posted(c, "reason"), posted(c, "note"), s.actor(c))
}

func (s *Server) handDecline(c echo.Context, id uuid.UUID, read int64) error {
	return s.app.DeclineLead(c.Request().Context(), id, read, posted(c, "reason"), posted(c, "note"), s.actor(c))
}

func (s *Server) handReassign(c echo.Context, id uuid.UUID, read int64) error {
	to, err := uuid.Parse(posted(c, "to"))
	if err != nil {
		return errs.InvalidFields(errs.Field{Field: "to", Code: "required", Message: "Please choose somebody."})
	}
	return s.app.ReassignLead(c.Request().Context(), id, read, to, posted(c, "note"), s.actor(c))
}

func (s *Server) handGive(c echo.Context, id uuid.UUID, _ int64) error {
	to, err := uuid.Parse(posted(c, "to"))
	if err != nil {
		return errs.InvalidFields(errs.Field{Field: "to", Code: "required", Message: "Please choose somebody."})
	}
	return s.app.GiveLead(c.Request().Context(), id, to, s.actor(c))
}

// handsOf are the assignments on the timeline: given, accepted, answered, ended.
func handsOf(d app.LeadDetail) (out []templates.TimelineEvent) {
	for _, h := range d.Hands {
		out = append(out, templates.TimelineEvent{At: h.At, Icon: "team", Title: "Assigned to " + h.Owner, Text: h.Reason, By: "routing"})
		if h.AcceptedAt != nil && !h.AcceptedAt.Before(h.At) {
			out = append(out, templates.TimelineEvent{At: *h.AcceptedAt, Icon: "check", Tone: "good", Title: h.Owner + " accepted it", By: h.Owner})
		}
		if h.FirstResponseAt != nil && h.ResponseSeconds != nil {
			out = append(out, templates.TimelineEvent{At: *h.FirstResponseAt, Icon: "clock", Tone: "good", Title: "First answer, after " + spell(time.Duration(*h.ResponseSeconds)*time.Second) + " of working time", By: orElse(h.Answered, h.Owner)})
		}
		if h.EscalatedAt != nil {
			out = append(out, templates.TimelineEvent{At: *h.EscalatedAt, Icon: "warning", Tone: "bad", Title: "No first answer in time: the manager was told", By: "the clock"})
		}
		if h.ClosedAt != nil && (h.State == store.AssignmentReturned || h.State == store.AssignmentDeclined) {
			out = append(out, templates.TimelineEvent{At: *h.ClosedAt, Icon: "undo", Tone: "wait", Title: handRow(h).Ended, Text: h.CloseNote, By: orElse(h.ClosedName, h.Owner)})
		}
	}
	return out
}

// claimPage is what the button of an alert leads to. It changes nothing: scanners open mail too.
func (s *Server) claimPage(c echo.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	u := s.user(c)
	cl, err := s.app.Claim(c.Request().Context(), id, u)
	if err != nil {
		return err
	}
	if err := s.app.MaySeeLead(c.Request().Context(), u, cl.LeadID); err != nil && !cl.Mine {
		return err
	}
	title := orElse(fullName(cl.Lead.GivenName, cl.Lead.FamilyName), orElse(cl.Lead.Email, "A lead"))
	page, err := s.adminPage(c, "leads", title)
	if err != nil {
		return err
	}
	p := templates.ClaimPage{AdminPage: page, About: strings.Join(notEmpty(cl.Lead.JobTitle, cl.Lead.Company, answerWord("country", cl.Lead.Country)), ", "), Said: cl.Said, Score: cl.Score, Lines: cl.Lines,
		LeadURL: "/admin/leads/" + cl.LeadID.String(), LeadLabel: "Open the lead"}
	v := templates.LeadAssignmentView{}
	clockView(&v, cl.AssignmentLine, s.app.Store().Now(), s.zone(c))
	if !v.Due.IsZero() {
		v.Clock += " by " + moment(v.Due, s.zone(c)) + "."
	}
	if cl.Asked != "" {
		p.Facts.Facts = []templates.Fact{{Name: "Asked for", Value: cl.Asked}}
	}
	p.Facts.Facts = append(p.Facts.Facts, templates.Fact{Name: "Owner", Value: cl.Owner}, templates.Fact{Name: "Why", Value: cl.Reason})
	if cl.FirstStep != "" {
		p.Facts.Facts = append(p.Facts.Facts, templates.Fact{Name: "First step", Value: cl.FirstStep})
	}
	p.Facts.Facts = append(p.Facts.Facts, templates.Fact{Name: "Clock", Value: v.Clock})
	switch {
	case cl.Lead.State != "active":
		p.Notice = &templates.Notice{Kind: "note", Text: "This person was erased or merged with another lead."}
	case cl.State == store.AssignmentAccepted:
		p.Notice = &templates.Notice{Kind: "done", Text: cl.Owner + " has accepted this lead."}
	case cl.State != store.AssignmentOpen:
		p.Notice = &templates.Notice{Kind: "note", Text: cl.Owner + " does not have this lead any more: " + inSentence(handRow(cl.AssignmentLine).Ended) + "."}
	case !cl.Mine:
		p.Notice = &templates.Notice{Kind: "note", Text: "This lead is in the hands of " + cl.Owner + "."}
	default:
		p.Claim = &templates.PageAction{Label: "Take this lead", URL: "/admin/claim/" + id.String(), Method: "post", Icon: "check"}
	}
	return s.page(c, http.StatusOK, "admin/claim", p)
}

// claim accepts; a second press changes nothing.
func (s *Server) claim(c echo.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	as, err := s.app.Store().Assignment(c.Request().Context(), id)
	if err != nil {
		return err
	}
	err = s.app.AcceptLead(c.Request().Context(), id, 0, s.actor(c))
	if err != nil {
		return s.after(c, err, "", "/admin/claim/"+id.String())
	}
	return s.after(c, nil, "It is yours. What was asked and planned stands here.", "/admin/leads/"+as.LeadID.String())
}
