package web

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/form"
	"github.com/gatehouse/gatehouse/templates"
)

// maxRows bounds the questions and the consents that are read out of a posted form.
const maxRows = 40

// readGate makes a draft out of the posted form, whose inputs have the names of form.Gate.Check's paths.
func readGate(f url.Values) form.Gate {
	get := func(name string) string { return strings.TrimSpace(strings.ReplaceAll(f.Get(name), "\r\n", "\n")) }
	g := form.Gate{Title: get("title"), Kicker: get("kicker"), Summary: get("summary"), Learn: lines(f.Get("learn")), Byline: get("byline"),
		Button: get("button"), DataNote: get("data_note"), Language: get("language"), ThanksTitle: get("thanks_title"), ThanksText: get("thanks_text"),
		MailSubject: get("mail_subject"), MailText: get("mail_text"), Origins: lines(f.Get("origins")), LinkDays: whole(get("link_days"))}
	for i := 0; i < maxRows && f.Has(fmt.Sprintf("form.fields.%d.type", i)); i++ {
		at := fmt.Sprintf("form.fields.%d.", i)
		q := form.Field{Name: get(at + "name"), Type: get(at + "type"), Label: get(at + "label"), Help: get(at + "help"), Required: f.Has(at + "required"),
			Half: f.Has(at + "half"), MaxLength: whole(get(at + "max_length"))}
		switch q.Type {
		case "select":
			q.Options = readOptions(f.Get(at + "options"))
		case "email":
			q.Role, q.Disposable, q.FreeMail = form.Policy(get(at+"role")), form.Policy(get(at+"disposable")), form.Policy(get(at+"free_mail"))
		}
		g.Form.Fields = append(g.Form.Fields, q)
	}
	for i := 0; i < maxRows && f.Has(fmt.Sprintf("form.consents.%d.key", i)); i++ {
		at := fmt.Sprintf("form.consents.%d.", i)
		g.Form.Consents = append(g.Form.Consents, form.Consent{Key: get(at + "key"), Text: get(at + "text"), Version: get(at + "version"), Required: f.Has(at + "required")})
	}
	return g
}

// lines are the lines that hold something.
func lines(text string) (out []string) {
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			out = append(out, line)
		}
	}
	return out
}

// whole reads a number; empty is 0, anything else that is none is -1, which every check refuses.
func whole(s string) int {
	if s == "" {
		return 0
	}
	n, err := strconv.Atoi(s)
	if err != nil {
		return -1
	}
	return n
}

// readOptions reads one choice a line: "value | label", or a label that is its own value.
func readOptions(text string) (out []form.Option) {
	for _, line := range lines(text) {
		value, label, ok := strings.Cut(line, "|")
		if !ok {
			label = value
		}
		out = append(out, form.Option{Value: strings.TrimSpace(value), Label: strings.TrimSpace(label)})
	}
	return out
}

func writeOptions(options []form.Option) string {
	var out []string
	for _, o := range options {
		if o.Value == o.Label {
			out = append(out, o.Label)
		} else {
			out = append(out, o.Value+" | "+o.Label)
		}
	}
	return strings.Join(out, "\n")
}

// moveRow does what a button of a row asks for ("add-field", "up-field.2", "remove-consent.0"); false for anything else.
func moveRow(g *form.Gate, do string) bool {
	what, at, _ := strings.Cut(do, ".")
	i, _ := strconv.Atoi(at)
	verb, kind, _ := strings.Cut(what, "-")
	switch {
	case do == "add-field":
		g.Form.Fields = append(g.Form.Fields, form.Field{Type: "text"})
		return true
	case do == "add-consent":
		g.Form.Consents = append(g.Form.Consents, form.Consent{Version: "1"})
		return true
	case kind == "field":
		return moved(&g.Form.Fields, verb, i)
	case kind == "consent":
		return moved(&g.Form.Consents, verb, i)
	}
	return false
}

func moved[T any](rows *[]T, verb string, i int) bool {
	list := *rows
	if i < 0 || i >= len(list) {
		return false
	}
	switch {
	case verb == "remove":
		*rows = slices.Delete(list, i, i+1)
	case verb == "up" && i > 0:
		list[i-1], list[i] = list[i], list[i-1]
	case verb == "down" && i+1 < len(list):
		list[i], list[i+1] = list[i+1], list[i]
	default:
		return false
	}
	return true
}

