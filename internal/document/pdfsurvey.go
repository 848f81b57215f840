package document

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/model"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/types"
)

// policy is every finding there is, the refusing ones first. A paper that is read needs none of the refused things.
var policy = []Finding{
	{"javascript", Refuse, "The PDF contains a program (JavaScript). Export it without scripts and upload it again."},
	{"launch", Refuse, "The PDF starts another program on the reader's computer. Remove that action and upload it again."},
	{"embedded-file", Refuse, "The PDF has other files attached inside. Remove the attachments and upload it again."},
	{"xfa", Refuse, "The PDF is an XFA form, which most readers cannot show. Print it to an ordinary PDF and upload that."},
	{"encrypted", Refuse, "The PDF is protected with a password or with restrictions. Save it without protection and upload it again."},
	{"other-file", Refuse, "The PDF opens another file on the reader's computer or network. Remove that link and upload it again."},
	{"sends-data", Notice, "The PDF has a form that sends what readers type to an address in the file."},
	{"automatic", Notice, "The PDF does something by itself when it is opened or a page is turned."},
	{"media", Notice, "The PDF has sound, video or 3D in it. Most readers do not show that."},
	{"no-title", Notice, "The PDF has no title of its own. Screen readers and browser tabs show the file's name instead."},
	{"no-language", Notice, "The PDF does not say which language it is in. Screen readers may read it aloud wrongly."},
	{"untagged", Notice, "The PDF is not tagged. People who use a screen reader cannot follow it well."},
}

// actions maps an action's kind (ISO 32000-1, 12.6.4) to a finding. GoTo, Named, URI and the like are harmless.
var actions = map[string]string{
	"JavaScript": "javascript", "Launch": "launch", "GoToR": "other-file", "GoToE": "other-file", "ImportData": "other-file",
	"SubmitForm": "sends-data", "Sound": "media", "Movie": "media", "Rendition": "media", "RichMediaExecute": "media",
}

// subtypes does the same for annotations and streams.
var subtypes = map[string]string{
	"FileAttachment": "embedded-file", "EmbeddedFile": "embedded-file", "RichMedia": "media", "3D": "media", "Movie": "media", "Sound": "media",
}

// survey walks the objects of one file.
type survey struct {
	ctx   context.Context
	table *model.XRefTable
	seen  map[string]bool // codes of findings
}

func (s *survey) findings() []Finding {
	var out []Finding
	for _, f := range policy {
		if s.seen[f.Code] {
			out = append(out, f)
		}
	}
	return out
}

// everything visits each object of the file, those packed in object streams and those nobody refers to included.
func (s *survey) everything() error {
	for number, entry := range s.table.Table {
		if s.ctx.Err() != nil {
			return context.Cause(s.ctx)
		}
		if entry == nil || entry.Free {
			continue
		}
		o, err := s.table.Dereference(*types.NewIndirectRef(number, generation(entry)))
		if err == nil {
			err = s.visit(o, 0)
		}
		if err != nil {
			return fmt.Errorf("object %d: %w", number, err)
		}
	}
	root, err := s.table.Catalog()
	if err != nil {
		return err
	}
	return s.openAction(root)
}

func generation(entry *model.XRefTableEntry) int {
	if entry.Generation == nil {
		return 0
	}
	return *entry.Generation
}

func (s *survey) visit(o types.Object, depth int) error {
	if depth > 2*maxNesting {
		return errors.New("nested too deeply")
	}
	switch o := o.(type) {
	case types.Dict:
		return s.dict(o, depth)
	case types.StreamDict:
		return s.dict(o.Dict, depth)
	case types.ObjectStreamDict:
		return s.dict(o.Dict, depth)
	case types.XRefStreamDict:
		return s.dict(o.Dict, depth)
	case types.Array:
		for _, item := range o {
			if err := s.visit(item, depth+1); err != nil {
				return err
			}
		}
	}
	return nil
}

// dict looks at one dictionary. Names may be spelt with #41 escapes, and any value may be a reference: both are undone.
func (s *survey) dict(d types.Dict, depth int) error {
	for key, value := range d {
		value, err := s.resolve(value)
		if err != nil {
			return err
		}
		switch unescape(key) {
		case "S":
			s.mark(actions[nameOf(value)])
		case "Type", "Subtype":
			s.mark(subtypes[nameOf(value)])
		case "JS":
			if isText(value) {
				s.mark("javascript")
			}
		case "JavaScript":
			s.mark("javascript")
		case "EmbeddedFiles":
			if hasEntries(value) {
				s.mark("embedded-file")
			}
		case "EF":
			s.mark("embedded-file")
		case "XFA":
			s.mark("xfa")
		case "AA":
			s.mark("automatic")
		case "URI":
			s.address(value)
		}
	}
	for _, value := range d {
		if err := s.visit(value, depth+1); err != nil {
			return err
		}
	}
	return nil
}

func (s *survey) mark(code string) {
	if code != "" {
		s.seen[code] = true
	}
}

// address looks at a link's target: web and mail are fine, scripts and files are not.
func (s *survey) address(o types.Object) {
	text, err := model.Text(o)
	if err != nil {
		return
	}
	text = strings.ToLower(strings.Map(func(r rune) rune {
		if r <= ' ' {
			return -1 // as browsers do
		}
		return r
	}, text))
	switch {
	case strings.HasPrefix(text, "javascript:"), strings.HasPrefix(text, "vbscript:"), strings.HasPrefix(text, "data:"):
		s.mark("javascript")
	case strings.HasPrefix(text, "file:"), strings.HasPrefix(text, `\\`):
		s.mark("other-file")
	}
}

// openAction judges what happens on opening: a place to go to is fine, everything else is at least worth a word.
func (s *survey) openAction(root types.Dict) error {
	value, found := root.Find("OpenAction")
	if !found {
		return nil
	}
	value, err := s.resolve(value)
	if err != nil {
		return err
	}
	if d, ok := value.(types.Dict); ok {
		kind, _ := d.Find("S")
		if kind, err = s.resolve(kind); err != nil {
			return err
		}
		if n := nameOf(kind); n != "GoTo" && n != "Named" {
			s.mark("automatic")
		}
	}
	return nil
}

// resolve follows references, also one that leads to another.
func (s *survey) resolve(o types.Object) (types.Object, error) {
	for range 8 {
		if _, ok := o.(types.IndirectRef); !ok {
			return o, nil
		}
		var err error
		if o, err = s.table.Dereference(o); err != nil {
			return nil, err
		}
	}
	return nil, errors.New("a chain of references without end")
}

func nameOf(o types.Object) string {
	if n, ok := o.(types.Name); ok {
		return unescape(string(n))
	}
	return ""
}

// isText reports a string or a stream that is no picture: the shapes a script has. A font that is called JS is a Dict.
func isText(o types.Object) bool {
	switch o := o.(type) {
	case types.StringLiteral, types.HexLiteral:
		return true
	case types.StreamDict:
		_, drawn := o.Find("Subtype")
		return !drawn
	}
	return false
}

// hasEntries reports a name tree with something in it; some programs write empty ones.
func hasEntries(o types.Object) bool {
	d, ok := o.(types.Dict)
	if !ok {
		return false
	}
	for _, key := range []string{"Names", "Kids"} {
		if list, found := d.Find(key); found {
			if a, ok := list.(types.Array); !ok || len(a) > 0 {
				return true
			}
		}
	}
	return false
}
