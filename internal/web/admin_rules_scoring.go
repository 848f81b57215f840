package web

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/auth"
	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/lead"
	"github.com/gatehouse/gatehouse/internal/store"
	"github.com/gatehouse/gatehouse/templates"
)

const scoringPath = rulesPath + "/scoring"

// scoringView is what is drawn of a draft: as it is saved, or as it was typed.
type scoringView struct {
	def   lead.ScoreRules
	note  string
	read  int64
	typed url.Values
	wrong error
	usual map[string]string
	tried *app.ScoredTry
	who   string
}

func (s *Server) scoringPage(c echo.Context) error {
	v, err := s.app.RuleVersions(c.Request().Context(), store.RulesScoring)
	if err != nil {
		return err
	}
	if v.Draft == nil || !s.may(c, auth.RulesWrite) {
		if v.Published == nil {
			return s.showScoringVersion(c, v, nil)
		}
		return s.showScoringVersion(c, v, v.Published)
	}
	view, err := savedScoring(v.Draft)
	if err != nil {
		return err
	}
	return s.showScoring(c, http.StatusOK, v, view)
}

func savedScoring(r *store.RuleSet) (view scoringView, err error) {
	view.read, view.note = r.Version, r.Note
	if err := json.Unmarshal(r.Definition, &view.def); err != nil {
		return view, errs.Wrap(err, errs.Internal, "These rules cannot be read.")
	}
	return view, nil
}

// scoringEdit takes the big form: its buttons save, publish, try, or change the rows and draw the form again.
func (s *Server) scoringEdit(c echo.Context) error {
	read, err := readVersion(c)
	if err != nil {
		return err
	}
	ctx, do := c.Request().Context(), posted(c, "do")
	typed := c.Request().PostForm
	view := scoringView{def: readScoring(typed), note: posted(c, "note"), read: read, typed: typed, who: strings.TrimSpace(posted(c, "who"))}
	save := func(version int64) error {
		b, err := json.Marshal(view.def)
		if err != nil {
			return err
		}
		return s.app.SaveDraftRules(ctx, store.RulesScoring, version, b, view.note, s.actor(c))
	}
	done := "The draft is saved."
	switch do {
	case "publish":
		if err = save(read); err == nil {
			_, err = s.app.PublishRules(ctx, store.RulesScoring, read+1, s.actor(c))
			done = "Published. It holds for each lead that does something from now on; open leads can be scored anew beside."
		}
	case "save-over":
		if theirs, bad := strconv.ParseInt(posted(c, "theirs"), 10, 64); bad == nil {
			read = theirs
		}
		err = save(read)
	case "save", "":
		err = save(read)
	default:
		return s.scoringRows(c, view, do)
	}
	if err == nil {
		return s.after(c, nil, done, scoringPath)
	}
	status := formStatus(err)
	if status == 0 || wantsJSON(c) {
		return err
	}
	view.wrong = err
	return s.showTyped(c, status, view)
}

// scoringRows draws the form again: a lead tried, a row added, moved or removed, a condition put in. Nothing is saved.
func (s *Server) scoringRows(c echo.Context, view scoringView, do string) error {
	if do == "try" {
		t, err := s.app.TryScore(c.Request().Context(), view.def, view.who)
		if err != nil && formStatus(err) == 0 {
			return err
		}
		if view.wrong = err; err != nil {
			return s.showTyped(c, formStatus(err), view)
		}
		view.tried = &t
		return s.showTyped(c, http.StatusOK, view)
	}
	if at, ok := strings.CutPrefix(do, "usual."); ok {
		first, second, _ := strings.Cut(at, ".")
		g, _ := strconv.Atoi(first)
		r, _ := strconv.Atoi(second)
		if sentence := putUsual(&view.def, view.typed, g, r); sentence != "" {
			view.usual = map[string]string{at: sentence}
			return s.showTyped(c, http.StatusUnprocessableEntity, view)
		}
		view.typed.Del(fmt.Sprintf("groups.%d.rules.%d.condition", g, r)) // the form shows the new one
		return s.showTyped(c, http.StatusOK, view)
	}
	if !moveScoring(&view.def, do) {
		return errs.New(errs.Malformed, "The form does not know this button. Reload the page and try again.")
	}
	view.typed = nil
	return s.showTyped(c, http.StatusOK, view)
}