// gateForm draws the inputs of a draft with what is wrong at each. typed, when not nil, is what was posted: numbers that
// are none stay as they were typed.
type gateForm struct {
	def    form.Gate
	typed  url.Values
	faults map[string]string
	used   map[string]bool
	first  string
}

// newGateForm sorts the faults by input; a line of a list belongs to its text area.
func newGateForm(def form.Gate, typed url.Values, fields []errs.Field) *gateForm {
	b := &gateForm{def: def, typed: typed, faults: map[string]string{}, used: map[string]bool{}}
	for _, f := range fields {
		name, message := f.Field, f.Message
		for _, list := range []string{"learn", "origins"} {
			if n, ok := strings.CutPrefix(f.Field, list+"."); ok {
				i, _ := strconv.Atoi(n)
				name, message = list, fmt.Sprintf("Line %d: %s", i+1, f.Message)
			}
		}
		if b.faults[name] != "" {
			message = b.faults[name] + " " + message
		}
		b.faults[name] = message
	}
	return b
}

func (b *gateForm) field(v templates.FieldView) templates.FieldView {
	if b.typed.Has(v.Name) && v.Type != "box" && v.Type != "select" {
		v.Value = b.typed.Get(v.Name)
	}
	v.Error = b.faults[v.Name]
	b.used[v.Name] = true
	v = v.WithIDs()
	if v.Error != "" && b.first == "" {
		b.first = v.ID
	}
	return v
}

// left are the faults that no input shows.
func (b *gateForm) left() (out []string) {
	for name, message := range b.faults {
		if !b.used[name] {
			out = append(out, message)
		}
	}
	slices.Sort(out)
	return out
}

