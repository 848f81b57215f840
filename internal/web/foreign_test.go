package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/auth"
	"github.com/gatehouse/gatehouse/internal/store"
	"github.com/gatehouse/gatehouse/internal/web"
)

func header(pairs ...string) func(*http.Request) {
	return func(r *http.Request) {
		for i := 0; i+1 < len(pairs); i += 2 {
			r.Header.Set(pairs[i], pairs[i+1])
		}
	}
}

// move gives the sample gate another address before anybody asked for the old one.
func (s *visited) move(to string) {
	s.T.Helper()
	var g store.Gate
	if err := s.Store.DB(s.T.Context()).Where("slug = ?", app.SampleSlug).Take(&g).Error; err != nil {
		s.T.Fatal(err)
	}
	if err := s.App.MoveGate(s.T.Context(), g.ID, g.Version, to, store.Actor{Kind: "command", Name: "test"}); err != nil {
		s.T.Fatal(err)
	}
}

// A form and a thank-you page that were open when their gate moved go on working.
func TestMovedGateKeepsItsOpenPages(t *testing.T) {
	s := newVisited(t)
	s.move("moved-one")
	const old = "/g/" + app.SampleSlug
	w := s.ask("POST", old, form("ann@example.org"))
	to := w.Header().Get("Location")
	if w.Code != http.StatusSeeOther || !strings.HasPrefix(to, "/g/moved-one/thanks?r=") {
		t.Fatalf("the submission: %d %q", w.Code, to)
	}
	s.Work()
	receipt := strings.TrimPrefix(to, "/g/moved-one/thanks?")
	if n := s.Count("select count(*) from submissions"); n != 1 {
		t.Fatalf("%d submissions", n)
	}
	for _, c := range []struct {
		method, path, body string
		code               int
	}{
		{"POST", old, "email=", 422}, {"GET", old, "", 301}, {"GET", old + "/start", "", 200}, {"GET", old + "/cover", "", 302}, {"GET", old + "/sample/0", "", 404},
		{"GET", old + "/thanks?" + receipt, "", 200}, {"POST", old + "/thanks/resend", receipt, 303}, {"POST", old + "/thanks/correct", receipt + "&email=x", 422},
		{"POST", old + "/thanks/correct", receipt + "&email=ben@example.org", 303}, {"GET", "/api/v1/gates/" + app.SampleSlug, "", 200},
		{"POST", "/g/never-was", form("eve@example.org"), 404}, {"GET", "/g/never-was/start", "", 404},
	} {
		if w := s.ask(c.method, c.path, c.body); w.Code != c.code {
			t.Errorf("%s %s: %d, want %d: %.200s", c.method, c.path, w.Code, c.code, w.Body)
		}
	}
}

// What no column can hold is the asker's fault, not ours.
func TestUnreadableCharacters(t *testing.T) {
	s := newSite(t)
	admin, nobody := s.login(auth.Admin), s.visitor()
	for _, bad := range []string{"%00", "%ff", "a%00b"} {
		for _, path := range []string{"/admin/leads?q=", "/admin/leads?source=", "/admin/leads?gate=", "/admin/leads?company=", "/admin/leads?state=", "/admin/leads.csv?q=",
			"/admin/leads.csv?state=", "/admin/submissions?q=", "/admin/submissions?gate=", "/admin?source=", "/admin/audit?who="} {
			if code := admin.get(path + bad).Code; code != http.StatusBadRequest {
				t.Errorf("GET %s%s: %d", path, bad, code)
			}
		}
		value, _ := url.QueryUnescape(bad)
		for _, path := range []string{"/admin/login", "/admin/reset"} {
			if code := nobody.post(path, url.Values{"email": {value}, "password": {"x"}}).Code; code != http.StatusBadRequest {
				t.Errorf("POST %s email=%s: %d", path, bad, code)
			}
		}
		// A campaign's mistyped address must not cost the visit, nor anything odd the submission.
		if code := nobody.get("/g/" + app.SampleSlug + "?utm_source=" + bad).Code; code != http.StatusOK {
			t.Errorf("GET of a gate from %s: %d", bad, code)
		}
		filled, _ := url.ParseQuery(form("ann" + bad[1:] + "@example.org"))
		filled.Set("utm_source", value)
		filled.Set("attempt", value)
		if res := nobody.post("/g/"+app.SampleSlug, filled, "User-Agent", "Mozilla\xff", "Accept-Language", "\xff"); res.Code >= 500 {
			t.Errorf("POST with %s: %d", bad, res.Code)
		}
	}
	// A form in parts is read later: the database's refusal is the net.
	if code := nobody.uploadTo("/admin/login", url.Values{"email": {"\x00"}, "password": {testPassword}}, "a.pdf", nil).Code; code != http.StatusBadRequest {
		t.Errorf("in parts: %d", code)
	}
	if code := admin.uploadTo("/admin/documents", url.Values{"title": {"A\xff"}, "language": {"en"}}, "a.pdf", []byte("%PDF")).Code; code < 400 || code >= 500 {
		t.Errorf("an upload's title: %d", code)
	}
	if code := admin.get("/admin/leads?q=M%C3%BCller").Code; code != http.StatusOK {
		t.Errorf("an umlaut: %d", code)
	}
}

