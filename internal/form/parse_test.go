package form

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/gatehouse/gatehouse/internal/errs"
)

// sample is the form of the first whitepaper, with every type in it.
func sample() Definition {
	return Definition{
		Fields: []Field{
			{Name: "given_name", Type: "text", Label: "First name", Required: true, MaxLength: 80},
			{Name: "family_name", Type: "text", Label: "Last name", Required: true, MaxLength: 80},
			{Name: "email", Type: "email", Label: "E-mail", Required: true, Disposable: Flag, Role: Flag, FreeMail: Flag},
			{Name: "company", Type: "text", Label: "Company"},
			{Name: "tel", Type: "tel", Label: "Telephone"},
			{Name: "country", Type: "country", Label: "Country"},
			{Name: "team", Type: "select", Label: "Team", Options: []Option{{"small", "1 to 9"}, {"large", "10 and more"}}},
			{Name: "call_me", Type: "checkbox", Label: "Call me"},
		},
		Consents: []Consent{{Key: "terms", Text: "I agree to the terms.", Version: "2", Required: true}, {Key: "marketing", Text: "Write to me.", Version: "1"}},
	}
}

func typed(changes ...string) Input {
	in := Input{Fields: map[string]string{"given_name": "Ann", "family_name": "Brown", "email": "ann@example.com", "company": "Example Ltd"},
		Consents: map[string]bool{"terms": true}}
	for i := 0; i < len(changes); i += 2 {
		in.Fields[changes[i]] = changes[i+1]
	}
	return in
}

func faultsOf(err error) map[string]string {
	var e *errs.Error
	if !errors.As(err, &e) {
		return nil
	}
	out := map[string]string{}
	for _, f := range e.Fields {
		out[f.Field] = f.Code
	}
	return out
}

func TestSampleIsGood(t *testing.T) {
	if err := sample().Check(); err != nil {
		t.Fatal(err)
	}
}

func TestParse(t *testing.T) {
	in := typed("given_name", "  Ann\u00a0 Mary\t", "family_name", "Mu\u0308ller", "email", " Ann.B+x@Example.COM ", "tel", "020 7946 0018",
		"country", "gb", "team", "small", "call_me", "on", "unknown", "kept nowhere", "utm_source", "x")
	in.Consents["marketing"], in.Consents["strange"] = true, true
	got, err := Parse(sample(), in)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"given_name": "Ann Mary", "family_name": "Müller", "email": "ann.b+x@example.com", "company": "Example Ltd",
		"tel": "+442079460018", "country": "GB", "team": "small", "call_me": "yes"}
	if d := cmp.Diff(want, got.Values); d != "" {
		t.Error(d)
	}
	if got.Email.Typed != "Ann.B+x@Example.COM" || got.Email.Normal != "ann.b+x@example.com" {
		t.Errorf("email: %+v", got.Email)
	}
	consents := []ConsentAnswer{{"terms", "I agree to the terms.", "2", true}, {"marketing", "Write to me.", "1", true}}
	if d := cmp.Diff(consents, got.Consents); d != "" {
		t.Error(d)
	}
	if len(got.Flags) != 0 {
		t.Errorf("flags: %v", got.Flags)
	}
}

func TestParseGivesAllFaultsAtOnce(t *testing.T) {
	in := Input{Fields: map[string]string{"given_name": " \u00a0 ", "family_name": strings.Repeat("ü", 81), "email": "ann", "company": "a\r\nBcc: b@c.de",
		"tel": "12", "country": "Narnia", "team": "medium", "call_me": "perhaps"}, Consents: map[string]bool{"marketing": true}}
	got, err := Parse(sample(), in)
	want := map[string]string{"given_name": Required, "family_name": TooLong, "email": Invalid, "company": ControlCharacter, "tel": CountryCode,
		"country": NotAnOption, "team": NotAnOption, "call_me": Invalid, "consent.terms": Required}
	if d := cmp.Diff(want, faultsOf(err)); d != "" {
		t.Error(d)
	}
	if got.Values != nil || got.Consents != nil || !errs.Is(err, errs.Invalid) {
		t.Errorf("a refused set gives no answers: %+v, %v", got, err)
	}
	var e *errs.Error
	errors.As(err, &e)
	for _, f := range e.Fields {
		if !strings.HasSuffix(f.Message, ".") {
			t.Errorf("%s: no sentence: %q", f.Field, f.Message)
		}
	}
}

