// Package guard asks whether it is a person: rules over evidence, limits, and what a hit on a mailed link is worth. The
// rules are pure; the only state is the counters, in memory.
package guard

import (
	"strings"
	"time"
)

// Evidence is what is known about one submission besides its answers. What a door cannot know stays at its zero value.
type Evidence struct {
	Door           string         // page, embed, api
	Trusted        bool           // came with an API key: robot checks are skipped, all else holds
	FormAge        *time.Duration // since the form was opened, from the signed token; nil without one
	AgeTokenForged bool           // there was a token, and it is not ours
	HoneypotFilled bool
	UserAgent      string
	AcceptLanguage string
	Flags          []string          // of the answers: role-address, disposable-address, free-mail-address
	Values         map[string]string // the normalised answers, looked at for links
	BlockCount10m  int               // submissions of this network block in ten minutes, this one included
	TargetCount10m int               // submissions for this address in ten minutes, this one included
}

// Settings are the thresholds. MinFill 0 switches the filling time off.
type Settings struct {
	Threshold  int           // weight from which a submission is quarantined
	MinFill    time.Duration // nobody reads and fills a form faster
	BlockSome  int           // from here a network block is busy ...
	BlockMany  int           // ... and from here very busy
	TargetSome int
	TargetMany int
}

// DefaultSettings has weights that reach from 5 to 60 and the threshold is 100, so that no signal decides alone, the honeypot
// included: password managers fill honeypots, and trade fairs have one network address.
func DefaultSettings() Settings {
	return Settings{Threshold: 100, MinFill: 3 * time.Second, BlockSome: 20, BlockMany: 100, TargetSome: 5, TargetMany: 20}
}

// Decision is what becomes of a submission. There is no third one: nothing is thrown away.
type Decision string

// The decisions.
const (
	Pass       Decision = "pass"
	Quarantine Decision = "quarantine"
)

// Reason is one signal that was seen, in words for staff. The weights of the reasons add up to the verdict's.
type Reason struct {
	Code     string `json:"code"`
	Weight   int    `json:"weight"`
	Sentence string `json:"sentence"`
}

// Verdict is a decision and how it came about.
type Verdict struct {
	Decision Decision
	Weight   int
	Reasons  []Reason
}

// The weights. The heaviest stays well below the threshold.
const (
	weightForged      = 60
	weightHoneypot    = 60
	weightTooFast     = 50
	weightNoToken     = 20
	weightToolAgent   = 40
	weightNoAgent     = 40
	weightNoLanguage  = 15
	weightBlockSome   = 20
	weightBlockMany   = 40
	weightTargetSome  = 30
	weightTargetMany  = 60
	weightOneLink     = 20
	weightManyLinks   = 60
	weightDisposable  = 25
	weightRole        = 5
	fewLinks          = 1 // more are several
	maxAnswersScanned = 64
)

// Judge weighs the evidence. It is a pure function: the same evidence gives the same verdict, reasons in a fixed order.
// Signals by weight: a forged age token, a filled honeypot, an address asked for very often or several links in the answers
// 60; filled in faster than MinFill 50; a program's or no user agent, a very busy network block 40; an address asked for
// often 30; a throw-away address 25; no age token (no script, or an old page), a busy block, one link 20; no
// Accept-Language 15; a role address 5.
func Judge(e Evidence, s Settings) Verdict {
	v := Verdict{Decision: Pass}
	if !e.Trusted {
		v.robot(e, s)
	}
	v.busy("busy-address", e.TargetCount10m, s.TargetSome, s.TargetMany, weightTargetSome, weightTargetMany,
		"This address was typed in several times within ten minutes.", "This address was typed in very many times within ten minutes.")
	for _, f := range e.Flags {
		switch f {
		case "disposable-address":
			v.add(f, weightDisposable, "The address belongs to a throw-away mail service.")
		case "role-address":
			v.add(f, weightRole, "The address names a function, not a person.")
		}
	}
	if v.Weight >= s.Threshold {
		v.Decision = Quarantine
	}
	return v
}

// robot adds the signals that only a person's browser is measured by.
func (v *Verdict) robot(e Evidence, s Settings) {
	switch {
	case e.AgeTokenForged:
		v.add("forged-token", weightForged, "The form's time stamp was not made by us.")
	case e.FormAge == nil && e.Door != "api": // a program that posts JSON opens no form
		v.add("no-token", weightNoToken, "The form's age is unknown: its script did not run.")
	case e.FormAge != nil && *e.FormAge < s.MinFill:
		v.add("too-fast", weightTooFast, "The form was filled in faster than a person reads it.")
	}
	if e.HoneypotFilled {
		v.add("honeypot", weightHoneypot, "A field that people do not see was filled in. Some password managers do that as well.")
	}
	switch {
	case strings.TrimSpace(e.UserAgent) == "":
		v.add("no-agent", weightNoAgent, "The browser did not say what it is.")
	case machineAgent(e.UserAgent, allWords) != "":
		v.add("tool-agent", weightToolAgent, "The browser calls itself a program.")
	}
	if e.AcceptLanguage == "" && e.Door != "api" {
		v.add("no-language", weightNoLanguage, "The browser named no language, as browsers do.")
	}
	v.busy("busy-network", e.BlockCount10m, s.BlockSome, s.BlockMany, weightBlockSome, weightBlockMany,
		"Many submissions came from this part of the network within ten minutes. A trade fair looks like that too.",
		"Very many submissions came from this part of the network within ten minutes.")
	switch n := links(e.Values); {
	case n > fewLinks:
		v.add("links", weightManyLinks, "The answers hold several links.")
	case n > 0:
		v.add("link", weightOneLink, "The answers hold a link.")
	}
}

func (v *Verdict) add(code string, weight int, sentence string) {
	v.Weight += weight
	v.Reasons = append(v.Reasons, Reason{Code: code, Weight: weight, Sentence: sentence})
}

// busy adds at most one of two weights for a count.
func (v *Verdict) busy(code string, n, some, many, light, heavy int, someSentence, manySentence string) {
	switch {
	case many > 0 && n >= many:
		v.add(code, heavy, manySentence)
	case some > 0 && n >= some:
		v.add(code, light, someSentence)
	}
}

// links counts what looks like a link in the answers; the address and a field named website are no links.
func links(values map[string]string) int {
	n, seen := 0, 0
	for name, v := range values {
		if name == "email" || name == "website" {
			continue
		}
		if seen++; seen > maxAnswersScanned {
			break
		}
		n += strings.Count(v, "://") + strings.Count(v, "[url") + strings.Count(v, "href=")
		if strings.HasPrefix(v, "www.") || strings.Contains(v, " www.") {
			n++
		}
	}
	return n
}
