package document

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/pdfcpu/pdfcpu/pkg/api"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/model"

	"github.com/gatehouse/gatehouse/internal/errs"
)

func check(t testing.TB, pdf []byte) (Report, error) {
	t.Helper()
	return CheckPDF(t.Context(), bytes.NewReader(pdf), DefaultMaxPDF)
}

func codes(findings []Finding) []string {
	out := []string{}
	for _, f := range findings {
		out = append(out, f.Code)
	}
	return out
}

func fieldCodes(err error) []string {
	var out []string
	if e := (*errs.Error)(nil); errors.As(err, &e) {
		for _, f := range e.Fields {
			out = append(out, f.Code)
			if f.Field != "file" || !strings.HasSuffix(f.Message, ".") {
				out = append(out, "a field without a sentence")
			}
		}
	}
	return out
}

func TestGoodPDF(t *testing.T) {
	good := goodObjects()
	for name, pdf := range map[string][]byte{
		"table":                  good.pdf(),
		"object streams":         good.packed(t),
		"deflated":               good.with(objects{4: deflated("", "0 0 9 9 re f")}).pdf(),
		"content in parts":       good.with(objects{3: `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents [4 0 R 4 0 R] >>`}).pdf(),
		"space after the end":    append(good.pdf(), "\r\n\n"...),
		"goes to a page first":   good.catalog(`/OpenAction [3 0 R /Fit]`).pdf(),
		"GoTo action":            good.catalog(`/OpenAction << /S /GoTo /D [3 0 R /Fit] >>`).pdf(),
		"empty name tree":        good.catalog(`/Names << /EmbeddedFiles << /Names [] >> >>`).pdf(),
		"an object that is null": good.with(objects{8: `null`}).pdf(),
		"mail link":              good.with(objects{7: `<< /Subtype /Link /Rect [0 0 9 9] /A << /S /URI /URI (mailto:ann@example.com) >> >>`}).pdf(),
		"a font called JS":       good.with(objects{3: strings.Replace(good[3], "<< >>", "<< /Font << /JS << /Type /Font >> >> >>", 1)}).pdf(),
		"words in the text":      good.with(objects{4: stream("", "BT (/JavaScript /JS /Launch /EmbeddedFile) Tj ET")}).pdf(),
	} {
		t.Run(name, func(t *testing.T) {
			rep, err := check(t, pdf)
			if err != nil {
				t.Fatalf("refused: %v", err)
			}
			if rep.Pages != 1 || rep.Title != "8 Questions (sample)" || rep.Language != "en-GB" || !rep.Tagged || rep.Encrypted {
				t.Errorf("report = %+v", rep)
			}
			if len(rep.Findings) != 0 {
				t.Errorf("findings = %v, want none", codes(rep.Findings))
			}
		})
	}
}

