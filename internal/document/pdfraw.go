package document

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/types"
)

// Readers of PDF differ in what they forgive: which of two equal keys counts, where a value may stand, what is skipped.
// A file could show pdfcpu one thing and a viewer another. So the text of every object is looked through once more, for
// the names that have no business in a paper, however they are arranged; and what pdfcpu skipped is refused.

// rawNames are found as whole names anywhere in an object. Short ones (JS, EF) are left to the survey: fonts are called so.
var rawNames = map[string]string{
	"JavaScript": "javascript", "Launch": "launch", "GoToR": "other-file", "GoToE": "other-file", "ImportData": "other-file",
	"EmbeddedFile": "embedded-file", "FileAttachment": "embedded-file", "XFA": "xfa", "Encrypt": "encrypted",
}

// anyName takes a name with its escapes, up to the next delimiter (ISO 32000-1, 7.2.2).
var anyName = regexp.MustCompile(`/[^\x00\t\n\f\r ()<>\[\]{}/%]+`)

var (
	escape   = regexp.MustCompile(`#[0-9A-Fa-f]{2}`)
	nullBody = regexp.MustCompile(`^\s*\d+\s+\d+\s+obj\s*null\s*endobj`)
)

// raw looks through the objects as they are spelt in the file. It must run after everything.
func (s *survey) raw(r io.ReadSeeker, size int64) error {
	file, err := readAt(r, 0, size)
	if err != nil {
		return err
	}
	var starts []int64
	for _, entry := range s.table.Table {
		if entry != nil && !entry.Free && entry.Offset != nil && *entry.Offset > 0 && *entry.Offset < size {
			starts = append(starts, *entry.Offset)
		}
	}
	slices.Sort(starts)
	for _, number := range slices.Sorted(maps.Keys(s.table.Table)) {
		if s.ctx.Err() != nil {
			return context.Cause(s.ctx)
		}
		entry := s.table.Table[number]
		if entry == nil || entry.Free {
			continue
		}
		if packed, ok := entry.Object.(types.ObjectStreamDict); ok {
			if err := packed.DecodeWithLimit(maxStream); err != nil {
				return err
			}
			s.names(packed.Content)
		}
		if entry.Offset == nil || *entry.Offset <= 0 || *entry.Offset >= size {
			continue // packed, looked through above
		}
		body := file[*entry.Offset:end(starts, *entry.Offset, size)]
		if entry.Object == nil && !nullBody.Match(body) {
			return fmt.Errorf("object %d: %w", number, errSkipped)
		}
		s.names(head(entry.Object, body, *entry.Offset))
	}
	for rest := file; ; { // trailers are no objects
		i := bytes.Index(rest, []byte("trailer"))
		if i < 0 {
			return nil
		}
		rest = rest[i+len("trailer"):]
		if dict, _, ok := bytes.Cut(rest[:min(len(rest), maxTrailer)], []byte("startxref")); ok { // else it is a word in a text
			s.names(dict)
		}
	}
}

const maxTrailer = 4 << 10

var errSkipped = errors.New("an object that cannot be read")

// end is where the object after this one begins.
func end(starts []int64, at, size int64) int64 {
	i, _ := slices.BinarySearch(starts, at+1)
	if i == len(starts) {
		return size
	}
	return starts[i]
}

// head cuts the bytes of a stream off its dictionary: pictures and text are no objects.
func head(o types.Object, body []byte, at int64) []byte {
	var from int64
	switch o := o.(type) {
	case types.StreamDict:
		from = o.StreamOffset
	case types.ObjectStreamDict:
		from = o.StreamOffset
	case types.XRefStreamDict:
		from = o.StreamOffset
	}
	if n := from - at; n > 0 && n < int64(len(body)) {
		return body[:n]
	}
	return body
}

func (s *survey) names(text []byte) {
	for len(text) > 0 {
		i := bytes.IndexByte(text, '/')
		if i < 0 {
			return
		}
		text = text[i:]
		name := anyName.Find(text[:min(len(text), 128)])
		if name == nil || !bytes.HasPrefix(text, name) {
			text = text[1:]
			continue
		}
		s.mark(rawNames[unescape(string(name[1:]))])
		text = text[len(name):]
	}
}

// unescape undoes #41 and leaves anything else as it is.
func unescape(name string) string {
	if !strings.Contains(name, "#") {
		return name
	}
	return escape.ReplaceAllStringFunc(name, func(e string) string {
		var b byte
		_, _ = fmt.Sscanf(e[1:], "%02x", &b) // the expression found two hexadecimal digits
		return string([]byte{b})
	})
}
