package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"sync"

	"github.com/labstack/echo/v4"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/store"
)

// gateCache keeps each published page as the bytes that go out, rendered and compressed once.
type gateCache struct {
	mu    sync.RWMutex
	pages map[string]*cached
}

// cached is one page: plain, compressed, and the tag that says it is the same.
type cached struct {
	bytes.Buffer
	gzip []byte
	etag []string
}

// keptPages bounds the cache: beyond it everything is forgotten and made again.
const keptPages = 500

// gateKey changes whenever anything on the page may have changed.
func gateKey(g *store.PublishedGate, snap *app.Snapshot) string {
	return fmt.Sprintf("%s %s %s %d %d", g.Slug, g.Published.ID, g.File.ID, g.Document.Version, snap.Settings.Version)
}

var (
	htmlHeader   = []string{"text/html; charset=utf-8"}
	cacheHeader  = []string{"public, max-age=60"}
	varyHeader   = []string{"Accept-Encoding"}
	gzipHeader   = []string{"gzip"}
	noneEncoding = []byte(nil)
)

// serve answers with the page of the key, making it first where it is new.
func (gc *gateCache) serve(c echo.Context, key string, render func(*cached) error) error {
	gc.mu.RLock()
	p := gc.pages[key]
	gc.mu.RUnlock()
	if p == nil {
		var err error
		if p, err = makePage(render); err != nil {
			return err
		}
		gc.mu.Lock()
		if gc.pages == nil || len(gc.pages) >= keptPages {
			gc.pages = map[string]*cached{}
		}
		gc.pages[key] = p
		gc.mu.Unlock()
	}
	r, w := c.Request(), c.Response()
	h := w.Header()
	h["Content-Type"], h["Cache-Control"], h["Vary"], h["Etag"] = htmlHeader, cacheHeader, varyHeader, p.etag
	if r.Header.Get("If-None-Match") == p.etag[0] {
		return c.NoContent(http.StatusNotModified)
	}
	body := p.Bytes()
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		h["Content-Encoding"] = gzipHeader
		body = p.gzip
	}
	h.Set("Content-Length", fmt.Sprint(len(body)))
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodHead {
		body = noneEncoding
	}
	_, err := w.Write(body)
	return err
}

func makePage(render func(*cached) error) (*cached, error) {
	p := &cached{}
	if err := render(p); err != nil {
		return nil, err
	}
	var z bytes.Buffer
	gz, _ := gzip.NewWriterLevel(&z, gzip.BestCompression)
	if _, err := gz.Write(p.Bytes()); err != nil {
		return nil, err
	}
	if err := gz.Close(); err != nil {
		return nil, err
	}
	p.gzip = z.Bytes()
	sum := sha256.Sum256(p.Bytes())
	p.etag = []string{`W/"` + base64.RawURLEncoding.EncodeToString(sum[:9]) + `"`}
	return p, nil
}
