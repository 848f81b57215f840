// Package templates holds every page and knows how to draw it: an explicit list of pages, the structs that each one
// takes (view_*.go), a message catalogue, and an engine that checks all of it before the first request.
package templates

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// FS holds all template files: layout/, public/, admin/, fields/, email/, embed/ and the catalogue in i18n/.
//
//go:embed */*
var FS embed.FS

// Set is every page in every language, parsed and checked. It is safe for concurrent use.
type Set struct {
	pages    map[string]map[string]*template.Template // language -> page
	messages catalogue
	locale   atomic.Pointer[Locale]
	buffers  sync.Pool
}

// Locale is what the installation decides about times. Now is the injected clock.
type Locale struct {
	Zone *time.Location
	Now  func() time.Time
}

// Load parses every page of the list in every language of the catalogue. overrides is a folder whose public/ and email/
// files replace the built-in ones; empty for none. All faults come back at once, each with its file and line: a page
// that does not parse, a message key that nobody wrote, a file that no page uses, an override of nothing.
func Load(overrides string) (*Set, error) {
	src, err := source(overrides)
	if err != nil {
		return nil, err
	}
	messages, err := loadCatalogue(src)
	if err != nil {
		return nil, err
	}
	s := &Set{pages: map[string]map[string]*template.Template{}, messages: messages}
	s.buffers.New = func() any { return new(bytes.Buffer) }
	s.Use(Locale{})
	files, err := readAll(src)
	if err != nil {
		return nil, err
	}
	faults := []error{unusedFiles(files), unknownKeys(src, files, messages)}
	for lang := range messages {
		s.pages[lang] = map[string]*template.Template{}
		for _, p := range pages {
			t, err := s.parse(src, files, p, lang)
			faults = append(faults, err)
			s.pages[lang][p.name] = t
		}
	}
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	return s, nil
}

// Use sets zone and clock for the functions date, clock and reltime; a zero Locale means UTC and the machine's clock.
func (s *Set) Use(l Locale) {
	if l.Zone == nil {
		l.Zone = time.UTC
	}
	if l.Now == nil {
		l.Now = time.Now
	}
	s.locale.Store(&l)
}

// pageLanguage is what Page and AdminPage offer to the engine.
type pageLanguage interface{ PageLanguage() string }

// Render draws a page ("public/gate", "admin/leads") into w. Nothing is written unless the whole page could be drawn.
func (s *Set) Render(w io.Writer, page string, data any) error {
	lang := ""
	if p, ok := data.(pageLanguage); ok {
		lang = p.PageLanguage()
	}
	t, ok := s.pages[s.messages.match(lang)][page]
	if !ok {
		return fmt.Errorf("templates: no page %q in the list", page)
	}
	buf := s.buffers.Get().(*bytes.Buffer)
	defer s.buffers.Put(buf)
	buf.Reset()
	if err := t.ExecuteTemplate(buf, "layout", data); err != nil {
		return fmt.Errorf("templates: %s: %w", page, err)
	}
	_, err := w.Write(buf.Bytes())
	return err
}

// Text is one message of the catalogue, for handlers. args are names and values in turn.
func (s *Set) Text(lang, key string, args ...any) string {
	return s.messages.text(s.messages.match(lang), key, args...)
}

// Pages is the list of page names, sorted.
func (s *Set) Pages() []string {
	var names []string
	for _, p := range pages {
		names = append(names, p.name)
	}
	slices.Sort(names)
	return names
}

