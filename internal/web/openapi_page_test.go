package web

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
)

func TestAPICrossOrigin(t *testing.T) {
	p := newProgram(t)
	const ours, theirs = "https://www.example.com", "https://evil.example"
	err := p.Store.DB(t.Context()).Exec(`update gate_versions set definition = definition || '{"origins":["https://www.example.com","null"]}'`).Error
	if err != nil {
		t.Fatal(err)
	}
	gate := "/api/v1/gates/8-questions"
	for origin, want := range map[string]string{ours: ours, theirs: "", "null": "", "https://WWW.example.com.evil.example": "", "http://www.example.com": ""} {
		for _, c := range []call{
			{method: "GET", path: gate, status: 200},
			{method: "OPTIONS", path: gate, status: 204},
			{method: "OPTIONS", path: submissions, status: 204},
			{method: "POST", path: submissions, body: bodyFor("ann@example.org"), status: 201},
			{method: "POST", path: submissions, body: bodyFor(""), status: 422, problem: "invalid"},
		} {
			c.origin = origin
			if c.method == "POST" && want == "" {
				c.status, c.problem = 403, "forbidden"
			}
			a := p.do(t, c)
			if got := a.Header().Get("Access-Control-Allow-Origin"); got != want {
				t.Errorf("%s %s from %s: allowed %q, want %q", c.method, c.path, origin, got, want)
			}
			if a.Header().Get("Access-Control-Allow-Credentials") != "" {
				t.Error("credentials are never allowed")
			}
			if !strings.Contains(strings.Join(a.Header().Values("Vary"), ","), "Origin") {
				t.Errorf("%s %s: a cache may give one origin's answer to another", c.method, c.path)
			}
		}
	}
	a := p.do(t, call{method: "GET", path: "/api/v1/leads", key: p.full, origin: ours, status: 200})
	if a.Header().Get("Access-Control-Allow-Origin") != "" {
		t.Error("leads can be read from a page")
	}
}

func TestAPIDocsPage(t *testing.T) {
	p := newProgram(t)
	rec := httptest.NewRecorder()
	p.server.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, apiBase+"/api/docs", http.NoBody))
	body := rec.Body.String()
	if rec.Code != 200 || !strings.HasPrefix(rec.Header().Get("Content-Type"), "text/html") {
		t.Fatalf("%d %s", rec.Code, body)
	}
	for code := range statuses {
		if !strings.Contains(body, `id="`+string(code)+`"`) {
			t.Errorf("no anchor #%s", code)
		}
	}
	for _, want := range []string{"curl &#39;" + apiBase + "/api/v1/gates/8-questions&#39;", "Idempotency-Key", "$GATEHOUSE_KEY", "error: too long", "fields.email"} {
		if has := strings.Contains(body, want); has != (want != "error: too long" && want != "fields.email") {
			t.Errorf("%q on the page: %v", want, has)
		}
	}
	for _, id := range regexp.MustCompile(`"operationId": "(\w+)"`).FindAllStringSubmatch(string(openAPI), -1) {
		if has := strings.Contains(body, `id="`+id[1]+`"`); has == strings.HasPrefix(id[1], "preflight") {
			t.Errorf("operation %s on the page: %v", id[1], has)
		}
	}
	for _, href := range regexp.MustCompile(`href="#([^"]+)"`).FindAllStringSubmatch(body, -1) {
		if !strings.Contains(body, `id="`+href[1]+`"`) {
			t.Errorf("a link to #%s leads nowhere", href[1])
		}
	}
}