func (s *Server) showTyped(c echo.Context, status int, view scoringView) error {
	v, err := s.app.RuleVersions(c.Request().Context(), store.RulesScoring)
	if err != nil {
		return err
	}
	return s.showScoring(c, status, v, view)
}

// showScoring draws the page around a draft, saved or typed.
func (s *Server) showScoring(c echo.Context, status int, v app.RuleVersions, view scoringView) error {
	p, err := s.scoringFrame(c, v)
	if err != nil {
		return err
	}
	p.Edit, p.Version = true, view.read
	b := newScoringForm(view.def, view.typed, nil)
	if view.wrong != nil {
		e := errs.Public(view.wrong)
		b = newScoringForm(view.def, view.typed, e.Fields)
		p.Error = e.Message
		if len(e.Fields) > 0 {
			p.Error = "Nothing was saved yet: what is marked below needs a second look."
		}
		if e.Code == errs.Conflict && v.Draft != nil && v.Draft.Version != view.read {
			p.Theirs = v.Draft.Version
		}
	}
	if view.usual != nil {
		b.usual = view.usual
	}
	p.General, p.Groups = b.general(), b.groups()
	if p.Known, err = s.knownValues(c, lead.FitNames, lead.EventNames); err != nil {
		return err
	}
	p.Try = b.field(templates.FieldView{Name: "who", Type: "text", Label: "Name, company or e-mail address", Value: view.who, Plain: true, MaxLength: 200, Autocomplete: "off"})
	p.Note = b.field(templates.FieldView{Name: "note", Type: "text", Label: "What changes, and why", Value: view.note, MaxLength: 1000})
	p.FirstInvalid, b.used["groups"] = b.first, true
	if left := b.left(); len(left) > 0 {
		p.Error = strings.TrimSpace(p.Error + " " + strings.Join(left, " "))
	}
	if t := view.tried; t != nil {
		ledger := ledgerOf(t.Scored.Lines, t.At, &view.def, t.Scored.Grade)
		ledger.Sentence = map[bool]string{true: "Would qualify: it ", false: "Would not qualify: it "}[t.Qualifies] + t.Why + "."
		for _, f := range t.Scored.Faults {
			p.Error = strings.TrimSpace(p.Error + " The rule " + f.Rule + " failed for this lead and counted as one that does not hold.")
		}
		p.Tried, p.TriedTitle, p.TriedURL = &ledger, orElse(fullName(t.Lead.GivenName, t.Lead.FamilyName), t.Lead.Email), "/admin/leads/"+t.Lead.ID.String()
	}
	if v.Draft != nil {
		discard := postButton("Discard the draft", "trash", scoringPath+"/discard", v.Draft.Version)
		discard.Danger, discard.Confirm = true, "Throw this draft away? What holds stays as it is."
		p.Actions = append(p.Actions, discard)
		if p.Rehearsal, err = s.rehearsalShort(c, v.Draft); err != nil {
			return err
		}
	}
	return s.page(c, status, "admin/rules_scoring", p)
}

// scoringFrame is what the draft and a version to read have in common.
func (s *Server) scoringFrame(c echo.Context, v app.RuleVersions) (templates.ScoringPage, error) {
	frame, err := s.adminPage(c, "rules", "Scoring rules", templates.Link{Label: "Rules", URL: rulesPath})
	p := templates.ScoringPage{AdminPage: frame, PostURL: scoringPath, State: ruleState(v), Versions: s.ruleVersions(c, store.RulesScoring, v)}
	if err != nil {
		return p, err
	}
	p.Lead = "Points for who a lead is, and for what it did as a person. Each score is the sum of its lines; no machine gets any."
	p.About = "A draft changes nothing until it is published."
	if v.Draft == nil {
		p.About = "Nobody is changing it."
	}
	p.Names = []templates.RuleNames{ruleNames("Of a lead", lead.FitNames), ruleFunctions()}
	did := ruleNames("Of an event, beside all of that", lead.EventNames)
	did.Names = did.Names[len(lead.FitNames.Names()):]
	p.Names = append(p.Names[:1], did, p.Names[1])
	p.Rescore, err = s.rescoreView(c, v)
	return p, err
}

