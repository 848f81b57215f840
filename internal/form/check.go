package form

import (
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/language"

	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/lead"
)

// What a form may hold at most.
const (
	maxFields   = 30
	maxConsents = 10
)

var namePattern = regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}$`)

// reserved are names of inputs that mean something else to a door.
var reserved = map[string]bool{"referrer": true, "page": true, "attempt": true, "form_token": true, AsTypedName: true,
	"honeypot": true, "hp": true, "r": true, "k": true, "consent": true, "lang": true, "id": true, "submit": true, "action": true, "method": true, "corrects": true}

func isReserved(name string) bool {
	return strings.HasPrefix(name, "utm_") || strings.HasPrefix(name, "hp_") || reserved[name]
}

// checks gathers the faults of something that staff edit.
type checks struct{ faults []errs.Field }

func (c *checks) add(field, code, format string, args ...any) {
	c.faults = append(c.faults, errs.Field{Field: field, Code: code, Message: fmt.Sprintf(format, args...)})
}

func (c *checks) err() error {
	if len(c.faults) == 0 {
		return nil
	}
	return errs.InvalidFields(c.faults...)
}

// Check tells whether a form can be published. All faults come at once, each at a path ("fields.2.label",
// "consents.0.key"); nil when there are none.
func (d Definition) Check() error {
	var c checks
	d.check(&c, "")
	return c.err()
}

func (d Definition) check(c *checks, prefix string) {
	if len(d.Fields) > maxFields {
		c.add(prefix+"fields", TooLong, "A form takes at most %d questions.", maxFields)
		return
	}
	seen := map[string]bool{}
	hasEmail := false
	for i, f := range d.Fields {
		at := fmt.Sprintf("%sfields.%d.", prefix, i)
		f.check(c, at)
		if seen[f.Name] {
			c.add(at+"name", Invalid, "There is another question with this name.")
		}
		seen[f.Name] = true
		switch {
		case f.Type == emailType.Name && f.Name == "email":
			hasEmail = true
			if !f.Required {
				c.add(at+"required", Invalid, "The e-mail address must be required: the document is sent to it.")
			}
		case f.Type == emailType.Name:
			c.add(at+"type", Invalid, "A form has one e-mail address, and its name is email.")
		case f.Name == "email":
			c.add(at+"type", Invalid, "The question named email must be of the type email.")
		}
	}
	if !hasEmail {
		c.add(prefix+"fields", Required, "A form needs the question email: the document is sent to it.")
	}
	d.checkConsents(c, prefix)
}

func (f Field) check(c *checks, at string) {
	switch {
	case !namePattern.MatchString(f.Name):
		c.add(at+"name", Invalid, "A name has small letters, digits and underscores, begins with a letter and is at most 40 long.")
	case isReserved(f.Name):
		c.add(at+"name", Invalid, "This name means something else on the page. Please choose another one.")
	}
	c.line(at+"label", f.Label, 1, 160)
	c.line(at+"help", f.Help, 0, 300)
	t, ok := TypeOf(f.Type)
	if !ok || t.Apart {
		c.add(at+"type", NotAnOption, "There is no such kind of question.")
		return
	}
	if f.MaxLength < 0 || f.MaxLength > t.Limit {
		c.add(at+"max_length", Invalid, "An answer of this kind can be 1 to %d characters long; 0 means that.", t.Limit)
	}
	if t.check != nil {
		if bad := t.check(f); bad.code != "" {
			c.add(at+"options", bad.code, "%s", bad.message)
		}
	}
}

func (d Definition) checkConsents(c *checks, prefix string) {
	if len(d.Consents) > maxConsents {
		c.add(prefix+"consents", TooLong, "A form takes at most %d consents.", maxConsents)
		return
	}
	seen := map[string]bool{}
	for i, k := range d.Consents {
		at := fmt.Sprintf("%sconsents.%d.", prefix, i)
		switch {
		case !namePattern.MatchString(k.Key):
			c.add(at+"key", Invalid, "A key has small letters, digits and underscores, begins with a letter and is at most 40 long.")
		case seen[k.Key]:
			c.add(at+"key", Invalid, "There is another consent with this key.")
		case k.Key == "marketing" && k.Required:
			c.add(at+"required", Invalid, "Consent to marketing must be free: nobody needs it to get the document.")
		}
		seen[k.Key] = true
		c.line(at+"text", k.Text, 1, 1000)
		c.line(at+"version", k.Version, 1, 40)
	}
}

// Check tells whether a gate can be published: its texts, language, origins and form. All faults come at once; nil when
// there are none.
func (g Gate) Check() error {
	var c checks
	c.line("title", g.Title, 1, 160)
	c.line("kicker", g.Kicker, 0, 80)
	c.text("summary", g.Summary, 1, 1000)
	if len(g.Learn) > 10 {
		c.add("learn", TooLong, "At most ten lines, please: three to five are best.")
	}
	for i, l := range g.Learn {
		c.line(fmt.Sprintf("learn.%d", i), l, 1, 240)
	}
	c.line("byline", g.Byline, 0, 160)
	c.line("button", g.Button, 1, 60)
	c.text("data_note", g.DataNote, 0, 400)
	if _, err := language.Parse(g.Language); err != nil || len(g.Language) > 35 || strings.ContainsRune(g.Language, '_') {
		c.add("language", Invalid, "Please give a language such as en-GB or de.")
	}
	c.line("thanks_title", g.ThanksTitle, 0, 160)
	c.text("thanks_text", g.ThanksText, 0, 2000)
	c.line("mail_subject", g.MailSubject, 0, 150)
	c.text("mail_text", g.MailText, 0, 4000)
	if g.LinkDays < 0 || g.LinkDays > 365 {
		c.add("link_days", Invalid, "A link opens for 1 to 365 days; 0 means 30.")
	}
	if len(g.Origins) > 50 {
		c.add("origins", TooLong, "At most 50 origins, please.")
	}
	for i, o := range g.Origins {
		if !isOrigin(o) {
			c.add(fmt.Sprintf("origins.%d", i), Invalid, "An origin looks like https://www.example.com: https, a host, nothing after it.")
		}
	}
	g.Form.check(&c, "form.")
	return c.err()
}

// line checks one line of a length in runes; low 1 means that it must be there.
func (c *checks) line(field, s string, low, high int) {
	if _, code := lead.Line(s, true); code != "" {
		c.add(field, code, "%s", lead.LineSentence(code))
		return
	}
	c.length(field, s, low, high)
}

// text checks a text that may have line breaks.
func (c *checks) text(field, s string, low, high int) {
	if !utf8.ValidString(s) {
		c.add(field, Encoding, "%s", lead.LineSentence(Encoding))
		return
	}
	for _, r := range s {
		if unicode.IsControl(r) && r != '\n' && r != '\r' && r != '\t' {
			c.add(field, ControlCharacter, "This holds a control character. Please type it again.")
			return
		}
	}
	c.length(field, s, low, high)
}

func (c *checks) length(field, s string, low, high int) {
	if low > 0 && isBlank(s) {
		c.add(field, Required, "Please fill this in.")
	}
	if runes(s) > high {
		c.add(field, TooLong, "At most %d characters, please.", high)
	}
}

// isOrigin tells whether s is an origin as browsers send it (RFC 6454 section 6.2): https, or http on the loopback.
func isOrigin(s string) bool {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.User != nil || len(s) > 253 || s != u.Scheme+"://"+u.Host || s != strings.ToLower(s) {
		return false
	}
	host := u.Hostname()
	if host == "" || strings.ContainsAny(host, "*_ ") || strings.HasSuffix(u.Host, ":") {
		return false
	}
	for _, r := range host {
		if r >= utf8.RuneSelf { // browsers send A-labels
			return false
		}
	}
	if u.Scheme == "https" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return u.Scheme == "http" && (host == "localhost" || strings.HasSuffix(host, ".localhost") || err == nil && ip.IsLoopback())
}
