package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/gatehouse/gatehouse/internal/testkit/browser"
)

// Where somebody came from reaches the lead, with and without script: the campaign's words and the page that linked here.
func TestSource(t *testing.T) {
	s, b := open(t, database(t)), browser.Start(t)
	const words = "?utm_source=trade-press&utm_medium=banner&utm_campaign=spring-2026&utm_term=budget&utm_content=ace"
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Referrer-Policy", "unsafe-url")
		_, _ = fmt.Fprintf(w, `<!doctype html><title>Elsewhere</title><main><a href="%s">The paper</a></main>`, s.URL()+gate+words)
	}))
	defer elsewhere.Close()
	a := s.admin(b)
	for _, script := range []bool{true, false} {
		p := visit(t, b, s)
		p.Expect("favicon.ico", "status of 422")
		if !script {
			p.ScriptsOff()
		}
		p.Open(elsewhere.URL + "/a-review?session=secret")
		p.Click("a")
		p.At(gate)
		address := fmt.Sprintf("carla-%t@example.org", script)
		answers := good(address)
		if !script { // a page with faults in between loses nothing of it either
			answers["tel"] = "12"
		}
		p.fill(answers)
		p.Click(sendButton)
		if !script {
			p.faulty("tel")
			p.fill(map[string]string{"tel": ""})
			p.Click(sendButton)
		}
		p.At(gate + "/thanks")
		a.leadOf(address, "trade-press", "banner", "spring-2026", elsewhere.Listener.Addr().String()+"/a-review")
		a.Never("session=secret")
	}
}
