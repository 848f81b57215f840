package web_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/auth"
	"github.com/gatehouse/gatehouse/internal/store"
	"github.com/gatehouse/gatehouse/internal/testkit"
	"github.com/gatehouse/gatehouse/internal/web"
	"github.com/gatehouse/gatehouse/templates"
)

const (
	testBase     = "http://127.0.0.1:8080"
	testPassword = "a password of the tests, long enough"
)

// site is the product with its web server, asked without a listener.
type site struct {
	*testkit.Kit
	*web.Server
}

func newSite(t *testing.T, opts ...testkit.Option) *site {
	t.Helper()
	k := testkit.New(t, opts...)
	pages, err := templates.Load("")
	if err != nil {
		t.Fatal(err)
	}
	pages.Use(templates.Locale{Now: k.Clock.Now})
	return &site{Kit: k, Server: web.New(web.Options{App: k.App, Pages: pages, Log: slog.New(slog.DiscardHandler), BaseURL: testBase, Version: "test",
		Ready: func(context.Context) []web.Check { return nil }})}
}

var testHash = sync.OnceValues(func() (string, error) { return auth.HashPassword(context.Background(), testPassword) })

// browser keeps the cookie of a session. One without is an anonymous visitor.
type browser struct {
	s      *site
	cookie string
	user   store.User
}

// visitor is somebody who is not logged in.
func (s *site) visitor() *browser { return &browser{s: s} }

// login makes an account with the role and logs it in through the page.
func (s *site) login(role auth.Role) *browser {
	s.T.Helper()
	hash, err := testHash()
	if err != nil {
		s.T.Fatal(err)
	}
	u := store.User{ID: store.NewID(), Name: "Test " + string(role), Role: string(role), PasswordHash: hash, Version: 1, CreatedAt: s.Clock.Now()}
	u.Email = string(role) + "-" + u.ID.String()[24:] + "@gatehouse.example"
	if err := s.Store.DB(s.T.Context()).Create(&u).Error; err != nil {
		s.T.Fatal(err)
	}
	b := &browser{s: s, user: u}
	res := b.post("/admin/login", url.Values{"email": {u.Email}, "password": {testPassword}})
	if res.Code != http.StatusSeeOther || b.cookie == "" {
		s.T.Fatalf("login as %s: %d %s", role, res.Code, res.Body)
	}
	return b
}

// actor is the account in the audit log.
func (b *browser) actor() store.Actor {
	return store.Actor{Kind: "user", ID: &b.user.ID, Name: b.user.Name}
}

func (b *browser) do(r *http.Request) *httptest.ResponseRecorder {
	r.Host = "127.0.0.1:8080"
	if b.cookie != "" {
		r.Header.Set("Cookie", b.cookie)
	}
	w := httptest.NewRecorder()
	b.s.ServeHTTP(w, r)
	for _, c := range w.Result().Cookies() {
		b.cookie = c.Name + "=" + c.Value
	}
	return w
}

// get asks for a page.
func (b *browser) get(path string) *httptest.ResponseRecorder {
	return b.do(httptest.NewRequest(http.MethodGet, path, nil))
}

// page asks for a page that must be there, and gives its HTML.
func (b *browser) page(path string) string {
	b.s.T.Helper()
	res := b.get(path)
	if res.Code != http.StatusOK {
		b.s.T.Fatalf("GET %s: %d\n%s", path, res.Code, res.Body)
	}
	return res.Body.String()
}

// post sends a form as the page itself would. headers are names and values in turn.
func (b *browser) post(path string, form url.Values, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", testBase)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return b.do(r)
}

// submitOf is a complete answer to the sample gate.
func submitOf(address string) app.Submit { return testkit.Submit(address) }

// keyedOf is how suppressions know an address: HMAC-SHA-256 of the address and a zero byte under the key of its purpose.
func keyedOf(key []byte, address string) []byte {
	m := hmac.New(sha256.New, key)
	m.Write(append([]byte(address), 0))
	return m.Sum(nil)
}

// A session that ends while somebody fills in a form says what to do; what was typed is sent once more by loading the page
// again.
func TestASessionThatEndedWhileTyping(t *testing.T) {
	s := newSite(t)
	b := s.login(auth.Sales)
	form := url.Values{"current": {testPassword}, "password": {"another password, long enough"}}
	b.post("/admin/logout", url.Values{})
	r := b.post("/admin/account/password", form)
	page := r.Body.String()
	if r.Code != http.StatusUnauthorized || !strings.Contains(page, `href="/admin/login" target="_blank"`) || !strings.Contains(page, "load this page again: what you typed is sent then") {
		t.Errorf("%d %s", r.Code, page)
	}
}
