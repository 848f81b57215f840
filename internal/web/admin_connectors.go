package web

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/auth"
	"github.com/gatehouse/gatehouse/internal/crm"
	"github.com/gatehouse/gatehouse/internal/store"
	"github.com/gatehouse/gatehouse/templates"
)

const connectorsPath = "/admin/connectors"

// connectorTag is how it goes with a connector, in two words.
func connectorTag(c store.Connector, now time.Time) templates.Tag {
	switch {
	case c.State == app.ConnectorOff:
		return templates.Tag{Label: "Off"}
	case c.State == app.ConnectorHeld:
		return templates.Tag{Label: "Held", Tone: "wait"}
	case c.BrokenAt != nil:
		return templates.Tag{Label: "Away", Tone: "bad"}
	case c.WaitUntil != nil && c.WaitUntil.After(now):
		return templates.Tag{Label: "Asked to wait", Tone: "wait"}
	case c.Failures > 0:
		return templates.Tag{Label: "On, unsteady", Tone: "wait"}
	}
	return templates.Tag{Label: "On", Tone: "good"}
}

func (s *Server) kindTitle(kind string) string {
	if sys := s.app.Systems().Find(kind); sys != nil {
		return sys.About().Title
	}
	return kind
}

// connectorList is every connector with how it goes.
func (s *Server) connectorList(c echo.Context) error {
	page, err := s.adminPage(c, "connectors", "Connectors")
	if err != nil {
		return err
	}
	lines, err := s.app.Connectors(c.Request().Context())
	if err != nil {
		return err
	}
	p := templates.ConnectorsPage{AdminPage: page, Tools: templates.TableTools{Total: len(lines), One: "connector", Many: "connectors"}}
	p.Empty = templates.Empty{Suit: "club", Title: "No other system is connected", Text: "A CRM gets the leads that qualify, with owner, consent and what they said, and tells back what becomes of them. Slack and webhooks hear of it as it happens."}
	if s.may(c, auth.ConnectorsWrite) {
		p.Action = &templates.PageAction{Label: "Connect a system", URL: connectorsPath + "/new", Icon: "plus"}
		if len(p.Rows) == 0 { // one button is enough: the one that stands where the eye is
			p.Empty.Action, p.Action = p.Action, nil
		}
	}
	if n, err := s.heldNotice(c); err != nil {
		return err
	} else if n != nil {
		p.Notices = append(p.Notices, *n)
	}
	now := s.app.Store().Now()
	for _, l := range lines {
		url := "/admin/pushes?connector=" + l.ID.String()
		p.Rows = append(p.Rows, templates.ConnectorRow{URL: connectorsPath + "/" + l.ID.String(), Name: l.Name, Kind: s.kindTitle(l.Kind), State: connectorTag(l.Connector, now), Why: l.BrokenWhy,
			Waiting: templates.Figure{Value: int64(l.Waiting), URL: url + "&state=open"}, Refused: templates.Figure{Value: int64(l.Refused), URL: url + "&state=refused"}, LastDone: at(l.PushedAt)})
	}
	return s.page(c, http.StatusOK, "admin/connectors", p)
}

// heldNotice says that everything outgoing is held, after a restore.
func (s *Server) heldNotice(c echo.Context) (*templates.Notice, error) {
	set, err := s.app.Store().Settings(c.Request().Context())
	if err != nil || !set.MailHold {
		return nil, err
	}
	return &templates.Notice{Kind: "fault", Text: "Nothing is told to anybody: mail and pushes are held since a restore. An administrator lets them go in the settings."}, nil
}

// connectorNew offers the kinds, or with ?kind= its form.
func (s *Server) connectorNew(c echo.Context) error {
	return s.showConnectorNew(c, http.StatusOK, c.QueryParam("kind"), nil)
}

