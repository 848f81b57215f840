package web_test

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse/gatehouse/internal/auth"
	"github.com/gatehouse/gatehouse/internal/testkit"
	"github.com/gatehouse/gatehouse/internal/web"
	"github.com/gatehouse/gatehouse/templates"
)

var reference = regexp.MustCompile(`<code>[0-9a-f-]{36}</code>`)

// A page whose template panics is a whole page that says so, with a reference; the others answer, the log says where it
// was and names nobody, and the figures count it.
func TestAPageThatPanics(t *testing.T) {
	pages, err := templates.Load("")
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	pages.Use(templates.Locale{Now: func() time.Time {
		none := []int64{}
		past := len(none)
		return time.Unix(none[past], 0)
	}})
	k := testkit.New(t)
	s := &site{Kit: k, Server: web.New(web.Options{App: k.App, Pages: pages, Log: slog.New(slog.NewTextHandler(&log, nil)), BaseURL: testBase, Version: "test",
		Ready: func(context.Context) []web.Check { panic("ann@archer.example") }})}
	admin := s.login(auth.Admin)
	s.Take(testkit.Submit("ann@archer.example"))
	for path, want := range map[string]int{"/admin/leads": http.StatusInternalServerError, "/readyz": http.StatusInternalServerError, "/admin/connectors": http.StatusOK, "/": http.StatusOK, "/g/8-questions": http.StatusOK} {
		r := admin.get(path)
		body := r.Body.String()
		if r.Code != want || !strings.HasSuffix(strings.TrimSpace(body), "</html>") || strings.Count(body, "<html") != 1 {
			t.Errorf("%s: %d\n%.400s", path, r.Code, body)
		}
		if want == http.StatusInternalServerError && (!reference.MatchString(body) || strings.Contains(body, "ann@archer") || strings.Contains(body, "panic") || strings.Contains(body, "index out of range")) {
			t.Errorf("%s says\n%s", path, body)
		}
	}
	for _, word := range []string{"admin/leads.html", "index out of range", "panic: string", "panic_test.go", "route=/admin/leads"} {
		if !strings.Contains(log.String(), word) {
			t.Errorf("the log does not say %q", word)
		}
	}
	if strings.Contains(log.String(), "ann@archer") {
		t.Errorf("the log names people:\n%s", log.String())
	}
}
