package browser

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// The accessibility rules are those that the README beside them names.
func TestAxeIsAsPublished(t *testing.T) {
	sum := sha256.Sum256([]byte(axe))
	if got := hex.EncodeToString(sum[:]); got != axeSum {
		t.Fatalf("axe.min.js has the sum %s", got)
	}
}

// What looks must be able to find faults: a page that has them, beside one that has none.
func TestLookFindsFaults(t *testing.T) {
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		page := `<!doctype html><html lang="en"><title>A page</title><meta name="viewport" content="width=device-width"><main><h1>A page</h1>`
		if r.URL.Path == "/bad" {
			page += `<input name="nameless"><p style="width: 600px; color: #bbb; background: #ccc">faint and wide</p>`
		}
		_, _ = w.Write([]byte(page + `</main></html>`))
	}))
	defer site.Close()
	p := Start(t).NewPage(t, site.URL)
	p.Expect("favicon")
	p.BypassPolicy()
	p.Open("/good")
	if faults := p.Look("good"); len(faults) > 0 {
		t.Errorf("a good page: %q", faults)
	}
	p.Open("/bad")
	all := strings.Join(p.Look("bad"), "\n")
	for _, want := range []string{"label", "color-contrast", "bad (390 light) is wider"} {
		if !strings.Contains(all, want) {
			t.Errorf("no %q among\n%s", want, all)
		}
	}
}
