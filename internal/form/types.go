package form

import "github.com/gatehouse/gatehouse/internal/lead"

// Type is one kind of question: one file type_<name>.go, one line in Types, one partial templates/fields/<name>.html.
type Type struct {
	Name         string
	Limit        int               // longest answer in runes when the field sets none; also the most that a field may set
	InputMode    string            // of the HTML standard; "" leaves it to the browser
	Autocomplete string            // token for a field whose name has none of its own
	Apart        bool              // stands in Definition.Consents, never among the fields
	parse        parser            // nil for a type that stands apart
	check        func(Field) fault // what the type asks of its definition; nil for nothing
	choices      func(Field) []Option
}

// parser turns what was typed into the normalised answer; "" is no answer. The fault's field is filled in by the caller.
type parser func(p *parsing, f Field, typed string) (answer string, fault fault)

// Types is every kind of question there is.
var Types = []Type{
	textType,
	emailType,
	telType,
	countryType,
	selectType,
	checkboxType,
	consentType,
}

// TypeOf finds a type by its name.
func TypeOf(name string) (Type, bool) {
	for i := range Types {
		if Types[i].Name == name {
			return Types[i], true
		}
	}
	return Type{}, false
}

// autocomplete holds the tokens of the HTML standard (section 4.10.18.7) for the field names that have one.
var autocomplete = map[string]string{
	"email": "email", "name": "name", "given_name": "given-name", "family_name": "family-name", "company": "organization",
	"job_title": "organization-title", "tel": "tel", "country": "country", "website": "url", "city": "address-level2",
	"postal_code": "postal-code", "street": "street-address", "language": "language",
}

// AutocompleteFor gives the autocomplete token of a field, by its name, else by its type; "" for none.
func AutocompleteFor(f Field) string {
	if token := autocomplete[f.Name]; token != "" {
		return token
	}
	t, _ := TypeOf(f.Type)
	return t.Autocomplete
}

// InputModeFor gives the inputmode of a field ("email", "tel", "text"); "" leaves it to the browser.
func InputModeFor(f Field) string {
	t, _ := TypeOf(f.Type)
	return t.InputMode
}

// OptionsFor gives the choices of a field: its own for a select, all countries for a country; nil where there are none.
func OptionsFor(f Field) []Option {
	if t, ok := TypeOf(f.Type); ok && t.choices != nil {
		return t.choices(f)
	}
	return nil
}

// MaxLengthFor gives the longest answer in runes; 0 for a field that is not typed.
func MaxLengthFor(f Field) int {
	t, _ := TypeOf(f.Type)
	if t.choices != nil || t.Name == checkboxType.Name {
		return 0
	}
	return limit(f, t)
}

func limit(f Field, t Type) int {
	if f.MaxLength > 0 && f.MaxLength < t.Limit {
		return f.MaxLength
	}
	return t.Limit
}

// fault is one fault before it knows its field; the zero fault is none.
type fault struct{ code, message, suggestion string }

// line reads a single line for a type: one plain line in NFC within the limit, or the fault.
func line(f Field, t Type, typed string) (string, fault) {
	n := limit(f, t)
	if len(typed) > 4*n+1024 { // no white space or composition can make this fit: not worth reading
		return "", tooLong(n)
	}
	clean, code := lead.Line(typed, true)
	if code != "" {
		return "", fault{code: code, message: lead.LineSentence(code)}
	}
	if clean = nfc(clean); runes(clean) > n {
		return "", tooLong(n)
	}
	return clean, fault{}
}
