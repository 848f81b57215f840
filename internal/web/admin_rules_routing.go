package web

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/auth"
	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/lead"
	"github.com/gatehouse/gatehouse/internal/pipeline"
	"github.com/gatehouse/gatehouse/internal/store"
	"github.com/gatehouse/gatehouse/templates"
)

const routingPath = rulesPath + "/routing"

// routingView is what is drawn of a draft: as it is saved, or as it was typed.
type routingView struct {
	def   pipeline.Routing
	note  string
	read  int64
	wrong error
	who   string
	tried *templates.ForeseenView
	typed url.Values     // the form, while it is drawn again
	usual map[int]string // what is wrong with a chosen condition, by rule
}

func savedRouting(r *store.RuleSet) (view routingView, err error) {
	if r == nil {
		return view, nil
	}
	view.read, view.note = r.Version, r.Note
	if err := json.Unmarshal(r.Definition, &view.def); err != nil {
		return view, errs.Wrap(err, errs.Internal, "These rules cannot be read.")
	}
	return view, nil
}

func (s *Server) routingPage(c echo.Context) error {
	v, err := s.app.RuleVersions(c.Request().Context(), store.RulesRouting)
	if err != nil {
		return err
	}
	r, edit := v.Published, false
	if v.Draft != nil && s.may(c, auth.RulesWrite) {
		r, edit = v.Draft, true
	}
	view, err := savedRouting(r)
	if err != nil {
		return err
	}
	if view.who = strings.TrimSpace(c.QueryParam("who")); view.who != "" {
		if err := s.tryRouting(c, &view); err != nil {
			return err
		}
	}
	return s.showRouting(c, http.StatusOK, v, view, edit, r)
}

// routingVersion is one version to read.
func (s *Server) routingVersion(c echo.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	r, err := s.app.RuleSet(c.Request().Context(), id)
	if err != nil {
		return err
	}
	if r.Kind != store.RulesRouting {
		return errNoPage
	}
	v, err := s.app.RuleVersions(c.Request().Context(), store.RulesRouting)
	if err != nil {
		return err
	}
	view, err := savedRouting(&r)
	if err != nil {
		return err
	}
	return s.showRouting(c, http.StatusOK, v, view, false, &r)
}

// tryRouting asks who would get a lead by the view's rules; a fault stands in the view.
func (s *Server) tryRouting(c echo.Context, view *routingView) error {
	ctx := c.Request().Context()
	l, err := s.app.FindLead(ctx, s.user(c), view.who)
	if err == nil {
		var f app.Foreseen
		if f, err = s.app.Foresee(ctx, l.ID, &view.def); err == nil {
			view.tried = foreseenView(l, f)
		}
	}
	if err != nil && formStatus(err) == 0 {
		return err
	}
	view.wrong = err
	return nil
}

var loadWords = map[string]string{pipeline.LoadChosen: "chosen", pipeline.LoadMore: "had more", pipeline.LoadLater: "had the same, asked more recently", pipeline.LoadLevel: "had the same, comes later", pipeline.LoadAway: "away",
	pipeline.LoadFull: "no room today", pipeline.LoadRefused: "had this lead before", pipeline.LoadGone: "does not sell"}

func foreseenView(l store.Lead, f app.Foreseen) *templates.ForeseenView {
	out := &templates.ForeseenView{Lead: orElse(fullName(l.GivenName, l.FamilyName), l.Email), LeadURL: "/admin/leads/" + l.ID.String(), Owner: f.Owner, Text: f.Text, Held: f.Held}
	for _, x := range f.Why.Loads {
		out.Loads = append(out.Loads, templates.KV{Key: x.Name, Value: fmt.Sprintf("%s of weight %d: %s", pipeline.Tenths(x.Had), x.Weight, word(loadWords, x.State))})
	}
	return out
}

