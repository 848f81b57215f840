// Package assets serves style sheets, scripts, icons and the sample whitepaper under names that carry a hash of their
// content, so that a browser keeps each version for ever.
package assets

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"sync"

	"github.com/andybalholm/brotli"
)

// FS holds the files as they are written: css, js, icons, and the finished files of whitepapers (not their sources).
//
//go:embed css js icons whitepapers/*.pdf whitepapers/*.png
var FS embed.FS

// bundles are files put together from others, in this order.
var bundles = map[string][]string{
	"css/app.css":   {"css/tokens.css", "css/base.css", "css/components.css", "css/public.css", "css/said.css"},
	"css/admin.css": {"css/tokens.css", "css/base.css", "css/components.css", "css/staff.css", "css/said_staff.css", "css/rules.css", "css/board.css", "css/hands.css", "css/connectors.css", "css/touch.css"},
}

// file is one thing to serve; the compressed forms are made when first asked for.
type file struct {
	body   []byte
	hash   string
	kind   string
	once   sync.Once
	gzip   []byte
	brotli []byte
}

var files = sync.OnceValue(load)

// load reads everything once. It cannot fail on what the compiler embedded.
func load() map[string]*file {
	all := map[string]*file{}
	err := fs.WalkDir(FS, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		body, err := FS.ReadFile(name)
		all[name] = newFile(name, body)
		return err
	})
	if err != nil {
		panic(fmt.Sprintf("assets: %v", err))
	}
	for name, parts := range bundles {
		var body bytes.Buffer
		for _, part := range parts {
			body.Write(all[part].body)
			body.WriteByte('\n')
		}
		all[name] = newFile(name, body.Bytes())
	}
	return all
}

func newFile(name string, body []byte) *file {
	sum := sha256.Sum256(body)
	return &file{body: body, hash: hex.EncodeToString(sum[:6]), kind: kindOf(name)}
}

// kindOf does not ask the machine's own tables: they differ.
func kindOf(name string) string {
	switch path.Ext(name) {
	case ".css":
		return "text/css; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".png":
		return "image/png"
	case ".webp":
		return "image/webp"
	case ".ico":
		return "image/x-icon"
	case ".pdf":
		return "application/pdf"
	}
	if t := mime.TypeByExtension(path.Ext(name)); t != "" {
		return t
	}
	return "application/octet-stream"
}

// URL is the address of an asset, "css/app.css" -> "/assets/3f2a.../css/app.css". An unknown name is an error, so that a
// page with a slip in it is never drawn.
func URL(name string) (string, error) {
	f, ok := files()[name]
	if !ok {
		return "", fmt.Errorf("assets: no %q", name)
	}
	return "/assets/" + f.hash + "/" + name, nil
}

// Read is the content of an asset, for those who embed it elsewhere (/favicon.ico, the first document).
func Read(name string) ([]byte, error) {
	f, ok := files()[name]
	if !ok {
		return nil, fmt.Errorf("assets: no %q: %w", name, fs.ErrNotExist)
	}
	return f.body, nil
}

// Handler serves GET and HEAD of /assets/{hash}/{name}. With the right hash the answer may be kept for a year; with
// another one (a page of an older or newer instance) it is this instance's content, for a minute.
func Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		hash, name, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/assets/"), "/")
		f, ok := files()[name]
		if !ok {
			http.NotFound(w, r)
			return
		}
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
			return
		}
		h := w.Header()
		h.Set("Content-Type", f.kind)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cache-Control", "public, max-age=60")
		if hash == f.hash {
			h.Set("Cache-Control", "public, max-age=31536000, immutable")
		}
		f.serve(w, r)
	})
}

// serve picks the smallest form that the browser takes. Each form has its own strong ETag.
func (f *file) serve(w http.ResponseWriter, r *http.Request) {
	body, encoding := f.body, ""
	if f.compressible() {
		w.Header().Add("Vary", "Accept-Encoding")
		f.once.Do(f.compress)
		accepts := r.Header.Get("Accept-Encoding")
		switch {
		case takes(accepts, "br"):
			body, encoding = f.brotli, "br"
		case takes(accepts, "gzip"):
			body, encoding = f.gzip, "gzip"
		}
	}
	tag := `"` + f.hash + `"`
	if encoding != "" {
		tag = `"` + f.hash + "-" + encoding + `"`
		w.Header().Set("Content-Encoding", encoding)
	}
	w.Header().Set("ETag", tag)
	if match := r.Header.Get("If-None-Match"); match == tag {
		w.Header().Del("Content-Encoding")
		w.WriteHeader(http.StatusNotModified)
		return
	}
	w.Header().Set("Content-Length", fmt.Sprint(len(body)))
	if r.Method == http.MethodGet {
		_, _ = w.Write(body) // a reader that went away is no fault of ours
	}
}

func (f *file) compressible() bool {
	return strings.HasPrefix(f.kind, "text/") || f.kind == "image/svg+xml"
}

func (f *file) compress() {
	var g, b bytes.Buffer
	gz, _ := gzip.NewWriterLevel(&g, gzip.BestCompression)
	_, _ = gz.Write(f.body) // a bytes.Buffer never fails
	_ = gz.Close()
	br := brotli.NewWriterLevel(&b, brotli.BestCompression)
	_, _ = br.Write(f.body)
	_ = br.Close()
	f.gzip, f.brotli = g.Bytes(), b.Bytes()
}

// takes reads an Accept-Encoding header (RFC 9110, 12.5.3) for one coding; "q=0" refuses it.
func takes(header, coding string) bool {
	for part := range strings.SplitSeq(header, ",") {
		name, param, _ := strings.Cut(strings.TrimSpace(part), ";")
		if strings.EqualFold(strings.TrimSpace(name), coding) {
			q := strings.ReplaceAll(param, " ", "")
			return q != "q=0" && !strings.HasPrefix(q, "q=0.000")
		}
	}
	return false
}
