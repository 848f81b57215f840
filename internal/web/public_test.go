package web_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse/gatehouse/internal/testkit"
	"github.com/gatehouse/gatehouse/internal/web"
	"github.com/gatehouse/gatehouse/templates"
)

// visited is the product behind a handler, as prospects see it.
type visited struct {
	*testkit.Kit
	http.Handler
}

func newVisited(t *testing.T, change ...func(*web.Options)) *visited {
	t.Helper()
	k := testkit.New(t)
	pages, err := templates.Load("")
	if err != nil {
		t.Fatal(err)
	}
	o := web.Options{App: k.App, Pages: pages, Log: testkit.Quiet(), BaseURL: "http://127.0.0.1:8080", Loopback: true, Capture: true}
	for _, c := range change {
		c(&o)
	}
	return &visited{Kit: k, Handler: web.New(o)}
}

const agent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"

// ask sends a request as a browser does; a body makes it a form.
func (s *visited) ask(method, target, body string, change ...func(*http.Request)) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.Host = "127.0.0.1:8080"
	r.Header.Set("User-Agent", agent)
	r.Header.Set("Accept-Language", "en-GB")
	r.Header.Set("Accept", "text/html")
	if body != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for _, c := range change {
		c(r)
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

func form(address string, more ...string) string {
	v := url.Values{"email": {address}, "given_name": {"Ann"}, "family_name": {"Archer"}, "company": {"Archer & Sons"}, "country": {"GB"}}
	for i := 0; i+1 < len(more); i += 2 {
		v.Set(more[i], more[i+1])
	}
	return v.Encode()
}

var documentLink = regexp.MustCompile(`/d/[A-Za-z0-9_-]+`)
var preferencesLink = regexp.MustCompile(`/u/[A-Za-z0-9_-]+`)

// mailed submits, works everything off, and gives the text of the newest mail.
func (s *visited) mailed(address string, more ...string) string {
	s.T.Helper()
	w := s.ask("POST", "/g/8-questions", form(address, more...))
	if w.Code != http.StatusSeeOther {
		s.T.Fatalf("submission: %d %s", w.Code, w.Body)
	}
	s.Work()
	all := s.Mail.All()
	if len(all) == 0 {
		s.T.Fatal("no mail")
	}
	return all[len(all)-1].Text
}

func TestSubmissionAnswers(t *testing.T) {
	s := newVisited(t)
	for _, c := range []struct {
		name, body string
		code       int
		holds      []string
	}{
		{"complete", form("ann@example.org"), 303, nil},
		{"empty", "email=", 422, []string{"First name", "Company"}},
		{"mistyped domain", form("ann@gmial.com"), 422, []string{"ann@gmail.com", `value="ann@gmial.com"`}},
		{"kept as typed", form("ann@gmial.com", "email_as_typed", "ann@gmial.com"), 303, nil},
		{"header injection", form("ann@example.org\r\nBcc: x@example.org"), 422, nil},
		{"NUL", form("ann@example.org", "given_name", "A\x00nn"), 422, nil},
		{"invalid UTF-8", form("ann@example.org", "given_name", "A\xff"), 422, nil},
		{"right-to-left trick", form("ann@example.org", "given_name", "Ann\u202e"), 422, nil},
		{"markup is only text", form("eve@example.org", "company", `<script>alert(1)</script>`), 303, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := s.ask("POST", "/g/8-questions", c.body)
			if w.Code != c.code {
				t.Fatalf("%d, want %d: %.300s", w.Code, c.code, w.Body)
			}
			for _, h := range c.holds {
				if !strings.Contains(w.Body.String(), h) {
					t.Errorf("the page does not hold %q", h)
				}
			}
			if w.Code == 303 && !strings.HasPrefix(w.Header().Get("Location"), "/g/8-questions/thanks?r=") {
				t.Errorf("location %q", w.Header().Get("Location"))
			}
			if w.Header().Get("Set-Cookie") != "" {
				t.Error("a prospect gets a cookie")
			}
		})
	}
	if n := s.Count("select count(*) from submissions"); n != 3 {
		t.Errorf("%d submissions, want 3", n)
	}
}

