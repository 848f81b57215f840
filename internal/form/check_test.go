package form

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDefinitionCheck(t *testing.T) {
	email := Field{Name: "email", Type: "email", Label: "E-mail", Required: true}
	with := func(f Field) Definition { return Definition{Fields: []Field{email, f}} }
	for _, c := range []struct {
		name string
		def  Definition
		want map[string]string
	}{
		{"least", Definition{Fields: []Field{email}}, nil},
		{"empty", Definition{}, map[string]string{"fields": Required}},
		{"no email", Definition{Fields: []Field{{Name: "company", Type: "text", Label: "Company"}}}, map[string]string{"fields": Required}},
		{"email optional", Definition{Fields: []Field{{Name: "email", Type: "email", Label: "E-mail"}}}, map[string]string{"fields.0.required": Invalid}},
		{"email as text", Definition{Fields: []Field{{Name: "email", Type: "text", Label: "E-mail"}}}, map[string]string{"fields.0.type": Invalid, "fields": Required}},
		{"two addresses", with(Field{Name: "other", Type: "email", Label: "Other"}), map[string]string{"fields.1.type": Invalid}},
		{"same name", with(email), map[string]string{"fields.1.name": Invalid}},
		{"unknown type", with(Field{Name: "cv", Type: "file", Label: "CV"}), map[string]string{"fields.1.type": NotAnOption}},
		{"consent as a field", with(Field{Name: "ok", Type: "consent", Label: "OK"}), map[string]string{"fields.1.type": NotAnOption}},
		{"no label", with(Field{Name: "company", Type: "text", Label: " "}), map[string]string{"fields.1.label": Required}},
		{"label with a line break", with(Field{Name: "company", Type: "text", Label: "a\nb"}), map[string]string{"fields.1.label": ControlCharacter}},
		{"no options", with(Field{Name: "team", Type: "select", Label: "Team"}), map[string]string{"fields.1.options": Required}},
		{"option twice", with(Field{Name: "team", Type: "select", Label: "Team", Options: []Option{{"a", "A"}, {"a", "B"}}}), map[string]string{"fields.1.options": Invalid}},
		{"option without value", with(Field{Name: "team", Type: "select", Label: "Team", Options: []Option{{"", "A"}}}), map[string]string{"fields.1.options": Invalid}},
		{"option nobody could post", with(Field{Name: "team", Type: "select", Label: "Team", Options: []Option{{" a", "A"}}}), map[string]string{"fields.1.options": Invalid}},
		{"too long an answer", with(Field{Name: "company", Type: "text", Label: "Company", MaxLength: 201}), map[string]string{"fields.1.max_length": Invalid}},
		{"negative", with(Field{Name: "company", Type: "text", Label: "Company", MaxLength: -1}), map[string]string{"fields.1.max_length": Invalid}},
		{"unknown policy", Definition{Fields: []Field{{Name: "email", Type: "email", Label: "E-mail", Required: true, Role: "forbid"}}}, map[string]string{"fields.0.options": NotAnOption}},
		{"consent twice, no text", Definition{Fields: []Field{email}, Consents: []Consent{{Key: "terms", Text: "T", Version: "1"}, {Key: "terms"}}},
			map[string]string{"consents.1.key": Invalid, "consents.1.text": Required, "consents.1.version": Required}},
		{"forced marketing", Definition{Fields: []Field{email}, Consents: []Consent{{Key: "marketing", Text: "T", Version: "1", Required: true}}},
			map[string]string{"consents.0.required": Invalid}},
		{"too many", Definition{Fields: make([]Field, 31)}, map[string]string{"fields": TooLong}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if d := cmp.Diff(c.want, faultsOf(c.def.Check())); d != "" {
				t.Error(d)
			}
		})
	}
	for _, name := range []string{"", "Email", "1st", "a-b", "a b", "naïve", strings.Repeat("a", 41), "utm_source", "referrer", "page", "r", "k", "hp", "hp_x", "email_as_typed", "consent.x", "form_token", "attempt", "a\n"} {
		if with(Field{Name: name, Type: "text", Label: "X"}).Check() == nil {
			t.Errorf("the name %q is taken", name)
		}
	}
	for _, name := range []string{"x", "given_name", "a1", strings.Repeat("a", 40), "page_count"} {
		if err := with(Field{Name: name, Type: "text", Label: "X"}).Check(); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestGateCheck(t *testing.T) {
	good := Gate{Title: "8 Questions", Summary: "One paragraph.\r\nAnd another.", Button: "Send me the whitepaper", Language: "en-GB", Form: sample(),
		Origins: []string{"https://www.example.com", "https://example.com:8443", "http://localhost:3000", "http://127.0.0.1:8080", "http://[::1]:9"}}
	if err := good.Check(); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(map[string]string{"title": Required, "summary": Required, "button": Required, "language": Invalid, "form.fields": Required}, faultsOf(Gate{}.Check())); d != "" {
		t.Error(d)
	}
	bad := good
	bad.Title, bad.MailSubject, bad.Language, bad.LinkDays = strings.Repeat("ü", 161), "Hello\r\nBcc: x@y.z", "english please", 366
	bad.MailText, bad.Summary, bad.Learn = "a\x00b", "a\xff", []string{"good", ""}
	want := map[string]string{"title": TooLong, "mail_subject": ControlCharacter, "language": Invalid, "link_days": Invalid, "mail_text": ControlCharacter, "summary": Encoding, "learn.1": Required}
	if d := cmp.Diff(want, faultsOf(bad.Check())); d != "" {
		t.Error(d)
	}
	for _, o := range []string{"", "null", "*", "https://", "https://*.example.com", "http://example.com", "https://example.com/", "https://example.com/x", "https://example.com?x", "https://example.com#x",
		"https://a@example.com", "ftp://example.com", "example.com", "HTTPS://example.com", "https://Example.com", "https://exa mple.com", "https://bücher.example", "https://example.com:", "javascript:alert(1)", "http://localhost.example.com"} {
		g := good
		g.Origins = []string{o}
		if g.Check() == nil {
			t.Errorf("origin %q is taken", o)
		}
	}
}
