package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"
	"github.com/pb33f/libopenapi-validator/config"

	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/store"
	"github.com/gatehouse/gatehouse/internal/testkit"
	"github.com/gatehouse/gatehouse/templates"
)

const apiBase = "http://127.0.0.1:8080"

// program calls the running service and holds every answer against the document.
type program struct {
	*testkit.Kit
	server *Server
	check  validator.Validator
	full   string // a key with every scope
	none   string // a key that may only write
}

var (
	allPages      = sync.OnceValues(func() (*templates.Set, error) { return templates.Load("") })
	documentCheck = sync.OnceValues(func() (validator.Validator, error) {
		doc, err := libopenapi.NewDocument(openAPI)
		if err != nil {
			return nil, err
		}
		check, faults := validator.NewValidator(doc, config.WithFormatAssertions())
		return check, errors.Join(faults...)
	})
)

func newProgram(t *testing.T, opts ...testkit.Option) *program {
	t.Helper()
	k := testkit.New(t, opts...)
	pages, err := allPages()
	if err != nil {
		t.Fatal(err)
	}
	check, err := documentCheck()
	if err != nil {
		t.Fatal(err)
	}
	p := &program{Kit: k, check: check, server: New(Options{App: k.App, Pages: pages, Log: slog.New(slog.DiscardHandler), BaseURL: apiBase, Version: "test"})}
	by := store.Actor{Kind: "command", Name: "test"}
	if p.full, err = k.App.NewKey(t.Context(), "full", []string{"leads:read", "messages:read", "sales:read", "submissions:write"}, by); err != nil {
		t.Fatal(err)
	}
	if p.none, err = k.App.NewKey(t.Context(), "none", []string{"submissions:write"}, by); err != nil {
		t.Fatal(err)
	}
	return p
}

// call is one request. odd says that the request itself is not one that the document allows.
type call struct {
	method, path, key, once, body, origin string
	odd                                   bool
	status                                int
	problem                               string
	remote                                string
}

type answer struct {
	*httptest.ResponseRecorder
	problem Problem
}

func (c call) request() *http.Request {
	r := httptest.NewRequest(c.method, apiBase+c.path, strings.NewReader(c.body))
	if c.body == "" {
		r = httptest.NewRequest(c.method, apiBase+c.path, http.NoBody)
	} else {
		r.Header.Set("Content-Type", "application/json")
	}
	for name, value := range map[string]string{"Idempotency-Key": c.once, "Origin": c.origin} {
		if value != "" {
			r.Header.Set(name, value)
		}
	}
	if c.key != "" {
		r.Header.Set("Authorization", "Bearer "+c.key)
	}
	if c.remote != "" {
		r.RemoteAddr = c.remote + ":1234"
	}
	r.Header.Set("User-Agent", "integration/1.0")
	return r
}

func (p *program) do(t *testing.T, c call) answer {
	t.Helper()
	if ok, faults := p.check.ValidateHttpRequest(c.request()); ok == c.odd && c.method != http.MethodHead {
		t.Errorf("%s %s: the document calls this request good: %v, want %v %v", c.method, c.path, ok, !c.odd, faults)
	}
	rec := httptest.NewRecorder()
	p.server.ServeHTTP(rec, c.request())
	a := answer{ResponseRecorder: rec}
	if rec.Code != c.status {
		t.Fatalf("%s %s: %d %s, want %d", c.method, c.path, rec.Code, rec.Body, c.status)
	}
	if c.method != http.MethodHead && c.problem != "not in the document" {
		if ok, faults := p.check.ValidateHttpResponse(c.request(), rec.Result()); !ok {
			for _, f := range faults {
				t.Errorf("%s %s %d: the answer is not as described: %s %s %v\n%s", c.method, c.path, rec.Code, f.Message, f.Reason, f.SchemaValidationErrors, rec.Body)
			}
		}
	}
	if c.status >= 400 {
		if kind := rec.Header().Get("Content-Type"); kind != "application/problem+json" {
			t.Errorf("%s %s: content type %q", c.method, c.path, kind)
		}
		if err := json.Unmarshal(rec.Body.Bytes(), &a.problem); err != nil {
			t.Fatal(err)
		}
		if want := apiBase + "/api/docs#" + c.problem; c.problem != "not in the document" && a.problem.Type != want || a.problem.Status != c.status {
			t.Errorf("%s %s: problem %+v, want %s", c.method, c.path, a.problem, want)
		}
	}
	return a
}

