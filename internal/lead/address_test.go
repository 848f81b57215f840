package lead

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/gatehouse/gatehouse/internal/errs"
)

func TestParseAddress(t *testing.T) {
	for _, c := range []struct {
		name, typed string
		want        Address
	}{
		{"plain", "ann@example.com", Address{"ann@example.com", "ann@example.com", "example.com", "example.com", "ann@example.com"}},
		{"both parts in lower case, typed kept", "  Ann.Brown@Example.COM\t", Address{"Ann.Brown@Example.COM", "ann.brown@example.com", "example.com", "example.com", "ann.brown@example.com"}},
		{"tags and dots stay but for limits", "a.nn+news@gmail.com", Address{"a.nn+news@gmail.com", "a.nn+news@gmail.com", "gmail.com", "gmail.com", "ann@gmail.com"}},
		{"googlemail is gmail for limits only", "a.nn@googlemail.com", Address{"a.nn@googlemail.com", "a.nn@googlemail.com", "googlemail.com", "googlemail.com", "ann@gmail.com"}},
		{"dots elsewhere mean something", "a.nn+x@example.org", Address{"a.nn+x@example.org", "a.nn+x@example.org", "example.org", "example.org", "a.nn@example.org"}},
		{"registrable below a suffix of two labels", "ann@mail.sales.example.co.uk", Address{"ann@mail.sales.example.co.uk", "ann@mail.sales.example.co.uk", "mail.sales.example.co.uk", "example.co.uk", "ann@mail.sales.example.co.uk"}},
		{"domain of another script", "ann@Bücher.example", Address{"ann@Bücher.example", "ann@xn--bcher-kva.example", "xn--bcher-kva.example", "xn--bcher-kva.example", "ann@xn--bcher-kva.example"}},
		{"decomposed letters are composed", "ju\u0308rgen@bu\u0308cher.example", Address{"ju\u0308rgen@bu\u0308cher.example", "jürgen@xn--bcher-kva.example", "xn--bcher-kva.example", "xn--bcher-kva.example", "jürgen@xn--bcher-kva.example"}},
		{"A-labels as typed", "ann@XN--BCHER-KVA.example", Address{"ann@XN--BCHER-KVA.example", "ann@xn--bcher-kva.example", "xn--bcher-kva.example", "xn--bcher-kva.example", "ann@xn--bcher-kva.example"}},
		{"top-level domain of another script", "ann@例え.テスト", Address{"ann@例え.テスト", "ann@xn--r8jz45g.xn--zckzah", "xn--r8jz45g.xn--zckzah", "xn--r8jz45g.xn--zckzah", "ann@xn--r8jz45g.xn--zckzah"}},
		{"all atom characters", "a!#$%&'*+-/=?^_`{|}~@example.com", Address{"a!#$%&'*+-/=?^_`{|}~@example.com", "a!#$%&'*+-/=?^_`{|}~@example.com", "example.com", "example.com", "a!#$%&'*@example.com"}},
		{"64 octets", strings.Repeat("a", 64) + "@example.com", Address{strings.Repeat("a", 64) + "@example.com", strings.Repeat("a", 64) + "@example.com", "example.com", "example.com", strings.Repeat("a", 64) + "@example.com"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := ParseAddress(c.typed)
			if err != nil || got != c.want {
				t.Fatalf("ParseAddress(%q) = %+v, %v; want %+v", c.typed, got, err, c.want)
			}
		})
	}
}

func TestParseAddressRefuses(t *testing.T) {
	for typed, code := range map[string]string{
		"": Required, "   ": Required, "\t": Required,
		"ann": Invalid, "@example.com": Invalid, "ann@": Invalid, "a@b": Invalid, "test@io": Invalid, "ann@localhost": Invalid,
		"a@example.c": Invalid, "ann@example.com.": Invalid, "ann@.example.com": Invalid, "ann@example..com": Invalid,
		".ann@example.com": Invalid, "ann.@example.com": Invalid, "a..n@example.com": Invalid, "a@b@example.com": Invalid,
		"<ann@example.com>": Invalid, "Ann <ann@example.com>": Invalid, "ann@example.com,bob@example.com": Invalid,
		"ann@example.com;bob@example.com": Invalid, "ann@exa mple.com": Invalid, "an n@example.com": Invalid,
		`"ann b"@example.com`: Invalid, `"<script>alert(1)</script>"@x.com`: Invalid, "ann@[127.0.0.1]": Invalid,
		"ann@127.0.0.1": Invalid, "ann@-example.com": Invalid, "ann@example-.com": Invalid, "ann@ex_ample.com": Invalid,
		"ann(comment)@example.com": Invalid, `ann\@example.com`: Invalid, "mailto:ann@example.com": Invalid, "ann@example.c0m": Invalid,
		"ann\u2764@example.com": Invalid, "ann@xn--zzzzzz-.com": Invalid, "ann＠example.com": Invalid,
		"\u202eann@example.com": HiddenCharacter, "ann@exam\u200bple.com": HiddenCharacter, "ann\u200d@example.com": HiddenCharacter,
		"an\u00adn@example.com": HiddenCharacter, "\ufeffann@example.com": HiddenCharacter, "ann@example\u2066.com": HiddenCharacter,
		"ann@example.com\r\nBcc: all@example.com": ControlCharacter, "ann@example.com\n": ControlCharacter, "\rann@example.com": ControlCharacter,
		"ann\x00@example.com": ControlCharacter, "ann@example.com\x7f": ControlCharacter, "ann@example\u2028.com": ControlCharacter, "ann\u0085@example.com": ControlCharacter,
		"ann\xff@example.com": Encoding, "\xc0\x80@example.com": Encoding,
		strings.Repeat("a", 65) + "@example.com":                                                       TooLong,
		"ann@" + strings.Repeat("a", 64) + ".com":                                                      Invalid,
		"ann@" + strings.Repeat(strings.Repeat("a", 60)+".", 5) + "com":                                Invalid,
		strings.Repeat("a", 64) + "@" + strings.Repeat(strings.Repeat("a", 60)+".", 3) + "example.com": TooLong,
		"ann@" + distinctRunes(64) + ".com":                                                            Invalid, "ann@" + distinctRunes(330) + ".com": Invalid,
		strings.Repeat("a\u0301", 90) + "@example.com": TooLong,
		strings.Repeat("a", 5000):                      TooLong,
	} {
		a, err := ParseAddress(typed)
		e, ok := err.(*errs.Error)
		if !ok || len(e.Fields) != 1 || e.Fields[0].Code != code || e.Fields[0].Message == "" || e.Fields[0].Field != "email" {
			t.Errorf("ParseAddress(%q) = %+v, %v; want one fault %s", typed, a, err, code)
		}
		if a != (Address{}) {
			t.Errorf("ParseAddress(%q): a refused address gives nothing, got %+v", typed, a)
		}
	}
}

