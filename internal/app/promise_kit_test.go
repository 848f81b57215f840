package app_test

import (
	"cmp"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/email"
	"github.com/gatehouse/gatehouse/internal/testkit"
	"github.com/gatehouse/gatehouse/internal/web"
	"github.com/gatehouse/gatehouse/templates"
)

// mutant is one defect and what the violations that it leads to must say.
type mutant struct {
	name  string
	words []string
}

func breaks(name string, words ...string) mutant { return mutant{name, words} }

// witness runs a check on the product, where it must find nothing, and on each mutant, where it must find what that breaks.
func witness(t *testing.T, check func(t *testing.T, k *testkit.Kit) violations, mutants ...mutant) {
	t.Helper()
	each(t, func(t *testing.T, name string) violations {
		t.Helper()
		return check(t, testkit.New(t, testkit.Mutant(name)))
	}, mutants...)
}

// each is witness for checks that make their product themselves.
func each(t *testing.T, check func(t *testing.T, mutant string) violations, mutants ...mutant) {
	t.Helper()
	for _, m := range append([]mutant{{}}, mutants...) {
		t.Run(cmp.Or(m.name, "product"), func(t *testing.T) {
			found := check(t, m.name)
			if m.name == "" && len(found) > 0 {
				t.Error(strings.Join(found, "\n"))
			}
			for _, word := range m.words {
				if !strings.Contains(strings.Join(found, "\n"), word) {
					t.Errorf("the mutant survived: no violation %q among %q", word, found)
				}
			}
		})
	}
}

type violations []string

// must notes a violation unless the promise is kept.
func (v *violations) must(kept bool, format string, args ...any) {
	if !kept {
		*v = append(*v, fmt.Sprintf(format, args...))
	}
}

// robot is a submission that goes to quarantine.
func robot(address string) app.Submit {
	in := testkit.Submit(address)
	in.Honeypot, in.UserAgent, in.Language = "filled", "curl/8.0", ""
	return in
}

func mailsTo(k *testkit.Kit, address string) (n int) {
	for _, m := range k.Mail.All() {
		if m.To == address {
			n++
		}
	}
	return n
}

var preferencesPattern = regexp.MustCompile(`/u/([A-Za-z0-9_-]+)`)

// preferences is the token of the preferences in a mail.
func preferences(t *testing.T, m email.Message) string {
	t.Helper()
	found := preferencesPattern.FindStringSubmatch(m.Text)
	if found == nil {
		t.Fatalf("no link to the preferences in %q", m.Text)
	}
	return found[1]
}

const siteURL = "http://127.0.0.1:8080"

// site is the web server in front of a kit.
func site(t *testing.T, k *testkit.Kit) http.Handler {
	t.Helper()
	pages, err := templates.Load("")
	if err != nil {
		t.Fatal(err)
	}
	pages.Use(templates.Locale{Now: k.Clock.Now})
	return web.New(web.Options{App: k.App, Pages: pages, Log: testkit.Quiet(), BaseURL: siteURL})
}

// ask sends a request as a browser does; a form is posted.
func ask(s http.Handler, method, path string, form url.Values, cookie string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, siteURL+path, strings.NewReader(form.Encode()))
	for name, value := range map[string]string{"User-Agent": person().Hit.UserAgent, "Accept-Language": "en-GB", "Accept": "text/html", "Cookie": cookie} {
		r.Header.Set(name, value)
	}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Origin", siteURL)
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

func get(t *testing.T, s http.Handler, path string) string {
	t.Helper()
	w := ask(s, http.MethodGet, path, nil, "")
	if w.Code != http.StatusOK {
		t.Fatalf("GET %s: %d", path, w.Code)
	}
	return w.Body.String()
}

// login makes an administrator and gives the cookie of a session.
func login(t *testing.T, k *testkit.Kit, s http.Handler) string {
	t.Helper()
	setup, err := k.App.SetupLink(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	const address, password = "admin@gatehouse.example", "a password of the tests, long enough"
	if _, err := k.App.FinishSetup(t.Context(), setup[strings.LastIndex(setup, "/")+1:], "Admin", address, password, netip.Addr{}); err != nil {
		t.Fatal(err)
	}
	cookies := ask(s, http.MethodPost, "/admin/login", url.Values{"email": {address}, "password": {password}}, "").Result().Cookies()
	if len(cookies) == 0 {
		t.Fatal("no session")
	}
	return cookies[0].Name + "=" + cookies[0].Value
}
