package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/document"
	"github.com/gatehouse/gatehouse/internal/lead"
	"github.com/gatehouse/gatehouse/internal/store"
)

// maxSamples is how many pages of a document everybody may see.
const maxSamples = 3

// usualSamples are the pages that a landing page shows unless staff choose others: where the reading begins, and one from
// the middle.
func usualSamples(pages int) []int {
	switch {
	case pages < 2:
		return nil
	case pages < 4:
		return []int{2}
	}
	return []int{2, pages/2 + 1}
}

// SetSamplePages chooses which pages of a document's current version its landing pages show, such as "2, 5". Nothing: none.
func (a *App) SetSamplePages(ctx context.Context, id uuid.UUID, read int64, text string, by store.Actor) error {
	_, version, err := a.store.Document(ctx, id)
	if err != nil {
		return err
	}
	var e edits
	if version == nil {
		e.add("samples", lead.Required, "The document has no file yet.")
		return e.err()
	}
	pages := samplePages(&e, text, int(version.Pages))
	if err := e.err(); err != nil {
		return err
	}
	samples := a.drawSamples(ctx, version.FileKey, pages)
	if len(samples) < len(pages) {
		e.add("samples", lead.Invalid, "The pictures of these pages could not be drawn here. Run “gatehouse doctor” on the server: it says what is missing.")
		return e.err()
	}
	return a.editDocument(ctx, id, read, func(tx *store.Tx, d *store.Document) error {
		row := store.DocumentVersion{Samples: samples}
		if err := tx.Model(&store.DocumentVersion{}).Where("id = ? and document_id = ?", version.ID, d.ID).Select("samples").Updates(&row).Error; err != nil {
			return err
		}
		return tx.Audit(by, "document.samples", "document", d.ID.String(), map[string]any{"pages": pages, "version": version.Number})
	})
}

// samplePages reads a list of pages.
func samplePages(e *edits, text string, last int) (pages []int) {
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ';' || r == ' ' }) {
		n, err := strconv.Atoi(word)
		if err != nil || n < 1 || n > last {
			e.add("samples", lead.Invalid, fmt.Sprintf("Please write page numbers from 1 to %d, such as “2, 5”.", last))
			return nil
		}
		if !slices.Contains(pages, n) {
			pages = append(pages, n)
		}
	}
	if len(pages) > maxSamples {
		e.add("samples", lead.Invalid, fmt.Sprintf("Please choose at most %d pages: a landing page shows what to expect, not the whole.", maxSamples))
	}
	return pages
}

// drawSamples draws pages of a file, those that can be drawn.
func (a *App) drawSamples(ctx context.Context, key string, pages []int) []store.Sample {
	out := []store.Sample{}
	for _, n := range pages {
		if s, err := a.drawPage(ctx, key, n); err == nil {
			out = append(out, s)
		}
	}
	return out
}

// drawPage keeps the picture of a page of a file.
func (a *App) drawPage(ctx context.Context, key string, page int) (store.Sample, error) {
	body, _, err := a.files.Open(ctx, key)
	if err != nil {
		return store.Sample{}, err
	}
	defer func() { _ = body.Close() }()
	picture, err := document.RenderPage(ctx, body, page)
	if err != nil {
		if !errors.Is(err, document.ErrNoRenderer) {
			a.log.Warn("a page could not be drawn", "page", page, "error", err)
		}
		return store.Sample{}, err
	}
	kept, err := a.files.Put(ctx, bytes.NewReader(picture.PNG))
	if err != nil {
		a.log.Warn("the picture of a page could not be kept", "page", page, "error", err)
		return store.Sample{}, err
	}
	return store.Sample{Key: kept.Key, Alt: fmt.Sprintf("Sample: page %d", page), Width: picture.Width, Height: picture.Height, Page: page}, nil
}
