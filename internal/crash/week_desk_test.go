package crash

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"
)

// desk is one member of staff at a browser that runs no script: it opens pages, fills in the forms that stand on them,
// and reads.
type desk struct {
	t      *testing.T
	base   string
	name   string
	email  string
	id     string
	client *http.Client
}

func newDesk(t *testing.T, base, name, email string) *desk {
	t.Helper()
	jar, _ := cookiejar.New(nil) // no options: never an error
	return &desk{t: t, base: base, name: name, email: email, client: &http.Client{Timeout: 30 * time.Second, Jar: jar, Transport: &http.Transport{}}}
}

// sheet is a page as it was answered.
type sheet struct {
	d      *desk
	path   string
	status int
	raw    string
	doc    *html.Node
}

func (d *desk) ask(method, path string, form url.Values) *sheet {
	d.t.Helper()
	req, err := http.NewRequestWithContext(d.t.Context(), method, d.base+path, strings.NewReader(form.Encode()))
	if err != nil {
		d.t.Fatal(err)
	}
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Origin", d.base)
	}
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	req.Header.Set("Accept", "text/html,application/xhtml+xml")
	req.Header.Set("User-Agent", browser)
	resp, err := d.client.Do(req)
	if err != nil {
		d.t.Fatalf("%s: %s %s: %v", d.name, method, path, err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		d.t.Fatal(err)
	}
	doc, err := html.Parse(strings.NewReader(string(body)))
	if err != nil {
		d.t.Fatal(err)
	}
	return &sheet{d: d, path: resp.Request.URL.RequestURI(), status: resp.StatusCode, raw: string(body), doc: doc}
}

// open opens a page, or fails the test.
func (d *desk) open(path string) *sheet {
	d.t.Helper()
	s := d.ask(http.MethodGet, path, nil)
	if s.status != http.StatusOK {
		d.t.Fatalf("%s opens %s: %d: %.300s", d.name, path, s.status, s.text())
	}
	return s
}

// fill opens a page and sends the form on it whose address ends so, with name and value in turn.
func (d *desk) fill(path, action string, values ...string) *sheet {
	d.t.Helper()
	return d.open(path).send(action, values...)
}

// send fills in a form of the page and gives the page that comes of it. A value that the form has no field for, or a choice
// that it does not offer, fails the test.
func (s *sheet) send(action string, values ...string) *sheet {
	s.d.t.Helper()
	var why string
	for f := range s.nodes("form") {
		to := attr(f, "action")
		if path, _, _ := strings.Cut(to, "#"); !strings.HasSuffix(path, action) || attr(f, "method") != "post" {
			continue
		}
		form, fault := filled(f, values)
		if fault != "" {
			why = fault
			continue
		}
		next := s.d.ask(http.MethodPost, to, form)
		if next.status != http.StatusOK {
			s.d.t.Fatalf("%s posts %s of %s: %d: %.400s", s.d.name, action, s.path, next.status, next.text())
		}
		return next
	}
	s.d.t.Fatalf("%s finds no form for …%s with %q on %s: %s", s.d.name, action, values, s.path, why)
	return nil
}

// filled is what a browser would post of a form: what stands in it, with some fields changed. Fields that staff do not see
// choose between forms with the same address.
func filled(f *html.Node, values []string) (form url.Values, fault string) {
	form = url.Values{}
	fields := map[string][]string{} // name -> what it offers; nil: anything
	for n := range f.Descendants() {
		name := attr(n, "name")
		switch {
		case n.Type != html.ElementNode || name == "":
		case n.Data == "select":
			chosen, offers := chosenOf(n)
			form.Set(name, chosen)
			fields[name] = offers
		case n.Data == "textarea":
			form.Set(name, "")
			if n.FirstChild != nil {
				form.Set(name, n.FirstChild.Data) // as it is written, lines and all
			}
			fields[name] = nil
		case n.Data == "button":
			fields[name] = append(fields[name], attr(n, "value"))
		case n.Data == "input" && attr(n, "type") == "hidden":
			form.Set(name, attr(n, "value"))
			fields[name] = []string{attr(n, "value")}
		case n.Data == "input" && (attr(n, "type") == "checkbox" || attr(n, "type") == "radio"):
			fields[name] = append(fields[name], attr(n, "value"), "")
			if has(n, "checked") {
				form.Set(name, attr(n, "value"))
			}
		case n.Data == "input":
			form.Set(name, attr(n, "value"))
			fields[name] = nil
		}
	}
	for i := 0; i+1 < len(values); i += 2 {
		name, value := values[i], values[i+1]
		offers, known := fields[name]
		if !known || offers != nil && !slices.Contains(offers, value) {
			return nil, "the form " + attr(f, "action") + " takes no " + name + "=" + value
		}
		form.Set(name, value)
	}
	return form, ""
}

