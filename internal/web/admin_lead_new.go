package web

import (
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/form"
	"github.com/gatehouse/gatehouse/internal/pipeline"
	"github.com/gatehouse/gatehouse/templates"
)

var handFields = []string{"email", "given_name", "family_name", "company", "job_title", "country", "tel"}

// leadNew is the form for somebody whom staff met.
func (s *Server) leadNew(c echo.Context) error { return s.showLeadNew(c, http.StatusOK, nil, nil) }

func (s *Server) showLeadNew(c echo.Context, status int, wrong error, known *templates.Notice) error {
	p := templates.FormPage{}
	var err error
	if p.AdminPage, err = s.adminPage(c, "leads", "Add a lead by hand", templates.Link{Label: "Leads", URL: "/admin/leads"}); err != nil {
		return err
	}
	p.Lead = "Somebody whom you met, who called, or whom somebody sent. No mail goes out; what you type counts as claimed until they confirm it."
	if known != nil {
		p.Notices = append(p.Notices, *known)
	}
	countries := []string{}
	for _, o := range form.OptionsFor(form.Field{Type: "country"}) {
		countries = append(countries, o.Value, o.Label)
	}
	kinds, bases := []string{}, []string{}
	for _, k := range app.OriginKinds() {
		kinds = append(kinds, k, word(originWords, k))
	}
	for _, b := range app.LegalBases() {
		bases = append(bases, b, word(basisWords, b))
	}
	text := func(name, label string, most int, half bool) templates.FieldView {
		return templates.FieldView{Name: name, Type: "text", Label: label, MaxLength: most, Half: half, Value: posted(c, name), Autocomplete: "off"}
	}
	covers := func(channel, label string) templates.FieldView {
		return templates.FieldView{Name: "covers-" + channel, Type: "box", Label: "It covers " + label, Value: "yes", Checked: posted(c, "covers-"+channel) == "yes", Half: true}
	}
	email := text("email", "E-mail", 254, false)
	email.Type, email.Help = "email", "May be left out where you have a phone number. Nobody may write to them then."
	tel := text("tel", "Phone", 40, true)
	tel.Type, tel.Help = "tel", "With the country code, as in +44 20 7946 0018."
	p.Form = templates.Sheet{Action: "/admin/leads/new", Button: "Add the lead", CancelURL: "/admin/leads", Groups: []templates.SheetGroup{
		{Title: "Who", Fields: []templates.FieldView{email, text("given_name", "First name", 80, true), text("family_name", "Last name", 80, true),
			text("company", "Company", 120, true), text("job_title", "What they do there", 120, true),
			{Name: "country", Type: "country", Label: "Country", Half: true, Options: choices(posted(c, "country"), countries...)}, tel}},
		{Title: "From where, and by what right", Note: "It stands on the lead's page, and the contact policy goes by it: nobody is approached in a way that is not ticked, until they come to us themselves. " +
			"With nothing ticked, a legitimate interest covers letters, and calls to somebody at work; mails always take consent.", Fields: []templates.FieldView{
			{Name: "kind", Type: "select", Label: "Where you met", Required: true, Half: true, Options: choices(posted(c, "kind"), kinds...)},
			{Name: "basis", Type: "select", Label: "We keep them by", Required: true, Half: true, Options: choices(posted(c, "basis"), bases...)},
			covers(pipeline.Call, "calls"), covers(pipeline.Mail, "mails"), covers(pipeline.Meeting, "meetings"), covers(pipeline.Letter, "letters"),
			{Name: "note", Type: "text", Label: "In a line", MaxLength: 300, Value: posted(c, "note"), Autocomplete: "off", Help: "Which fair, who sent them, what they agreed to and how."}}},
		{Title: "Who looks after them", Fields: []templates.FieldView{{Name: "to", Type: "select", Label: "Give them to", Required: true, Options: choices(orElse(posted(c, "to"), "me"), "me", "Me", "rules", "Whoever the rules choose")}}}}}
	fault(&p.Form, wrong)
	return s.page(c, status, "admin/form", p)
}

// leadAdd records somebody. Who is known already is shown, not made anew.
func (s *Server) leadAdd(c echo.Context) error {
	in := app.HandLead{Values: map[string]string{}, Kind: posted(c, "kind"), Basis: posted(c, "basis"), Note: posted(c, "note"), To: posted(c, "to")}
	for _, name := range handFields {
		in.Values[name] = posted(c, name)
	}
	for _, ch := range pipeline.Channels() {
		if posted(c, "covers-"+ch) == "yes" {
			in.Covers = append(in.Covers, ch)
		}
	}
	l, err := s.app.AddLead(c.Request().Context(), in, s.actor(c))
	var known *app.ErrKnownLead
	if errors.As(err, &known) {
		if s.app.MaySeeLead(c.Request().Context(), s.user(c), known.ID) != nil {
			return s.showLeadNew(c, http.StatusConflict, nil, &templates.Notice{Kind: "note", Text: "There is a lead with this address already, in a colleague's hands. Nothing was added; ask whoever leads the team."})
		}
		s.flash(c, "note", "This address is known: here is the lead. Nothing was added or changed.")
		return c.Redirect(http.StatusSeeOther, "/admin/leads/"+known.ID.String())
	}
	if status := formStatus(err); status != 0 && !wantsJSON(c) {
		return s.showLeadNew(c, status, err, nil)
	}
	if err != nil {
		return err
	}
	s.flash(c, "done", "Added. No mail was sent.")
	return c.Redirect(http.StatusSeeOther, "/admin/leads/"+l.ID.String())
}