func TestParseOneField(t *testing.T) {
	for _, c := range []struct{ name, field, typed, want, fault string }{
		{"NUL", "company", "a\x00b", "", ControlCharacter},
		{"not UTF-8", "company", "a\xffb", "", Encoding},
		{"bidi override", "company", "abc\u202ecod.exe", "", HiddenCharacter},
		{"bidi isolate", "company", "a\u2066b\u2069", "", HiddenCharacter},
		{"zero-width space", "company", "a\u200bb", "", HiddenCharacter},
		{"Hangul filler as a name", "given_name", "\u3164", "", HiddenCharacter},
		{"braille blank as a name", "given_name", "\u2800", "", HiddenCharacter},
		{"non-joiner in a Persian name stays", "given_name", "علی\u200cرضا", "علی\u200cرضا", ""},
		{"joiner in a Sinhala name stays", "given_name", "ක්\u200dෂ", "ක්\u200dෂ", ""},
		{"non-joiner between Latin letters", "given_name", "a\u200cb", "", HiddenCharacter},
		{"line separator", "company", "a\u2028b", "", ControlCharacter},
		{"escape", "company", "a\x1b[31mb", "", ControlCharacter},
		{"a tab is white space", "company", "Example\tLtd", "Example Ltd", ""},
		{"apostrophes and hyphens", "family_name", "O’Brien-Smith", "O’Brien-Smith", ""},
		{"markup is text; escaping is the page's affair", "company", "<b>Ltd</b>", "<b>Ltd</b>", ""},
		{"80 runes fit however many octets", "given_name", strings.Repeat("ü", 80), strings.Repeat("ü", 80), ""},
		{"decomposed runes count composed", "given_name", strings.Repeat("u\u0308", 80), strings.Repeat("ü", 80), ""},
		{"a megabyte", "company", strings.Repeat("a", 1<<20), "", TooLong},
		{"E.164", "tel", "+49 (30) 901820", "+4930901820", ""},
		{"00 is a plus where nobody named a country", "tel", "0049 30 901820", "+4930901820", ""},
		{"national without a country", "tel", "030 901820", "", CountryCode},
		{"no such country code", "tel", "+999 123456", "", Invalid},
		{"letters", "tel", "call me", "", CountryCode},
		{"too short", "tel", "+44 1", "", Invalid},
		{"too long", "tel", "+44 20 7946 0018 0018 0018", "", Invalid},
		{"with an extension", "tel", "+44 20 7946 0018 ext. 5", "", Extension},
		{"tel header injection", "tel", "+442079460018\r\nX: y", "", ControlCharacter},
		{"country in small letters", "country", "de", "DE", ""},
		{"not in the standard", "country", "XX", "", NotAnOption},
		{"across two codes", "country", "A ", "", NotAnOption},
		{"country name", "country", "Germany", "", NotAnOption},
		{"option label instead of value", "team", "1 to 9", "", NotAnOption},
		{"box off", "call_me", "off", "", ""},
		{"box true", "call_me", "TRUE", "yes", ""},
		{"box with a megabyte", "call_me", strings.Repeat("x", 1<<20), "", Invalid},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := Parse(sample(), typed(c.field, c.typed))
			if fault := faultsOf(err)[c.field]; fault != c.fault {
				t.Fatalf("fault %q (%v), want %q", fault, err, c.fault)
			}
			if got.Values[c.field] != c.want {
				t.Fatalf("got %q, want %q", got.Values[c.field], c.want)
			}
			if _, there := got.Values[c.field]; there && c.want == "" {
				t.Fatal("a blank answer is kept")
			}
		})
	}
}

func TestTelByCountryWhereverItStands(t *testing.T) {
	d := sample()
	d.Fields[4], d.Fields[5] = d.Fields[5], d.Fields[4]
	got, err := Parse(d, typed("tel", "030 901820", "country", "DE"))
	if err != nil || got.Values["tel"] != "+4930901820" {
		t.Fatalf("%v, %v", got.Values, err)
	}
	got, err = Parse(d, typed("tel", "+1 650 253 0000", "country", "DE"))
	if err != nil || got.Values["tel"] != "+16502530000" {
		t.Fatalf("a + wins over the country: %v, %v", got.Values, err)
	}
}