func (s *Server) showConnectorNew(c echo.Context, status int, kind string, wrong error) error {
	page, err := s.adminPage(c, "connectors", "Connect a system", templates.Link{Label: "Connectors", URL: connectorsPath})
	if err != nil {
		return err
	}
	p := templates.ConnectorsPage{AdminPage: page}
	sys := s.app.Systems().Find(kind)
	if sys == nil {
		for _, x := range s.app.Systems().All() {
			a := x.About()
			p.Kinds = append(p.Kinds, templates.ConnectorKind{URL: connectorsPath + "/new?kind=" + a.Kind, Title: a.Title, Sentence: a.Sentence})
		}
		return s.page(c, status, "admin/connectors", p)
	}
	a := sys.About()
	p.Title, p.Lead = "Connect "+a.Title, a.Sentence
	p.Crumbs = append(p.Crumbs, templates.Link{Label: "Connect a system", URL: connectorsPath + "/new"})
	sheet, err := s.connectorSheet(c, a, app.ConnectorDetail{}, status != http.StatusOK)
	if err != nil {
		return err
	}
	sheet.Action, sheet.Button, sheet.CancelURL, sheet.Hidden = connectorsPath, "Connect, held at first", connectorsPath, []templates.KV{{Key: "kind", Value: a.Kind}}
	fault(sheet, wrong)
	p.New = sheet
	return s.page(c, status, "admin/connectors", p)
}

// connectorSheet is the form of a connector, from its own list of fields. typed: what was posted counts.
func (s *Server) connectorSheet(c echo.Context, a crm.About, d app.ConnectorDetail, typed bool) (*templates.Sheet, error) {
	users, err := s.app.Users(c.Request().Context())
	if err != nil {
		return nil, err
	}
	value := func(name, kept string) string {
		if typed {
			return posted(c, name)
		}
		return kept
	}
	alert := ""
	if d.AlertUserID != nil {
		alert = d.AlertUserID.String()
	}
	pairs := []string{"", "Nobody; the alarm stands on the home page"}
	for _, u := range users {
		if u.DisabledAt == nil {
			pairs = append(pairs, u.ID.String(), u.Name)
		}
	}
	first := templates.SheetGroup{Fields: []templates.FieldView{
		{Name: "name", Type: "text", Label: "Name", Required: true, MaxLength: 100, Value: value("name", orElse(d.Name, a.Title)), Autocomplete: "off"},
		{Name: "alert_user", Type: "select", Label: "Who is told when it cannot be told", Options: choices(value("alert_user", alert), pairs...)}}}
	group := templates.SheetGroup{Title: a.Title}
	for _, f := range a.Fields {
		v := templates.FieldView{Name: f.Name, Type: f.Type, Label: f.Label, Help: f.Help, Required: f.Required && f.Default == "", Autocomplete: "off"}
		kept := d.Settings[f.Name]
		if kept == "" {
			kept = f.Default
		}
		switch {
		case f.Secret:
			if d.Set[f.Name] {
				v.Required = false
				v.Help = strings.TrimSpace("It is set, and never shown. Leave it empty to keep it. " + f.Help)
			}
		case f.Type == "checkbox":
			v.Type, v.Value, v.Checked = "box", "yes", value(f.Name, d.Settings[f.Name]) == "yes"
		case f.Type == "events":
			if d.ID != uuid.Nil {
				kept = d.Settings[f.Name] // nothing kept is nothing ticked: all of it
			}
			ticked := strings.Fields(strings.ReplaceAll(kept, ",", " "))
			if typed {
				ticked = c.Request().PostForm[f.Name]
			}
			for _, t := range crm.EventTypes {
				v.Options = append(v.Options, templates.OptionView{Value: t, Label: word(eventWordsOut, t), Selected: slices.Contains(ticked, t)})
			}
		case f.Type == "select":
			var options []string
			for _, o := range f.Options {
				options = append(options, o[0], o[1])
			}
			v.Options = choices(value(f.Name, kept), options...)
		default:
			v.Value = value(f.Name, kept)
		}
		group.Fields = append(group.Fields, v)
		if f.Secret && d.Set[f.Name] && !f.Required {
			group.Fields = append(group.Fields, templates.FieldView{Name: f.Name + app.RemoveSecret, Type: "box", Label: "Remove it: " + f.Label, Value: "yes", Checked: value(f.Name+app.RemoveSecret, "") == "yes"})
		}
	}
	return &templates.Sheet{Groups: []templates.SheetGroup{first, group}}, nil
}

func (s *Server) connectorTyped(c echo.Context, a crm.About) app.ConnectorEdit {
	in := app.ConnectorEdit{Kind: a.Kind, Name: posted(c, "name"), AlertUser: posted(c, "alert_user"), Values: map[string]string{}}
	for _, f := range a.Fields {
		in.Values[f.Name] = posted(c, f.Name)
		if f.Type == "events" { // one value a box
			in.Values[f.Name] = strings.Join(c.Request().PostForm[f.Name], "\n")
		}
		if f.Secret {
			in.Values[f.Name+app.RemoveSecret] = posted(c, f.Name+app.RemoveSecret)
		}
	}
	return in
}

