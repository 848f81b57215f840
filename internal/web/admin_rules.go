package web

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/auth"
	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/form"
	"github.com/gatehouse/gatehouse/internal/rule"
	"github.com/gatehouse/gatehouse/internal/store"
	"github.com/gatehouse/gatehouse/templates"
)

const rulesPath = "/admin/rules"

// ruleSentences say what each kind of rules decides.
var ruleSentences = map[string]string{
	store.RulesScoring: "How many points a lead has, and when it is one for sales.",
	store.RulesRouting: "Who gets a lead that is one for sales.",
}

var ruleKindWords = map[string]string{store.RulesScoring: "Scoring rules", store.RulesRouting: "Routing rules"}

// rulesPage is each kind of rules with what holds.
func (s *Server) rulesPage(c echo.Context) error {
	page, err := s.adminPage(c, "rules", "Rules")
	if err != nil {
		return err
	}
	page.Lead = "Rules are versions: a draft changes nothing until it is published, and what held before can hold again."
	p := templates.RulesPage{AdminPage: page}
	for _, k := range s.app.RuleKinds() {
		v, err := s.app.RuleVersions(c.Request().Context(), k.Kind)
		if err != nil {
			return err
		}
		view := templates.RuleKindView{Title: k.Title, URL: rulesPath + "/" + k.Kind, Sentence: ruleSentences[k.Kind], State: ruleState(v), Versions: s.ruleVersions(c, k.Kind, v)}
		if v.Draft != nil && v.Published != nil {
			view.Draft = "A draft is under way."
		}
		if v.Draft != nil && s.may(c, auth.RulesWrite) {
			if view.Rehearsal, err = s.rehearsalShort(c, v.Draft); err != nil {
				return err
			}
		}
		p.Kinds = append(p.Kinds, view)
	}
	return s.page(c, http.StatusOK, "admin/rules", p)
}

func ruleState(v app.RuleVersions) templates.Tag {
	switch {
	case v.Published == nil && v.Draft == nil:
		return templates.Tag{Label: "No rules yet", Tone: "wait"}
	case v.Published == nil:
		return templates.Tag{Label: "A draft, nothing published", Tone: "wait"}
	}
	return templates.Tag{Label: fmt.Sprintf("Version %d holds", v.Published.Number), Tone: "good"}
}

// ruleVersions are the rows of the history; those that do not hold can hold again.
func (s *Server) ruleVersions(c echo.Context, kind string, v app.RuleVersions) (out []templates.RuleVersionRow) {
	for _, h := range v.History {
		row := templates.RuleVersionRow{Number: h.Number, URL: rulesPath + "/" + kind + "/versions/" + h.ID.String(), Holds: h.State == store.RulesPublished, By: h.By, Note: h.Note, Count: h.Leads}
		if h.PublishedAt != nil {
			row.At = *h.PublishedAt
		}
		if !row.Holds && s.may(c, auth.RulesWrite) {
			a := postButton("Roll back to it", "undo", rulesPath+"/"+kind+"/roll-back", 0)
			a.Hidden = []templates.KV{{Key: "to", Value: h.ID.String()}}
			a.Confirm = fmt.Sprintf("Publish version %d again? It holds for new leads from then on.", h.Number)
			row.RollBack = &a
		}
		out = append(out, row)
	}
	return out
}

// ruleDraft begins a draft of a kind of rules: from what holds, or from an older version.
func (s *Server) ruleDraft(c echo.Context) error {
	var from *uuid.UUID
	if id, err := uuid.Parse(posted(c, "from")); err == nil {
		from = &id
	}
	kind := c.Param("kind")
	_, err := s.app.DraftRules(c.Request().Context(), kind, from, s.actor(c))
	if errs.Is(err, errs.NotFound) {
		return err
	}
	return s.after(c, err, "This is the draft. It changes nothing until it is published.", rulesPath+"/"+kind)
}

