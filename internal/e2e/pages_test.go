package e2e

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse/gatehouse/internal/testkit"
	"github.com/gatehouse/gatehouse/internal/testkit/browser"
	"github.com/gatehouse/gatehouse/internal/token"
)

// looker opens pages and lets axe judge each on a phone and a desk, by day and by night. Its window lets axe in, past the
// policy that every other test runs under.
type looker struct {
	*browser.Page
	t      *testing.T
	faults []string
}

func look(t *testing.T, p *browser.Page) *looker {
	t.Helper()
	p.BypassPolicy()
	p.Expect("status of 404", "status of 422", "status of 401", "status of 503")
	return &looker{Page: p, t: t}
}

// page opens a path and looks at it.
func (l *looker) page(name, path string) {
	l.t.Helper()
	l.Open(path)
	l.shown(name)
}

// shown looks at what the window shows.
func (l *looker) shown(name string) {
	l.t.Helper()
	if strings.Contains(browser.Eval[string](l.Page, `document.body.innerText`), "Something went wrong on our side") {
		l.t.Errorf("%s (%s) is an internal error", name, l.Path())
	}
	l.faults = append(l.faults, l.Look(name)...)
}

func (l *looker) verdict() {
	l.t.Helper()
	for _, f := range l.faults {
		l.t.Error(f)
	}
}

// posted sends the form as a program without script would, with more hidden fields if given; the answer is the path of
// the thank-you page.
func (s *site) posted(agent string, values map[string]string) string {
	s.t.Helper()
	form := url.Values{}
	for k, v := range values {
		form.Set(k, v)
	}
	req, err := http.NewRequest(http.MethodPost, s.URL()+gate, strings.NewReader(form.Encode()))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("User-Agent", agent)
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusSeeOther {
		body, _ := io.ReadAll(resp.Body)
		s.t.Fatalf("the form answers %d: %.600s", resp.StatusCode, body)
	}
	return resp.Header.Get("Location")
}

const browserAgent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"

// quarantined posts what looks like a robot: a program that fills the hidden field, with links.
func (s *site) quarantined(p *browser.Page, email string) (thanks string) {
	s.t.Helper()
	p.Open(gate)
	trap := browser.Eval[string](p, `document.querySelector(".aside-field input").name`)
	values := good(email)
	values[trap], values["company"] = "yes", "see https://a.example and https://b.example"
	return s.posted("curl/8.0", values)
}

func TestPublicPages(t *testing.T) {
	s, b := open(t, database(t)), browser.Start(t)
	l := look(t, b.NewPage(t, s.URL()))
	l.page("inbox-empty", "/dev/mail")
	l.page("library", "/")
	l.page("gate", gate)
	l.Click(sendButton)
	l.Until(`document.querySelectorAll("[aria-invalid=true]").length === 4`)
	l.shown("gate-faults")
	l.page("privacy", "/privacy")
	l.page("imprint", "/imprint")
	l.page("not-found", "/no-such-page")
	l.page("api-docs", "/api/docs")

	address := "dora.dean@gmail.com"
	thanks := s.posted(browserAgent, good(address))
	l.Open(thanks)
	l.Until(`document.getElementById("state").dataset.state === "sent"`)
	l.shown("thanks-sent")
	l.Open(thanks)
	l.Type(`[name=email]`, "dora.dean@gmial.com")
	l.Click(`form[action$="/correct"] button`)
	l.Until(`document.querySelector(".mend .field-faulty")`)
	l.shown("thanks-correct")
	l.Open(thanks)
	l.Click(`.said-questions li:nth-child(2) .said-tap`)
	l.Until(`document.querySelector(".said-questions li:nth-child(2) .said-tap").ariaPressed === "true"`)
	l.See("Noted: this one is you.")
	l.Click(`#open-call`)
	l.Click(`#tap-call`)
	l.Until(`document.querySelectorAll(".said-form [aria-invalid=true]").length > 0`)
	l.shown("thanks-call")
	held := good(address)
	held["company"] = "Archer and Daughters"
	l.Open(s.posted(browserAgent, held))
	held["company"] = "Archer and Nieces"
	again := s.posted(browserAgent, held)
	l.Open(again)
	eventually(t, "a mail that waits", func() error {
		l.Open(again)
		return l.Within(0, `document.getElementById("state").dataset.state === "held"`)
	})
	l.shown("thanks-held")
	l.page("thanks-quarantined", s.quarantined(l.Page, "robot@example.org"))

	p := &prospect{Page: l.Page, t: t}
	link := p.findsMail(address)
	l.shown("mail-letter")
	mail := l.Path()
	l.page("mail-text", mail+"?tab=text")
	l.page("mail-source", mail+"?tab=source")
	l.Open(mail + "/html") // a letter, not a page: it has no landmarks
	l.Shot("mail-itself")
	l.page("inbox", "/dev/mail")
	l.Open(mail)
	preferences := browser.Eval[string](l.Page, `[...document.querySelectorAll(".mail-links a")].map(a => a.href).find(h => new URL(h).pathname.startsWith("/u/"))`)
	l.page("personal", link)
	l.Click(`.said-questions li:nth-child(5) .said-tap`)
	l.See("Noted: this one is you.")
	l.Click(`#way-mail`)
	l.Until(`document.querySelector("#way-mail").ariaPressed === "true"`)
	if at := l.Path(); !strings.HasPrefix(at, "/d/") || strings.Contains(at, "said") {
		t.Errorf("a tap left the page for %s", at)
	}
	l.shown("personal-said")
	l.page("expired", otherLink(t, link, func(c *token.Claims) { c.Expiry = time.Now().Add(-time.Hour) }))
	l.Click(`main form button`)
	l.See("to the same address")
	l.shown("expired-sent")
	l.page("superseded", otherLink(t, link, func(c *token.Claims) { c.Serial = 0 }))
	l.page("preferences", preferences)
	l.Click(`#choice-requested`)
	l.Click(`main form button`)
	l.See("Saved.")
	l.shown("preferences-saved")
	losePaper(t, s.options.Dir)
	l.page("personal-missing", link)
	l.verdict()
}

