package browser

import (
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/cdproto/storage"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
)

// Request is one request that the window sent, redirects apart.
type Request struct {
	Method, URL, Body string
	Headers           map[string]string
}

// Answer is what came back for a document or a fetch.
type Answer struct {
	URL     string
	Status  int
	Type    string // media type
	Headers map[string]string
}

// hear is called by the browser for every event, in order; it must not call back.
func (p *Page) hear(event any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		p.requests = append(p.requests, Request{Method: e.Request.Method, URL: e.Request.URL, Body: bodyOf(e.Request), Headers: headers(e.Request.Headers)})
	case *network.EventResponseReceived:
		p.answers = append(p.answers, Answer{URL: e.Response.URL, Status: int(e.Response.Status), Type: e.Response.MimeType, Headers: headers(e.Response.Headers)})
	case *log.EventEntryAdded:
		if e.Entry.Level == "error" || e.Entry.Source == "security" {
			p.complain(e.Entry.Text + " " + e.Entry.URL)
		}
	case *runtime.EventConsoleAPICalled:
		if e.Type == "error" || e.Type == "assert" {
			p.complain("console." + string(e.Type))
		}
	case *runtime.EventExceptionThrown:
		text := e.ExceptionDetails.Text
		if e.ExceptionDetails.Exception != nil {
			text += " " + e.ExceptionDetails.Exception.Description
		}
		p.complain(text)
	case *browser.EventDownloadWillBegin:
		p.files[e.GUID] = e.SuggestedFilename
	case *browser.EventDownloadProgress:
		if e.State == browser.DownloadProgressStateCompleted && !slices.Contains(p.arrived, e.GUID) {
			p.arrived = append(p.arrived, e.GUID)
		}
	}
}

func (p *Page) complain(text string) {
	for _, e := range p.expected {
		if strings.Contains(text, e) {
			return
		}
	}
	p.complaints = append(p.complaints, strings.TrimSpace(text))
}

// Expect names a part of complaints that the test brings about on purpose, such as "status of 422".
func (p *Page) Expect(parts ...string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.expected = append(p.expected, parts...)
}

// Complaints are errors in the console: failed requests, exceptions, refusals by a policy.
func (p *Page) Complaints() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.complaints)
}

// Requests are all requests so far.
func (p *Page) Requests() []Request {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.requests)
}

// Strangers are requests to any host but the site's.
func (p *Page) Strangers() (out []string) {
	own, _ := url.Parse(p.base)
	for _, r := range p.Requests() {
		u, err := url.Parse(r.URL)
		if err != nil || (u.Scheme == "http" || u.Scheme == "https" || u.Scheme == "ws" || u.Scheme == "wss") && u.Host != own.Host {
			out = append(out, r.URL)
		}
	}
	return out
}

// Traces are what the visitor's browser keeps: cookies of any site, and the names in the storages of the page shown.
func (p *Page) Traces() []string {
	p.t.Helper()
	res, err := chromedp.CallBrowser(p.ctx, storage.GetCookies, storage.GetCookiesParams{BrowserContextID: chromedp.FromContext(p.ctx).BrowserContextID})
	if err != nil {
		p.t.Fatal(err)
	}
	var out []string
	for _, c := range res.Cookies {
		out = append(out, "cookie "+c.Name)
	}
	return append(out, Eval[[]string](p, `[...Object.keys(localStorage), ...Object.keys(sessionStorage)].map(k => "storage " + k)`)...)
}

// AnswerTo is the answer to the last request whose address contains part.
func (p *Page) AnswerTo(part string) Answer {
	p.t.Helper()
	var found Answer
	p.wait("an answer to "+part, func() bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		for _, a := range slices.Backward(p.answers) {
			if strings.Contains(a.URL, part) {
				found = a
				return true
			}
		}
		return false
	})
	return found
}

// Download presses what starts a download and returns the name that the browser gives the file, and its bytes.
func (p *Page) Download(selector string) (name string, content []byte) {
	p.t.Helper()
	p.mu.Lock()
	before := len(p.arrived)
	p.mu.Unlock()
	p.Click(selector)
	var id string
	p.wait("a download", func() bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		if len(p.arrived) == before {
			return false
		}
		id = p.arrived[len(p.arrived)-1]
		name = p.files[id]
		return true
	})
	content, err := os.ReadFile(filepath.Join(p.dir, id))
	if err != nil {
		p.t.Fatal(err)
	}
	return name, content
}

// wait asks until the answer is yes.
func (p *Page) wait(what string, ask func() bool) {
	p.t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(patience); !ask(); {
		if time.Now().After(end) {
			p.t.Fatalf("waited %s for %s; the page is %s:\n%.1500s", patience, what, p.Path(), p.text())
		}
		<-tick.C
	}
}

func bodyOf(r *network.Request) string {
	var b strings.Builder
	for _, e := range r.PostDataEntries {
		b.Write(e.Bytes)
	}
	return b.String()
}

func headers(h network.Headers) map[string]string {
	out := map[string]string{}
	for k, v := range h {
		if s, ok := v.(string); ok {
			out[strings.ToLower(k)] = s
		}
	}
	return out
}

// ShowsPDF waits until the browser's own viewer has drawn the document of this window: its frame then holds another one
// with the document's address. A policy that forbids the viewer leaves an empty window.
func (p *Page) ShowsPDF() {
	p.t.Helper()
	here := p.base + p.Path()
	p.wait("the viewer to show the document", func() bool {
		res, err := chromedp.CallBrowser(p.ctx, target.GetTargets, target.GetTargetsParams{Filter: target.Filter{{}}})
		return err == nil && slices.ContainsFunc(res.TargetInfos, func(i *target.Info) bool { return i.Type == "iframe" && i.URL == here })
	})
}
