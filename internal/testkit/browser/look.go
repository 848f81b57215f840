package browser

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// EnvShots names a folder for pictures of every page; without it none are taken.
const EnvShots = "GATEHOUSE_SHOTS"

// axe is axe-core 4.14.1, as it was published.
//
//go:embed vendor/axe-core/axe.min.js
var axe string

// axeSum is the sha256 of that file.
const axeSum = "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c"

// View is one way of looking at a page.
type View struct {
	Width, Height int64
	Scheme        string // light or dark
}

// large is the width of a large screen.
const large = 1920

// Views are a phone, a desk and a large screen, by day and by night; each differs in width from the one before, so that all is laid out anew.
var Views = []View{{390, 844, "light"}, {1280, 800, "light"}, {large, 1080, "light"}, {390, 844, "dark"}, {1280, 800, "dark"}, {large, 1080, "dark"}}

// String is the width and the scheme.
func (v View) String() string { return fmt.Sprintf("%d %s", v.Width, v.Scheme) }

// See changes the window and the colour scheme of the page shown.
func (v View) See(p *Page) {
	p.t.Helper()
	Do(p, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: v.Scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}}})
	p.do("resize", chromedp.EmulateViewport(v.Width, v.Height))
	Eval[bool](p, settled)
	p.Until(fmt.Sprintf(`innerWidth === %d && matchMedia("(prefers-color-scheme: %s)").matches`, v.Width, v.Scheme))
}

// settled resolves when pictures are there, a frame has been drawn and no colour is on its way to another one.
const settled = `Promise.all([...document.images].map(i => i.decode().catch(() => {})))
	.then(() => new Promise(r => requestAnimationFrame(() => requestAnimationFrame(r))))
	.then(() => { document.getAnimations().forEach(a => { try { a.finish() } catch { a.cancel() } }); return new Promise(r => requestAnimationFrame(() => requestAnimationFrame(() => r(true)))) })`

// BypassPolicy lets axe run in pages whose policy refuses scripts that are not ours; for windows that only look.
func (p *Page) BypassPolicy() {
	p.t.Helper()
	Do(p, page.SetBypassCSP, page.SetBypassCSPParams{Enabled: true})
}

const ask = `axe.run(document, {resultTypes: ["violations"]}).then(r => r.violations.flatMap(v => v.nodes.map(n =>
	v.id + ": " + n.target.join(" ") + " " + n.failureSummary.replace(/\s+/g, " "))))`

// Look shows the page that is open in every view, and returns what axe finds and whether it is wider than its window,
// each with the view. With the name it takes a picture of each view.
func (p *Page) Look(name string) (faults []string) {
	p.t.Helper()
	for _, v := range Views {
		v.See(p)
		if v.Width < large { // what axe judges does not change beyond a desk
			faults = append(faults, p.judged(name, v)...)
		}
		if Eval[bool](p, `document.documentElement.scrollWidth > innerWidth`) {
			faults = append(faults, fmt.Sprintf("%s (%s) is wider than its window", name, v))
		}
		p.Shot(fmt.Sprintf("%s-%d-%s", name, v.Width, v.Scheme))
	}
	return faults
}

// judged is what axe finds in the page as it stands.
func (p *Page) judged(name string, v View) (faults []string) {
	p.t.Helper()
	if !Eval[bool](p, `"axe" in window`) {
		Eval[bool](p, axe+"\n;true")
	}
	for _, f := range Eval[[]string](p, ask) {
		faults = append(faults, fmt.Sprintf("%s (%s): %s", name, v, f))
	}
	return faults
}

// Shot writes a picture of the whole page into the folder of EnvShots, if there is one.
func (p *Page) Shot(name string) {
	dir := os.Getenv(EnvShots)
	if dir == "" {
		return
	}
	ctx, end := context.WithTimeout(p.ctx, patience)
	defer end()
	shot, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
	if err == nil {
		err = os.MkdirAll(dir, 0o755)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, strings.ReplaceAll(name, "/", "-")+".png"), shot, 0o600)
	}
	if err != nil {
		p.t.Logf("no picture of %s: %v", name, err)
	}
}