// routingEdit takes the form: its buttons save, publish, try, or change the rows and draw the form again.
func (s *Server) routingEdit(c echo.Context) error {
	read, err := readVersion(c)
	if err != nil {
		return err
	}
	ctx, do := c.Request().Context(), posted(c, "do")
	view := routingView{def: readRouting(c.Request().PostForm), note: posted(c, "note"), read: read, who: strings.TrimSpace(posted(c, "who"))}
	done, status := "The draft is saved.", http.StatusOK
	switch do {
	case "save", "":
		view.wrong = s.app.SaveRouting(ctx, read, view.def, view.note, s.actor(c))
	case "save-over":
		if theirs, bad := strconv.ParseInt(posted(c, "theirs"), 10, 64); bad == nil {
			read = theirs
		}
		view.wrong = s.app.SaveRouting(ctx, read, view.def, view.note, s.actor(c))
	case "publish":
		if view.wrong = s.app.SaveRouting(ctx, read, view.def, view.note, s.actor(c)); view.wrong == nil {
			_, view.wrong = s.app.PublishRules(ctx, store.RulesRouting, read+1, s.actor(c))
			done = "Published. It holds for each lead that qualifies from now on."
		}
	case "try":
		if err := s.tryRouting(c, &view); err != nil {
			return err
		}
		return s.drawRouting(c, max(status, formStatus(view.wrong)), view)
	default:
		if at, ok := strings.CutPrefix(do, "usual."); ok {
			return s.drawUsual(c, view, at)
		}
		if !moveRouting(&view.def, do) {
			return errs.New(errs.Malformed, "The form does not know this button. Reload the page and try again.")
		}
		return s.drawRouting(c, status, view)
	}
	if view.wrong == nil {
		return s.after(c, nil, done, routingPath)
	}
	if status = formStatus(view.wrong); status == 0 || wantsJSON(c) {
		return view.wrong
	}
	return s.drawRouting(c, status, view)
}

// drawUsual puts the condition that was chosen into its rule and draws the form again. Nothing is saved.
func (s *Server) drawUsual(c echo.Context, view routingView, at string) error {
	i, err := strconv.Atoi(at)
	if err != nil || i < 0 || i >= len(view.def.Rules) {
		return errs.New(errs.Malformed, "The form does not know this button. Reload the page and try again.")
	}
	view.typed = c.Request().PostForm
	if sentence := putCondition(&view.def.Rules[i].When, view.typed, fmt.Sprintf("usual.%d.", i), lead.FactNames); sentence != "" {
		view.usual = map[int]string{i: sentence}
		return s.drawRouting(c, http.StatusUnprocessableEntity, view)
	}
	return s.drawRouting(c, http.StatusOK, view)
}

func (s *Server) drawRouting(c echo.Context, status int, view routingView) error {
	v, err := s.app.RuleVersions(c.Request().Context(), store.RulesRouting)
	if err != nil {
		return err
	}
	return s.showRouting(c, status, v, view, true, v.Draft)
}

// readRouting reads the rows of the form.
func readRouting(f url.Values) pipeline.Routing {
	r := pipeline.Routing{Existing: f.Get("existing"), Rules: []pipeline.RouteRule{}}
	for i := range pipeline.MaxRouteRules + 1 {
		at := "rules." + strconv.Itoa(i) + "."
		if !f.Has(at + "key") {
			break
		}
		x := pipeline.RouteRule{Key: f.Get(at + "key"), Title: strings.TrimSpace(f.Get(at + "title")), When: strings.TrimSpace(strings.ReplaceAll(f.Get(at+"when"), "\r\n", "\n"))}
		kind, text, _ := strings.Cut(f.Get(at+"to"), ":")
		if id, err := uuid.Parse(text); err == nil && kind == "team" {
			x.Team = &id
		} else if err == nil && kind == "person" {
			x.Person = &id
		}
		r.Rules = append(r.Rules, x)
	}
	return r
}