// otherLink is the personal link with other claims, signed as the program would.
func otherLink(t *testing.T, link string, change func(*token.Claims)) string {
	t.Helper()
	head, tail, ok := strings.Cut(link, "/d/")
	keys := token.NewKeys(secret)
	c, err := keys.Open(token.Grant, tail)
	if !ok || err != nil {
		t.Fatalf("the link %s cannot be read: %v", link, err)
	}
	change(&c)
	return head + "/d/" + keys.Mint(token.Grant, c)
}

// losePaper removes every stored document from the data folder, as a careless hand would.
func losePaper(t *testing.T, dir string) {
	t.Helper()
	lost := 0
	err := filepath.WalkDir(filepath.Join(dir, "documents"), func(path string, d os.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			lost++
			return os.Remove(path)
		}
		return err
	})
	if err != nil || lost == 0 {
		t.Fatalf("%d files removed: %v", lost, err)
	}
}

var (
	adminGet = regexp.MustCompile(`\{get, "(/admin[^"]*)"`)
	notPages = regexp.MustCompile(`\.csv$|/file$|/cover$|^/admin/(setup|login|reset)`)
)

// Every page that the route table names: those with an id through the first row of their list.
func TestStaffPages(t *testing.T) {
	s, b := open(t, database(t)), browser.Start(t)
	l := look(t, b.NewPage(t, s.URL()))
	l.page("door-setup", s.setupURL())
	l.page("door-login", "/admin/login")
	l.Type(`[name=email]`, "nobody@example.org")
	l.Type(`[name=password]`, "not the password")
	l.Click(`main button[type=submit]`)
	l.Until(`document.querySelector("#login-error")`)
	l.shown("door-login-fault")
	l.page("door-reset", "/admin/reset")

	a := s.admin(b)
	staff := look(t, a.Page)
	staff.page("home-empty", "/admin")
	staff.page("leads-empty", "/admin/leads")
	staff.page("quarantine-empty", "/admin/quarantine")
	for i := range 6 {
		values := good(fmt.Sprintf("person%d@company%d.example", i, i))
		values["company"], values["utm_source"] = fmt.Sprintf("Company %d", i), []string{"newsletter", "trade-press", ""}[i%3]
		s.posted(browserAgent, values)
	}
	s.quarantined(l.Page, "robot@example.org")
	a.leadOf("person5@company5.example", "Company 5", "Mail sent")

	source, err := os.ReadFile(filepath.Join(testkit.Root(), "internal", "web", "admin_routes.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range adminGet.FindAllStringSubmatch(string(source), -1) {
		path := m[1]
		if notPages.MatchString(path) {
			continue
		}
		name := "staff" + strings.ReplaceAll(strings.TrimPrefix(path, "/admin"), ":", "")
		staff.page(name, staff.filled(path))
	}
	l.page("door-setup-spent", s.setupURL())
	l.verdict()
	staff.verdict()
}

// filled replaces ":id" by the first one that the list above it links to.
func (l *looker) filled(path string) string {
	l.t.Helper()
	list, rest, ok := strings.Cut(path, "/:id")
	if !ok {
		return path
	}
	found := ""
	eventually(l.t, "a row in "+list, func() error {
		l.Open(list)
		found = browser.Eval[string](l.Page, `[...document.querySelectorAll("main a")].map(a => a.pathname).find(p => /^`+strings.ReplaceAll(list, "/", `\/`)+`\/[0-9a-f-]{36}$/.test(p)) ?? ""`)
		if found == "" {
			return errors.New("none yet")
		}
		return nil
	})
	return found + rest
}
