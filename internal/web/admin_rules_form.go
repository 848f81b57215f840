package web

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/lead"
	"github.com/gatehouse/gatehouse/internal/rule"
	"github.com/gatehouse/gatehouse/templates"
)

// noPoints stands for points that cannot be read; every check refuses them.
const noPoints = 1 << 30

// readScoring makes a draft out of the posted form, whose inputs have the names of lead.CompileScore's paths.
func readScoring(f url.Values) lead.ScoreRules {
	get := func(name string) string { return strings.TrimSpace(strings.ReplaceAll(f.Get(name), "\r\n", "\n")) }
	points := func(name string) int {
		if get(name) == "" {
			return 0
		}
		if n, ok := lead.ParsePoints(get(name)); ok {
			return n
		}
		return noPoints
	}
	def := lead.ScoreRules{Threshold: points("threshold"), SayingQualifies: f.Has("saying_qualifies"),
		Fit:        lead.Bounds{High: points("fit"), Middle: points("fit.middle")},
		Engagement: lead.Bounds{High: points("engagement"), Middle: points("engagement.middle")}, Groups: []lead.ScoreGroup{}}
	for i := 0; i < maxRows && f.Has(fmt.Sprintf("groups.%d.side", i)); i++ {
		at := fmt.Sprintf("groups.%d.", i)
		g := lead.ScoreGroup{Key: get(at + "key"), Title: get(at + "title"), Side: get(at + "side"), Cap: points(at + "cap"), Rules: []lead.ScoreRule{}}
		for j := 0; j < 100 && f.Has(fmt.Sprintf("%srules.%d.title", at, j)); j++ {
			at := fmt.Sprintf("%srules.%d.", at, j)
			r := lead.ScoreRule{Key: get(at + "key"), Title: get(at + "title"), Condition: get(at + "condition"), Points: points(at + "points")}
			if g.Side == lead.SideEngagement {
				r.Event, r.DecayDays = get(at+"event"), whole(get(at+"decay_days"))
			}
			g.Rules = append(g.Rules, r)
		}
		def.Groups = append(def.Groups, g)
	}
	return nameKeys(def)
}

// nameKeys gives new groups and rules the keys that the lines of scores will name them by: once given, they stay.
func nameKeys(def lead.ScoreRules) lead.ScoreRules {
	groups, rules := map[string]bool{}, map[string]bool{}
	for _, g := range def.Groups {
		groups[g.Key] = true
		for _, r := range g.Rules {
			rules[r.Key] = true
		}
	}
	for i := range def.Groups {
		g := &def.Groups[i]
		if g.Key == "" && g.Title != "" {
			g.Key = freeKey(g.Title, groups)
		}
		for j := range g.Rules {
			if r := &g.Rules[j]; r.Key == "" && r.Title != "" {
				r.Key = freeKey(r.Title, rules)
			}
		}
	}
	return def
}

func freeKey(title string, taken map[string]bool) string {
	var b strings.Builder
	for _, r := range strings.ToLower(title) {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			b.WriteRune(r)
		} else if s := b.String(); s != "" && !strings.HasSuffix(s, "-") {
			b.WriteByte('-')
		}
	}
	stem := b.String()
	stem = strings.Trim(stem[:min(len(stem), 32)], "-")
	if stem == "" {
		stem = "rule"
	}
	key := stem
	for n := 2; taken[key]; n++ {
		key = stem + "-" + strconv.Itoa(n)
	}
	taken[key] = true
	return key
}

// moveScoring does what a button of a row asks for; false for anything else.
func moveScoring(def *lead.ScoreRules, do string) bool {
	what, at, _ := strings.Cut(do, ".")
	first, second, _ := strings.Cut(at, ".")
	g, bad := strconv.Atoi(first)
	r, _ := strconv.Atoi(second)
	switch what {
	case "add-fit":
		def.Groups = append(def.Groups, lead.ScoreGroup{Side: lead.SideFit, Cap: 20_00, Rules: []lead.ScoreRule{{}}})
		return true
	case "add-engagement":
		def.Groups = append(def.Groups, lead.ScoreGroup{Side: lead.SideEngagement, Cap: 40_00, Rules: []lead.ScoreRule{{Event: lead.EventSubmission, DecayDays: 60}}})
		return true
	}
	if bad != nil || g < 0 || g >= len(def.Groups) {
		return false
	}
	group := &def.Groups[g]
	verb, kind, _ := strings.Cut(what, "-")
	switch {
	case what == "add-rule":
		fresh := lead.ScoreRule{}
		if group.Side == lead.SideEngagement {
			fresh = lead.ScoreRule{Event: lead.EventSubmission, DecayDays: 60}
		}
		group.Rules = append(group.Rules, fresh)
		return true
	case what == "remove-group":
		def.Groups = slices.Delete(def.Groups, g, g+1)
		return true
	case kind == "rule":
		return moved(&group.Rules, verb, r)
	}
	return false
}

