package rule

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/gatehouse/gatehouse/internal/errs"
)

type inner struct {
	Country string            `expr:"country" words:"the country" says:"the country"`
	Free    bool              `expr:"free_mail" words:"a free-mail address|no free-mail address" says:"free"`
	Answers map[string]string `expr:"answers" says:"answers"`
}

type sample struct {
	inner
	Total float64  `expr:"total" says:"points"`
	Times int      `expr:"submissions" says:"how often"`
	Said  []string `expr:"said" says:"said"`
	Title string   `expr:"job_title" says:"title"`
}

var words = NewVocabulary(sample{})

func TestMatch(t *testing.T) {
	facts := &sample{inner{"DE", false, map[string]string{"budget": "big"}}, 60.5, 2, []string{"q3"}, "Head of Marketing"}
	for source, want := range map[string]bool{
		``:                              true,
		`country == "DE"`:               true,
		`country in ["AT", "CH"]`:       false,
		`country not in ["AT"]`:         true,
		`not free_mail and total >= 60`: true,
		`answers["budget"] == "big"`:    true,
		`answers.budget == "big"`:       true,
		`answers["nothing"] == ""`:      true,
		`"q3" in said`:                  true,
		`"q1" in said`:                  false,
		`len(said) >= 1`:                true,
		`submissions * 10 > 15`:         true,
		`mentions(job_title, "marketing", "growth")`:                  true,
		`mentions(job_title, "market")`:                               false,
		`lower(job_title) contains "head of"`:                         true,
		`job_title matches "(?i)^head"`:                               true,
		`upper(country) == "DE" && (total > 100 || submissions == 2)`: true,
	} {
		p, err := Compile(source, words)
		if err != nil {
			t.Errorf("%s: %v %v", source, err, errs.Public(err).Fields)
			continue
		}
		if got, err := p.Match(facts); err != nil || got != want {
			t.Errorf("%s: %v %v", source, got, err)
		}
	}
}

// What cannot end, cannot be kept; and the fault has its place.
func TestRefused(t *testing.T) {
	for _, c := range []struct {
		source, code string
		column       int
	}{
		{`all(1..100000000, {# > 0})`, "loop", 1},
		{`any(said, # == "q3")`, "loop", 1},
		{`len(1..1000000) > 3`, "loop", 6},
		{`reduce(1..9, #acc + #, 0) > 3`, "loop", 1},
		{`country == "DE" and contry == "AT"`, "unknown-name", 21},
		{`total`, "not-a-condition", 1},
		{`country`, "not-a-condition", 1},
		{`country > 3`, "mismatch", 9},
		{`country ==`, "invalid", 10},
		{`fromJSON("[]") == 1`, "not-available", 1},
		{`now() == 1`, "not-available", 1},
		{`repeat("a", 1000000) == country`, "not-available", 1},
		{`let x = 1; x == 1`, "not-available", 5},
		{`2 ** 1000 > total`, "not-available", 3},
		{`country matches job_title`, "not-available", 9},
		{`country matches "(("`, "invalid", 9},
		{`said[0] == "q3"`, "not-available", 5},
		{`$env.country == "DE"`, "unknown-name", 1},
		{strings.Repeat("a", MaxSource+1), "too-long", 1},
		{strings.Repeat("free_mail or ", 76) + "free_mail", "too-many-parts", 1},
		{"country == \"\xff\"", "encoding", 1},
		{"country == \"a\x00b\"", "control-character", 1},
		{"mentions(country)", "invalid", 1},
		{"country == \"DE\" and\n  nothing == 1", "unknown-name", 3},
	} {
		_, err := Compile(c.source, words)
		f := FaultOf(err)
		if f == nil || errs.CodeOf(err) != errs.Invalid {
			t.Errorf("%.40s: %v", c.source, err)
			continue
		}
		if f.Code != c.code || f.Column != c.column {
			t.Errorf("%.40s: %s at %d: %s", c.source, f.Code, f.Column, f.Message)
		}
	}
	if f := FaultOf(mustFail(t, "country == \"DE\" and\n  contry == \"\"")); f.Line != 2 || f.Suggestion != "country" {
		t.Errorf("%+v", f)
	}
}

func mustFail(t *testing.T, source string) error {
	t.Helper()
	_, err := Compile(source, words)
	if err == nil {
		t.Fatalf("%s was taken", source)
	}
	return err
}

// Whatever is typed is answered at once, and what is taken ends.
func TestAlwaysEnds(t *testing.T) {
	token := rapid.SampledFrom([]string{"country", "total", "said", "answers", "mentions(", "(", ")", "[", "]", "{", "}", "..", "1", "9999999", `"x"`, "and", "or",
		"not", "in", "all(", "map(", "#", ",", "==", ">", "+", "**", "?", ":", "|", "let", ";", ".", "matches", `"(a|aa)+$"`, "len(", "\n", "if", "else", "$env", "nil", "repeat("})
	rapid.Check(t, func(t *rapid.T) {
		source := strings.Join(rapid.SliceOfN(token, 0, 60).Draw(t, "tokens"), " ")
		began := time.Now()
		p, err := Compile(source, words)
		if err == nil {
			_, _ = p.Match(&sample{Title: strings.Repeat("a", 5000)})
		} else if FaultOf(err) == nil {
			t.Fatalf("%v", err)
		}
		if d := time.Since(began); d > 2*time.Second {
			t.Fatalf("took %s", d)
		}
	})
}