// samples has one hostile PDF a way of hiding.
func samples() map[string]struct {
	objects   objects
	code      string
	tableOnly bool // the writer of object streams mends it or leaves it out
} {
	good := goodObjects()
	type sample = struct {
		objects   objects
		code      string
		tableOnly bool
	}
	annot := func(entries string) objects {
		return good.with(objects{7: `<< /Type /Annot /Rect [0 0 9 9] ` + entries + ` >>`})
	}
	return map[string]sample{
		"script on opening":             {good.catalog(`/OpenAction << /S /JavaScript /JS (app.alert\(1\)) >>`), "javascript", false},
		"script on opening, referred":   {good.catalog(`/OpenAction 8 0 R`).with(objects{8: `<< /S /JavaScript /JS 9 0 R >>`, 9: stream("", "app.alert(1)")}), "javascript", false},
		"script by name":                {good.catalog(`/Names << /JavaScript << /Names [(a) 8 0 R] >> >>`).with(objects{8: `<< /S /JavaScript /JS (1) >>`}), "javascript", false},
		"script with escaped names":     {annot(`/Subtype /Link /A << /#53 /Jav#61Script /J#53 (1) >>`), "javascript", false},
		"script, kind behind reference": {annot(`/Subtype /Link /A << /S 8 0 R /Other 1 >>`).with(objects{8: `/JavaScript`}), "javascript", false},
		"script, two references":        {annot(`/Subtype /Link /A << /S 8 0 R >>`).with(objects{8: `9 0 R`, 9: `/JavaScript`}), "javascript", true},
		"script as next action":         {annot(`/Subtype /Link /A << /S /URI /URI (https://example.com) /Next [<< /S /JavaScript /JS <31> >>] >>`), "javascript", false},
		"script on turning the page":    {good.with(objects{3: strings.TrimSuffix(good[3], ">>") + `/AA << /O << /S /JavaScript /JS (1) >> >> >>`}), "javascript", false},
		"script in a rendition":         {annot(`/Subtype /Screen /A << /S /Rendition /JS (1) >>`), "javascript", false},
		"script nobody refers to":       {good.with(objects{9: `<< /S /JavaScript /JS (1) >>`}), "javascript", true},
		"script in a link's address":    {annot(`/Subtype /Link /A << /S /URI /URI ( Java\nscript:alert\(1\)) >>`), "javascript", false},
		"script in a link, hexadecimal": {annot(`/Subtype /Link /A << /S /URI /URI <6a6176617363726970743a31> >>`), "javascript", false},
		"program":                       {annot(`/Subtype /Link /A << /S /Launch /F (cmd.exe) >>`), "launch", false},
		"program on opening":            {good.catalog(`/OpenAction << /S /Launch /Win << /F (cmd.exe) >> >>`), "launch", false},
		"attachment by name":            {good.catalog(`/Names << /EmbeddedFiles << /Names [(a) << /F (a.exe) /EF << /F 8 0 R >> >>] >> >>`).with(objects{8: stream("/Type /EmbeddedFile", "MZ")}), "embedded-file", false},
		"attachment tree with kids":     {good.catalog(`/Names << /EmbeddedFiles << /Kids [8 0 R] >> >>`).with(objects{8: `<< /Names [] >>`}), "embedded-file", false},
		"attachment on a page":          {annot(`/Subtype /FileAttachment /FS << /F (a.exe) >>`), "embedded-file", false},
		"attachment without a type":     {annot(`/Subtype /Text /FS << /F (a) /EF << /F 8 0 R >> >>`).with(objects{8: stream("", "MZ")}), "embedded-file", false},
		"XFA form":                      {good.catalog(`/AcroForm << /Fields [] /XFA 8 0 R >>`).with(objects{8: stream("", "<xdp/>")}), "xfa", false},
		"protection nobody refers to":   {good.with(objects{9: `<< /Encrypt << /Filter /Standard >> >>`}), "encrypted", true},
		"file on the network":           {annot(`/Subtype /Link /A << /S /GoToE /F (\\\\\\\\198.51.100.7\\\\x) /D [0 /Fit] >>`), "other-file", false},
		"another PDF":                   {annot(`/Subtype /Link /A << /S /GoToR /F (b.pdf) /D [0 /Fit] >>`), "other-file", false},
		"file address":                  {annot(`/Subtype /Link /A << /S /URI /URI (file:///etc/passwd) >>`), "other-file", false},
		"data from a file":              {annot(`/Subtype /Link /A << /S /ImportData /F (a.fdf) >>`), "other-file", false},
		"form that sends":               {annot(`/Subtype /Widget /A << /S /SubmitForm /F (https://example.com) >>`), "sends-data", false},
		"web page on opening":           {good.catalog(`/OpenAction << /S /URI /URI (https://example.com) >>`), "automatic", false},
		"something on closing":          {good.catalog(`/AA << /WC << /S /Named /N /Print >> >>`), "automatic", false},
		"a key twice, the first counts": {annot(`/Subtype /Link /A << /S /Launch /S /URI /F (cmd.exe) >>`), "launch", true},
		"a key twice, the last counts":  {annot(`/Subtype /Link /A << /S /URI /S /Launch /F (cmd.exe) >>`), "launch", true},
		"a value on the next line":      {annot("/Subtype /Link /A << /S\n/Launch\n/F (cmd.exe) >>"), "launch", true},
		"a value on the next line, CR":  {annot("/Subtype /Link /A << /S\r/JavaScript\r/JS\r(1) >>"), "javascript", true},
		"a value after a comment":       {annot("/Subtype /Link /A << /S %x\n/GoToE /F (x) >>"), "other-file", true},
		"rich media":                    {annot(`/Subtype /RichMedia`), "media", false},
		"sound":                         {annot(`/Subtype /Link /A << /S /Sound /Sound 8 0 R >>`).with(objects{8: stream("/R 1", "x")}), "media", false},
	}
}

