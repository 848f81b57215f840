package main

import (
	"embed"
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"strings"

	"github.com/gatehouse/gatehouse/assets"
	"github.com/gatehouse/gatehouse/templates"
)

//go:embed letter.html components.html
var samplesFS embed.FS

// policy is the one that the service answers with: a page that needs more shows it here first.
const policy = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'; object-src 'none'"

// handler serves the book, and plays the few answers that the scripts of the pages ask for.
func handler(set *templates.Set) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/assets/", assets.Handler())
	mux.HandleFunc("GET /sample/{name}", sampleFile)
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { index(w) })
	mux.HandleFunc("GET /p/{name...}", func(w http.ResponseWriter, r *http.Request) { show(w, set, r.PathValue("name")) })
	mux.HandleFunc("GET /g/{slug}/start", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, 200, map[string]any{"token": "sample-token"})
	})
	mux.HandleFunc("POST /g/{slug}", submit)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", policy)
		mux.ServeHTTP(w, r)
	})
}

func sampleFile(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	body, err := samplesFS.ReadFile(name)
	if err != nil {
		http.NotFound(w, r)
		return
	}
	if strings.HasSuffix(name, ".html") {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", "sandbox; default-src 'none'; style-src 'unsafe-inline'")
	}
	_, _ = w.Write(body)
}

func show(w http.ResponseWriter, set *templates.Set, name string) {
	for _, s := range samples() {
		if s.name != name {
			continue
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		if err := set.Render(w, s.page, s.data); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
		return
	}
	http.Error(w, "no such sample", http.StatusNotFound)
}

func index(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	fmt.Fprint(w, `<!doctype html><html lang="en"><title>Page book</title><meta name="viewport" content="width=device-width"><h1>Page book</h1><ul>`)
	for _, s := range samples() {
		fmt.Fprintf(w, `<li><a href="/p/%s">%s</a></li>`, html.EscapeString(s.name), html.EscapeString(s.name))
	}
	fmt.Fprint(w, `</ul></html>`)
}

// submit answers by the address: one that ends with the @, or begins with "fault", "busy", "many", "crash"; all else is accepted.
func submit(w http.ResponseWriter, r *http.Request) {
	email := r.FormValue("email")
	switch {
	case strings.HasSuffix(email, "@"):
		writeJSON(w, 422, map[string]any{"type": "invalid", "title": "Some answers need a second look.", "status": 422, "errors": []map[string]string{
			{"field": "email", "code": "invalid", "message": "This is not an e-mail address. It looks like ann@example.com."},
			{"field": "company", "code": "required", "message": "Please fill this in."}}})
	case strings.HasPrefix(email, "fault") && r.FormValue("email_as_typed") != email:
		writeJSON(w, 422, map[string]any{"type": "invalid", "title": "Some answers need a second look.", "status": 422, "errors": []map[string]string{
			{"field": "email", "code": "mistyped", "message": "Did you mean ann@gmail.com? If it is right as it stands, send the form again.", "suggestion": "ann@gmail.com"},
			{"field": "company", "code": "required", "message": "Please fill this in."}}})
	case strings.HasPrefix(email, "busy"):
		w.Header().Set("Retry-After", "2")
		writeJSON(w, 503, map[string]any{"type": "unavailable", "status": 503})
	case strings.HasPrefix(email, "many"):
		w.Header().Set("Retry-After", "30")
		writeJSON(w, 429, map[string]any{"type": "too-many", "status": 429})
	case strings.HasPrefix(email, "crash"):
		panic(http.ErrAbortHandler)
	default:
		writeJSON(w, 201, map[string]any{"receipt": "r", "status": "received", "location": "/p/thanks/on-its-way"})
	}
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}
