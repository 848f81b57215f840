package e2e

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/gatehouse/gatehouse/internal/testkit/browser"
)

// prospect is a person at a browser.
type prospect struct {
	*browser.Page
	t *testing.T
}

func visit(t *testing.T, b *browser.Browser, s *site) *prospect {
	t.Helper()
	return &prospect{Page: b.NewPage(t, s.URL()), t: t}
}

// sendButton is the form's own.
const sendButton = `form[data-gate] button[type=submit]`

// fill types answers into the fields that are named.
func (p *prospect) fill(answers map[string]string) {
	p.t.Helper()
	for _, name := range []string{"email", "given_name", "family_name", "company", "job_title", "country", "tel"} {
		value, given := answers[name]
		switch {
		case !given:
		case name == "country":
			p.Choose(`[name=country]`, value)
		default:
			p.Type(`[name=`+name+`]`, value)
		}
	}
}

// good is a complete set of answers.
func good(email string) map[string]string {
	return map[string]string{"email": email, "given_name": "Ann", "family_name": "Archer", "company": "Archer & Sons",
		"job_title": "Managing director", "country": "GB", "tel": "020 7946 0018"}
}

// opens goes to the form and waits until its script has learnt when that was.
func (p *prospect) opens(path string) {
	p.t.Helper()
	p.Open(path)
	p.Until(`document.querySelector("[name=form_token]").value !== ""`)
}

// faulty checks that exactly these fields are marked, each with a sentence of its own that the field is described by, and
// that the first has the focus.
func (p *prospect) faulty(names ...string) {
	p.t.Helper()
	p.Until(`[...document.querySelectorAll("[aria-invalid=true]")].map(e => e.name).join() === ` + browser.Quote(strings.Join(names, ",")))
	p.Until(`document.activeElement?.name === ` + browser.Quote(names[0]))
	for _, name := range names {
		p.Until(`(() => { const e = document.querySelector("[name=` + name + `]"), id = e.id + "-error", line = document.getElementById(id);
			return e.getAttribute("aria-describedby").split(" ").includes(id) && line.checkVisibility() && line.innerText.trim().length > 10 })()`)
	}
}

// findsMail opens the inbox and the newest mail to an address, and returns the personal link in it.
func (p *prospect) findsMail(address string) (link string) {
	p.t.Helper()
	mine := `[...document.querySelectorAll("tbody tr")].find(r => r.innerText.includes(` + browser.Quote(address) + `))`
	eventually(p.t, "a mail to "+address, func() error {
		p.Open("/dev/mail")
		return p.Within(0, mine)
	})
	browser.Eval[bool](p.Page, `(`+mine+`).querySelector("a").setAttribute("data-mine", ""), true`)
	p.Click(`[data-mine]`)
	p.At("/dev/mail/")
	p.See("8 Questions to Ask Your Marketing Team")
	return browser.Eval[string](p.Page, `[...document.querySelectorAll(".mail-links a")].map(a => a.href).find(h => new URL(h).pathname.startsWith("/d/"))`)
}

// followsLink goes from the open mail to the personal page.
func (p *prospect) followsLink() {
	p.t.Helper()
	p.Click(`.mail-links a[href*="/d/"]`)
	p.At("/d/")
	p.See("Read it here")
}

// anonymous checks that a page names nobody.
func (p *prospect) anonymous(secrets ...string) {
	p.t.Helper()
	source := browser.Eval[string](p.Page, `document.documentElement.outerHTML`)
	for _, s := range secrets {
		if strings.Contains(strings.ToLower(source), strings.ToLower(s)) {
			p.t.Errorf("%s names %q", p.Path()[:3], s)
		}
	}
}

const (
	readButton     = `form[action$="/read"] button`
	downloadButton = `form[action$="/file"] button`
)

// downloads presses "Download" and compares the file.
func (p *prospect) downloads() {
	p.t.Helper()
	name, content := p.Download(downloadButton)
	same(p.t, "the download", content, paper(p.t))
	if !strings.HasSuffix(name, ".pdf") || !strings.Contains(name, "8 Questions") {
		p.t.Errorf("the file is called %q", name)
	}
}

// reads presses "Read it here": the browser shows the document itself, in the window.
func (p *prospect) reads() {
	p.t.Helper()
	p.Click(readButton)
	p.Until(`location.pathname.endsWith("/file") && document.contentType === "application/pdf"`)
	p.ShowsPDF()
	a := p.AnswerTo("inline=1")
	if a.Status != http.StatusOK || a.Type != "application/pdf" || !strings.HasPrefix(a.Headers["content-disposition"], "inline") {
		p.t.Errorf("reading answers %d, %s, %s", a.Status, a.Type, a.Headers["content-disposition"])
	}
	resp, err := http.Get(a.URL)
	if err != nil {
		p.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	content, err := io.ReadAll(resp.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	same(p.t, "reading", content, paper(p.t))
}

// untraced checks that the visit left nothing in the browser and told nobody else.
func (p *prospect) untraced() {
	p.t.Helper()
	if traces := p.Traces(); len(traces) > 0 {
		p.t.Errorf("the browser keeps %q", traces)
	}
	if strangers := p.Strangers(); len(strangers) > 0 {
		p.t.Errorf("other hosts were asked: %q", strangers)
	}
}

// posts are the bodies posted to the gate.
func (p *prospect) posts() (bodies []string) {
	for _, r := range p.Requests() {
		if r.Method == http.MethodPost && strings.HasSuffix(r.URL, gate) {
			bodies = append(bodies, r.Body)
		}
	}
	return bodies
}
