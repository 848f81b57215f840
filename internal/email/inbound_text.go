package email

import (
	"encoding/base64"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html"
	"golang.org/x/text/encoding/htmlindex"
)

// reader takes the text out of a mail: the first plain part, or the first HTML part without its marks.
type reader struct {
	plain, html string
	parts       int
}

type textHeader struct{ kind, encoding, disposition string }

// part walks a mail, bounded in depth and number. What cannot be read is left out: a mail is worth what can be read of it.
func (r *reader) part(h textHeader, body io.Reader, depth int) {
	if r.parts++; r.parts > maxParts || depth > maxDepth || r.plain != "" {
		return
	}
	kind, params, err := mime.ParseMediaType(h.kind)
	if err != nil {
		kind, params = "text/plain", nil
	}
	if strings.HasPrefix(kind, "multipart/") {
		mr := multipart.NewReader(body, params["boundary"])
		for params["boundary"] != "" {
			p, err := mr.NextRawPart()
			if err != nil {
				return
			}
			r.part(textHeader{p.Header.Get("Content-Type"), p.Header.Get("Content-Transfer-Encoding"), p.Header.Get("Content-Disposition")}, p, depth+1)
			if r.parts > maxParts {
				return
			}
		}
		return
	}
	if disposition, _, _ := mime.ParseMediaType(h.disposition); disposition == "attachment" || kind != "text/plain" && kind != "text/html" {
		return
	}
	text := decoded(body, h.encoding, params["charset"])
	if kind == "text/plain" && strings.TrimSpace(text) != "" {
		r.plain = text
	} else if kind == "text/html" && r.html == "" {
		r.html = withoutMarks(text)
	}
}

func decoded(body io.Reader, encoding, charset string) string {
	switch strings.ToLower(strings.TrimSpace(encoding)) {
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	}
	raw, _ := io.ReadAll(io.LimitReader(body, readText)) // what could be read before a fault is worth having
	if charset != "" && !strings.EqualFold(charset, "utf-8") {
		if enc, err := htmlindex.Get(charset); err == nil {
			if text, err := enc.NewDecoder().Bytes(raw); err == nil {
				raw = text
			}
		}
	}
	return strings.ToValidUTF8(string(raw), "\ufffd")
}

// withoutMarks is the text of an HTML mail, a line for each block.
func withoutMarks(text string) string {
	var b strings.Builder
	z := html.NewTokenizer(strings.NewReader(text))
	skip := 0
	for {
		kind := z.Next()
		name, _ := z.TagName()
		tag := string(name)
		hidden := tag == "style" || tag == "script" || tag == "head" || tag == "title"
		switch kind {
		case html.ErrorToken:
			return b.String()
		case html.TextToken:
			if skip == 0 {
				b.Write(z.Text())
			}
		case html.StartTagToken:
			if hidden {
				skip++
			}
			if tag == "blockquote" {
				return b.String() // what follows was said before
			}
			if tag == "br" || tag == "p" || tag == "div" || tag == "tr" || tag == "li" {
				b.WriteByte('\n')
			}
		case html.EndTagToken:
			if hidden && skip > 0 {
				skip--
			}
		case html.SelfClosingTagToken:
			if tag == "br" {
				b.WriteByte('\n')
			}
		}
	}
}

// quoteBegins finds the line from which on a mail repeats another one, as the usual programs write it.
var quoteBegins = regexp.MustCompile(`(?i)^(-{2,} ?(original message|ursprüngliche nachricht|forwarded message|message d'origine).*|on .{6,120} wrote:|am .{6,120} schrieb .{1,120}:|le .{6,120} a écrit ?:|_{20,})$`)

func (r *reader) text() string {
	text := r.plain
	if text == "" {
		text = r.html
	}
	return ownWords(text)
}

// ownWords is what the sender wrote: without quoted mails and the signature, cleaned of what no page should draw.
func ownWords(text string) string {
	var lines []string
	empty := 0
	for line := range strings.Lines(strings.ReplaceAll(text, "\r\n", "\n")) {
		line = strings.TrimRight(strings.Map(shown, line), " \u00a0")
		trimmed := strings.TrimSpace(line)
		if quoteBegins.MatchString(trimmed) || line == "--" {
			break
		}
		if strings.HasPrefix(trimmed, ">") {
			continue
		}
		if trimmed == "" {
			empty++
		} else {
			empty = 0
		}
		if empty < 2 {
			lines = append(lines, line)
		}
	}
	text = strings.TrimSpace(strings.Join(lines, "\n"))
	if utf8.RuneCountInString(text) > maxText {
		text = string([]rune(text)[:maxText]) + " …"
	}
	return text
}

func shown(r rune) rune {
	switch {
	case r == '\t':
		return ' '
	case unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == '\u2028' || r == '\u2029':
		return -1
	}
	return r
}