const submissions = "/api/v1/gates/8-questions/submissions"

func bodyFor(address string) string {
	return fmt.Sprintf(`{"fields":{"email":%q,"given_name":"Ann","family_name":"Archer","company":"Archer & Sons"},"consents":{"marketing":true},"source":{"utm_source":"newsletter"},"page":"https://www.example.com/papers"}`, address)
}

func TestOpenAPIDocumentIsValid(t *testing.T) {
	p := newProgram(t)
	if ok, faults := p.check.ValidateDocument(); !ok {
		for _, f := range faults {
			t.Errorf("%s: %s %v", f.Message, f.Reason, f.SchemaValidationErrors)
		}
	}
	p.do(t, call{method: "GET", path: "/api/v1/openapi.json", status: 200})
}

// Every route is described, and everything described is a route.
func TestOpenAPIAndRouteTableAgree(t *testing.T) {
	var doc struct {
		Paths map[string]map[string]json.RawMessage
	}
	if err := json.Unmarshal(openAPI, &doc); err != nil {
		t.Fatal(err)
	}
	var described, routed []string
	for path, item := range doc.Paths {
		for method := range item {
			if method != "parameters" {
				described = append(described, strings.ToUpper(method)+" "+path)
			}
		}
	}
	param := regexp.MustCompile(`:(\w+)`)
	for _, r := range newProgram(t).server.routes() {
		if strings.HasPrefix(r.path, "/api/v1/") {
			routed = append(routed, r.method+" "+param.ReplaceAllString(r.path, "{$1}"))
		}
	}
	slices.Sort(described)
	slices.Sort(routed)
	if !slices.Equal(described, routed) {
		t.Errorf("described: %v\nrouted:    %v", described, routed)
	}
}

// Every code that becomes a status is explained under its own anchor.
func TestOpenAPIExplainsEveryError(t *testing.T) {
	d, err := description()
	if err != nil {
		t.Fatal(err)
	}
	explained := map[errs.Code]int{}
	for _, x := range d.Problems {
		explained[errs.Code(x.Code)] = x.Status
	}
	if !maps.Equal(explained, statuses) {
		t.Errorf("explained %v\nused      %v", explained, statuses)
	}
}

