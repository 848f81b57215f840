package document

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// fallbackName is what a download is called whose title leaves nothing to write.
const fallbackName = "document"

// reserved are no file names on Windows, with or without an ending.
var reserved = map[string]bool{"con": true, "prn": true, "aux": true, "nul": true,
	"com1": true, "com2": true, "com3": true, "com4": true, "com5": true, "com6": true, "com7": true, "com8": true, "com9": true,
	"lpt1": true, "lpt2": true, "lpt3": true, "lpt4": true, "lpt5": true, "lpt6": true, "lpt7": true, "lpt8": true, "lpt9": true}

// FileName makes a safe name with the ending .pdf out of a title, in its own script: no path, nothing invisible, nothing
// that Windows or a shell would stumble on, at most 120 characters and 200 bytes.
func FileName(title string) string {
	return clean(title) + ".pdf"
}

// ContentDisposition gives the header's value (RFC 6266): inline for reading in the browser, else attachment; an ASCII
// name for every client and, where it differs, the real one in filename* (RFC 8187).
func ContentDisposition(inline bool, title string) string {
	kind := "attachment"
	if inline {
		kind = "inline"
	}
	name := FileName(title)
	plain := strings.ReplaceAll(asciiName(clean(title)), "%", "_") + ".pdf" // some browsers decode %41 in filename
	value := kind + `; filename="` + plain + `"`
	if name != plain {
		value += "; filename*=" + extValue(name)
	}
	return value
}

func clean(title string) string {
	title = strings.TrimSpace(norm.NFC.String(strings.ToValidUTF8(title, "")))
	if n := len(title); n > 4 && strings.EqualFold(title[n-4:], ".pdf") {
		title = title[:n-4]
	}
	name := strings.Map(func(r rune) rune {
		switch {
		case strings.ContainsRune(`/\:*?"<>|`, r):
			return ' '
		case unicode.IsSpace(r):
			return ' '
		case !unicode.IsPrint(r): // control, bidirectional, zero-width, private
			return -1
		}
		return r
	}, title)
	name = cut(strings.Join(strings.Fields(name), " "), 120, 200)
	name = strings.Trim(name, ". ~-") // no hidden file, no option, and Windows drops dots and spaces at the end
	stem, _, _ := strings.Cut(strings.ToLower(name), ".")
	if name == "" || reserved[strings.TrimSpace(stem)] {
		return strings.TrimSpace(fallbackName + " " + name)
	}
	return name
}

// spellings of letters that have no accent to take off.
var spellings = strings.NewReplacer("ß", "ss", "ẞ", "SS", "æ", "ae", "Æ", "AE", "œ", "oe", "Œ", "OE", "ø", "o", "Ø", "O", "ł", "l",
	"Ł", "L", "đ", "d", "Đ", "D", "þ", "th", "Þ", "Th", "ð", "d", "Ð", "D", "ı", "i", "‘", "'", "’", "'", "“", "'", "”", "'",
	"–", "-", "—", "-", "…", "...", "€", "EUR", "£", "GBP")

// asciiName takes accents off and drops what is left over.
func asciiName(name string) string {
	var b strings.Builder
	for _, r := range norm.NFKD.String(spellings.Replace(name)) {
		if r >= ' ' && r < 0x7f && !strings.ContainsRune(`/\:*?"<>|`, r) {
			b.WriteRune(r)
		}
	}
	out := strings.Trim(strings.Join(strings.Fields(b.String()), " "), ". ~-")
	if !strings.ContainsFunc(out, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }) || reserved[strings.ToLower(out)] {
		return fallbackName
	}
	return out
}

// extValue spells an RFC 8187 value: UTF-8, everything but attr-char in percent.
func extValue(s string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	b.WriteString("UTF-8''")
	for _, c := range []byte(s) {
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("!#$&+-.^_`|~", c) >= 0 {
			b.WriteByte(c)
			continue
		}
		b.WriteByte('%')
		b.WriteByte(hex[c>>4])
		b.WriteByte(hex[c&15])
	}
	return b.String()
}

// tidy takes control and invisible characters out of a text that a stranger wrote.
func tidy(s string, runes int) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case !unicode.IsPrint(r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	return cut(strings.Join(strings.Fields(s), " "), runes, 4*runes)
}

// cut shortens to so many characters and bytes, never inside a character.
func cut(s string, runes, bytes int) string {
	n := 0
	for i, r := range s {
		if n++; n > runes || i+utf8.RuneLen(r) > bytes {
			return strings.TrimSpace(s[:i])
		}
	}
	return s
}
