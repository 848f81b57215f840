package document

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/pdfcpu/pdfcpu/pkg/api"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/model"

	"github.com/gatehouse/gatehouse/internal/errs"
)

// DefaultMaxPDF is the usual limit of CheckPDF in bytes.
const DefaultMaxPDF = 50 << 20

// Bounds of one check, whatever the file says about itself.
const (
	checkTime   = 20 * time.Second
	checkMemory = 384 << 20 // bytes on the heap beyond those at the start
	maxStream   = 64 << 20  // bytes of one stream, unpacked
	maxObjects  = 500_000
	maxPages    = 5_000
	maxNesting  = 100
)

// Report is what a PDF says about itself and what was found in it.
type Report struct {
	Pages     int
	Title     string // from the document's own properties, cleaned, at most 300 characters; may be empty
	Language  string // BCP 47 as the file spells it; may be empty
	Tagged    bool   // has structure for screen readers
	Encrypted bool
	Findings  []Finding // the refusing ones first
}

// Severity says what a finding means for the upload.
type Severity string

// The severities.
const (
	Refuse Severity = "refuse" // not published
	Notice Severity = "report" // shown to the staff member who uploads
)

// Finding is one thing found in a PDF. Code is stable for machines, Sentence is for people.
type Finding struct {
	Code     string
	Severity Severity
	Sentence string
}

// CheckPDF judges an upload by its content: whether it is a whole, readable, unencrypted PDF of at most limit bytes, and
// whether it does anything by itself. err is nil exactly when the file may be published. A refusal is an errs.Invalid (or
// TooLarge) at the field "file" with a code and a sentence; the report then holds what was learnt so far. Unavailable
// means that ctx ended first. r is left at an unknown place.
func CheckPDF(ctx context.Context, r io.ReadSeeker, limit int64) (rep Report, err error) {
	size, err := r.Seek(0, io.SeekEnd)
	if err != nil {
		return rep, readerFault(err)
	}
	if size > limit {
		e := refusal("too-large", "The file is larger than %d MB.", limit>>20)
		e.Code = errs.TooLarge
		return rep, e
	}
	if err := sniff(r, size); err != nil {
		return rep, err
	}
	ctx, leave, err := enterCheck(ctx)
	if err != nil {
		return rep, err
	}
	defer leave()
	err = inspect(ctx, r, size, &rep)
	if e := (*errs.Error)(nil); err != nil && !errors.As(err, &e) {
		err = whyUnreadable(ctx, err)
	}
	if err == nil {
		err = refusals(rep.Findings)
	}
	return rep, err
}

// inspect fills the report. pdfcpu reads hostile bytes here: what it panics about is an error like any other.
func inspect(ctx context.Context, r io.ReadSeeker, size int64, rep *Report) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("document: the reader gave up: %v", p)
		}
	}()
	if _, err := r.Seek(0, io.SeekStart); err != nil {
		return err
	}
	file, err := pdfcpu.ReadWithContext(ctx, &boundedReader{ctx: ctx, ReadSeeker: r}, readerConfig(size))
	if errors.Is(err, pdfcpu.ErrWrongPassword) || file != nil && file.Encrypt != nil {
		rep.Encrypted = true
		return refusal("encrypted", "The PDF is protected with a password or with restrictions. Save it without protection and upload it again.")
	}
	if err != nil {
		return err
	}
	s := &survey{ctx: ctx, table: file.XRefTable, seen: map[string]bool{}}
	if err := s.pages(rep); err != nil {
		return err
	}
	if err := s.everything(); err != nil {
		return err
	}
	if err := s.raw(r, size); err != nil {
		return err
	}
	s.describe(rep)
	rep.Findings = s.findings()
	return nil
}

func readerConfig(size int64) *model.Configuration {
	api.DisableConfigDir() // else pdfcpu writes a folder into the home directory
	conf := model.NewDefaultConfiguration()
	conf.ValidationMode = model.ValidationRelaxed
	conf.Offline = true
	conf.Limits = model.ResourceLimits{
		MaxStreamBytes: size, MaxDecodeBytes: maxStream, MaxImagePixels: 1, MaxImageBytes: 1,
		MaxObjectCount: maxObjects, MaxObjectStreamCount: maxObjects, MaxObjectStreamFirst: 8 << 20,
		MaxXRefEntries: maxObjects, MaxRecursionDepth: maxNesting,
	}
	return conf
}

