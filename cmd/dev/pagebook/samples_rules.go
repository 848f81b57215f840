package main

import "github.com/gatehouse/gatehouse/templates"

// scoringSample is a draft of scoring rules with a fault, a lead tried, a rehearsal that ended.
func scoringSample() templates.ScoringPage {
	p := templates.ScoringPage{AdminPage: staff("rules", "Scoring rules"), PostURL: "/admin/rules/scoring", Version: 4, Edit: true,
		Error: "Nothing was saved yet: what is marked below needs a second look.", State: templates.Tag{Label: "Version 3 holds", Tone: "good"},
		About: "A draft changes nothing until it is published."}
	field := func(v templates.FieldView) templates.FieldView { return v.WithIDs() }
	p.General = []templates.FieldView{field(templates.FieldView{Name: "threshold", Type: "number", Label: "Points for sales", Required: true, Value: "60"}),
		field(templates.FieldView{Name: "fit", Type: "number", Label: "Fit A from", Required: true, Value: "35"}), field(templates.FieldView{Name: "fit.middle", Type: "number", Label: "Fit B from", Required: true, Value: "15"}),
		field(templates.FieldView{Name: "saying_qualifies", Type: "box", Label: "Who asks the author, or chooses a call or a booking, is one for sales whatever the points", Checked: true})}
	usual := templates.UsualEdit{Prefix: "usual.0.0.", Joins: true, Names: []templates.OptionView{{Value: "country", Label: "country"}, {Value: "job_title", Label: "job title"}},
		Asks: []templates.UsualAsks{{Type: "text", Options: []templates.OptionView{{Value: "is", Label: "is"}, {Value: "one-of", Label: "is one of"}}}}}
	fit := templates.ScoreGroupEdit{Anchor: "group-0", Heading: "The company: who they are", Fields: []templates.FieldView{
		field(templates.FieldView{Name: "groups.0.title", Type: "text", Label: "Name of the group", Required: true, Value: "The company"}), field(templates.FieldView{Name: "groups.0.cap", Type: "number", Label: "Most points at a time", Required: true, Value: "30"})}}
	fit.Rules = []templates.ScoreRuleEdit{{Anchor: "rule-0-0", Heading: "Writes from a company's own domain", First: true, Words: "company domain is known and not free mail", Usual: usual, Fields: []templates.FieldView{
		field(templates.FieldView{Name: "groups.0.rules.0.title", Type: "text", Label: "Rule", Required: true, Value: "Writes from a company's own domain"}),
		field(templates.FieldView{Name: "groups.0.rules.0.points", Type: "number", Label: "Points", Required: true, Value: "20"}),
		field(templates.FieldView{Name: "groups.0.rules.0.condition", Type: "condition", Label: "Only if", Value: `company_domain != "" and not free_mail`})}},
		{Anchor: "rule-0-1", Heading: "In a market that we know", R: 1, Last: true, Usual: usual, Fields: []templates.FieldView{
			field(templates.FieldView{Name: "groups.0.rules.1.title", Type: "text", Label: "Rule", Required: true, Value: "In a market that we know"}),
			field(templates.FieldView{Name: "groups.0.rules.1.points", Type: "number", Label: "Points", Required: true, Value: "5"}),
			field(templates.FieldView{Name: "groups.0.rules.1.condition", Type: "condition", Label: "Only if", Value: `contry in ["DE", "AT"]`, Error: `There is no name "contry". Did you mean country? (line 1, character 1)`})}}}
	p.Groups, p.FirstInvalid = []templates.ScoreGroupEdit{fit}, "f-groups.0.rules.1.condition"
	p.Try, p.Note = field(templates.FieldView{Name: "who", Type: "text", Label: "Name, company or e-mail address"}), field(templates.FieldView{Name: "note", Type: "text", Label: "What changes, and why"})
	p.Versions = []templates.RuleVersionRow{{Number: 3, URL: "#", Holds: true, At: now.AddDate(0, 0, -9), By: "Clara Hofmann", Note: "Fewer students"}, {Number: 2, URL: "#", At: now.AddDate(0, -2, 0), By: "Clara Hofmann"}}
	p.Rehearsal = &templates.RehearsalView{State: templates.Tag{Label: "Done", Tone: "good"}, Sentence: "In the last 90 days the draft would have sent 41 leads to sales, 36 today: 7 more, 2 fewer.", URL: "#", Available: true,
		StartURL: "#", Days: field(templates.FieldView{Name: "days", Type: "number", Label: "Days to look back", Required: true, Value: "90"})}
	p.Names = []templates.RuleNames{{Title: "Of a lead", Names: []templates.RuleName{{Name: "country", Type: "text", Says: "the country, as two letters", Example: `country == "DE"`}}}}
	return p
}