// checkAddress is what holds for whatever is accepted.
func checkAddress(t interface{ Fatalf(string, ...any) }, typed string) {
	a, err := ParseAddress(typed)
	if err != nil {
		if !errs.Is(err, errs.Invalid) {
			t.Fatalf("%q: %v", typed, err)
		}
		return
	}
	again, err := ParseAddress(a.Normal)
	if err != nil || again.Normal != a.Normal || again.Strict != a.Strict || again.Registrable != a.Registrable {
		t.Fatalf("%q: normalising twice: %+v, then %+v, %v", typed, a, again, err)
	}
	switch {
	case len(a.Normal) > 254 || len(a.Local()) > 64:
		t.Fatalf("%q: too long: %q", typed, a.Normal)
	case strings.ContainsAny(a.Normal, " \t\r\n\x00\",;:<>()[]\\") || strings.Count(a.Normal, "@") != 1 || !utf8.ValidString(a.Normal):
		t.Fatalf("%q: unsafe: %q", typed, a.Normal)
	case strings.ToLower(a.Domain) != a.Domain || !strings.HasSuffix(a.Normal, "@"+a.Domain) || !strings.HasSuffix(a.Domain, a.Registrable):
		t.Fatalf("%q: parts disagree: %+v", typed, a)
	}
	for i := range len(a.Domain) {
		if a.Domain[i] >= utf8.RuneSelf {
			t.Fatalf("%q: domain is no A-label: %q", typed, a.Domain)
		}
	}
}

func FuzzParseAddress(f *testing.F) {
	for _, s := range []string{"ann@example.com", "A.B+c@Bücher.example", "\u202ea@b.de", "İ@example.com", "ß@straße.de", "a@xn--a.com", "\u0345a@b.de"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) { checkAddress(t, s) })
}

func TestAddressProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		local := rapid.StringMatching(`[A-Za-z0-9üßİ\p{Greek}]{1,8}([.+_-][a-z0-9]{1,6}){0,2}`).Draw(t, "local")
		domain := rapid.StringMatching(`([A-Za-z0-9ü]{1,8}\.){1,3}(com|DE|co\.uk|org)`).Draw(t, "domain")
		checkAddress(t, local+"@"+domain)
	})
}

// sharedFile walks up to the workspace's shared data; tests that need it say visibly when it is not there.
func sharedFile(t *testing.T, name string) []byte {
	t.Helper()
	if root := os.Getenv("GATEHOUSE_SHARED"); root != "" {
		if raw, err := os.ReadFile(filepath.Join(root, name)); err == nil {
			return raw
		}
	}
	dir, _ := os.Getwd()
	for ; dir != "/"; dir = filepath.Dir(dir) {
		if raw, err := os.ReadFile(filepath.Join(dir, "..", "shared", name)); err == nil {
			return raw
		}
	}
	t.Skipf("shared/%s is not here (set GATEHOUSE_SHARED)", name)
	return nil
}

func TestNaughtyStrings(t *testing.T) {
	var all []string
	if err := json.Unmarshal(sharedFile(t, "corpora/blns/blns.json"), &all); err != nil {
		t.Fatal(err)
	}
	for _, s := range all {
		checkAddress(t, s)
		checkAddress(t, s+"@example.com")
		checkAddress(t, "ann@"+s+".com")
		if line, code := Line(s, true); code == "" {
			if again, code := Line(line, true); again != line || code != "" {
				t.Errorf("Line(%q) = %q, then %q %s", s, line, again, code)
			}
		}
	}
}

// distinctRunes is the label that is dearest to encode.
func distinctRunes(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteRune(rune(0x4e00 + i*17))
	}
	return b.String()
}

// Nobody can make an address that costs many times what an ordinary one does.
func BenchmarkParseAddress(b *testing.B) {
	for name, s := range map[string]string{
		"ordinary":   "ann.brown@example.com",
		"one-label":  "a@" + distinctRunes(330) + ".com",
		"full-label": "a@" + distinctRunes(63) + ".com",
		"labels":     "a@" + strings.Repeat(distinctRunes(50)+".", 4) + "com",
		"combining":  strings.Repeat("a\u0301\u0316", 200) + "@b.com",
		"a-labels":   "a@" + strings.Repeat("xn--a.", 160) + "com",
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				_, _ = ParseAddress(s)
			}
		})
	}
}