func (s *Server) rulePublish(c echo.Context) error {
	version, err := readVersion(c)
	if err != nil {
		return err
	}
	kind := c.Param("kind")
	r, err := s.app.PublishRules(c.Request().Context(), kind, version, s.actor(c))
	if errs.Is(err, errs.NotFound) {
		return err
	}
	return s.after(c, err, fmt.Sprintf("Version %d holds from now on.", r.Number), rulesPath+"/"+kind)
}

func (s *Server) ruleDiscard(c echo.Context) error {
	version, err := readVersion(c)
	if err != nil {
		return err
	}
	kind := c.Param("kind")
	err = s.app.DiscardRules(c.Request().Context(), kind, version, s.actor(c))
	if errs.Is(err, errs.NotFound) {
		return err
	}
	return s.after(c, err, "The draft is gone.", rulesPath+"/"+kind)
}

func (s *Server) ruleRollBack(c echo.Context) error {
	to, err := uuid.Parse(posted(c, "to"))
	if err != nil {
		return errs.New(errs.Malformed, "The request could not be read.")
	}
	kind := c.Param("kind")
	r, err := s.app.RollBackRules(c.Request().Context(), kind, to, s.actor(c))
	if errs.Is(err, errs.NotFound) {
		return err
	}
	return s.after(c, err, fmt.Sprintf("Version %d holds from now on, a copy of the older one.", r.Number), rulesPath+"/"+kind)
}

// ruleNames lists what conditions may ask, for the page that edits them.
func ruleNames(title string, words *rule.Vocabulary) templates.RuleNames {
	out := templates.RuleNames{Title: title}
	for _, n := range words.Names() {
		out.Names = append(out.Names, templates.RuleName{Name: n.Name, Type: n.Type, Says: n.Says, Example: n.Example})
	}
	return out
}

func ruleFunctions() templates.RuleNames {
	out := templates.RuleNames{Title: "How it is asked"}
	for _, n := range rule.Functions {
		out.Names = append(out.Names, templates.RuleName{Name: n.Name + "()", Type: n.Type, Says: n.Says, Example: n.Example})
	}
	return templates.RuleNames{Title: out.Title, Names: append(out.Names, []templates.RuleName{
		{Name: "== != in", Type: "comparing", Says: "is, is not, is one of", Example: `country in ["DE", "AT"]`},
		{Name: ">= <= > <", Type: "comparing", Says: "numbers", Example: `submissions >= 2`},
		{Name: "and or not", Type: "joining", Says: "all of them, one of them, the opposite", Example: `not free_mail and (confirmed or has_phone)`},
		{Name: "contains startsWith endsWith matches", Type: "text", Says: "letter for letter; matches takes a pattern", Example: `domain endsWith ".gov.uk"`},
	}...)}
}

// conditionWords says a condition in plain words where it is a usual one; "" where it is not.
func conditionWords(source string, words *rule.Vocabulary) string {
	parts, anyOf, ok := rule.Read(source, words)
	if !ok || len(parts) == 0 {
		return ""
	}
	return upperFirst(rule.Say(parts, anyOf, words, factWord))
}

var regionWords = map[string]string{"dach": "Germany, Austria and Switzerland", "benelux": "Benelux", "nordics": "the Nordics", "british-isles": "the British Isles", "france": "France", "iberia": "Iberia", "italy": "Italy",
	"central-europe": "Central Europe", "eastern-europe": "Eastern Europe", "south-east-europe": "South-East Europe", "north-america": "North America", "latin-america": "Latin America",
	"middle-east": "the Middle East", "africa": "Africa", "asia": "Asia", "oceania": "Oceania"}

var choiceValueWords = map[string]string{"mail": "a mail", "call": "a call", "booking": "a booked talk", "none": "no contact"}

// factWord is what staff call a value of a fact that conditions compare; "" where it reads as it is.
func factWord(name, value string) string {
	switch name {
	case "country":
		return form.CountryName(strings.ToUpper(value))
	case "region":
		return regionWords[value]
	case "source":
		return sourceWords[value]
	case "origin":
		return strings.ToLower(originWords[value])
	case "choice", "event_detail":
		return choiceValueWords[value]
	}
	return ""
}
