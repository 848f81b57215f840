package e2e

import (
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/gatehouse/gatehouse/internal/testkit/browser"
	"github.com/gatehouse/gatehouse/internal/testkit/proc"
)

var (
	anID      = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f-]{27}`)
	aDownload = regexp.MustCompile(`\.(csv|ics)$|/file$|/cover$|/photo$|/admin/(logout|messages|documents|gates|submissions|quarantine|users|keys|settings|audit|verify)`)
	salesDoor = regexp.MustCompile(`https?://\S+/admin/setup/\S+`)
)

// Every page of sales that a link leads to, in a house that has sold for a while: as the admin sees them, and as somebody
// does who sells. A link that leads nowhere is found by following it.
func TestSalesPages(t *testing.T) {
	o := database(t)
	s, b := open(t, o), browser.Start(t)
	if code, out, fault := proc.Run(t, s.options, "seed", "--leads", "300", "--days", "60"); code != 0 {
		t.Fatalf("seed ends with %d: %s%s", code, out, fault)
	}
	a := s.admin(b)
	a.Open("/admin/pipeline?view=list")
	tick := browser.Eval[string](a.Page, `document.querySelector(".tick input").value`)
	look(t, a.Page).walk("admin", "/admin/pipeline/bulk?what=to:lost&deal="+url.QueryEscape(tick), "/admin/pipeline", "/admin/pipeline?view=list", "/admin/inbound", "/admin/leads", "/admin/rules", "/admin/teams", "/admin/connectors", "/admin/reports")

	rep := b.NewPage(t, s.URL())
	rep.Open(s.invited("rita@gatehouse.example", "sales", "Rita Rep"))
	rep.Type(`[name=password]`, adminPassword)
	rep.Click(`main button[type=submit]`)
	rep.Until(`location.pathname === "/admin" && document.readyState === "complete"`)
	look(t, rep).walk("sales", "/admin", "/admin/pipeline")
}

// invited makes an account and returns the link that sets its password.
func (s *site) invited(address, role, name string) string {
	s.t.Helper()
	code, out, fault := proc.Run(s.t, s.options, "user", "add", "--email", address, "--role", role, "--name", name)
	link := salesDoor.FindString(out)
	if code != 0 || link == "" {
		s.t.Fatalf("user add ends with %d: %s%s", code, out, fault)
	}
	u, err := url.Parse(link)
	if err != nil {
		s.t.Fatal(err)
	}
	return u.Path
}

// walk looks at pages and at whatever they link to, one of each kind.
func (l *looker) walk(name string, paths ...string) {
	l.t.Helper()
	seen := map[string]bool{}
	for queue := paths; len(queue) > 0; queue = queue[1:] {
		u, err := url.Parse(queue[0])
		kind := anID.ReplaceAllString(u.Path, ":id")
		if u.Query().Get("view") != "" {
			kind += "-" + u.Query().Get("view")
		}
		if err != nil || seen[kind] || aDownload.MatchString(u.Path) {
			continue
		}
		seen[kind] = true
		l.Open(queue[0])
		if text := browser.Eval[string](l.Page, `document.querySelector("main")?.innerText ?? ""`); strings.Contains(text, "There is no page at this address") || strings.Contains(text, "There is no such") {
			l.t.Errorf("a link leads to %s, where nothing is", queue[0])
			continue
		}
		l.shown(name + strings.NewReplacer("/", "-", ":", "").Replace(strings.TrimPrefix(kind, "/admin")))
		links := browser.Eval[[]string](l.Page, `[...document.querySelectorAll("main a[href^='/admin/']")].filter(x => x instanceof HTMLAnchorElement).map(x => x.pathname + (x.search.includes("view=") ? "?view=" + new URLSearchParams(x.search).get("view") : ""))`)
		queue = append(queue, links...)
	}
	l.t.Logf("%s saw %d kinds of pages", name, len(seen))
	l.verdict()
}
