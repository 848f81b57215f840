package templates

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestLoad(t *testing.T) {
	if _, err := Load(""); err != nil {
		t.Fatal(err)
	}
}

// An operator's fault stops the start, with the file and line that he has to look at.
func TestLoadRefusesOverrides(t *testing.T) {
	cases := []struct{ name, file, text, want string }{
		{"syntax", "public/gate.html", "{{define \"main\"}}\n{{if}}\n{{end}}", "public/gate.html:2"},
		{"unknown function", "public/gate.html", "{{define \"main\"}}\n\n{{shout .Title}}{{end}}", "public/gate.html:3"},
		{"unsafe place", "public/gate.html", "{{define \"main\"}}\n<a href={{if .Title}}\"x{{end}}>{{end}}", "public/gate.html:2"},
		{"unknown message", "public/gate.html", "{{define \"main\"}}\n{{t \"gate.no_such\"}}{{end}}", "public/gate.html:2"},
		{"nothing to show", "public/gate.html", "hello", "public/gate.html"},
		{"replaces nothing", "public/gatte.html", "x", "public/gatte.html"},
		{"not replaceable", "admin/login.html", "x", "admin/login.html"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			file := filepath.Join(dir, c.file)
			if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, []byte(c.text), 0o644); err != nil {
				t.Fatal(err)
			}
			_, err := Load(dir)
			if err == nil || !strings.Contains(err.Error(), filepath.Join(dir, c.want)) {
				t.Fatalf("want a fault at %s, got %v", c.want, err)
			}
		})
	}
}

func TestOverrideReplaces(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "public"), 0o755); err != nil {
		t.Fatal(err)
	}
	own := `{{define "main"}}<h1>Our own {{.Title}}</h1>{{end}}`
	if err := os.WriteFile(filepath.Join(dir, "public/expired.html"), []byte(own), 0o644); err != nil {
		t.Fatal(err)
	}
	s, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := s.Render(&b, "public/expired", ExpiredPage{Page: Page{Title: "A < B"}}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.String(), "<h1>Our own A &lt; B</h1>") {
		t.Fatal(b.String())
	}
}

// A field of an operator's own that draws itself fails like any other template: it doesn't take the process along.
func TestAFieldThatDrawsItself(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "public"), 0o755); err != nil {
		t.Fatal(err)
	}
	own := `{{define "main"}}{{range .Fields}}{{field . ""}}{{end}}{{end}}{{define "field/text"}}{{field . ""}}{{end}}`
	if err := os.WriteFile(filepath.Join(dir, "public/gate.html"), []byte(own), 0o644); err != nil {
		t.Fatal(err)
	}
	s, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	err = s.Render(&b, "public/gate", GatePage{Fields: []FieldView{{Name: "given_name", Type: "text"}}})
	if err == nil || !strings.Contains(err.Error(), "draws itself") || b.Len() > 0 {
		t.Fatalf("error %v, %d bytes written", err, b.Len())
	}
}

// A page that fails half way writes nothing at all.
func TestRenderWritesNothingOnFault(t *testing.T) {
	s, err := Load("")
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := s.Render(&b, "public/gate", struct{ Lang string }{}); err == nil || b.Len() > 0 {
		t.Fatalf("error %v, %d bytes written", err, b.Len())
	}
	if err := s.Render(&b, "public/nowhere", nil); err == nil || b.Len() > 0 {
		t.Fatalf("error %v, %d bytes written", err, b.Len())
	}
}