// An answer must read back as itself, or the same person asking again would be somebody with another number.
func TestTelReadsBackAsItself(t *testing.T) {
	if _, err := Parse(sample(), typed("tel", "0000000000", "country", "DE")); faultsOf(err)["tel"] != Invalid {
		t.Errorf("zeros are a number: %v", err)
	}
	got, err := Parse(sample(), typed("tel", "06 1234 5678", "country", "IT")) // Italy keeps its leading zero
	if err != nil || got.Values["tel"] != "+390612345678" {
		t.Errorf("%v, %v", got.Values, err)
	}
}

func TestPolicies(t *testing.T) {
	for _, c := range []struct {
		address string
		policy  Policy
		fault   string
		flags   []string
	}{
		{"info@example.com", Flag, "", []string{RoleAddress}},
		{"info+x@example.com", Refuse, RoleAddress, nil},
		{"informant@example.com", Refuse, "", nil},
		{"ann@mailinator.com", Flag, "", []string{DisposableAddress}},
		{"ann@a.b.mailinator.com", Refuse, DisposableAddress, nil},
		{"ann@notmailinator.example", Refuse, "", nil},
		{"ann@gmail.com", Flag, "", []string{FreeMailAddress}},
		{"ann@hey.com", Refuse, FreeMailAddress, nil},
		{"sales@gmail.com", Flag, "", []string{RoleAddress, FreeMailAddress}},
		{"sales@mailinator.com", Allow, "", nil},
		{"sales@mailinator.com", "", "", nil},
		{"ann@example.com", Refuse, "", nil},
	} {
		d := sample()
		d.Fields[2].Role, d.Fields[2].Disposable, d.Fields[2].FreeMail = c.policy, c.policy, c.policy
		got, err := Parse(d, typed("email", c.address))
		if faultsOf(err)["email"] != c.fault || !cmp.Equal(got.Flags, c.flags) {
			t.Errorf("%s %s: flags %v, fault %v; want %v, %q", c.policy, c.address, got.Flags, err, c.flags, c.fault)
		}
	}
}

func TestDidYouMean(t *testing.T) {
	in := typed("email", "Ann@gmial.com")
	_, err := Parse(sample(), in)
	var e *errs.Error
	if !errors.As(err, &e) || len(e.Fields) != 1 || e.Fields[0].Code != DidYouMean || e.Fields[0].Suggestion != "Ann@gmail.com" {
		t.Fatalf("%+v", e)
	}
	in.AsTyped = " ann@GMIAL.com"
	if got, err := Parse(sample(), in); err != nil || got.Email.Normal != "ann@gmial.com" {
		t.Fatalf("insisted: %+v, %v", got, err)
	}
	in.AsTyped = "ann@gmai.com"
	if _, err := Parse(sample(), in); faultsOf(err)["email"] != DidYouMean {
		t.Fatalf("insisted on another address: %v", err)
	}
	_, err = Parse(sample(), typed("email", "ann@gmx.d"))
	if !errors.As(err, &e) || e.Fields[0].Code != Invalid || e.Fields[0].Suggestion != "ann@gmx.de" {
		t.Fatalf("an address that cannot be is no did-you-mean, but still gets the suggestion: %+v", e)
	}
}

func TestCanonical(t *testing.T) {
	parse := func(in Input) []byte {
		t.Helper()
		a, err := Parse(sample(), in)
		if err != nil {
			t.Fatal(err)
		}
		return a.Canonical()
	}
	base := parse(typed())
	for range 20 { // map order must not show
		if !bytes.Equal(base, parse(typed())) {
			t.Fatal("not deterministic")
		}
	}
	if !bytes.Equal(base, parse(typed("email", " ANN@example.com", "given_name", "Ann ", "tel", "", "strange", "x"))) {
		t.Error("the same answers in another spelling differ")
	}
	agreed := typed()
	agreed.Consents["marketing"] = true
	for name, in := range map[string]Input{"another name": typed("given_name", "Anna"), "one answer more": typed("country", "GB"), "a consent": agreed,
		"moved between fields": typed("given_name", "AnnB", "family_name", "rown")} {
		if bytes.Equal(base, parse(in)) {
			t.Errorf("%s: not told apart", name)
		}
	}
	a := Answers{Consents: []ConsentAnswer{{Key: "a"}, {Key: "b", Given: true}}}
	b := Answers{Consents: []ConsentAnswer{{Key: "b", Given: true}, {Key: "a"}}}
	if !bytes.Equal(a.Canonical(), b.Canonical()) || a.Consents[0].Key != "a" || b.Consents[0].Key != "b" {
		t.Error("order of consents shows, or was changed")
	}
}