func TestActiveContent(t *testing.T) {
	severity := map[string]Severity{}
	for _, f := range policy {
		severity[f.Code] = f.Severity
	}
	met := map[string]bool{}
	for name, s := range samples() {
		met[s.code] = true
		forms := map[string][]byte{"table": s.objects.pdf()}
		if !s.tableOnly {
			forms["object streams"] = s.objects.packed(t)
		}
		for form, pdf := range forms {
			t.Run(name+"/"+form, func(t *testing.T) {
				rep, err := check(t, pdf)
				if !slices.Contains(codes(rep.Findings), s.code) {
					t.Errorf("findings = %v (%v), want %s", codes(rep.Findings), err, s.code)
				}
				if rep.Pages != 1 {
					t.Errorf("%d pages", rep.Pages)
				}
				if severity[s.code] == Notice {
					if err != nil {
						t.Errorf("refused: %v", err)
					}
				} else if !errs.Is(err, errs.Invalid) || !slices.Contains(fieldCodes(err), s.code) {
					t.Errorf("err = %v %v, want a refusal with %s", err, fieldCodes(err), s.code)
				}
			})
		}
	}
	for _, f := range policy {
		if !met[f.Code] && !slices.Contains([]string{"no-title", "no-language", "untagged"}, f.Code) {
			t.Errorf("no sample for %s", f.Code)
		}
	}
}

func TestAllRefusalsAtOnce(t *testing.T) {
	pdf := goodObjects().catalog(`/OpenAction << /S /Launch /F (x) /Next << /S /JavaScript /JS (1) >> >> /AcroForm << /XFA (x) >>`).pdf()
	_, err := check(t, pdf)
	if got := fieldCodes(err); !slices.Equal(got, []string{"javascript", "launch", "xfa"}) {
		t.Errorf("refused with %v: %v", got, err)
	}
}

func TestWhatIsMissingIsReported(t *testing.T) {
	o := goodObjects().with(objects{1: `<< /Type /Catalog /Pages 2 0 R >>`, 5: `<< /Producer (hand) >>`})
	rep, err := check(t, o.pdf())
	if want := []string{"no-title", "no-language", "untagged"}; err != nil || !slices.Equal(codes(rep.Findings), want) {
		t.Errorf("findings = %v, %v; want %v", codes(rep.Findings), err, want)
	}
	if rep.Tagged || rep.Title != "" || rep.Language != "" {
		t.Errorf("report = %+v", rep)
	}
	// Marked, but with no structure to go by.
	rep, _ = check(t, o.with(objects{1: `<< /Type /Catalog /Pages 2 0 R /MarkInfo << /Marked true >> >>`}).pdf())
	if rep.Tagged {
		t.Error("tagged without a structure")
	}
}

func TestTitle(t *testing.T) {
	packet := `<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description ` +
		`xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title><rdf:Alt><rdf:li xml:lang="x-default">From the packet</rdf:li></rdf:Alt>` +
		`</dc:title></rdf:Description></rdf:RDF></x:xmpmeta>`
	for _, c := range []struct{ name, info, packet, want string }{
		{"UTF-16", `<FEFF00C40072006700650072>`, "", "Ärger"},
		{"packet", `()`, packet, "From the packet"},
		{"properties win", `(Mine)`, packet, "Mine"},
		{"packet broken", `()`, "<x:xmpmeta", ""},
		{"control characters", `(a\000b\nc\td)`, "", "ab c d"},
		{"bidirectional trick", `<FEFF0061202E0062>`, "", "ab"},
		{"long", "(" + strings.Repeat("x", 5000) + ")", "", strings.Repeat("x", 300)},
		{"not a text", `[1 2]`, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := goodObjects().catalog(`/Metadata 8 0 R`).with(objects{5: `<< /Title ` + c.info + ` >>`, 8: stream("/Type /Metadata /Subtype /XML", c.packet)})
			if rep, err := check(t, o.pdf()); err != nil || rep.Title != c.want {
				t.Errorf("title = %q, %v; want %q", rep.Title, err, c.want)
			}
		})
	}
}

