package browser

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// Do sends one command of the browser's protocol.
func Do[P, R any](p *Page, cmd cdp.Command[P, R], params P) {
	p.t.Helper()
	ctx, end := context.WithTimeout(p.ctx, patience)
	defer end()
	if _, err := chromedp.Call(ctx, cmd, params); err != nil {
		p.t.Fatalf("%s: %v", cmd.Method, err)
	}
}

func (p *Page) do(what string, a chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	ctx, end := context.WithTimeout(p.ctx, patience)
	defer end()
	if err := chromedp.Do(ctx, a); err != nil {
		p.t.Fatalf("%s: %v; the page is %s:\n%.1500s", what, err, p.Path(), p.text())
	}
}

// Eval is the value of an expression in the page; a promise is awaited.
func Eval[T any](p *Page, expression string) T {
	p.t.Helper()
	v, err := eval[T](p, expression)
	if err != nil {
		p.t.Fatalf("%s: %v", expression, err)
	}
	return v
}

func eval[T any](p *Page, expression string) (T, error) {
	ctx, end := context.WithTimeout(p.ctx, patience)
	defer end()
	return chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
}

// Open goes to a path of the site, or to a whole address, and waits until the page has loaded.
func (p *Page) Open(path string) {
	p.t.Helper()
	if strings.HasPrefix(path, "/") {
		path = p.base + path
	}
	p.do("open "+path, chromedp.Navigate(path))
}

// Path is where the page is: path and query.
func (p *Page) Path() string {
	s, _ := eval[string](p, `location.pathname + location.search`)
	return s
}

func (p *Page) text() string {
	s, _ := eval[string](p, `document.body?.innerText ?? ""`)
	return s
}

// Until waits for a condition in the page, across navigations. The page may be without script: it is asked from outside.
func (p *Page) Until(condition string) {
	p.t.Helper()
	p.wait(condition, func() bool {
		ok, err := eval[bool](p, `!!(`+condition+`)`)
		return err == nil && ok
	})
}

// At waits until the page's path begins so and its document is complete.
func (p *Page) At(prefix string) {
	p.t.Helper()
	p.Until(`location.pathname.startsWith(` + Quote(prefix) + `) && document.readyState === "complete"`)
}

// See waits until the page shows a text.
func (p *Page) See(text string) {
	p.t.Helper()
	p.Until(`document.body && document.body.innerText.toLowerCase().includes(` + Quote(strings.ToLower(text)) + `)`)
}

// Never fails when the page shows a text.
func (p *Page) Never(text string) {
	p.t.Helper()
	if strings.Contains(strings.ToLower(p.text()), strings.ToLower(text)) {
		p.t.Errorf("%s shows %q", p.Path(), text)
	}
}

// Click presses what a CSS selector finds first, with the mouse.
func (p *Page) Click(selector string) {
	p.t.Helper()
	p.Until(`document.querySelector(` + Quote(selector) + `)`)
	p.do("click "+selector, chromedp.Click(chromedp.CSS(selector), chromedp.NodeVisible))
}

// Press is Click for a link or button by the words on it.
func (p *Page) Press(words string) {
	p.t.Helper()
	const mark = "data-test-pressed"
	p.Until(`(() => { document.querySelectorAll("[` + mark + `]").forEach(e => e.removeAttribute("` + mark + `"));
		const e = [...document.querySelectorAll("main a, main button, dialog button, nav a, summary")].find(e => e.checkVisibility() && e.innerText.trim().startsWith(` + Quote(words) + `));
		e?.setAttribute("` + mark + `", ""); return e })()`)
	p.Click("[" + mark + "]")
}

// Type replaces what stands in a field by what is typed, key by key.
func (p *Page) Type(selector, text string) {
	p.t.Helper()
	p.Until(`document.querySelector(` + Quote(selector) + `)`)
	Eval[bool](p, `(() => { const e = document.querySelector(`+Quote(selector)+`); e.focus(); e.select?.(); return true })()`)
	if text == "" {
		p.Key("Delete")
		return
	}
	p.do("type into "+selector, chromedp.KeyEvent(text))
}

// Key presses one key: "Delete", "Tab" or "Enter".
func (p *Page) Key(name string) {
	p.t.Helper()
	p.do("key "+name, chromedp.KeyEvent(map[string]string{"Delete": kb.Delete, "Tab": kb.Tab, "Enter": kb.Enter}[name]))
}

// Choose sets a select.
func (p *Page) Choose(selector, value string) {
	p.t.Helper()
	Eval[bool](p, `(() => { const e = document.querySelector(`+Quote(selector)+`); e.value = `+Quote(value)+`;
		e.dispatchEvent(new Event("input", {bubbles: true})); e.dispatchEvent(new Event("change", {bubbles: true})); return e.value === `+Quote(value)+` })()`)
}

// Value is what stands in a field.
func (p *Page) Value(selector string) string {
	p.t.Helper()
	return Eval[string](p, `document.querySelector(`+Quote(selector)+`)?.value ?? "(there is no such field)"`)
}

// Attach picks a file in an input of type file.
func (p *Page) Attach(selector, file string) {
	p.t.Helper()
	p.do("attach "+file, chromedp.SetUploadFiles(chromedp.CSS(selector), []string{file}))
}

// ScriptsOff lets no script of a page run from the next page on.
func (p *Page) ScriptsOff() {
	p.t.Helper()
	Do(p, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
}

// Offline takes the network away, or gives it back.
func (p *Page) Offline(on bool) {
	p.t.Helper()
	Do(p, network.EmulateNetworkConditionsByRule, network.EmulateNetworkConditionsByRuleParams{MatchedNetworkConditions: []*network.Conditions{
		{Offline: on, DownloadThroughput: -1, UploadThroughput: -1}}})
}

// Within runs a step with a deadline of its own and reports whether it was met.
func (p *Page) Within(d time.Duration, condition string) error {
	end := time.Now().Add(d)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if ok, err := eval[bool](p, `!!(`+condition+`)`); err == nil && ok {
			return nil
		}
		if time.Now().After(end) {
			return errors.New(fmt.Sprint("not within ", d, ": ", condition))
		}
		<-tick.C
	}
}

// Quote writes a text as a literal of JavaScript.
func Quote(s string) string {
	b, _ := json.Marshal(s)
	return string(b)
}