func TestAPISubmit(t *testing.T) {
	p := newProgram(t)
	for name, c := range map[string]call{
		"good":                     {body: bodyFor("ann@example.org"), status: 201},
		"trusted":                  {body: bodyFor("trusted@example.org"), key: p.full, status: 201},
		"not JSON":                 {body: "{", odd: true, status: 400, problem: "malformed"},
		"both halves":              {body: strings.Replace(bodyFor("pair@example.org"), `"fields":{`, `"fields":{"job_title":"\ud83d\ude00 \\ud83d",`, 1), status: 201},
		"half a character":         {body: `{"fields":{"email":"a@example.org","company":"\ud83d"}}`, status: 400, problem: "malformed"},
		"halves the wrong way":     {body: `{"fields":{"email":"a@example.org","company":"\ude00\ud83d"}}`, status: 400, problem: "malformed"},
		"not UTF-8":                {body: `{"fields":{"email":"a@example.org","company":"` + "\xff" + `"}}`, status: 400, problem: "malformed"},
		"a list":                   {body: "[]", odd: true, status: 400, problem: "malformed"},
		"two objects":              {body: bodyFor("a@example.org") + "{}", odd: true, status: 400, problem: "malformed"},
		"no such key":              {body: bodyFor("b@example.org"), key: "gh_" + strings.Repeat("x", 43), status: 401, problem: "unauthorized"},
		"a mistyped key":           {body: bodyFor("b@example.org"), key: "hello", status: 401, problem: "unauthorized"},
		"no such gate":             {path: "/api/v1/gates/none/submissions", body: bodyFor("c@example.org"), status: 404, problem: "not-found"},
		"larger than we take":      {body: `{"fields":{"email":"` + strings.Repeat("x", bigForm) + `"}}`, status: 413, problem: "too-large"},
		"no address":               {body: `{"fields":{}}`, odd: true, status: 422, problem: "invalid"},
		"a number for a name":      {body: `{"fields":{"email":"d@example.org","given_name":7,"company":[]}}`, odd: true, status: 422, problem: "invalid"},
		"consents of a wrong type": {body: `{"fields":{"email":"d@example.org"},"consents":{"marketing":"yes"}}`, odd: true, status: 422, problem: "invalid"},
		"mistyped domain":          {body: bodyFor("ann@gmial.com"), status: 422, problem: "invalid"},
		"a key too long":           {body: bodyFor("e@example.org"), once: strings.Repeat("k", 203), odd: true, status: 422, problem: "invalid"},
		"GET":                      {method: "GET", odd: true, status: 405, problem: "not in the document"},
		"DELETE":                   {method: "DELETE", odd: true, status: 405, problem: "not in the document"},
	} {
		t.Run(name, func(t *testing.T) {
			if c.method == "" {
				c.method = "POST"
			}
			if c.path == "" {
				c.path = submissions
			}
			a := p.do(t, c)
			if c.status == 422 && len(a.problem.Errors) == 0 {
				t.Errorf("no faults named: %s", a.Body)
			}
			if allow := a.Header().Get("Allow"); c.status == 405 && (!strings.Contains(allow, "POST") || strings.Contains(allow, "DELETE")) {
				t.Errorf("Allow: %q", allow)
			}
		})
	}
	a := p.do(t, call{method: "POST", path: submissions, body: `{"fields":{"email":"d@example.org","given_name":7,"company":[]}}`, odd: true, status: 422, problem: "invalid"})
	if len(a.problem.Errors) != 2 {
		t.Errorf("all faults at once: %+v", a.problem.Errors)
	}
	a = p.do(t, call{method: "POST", path: submissions, body: bodyFor("ann@gmial.com"), status: 422, problem: "invalid"})
	if got := a.problem.Errors[0]; got.Field != "email" || got.Suggestion != "ann@gmail.com" {
		t.Errorf("the suggestion: %+v", got)
	}
	if n := p.Count("select count(*) from submissions"); n != 3 {
		t.Errorf("%d submissions, want the three good ones", n)
	}
}

func TestAPIScopeToWrite(t *testing.T) {
	p := newProgram(t)
	reader, err := p.App.NewKey(t.Context(), "reader", []string{"leads:read"}, store.Actor{Kind: "command", Name: "test"})
	if err != nil {
		t.Fatal(err)
	}
	p.do(t, call{method: "POST", path: submissions, key: reader, body: bodyFor("a@example.org"), status: 403, problem: "forbidden"})
	if n := p.Count("select count(*) from submissions"); n != 0 {
		t.Error("a key without the scope wrote")
	}
}

