package main

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"testing"

	"github.com/pdfcpu/pdfcpu/pkg/api"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/model"
)

const assets = "../../../assets/whitepapers"

func TestParsePages(t *testing.T) {
	for _, tc := range []struct {
		in   string
		want []int
		bad  bool
	}{
		{in: "7", want: []int{7}},
		{in: "7, 12,20", want: []int{7, 12, 20}},
		{in: "20,7", want: []int{20, 7}},
		{in: "", bad: true},
		{in: "0", bad: true},
		{in: "-1", bad: true},
		{in: "7,,8", bad: true},
		{in: "7-9", bad: true},
	} {
		got, err := parsePages(tc.in)
		if (err != nil) != tc.bad || !reflect.DeepEqual(got, tc.want) {
			t.Errorf("parsePages(%q) = %v, %v; want %v, error %v", tc.in, got, err, tc.want, tc.bad)
		}
	}
}

// A flat colour must survive exactly, or the paper of two pictures would differ.
func TestShrinkPNGKeepsFlatColours(t *testing.T) {
	paper, ink := color.RGBA{251, 247, 239, 255}, color.RGBA{42, 34, 28, 255}
	src := image.NewRGBA(image.Rect(0, 0, 600, 10))
	for x := range 600 {
		for y := range 10 {
			c := paper
			switch {
			case x < 50:
				c = ink
			case y == 9: // more shades than a palette holds
				c = color.RGBA{uint8(x), uint8(x / 2), uint8(255 - x), 255}
			}
			src.SetRGBA(x, y, c)
		}
	}
	var raw bytes.Buffer
	if err := png.Encode(&raw, src); err != nil {
		t.Fatal(err)
	}
	small, err := shrinkPNG(raw.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	again, err := shrinkPNG(raw.Bytes())
	if err != nil || !bytes.Equal(small, again) {
		t.Fatalf("two runs over one picture differ (error %v)", err)
	}
	got, err := png.Decode(bytes.NewReader(small))
	if err != nil {
		t.Fatal(err)
	}
	pal, ok := got.(*image.Paletted)
	if !ok || len(pal.Palette) > 256 {
		t.Fatalf("got %T with more than a palette of 256", got)
	}
	for _, p := range []struct {
		x, y int
		want color.RGBA
	}{{0, 0, ink}, {300, 4, paper}} {
		if c := color.RGBAModel.Convert(got.At(p.x, p.y)); c != p.want {
			t.Errorf("pixel %d,%d is %v, want %v", p.x, p.y, c, p.want)
		}
	}
}

// The committed results must be those of the committed source, as far as can
// be told without a browser.
func TestCommittedResults(t *testing.T) {
	src, err := os.ReadFile(filepath.Join(assets, "8-questions", "index.html"))
	if err != nil {
		t.Fatal(err)
	}
	sheets := len(regexp.MustCompile(`<section class="page`).FindAll(src, -1))
	if h1 := bytes.Count(src, []byte("<h1")); h1 != 1 {
		t.Errorf("%d h1 in the source, want one", h1)
	}
	api.DisableConfigDir()
	f, err := os.Open(filepath.Join(assets, "8-questions.pdf"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	info, err := api.PDFInfo(f, "8-questions.pdf", nil, false, model.NewDefaultConfiguration())
	if err != nil {
		t.Fatal(err)
	}
	if !info.Tagged || !info.Outlines {
		t.Errorf("tagged %v, outline %v; want both", info.Tagged, info.Outlines)
	}
	if info.Title != "8 Questions to Ask Your Marketing Team" || info.Author != "Gatehouse" {
		t.Errorf("title %q, author %q", info.Title, info.Author)
	}
	if info.PageCount != sheets {
		t.Errorf("%d pages, but %d sheets in the source", info.PageCount, sheets)
	}
}

func TestCommittedSizes(t *testing.T) {
	for _, tc := range []struct {
		file  string
		bytes int64
		width int // 0: no picture
	}{
		{"8-questions.pdf", 2_000_000, 0},
		{"8-questions-cover.png", 200_000, 900},
		{"8-questions-page-1.png", 200_000, 900},
		{"8-questions-page-2.png", 200_000, 900},
		{"8-questions-page-3.png", 200_000, 900},
		{"8-questions-og.png", 200_000, 1200},
	} {
		raw, err := os.ReadFile(filepath.Join(assets, tc.file))
		if err != nil {
			t.Error(err)
			continue
		}
		if int64(len(raw)) > tc.bytes {
			t.Errorf("%s has %d bytes, at most %d wanted", tc.file, len(raw), tc.bytes)
		}
		if tc.width == 0 {
			continue
		}
		if c, err := png.DecodeConfig(bytes.NewReader(raw)); err != nil || c.Width != tc.width {
			t.Errorf("%s: width %d, error %v; want %d", tc.file, c.Width, err, tc.width)
		}
	}
}
