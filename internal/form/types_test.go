package form

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// A field type is one file, its line in Types and one partial: none may be forgotten.
func TestEveryTypeIsWhole(t *testing.T) {
	seen := map[string]bool{}
	for _, typ := range Types {
		if typ.Name == "" || seen[typ.Name] {
			t.Errorf("type %q is there twice or has no name", typ.Name)
		}
		seen[typ.Name] = true
		if _, err := os.Stat("type_" + typ.Name + ".go"); err != nil {
			t.Error(err)
		}
		partial, err := os.ReadFile("../../templates/fields/" + typ.Name + ".html")
		if err != nil {
			t.Error(err)
		} else if !strings.Contains(string(partial), `{{define "field/`+typ.Name+`"}}`) {
			t.Errorf("templates/fields/%s.html does not define field/%s", typ.Name, typ.Name)
		}
		if typ.Apart != (typ.parse == nil) || !typ.Apart && typ.Limit == 0 {
			t.Errorf("%s: no parser or no limit", typ.Name)
		}
		if got, ok := TypeOf(typ.Name); !ok || got.Name != typ.Name {
			t.Errorf("TypeOf(%q) finds %q", typ.Name, got.Name)
		}
	}
	partials, err := os.ReadDir("../../templates/fields")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range partials {
		if !seen[strings.TrimSuffix(p.Name(), ".html")] {
			t.Errorf("templates/fields/%s belongs to no type", p.Name())
		}
	}
	if _, ok := TypeOf("file"); ok {
		t.Error("a type that nobody made is found")
	}
}

// No answer of any type may break on what strangers send.
func TestEveryTypeWithstands(t *testing.T) {
	for _, typ := range Types {
		if typ.Apart {
			continue
		}
		f := Field{Name: "x", Type: typ.Name, Options: []Option{{"a", "A"}}}
		p := func() *parsing { return &parsing{def: Definition{Fields: []Field{f}}} }
		for _, hostile := range []string{"a\x00b", "a\xffb", "a\r\nb", "\u202ea", "a\u200bb", strings.Repeat("a", 1<<20)} {
			if answer, bad := typ.parse(p(), f, hostile); bad.code == "" || bad.message == "" || answer != "" {
				t.Errorf("%s takes %.20q as %.20q", typ.Name, hostile, answer)
			}
		}
		for _, blank := range []string{"", " ", "\t \u00a0"} {
			if answer, bad := typ.parse(p(), f, blank); answer != "" || bad.code != "" {
				t.Errorf("%s: blank %q gives %q, %v", typ.Name, blank, answer, bad)
			}
		}
	}
}

func TestWhatPartialsNeed(t *testing.T) {
	for _, c := range []struct {
		field              Field
		autocomplete, mode string
		options, length    int
	}{
		{Field{Name: "email", Type: "email"}, "email", "email", 0, 254},
		{Field{Name: "given_name", Type: "text", MaxLength: 80}, "given-name", "", 0, 80},
		{Field{Name: "company", Type: "text"}, "organization", "", 0, 200},
		{Field{Name: "mobile", Type: "tel"}, "tel", "tel", 0, 40},
		{Field{Name: "land", Type: "country"}, "country", "", 250, 0},
		{Field{Name: "team", Type: "select", Options: []Option{{"a", "A"}}}, "", "", 1, 0},
		{Field{Name: "call_me", Type: "checkbox"}, "", "", 0, 0},
		{Field{Name: "x", Type: "unheard-of"}, "", "", 0, 0},
	} {
		if a, m, o, l := AutocompleteFor(c.field), InputModeFor(c.field), OptionsFor(c.field), MaxLengthFor(c.field); a != c.autocomplete || m != c.mode || len(o) != c.options || l != c.length {
			t.Errorf("%s: %q %q %d options, %d long", c.field.Name, a, m, len(o), l)
		}
	}
}

func TestCountries(t *testing.T) {
	if len(countries) != 250 {
		t.Errorf("%d countries", len(countries))
	}
	for _, c := range countries {
		if !IsCountry(c.Value) || c.Label == "" || CountryName(c.Value) != c.Label {
			t.Errorf("%+v", c)
		}
	}
	count := 0
	for a := 'A'; a <= 'Z'; a++ {
		for b := 'A'; b <= 'Z'; b++ {
			if code := string(a) + string(b); IsCountry(code) {
				count++
				if !slices.ContainsFunc(countries, func(o Option) bool { return o.Value == code }) {
					t.Errorf("%s is found and not listed", code)
				}
			}
		}
	}
	if count != 250 || IsCountry("gb") || IsCountry("") || IsCountry("G ") || IsCountry(" G") || IsCountry("GBR") || CountryName("ZZ") != "" {
		t.Errorf("look-up: %d", count)
	}
}