func number(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

func (b *gateForm) texts() (out []templates.FieldView) {
	d := b.def
	for _, v := range []templates.FieldView{
		{Name: "title", Type: "text", Label: "Title", Required: true, Value: d.Title, MaxLength: 160},
		{Name: "kicker", Type: "text", Label: "Line above the title", Value: d.Kicker, MaxLength: 80},
		{Name: "summary", Type: "textarea", Label: "The paragraph that sells", Required: true, Value: d.Summary, MaxLength: 1000},
		{Name: "learn", Type: "textarea", Label: "What people will learn", Value: strings.Join(d.Learn, "\n"), Help: "One line each; three to five that say something."},
		{Name: "byline", Type: "text", Label: "Who wrote it", Value: d.Byline, MaxLength: 160, Half: true},
		{Name: "language", Type: "text", Label: "Language", Required: true, Value: d.Language, MaxLength: 35, Half: true},
		{Name: "button", Type: "text", Label: "The button says", Required: true, Value: d.Button, MaxLength: 60},
		{Name: "data_note", Type: "textarea", Label: "What is done with the data", Value: d.DataNote, MaxLength: 400, Help: "Stands below the button, before the link to the privacy notice."},
	} {
		out = append(out, b.field(v))
	}
	return out
}

func (b *gateForm) after() (out []templates.FieldView) {
	d := b.def
	for _, v := range []templates.FieldView{
		{Name: "thanks_title", Type: "text", Label: "Title of the thank-you page", Value: d.ThanksTitle, MaxLength: 160},
		{Name: "thanks_text", Type: "textarea", Label: "Text of the thank-you page", Value: d.ThanksText, MaxLength: 2000},
		{Name: "mail_subject", Type: "text", Label: "Subject of the mail", Value: d.MailSubject, MaxLength: 150},
		{Name: "mail_text", Type: "textarea", Label: "Opening of the mail", Value: d.MailText, MaxLength: 4000},
	} {
		out = append(out, b.field(v))
	}
	return out
}

func (b *gateForm) rules() (out []templates.FieldView) {
	d := b.def
	for _, v := range []templates.FieldView{
		{Name: "link_days", Type: "number", Label: "Days that a personal link opens", Value: number(d.LinkDays), Help: "1 to 365; empty means 30."},
		{Name: "origins", Type: "textarea", Label: "Sites that may post to this form", Value: strings.Join(d.Origins, "\n"),
			Help: "One origin a line, such as https://www.example.com. Empty: only this site."},
	} {
		out = append(out, b.field(v))
	}
	return out
}

func (b *gateForm) questions() (out []templates.GateRowEdit) {
	for i, q := range b.def.Form.Fields {
		row := templates.GateRowEdit{Anchor: fmt.Sprintf("field-%d", i), Heading: fmt.Sprintf("Question %d", i+1), Index: i, First: i == 0, Last: i == len(b.def.Form.Fields)-1}
		if q.Label != "" {
			row.Heading += ": " + q.Label
		}
		for _, v := range questionFields(fmt.Sprintf("form.fields.%d.", i), q) {
			row.Fields = append(row.Fields, b.field(v))
		}
		out = append(out, row)
	}
	return out
}

func questionFields(at string, q form.Field) []templates.FieldView {
	types := []string{}
	for _, t := range form.Types {
		if !t.Apart {
			types = append(types, t.Name, typeLabel(t.Name))
		}
	}
	out := []templates.FieldView{
		{Name: at + "label", Type: "text", Label: "Label", Required: true, Value: q.Label, MaxLength: 160, Half: true},
		{Name: at + "type", Type: "select", Label: "Kind", Required: true, Options: choices(q.Type, types...), Half: true},
		{Name: at + "name", Type: "text", Label: "Name", Required: true, Value: q.Name, MaxLength: 40, Half: true, Autocomplete: "off"},
	}
	help := templates.FieldView{Name: at + "help", Type: "text", Label: "Help below the label", Value: q.Help, MaxLength: 300, Half: q.Type != "text" && q.Type != "email"}
	if help.Half {
		out = append(out, help)
	}
	switch q.Type {
	case "select":
		out = append(out, templates.FieldView{Name: at + "options", Type: "textarea", Label: "Choices", Required: true, Value: writeOptions(q.Options),
			Help: "One a line. What is stored and what is shown can differ: 10-49 | 10 to 49 people."})
	case "email":
		for _, p := range []struct{ name, label, value string }{{"role", "Shared mailboxes (info@, sales@)", string(q.Role)},
			{"disposable", "Throw-away addresses", string(q.Disposable)}, {"free_mail", "Private mail services (gmail.com)", string(q.FreeMail)}} {
			if p.value == "" {
				p.value = "allow"
			}
			out = append(out, templates.FieldView{Name: at + p.name, Type: "select", Label: p.label, Required: true, Half: true,
				Options: choices(p.value, "allow", "Take them", "flag", "Take and mark them", "refuse", "Refuse them")})
		}
	case "text":
		out = append(out, templates.FieldView{Name: at + "max_length", Type: "number", Label: "Longest answer, in characters", Value: number(q.MaxLength), Half: true})
	}
	if !help.Half {
		out = append(out, help)
	}
	return append(out, templates.FieldView{Name: at + "required", Type: "box", Label: "Must be answered", Checked: q.Required, Half: true},
		templates.FieldView{Name: at + "half", Type: "box", Label: "Half a row wide", Checked: q.Half, Half: true})
}

func typeLabel(name string) string {
	switch name {
	case "text":
		return "Line of text"
	case "email":
		return "E-mail address"
	case "tel":
		return "Phone number"
	case "country":
		return "Country"
	case "select":
		return "Choice of one"
	case "checkbox":
		return "Tick box"
	}
	return name
}

func (b *gateForm) consents() (out []templates.GateRowEdit) {
	for i, k := range b.def.Form.Consents {
		at := fmt.Sprintf("form.consents.%d.", i)
		row := templates.GateRowEdit{Anchor: fmt.Sprintf("consent-%d", i), Heading: fmt.Sprintf("Consent %d", i+1), Index: i, First: i == 0, Last: i == len(b.def.Form.Consents)-1}
		if k.Key != "" {
			row.Heading += ": " + k.Key
		}
		for _, v := range []templates.FieldView{
			{Name: at + "key", Type: "text", Label: "Key", Required: true, Value: k.Key, MaxLength: 40, Half: true, Help: "marketing is the consent to marketing mail."},
			{Name: at + "version", Type: "text", Label: "Version of the text", Required: true, Value: k.Version, MaxLength: 40, Half: true, Help: "Raise it when the text changes."},
			{Name: at + "text", Type: "textarea", Label: "Text", Required: true, Value: k.Text, MaxLength: 1000},
			{Name: at + "required", Type: "box", Label: "Must be ticked", Checked: k.Required},
		} {
			row.Fields = append(row.Fields, b.field(v))
		}
		out = append(out, row)
	}
	return out
}