// parse builds one page: its frame, the partials, the page's own file, in this order; later definitions win.
func (s *Set) parse(src *layered, files map[string]string, p page, lang string) (*template.Template, error) {
	root := template.New(p.name)
	root.Funcs(s.funcs(lang)).Funcs(template.FuncMap{"field": s.fieldFunc(root, lang)})
	for _, name := range p.files(files) {
		text, ok := files[name]
		if !ok {
			return nil, fmt.Errorf("%s: no such file, but page %q needs it", name, p.name)
		}
		if _, err := root.New(src.where(name)).Parse(text); err != nil {
			return nil, errors.New(strings.TrimPrefix(err.Error(), "template: "))
		}
	}
	if root.Lookup("main") == nil {
		return nil, fmt.Errorf("%s: defines no \"main\"", src.where(p.name+".html"))
	}
	// Contextual escaping runs before the first execution, whatever the data; only its faults matter here.
	var fault *template.Error
	if err := root.ExecuteTemplate(io.Discard, "layout", nil); errors.As(err, &fault) {
		return nil, errors.New(strings.TrimPrefix(err.Error(), "html/template:"))
	}
	return root, nil
}

// deepestField bounds fields that draw fields: a file of an operator may draw itself, and the engine counts only its own calls.
const deepestField = 20

// fieldFunc draws a field by its type: the partial "field/{Type}", or "field/text" for a type without one. focus is the
// ID of the field that gets the cursor, empty for none.
func (s *Set) fieldFunc(root *template.Template, lang string) func(FieldView, string) (template.HTML, error) {
	return func(f FieldView, focus string) (template.HTML, error) {
		name := "field/" + f.Type
		if root.Lookup(name) == nil {
			name = "field/text"
		}
		if f.depth++; f.depth > deepestField {
			return "", fmt.Errorf("%s: a field that draws itself has no end", name)
		}
		f = f.WithIDs()
		f.Focus = f.ID == focus
		f.Options = withEmptyChoice(f, s.messages.text(lang, "field.choose"))
		var b strings.Builder
		err := root.ExecuteTemplate(&b, name, f)
		return template.HTML(b.String()), err // already escaped by the same engine
	}
}

// withEmptyChoice puts the empty choice first, so that nobody answers what he never chose; a required field with an
// answer has none.
func withEmptyChoice(f FieldView, label string) []OptionView {
	answered := slices.ContainsFunc(f.Options, func(o OptionView) bool { return o.Selected })
	if len(f.Options) == 0 || f.Type == "events" || f.Options[0].Value == "" || f.Required && answered {
		return f.Options
	}
	return append([]OptionView{{Label: label, Selected: !answered}}, f.Options...)
}

// readAll takes every .html file that pages are made of.
func readAll(src fs.FS) (map[string]string, error) {
	files := map[string]string{}
	for _, dir := range []string{"layout", "public", "admin", "fields"} {
		entries, err := fs.ReadDir(src, dir)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			if path.Ext(e.Name()) != ".html" {
				continue
			}
			raw, err := fs.ReadFile(src, dir+"/"+e.Name())
			if err != nil {
				return nil, err
			}
			files[dir+"/"+e.Name()] = string(raw)
		}
	}
	return files, nil
}

// unusedFiles names each file that no page of the list is made of.
func unusedFiles(files map[string]string) error {
	used := map[string]bool{}
	for _, p := range pages {
		for _, name := range p.files(files) {
			used[name] = true
		}
	}
	var faults []error
	for name := range files {
		if !used[name] {
			faults = append(faults, fmt.Errorf("%s: no page uses this file; add it to the list in templates/pages.go", name))
		}
	}
	return errors.Join(faults...)
}

// Add puts one more page into the set, in the frame of a page that is there ("admin/leads"): for tools like the page
// book. Not for use while the set is rendering.
func (s *Set) Add(name, frameOf, text string) error {
	files, err := readAll(&layered{base: FS})
	if err != nil {
		return err
	}
	i := slices.IndexFunc(pages, func(p page) bool { return p.name == frameOf })
	if i < 0 {
		return fmt.Errorf("templates: no page %q in the list", frameOf)
	}
	files[name+".html"] = text
	for lang := range s.messages {
		t, err := s.parse(&layered{base: FS}, files, page{name, pages[i].frame}, lang)
		if err != nil {
			return err
		}
		s.pages[lang][name] = t
	}
	return nil
}
