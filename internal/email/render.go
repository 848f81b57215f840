package email

import (
	"bytes"
	"errors"
	"fmt"
	html "html/template"
	"io/fs"
	"net/url"
	"slices"
	"strings"
	text "text/template"
	"unicode/utf8"

	"github.com/gatehouse/gatehouse/internal/errs"
)

// textWidth is where the plain part wraps (RFC 3676 recommends lines of at most 78, mail of old keeps to 72).
const textWidth = 72

// Renderer holds every mail template, parsed and tried once at the start.
type Renderer struct {
	html map[string]*html.Template
	text map[string]*text.Template
}

// NewRenderer parses email/layout.{html,txt} and the templates of Templates from fsys. A file of the same path in
// overrides (nil: none) takes its place. Each template is tried with a filled and an empty view, so that a fault stops
// the start and not the first mail; the error names file and line.
func NewRenderer(fsys, overrides fs.FS) (*Renderer, error) {
	r := &Renderer{html: map[string]*html.Template{}, text: map[string]*text.Template{}}
	var faults []error
	for _, name := range Templates() {
		if err := r.add(fsys, overrides, name); err != nil {
			faults = append(faults, err)
		}
	}
	if len(faults) > 0 {
		return nil, errs.Wrap(errors.Join(faults...), errs.Invalid, "A mail template does not work")
	}
	return r, nil
}

// add parses the two files of a template and tries them.
func (r *Renderer) add(fsys, overrides fs.FS, name string) (err error) {
	if r.html[name], err = parseHTML(fsys, overrides, name); err != nil {
		return err
	}
	if r.text[name], err = parseText(fsys, overrides, name); err != nil {
		return err
	}
	for _, v := range []View{Sample(), {}} {
		if _, _, _, err := r.execute(name, v); err != nil {
			if !strings.Contains(err.Error(), "email/") { // the escaper names only the block
				_, label, _ := readTemplate(fsys, overrides, "email/"+name+".html")
				err = fmt.Errorf("%s: %w", label, err)
			}
			return err
		}
	}
	return nil
}

// Render writes one message. The subject is one line of at most 150 characters. A view without a company, or without
// the link its mail exists for, is an error: such a mail must not go out.
func (r *Renderer) Render(name string, v View) (subject, htmlPart, textPart string, err error) {
	if r.html[name] == nil {
		return "", "", "", errs.New(errs.Internal, "There is no mail template %q.", name)
	}
	if strings.TrimSpace(v.CompanyName) == "" {
		return "", "", "", errs.New(errs.Internal, "A mail needs the company's name.")
	}
	if name != TemplateAlarm && !webAddress(v.Link) {
		return "", "", "", errs.New(errs.Internal, "The %s mail needs its link.", name)
	}
	subject, htmlPart, textPart, err = r.execute(name, v)
	if err != nil {
		return "", "", "", errs.Wrap(err, errs.Internal, "The mail could not be rendered.")
	}
	if subject == "" {
		return "", "", "", errs.New(errs.Internal, "The %s mail has no subject.", name)
	}
	return subject, htmlPart, textPart, nil
}

func (r *Renderer) execute(name string, v View) (subject, htmlPart, textPart string, err error) {
	if v.Language == "" {
		v.Language = "en"
	}
	var h, t, s bytes.Buffer
	if err := r.html[name].ExecuteTemplate(&h, "layout", v); err != nil {
		return "", "", "", err
	}
	if err := r.text[name].ExecuteTemplate(&t, "layout", v); err != nil {
		return "", "", "", err
	}
	if err := r.text[name].ExecuteTemplate(&s, "subject", v); err != nil {
		return "", "", "", err
	}
	return headerText(s.String(), maxSubject), h.String(), wrapText(t.String()), nil
}

func parseHTML(fsys, overrides fs.FS, name string) (*html.Template, error) {
	root := html.New("").Funcs(html.FuncMap{"lines": splitLines, "outlook": outlook, "button": newButton})
	for _, file := range []string{"email/layout.html", "email/" + name + ".html"} {
		source, label, err := readTemplate(fsys, overrides, file)
		if err != nil {
			return nil, err
		}
		if _, err := root.New(label).Parse(source); err != nil {
			return nil, err
		}
	}
	return root, nil
}

func parseText(fsys, overrides fs.FS, name string) (*text.Template, error) {
	root := text.New("").Funcs(text.FuncMap{"lines": splitLines})
	for _, file := range []string{"email/layout.txt", "email/" + name + ".txt"} {
		source, label, err := readTemplate(fsys, overrides, file)
		if err != nil {
			return nil, err
		}
		if _, err := root.New(label).Parse(source); err != nil {
			return nil, err
		}
	}
	return root, nil
}

// readTemplate prefers the override; the label is what an error message will show before the line number.
func readTemplate(fsys, overrides fs.FS, file string) (source, label string, err error) {
	if overrides != nil {
		b, err := fs.ReadFile(overrides, file)
		if err == nil {
			return string(b), "overrides/" + file, nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return "", "", fmt.Errorf("overrides/%s: %w", file, err)
		}
	}
	b, err := fs.ReadFile(fsys, file)
	if err != nil {
		return "", "", fmt.Errorf("%s: %w", file, err)
	}
	return string(b), file, nil
}

// outlook gives the conditional comments that hold a column at 560 px in Outlook for Windows, which knows no
// max-width; html/template would drop them as comments.
func outlook(part string) html.HTML {
	if part == "open" {
		return `<!--[if mso]><table role="presentation" width="560" align="center" cellpadding="0" cellspacing="0" border="0"><tr><td><![endif]-->`
	}
	return `<!--[if mso]></td></tr></table><![endif]-->`
}

// button is what the partial of the same name shows.
type button struct{ Link, Label string }

func newButton(link, label string) button { return button{link, label} }

// splitLines gives the lines of a text that are not empty.
func splitLines(s string) []string {
	return slices.DeleteFunc(strings.Split(strings.ReplaceAll(s, "\r", "\n"), "\n"), func(l string) bool { return strings.TrimSpace(l) == "" })
}

// webAddress says whether a link can be followed from a mail.
func webAddress(s string) bool {
	u, err := url.Parse(s)
	return err == nil && u.Host != "" && (u.Scheme == "https" || u.Scheme == "http")
}

// wrapText breaks long lines at spaces and collapses runs of empty lines. A word, so a link, is never broken. A line's
// indentation is kept on its continuation.
func wrapText(s string) string {
	var out []string
	blank := true // swallows empty lines at the top
	for line := range strings.Lines(s) {
		line = strings.TrimRight(line, " \t\r\n")
		if line == "" {
			if !blank {
				out = append(out, "")
			}
			blank = true
			continue
		}
		blank = false
		out = append(out, wrapLine(line)...)
	}
	return strings.TrimRight(strings.Join(out, "\n"), "\n") + "\n"
}

func wrapLine(line string) []string {
	indent := line[:len(line)-len(strings.TrimLeft(line, " "))]
	rest := indent
	if strings.HasPrefix(line[len(indent):], "- ") {
		rest += "  "
	}
	var lines []string
	current := indent
	empty := true
	for word := range strings.FieldsSeq(line) {
		if !empty && utf8.RuneCountInString(current)+1+utf8.RuneCountInString(word) > textWidth {
			lines = append(lines, current)
			current, empty = rest, true
		}
		if !empty {
			current += " "
		}
		current += word
		empty = false
	}
	return append(lines, current)
}