// moveRouting adds, moves or removes a row.
func moveRouting(r *pipeline.Routing, do string) bool {
	if do == "add" {
		r.Rules = append(r.Rules, pipeline.RouteRule{Key: store.NewID().String()[24:]})
		return len(r.Rules) <= pipeline.MaxRouteRules
	}
	what, at, _ := strings.Cut(do, ".")
	i, err := strconv.Atoi(at)
	if err != nil || i < 0 || i >= len(r.Rules) {
		return false
	}
	switch {
	case what == "up" && i > 0:
		r.Rules[i-1], r.Rules[i] = r.Rules[i], r.Rules[i-1]
	case what == "down" && i < len(r.Rules)-1:
		r.Rules[i+1], r.Rules[i] = r.Rules[i], r.Rules[i+1]
	case what == "remove":
		r.Rules = slices.Delete(r.Rules, i, i+1)
	default:
		return false
	}
	return true
}

var existingWords = []string{pipeline.ExistingCompany, "Existing owner first: of the lead, or of others of its company", pipeline.ExistingLead, "Existing owner of the lead first", pipeline.ExistingNone, "No: the rules alone decide"}

// showRouting draws the page around a draft, saved or typed, or a version to read.
func (s *Server) showRouting(c echo.Context, status int, v app.RuleVersions, view routingView, edit bool, r *store.RuleSet) error {
	frame, err := s.adminPage(c, "rules", "Routing rules", templates.Link{Label: "Rules", URL: rulesPath})
	if err != nil {
		return err
	}
	frame.Lead = "Who gets a lead that is one for sales. Each assignment keeps the rule and what was compared."
	p := templates.RoutingPage{AdminPage: frame, PostURL: routingPath, State: ruleState(v), Versions: s.ruleVersions(c, store.RulesRouting, v), Edit: edit, Version: view.read, Tried: view.tried,
		About: "A draft changes nothing until it is published.", Names: []templates.RuleNames{ruleNames("Of a lead", lead.FactNames), ruleFunctions()}}
	if v.Draft == nil {
		p.About = "Nobody is changing it."
	}
	faults := map[string]string{}
	if view.wrong != nil {
		e := errs.Public(view.wrong)
		if p.Error = e.Message; len(e.Fields) > 0 && edit && view.tried == nil {
			p.Error = "Nothing was saved yet: what is marked below needs a second look."
		}
		for _, f := range e.Fields {
			faults[f.Field] = f.Message
			if f.Field == "rules" || !edit {
				p.Error += " " + f.Message
			}
		}
		if e.Code == errs.Conflict && v.Draft != nil && v.Draft.Version != view.read {
			p.Theirs = v.Draft.Version
		}
	}
	field := func(f templates.FieldView) templates.FieldView {
		f.ID = "f-" + strings.ReplaceAll(f.Name, ".", "-")
		if f.Error = faults[f.Name]; f.Error != "" && p.FirstInvalid == "" {
			p.FirstInvalid = f.ID
		}
		return f
	}
	p.General = []templates.FieldView{field(templates.FieldView{Name: "existing", Type: "select", Label: "Who has dealt with them before", Required: true, Options: choices(orElse(view.def.Existing, pipeline.ExistingCompany), existingWords...)})}
	names, err := s.routeTargets(c)
	if err != nil {
		return err
	}
	asked := nameOptions(lead.FactNames)
	for i, x := range view.def.Rules {
		row := routeRow(i, len(view.def.Rules), x, names, field)
		row.Usual = usualEdit(fmt.Sprintf("usual.%d.", i), x.When, lead.FactNames, asked, view.usual[i], view.typed)
		p.Rules = append(p.Rules, row)
	}
	if edit {
		if p.Known, err = s.knownValues(c, lead.FactNames); err != nil {
			return err
		}
	}
	if edit && v.Draft != nil {
		if p.Rehearsal, err = s.rehearsalShort(c, v.Draft); err != nil {
			return err
		}
	}
	p.Try = field(templates.FieldView{Name: "who", Type: "text", Label: "Name, company or e-mail address", Value: view.who, Plain: true, MaxLength: 200, Autocomplete: "off"})
	p.Note = field(templates.FieldView{Name: "note", Type: "text", Label: "What changes, and why", Value: view.note, MaxLength: 1000})
	s.routingActions(c, &p, v, r)
	return s.page(c, status, "admin/rules_routing", p)
}