// A page whose name was turned to our address must not read mails or staff pages as its own.
func TestHostOfStaffPages(t *testing.T) {
	here := newVisited(t)
	there := newVisited(t, func(o *web.Options) { o.BaseURL, o.Loopback = "https://papers.example.com", true })
	for _, c := range []struct {
		s    *visited
		host string
		own  bool
	}{
		{here, "127.0.0.1:8080", true}, {here, "localhost:9", true}, {here, "[::1]:8080", true}, {here, "127.0.0.1", true}, {here, "evil.example:8080", false},
		{here, "127.0.0.1.evil.example", false}, {here, "", false}, {there, "papers.example.com", true}, {there, "PAPERS.example.com:443", true},
		{there, "127.0.0.1:8080", true}, {there, "192.0.2.1", true}, {there, "[2001:db8::1]:80", true}, {there, "x.192.0.2.1", false}, {there, "papers.example.com.evil.example", false},
	} {
		for _, path := range []string{"/dev/mail", "/admin/login", "/admin/leads", "/", "/g/8-questions", "/healthz"} {
			w := c.s.ask("GET", path, "", func(r *http.Request) { r.Host = c.host; r.Header.Set("X-Forwarded-Host", "127.0.0.1") })
			staff := strings.HasPrefix(path, "/dev") || strings.HasPrefix(path, "/admin")
			if refused := w.Code == http.StatusMisdirectedRequest; refused != (staff && !c.own) {
				t.Errorf("GET %s at %q: %d", path, c.host, w.Code)
			}
		}
	}
	if w := here.ask("POST", "/admin/login", "email=x", func(r *http.Request) { r.Host = "evil.example" }); w.Code != http.StatusMisdirectedRequest {
		t.Errorf("a login elsewhere: %d", w.Code)
	}
}

const evil = "https://evil.example"

