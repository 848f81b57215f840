package templates

import (
	"io"
	"strings"
	"testing"
	"time"
)

func loaded(t testing.TB) *Set {
	t.Helper()
	s, err := Load("")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestAgo(t *testing.T) {
	s := loaded(t)
	at := time.Date(2026, 11, 22, 14, 5, 0, 0, time.UTC)
	for _, c := range []struct {
		ago  time.Duration
		want string
	}{
		{0, "just now"}, {44 * time.Second, "just now"}, {50 * time.Second, "1 minute ago"}, {3 * time.Minute, "3 minutes ago"},
		{61 * time.Minute, "1 hour ago"}, {23 * time.Hour, "23 hours ago"}, {25 * time.Hour, "yesterday"}, {5 * 24 * time.Hour, "5 days ago"},
		{9 * 24 * time.Hour, "22\u00a0November 2026"}, {-2 * time.Hour, "in 2 hours"},
	} {
		if got := s.messages.ago("en", c.ago, at); got != c.want {
			t.Errorf("%v: %q, want %q", c.ago, got, c.want)
		}
	}
	s.Use(Locale{Zone: time.FixedZone("", 3600), Now: func() time.Time { return at }})
	if got := string(s.relTime("en", at.Add(-time.Hour))); !strings.Contains(got, "22\u00a0November 2026, 14:05") || !strings.Contains(got, `datetime="2026-11-22T13:05:00Z"`) {
		t.Error(got)
	}
}

func TestNumbersAndMoney(t *testing.T) {
	c := loaded(t).messages
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567", -1234: "−1,234"} {
		if got := c.number("en", n); got != want {
			t.Errorf("%d: %q", n, got)
		}
	}
	for _, m := range []struct {
		minor      int64
		code, want string
	}{{123450, "EUR", "€1,234.50"}, {5, "USD", "$0.05"}, {-99, "GBP", "−£0.99"}, {1500, "JPY", "JPY\u00a01,500"}} {
		if got, err := c.money("en", m.minor, m.code); err != nil || got != m.want {
			t.Errorf("%v: %q %v", m, got, err)
		}
	}
	if _, err := c.money("en", 1, "euro"); err == nil {
		t.Error("euro is no ISO 4217 code")
	}
}

func TestLanguageFallsBack(t *testing.T) {
	c := catalogue{"en": {"a": "A {x}", "b.one": "one", "b.other": "{n} of them"}, "de": {"a": "Ä {x}"}}
	for _, k := range []struct{ tag, want string }{{"de-AT", "de"}, {"de", "de"}, {"en-GB", "en"}, {"fr", "en"}, {"", "en"}} {
		if got := c.match(k.tag); got != k.want {
			t.Errorf("%q: %q", k.tag, got)
		}
	}
	if got := c.text("de", "a", "x", "{y}"); got != "Ä {y}" {
		t.Error(got)
	}
	if got := c.counted("de", "b", 3); got != "3 of them" {
		t.Error(got)
	}
}

func TestSoftBreakEscapes(t *testing.T) {
	if got := string(softBreak(`<b>@x.example`)); got != "&lt;b&gt;@<wbr>x<wbr>.example" {
		t.Error(got)
	}
}

// Nobody answers what he never chose.
func TestEmptyChoice(t *testing.T) {
	two := []OptionView{{Value: "DE"}, {Value: "GB"}}
	chosen := []OptionView{{Value: "DE"}, {Value: "GB", Selected: true}}
	if got := withEmptyChoice(FieldView{Options: two, Required: true}, "choose"); len(got) != 3 || !got[0].Selected || got[0].Value != "" {
		t.Error(got)
	}
	if got := withEmptyChoice(FieldView{Options: chosen, Required: true}, "choose"); len(got) != 2 {
		t.Error(got)
	}
	if got := withEmptyChoice(FieldView{Options: chosen}, "choose"); len(got) != 3 || got[0].Selected {
		t.Error(got)
	}
}

func TestNewChart(t *testing.T) {
	for _, values := range [][]float64{nil, {0}, {0, 0, 0}, {1}, {3, 9, 10}, {12345, 1}} {
		var bars []Bar
		for _, v := range values {
			bars = append(bars, Bar{Label: "x", Value: v})
		}
		c := NewChart("t", "day", "people", bars)
		for _, b := range c.Bars {
			if b.Y < 0 || b.Y+b.H > c.Baseline+0.01 || b.X < 0 || b.X+b.W > c.Width || b.W <= 0 {
				t.Errorf("%v: bar out of the picture: %+v", values, b)
			}
			if (b.Value > 0) != (b.H > 0) {
				t.Errorf("%v: a bar must be seen when it counts something, and only then: %+v", values, b)
			}
		}
		if len(c.Lines) < 2 || len(c.Lines) > 7 {
			t.Errorf("%v: %d lines", values, len(c.Lines))
		}
	}
}

func TestNavigationByRole(t *testing.T) {
	has := func(role, key string) bool {
		for _, n := range Navigation(role, "home", Counts{Quarantine: 2}) {
			if n.Key == key {
				return true
			}
		}
		return false
	}
	for _, c := range []struct {
		role, key string
		want      bool
	}{{"admin", "settings", true}, {"marketing", "settings", false}, {"marketing", "quarantine", true}, {"sales", "quarantine", false}, {"sales", "leads", true}, {"", "home", false}, {"adm", "home", false}} {
		if has(c.role, c.key) != c.want {
			t.Errorf("%s sees %s: want %v", c.role, c.key, c.want)
		}
	}
}

func BenchmarkRender(b *testing.B) {
	s := loaded(b)
	g := GatePage{Page: Page{Title: "Title"}, Slug: "x", Learn: []string{"a", "b", "c"}, Action: "/g/x"}
	for _, name := range []string{"email", "given_name", "family_name", "company", "country", "tel"} {
		g.Fields = append(g.Fields, FieldView{Name: name, Type: "text", Label: name, Required: true, MaxLength: 100})
	}
	for b.Loop() {
		if err := s.Render(io.Discard, "public/gate", g); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkLoad(b *testing.B) {
	for b.Loop() {
		loaded(b)
	}
}
