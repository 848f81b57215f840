package guard

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

const chrome = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36"

// person is what a browser with script sends.
func person() Evidence {
	return Evidence{Door: "page", FormAge: new(40 * time.Second), UserAgent: chrome, AcceptLanguage: "en-GB", BlockCount10m: 1, TargetCount10m: 1,
		Values: map[string]string{"given_name": "Ann", "company": "Example Ltd"}}
}

func with(change func(*Evidence)) Evidence {
	e := person()
	change(&e)
	return e
}

func TestJudge(t *testing.T) {
	for _, c := range []struct {
		name string
		e    Evidence
		want Decision
	}{
		{"a person", person(), Pass},
		{"no script at all", with(func(e *Evidence) { e.FormAge = nil }), Pass},
		{"no script, and no language for privacy", with(func(e *Evidence) { e.FormAge, e.AcceptLanguage = nil, "" }), Pass},
		{"a password manager filled the honeypot", with(func(e *Evidence) { e.HoneypotFilled = true }), Pass},
		{"the same without script", with(func(e *Evidence) { e.HoneypotFilled, e.FormAge = true, nil }), Pass},
		{"autofill and a quick click", with(func(e *Evidence) { e.FormAge = new(2 * time.Second) }), Pass},
		{"a trade fair, no script", with(func(e *Evidence) { e.FormAge, e.BlockCount10m = nil, 500 }), Pass},
		{"a trade fair, role and throw-away addresses", with(func(e *Evidence) { e.BlockCount10m, e.Flags = 500, []string{"role-address", "disposable-address"} }), Pass},
		{"a company that writes its site into its name", with(func(e *Evidence) { e.Values["company"] = "Example, https://example.com" }), Pass},
		{"a server's own program at the public API", Evidence{Door: "api", UserAgent: "Go-http-client/2.0", BlockCount10m: 50, TargetCount10m: 1}, Pass},
		{"a trusted program, whatever its look", Evidence{Door: "api", Trusted: true, HoneypotFilled: true, AgeTokenForged: true, BlockCount10m: 5000}, Pass},
		{"too fast and honeypot", with(func(e *Evidence) { e.FormAge, e.HoneypotFilled = new(time.Duration(0)), true }), Quarantine},
		{"forged token and honeypot", with(func(e *Evidence) { e.AgeTokenForged, e.HoneypotFilled = true, true }), Quarantine},
		{"a script without disguise that fills all fields", Evidence{Door: "page", UserAgent: "python-requests/2.32", HoneypotFilled: true}, Quarantine},
		{"links and a program", with(func(e *Evidence) { e.Values["company"], e.UserAgent = "http://a.example http://b.example", "curl/8.0" }), Quarantine},
		{"one address bombed by a program", with(func(e *Evidence) { e.TargetCount10m, e.UserAgent = 20, "" }), Quarantine},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := Judge(c.e, DefaultSettings())
			if got.Decision != c.want {
				t.Fatalf("%+v", got)
			}
		})
	}
	if v := Judge(person(), DefaultSettings()); v.Weight != 0 || len(v.Reasons) != 0 {
		t.Errorf("a person has reasons: %+v", v)
	}
	s := DefaultSettings()
	s.MinFill = 0
	if v := Judge(with(func(e *Evidence) { e.FormAge = new(time.Duration(0)) }), s); v.Weight != 0 {
		t.Errorf("the filling time counts although it is switched off: %+v", v)
	}
}

// signals are all changes that make a submission more doubtful, one signal each at its worst.
var signals = map[string]func(*Evidence){
	"forged":     func(e *Evidence) { e.AgeTokenForged = true },
	"no-token":   func(e *Evidence) { e.FormAge = nil },
	"fast":       func(e *Evidence) { e.FormAge = new(time.Duration(0)) },
	"honeypot":   func(e *Evidence) { e.HoneypotFilled = true },
	"no-agent":   func(e *Evidence) { e.UserAgent = "" },
	"tool":       func(e *Evidence) { e.UserAgent = "curl/8" },
	"language":   func(e *Evidence) { e.AcceptLanguage = "" },
	"block":      func(e *Evidence) { e.BlockCount10m = 1 << 30 },
	"target":     func(e *Evidence) { e.TargetCount10m = 1 << 30 },
	"links":      func(e *Evidence) { e.Values = map[string]string{"company": "http://a http://b http://c"} },
	"disposable": func(e *Evidence) { e.Flags = append(e.Flags, "disposable-address") },
	"role":       func(e *Evidence) { e.Flags = append(e.Flags, "role-address") },
}

func TestNoSignalDecidesAlone(t *testing.T) {
	for name, change := range signals {
		v := Judge(with(change), DefaultSettings())
		if v.Decision != Pass || v.Weight == 0 || len(v.Reasons) != 1 {
			t.Errorf("%s: %+v", name, v)
		}
	}
}

func TestJudgeProperties(t *testing.T) {
	names := []string{"forged", "no-token", "fast", "honeypot", "no-agent", "tool", "language", "block", "target", "links", "disposable", "role"}
	rapid.Check(t, func(t *rapid.T) {
		e, chosen := person(), rapid.SliceOfDistinct(rapid.SampledFrom(names), rapid.ID).Draw(t, "signals")
		for _, n := range chosen {
			signals[n](&e)
		}
		v := Judge(e, DefaultSettings())
		sum, seen := 0, map[string]bool{}
		for _, r := range v.Reasons {
			sum += r.Weight
			if seen[r.Code] || r.Sentence == "" || r.Weight <= 0 {
				t.Fatalf("reason %+v of %+v", r, v)
			}
			seen[r.Code] = true
		}
		if sum != v.Weight || (v.Weight >= 100) != (v.Decision == Quarantine) {
			t.Fatalf("does not add up: %+v", v)
		}
		if len(chosen) > 0 && v.Decision == Quarantine && len(v.Reasons) < 2 {
			t.Fatalf("one reason decided: %+v", v)
		}
		e.Trusted = true
		if trusted := Judge(e, DefaultSettings()); trusted.Weight > v.Weight {
			t.Fatalf("trust adds weight: %+v, %+v", v, trusted)
		}
	})
}