// Another site cannot fill in a form for its visitors, unless the gate allows it.
func TestForeignForms(t *testing.T) {
	s := newVisited(t)
	if err := s.Store.DB(t.Context()).Exec(`update gate_versions set definition = definition || '{"origins":["https://www.example.com"]}'`).Error; err != nil {
		t.Fatal(err)
	}
	receipt := "r=" + url.QueryEscape(s.Take(submitOf("first@example.org")).Receipt)
	s.Deliver()
	before := s.Count("select count(*) from submissions")
	for i, c := range []struct {
		origin, site string
		taken        bool
	}{
		{"", "", true}, {"null", "", true}, {"null", "same-origin", true}, {"null", "cross-site", false}, {testBase, "same-origin", true}, {testBase, "", true}, {"https://alias.example", "same-origin", true},
		{"https://www.example.com", "cross-site", true}, {evil, "cross-site", false}, {evil, "", false}, {"https://www.example.com.evil.example", "cross-site", false},
		{"http://127.0.0.1:9999", "cross-site", false},
	} {
		from := func(r *http.Request) {
			for name, value := range map[string]string{"Origin": c.origin, "Sec-Fetch-Site": c.site} {
				if value != "" {
					r.Header.Set(name, value)
				}
			}
		}
		w := s.ask("POST", "/g/8-questions", form("ann"+string(rune('a'+i))+"@example.org", "consent.marketing", "on", "company", "Kept & Sons"), from)
		if taken := w.Code == http.StatusSeeOther; taken != c.taken || !taken && w.Code != http.StatusForbidden {
			t.Errorf("from %q %q: %d", c.origin, c.site, w.Code)
		}
		if !c.taken && (!strings.Contains(w.Body.String(), "Kept &amp; Sons") || strings.Contains(w.Body.String(), " checked")) {
			t.Errorf("from %q: the page has to keep what was typed, and no consent", c.origin)
		}
		if c.taken {
			before++
		}
		for _, path := range []string{"correct", "resend"} {
			w := s.ask("POST", "/g/8-questions/thanks/"+path, receipt+"&email=x", from)
			if refused := w.Code == http.StatusForbidden; refused == c.taken {
				t.Errorf("thanks/%s from %q %q: %d", path, c.origin, c.site, w.Code)
			}
		}
	}
	if n := s.Count("select count(*) from submissions"); n != before {
		t.Errorf("%d submissions, want %d", n, before)
	}
}

// The door for programs takes JSON only, and nothing from a page of another site.
func TestForeignPrograms(t *testing.T) {
	s := newVisited(t)
	key, err := s.App.NewKey(t.Context(), "writes", []string{"submissions:write"}, store.Actor{Kind: "command", Name: "test"})
	if err != nil {
		t.Fatal(err)
	}
	const body = `{"fields":{"email":"ann@example.org","given_name":"Ann","family_name":"Archer","company":"Archer"}}`
	for name, c := range map[string]struct {
		headers []string
		code    int
	}{
		"no page":        {nil, 201},
		"with a charset": {[]string{"Content-Type", "application/json; charset=utf-8"}, 201},
		"ours":           {[]string{"Origin", testBase}, 201},
		"another site":   {[]string{"Origin", evil}, 403},
		"nobody":         {[]string{"Origin", "null"}, 403},
		"with a key":     {[]string{"Origin", evil, "Authorization", "Bearer " + key}, 201},
		"plain text":     {[]string{"Content-Type", "text/plain"}, 415},
		"a form":         {[]string{"Content-Type", "application/x-www-form-urlencoded"}, 415},
		"no type":        {[]string{"Content-Type", ""}, 415},
		"nearly":         {[]string{"Content-Type", "text/plain; application/json"}, 415},
	} {
		w := s.ask("POST", "/api/v1/gates/8-questions/submissions", body, header("Content-Type", "application/json"), header(c.headers...))
		if w.Code != c.code {
			t.Errorf("%s: %d, want %d: %s", name, w.Code, c.code, w.Body)
		}
	}
}

// What a post does stands in its body. An address that somebody else made is no choice.
func TestPostsIgnoreTheAddress(t *testing.T) {
	s := newVisited(t)
	link := preferencesLink.FindString(s.mailed("ann@example.org", "consent.marketing", "on"))
	before := s.Count("select count(*) from suppressions")
	s.ask("POST", link+"?choice=never", "")
	w := s.ask("POST", link+"?choice=never&List-Unsubscribe=One-Click", "")
	if w.Code < 400 || s.Count("select count(*) from suppressions") != before {
		t.Errorf("an empty post: %d, %d suppressions", w.Code, s.Count("select count(*) from suppressions"))
	}
	if w := s.ask("POST", link, "List-Unsubscribe=One-Click"); w.Code != http.StatusOK {
		t.Errorf("one click: %d", w.Code)
	}
}

// Two members of staff at the inbox at once: what one may is not kept for the next. The race detector sees the rest.
func TestInboxPermissionIsNotShared(t *testing.T) {
	s := newVisited(t, func(o *web.Options) { o.Loopback = false })
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if w := s.ask("GET", "/dev/mail", ""); w.Code != http.StatusSeeOther {
				t.Errorf("a stranger: %d", w.Code)
			}
		})
	}
	all.Wait()
}
