package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"github.com/pdfcpu/pdfcpu/pkg/api"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/model"
)

// writePDF completes what Chromium leaves out (author and subject, and that
// readers show the title instead of the file name) and writes the file.
// Tags, language and outline pass through unchanged.
func writePDF(path string, raw []byte, meta metadata) error {
	conf := model.NewDefaultConfiguration()
	props := map[string]string{"Title": meta.Title, "Author": meta.Author, "Creator": "Gatehouse whitepaper"}
	if meta.Description != "" {
		props["Subject"] = meta.Description
	}
	var named bytes.Buffer
	if err := api.AddProperties(bytes.NewReader(raw), &named, props, conf); err != nil {
		return fmt.Errorf("set the PDF's properties: %w", err)
	}
	show := true
	var done bytes.Buffer
	prefs := model.ViewerPreferences{DisplayDocTitle: &show}
	if err := api.SetViewerPreferences(bytes.NewReader(named.Bytes()), &done, prefs, conf); err != nil {
		return fmt.Errorf("set the PDF's viewer preferences: %w", err)
	}
	return os.WriteFile(path, done.Bytes(), 0o644)
}

// checkFonts asks pdffonts whether each family is in the PDF.
func checkFonts(ctx context.Context, pdf string, families []string) error {
	out, err := exec.CommandContext(ctx, "pdffonts", pdf).Output()
	if err != nil {
		return fmt.Errorf("pdffonts (poppler-utils): %w", err)
	}
	for _, family := range families {
		if family = strings.TrimSpace(family); !strings.Contains(string(out), family) {
			return fmt.Errorf("font %q is not in the PDF; is it installed? Found:\n%s", family, out)
		}
	}
	return nil
}