// The same key and body have the same answer, bare or quoted; another body is a conflict.
func TestAPIIdempotencyKey(t *testing.T) {
	p := newProgram(t)
	post := func(once, key, body string, status int, problem string) answer {
		t.Helper()
		return p.do(t, call{method: "POST", path: submissions, once: once, key: key, body: body, status: status, problem: problem})
	}
	first := post("attempt-1", "", bodyFor("ann@example.org"), 201, "").Body.String()
	for _, once := range []string{"attempt-1", `"attempt-1"`} {
		if again := post(once, "", bodyFor("ann@example.org"), 201, "").Body.String(); again != first {
			t.Errorf("key %s: %s, the first answer was %s", once, again, first)
		}
	}
	if a := post("attempt-1", "", bodyFor("bob@example.org"), 409, "key-reused"); a.Header().Get("Retry-After") != "" {
		t.Error("a key that was used with another body will never do: no Retry-After")
	}
	if other := post("attempt-1", p.full, bodyFor("cleo@example.org"), 201, "").Body.String(); other == first {
		t.Error("another caller's key is the public's")
	}
	if n := p.Count("select count(*) from submissions"); n != 2 {
		t.Errorf("%d submissions, want 2", n)
	}
}

func TestIdempotencyKeyAtThePage(t *testing.T) {
	p := newProgram(t)
	var to []string
	for _, once := range []string{"page-1", `"page-1"`} {
		form := "email=ann%40example.org&given_name=Ann&family_name=Archer&company=Archer"
		r := httptest.NewRequest(http.MethodPost, apiBase+"/g/8-questions", strings.NewReader(form))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Idempotency-Key", once)
		rec := httptest.NewRecorder()
		p.server.ServeHTTP(rec, r)
		if rec.Code != http.StatusSeeOther {
			t.Fatalf("%d %s", rec.Code, rec.Body)
		}
		to = append(to, rec.Header().Get("Location"))
	}
	if to[0] != to[1] || p.Count("select count(*) from submissions") != 1 {
		t.Errorf("the page's door knows bare and quoted as two: %v", to)
	}
}

func TestAPITooMany(t *testing.T) {
	p := newProgram(t)
	for i := range 100_000 {
		in := testkit.Submit("x@example.org")
		in.Door, in.IP = "api", netip.MustParseAddr("192.0.2.99")
		in.Input.Fields["email"] = fmt.Sprintf("n%d@example.org", i%40)
		in.Attempt = "a" // repeats are counted too
		if _, err := p.App.SubmitForm(t.Context(), in); errs.Is(err, errs.TooMany) {
			a := p.do(t, call{method: "POST", path: submissions, remote: "192.0.2.99", body: bodyFor("late@example.org"), status: 429, problem: "too-many"})
			if a.Header().Get("Retry-After") == "" {
				t.Error("no Retry-After")
			}
			p.do(t, call{method: "POST", path: submissions, remote: "198.51.100.7", body: bodyFor("else@example.org"), status: 201})
			return
		} else if err != nil {
			t.Fatal(err)
		}
	}
	t.Fatal("there is no limit")
}

// The database goes away: nothing is saved, the program is told when to come back, and then it works again.
func TestAPIUnavailable(t *testing.T) {
	p := newProgram(t)
	p.do(t, call{method: "GET", path: "/api/v1/gates/8-questions", status: 200})
	admin, err := pgx.Connect(t.Context(), testkit.ServerURL(t, "gatehouse"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = admin.Close(context.Background()) })
	name := p.Store.Pool().Config().ConnConfig.Database
	away := func(gone bool) {
		t.Helper()
		if _, err := admin.Exec(t.Context(), fmt.Sprintf("alter database %s allow_connections %v", name, !gone)); err != nil {
			t.Fatal(err)
		}
		if gone {
			if _, err := admin.Exec(t.Context(), "select pg_terminate_backend(pid) from pg_stat_activity where datname = $1", name); err != nil {
				t.Fatal(err)
			}
		}
	}
	away(true)
	for _, c := range []call{
		{method: "POST", path: submissions, once: "again", body: bodyFor("ann@example.org")},
		{method: "GET", path: "/api/v1/leads", key: p.full},
	} {
		c.status, c.problem = 503, "unavailable"
		if a := p.do(t, c); a.Header().Get("Retry-After") == "" {
			t.Errorf("%s: no Retry-After", c.path)
		}
	}
	away(false)
	p.do(t, call{method: "POST", path: submissions, once: "again", body: bodyFor("ann@example.org"), status: 201})
}
