package web

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/guard"
	"github.com/gatehouse/gatehouse/internal/store"
	"github.com/gatehouse/gatehouse/internal/testkit"
)

func TestAPIReads(t *testing.T) {
	p := newProgram(t)
	res := p.Take(testkit.Submit("ann@example.org"))
	p.Take(testkit.Submit("bob@example.org"))
	p.Deliver()
	if _, err := p.App.SubmitForm(t.Context(), testkit.Submit("not.yet@example.org")); err != nil {
		t.Fatal(err)
	}
	fresh, err := p.App.SubmitForm(t.Context(), testkit.Submit("fresh@example.org"))
	if err != nil {
		t.Fatal(err)
	}
	var lead string
	if err := p.Store.DB(t.Context()).Raw("select id::text from leads order by id limit 1").Scan(&lead).Error; err != nil {
		t.Fatal(err)
	}
	door := app.Door{Page: app.DoorThanks, Slug: res.Slug, Token: res.Receipt}
	who := app.Visitor{Hit: guard.Hit{Method: http.MethodPost, UserAgent: "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}}
	if err := p.App.AskAuthor(t.Context(), door, who, "And then?"); err != nil {
		t.Fatal(err)
	}
	wish := app.ContactWish{How: "call", Tel: "+44 113 496 0123", Zone: "Europe/London", Words: "Mondays", Slots: []app.SlotWish{{Day: "2026-03-05", From: "09:00", Until: "10:00"}}}
	if err := p.App.ChooseContact(t.Context(), door, who, wish); err != nil {
		t.Fatal(err)
	}
	if told := p.do(t, call{method: "GET", path: "/api/v1/leads/" + lead, key: p.full, status: 200}).Body.String(); !strings.Contains(told, "And then?") || !strings.Contains(told, "+441134960123") {
		t.Errorf("what was said is not told: %s", told)
	}
	paths := map[string]int{
		"/api/v1/submissions/" + res.Receipt:       200,
		"/api/v1/submissions/" + fresh.Receipt:     200,
		"/api/v1/submissions/" + res.Receipt + "x": 404,
		"/api/v1/leads":                                      200,
		"/api/v1/leads?email=ANN%40example.org":              200,
		"/api/v1/leads?state=active&limit=1":                 200,
		"/api/v1/leads?gate=8-questions":                     200,
		"/api/v1/leads?since=2026-03-01T00:00:00Z":           200,
		"/api/v1/leads?state=gone":                           422,
		"/api/v1/leads?limit=0":                              422,
		"/api/v1/leads?limit=many":                           422,
		"/api/v1/leads?cursor=next":                          422,
		"/api/v1/leads?since=yesterday":                      422,
		"/api/v1/leads/" + lead:                              200,
		"/api/v1/leads/01961f6e-3b00-7c2a-9d56-2f3f1f0a7c11": 404,
		"/api/v1/leads/one":                                  404,
		"/api/v1/messages":                                   200,
		"/api/v1/messages?state=sent&lead=" + lead:           200,
		"/api/v1/messages?delivery=bounced":                  200,
		"/api/v1/messages?state=lost":                        422,
		"/api/v1/messages?delivery=eaten":                    422,
		"/api/v1/messages?lead=one":                          422,
	}
	for path, status := range paths {
		t.Run(path, func(t *testing.T) {
			problem := map[int]string{404: "not-found", 422: "invalid"}[status]
			odd := status == 422 || strings.HasSuffix(path, "/one")
			p.do(t, call{method: "GET", path: path, key: p.full, status: status, problem: problem, odd: odd})
			a := p.do(t, call{method: "GET", path: path, odd: true, status: 401, problem: "unauthorized"})
			if a.Header().Get("WWW-Authenticate") != "Bearer" {
				t.Error("a 401 names its scheme")
			}
			p.do(t, call{method: "GET", path: path, key: p.none, odd: odd, status: 403, problem: "forbidden"})
			if a := p.do(t, call{method: "HEAD", path: path, key: p.full, odd: true, status: status, problem: problem}.head()); a.Code != status {
				t.Errorf("HEAD: %d", a.Code)
			}
		})
	}
	var one, two app.Page[app.APILead]
	read := func(path string, into any) {
		t.Helper()
		if err := json.Unmarshal(p.do(t, call{method: "GET", path: path, key: p.full, status: 200}).Body.Bytes(), into); err != nil {
			t.Fatal(err)
		}
	}
	read("/api/v1/leads?limit=1", &one)
	read("/api/v1/leads?limit=1&cursor="+one.Next, &two)
	if len(one.Data) != 1 || len(two.Data) != 1 || one.Data[0].ID == two.Data[0].ID || two.Next != "" {
		t.Errorf("two pages of one lead each: %+v, %+v", one, two)
	}
	if _, err := p.App.EraseLead(t.Context(), one.Data[0].ID, store.Actor{Kind: "command", Name: "test"}); err != nil {
		t.Fatal(err)
	}
	a := p.do(t, call{method: "GET", path: "/api/v1/leads/" + one.Data[0].ID.String(), key: p.full, status: 200})
	if strings.Contains(a.Body.String(), "example.org") || strings.Contains(a.Body.String(), "Archer") {
		t.Errorf("an erased lead is told: %s", a.Body)
	}
	if h := a.Header().Get("Cache-Control"); !strings.Contains(h, "no-store") {
		t.Errorf("personal data may be cached: %q", h)
	}
}

// head makes a HEAD: the document describes GET, so that request is not looked up.
func (c call) head() call {
	c.method, c.problem = http.MethodHead, "not in the document"
	return c
}

func TestAPIUnknownAddresses(t *testing.T) {
	p := newProgram(t)
	for _, path := range []string{"/api/v1", "/api/v1/", "/api/v1/nothing", "/api/v2/leads", "/webhooks/none"} {
		rec := httptest.NewRecorder()
		p.server.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, apiBase+path, http.NoBody))
		if rec.Code != 404 || rec.Header().Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: %d %s", path, rec.Code, rec.Header().Get("Content-Type"))
		}
	}
	rec := httptest.NewRecorder()
	p.server.ServeHTTP(rec, httptest.NewRequest(http.MethodDelete, apiBase+"/api/v1/leads", http.NoBody))
	if allow := rec.Header().Get("Allow"); rec.Code != 405 || !strings.Contains(allow, "GET") || strings.Contains(allow, "POST") {
		t.Errorf("DELETE: %d, Allow %q", rec.Code, allow)
	}
}