func (s *Server) routingActions(c echo.Context, p *templates.RoutingPage, v app.RuleVersions, r *store.RuleSet) {
	if r != nil && !p.Edit {
		p.Facts = templates.Ledger{Title: fmt.Sprintf("Version %d", r.Number), Facts: []templates.Fact{{Name: "Before all rules", Value: p.General[0].Chosen()}}}
		if r.Note != "" {
			p.Facts.Facts = append(p.Facts.Facts, templates.Fact{Name: "Note", Value: r.Note})
		}
	}
	if !s.may(c, auth.RulesWrite) {
		return
	}
	switch begin := postButton("Begin a draft", "edit", routingPath+"/draft", 0); {
	case p.Edit && v.Draft != nil:
		discard := postButton("Discard the draft", "trash", routingPath+"/discard", v.Draft.Version)
		discard.Danger, discard.Confirm = true, "Throw this draft away? What holds stays as it is."
		p.Actions = append(p.Actions, discard)
	case v.Draft != nil:
		p.Actions = append(p.Actions, templates.PageAction{Label: "Go to the draft", URL: routingPath, Icon: "edit"})
	case r != nil && r.State == store.RulesRetired:
		begin.Label, begin.Hidden = "Begin a draft with this version", []templates.KV{{Key: "from", Value: r.ID.String()}}
		p.Actions = append(p.Actions, begin)
	default:
		p.Actions = append(p.Actions, begin)
	}
}

// routeTargets are the teams and people that a rule may name: value and label in turn.
func (s *Server) routeTargets(c echo.Context) ([]string, error) {
	teams, err := s.app.SalesTeams(c.Request().Context())
	if err != nil {
		return nil, err
	}
	sellers, err := s.app.WhoSells(c.Request().Context())
	if err != nil {
		return nil, err
	}
	pairs := []string{"", "Choose a team or a person"}
	for _, t := range teams {
		pairs = append(pairs, "team:"+t.ID.String(), "Team "+t.Name+", in turn")
	}
	for _, x := range sellers {
		pairs = append(pairs, "person:"+x.ID.String(), x.Name)
	}
	return pairs, nil
}

func routeRow(i, n int, x pipeline.RouteRule, names []string, field func(templates.FieldView) templates.FieldView) templates.RouteRow {
	to := ""
	switch {
	case x.Team != nil:
		to = "team:" + x.Team.String()
	case x.Person != nil:
		to = "person:" + x.Person.String()
	}
	at := "rules." + strconv.Itoa(i) + "."
	row := templates.RouteRow{Number: i + 1, Index: i, Anchor: "rule-" + strconv.Itoa(i+1), Title: x.Title, Condition: x.When, Words: conditionWords(x.When, lead.FactNames), Key: x.Key, First: i == 0, Last: i == n-1, To: "gone"}
	for j := 0; j+1 < len(names); j += 2 {
		if names[j] == to && to != "" {
			row.To = names[j+1]
		}
	}
	row.Fields = []templates.FieldView{
		field(templates.FieldView{Name: at + "title", Type: "text", Label: "Name", Required: true, MaxLength: 80, Value: x.Title, Autocomplete: "off"}),
		field(templates.FieldView{Name: at + "to", Type: "select", Label: "Goes to", Required: true, Options: choices(to, names...)}),
		field(templates.FieldView{Name: at + "when", Type: "condition", Label: "When", Value: x.When, MaxLength: 1000, Help: "Empty: always."})}
	return row
}