func TestNotAPDF(t *testing.T) {
	good := goodObjects().pdf()
	for _, c := range []struct {
		name, content, code, says string
	}{
		{"empty", "", "empty", "empty"},
		{"zip", "PK\x03\x04\x14\x00\x00\x00", "not-pdf", "ZIP"},
		{"web page", "\n <!DOCTYPE html><title>x</title>", "not-pdf", "web page"},
		{"web page with a mark", "\ufeff<html>", "not-pdf", "web page"},
		{"program", "MZ\x90\x00", "not-pdf", "program"},
		{"picture", "\x89PNG\r\n\x1a\n", "not-pdf", "picture"},
		{"text", "hello", "not-pdf", "not a PDF"},
		{"one byte", "%", "not-pdf", "not a PDF"},
		{"PDF after a web page", "<html><!--" + string(good), "not-pdf", "web page"},
		{"PDF after something", "GARBAGE\n" + string(good), "not-pdf", "something else before"},
		{"header only", "%PDF-1.7\n", "cut-off", "end of the PDF is missing"},
		{"header and end", "%PDF-1.7\nstartxref\n0\n%%EOF\n", "damaged", "damaged"},
		{"cut off", string(good[:len(good)-6]), "cut-off", "end of the PDF is missing"},
		{"half", string(good[:len(good)/2]), "cut-off", "end of the PDF is missing"},
		{"half with an end", string(good[:len(good)/2]) + "\n%%EOF", "cut-off", "end of the PDF is missing"},
		{"a third with an end", string(good[:len(good)/3]) + "\nstartxref\n0\n%%EOF", "damaged", "damaged"},
		{"zeros", "%PDF-1.7\n" + strings.Repeat("\x00", 5000) + "startxref\n9\n%%EOF", "damaged", "damaged"},
	} {
		t.Run(c.name, func(t *testing.T) {
			rep, err := check(t, []byte(c.content))
			if !errs.Is(err, errs.Invalid) || !slices.Equal(fieldCodes(err), []string{c.code}) {
				t.Fatalf("err = %v %v, want %s", err, fieldCodes(err), c.code)
			}
			if !strings.Contains(errs.Public(err).Message, c.says) {
				t.Errorf("says %q, want %q in it", errs.Public(err).Message, c.says)
			}
			if rep.Pages != 0 {
				t.Errorf("report = %+v", rep)
			}
		})
	}
}

func TestDamagedPDF(t *testing.T) {
	good := goodObjects()
	broken := deflated("", strings.Repeat("0 0 9 9 re f ", 50))
	at := strings.Index(broken, "stream\n") + 7 + 20
	broken = broken[:at] + "\xff\xff\xff\xff" + broken[at+4:]
	loop := objects{8: `<< /Type /Pages /Kids [9 0 R] /Count 1 >>`, 9: `<< /Type /Pages /Kids [8 0 R] /Count 1 >>`}
	for name, c := range map[string]struct {
		objects objects
		code    string
	}{
		"content of a page":    {good.with(objects{4: broken}), "damaged"},
		"a page is missing":    {good.with(objects{2: `<< /Type /Pages /Kids [3 0 R 77 0 R] /Count 2 >>`}), "damaged"},
		"no page tree":         {good.with(objects{1: `<< /Type /Catalog >>`}), "damaged"},
		"no pages":             {good.with(objects{2: `<< /Type /Pages /Kids [] /Count 0 >>`}), "no-pages"},
		"a count that lies":    {good.with(objects{2: `<< /Type /Pages /Kids [] /Count 9 >>`}), "no-pages"},
		"page tree in a ring":  {good.with(loop).with(objects{2: `<< /Type /Pages /Kids [8 0 R] /Count 1 >>`}), "damaged"},
		"one page twice":       {good.with(objects{2: `<< /Type /Pages /Kids [3 0 R 3 0 R] /Count 2 >>`}), "damaged"},
		"content is missing":   {good.with(objects{3: strings.Replace(good[3], "4 0 R", "44 0 R", 1)}), "damaged"},
		"a hidden deep script": {good.with(objects{8: strings.Repeat("[", 150) + "<< /S /JavaScript /JS (1) >>" + strings.Repeat("]", 150)}), "damaged"},
		"an unreadable object": {good.with(objects{8: "<< /A (never closed >>"}), "damaged"},
		"content is a number":  {good.with(objects{4: `12`}), "damaged"},
		"catalog is a number":  {good.with(objects{1: `12`}), "damaged"},
		"nested without end":   {good.with(objects{8: strings.Repeat("[", 5000) + strings.Repeat("]", 5000)}), "damaged"},
		"a ring of references": {good.with(objects{4: `8 0 R`, 8: `4 0 R`}), "damaged"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := check(t, c.objects.pdf()); !errs.Is(err, errs.Invalid) || !slices.Equal(fieldCodes(err), []string{c.code}) {
				t.Errorf("err = %v %v, want %s", err, fieldCodes(err), c.code)
			}
		})
	}
}