// A forwarded link shows no name, no address, nothing of the person.
func TestForwardedLinkNamesNobody(t *testing.T) {
	s := newVisited(t)
	mail := s.mailed("ann.archer@example.org", "consent.marketing", "yes")
	page := s.ask("GET", documentLink.FindString(mail), "")
	prefs := s.ask("GET", preferencesLink.FindString(mail), "")
	for name, w := range map[string]*httptest.ResponseRecorder{"personal page": page, "preferences": prefs} {
		if w.Code != 200 {
			t.Fatalf("%s: %d", name, w.Code)
		}
		for _, secret := range []string{"Ann", "Archer", "example.org", "Sons"} {
			if strings.Contains(w.Body.String(), secret) {
				t.Errorf("%s shows %q", name, secret)
			}
		}
		for header, want := range map[string]string{"Cache-Control": "private, no-store", "Referrer-Policy": "same-origin", "X-Robots-Tag": "noindex, nofollow"} {
			if got := w.Header().Get(header); got != want {
				t.Errorf("%s: %s %q, want %q", name, header, got, want)
			}
		}
	}
	for _, private := range []string{"Ann", "Archer"} {
		if strings.Contains(mail, private) {
			t.Errorf("the mail shows %q, which anybody could have typed", private)
		}
	}
}

// Every single-bit change of a token, and every other spelling, gets one and the same 404.
func TestEveryOtherTokenIsTheSame404(t *testing.T) {
	s := newVisited(t)
	link := documentLink.FindString(s.mailed("ann@example.org"))
	unknown := s.ask("GET", "/d/"+strings.Repeat("A", len(link)-3), "")
	if unknown.Code != 404 {
		t.Fatalf("%d", unknown.Code)
	}
	token := strings.TrimPrefix(link, "/d/")
	tried := []string{token + "=", token[:len(token)-1], token + "A", strings.ToUpper(token)}
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	for i := range token {
		at := strings.IndexByte(alphabet, token[i])
		for bit := range 6 {
			tried = append(tried, token[:i]+string(alphabet[at^1<<bit])+token[i+1:])
		}
	}
	for _, other := range tried {
		if other == token {
			continue
		}
		w := s.ask("GET", "/d/"+other, "")
		if w.Code != 404 || w.Body.String() != unknown.Body.String() {
			t.Fatalf("%s: %d, or another page than for an unknown one", other, w.Code)
		}
	}
}

func TestPersonsPostServesTheFile(t *testing.T) {
	s := newVisited(t)
	link := documentLink.FindString(s.mailed("ann@example.org"))
	take := s.ask("POST", link+"/file", "x=1")
	if take.Code != 303 {
		t.Fatalf("%d %s", take.Code, take.Body)
	}
	to := take.Header().Get("Location")
	whole := s.ask("GET", to, "")
	if whole.Code != 200 || whole.Header().Get("Content-Type") != "application/pdf" || !strings.HasPrefix(whole.Header().Get("Content-Disposition"), "attachment") {
		t.Fatalf("%d %v", whole.Code, whole.Header())
	}
	if head := s.ask("HEAD", to, ""); head.Code != 200 || head.Body.Len() != 0 || head.Header().Get("Content-Length") != whole.Header().Get("Content-Length") {
		t.Errorf("HEAD: %d, %d bytes, length %q", head.Code, head.Body.Len(), head.Header().Get("Content-Length"))
	}
	part := s.ask("GET", to, "", func(r *http.Request) { r.Header.Set("Range", "bytes=0-3") })
	if part.Code != 206 || part.Body.String() != "%PDF" {
		t.Errorf("Range: %d %q", part.Code, part.Body)
	}
	if n := s.Count("select count(*) from downloads"); n != 1 {
		t.Errorf("%d people, want 1: HEAD, Range and GET count nothing", n)
	}
	s.Clock.Move(16 * time.Minute)
	if w := s.ask("GET", to, ""); w.Code != 303 || w.Header().Get("Location") != link {
		t.Errorf("after a quarter of an hour: %d %s", w.Code, w.Header().Get("Location"))
	}
	s.Clock.Move(31 * 24 * time.Hour)
	if w := s.ask("GET", link, ""); w.Code != 200 || !strings.Contains(w.Body.String(), `method="post"`) {
		t.Errorf("an expired link offers no fresh one: %d", w.Code)
	}
	before := len(s.Mail.All())
	if w := s.ask("POST", link, "x=1"); w.Code != 200 {
		t.Fatalf("fresh link: %d", w.Code)
	}
	s.Work()
	all := s.Mail.All()
	if len(all) != before+1 || all[before].To != "ann@example.org" || documentLink.FindString(all[before].Text) == link {
		t.Errorf("no fresh link to the same address: %d mails", len(all)-before)
	}
}