// putUsual writes the condition that was chosen beside a rule into it. The sentence is what is wrong with it.
func putUsual(def *lead.ScoreRules, f url.Values, g, r int) (sentence string) {
	if g < 0 || g >= len(def.Groups) || r < 0 || r >= len(def.Groups[g].Rules) {
		return "There is no such rule."
	}
	return putCondition(&def.Groups[g].Rules[r].Condition, f, fmt.Sprintf("usual.%d.%d.", g, r), vocabularyOf(def.Groups[g].Side))
}

// putCondition joins the condition that was chosen, in inputs whose names begin with at, to the one that is there.
func putCondition(condition *string, f url.Values, at string, words *rule.Vocabulary) (sentence string) {
	part := rule.Part{Name: f.Get(at + "name"), Key: strings.TrimSpace(f.Get(at + "key")), Ask: f.Get(at + "ask")}
	if n, _ := words.Name(part.Name); n.Type != rule.TypeAnswers {
		part.Key = ""
	}
	part.Values = append(part.Values, strings.Split(f.Get(at+"value"), ",")...)
	if part.Ask == "is" || part.Ask == "is-not" || part.Ask == "has" || part.Ask == "has-not" {
		part.Values = []string{f.Get(at + "value")}
	}
	source, err := rule.Build([]rule.Part{part}, false, words)
	if err != nil {
		for _, x := range errs.Public(err).Fields {
			sentence += x.Message + " "
		}
		return strings.TrimSpace(sentence)
	}
	switch joint := f.Get(at + "joint"); {
	case strings.TrimSpace(*condition) == "" || joint == "instead":
		*condition = source
	case joint == "or":
		*condition = bracket(*condition, " and ", words) + "or " + source
	default:
		*condition = bracket(*condition, " or ", words) + "and " + source
	}
	return ""
}

// bracket keeps a condition together where another one is joined to it in the other way. A remark at its end ends with the
// line, or it would hide what comes after it.
func bracket(condition, other string, words *rule.Vocabulary) string {
	end := ""
	if strings.Contains(condition, "//") {
		end = "\n"
	}
	parts, anyOf, ok := rule.Read(condition, words)
	if ok && (len(parts) < 2 || anyOf == (other == " and ")) {
		return condition + cmp.Or(end, " ")
	}
	return "(" + condition + end + ") "
}

func vocabularyOf(side string) *rule.Vocabulary {
	if side == lead.SideEngagement {
		return lead.EventNames
	}
	return lead.FitNames
}

// scoringForm draws the inputs of a draft with what is wrong at each.
type scoringForm struct {
	gateForm
	def   lead.ScoreRules
	usual map[string]string // what is wrong with a chosen condition, by "group.rule"
}

func newScoringForm(def lead.ScoreRules, typed url.Values, fields []errs.Field) *scoringForm {
	b := &scoringForm{def: def, usual: map[string]string{}}
	b.gateForm = gateForm{typed: typed, faults: map[string]string{}, used: map[string]bool{}}
	for _, f := range fields {
		b.faults[f.Field] = strings.TrimSpace(b.faults[f.Field] + " " + f.Message)
	}
	return b
}

func pointsText(n int) string {
	if n == 0 || n == noPoints {
		return ""
	}
	return lead.Points(n)
}

func (b *scoringForm) general() (out []templates.FieldView) {
	d := b.def
	for _, v := range []templates.FieldView{
		{Name: "threshold", Type: "number", Label: "Points for sales", Required: true, Value: pointsText(d.Threshold)},
		{Name: "fit", Type: "number", Label: "Fit A from", Required: true, Value: pointsText(d.Fit.High)},
		{Name: "fit.middle", Type: "number", Label: "Fit B from", Required: true, Value: pointsText(d.Fit.Middle)},
		{Name: "engagement", Type: "number", Label: "Engagement 1 from", Required: true, Value: pointsText(d.Engagement.High)},
		{Name: "engagement.middle", Type: "number", Label: "Engagement 2 from", Required: true, Value: pointsText(d.Engagement.Middle)},
		{Name: "saying_qualifies", Type: "box", Label: "Who asks the author, or chooses a call or a booking, is one for sales whatever the points", Checked: d.SayingQualifies},
	} {
		out = append(out, b.field(v))
	}
	return out
}

func (b *scoringForm) groups() (out []templates.ScoreGroupEdit) {
	fit, did := nameOptions(lead.FitNames), nameOptions(lead.EventNames)
	for i, g := range b.def.Groups {
		at := fmt.Sprintf("groups.%d.", i)
		row := templates.ScoreGroupEdit{Anchor: fmt.Sprintf("group-%d", i), Heading: groupHeading(g), G: i, Did: g.Side == lead.SideEngagement,
			Hidden: []templates.KV{{Key: at + "key", Value: g.Key}, {Key: at + "side", Value: g.Side}}, Fields: []templates.FieldView{
				b.field(templates.FieldView{Name: at + "title", Type: "text", Label: "Name of the group", Required: true, Value: g.Title, MaxLength: 120}),
				b.field(templates.FieldView{Name: at + "cap", Type: "number", Label: "Most points at a time", Required: true, Value: pointsText(g.Cap)})}}
		for j, r := range g.Rules {
			names := fit
			if row.Did {
				names = did
			}
			row.Rules = append(row.Rules, b.rule(i, j, g, r, names))
		}
		out = append(out, row)
	}
	return out
}

