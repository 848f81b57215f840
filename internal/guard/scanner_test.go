package guard

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func click() Hit {
	return Hit{Method: "POST", UserAgent: chrome, AcceptLanguage: "en-GB", SinceSent: new(time.Hour), FetchUser: "?1", FetchMode: "navigate"}
}

func hit(change func(*Hit)) Hit {
	h := click()
	change(&h)
	return h
}

func TestClassify(t *testing.T) {
	for _, c := range []struct {
		name string
		hit  Hit
		want Kind
		why  string
	}{
		{"a person presses the button", click(), Human, "pressed"},
		{"in Safari, which does not say so", hit(func(h *Hit) { h.FetchUser = "" }), Human, "posted"},
		{"long after, time unknown", hit(func(h *Hit) { h.SinceSent = nil }), Human, "pressed"},
		{"in a busy office", hit(func(h *Hit) { h.BlockLinks10m = 1000 }), Human, "pressed"},
		{"without a language, but pressed", hit(func(h *Hit) { h.AcceptLanguage = "" }), Human, "pressed"},
		{"on a Cubot telephone", hit(func(h *Hit) {
			h.UserAgent = "Mozilla/5.0 (Linux; Android 13; CUBOT P80) Chrome/141.0 Mobile Safari/537.36"
		}), Human, "pressed"},
		{"a GET of the same person", hit(func(h *Hit) { h.Method = "GET" }), Likely, "clicked"},
		{"a GET", hit(func(h *Hit) { h.Method, h.FetchUser = "GET", "" }), Likely, "opened"},
		{"a POST at once", hit(func(h *Hit) { h.SinceSent = new(time.Second) }), Likely, "too-soon"},
		{"a POST without language", hit(func(h *Hit) { h.AcceptLanguage, h.FetchUser = "", "" }), Human, "posted"},
		{"a GET at once", hit(func(h *Hit) { h.Method, h.SinceSent = "GET", new(1900*time.Millisecond) }), Machine, "too-soon"},
		{"clocks disagree", hit(func(h *Hit) { h.Method, h.SinceSent = "GET", new(-time.Second) }), Likely, "clicked"},
		{"a HEAD", hit(func(h *Hit) { h.Method = "HEAD" }), Machine, "method"},
		{"a prefetch", hit(func(h *Hit) { h.Method, h.Purpose = "GET", "prefetch;prerender" }), Machine, "prefetch"},
		{"a POST that was fetched ahead", hit(func(h *Hit) { h.Purpose = "prefetch" }), Machine, "prefetch"},
		{"a part of the page", hit(func(h *Hit) { h.Method, h.Range = "GET", "bytes=0-1" }), Machine, "range"},
		{"a mail gateway without language", hit(func(h *Hit) { h.Method, h.AcceptLanguage = "GET", "" }), Machine, "no-language"},
		{"a mail gateway that opens all links", hit(func(h *Hit) { h.Method, h.BlockLinks10m = "GET", 30 }), Machine, "many-links"},
		{"a deliberate POST by a program", hit(func(h *Hit) { h.UserAgent, h.FetchUser = "python-requests/2.32", "" }), Human, "posted"},
		{"a POST by a scanner", hit(func(h *Hit) { h.UserAgent = "Barracuda Sentinel (EE)" }), Machine, "tool-agent"},
		{"no agent", hit(func(h *Hit) { h.UserAgent = " " }), Machine, "no-agent"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := Classify(c.hit); got.Kind != c.want || got.Reason != c.why || got.Sentence == "" {
				t.Fatalf("%+v", got)
			}
		})
	}
}

func TestAgents(t *testing.T) {
	for _, machine := range []string{"curl/8.5.0", "Go-http-client/1.1", "python-urllib/3.11", "Mozilla/5.0", "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
		"Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)", "Microsoft Office Existence Discovery", "Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0)",
		"Mozilla/4.0 (compatible; ms-office; MSOffice 16)", "Barracuda Sentinel (EE)", "Slackbot-LinkExpanding 1.0", "WhatsApp/2.23", "facebookexternalhit/1.1", "YahooMailProxy; https://help.yahoo.com",
		"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 HeadlessChrome/141.0 Safari/537.36", "TelegramBot (like TwitterBot)", "Wget/1.21"} {
		if machineAgent(machine, allWords) == "" {
			t.Errorf("passes for a browser: %s", machine)
		}
	}
	for _, browser := range []string{chrome, "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1",
		"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/141.0 Safari/537.36 Edg/141.0",
		"Mozilla/5.0 (Linux; Android 14; SAMSUNG SM-S918B) AppleWebKit/537.36 SamsungBrowser/25.0 Chrome/121.0 Mobile Safari/537.36",
		"Mozilla/5.0 (Linux; Android 14; Pixel 8 Build/AP1A; wv) AppleWebKit/537.36 Version/4.0 Chrome/141.0 Mobile Safari/537.36 Telegram-Android/10.14 (Google Pixel 8)",
		"Mozilla/5.0 (Windows NT 10.0; WOW64; Trident/7.0; rv:11.0) like Gecko", "Opera/9.80 (Windows NT 6.1) Presto/2.12 Version/12.16", "Lynx/2.9.0"} {
		if w := machineAgent(browser, allWords); w != "" {
			t.Errorf("taken for a program because of %q: %s", w, browser)
		}
	}
}

// Nothing but a POST is ever a person, and nothing that calls itself a machine is ever more.
func TestClassifyProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := Hit{Method: rapid.SampledFrom([]string{"GET", "HEAD", "POST", "OPTIONS", "", "post"}).Draw(t, "method"),
			UserAgent:      rapid.SampledFrom([]string{"", chrome, "Barracuda Sentinel (EE)", "Mozilla/5.0"}).Draw(t, "agent"),
			AcceptLanguage: rapid.SampledFrom([]string{"", "de"}).Draw(t, "language"), Purpose: rapid.SampledFrom([]string{"", "prefetch"}).Draw(t, "purpose"),
			Range: rapid.SampledFrom([]string{"", "bytes=0-"}).Draw(t, "range"), FetchUser: rapid.SampledFrom([]string{"", "?1"}).Draw(t, "user"),
			BlockLinks10m: rapid.IntRange(0, 100).Draw(t, "links")}
		if rapid.Bool().Draw(t, "known") {
			h.SinceSent = new(time.Duration(rapid.IntRange(0, 10).Draw(t, "since")) * time.Second)
		}
		got := Classify(h)
		switch {
		case got.Reason == "" || got.Sentence == "":
			t.Fatalf("no reason: %+v", got)
		case got.Kind == Human && h.Method != "POST":
			t.Fatalf("%s is a person", h.Method)
		case got.Kind != Machine && (h.Purpose != "" || h.UserAgent != chrome):
			t.Fatalf("a machine is %s", got.Kind)
		case got.Kind == Human && h.SinceSent != nil && *h.SinceSent < 2*time.Second:
			t.Fatal("a person within two seconds")
		}
	})
}