// Unsubscribing is one POST without cookie or redirect; a GET, which scanners send, changes nothing; a requested document
// still goes out afterwards.
func TestUnsubscribe(t *testing.T) {
	s := newVisited(t)
	link := preferencesLink.FindString(s.mailed("ann@example.org"))
	for range 3 {
		s.ask("GET", link, "")
		s.ask("HEAD", link, "")
	}
	if n := s.Count("select count(*) from suppressions"); n != 0 {
		t.Fatal("a GET unsubscribed somebody")
	}
	w := s.ask("POST", link, "List-Unsubscribe=One-Click", func(r *http.Request) { r.Header.Del("Accept-Language") })
	if w.Code != 200 || w.Header().Get("Location") != "" || w.Header().Get("Set-Cookie") != "" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
	if n := s.Count("select count(*) from suppressions where kind = 'unsubscribed'"); n != 1 {
		t.Error("not unsubscribed")
	}
	s.Clock.Move(48 * time.Hour)
	before := len(s.Mail.All())
	s.mailed("ann@example.org")
	if len(s.Mail.All()) != before+1 {
		t.Error("a requested document was not sent to somebody who unsubscribed from marketing")
	}
	if w := s.ask("POST", link, "choice=never"); w.Code != 303 {
		t.Errorf("never: %d", w.Code)
	}
	s.Clock.Move(48 * time.Hour)
	s.ask("POST", "/g/8-questions", form("ann@example.org"))
	s.Work()
	if len(s.Mail.All()) != before+1 {
		t.Error("written to after \"never write to me\"")
	}
	if n := s.Count("select count(*) from messages where state = 'ended' and reason <> ''"); n != 1 {
		t.Error("the message that was not sent does not say why")
	}
}

func TestThanksTellsTheTruth(t *testing.T) {
	s := newVisited(t)
	w := s.ask("POST", "/g/8-questions", form("ann@example.org"))
	thanks := w.Header().Get("Location")
	if body := s.ask("GET", thanks, "").Body.String(); !strings.Contains(body, "a…@example.org") || strings.Contains(body, "ann@example.org") {
		t.Error("the address is not masked")
	}
	s.Work()
	receipt := strings.TrimPrefix(thanks, "/g/8-questions/thanks?r=")
	corrected := s.ask("POST", "/g/8-questions/thanks/correct", url.Values{"r": {receipt}, "email": {"anna@example.org"}}.Encode())
	if corrected.Code != 303 {
		t.Fatalf("correction: %d %s", corrected.Code, corrected.Body)
	}
	s.Work()
	all := s.Mail.All()
	if len(all) != 2 || all[1].To != "anna@example.org" {
		t.Errorf("the corrected address got nothing: %d mails", len(all))
	}
	s.Clock.Move(2 * time.Hour)
	if body := s.ask("GET", thanks, "").Body.String(); strings.Contains(body, "example.org") {
		t.Error("the address is still shown after an hour")
	}
	if w := s.ask("POST", "/g/8-questions/thanks/correct", url.Values{"r": {receipt}, "email": {"other@example.org"}}.Encode()); w.Code < 400 {
		t.Errorf("an old receipt still changes the address: %d", w.Code)
	}
}

func TestEverythingElseIsRefused(t *testing.T) {
	s := newVisited(t)
	for _, c := range []struct {
		method, target, body string
		code                 int
	}{
		{"GET", "/g/nothing-here", "", 404}, {"POST", "/g/nothing-here", form("ann@example.org"), 404}, {"GET", "/g/8-questions/thanks?r=x", "", 404},
		{"GET", "/d/x", "", 404}, {"POST", "/d/x/file", "x=1", 404}, {"GET", "/u/x", "", 404}, {"GET", "/nothing", "", 404},
		{"POST", "/g/8-questions", strings.Repeat("a", 200<<10), 413}, {"POST", "/webhooks/sendgrid", "[]", 503}, {"GET", "/admin", "", 303},
		{"GET", "/dev/mail", "", 200}, {"GET", "/", "", 200}, {"GET", "/robots.txt", "", 200}, {"GET", "/sitemap.xml", "", 200}, {"GET", "/healthz", "", 200},
	} {
		w := s.ask(c.method, c.target, c.body)
		if w.Code != c.code {
			t.Errorf("%s %s: %d, want %d", c.method, c.target, w.Code, c.code)
		}
		if !strings.HasPrefix(w.Header().Get("Content-Security-Policy"), "default-src 'self'") || strings.Contains(w.Header().Get("Content-Security-Policy"), "unsafe-inline") {
			t.Errorf("%s %s: policy %q", c.method, c.target, w.Header().Get("Content-Security-Policy"))
		}
	}
}