func (s *Server) connectorCreate(c echo.Context) error {
	sys := s.app.Systems().Find(posted(c, "kind"))
	if sys == nil {
		return c.Redirect(http.StatusSeeOther, connectorsPath+"/new")
	}
	id, err := s.app.CreateConnector(c.Request().Context(), s.connectorTyped(c, sys.About()), s.actor(c))
	if status := formStatus(err); status != 0 && !wantsJSON(c) {
		return s.showConnectorNew(c, status, sys.About().Kind, err)
	}
	return s.after(c, err, "Connected, and held: nothing goes out yet. Test it, look at what would be sent, then switch it on.", connectorsPath+"/"+id.String())
}

func (s *Server) connectorShow(c echo.Context) error {
	return s.showConnector(c, http.StatusOK, nil, nil)
}

func (s *Server) showConnector(c echo.Context, status int, tested *templates.Answered, wrong error) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	d, err := s.app.ConnectorDetail(c.Request().Context(), id)
	if err != nil {
		return err
	}
	p := templates.ConnectorPage{Facts: s.connectorFacts(c, d), Tested: tested}
	if p.AdminPage, err = s.adminPage(c, "connectors", d.Name, templates.Link{Label: "Connectors", URL: connectorsPath}); err != nil {
		return err
	}
	url := connectorsPath + "/" + id.String()
	if n, err := s.heldNotice(c); err != nil {
		return err
	} else if n != nil {
		p.Notices = append(p.Notices, *n)
	}
	p.Notices = append(p.Notices, s.connectorNotices(c, d)...)
	if d.About.Hooks {
		p.Hook, p.HookNote = s.app.BaseURL()+"/webhooks/connectors/"+id.String(), "It may post what changes there to this address, signed with the secret of the settings. Each event counts once."
	}
	if len(d.About.Values) > 0 {
		p.Actions = append(p.Actions, templates.PageAction{Label: "Mapping and dry run", URL: url + "/mapping", Icon: "list"})
	} else {
		p.Actions = append(p.Actions, templates.PageAction{Label: "Dry run", URL: url + "/mapping", Icon: "list"})
	}
	p.Actions = append(p.Actions, templates.PageAction{Label: "Its pushes", URL: "/admin/pushes?connector=" + id.String(), Icon: "send"})
	if s.may(c, auth.ConnectorsWrite) {
		p.Actions = append(p.Actions, s.connectorButtons(d, url)...)
		if p.Form, err = s.connectorSheet(c, d.About, d, wrong != nil); err != nil {
			return err
		}
		p.Form.Action, p.Form.Button, p.Form.Hidden = url, "Save", versionOf(d.Version)
		fault(p.Form, wrong)
		day := func(name, label string, at time.Time) templates.FieldView {
			return templates.FieldView{Name: name, Type: "date", Label: label, Half: true, Value: at.In(s.zone(c)).Format(time.DateOnly)}
		}
		now := s.app.Store().Now()
		p.Replay = &templates.Sheet{Action: url + "/replay", Button: "Tell it again", Minor: true,
			Groups: []templates.SheetGroup{{Fields: []templates.FieldView{day("from", "From the day", now.AddDate(0, 0, -1)), day("to", "To the day, included", now)}}}}
	}
	for _, x := range d.Pulls {
		p.Told = append(p.Told, toldRow(x))
	}
	names := map[uuid.UUID]string{}
	if users, err := s.app.Users(c.Request().Context()); err == nil {
		for _, u := range users {
			names[u.ID] = u.Name
		}
	}
	for _, u := range d.Users {
		r := templates.TheirUserRow{Name: u.Name, Email: u.Email}
		if u.UserID != nil {
			r.Ours = names[*u.UserID]
		}
		p.Users = append(p.Users, r)
	}
	return s.page(c, status, "admin/connector", p)
}

