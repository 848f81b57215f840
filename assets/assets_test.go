package assets

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
)

func get(t *testing.T, url string, header map[string]string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, url, nil)
	for k, v := range header {
		r.Header.Set(k, v)
	}
	w := httptest.NewRecorder()
	Handler().ServeHTTP(w, r)
	return w
}

func TestHandler(t *testing.T) {
	url, err := URL("css/app.css")
	if err != nil {
		t.Fatal(err)
	}
	plain := get(t, url, nil)
	if plain.Code != 200 || !strings.Contains(plain.Body.String(), "--paper") || plain.Header().Get("Cache-Control") != "public, max-age=31536000, immutable" {
		t.Fatalf("%d %v", plain.Code, plain.Header())
	}
	unpack := map[string]func(io.Reader) (io.Reader, error){
		"gzip": func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) },
		"br":   func(r io.Reader) (io.Reader, error) { return brotli.NewReader(r), nil },
	}
	tags := map[string]bool{plain.Header().Get("ETag"): true}
	for coding, open := range unpack {
		w := get(t, url, map[string]string{"Accept-Encoding": coding})
		if w.Header().Get("Content-Encoding") != coding || w.Header().Get("Vary") != "Accept-Encoding" || tags[w.Header().Get("ETag")] {
			t.Fatalf("%s: %v", coding, w.Header())
		}
		tags[w.Header().Get("ETag")] = true
		r, err := open(w.Body)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(r)
		if err != nil || !bytes.Equal(body, plain.Body.Bytes()) {
			t.Fatalf("%s: %v, %d bytes", coding, err, len(body))
		}
	}
	if w := get(t, url, map[string]string{"If-None-Match": plain.Header().Get("ETag")}); w.Code != 304 || w.Body.Len() != 0 {
		t.Fatalf("not modified: %d", w.Code)
	}
}

// A page of another instance asks with another hash: it gets the file, but must not keep it for ever.
func TestHandlerWithAnotherHash(t *testing.T) {
	w := get(t, "/assets/000000000000/css/app.css", nil)
	if w.Code != 200 || strings.Contains(w.Header().Get("Cache-Control"), "immutable") {
		t.Fatalf("%d %v", w.Code, w.Header())
	}
}

func TestHandlerRefuses(t *testing.T) {
	for _, path := range []string{"/assets/", "/assets/x", "/assets/x/css/nothing.css", "/assets/x/../assets.go", "/assets/x/assets.go", "/assets/x/whitepapers/8-questions/index.html"} {
		if w := get(t, path, nil); w.Code != 404 {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
	w := httptest.NewRecorder()
	Handler().ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/assets/x/css/app.css", nil))
	if w.Code != http.StatusMethodNotAllowed {
		t.Errorf("POST: %d", w.Code)
	}
	if _, err := URL("css/nothing.css"); err == nil {
		t.Error("a slip in a name must not draw a page")
	}
}

func TestTakes(t *testing.T) {
	for header, want := range map[string]bool{"": false, "br": true, "gzip, br": true, "gzip;q=0.5, BR ;q=1": true, "br;q=0": false, "br; q=0.000": false, "br;q=0.1": true, "brr": false} {
		if takes(header, "br") != want {
			t.Errorf("%q: want %v", header, want)
		}
	}
}

// The pages' policy allows no inline style and no other origin.
func TestStyleSheetsStayAtHome(t *testing.T) {
	for name, f := range files() {
		if strings.HasSuffix(name, ".css") && (bytes.Contains(f.body, []byte("url(")) || bytes.Contains(f.body, []byte("@import"))) {
			t.Errorf("%s fetches something", name)
		}
	}
}