func TestEncryptedPDF(t *testing.T) {
	api.DisableConfigDir()
	for name, passwords := range map[string][2]string{"to open": {"user", "owner"}, "restrictions only": {"", "owner"}} {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			conf := model.NewAESConfiguration(passwords[0], passwords[1], 256)
			if err := api.Encrypt(bytes.NewReader(goodObjects().pdf()), &b, conf); err != nil {
				t.Fatal(err)
			}
			rep, err := check(t, b.Bytes())
			if !rep.Encrypted || !slices.Equal(fieldCodes(err), []string{"encrypted"}) {
				t.Errorf("report = %+v, err = %v", rep, err)
			}
		})
	}
}

func TestBounds(t *testing.T) {
	good := goodObjects().pdf()
	t.Run("too large", func(t *testing.T) {
		_, err := CheckPDF(t.Context(), bytes.NewReader(good), int64(len(good))-1)
		if !errs.Is(err, errs.TooLarge) || !slices.Equal(fieldCodes(err), []string{"too-large"}) {
			t.Errorf("err = %v", err)
		}
		if _, err := CheckPDF(t.Context(), bytes.NewReader(good), int64(len(good))); err != nil {
			t.Errorf("exactly the limit: %v", err)
		}
	})
	t.Run("a page that unpacks past the limit", func(t *testing.T) {
		bomb := deflated("", strings.Repeat("\x00", maxStream+1))
		if _, err := check(t, goodObjects().with(objects{4: bomb}).pdf()); !errs.Is(err, errs.Invalid) {
			t.Errorf("err = %v", err)
		}
	})
	t.Run("the visitor has gone", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := CheckPDF(ctx, bytes.NewReader(good), DefaultMaxPDF); !errs.Is(err, errs.Unavailable) {
			t.Errorf("err = %v, want Unavailable: the file is not to blame", err)
		}
	})
	t.Run("memory is used up", func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		watchHeap(ctx, cancel, 1)
		if context.Cause(ctx) != errTooComplex {
			t.Fatalf("cause = %v", context.Cause(ctx))
		}
		var rep Report
		err := whyUnreadable(ctx, inspect(ctx, bytes.NewReader(good), int64(len(good)), &rep))
		if !slices.Equal(fieldCodes(err), []string{"too-complex"}) {
			t.Errorf("err = %v", err)
		}
	})
	t.Run("many pages", func(t *testing.T) {
		o, kids := goodObjects(), strings.Builder{}
		for n := 10; n < 11+maxPages; n++ {
			fmt.Fprintf(&kids, "%d 0 R ", n)
			o[n] = `<< /Type /Page /Parent 2 0 R >>`
		}
		o[2] = `<< /Type /Pages /Kids [` + kids.String() + `] /Count 9 >>`
		if _, err := check(t, o.pdf()); !slices.Equal(fieldCodes(err), []string{"too-many-pages"}) {
			t.Errorf("err = %v", err)
		}
	})
	if len(checking) != 0 {
		t.Error("the turn was never given back")
	}
}

// Every cut and many a changed byte: an answer each time, never a panic, and an error is always a sentence.
func TestMutilatedPDFs(t *testing.T) {
	for name, pdf := range map[string][]byte{"table": goodObjects().pdf(), "object streams": goodObjects().packed(t)} {
		for i := 0; i < len(pdf); i += 3 {
			changed := bytes.Clone(pdf)
			changed[i] ^= 0x15
			for _, b := range [][]byte{changed, pdf[:i], slices.Delete(bytes.Clone(pdf), i, min(i+40, len(pdf)))} {
				if _, err := check(t, b); err != nil && !errs.Is(err, errs.Invalid) {
					t.Fatalf("%s at %d: %v", name, i, err)
				}
			}
		}
	}
}

func TestNothingIsWrittenToTheHome(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("XDG_CONFIG_HOME", home)
	if _, err := check(t, goodObjects().pdf()); err != nil {
		t.Fatal(err)
	}
	if left, _ := os.ReadDir(home); len(left) != 0 {
		t.Errorf("the check left %v", left)
	}
}

func FuzzCheckPDF(f *testing.F) {
	f.Add(goodObjects().pdf())
	f.Add(goodObjects().packed(f))
	for _, s := range samples() {
		f.Add(s.objects.pdf())
	}
	f.Fuzz(func(t *testing.T, pdf []byte) {
		rep, err := CheckPDF(t.Context(), bytes.NewReader(pdf), 1<<20)
		switch {
		case err == nil && (rep.Pages < 1 || rep.Encrypted || !bytes.HasPrefix(pdf, []byte("%PDF-"))):
			t.Errorf("let through with %+v", rep)
		case err != nil && !errs.Is(err, errs.Invalid) && !errs.Is(err, errs.TooLarge):
			t.Errorf("err = %v", err)
		}
	})
}
