package rule

import (
	"fmt"
	"reflect"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/expr-lang/expr"
)

// The types of names, in words for the page.
const (
	TypeText    = "text"
	TypeNumber  = "number"
	TypeYesNo   = "yes or no"
	TypeList    = "list"
	TypeAnswers = "answers"
)

// Name is one name that conditions may use, or one function.
type Name struct {
	Name    string
	Type    string
	Says    string // one sentence for the page
	Words   string // how a sentence calls it; of a yes or no: both sentences, "it is|it is not"
	Example string
	Fold    string // upper or lower, where its values are always so; "": as they were typed
}

// Vocabulary is what conditions may ask; safe for concurrent use.
type Vocabulary struct {
	names  []Name
	byName map[string]Name
	sample any
}

// NewVocabulary reads the names off a struct (embedded ones too): each field with the tag `expr:"name"` is a name,
// `says:"..."` its sentence, `words:"..."` what it is called within one, `eg:"..."` an example, `fold:"upper"` or
// "lower" the case that its values have. Its type is string, bool, int, float64, []string or
// map[string]string. It panics at anything else, which a test sees.
func NewVocabulary(sample any) *Vocabulary {
	v := &Vocabulary{byName: map[string]Name{}, sample: sample}
	v.read(reflect.TypeOf(sample))
	return v
}

func (v *Vocabulary) read(t reflect.Type) {
	for f := range t.Fields() {
		if f.Anonymous {
			v.read(f.Type)
			continue
		}
		name := f.Tag.Get("expr")
		if name == "" || name == "-" {
			continue
		}
		n := Name{Name: name, Type: typeOf(f.Type), Says: f.Tag.Get("says"), Words: f.Tag.Get("words"), Example: f.Tag.Get("eg"), Fold: f.Tag.Get("fold")}
		if n.Type == "" || n.Says == "" {
			panic(fmt.Sprintf("rule: %s.%s has no type of ours or no sentence", t, f.Name))
		}
		v.names = append(v.names, n)
		v.byName[name] = n
	}
}

func typeOf(t reflect.Type) string {
	switch t {
	case reflect.TypeFor[string]():
		return TypeText
	case reflect.TypeFor[bool]():
		return TypeYesNo
	case reflect.TypeFor[int](), reflect.TypeFor[float64]():
		return TypeNumber
	case reflect.TypeFor[[]string]():
		return TypeList
	case reflect.TypeFor[map[string]string]():
		return TypeAnswers
	}
	return ""
}

// Names lists the names in the order of the struct.
func (v *Vocabulary) Names() []Name { return v.names }

// Name finds one.
func (v *Vocabulary) Name(name string) (Name, bool) {
	n, ok := v.byName[name]
	return n, ok
}

func (v *Vocabulary) options() []expr.Option {
	o := []expr.Option{expr.Env(v.sample), expr.AsBool(), expr.WarnOnAny(), expr.MaxNodes(MaxNodes), expr.DisableAllBuiltins()}
	for _, name := range []string{"lower", "upper", "trim", "len"} {
		o = append(o, expr.EnableBuiltin(name))
	}
	return append(o, functions()...)
}

// Functions are what conditions may call.
var Functions = []Name{
	{Name: "mentions", Type: TypeYesNo, Says: "whether a text holds one of the words, whole and in any case", Example: `mentions(job_title, "head", "chief")`},
	{Name: "lower", Type: TypeText, Says: "a text in lower case", Example: `lower(company) == "acme"`},
	{Name: "upper", Type: TypeText, Says: "a text in upper case", Example: `upper(company) == "ACME"`},
	{Name: "trim", Type: TypeText, Says: "a text without white space around it", Example: `trim(company) != ""`},
	{Name: "len", Type: TypeNumber, Says: "how many letters a text, or parts a list has", Example: `len(documents) >= 2`},
}

func functions() []expr.Option {
	return []expr.Option{expr.Function("mentions", func(p ...any) (any, error) {
		text, _ := p[0].(string)
		for _, w := range p[1:] {
			if word, _ := w.(string); mentions(text, word) {
				return true, nil
			}
		}
		return false, nil
	}, new(func(string, string, ...string) bool))}
}

// mentions tells whether the text holds the word or phrase, not as a part of a longer word.
func mentions(text, word string) bool {
	if len(text) > maxText {
		text = text[:maxText]
	}
	text, word = strings.ToLower(text), strings.ToLower(strings.TrimSpace(word))
	if word == "" {
		return false
	}
	for from := 0; ; {
		at := strings.Index(text[from:], word)
		if at < 0 {
			return false
		}
		at += from
		if !inWord(text[:at], true) && !inWord(text[at+len(word):], false) {
			return true
		}
		from = at + len(word)
	}
}

// inWord tells whether the text ends (or begins) with a letter or digit.
func inWord(text string, ends bool) bool {
	r, _ := utf8.DecodeRuneInString(text)
	if ends {
		r, _ = utf8.DecodeLastRuneInString(text)
	}
	return text != "" && (unicode.IsLetter(r) || unicode.IsDigit(r))
}