func TestFromValues(t *testing.T) {
	got := FromValues(map[string][]string{"email": {"a@b.de", "c@d.de"}, "consent.marketing": {"yes"}, "consent.terms": {"no"}, "consent.odd": {"<"},
		AsTypedName: {"a@b.de"}, "empty": {}})
	want := Input{Fields: map[string]string{"email": "a@b.de"}, Consents: map[string]bool{"marketing": true, "terms": false, "odd": false}, AsTyped: "a@b.de"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if len(FromValues(nil).Fields) != 0 {
		t.Error("nothing gives something")
	}
}

// checkParse is what holds for whatever comes through a door.
func checkParse(t interface{ Fatalf(string, ...any) }, in Input) {
	before := maps.Clone(in.Fields)
	got, err := Parse(sample(), in)
	if !maps.Equal(before, in.Fields) {
		t.Fatalf("the input was changed")
	}
	if err != nil {
		if !errs.Is(err, errs.Invalid) || len(faultsOf(err)) == 0 {
			t.Fatalf("%v", err)
		}
		return
	}
	again := Input{Fields: got.Values, Consents: in.Consents, AsTyped: got.Email.Normal}
	second, err := Parse(sample(), again)
	if err != nil || !bytes.Equal(got.Canonical(), second.Canonical()) {
		t.Fatalf("parsing the answers again: %v, %v, %v", got.Values, second.Values, err)
	}
	for name, v := range got.Values {
		if v == "" || len(v) > 4*254 || !utf8.ValidString(v) || strings.ContainsAny(v, "\x00\r\n\u202e\u200b\u2028") {
			t.Fatalf("%s: unsafe %q", name, v)
		}
	}
	if len(got.Consents) != 2 || !got.Consents[0].Given {
		t.Fatalf("consents: %+v", got.Consents)
	}
}

func FuzzParse(f *testing.F) {
	f.Add("Ann", "ann@example.com", "+44 20 7946 0018", "GB", "small", "on", true)
	f.Add("\u202e", "a@gmial.com", "030 901820", "de", "", "", true)
	f.Add("علی\u200cرضا", "ü@bücher.example", "tel:+1-800-FLOWERS;ext=3", "", "large", "1", true)
	f.Add("J", "a@2mi.aab", "0000000000", "de", "", "", true)
	f.Fuzz(func(t *testing.T, name, email, tel, country, team, box string, agreed bool) {
		checkParse(t, FromValues(map[string][]string{"given_name": {name}, "family_name": {"B" + name}, "email": {email}, "tel": {tel}, "country": {country},
			"team": {team}, "call_me": {box}, "consent.terms": {map[bool]string{true: "yes"}[agreed]}, AsTypedName: {email}}))
	})
}

func TestParseProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := typed("given_name", rapid.String().Draw(t, "name"), "company", rapid.StringN(0, 250, -1).Draw(t, "company"),
			"tel", rapid.StringMatching(`\+?[0-9 ()/-]{0,20}`).Draw(t, "tel"), "country", rapid.SampledFrom([]string{"", "GB", "de", "ZZ"}).Draw(t, "country"))
		checkParse(t, in)
	})
}

func TestDefinitionSurvivesJSON(t *testing.T) {
	raw, err := json.Marshal(Gate{Form: sample()})
	if err != nil {
		t.Fatal(err)
	}
	var back Gate
	if err := json.Unmarshal(raw, &back); err != nil || !cmp.Equal(back.Form, sample()) {
		t.Fatal(err, cmp.Diff(back.Form, sample()))
	}
}

func BenchmarkParse(b *testing.B) {
	d := sample()
	for name, in := range map[string]Input{
		"work":      typed("country", "GB", "team", "small"),
		"free-mail": typed("email", "ann.brown+x@gmail.com", "country", "GB"),
		"phone":     typed("tel", "020 7946 0018", "country", "GB"),
		"umlauts":   typed("email", "ann@bücher.example", "family_name", "Müller"),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				a, err := Parse(d, in)
				if err != nil {
					b.Fatal(err)
				}
				_ = a.Canonical()
			}
		})
	}
}
