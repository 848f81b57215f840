package document

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/pdfcpu/pdfcpu/pkg/api"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/model"
)

// objects are the bodies of a hand-written PDF by number: 1 is the catalog, 2 the page tree, 3 a page, 4 its content,
// 5 the properties.
type objects map[int]string

// goodObjects is a paper as it should be: title, language, tags, a link to the web.
func goodObjects() objects {
	return objects{
		1: `<< /Type /Catalog /Pages 2 0 R /Lang (en-GB) /MarkInfo << /Marked true >> /StructTreeRoot 6 0 R >>`,
		2: `<< /Type /Pages /Kids [3 0 R] /Count 1 >>`,
		3: `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << >> /Contents 4 0 R /Annots [7 0 R] >>`,
		4: stream("", "0.2 0.3 0.5 rg 50 50 300 400 re f"),
		5: `<< /Title (8 Questions \050sample\051) /Producer (hand) >>`,
		6: `<< /Type /StructTreeRoot >>`,
		7: `<< /Type /Annot /Subtype /Link /Rect [0 0 9 9] /A << /S /URI /URI (https://example.com/a) >> >>`,
	}
}

// with replaces and adds bodies.
func (o objects) with(more objects) objects {
	out := maps.Clone(o)
	maps.Copy(out, more)
	return out
}

// catalog puts entries into the catalog.
func (o objects) catalog(entries string) objects {
	return o.with(objects{1: strings.TrimSuffix(o[1], ">>") + entries + " >>"})
}

func stream(entries, content string) string {
	return fmt.Sprintf("<< /Length %d %s >>\nstream\n%s\nendstream", len(content), entries, content)
}

func deflated(entries, content string) string {
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	w.Write([]byte(content))
	w.Close()
	return stream("/Filter /FlateDecode "+entries, b.String())
}

// pdf writes the file with a cross-reference table (ISO 32000-1, 7.5).
func (o objects) pdf() []byte {
	var b bytes.Buffer
	b.WriteString("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
	numbers := slices.Sorted(maps.Keys(o))
	size := numbers[len(numbers)-1] + 1
	at := make([]int, size)
	for _, n := range numbers {
		at[n] = b.Len()
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", n, o[n])
	}
	table := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", size)
	for n := 1; n < size; n++ {
		if at[n] == 0 {
			b.WriteString("0000000000 00000 f \n")
			continue
		}
		fmt.Fprintf(&b, "%010d 00000 n \n", at[n])
	}
	fmt.Fprintf(&b, "trailer\n<< /Size %d /Root 1 0 R /Info 5 0 R >>\nstartxref\n%d\n%%%%EOF\n", size, table)
	return b.Bytes()
}

// packed has the same objects inside object streams with a cross-reference stream (PDF 1.5): nothing of them can be
// found by looking through the bytes.
func (o objects) packed(t testing.TB) []byte {
	t.Helper()
	api.DisableConfigDir()
	conf := model.NewDefaultConfiguration()
	conf.WriteObjectStream, conf.WriteXRefStream = true, true
	file, err := pdfcpu.Read(bytes.NewReader(o.pdf()), conf)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := api.WriteContext(file, &b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
