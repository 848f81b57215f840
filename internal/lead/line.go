package lead

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Codes of the faults that a single line of text or an address can have. Stable: machines act on them.
const (
	Required         = "required"
	TooLong          = "too-long"
	Invalid          = "invalid"
	ControlCharacter = "control-character" // NUL, CR, LF, line separators: header injection lives here
	HiddenCharacter  = "hidden-character"  // zero-width and bidirectional characters: what is read is not what is stored
	Encoding         = "encoding"          // bytes that are not UTF-8
)

// LineSentence says in words what Line found; empty for a code that is not Line's.
func LineSentence(code string) string {
	switch code {
	case ControlCharacter:
		return "This holds a line break or a control character. Please type it again on one line."
	case HiddenCharacter:
		return "This holds an invisible character, often picked up by copying. Please type it in by hand."
	case Encoding:
		return "Some characters could not be read. Please type them again."
	}
	return ""
}

// Line reads one line that a stranger typed. White space of any kind becomes single plain spaces, none at the ends. The
// code is "" or one of ControlCharacter, HiddenCharacter, Encoding. A tab counts as white space; a line break never does.
//
// Zero-width joiner and non-joiner are faults unless joiners is set and they follow a letter or mark of a script that is
// written with them (Persian, the scripts of India, Khmer ...): names need them there, and nowhere else.
func Line(s string, joiners bool) (clean, code string) {
	if plain(s) {
		return s, ""
	}
	if !utf8.ValidString(s) {
		return "", Encoding
	}
	var b strings.Builder
	b.Grow(len(s))
	space, prev := false, rune(0)
	for _, r := range s {
		switch {
		case r == '\t' || unicode.Is(unicode.Zs, r):
			space = true
			prev = r
			continue
		case unicode.IsControl(r) || r == '\u2028' || r == '\u2029':
			return "", ControlCharacter
		case joiners && (r == '\u200c' || r == '\u200d') && unicode.In(prev, joining...):
		case hidden(r):
			return "", HiddenCharacter
		}
		if space && b.Len() > 0 {
			b.WriteByte(' ')
		}
		space = false
		b.WriteRune(r)
		prev = r
	}
	return b.String(), ""
}

// plain is the common case: printable ASCII without a space at either end or two in a row.
func plain(s string) bool {
	prev := byte(' ')
	for i := range len(s) {
		c := s[i]
		if c < ' ' || c > '~' || (c == ' ' && prev == ' ') {
			return false
		}
		prev = c
	}
	return prev != ' ' || s == ""
}

// joining are the scripts whose spelling uses U+200C and U+200D.
var joining = []*unicode.RangeTable{
	unicode.Arabic, unicode.Syriac, unicode.Mongolian, unicode.Devanagari, unicode.Bengali, unicode.Gurmukhi,
	unicode.Gujarati, unicode.Oriya, unicode.Tamil, unicode.Telugu, unicode.Kannada, unicode.Malayalam, unicode.Sinhala,
	unicode.Khmer, unicode.Myanmar, unicode.Tibetan,
}

// hidden tells whether a rune shows nothing or turns the reading order: all format characters but the few that draw a
// sign, and the letters and marks that Unicode calls default ignorable. Variation selectors stay: Japanese names use them.
func hidden(r rune) bool {
	switch r {
	case '\u034f', '\u115f', '\u1160', '\u17b4', '\u17b5', '\u180b', '\u180c', '\u180d', '\u180f', '\u2800', '\u3164', '\uffa0':
		return true
	}
	return unicode.Is(unicode.Cf, r) && !unicode.Is(unicode.Prepended_Concatenation_Mark, r)
}