// A usual condition reads as a sentence: names as staff call them, values by their word where there is one.
func TestSay(t *testing.T) {
	called := func(name, value string) string { return map[string]string{"country DE": "Germany"}[name+" "+value] }
	for source, want := range map[string]string{
		`country in ["DE", "XX"] and not free_mail`: "the country is one of Germany or XX and no free-mail address",
		`free_mail or total > 3`:                    "a free-mail address or total is more than 3",
		`"q3" in said and len(said) != 0`:           "said include q3 and said are some",
		`answers["budget"] == "none"`:               "the answer budget is none",
	} {
		parts, anyOf, ok := Read(source, words)
		if got := Say(parts, anyOf, words, called); !ok || got != want {
			t.Errorf("%s says %q", source, got)
		}
	}
}

// What the parser stumbled at is told in words, never in the parser's own.
func TestFaultsInWords(t *testing.T) {
	for source, want := range map[string]string{`country is "DE"`: "“is” is not expected here", `country == "DE" and`: "it ends too early"} {
		if f := FaultOf(mustFail(t, source)); !strings.Contains(f.Message, want) {
			t.Errorf("%s: %s", source, f.Message)
		}
	}
}

func TestUsual(t *testing.T) {
	for _, c := range []struct {
		parts  []Part
		anyOf  bool
		source string
	}{
		{[]Part{{"country", "", "one-of", []string{"DE", "AT"}}, {"free_mail", "", "no", nil}}, false, `country in ["DE", "AT"] and not free_mail`},
		{[]Part{{"job_title", "", "mentions", []string{"head", "chief"}}}, false, `mentions(job_title, "head", "chief")`},
		{[]Part{{"job_title", "", "mentions-not", []string{"student"}}, {"said", "", "has", []string{"q3"}}}, true, `not mentions(job_title, "student") or "q3" in said`},
		{[]Part{{"said", "", "has-not", []string{"q3"}}, {"said", "", "empty", nil}, {"said", "", "known", nil}}, false, `"q3" not in said and len(said) == 0 and len(said) != 0`},
		{[]Part{{"answers", "budget", "is", []string{"a \"quoted\" one"}}, {"answers", "x", "known", nil}}, false, `answers["budget"] == "a \"quoted\" one" and answers["x"] != ""`},
		{[]Part{{"total", "", "at-least", []string{"60.5"}}, {"submissions", "", "at-most", []string{"3"}}, {"free_mail", "", "yes", nil}}, false, `total >= 60.5 and submissions <= 3 and free_mail`},
		{[]Part{{"total", "", "over", []string{"3"}}, {"submissions", "", "under", []string{"9"}}}, false, `total > 3 and submissions < 9`},
		{[]Part{{"country", "", "none-of", []string{"US"}}, {"country", "", "empty", nil}}, true, `country not in ["US"] or country == ""`},
	} {
		got, err := Build(c.parts, c.anyOf, words)
		if err != nil || got != c.source {
			t.Errorf("%s\n%s %v", c.source, got, err)
			continue
		}
		parts, anyOf, ok := Read(got, words)
		again, err := Build(parts, anyOf, words)
		if !ok || err != nil || again != got {
			t.Errorf("%s read as %+v %v, %v", got, parts, ok, err)
		}
	}
	for _, source := range []string{`country == "DE" and (free_mail or total > 3)`, `lower(country) == "de"`, `country matches "x"`, `1 == 1`, `nothing`} {
		if parts, _, ok := Read(source, words); ok {
			t.Errorf("%s read as %+v", source, parts)
		}
	}
	for _, p := range []Part{{"nothing", "", "is", []string{"x"}}, {"country", "", "at-least", []string{"x"}}, {"total", "", "is", []string{"x"}}, {"country", "", "is", nil}, {"answers", "", "is", []string{"x"}}} {
		if s, err := Build([]Part{p}, false, words); err == nil {
			t.Errorf("%+v built %s", p, s)
		}
	}
}

// A very long text is looked at up to a limit, and a condition that fails holds for nobody.
func TestMatchHasLimits(t *testing.T) {
	p, err := Compile(`mentions(job_title, "head")`, words)
	if err != nil {
		t.Fatal(err)
	}
	for title, want := range map[string]bool{strings.Repeat("x ", maxText/2-10) + "head": true, strings.Repeat("x ", maxText/2) + "head": false} {
		if got, err := p.Match(&sample{Title: title}); err != nil || got != want {
			t.Errorf("a title of %d: %v %v", len(title), got, err)
		}
	}
	if got, err := p.Match(nil); got || FaultOf(err) == nil {
		t.Errorf("asked of nobody: %v %v", got, err)
	}
}

func BenchmarkMatch(b *testing.B) {
	p, err := Compile(`country in ["DE", "AT", "CH"] and not free_mail and mentions(job_title, "head", "chief")`, words)
	if err != nil {
		b.Fatal(err)
	}
	facts := &sample{inner{"DE", false, nil}, 60.5, 2, []string{"q3"}, "Head of Marketing"}
	b.ReportAllocs()
	for b.Loop() {
		if ok, err := p.Match(facts); !ok || err != nil {
			b.Fatal(err)
		}
	}
}

// A pattern that compiles to very much is refused when it is saved: it would be looked for in every lead.
func TestPatternsHaveALimit(t *testing.T) {
	words := NewVocabulary(struct {
		Company string `expr:"company" says:"x" eg:"company == \"\""`
	}{})
	for source, ok := range map[string]bool{
		`company matches "(?i)\\b(bank|trust|insurance|versicherung)\\b"`: true,
		`company matches "^[A-Z]{2,3}[0-9]{4,8}$"`:                        true,
		`company matches "(a{0,99}){0,9}"`:                                false,
		`company matches "(.*a){99}b{99}"`:                                false,
		`company matches "a{99}" or company matches "b{99}" or company matches "c{99}" or company matches "d{99}"`: false,
	} {
		if _, err := Compile(source, words); (err == nil) != ok {
			t.Errorf("%s: %v", source, err)
		}
	}
}