// scoringVersion is one version to read.
func (s *Server) scoringVersion(c echo.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	r, err := s.app.RuleSet(c.Request().Context(), id)
	if err != nil {
		return err
	}
	if r.Kind != store.RulesScoring {
		return errNoPage
	}
	v, err := s.app.RuleVersions(c.Request().Context(), store.RulesScoring)
	if err != nil {
		return err
	}
	return s.showScoringVersion(c, v, &r)
}

func (s *Server) showScoringVersion(c echo.Context, v app.RuleVersions, r *store.RuleSet) error {
	p, err := s.scoringFrame(c, v)
	if err != nil {
		return err
	}
	if r == nil {
		p.Facts = templates.Ledger{Title: "No rules yet", Empty: "Without rules nobody is scored, and no lead goes to sales by itself."}
	} else if err := showRules(&p, r); err != nil {
		return err
	}
	if s.may(c, auth.RulesWrite) {
		switch begin := postButton("Begin a draft", "edit", scoringPath+"/draft", 0); {
		case v.Draft != nil:
			p.Actions = append(p.Actions, templates.PageAction{Label: "Go to the draft", URL: scoringPath, Icon: "edit"})
		case r != nil && r.State == store.RulesRetired:
			begin.Label, begin.Hidden = "Begin a draft with this version", []templates.KV{{Key: "from", Value: r.ID.String()}}
			p.Actions = append(p.Actions, begin)
		default:
			p.Actions = append(p.Actions, begin)
		}
	}
	return s.page(c, http.StatusOK, "admin/rules_scoring", p)
}

// showRules draws what a version says.
func showRules(p *templates.ScoringPage, r *store.RuleSet) error {
	view, err := savedScoring(r)
	if err != nil {
		return err
	}
	d := view.def
	said := "the points alone decide"
	if d.SayingQualifies {
		said = "so is who asks the author, or chooses a call or a booking"
	}
	p.Facts = templates.Ledger{Title: fmt.Sprintf("Version %d", r.Number), Facts: []templates.Fact{
		{Name: "One for sales", Value: "from " + lead.Points(d.Threshold) + " points", Note: said},
		{Name: "Fit", Value: "A from " + lead.Points(d.Fit.High) + ", B from " + lead.Points(d.Fit.Middle) + ", C below"},
		{Name: "Engagement", Value: "1 from " + lead.Points(d.Engagement.High) + ", 2 from " + lead.Points(d.Engagement.Middle) + ", 3 below"}}}
	if r.Note != "" {
		p.Facts.Facts = append(p.Facts.Facts, templates.Fact{Name: "Note", Value: r.Note})
	}
	for _, g := range d.Groups {
		view := templates.ScoreGroupView{Title: g.Title, Side: "Fit, who they are", Cap: lead.Points(g.Cap)}
		if g.Side == lead.SideEngagement {
			view.Side = "Engagement, what they did"
		}
		for _, x := range g.Rules {
			row := templates.ScoreRuleView{Title: x.Title, Condition: x.Condition, Words: conditionWords(x.Condition, vocabularyOf(g.Side)), Points: lead.Points(x.Points)}
			if x.Event != "" {
				row.When, row.Words = upperFirst(lead.EventLabel(x.Event)), lowerFirst(row.Words) // one sentence
				row.Melts = "gone in " + count(x.DecayDays, "day", "days")
			}
			view.Rules = append(view.Rules, row)
		}
		p.Shown = append(p.Shown, view)
	}
	return nil
}
