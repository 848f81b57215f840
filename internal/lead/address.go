// Package lead is who a prospect is: addresses, what is known about a person and how sure it is, consents. Pure: no
// clock, no database, no network.
package lead

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/go-playground/validator/v10"
	"golang.org/x/net/idna"
	"golang.org/x/net/publicsuffix"
	"golang.org/x/text/unicode/norm"

	"github.com/gatehouse/gatehouse/internal/errs"
)

// Octet limits of RFC 5321 section 4.5.3.1 (a path of 256 with its angle brackets leaves 254), and of RFC 1035 for a label.
const (
	maxAddress = 254
	maxLocal   = 64
	maxLabel   = 63
	maxTyped   = 1024 // beyond this nothing is looked at: no address shrinks that much by normalising
)

// Address is one e-mail address. Typed is what the person wrote, without white space around it. Normal is the identity:
// NFC, the domain in IDNA A-labels, both parts in lower case; dots and plus tags stay. Domain is the part of Normal after
// the @, Registrable its eTLD+1 ("example.co.uk"). Strict is a second key that serves limits only, never identity:
// plus tag cut, and for Google's domains the dots cut.
type Address struct {
	Typed, Normal, Domain, Registrable, Strict string
}

// Local is the part of Normal before the @.
func (a Address) Local() string {
	return strings.TrimSuffix(a.Normal, "@"+a.Domain)
}

// validate is safe for concurrent use and caches its parsed tags.
var validate = validator.New()

// ParseAddress reads one mailbox address (RFC 5321, with IDNA domains). Quoted local parts, comments, display names,
// address literals and domains without a dot are refused. Letters of any script are taken in the local part (RFC 6531).
// The error is an *errs.Error with one fault at "email": required, too-long, invalid, control-character,
// hidden-character or encoding.
func ParseAddress(typed string) (Address, error) {
	if len(typed) > maxTyped {
		return Address{}, fault(TooLong, "That address is longer than an e-mail address can be (254 characters).")
	}
	line, code := Line(typed, false)
	if code != "" {
		return Address{}, fault(code, LineSentence(code))
	}
	line = strings.Trim(line, " ")
	if line == "" {
		return Address{}, fault(Required, "Please enter your e-mail address.")
	}
	at := strings.LastIndexByte(line, '@')
	if at < 1 || at == len(line)-1 {
		return Address{}, invalid()
	}
	if at > 4*maxLocal { // no composition of letters makes this fit
		return Address{}, fault(TooLong, localTooLong)
	}
	local, ok := normalLocal(line[:at])
	if !ok {
		return Address{}, invalid()
	}
	if len(local) > maxLocal {
		return Address{}, fault(TooLong, localTooLong)
	}
	domain, ok := normalDomain(line[at+1:])
	if !ok {
		return Address{}, invalid()
	}
	a := Address{Typed: line, Normal: local + "@" + domain, Domain: domain}
	if len(a.Normal) > maxAddress {
		return Address{}, fault(TooLong, "That address is longer than an e-mail address can be (254 characters).")
	}
	if validate.Var(a.Normal, "email") != nil {
		return Address{}, invalid()
	}
	registrable, err := publicsuffix.EffectiveTLDPlusOne(domain)
	if err != nil { // the domain is itself a public suffix: nobody has registered it, but mail may go there
		registrable = domain
	}
	a.Registrable = registrable
	a.Strict = strict(local, domain)
	return a, nil
}

// normalLocal is the local part in NFC and lower case. It must be a dot-atom (RFC 5322 section 3.2.3) of ASCII atom
// characters and of letters, marks and digits of any script.
func normalLocal(s string) (string, bool) {
	ascii := true
	prevDot := true // a leading dot is as wrong as a double one
	for _, r := range s {
		if r == '.' {
			if prevDot {
				return "", false
			}
			prevDot = true
			continue
		}
		prevDot = false
		switch {
		case r < utf8.RuneSelf:
			if !isAtom(byte(r)) {
				return "", false
			}
		case unicode.In(r, unicode.L, unicode.M, unicode.Nd):
			ascii = false
		default:
			return "", false
		}
	}
	if prevDot {
		return "", false
	}
	if ascii {
		return strings.ToLower(s), true
	}
	return norm.NFC.String(strings.ToLower(norm.NFC.String(s))), true
}

func isAtom(c byte) bool {
	switch {
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		return true
	}
	return strings.IndexByte("!#$%&'*+-/=?^_`{|}~", c) >= 0
}

// normalDomain is the domain in IDNA A-labels and lower case (UTS 46, strict host names), with at least two labels and a
// last one of two letters or more.
func normalDomain(s string) (string, bool) {
	s = norm.NFC.String(s)
	if !labelsFit(s) {
		return "", false
	}
	d, err := idna.Lookup.ToASCII(s)
	if err != nil || len(d) > maxAddress {
		return "", false
	}
	d = strings.ToLower(d)
	labels, last := 0, ""
	for rest, more := d, true; more; {
		last, rest, more = strings.Cut(rest, ".")
		labels++
		if last == "" || len(last) > maxLabel || last[0] == '-' || last[len(last)-1] == '-' {
			return "", false
		}
	}
	if labels < 2 || len(last) < 2 {
		return "", false
	}
	for i := range len(last) { // no top-level domain has a digit, but A-labels do
		if c := last[i]; (c < 'a' || c > 'z') && !strings.HasPrefix(last, "xn--") {
			return "", false
		}
	}
	return d, true
}

// labelsFit refuses, before it is encoded, what cannot fit once it is: an A-label has at least one octet for each rune.
// Encoding takes time by the square of the letters beyond ASCII, and strangers choose them, so the whole domain may have
// as many of those as one label can hold; real ones have a dozen.
func labelsFit(s string) bool {
	all, label, beyond := 0, 0, 0
	for _, r := range s {
		all++
		label++
		switch {
		case r == '.', r == '\u3002', r == '\uff0e', r == '\uff61': // UTS 46 reads all of them as a dot
			label = 0
		case r >= utf8.RuneSelf:
			beyond++
		}
		if label > maxLabel || beyond > maxLabel || all > maxAddress {
			return false
		}
	}
	return true
}

// strict makes the key for limits: one mailbox, however its owner decorates it.
func strict(local, domain string) string {
	if base, _, tagged := strings.Cut(local, "+"); tagged && base != "" {
		local = base
	}
	if domain == "gmail.com" || domain == "googlemail.com" {
		local, domain = strings.ReplaceAll(local, ".", ""), "gmail.com"
	}
	return local + "@" + domain
}

const localTooLong = "The part before the @ is longer than an e-mail address allows (64 characters)."

func fault(code, sentence string) error {
	return errs.InvalidFields(errs.Field{Field: "email", Code: code, Message: sentence})
}

func invalid() error {
	return fault(Invalid, "Please enter an e-mail address, like ann@example.com.")
}
