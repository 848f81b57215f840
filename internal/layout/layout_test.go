// Package layout keeps the shape of the repository: which package may import which, and where the big libraries live.
package layout

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/gatehouse/gatehouse/"

// allowed lists, for each internal package, the packages of this module that it may import. cmd may import everything.
var allowed = map[string][]string{
	"errs":     {},
	"token":    {"errs"},
	"form":     {"errs", "lead"}, // what an e-mail address is, is said once, in lead
	"rule":     {"errs"},
	"lead":     {"errs", "rule"},
	"pipeline": {"errs", "lead", "rule"},
	"crm":      {"errs", "form", "lead", "pipeline"},
	"document": {"errs"},
	"auth":     {"errs"},
	"guard":    {"errs"},
	"email":    {"errs"},
	"jobs":     {"errs"},
	"postgres": {"errs"},
	"store":    {"errs", "rule", "form", "lead", "pipeline", "document", "auth", "guard", "jobs"},
	"report":   {"errs"},
	"app":      {"errs", "token", "rule", "form", "lead", "pipeline", "crm", "document", "auth", "guard", "email", "jobs", "store", "report"},
	"web":      {"errs", "token", "rule", "form", "lead", "pipeline", "crm", "document", "auth", "guard", "email", "store", "report", "app"},
}

// homes says which libraries live in which packages alone.
var homes = map[string][]string{
	"gorm.io/":                                 {"store"},
	"github.com/labstack/echo":                 {"web"},
	"github.com/sendgrid/":                     {"email"},
	"github.com/wneessen/go-mail":              {"email"},
	"github.com/expr-lang/expr":                {"rule"},
	"github.com/gatehouse/gatehouse/config":    {},
	"github.com/gatehouse/gatehouse/templates": {"web", "email", "app"},
}

func TestImports(t *testing.T) {
	root := filepath.Join("..", "..")
	err := filepath.WalkDir(filepath.Join(root, "internal"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		rel, err := filepath.Rel(filepath.Join(root, "internal"), path)
		if err != nil {
			return err
		}
		pkg, _, _ := strings.Cut(filepath.ToSlash(rel), "/")
		if pkg == "testkit" {
			return nil // for tests only; nothing else may import it, see below
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, imp := range f.Imports {
			check(t, pkg, rel, strings.Trim(imp.Path.Value, `"`))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func check(t *testing.T, pkg, file, imported string) {
	t.Helper()
	if inner, ok := strings.CutPrefix(imported, module+"internal/"); ok {
		inner = strings.Split(inner, "/")[0]
		list, known := allowed[pkg]
		if !known {
			t.Errorf("%s: package %s is not in the table of this test", file, pkg)
		}
		if inner != pkg && !slices.Contains(list, inner) {
			t.Errorf("%s: %s must not import %s", file, pkg, inner)
		}
	}
	for library, packages := range homes {
		if strings.HasPrefix(imported, library) && !slices.Contains(packages, pkg) {
			t.Errorf("%s: %s belongs to %v, not to %s", file, library, packages, pkg)
		}
	}
}

// The top level is fixed.
func TestTopLevel(t *testing.T) {
	known := []string{"cmd", "config", "internal", "templates", "assets", "docs", "go.mod", "go.sum", "Dockerfile", "README.md", "Makefile", "LICENSE",
		"CONTRIBUTING.md", "compose.yaml", ".ci", ".git", ".gitignore", ".golangci.yaml", ".dockerignore", "data", "bin"}
	entries, err := os.ReadDir(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !slices.Contains(known, e.Name()) {
			t.Errorf("%s does not belong at the top level", e.Name())
		}
	}
}