func chosenOf(sel *html.Node) (chosen string, offers []string) {
	first := true
	for o := range sel.Descendants() {
		if o.Type != html.ElementNode || o.Data != "option" {
			continue
		}
		offers = append(offers, attr(o, "value"))
		if first || has(o, "selected") {
			chosen, first = attr(o, "value"), false
		}
	}
	return chosen, offers
}

// nodes are the elements of a name in the page's own part.
func (s *sheet) nodes(name string) func(yield func(*html.Node) bool) {
	return func(yield func(*html.Node) bool) {
		for n := range s.main().Descendants() {
			if n.Type == html.ElementNode && n.Data == name && !yield(n) {
				return
			}
		}
	}
}

// main is the page without what frames all of them.
func (s *sheet) main() *html.Node {
	for n := range s.doc.Descendants() {
		if n.Type == html.ElementNode && n.Data == "main" {
			return n
		}
	}
	return s.doc
}

// text is what there is to read on the page.
func (s *sheet) text() string { return textOf(s.main()) }

// says fails the test for each of these that the page does not say.
func (s *sheet) says(want ...string) *sheet {
	s.d.t.Helper()
	for _, w := range want {
		if text := s.text(); !strings.Contains(text, w) {
			s.d.t.Errorf("%s reads on %s nothing of %q, but: %.3000s", s.d.name, s.path, w, text)
		}
	}
	return s
}

// silent fails the test for each of these that the page says.
func (s *sheet) silent(unwanted ...string) *sheet {
	s.d.t.Helper()
	for _, w := range unwanted {
		if text := s.text(); strings.Contains(text, w) {
			s.d.t.Errorf("%s reads on %s of %q: %.3000s", s.d.name, s.path, w, text)
		}
	}
	return s
}

// row is the text of the first line of a table or list that says so; "" where none does.
func (s *sheet) row(says string) string {
	for n := range s.main().Descendants() {
		if n.Type == html.ElementNode && (n.Data == "tr" || n.Data == "li") && n.Parent != nil && n.Parent.Data != "thead" {
			if text := textOf(n); strings.Contains(text, says) {
				return text
			}
		}
	}
	return ""
}

// link is where the first link with a label leads.
func (s *sheet) link(label string) string {
	s.d.t.Helper()
	for a := range s.nodes("a") {
		if strings.TrimSpace(textOf(a)) == label {
			return attr(a, "href")
		}
	}
	s.d.t.Fatalf("%s finds no link %q on %s: %.2000s", s.d.name, label, s.path, s.text())
	return ""
}

// value is what stands in a field of the page.
func (s *sheet) value(id string) string {
	for n := range s.nodes("input") {
		if attr(n, "id") == id {
			return attr(n, "value")
		}
	}
	return ""
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func has(n *html.Node, name string) bool {
	return slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == name })
}

// textOf is the text in an element, with single spaces, without scripts, and without the soft hyphens and breaks.
func textOf(n *html.Node) string {
	var b strings.Builder
	var walk func(*html.Node)
	walk = func(n *html.Node) {
		switch {
		case n.Type == html.TextNode:
			b.WriteString(n.Data)
		case n.Type == html.ElementNode && (n.Data == "script" || n.Data == "style" || n.Data == "svg"):
			return
		case n.Type == html.ElementNode && !slices.Contains([]string{"wbr", "strong", "span", "a", "code"}, n.Data):
			b.WriteString(" ")
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			walk(c)
		}
	}
	walk(n)
	return strings.Join(strings.Fields(strings.ReplaceAll(b.String(), "\u00ad", "")), " ")
}
