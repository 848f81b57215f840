package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/chromedp/chromedp"
)

// browser is one headless Chromium with an empty profile of its own.
type browser struct {
	ctx    context.Context
	cancel []context.CancelFunc
}

// flags keep the browser quiet (no traffic of its own) and able to run as
// root inside a container, where its sandbox and /dev/shm are not available.
var flags = []chromedp.ExecAllocatorOption{
	chromedp.Headless,
	chromedp.NoSandbox,
	chromedp.DisableGPU,
	chromedp.NoFirstRun,
	chromedp.NoDefaultBrowserCheck,
	chromedp.Flag("disable-quic", true),
	chromedp.Flag("disable-background-networking", true),
	chromedp.Flag("disable-component-update", true),
	chromedp.Flag("disable-sync", true),
	chromedp.Flag("disable-dev-shm-usage", true),
	chromedp.Flag("force-color-profile", "srgb"),
	chromedp.Flag("hide-scrollbars", true),
}

func openBrowser(parent context.Context, path string) (*browser, error) {
	opts := append([]chromedp.ExecAllocatorOption{chromedp.ExecPath(path)}, flags...)
	alloc, stopAlloc := chromedp.NewExecAllocator(parent, opts...)
	ctx, stop := chromedp.NewContext(alloc)
	b := &browser{ctx: ctx, cancel: []context.CancelFunc{stop, stopAlloc}}
	if err := chromedp.Do(ctx); err != nil {
		b.close()
		return nil, fmt.Errorf("start %s: %w", path, err)
	}
	return b, nil
}

func (b *browser) close() {
	for _, stop := range b.cancel {
		stop()
	}
}

// metadata is what the source says about itself, copied into the PDF.
type metadata struct {
	Title       string `json:"title"`
	Lang        string `json:"lang"`
	Author      string `json:"author"`
	Description string `json:"description"`
}

const readMetadata = `(() => {
	const meta = n => document.querySelector('meta[name="' + n + '"]')?.content ?? "";
	return {title: document.title, lang: document.documentElement.lang,
		author: meta("author"), description: meta("description")};
})()`

// findOverflow lists what runs below the folio of its page or out of its
// sides: on paper such text is cut off or pushes an extra page in.
const findOverflow = `[...document.querySelectorAll(".page")].flatMap((sheet, i) => {
	const box = sheet.getBoundingClientRect();
	const folio = sheet.querySelector(".folio");
	const floor = folio ? folio.getBoundingClientRect().top - 8 : box.bottom;
	return [...sheet.querySelectorAll("p, li, h1, h2, h3, figure, svg, table, dl, aside, blockquote")]
		.filter(el => !el.closest(".folio, .bleed") && !el.parentElement.closest("svg"))
		.filter(el => { const r = el.getBoundingClientRect();
			return r.height > 0 && (r.bottom > floor + 1 || r.right > box.right + 1 || r.left < box.left - 1); })
		.map(el => "page " + (i + 1) + ": <" + el.localName + "> " +
			Math.round(el.getBoundingClientRect().bottom - floor) + " px: " + el.textContent.trim().slice(0, 50));
})`

// printPDF prints one HTML file as the tagged PDF that Chromium makes of it.
// It fails where the source lacks title, language or author, or overflows.
func (b *browser) printPDF(file string) ([]byte, metadata, error) {
	if err := b.open(file); err != nil {
		return nil, metadata{}, err
	}
	meta, err := chromedp.Run(b.ctx, chromedp.Evaluate[metadata](readMetadata))
	if err != nil {
		return nil, meta, fmt.Errorf("read what %s says about itself: %w", file, err)
	}
	if meta.Title == "" || meta.Lang == "" || meta.Author == "" {
		return nil, meta, fmt.Errorf("%s needs a title, a language and an author: %+v", file, meta)
	}
	over, err := chromedp.Run(b.ctx, chromedp.Evaluate[[]string](findOverflow))
	if err != nil {
		return nil, meta, fmt.Errorf("measure the pages of %s: %w", file, err)
	}
	if len(over) > 0 {
		return nil, meta, errors.New("text runs out of its page:\n  " + strings.Join(over, "\n  "))
	}
	pdf, err := chromedp.Run(b.ctx, chromedp.PrintToPDF(
		chromedp.PDFPrintBackground(),
		chromedp.PDFPreferCSSPageSize(),
		chromedp.PDFOutlineAndTagged(),
	))
	if err != nil {
		return nil, meta, fmt.Errorf("print %s: %w", file, err)
	}
	return pdf, meta, nil
}

// social draws a 1200 x 630 picture, the size that link previews expect.
func (b *browser) social(file, out string) error {
	if err := chromedp.Do(b.ctx, chromedp.EmulateViewport(1200, 630)); err != nil {
		return err
	}
	if err := b.open(file); err != nil {
		return err
	}
	shot, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		return fmt.Errorf("draw %s: %w", file, err)
	}
	small, err := shrinkPNG(shot)
	if err != nil {
		return err
	}
	return os.WriteFile(out, small, 0o644)
}

// open loads a file and waits for its fonts and pictures.
func (b *browser) open(file string) error {
	const ready = `Promise.all([document.fonts.ready, ...[...document.images].map(i => i.decode())]).then(() => true)`
	if err := chromedp.Do(b.ctx, chromedp.Navigate(fileURL(file))); err != nil {
		return fmt.Errorf("open %s: %w", file, err)
	}
	if _, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](ready, chromedp.EvalAwaitPromise)); err != nil {
		return fmt.Errorf("load the pictures of %s: %w", file, err)
	}
	return nil
}

func fileURL(path string) string {
	return (&url.URL{Scheme: "file", Path: filepath.ToSlash(path)}).String()
}
