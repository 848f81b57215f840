package lead

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// CleanText makes hostile text storable: valid UTF-8, no control or invisible direction characters, white space
// collapsed at the ends, at most limit runes. For text that nobody typed on purpose (user agents, address bars); what
// people type is checked and refused instead, so that they learn of it.
func CleanText(s string, limit int) string {
	s = strings.TrimSpace(strings.Map(func(r rune) rune {
		if r == utf8.RuneError || unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
			return -1
		}
		return r
	}, s))
	if utf8.RuneCountInString(s) > limit {
		s = string([]rune(s)[:limit])
	}
	return s
}
