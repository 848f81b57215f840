package email

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxSubject keeps a subject on one screen line of most mail programs and far below RFC 5322's 998 octets.
const maxSubject = 150

// maxReason is enough for the sentence of a mail server.
const maxReason = 300

var (
	addressLike = regexp.MustCompile(`(?i)<?[^\s<>@"',;:()\[\]]+(@|%40)[^\s<>@"',;:()\[\]]+>?`)
	linkLike    = regexp.MustCompile(`(?i)\b[a-z][a-z0-9+.-]*://\S+`)
	bearerLike  = regexp.MustCompile(`(?i)\b(SG\.[\w.-]+|bearer\s+\S+)`)
	spaces      = regexp.MustCompile(`\s+`)
)

// scrub makes a provider's sentence fit for a log and a staff page: no addresses, no links, no keys, one line, short.
func scrub(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || invisible(r) {
			return ' '
		}
		return r
	}, s)
	s = bearerLike.ReplaceAllString(s, "[key]")
	s = linkLike.ReplaceAllString(s, "[link]")
	s = addressLike.ReplaceAllString(s, "[address]")
	return shorten(strings.TrimSpace(spaces.ReplaceAllString(s, " ")), maxReason)
}

// headerText makes a value fit for a header: one line, no control, zero-width or bidirectional characters (which could
// end the header or show another text than is there), at most limit characters.
func headerText(s string, limit int) string {
	s = strings.ToValidUTF8(s, "")
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r) || unicode.IsControl(r):
			return ' '
		case invisible(r):
			return -1
		}
		return r
	}, s)
	return shorten(strings.TrimSpace(spaces.ReplaceAllString(s, " ")), limit)
}

// displayName is headerText for the name beside an address; SendGrid takes no ";" or "," there (mail send
// limitations), and quotes or angle brackets only confuse.
func displayName(s string) string {
	s = headerText(s, 100)
	s = strings.Map(func(r rune) rune {
		if strings.ContainsRune(`;,"<>\`, r) {
			return ' '
		}
		return r
	}, s)
	return strings.TrimSpace(spaces.ReplaceAllString(s, " "))
}

// invisible reports format characters: bidirectional overrides, zero-width spaces, soft hyphens, byte order marks,
// tags. The joiners that some scripts need are kept.
func invisible(r rune) bool {
	return unicode.Is(unicode.Cf, r) && r != '\u200c' && r != '\u200d'
}

func notInAddress(r rune) bool {
	return r == utf8.RuneError || unicode.IsSpace(r) || unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == '<' || r == '>'
}

func shorten(s string, limit int) string {
	if utf8.RuneCountInString(s) <= limit {
		return s
	}
	return strings.TrimSpace(string([]rune(s)[:limit-1])) + "…"
}

// quietError says in its text only what may be logged; errors.Is and errors.As still see the cause.
type quietError struct {
	text  string
	cause error
}

func quiet(err error) error {
	if err == nil {
		return nil
	}
	return &quietError{text: scrub(err.Error()), cause: err}
}

func (e *quietError) Error() string { return e.text }
func (e *quietError) Unwrap() error { return e.cause }