// refusal is an Invalid whose one field is the upload's.
func refusal(code, format string, args ...any) *errs.Error {
	e := errs.New(errs.Invalid, format, args...)
	e.Fields = []errs.Field{{Field: "file", Code: code, Message: e.Message}}
	return e
}

// refusals makes one error of every finding that refuses.
func refusals(findings []Finding) error {
	var e *errs.Error
	for _, f := range findings {
		if f.Severity != Refuse {
			continue
		}
		if e == nil {
			e = errs.New(errs.Invalid, "%s", f.Sentence)
		}
		e.Fields = append(e.Fields, errs.Field{Field: "file", Code: f.Code, Message: f.Sentence})
	}
	if e == nil {
		return nil
	}
	return e
}

// whyUnreadable turns an error of the reader into a refusal; its own words are kept for the log.
func whyUnreadable(ctx context.Context, err error) error {
	code, sentence := "damaged", "The PDF is damaged and cannot be read. Export it again from the program it was made with."
	switch cause := context.Cause(ctx); {
	case errors.Is(cause, errTooComplex), errors.Is(cause, errTooSlow):
		code, sentence = "too-complex", "The PDF takes too long or too much memory to read. Export it again, with fewer or smaller parts."
	case cause != nil:
		return errs.Wrap(err, errs.Unavailable, "The check was broken off. Please upload the file again.")
	}
	e := errs.Wrap(err, errs.Invalid, "%s", sentence)
	e.Fields = []errs.Field{{Field: "file", Code: code, Message: sentence}}
	return e
}

// kinds are the files that people upload by mistake, by their first bytes (lower case).
var kinds = []struct{ magic, name string }{
	{"pk\x03\x04", "a ZIP archive or an Office document"}, {"pk\x05\x06", "a ZIP archive"}, {"\xd0\xcf\x11\xe0", "an old Office document"},
	{"<!doctype", "a web page"}, {"<html", "a web page"}, {"<?xml", "an XML file"}, {"<svg", "a picture"}, {"<script", "a script"},
	{"mz", "a Windows program"}, {"\x7felf", "a program"}, {"\xcf\xfa\xed\xfe", "a program"}, {"\xca\xfe\xba\xbe", "a program"},
	{"#!", "a script"}, {"%!ps", "a PostScript file"}, {"{\\rtf", "an RTF document"}, {"\x89png", "a picture"},
	{"\xff\xd8\xff", "a picture"}, {"gif8", "a picture"}, {"rar!", "an archive"}, {"7z\xbc\xaf", "an archive"}, {"\x1f\x8b", "an archive"},
}

// sniff looks at both ends (ISO 32000-1, 7.5.2 and 7.5.5). The header must stand at the very start: a file that begins as
// something else and is a PDF further on is two files in one.
func sniff(r io.ReadSeeker, size int64) error {
	if size == 0 {
		return refusal("empty", "The file is empty.")
	}
	head, err := readAt(r, 0, min(size, 1024))
	if err != nil {
		return readerFault(err)
	}
	if !bytes.HasPrefix(head, []byte("%PDF-")) {
		start := bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\ufeff")), " \t\r\n")
		for _, k := range kinds {
			if len(start) >= len(k.magic) && lower(start[:len(k.magic)]) == k.magic {
				return refusal("not-pdf", "This is %s, not a PDF.", k.name)
			}
		}
		if bytes.Contains(head, []byte("%PDF-")) {
			return refusal("not-pdf", "There is something else before the PDF begins. Export it again from the program it was made with.")
		}
		return refusal("not-pdf", "This is not a PDF.")
	}
	tail, err := readAt(r, max(0, size-1024), min(size, 1024))
	if err != nil {
		return readerFault(err)
	}
	if !bytes.Contains(tail, []byte("%%EOF")) || !bytes.Contains(tail, []byte("startxref")) {
		return refusal("cut-off", "The end of the PDF is missing: it was probably cut off on its way. Please upload it again.")
	}
	return nil
}

// lower changes A to Z alone: magic numbers are bytes, no text.
func lower(b []byte) string {
	out := bytes.Clone(b)
	for i, c := range out {
		if c >= 'A' && c <= 'Z' {
			out[i] = c + 'a' - 'A'
		}
	}
	return string(out)
}

func readAt(r io.ReadSeeker, at, n int64) ([]byte, error) {
	if _, err := r.Seek(at, io.SeekStart); err != nil {
		return nil, err
	}
	buf := make([]byte, n)
	_, err := io.ReadFull(r, buf)
	return buf, err
}