func groupHeading(g lead.ScoreGroup) string {
	side := "who they are"
	if g.Side == lead.SideEngagement {
		side = "what they did"
	}
	if g.Title == "" {
		return "A new group: " + side
	}
	return g.Title + ": " + side
}

func (b *scoringForm) rule(i, j int, g lead.ScoreGroup, r lead.ScoreRule, names []templates.OptionView) templates.ScoreRuleEdit {
	at := fmt.Sprintf("groups.%d.rules.%d.", i, j)
	row := templates.ScoreRuleEdit{Anchor: fmt.Sprintf("rule-%d-%d", i, j), Heading: orElse(r.Title, "A new rule"), G: i, R: j, First: j == 0, Last: j == len(g.Rules)-1,
		Hidden: []templates.KV{{Key: at + "key", Value: r.Key}}, Words: conditionWords(r.Condition, vocabularyOf(g.Side))}
	row.Fields = append(row.Fields, b.field(templates.FieldView{Name: at + "title", Type: "text", Label: "Rule", Required: true, Value: r.Title, MaxLength: 120}))
	if g.Side == lead.SideEngagement {
		var events []string
		for _, k := range lead.EventKinds {
			events = append(events, k.Kind, k.Label)
		}
		row.Fields = append(row.Fields, b.field(templates.FieldView{Name: at + "event", Type: "select", Label: "Each time somebody", Required: true, Options: choices(r.Event, events...)}))
	}
	row.Fields = append(row.Fields, b.field(templates.FieldView{Name: at + "points", Type: "number", Label: "Points", Required: true, Value: pointsText(r.Points)}))
	if g.Side == lead.SideEngagement {
		row.Fields = append(row.Fields, b.field(templates.FieldView{Name: at + "decay_days", Type: "number", Label: "Gone in days", Required: true, Value: number(r.DecayDays)}))
	}
	row.Fields = append(row.Fields, b.field(templates.FieldView{Name: at + "condition", Type: "condition", Label: "Only if", Value: r.Condition, MaxLength: rule.MaxSource}))
	b.used[at+"key"], b.used[at+"side"] = true, true
	u := fmt.Sprintf("usual.%d.%d.", i, j)
	row.Usual = usualEdit(u, r.Condition, vocabularyOf(g.Side), names, b.usual[fmt.Sprintf("%d.%d", i, j)], b.typed)
	return row
}

// usualEdit is the helper beside a condition; with a fault it shows what was typed into it.
func usualEdit(prefix, condition string, words *rule.Vocabulary, names []templates.OptionView, fault string, typed url.Values) templates.UsualEdit {
	u := templates.UsualEdit{Prefix: prefix, Names: names, Asks: askOptions, Joins: strings.TrimSpace(condition) != "", Error: fault}
	if fault != "" {
		u.Open, u.Key, u.Value = true, typed.Get(prefix+"key"), typed.Get(prefix+"value")
		u.Names = chosenAgain(names, typed.Get(prefix+"name"))
		n, _ := words.Name(typed.Get(prefix + "name"))
		u.Asks = slices.Clone(askOptions)
		for i, a := range u.Asks {
			if a.Type == n.Type || a.Type == rule.TypeText && n.Type == rule.TypeAnswers {
				u.Asks[i].Options = chosenAgain(a.Options, typed.Get(prefix+"ask"))
			}
		}
	}
	return u
}

func chosenAgain(options []templates.OptionView, value string) []templates.OptionView {
	out := slices.Clone(options)
	for i := range out {
		out[i].Selected = out[i].Value == value
	}
	return out
}

func nameOptions(words *rule.Vocabulary) (out []templates.OptionView) {
	for _, n := range words.Names() {
		out = append(out, templates.OptionView{Value: n.Name, Label: nameWords(n.Name)})
	}
	return out
}

func nameWords(name string) string { return strings.ReplaceAll(name, "_", " ") }

// askOptions are the ways to ask, by the type of the name.
var askOptions = func() (out []templates.UsualAsks) {
	for _, typ := range []string{rule.TypeText, rule.TypeYesNo, rule.TypeNumber, rule.TypeList} {
		group := templates.UsualAsks{Type: typ}
		for _, a := range rule.Asks(typ) {
			group.Options = append(group.Options, templates.OptionView{Value: a.Key, Label: a.Label})
		}
		out = append(out, group)
	}
	return out
}()
