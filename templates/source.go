package templates

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// layered is the built-in files with an operator's folder on top.
type layered struct {
	base fs.FS
	top  fs.FS // nil: none
	dir  string
}

// source is the template files as pages and mails are made of them: the built-in ones, each public/ and email/ file
// replaced by that of the override folder where it has one. A file there that replaces nothing is a fault: a slip in
// its name would else change nothing in silence.
func source(overrides string) (*layered, error) {
	l := &layered{base: FS}
	if overrides == "" {
		return l, nil
	}
	info, err := os.Stat(overrides)
	if err != nil {
		return nil, fmt.Errorf("templates: override folder: %w", err)
	}
	if !info.IsDir() {
		return nil, fmt.Errorf("templates: override folder: %s is not a folder", overrides)
	}
	l.top, l.dir = os.DirFS(overrides), overrides
	var faults []error
	err = fs.WalkDir(l.top, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasPrefix(filepath.Base(name), ".") {
			return err
		}
		if !replaceable(name) {
			faults = append(faults, fmt.Errorf("%s: only files in public/ and email/ can be replaced", filepath.Join(overrides, name)))
		} else if _, err := fs.Stat(FS, name); err != nil {
			faults = append(faults, fmt.Errorf("%s: replaces nothing, there is no %s", filepath.Join(overrides, name), name))
		}
		return nil
	})
	if err := errors.Join(append(faults, err)...); err != nil {
		return nil, err
	}
	return l, nil
}

func replaceable(name string) bool {
	return strings.HasPrefix(name, "public/") || strings.HasPrefix(name, "email/")
}

// Open takes the override's file where there is one. Folders are always the built-in ones.
func (l *layered) Open(name string) (fs.File, error) {
	if l.top != nil && replaceable(name) {
		if f, err := l.top.Open(name); err == nil {
			if info, err := f.Stat(); err == nil && !info.IsDir() {
				return f, nil
			}
			_ = f.Close()
		}
	}
	return l.base.Open(name)
}

// where is the name that a fault gives: the path of the override, or the name in the package.
func (l *layered) where(name string) string {
	if l.top != nil && replaceable(name) {
		if _, err := fs.Stat(l.top, name); err == nil {
			return filepath.Join(l.dir, name)
		}
	}
	return name
}