func (s *Server) connectorNotices(c echo.Context, d app.ConnectorDetail) (out []templates.Notice) {
	zone := s.zone(c)
	if d.Lost {
		out = append(out, templates.Notice{Kind: "fault", Text: "Its secrets can no longer be opened: they were sealed under a GATEHOUSE_SECRET that has left the list. Enter them again."})
	}
	switch {
	case d.State == app.ConnectorHeld:
		out = append(out, templates.Notice{Kind: "wait", Text: "It is held: what happens is collected for it, and nothing goes out before it is switched on."})
	case d.State == app.ConnectorOff:
		out = append(out, templates.Notice{Kind: "note", Text: "It is off: it is told nothing, and what happens meanwhile is not collected for it."})
	case d.BrokenAt != nil:
		text := "It cannot be told anything since " + moment(*d.BrokenAt, zone) + ": " + d.BrokenWhy + ". What is for it waits; nothing is lost."
		if d.ProbeAt != nil {
			text += " It is tried again at " + d.ProbeAt.In(zone).Format("15:04") + ", and at once after the settings are saved."
		}
		out = append(out, templates.Notice{Kind: "fault", Text: text})
	}
	return out
}

func (s *Server) connectorButtons(d app.ConnectorDetail, url string) []templates.PageAction {
	test := postButton("Test the connection", "check", url+"/test", 0)
	if d.Kind == "slack" || d.Kind == "webhook" {
		test.Label = "Send a test"
	}
	state := func(label, icon, to string) templates.PageAction {
		a := postButton(label, icon, url+"/state", d.Version)
		a.Hidden = append(a.Hidden, templates.KV{Key: "state", Value: to})
		return a
	}
	out := []templates.PageAction{test}
	switch d.State {
	case app.ConnectorOn:
		out = append(out, state("Hold", "clock", app.ConnectorHeld))
		if d.BrokenAt != nil {
			out = append(out, state("Try now", "undo", app.ConnectorOn))
		}
	default:
		on := state("Switch on", "send", app.ConnectorOn)
		on.Main = true
		out = append(out, on)
	}
	if d.State != app.ConnectorOff {
		off := state("Switch off", "close", app.ConnectorOff)
		off.Danger, off.Confirm = true, fmt.Sprintf("Switch off %s? What waits for it (%d) is dropped.", d.Name, d.Waiting)
		out = append(out, off)
	}
	return out
}

func (s *Server) connectorFacts(c echo.Context, d app.ConnectorDetail) templates.Ledger {
	zone := s.zone(c)
	tag := connectorTag(d.Connector, s.app.Store().Now())
	when := func(t *time.Time) string {
		if t == nil {
			return "never"
		}
		return moment(*t, zone)
	}
	url := "/admin/pushes?connector=" + d.ID.String()
	l := templates.Ledger{Title: "How it goes", Facts: []templates.Fact{{Name: "System", Value: d.About.Title}, {Name: "State", Value: " ", Tag: &tag},
		{Name: "Waiting", Value: fmt.Sprint(d.Waiting), URL: url + "&state=open"}, {Name: "Refused", Value: fmt.Sprint(d.Refused), URL: url + "&state=refused"},
		{Name: "Last told", Value: when(d.PushedAt)}}}
	if d.About.Pulls {
		l.Facts = append(l.Facts, templates.Fact{Name: "Last asked", Value: when(d.PulledAt)})
	}
	if d.Oldest != nil {
		l.Facts = append(l.Facts, templates.Fact{Name: "Oldest waits since", Value: moment(*d.Oldest, zone)})
	}
	return templates.Ledger{Title: l.Title, Facts: append(l.Facts, templates.Fact{Name: "Told of trouble", Value: orElse(d.AlertName, "nobody by name")})}
}

var pullWords = map[string]templates.Tag{"waiting": {Label: "Waits", Tone: "wait"}, "applied": {Label: "Taken over", Tone: "good"}, "echo": {Label: "Our own news"},
	"unknown": {Label: "Nobody of ours"}, "refused": {Label: "Not possible here", Tone: "bad"}}

func toldRow(x store.Pull) templates.ToldRow {
	r := templates.ToldRow{At: x.At, What: strings.ToUpper(x.ObjectKind[:min(1, len(x.ObjectKind))]) + x.ObjectKind[min(1, len(x.ObjectKind)):] + " " + x.Type, Outcome: tagOf(pullWords, x.Outcome), Reason: x.Reason,
		How: map[string]string{"webhook": "it told us", "poll": "we asked"}[x.How]}
	if x.ObjectID != nil && x.ObjectKind != crm.Deal {
		r.URL = "/admin/leads/" + x.ObjectID.String()
	}
	return r
}
