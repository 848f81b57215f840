package app

import (
	"context"
	"errors"
	"io"
	"path"
	"strings"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/document"
	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/lead"
	"github.com/gatehouse/gatehouse/internal/store"
)

// Upload is a file that was kept and judged, and is not offered yet. The zero value is no file at all.
type Upload struct {
	Name    string          // as the browser called it
	Report  document.Report // what the check learnt
	Faults  []errs.Field    // why it is refused, at the field "file"; none: it may be offered
	stored  document.Stored
	cover   string         // file key of the first page's picture; "" when none could be drawn
	samples []store.Sample // pictures of the pages that the landing page shows
}

// TakeUpload keeps a file as it comes in, without holding it in memory, then judges it by its content and draws its
// cover. A refused file is forgotten again and says why in Faults; err is for what is not the file's fault.
func (a *App) TakeUpload(ctx context.Context, name string, r io.Reader) (Upload, error) {
	up := Upload{Name: name}
	stored, err := a.files.Put(ctx, io.LimitReader(r, document.DefaultMaxPDF+1))
	if err != nil {
		return up, err
	}
	up.stored = stored
	up.Report, err = a.checkUpload(ctx, stored.Key)
	var e *errs.Error
	if err != nil && (!errors.As(err, &e) || e.Code != errs.Invalid && e.Code != errs.TooLarge) {
		a.dropUpload(ctx, &up)
		return up, err
	}
	if err != nil {
		up.Faults = e.Fields
		a.dropUpload(ctx, &up)
		return up, nil //nolint:nilerr // what is wrong with the file stands in Faults
	}
	cover, err := a.drawPage(ctx, stored.Key, 1)
	if up.samples = []store.Sample{}; err == nil {
		up.cover, up.samples = cover.Key, a.drawSamples(ctx, stored.Key, usualSamples(up.Report.Pages))
	} else if !errors.Is(err, document.ErrNoRenderer) {
		up.Report.Findings = append(up.Report.Findings, document.Finding{Code: "not-drawn", Severity: document.Notice,
			Sentence: "Its first page could not be drawn here. Open the file and look at it before you offer it."})
	}
	return up, nil
}

func (a *App) checkUpload(ctx context.Context, key string) (document.Report, error) {
	body, _, err := a.files.Open(ctx, key)
	if err != nil {
		return document.Report{}, err
	}
	defer func() { _ = body.Close() }()
	return document.CheckPDF(ctx, body, document.DefaultMaxPDF)
}

// dropUpload forgets a file that no version serves. The lock keeps it from being taken away under somebody who uploads
// the same bytes at the same moment.
func (a *App) dropUpload(ctx context.Context, up *Upload) {
	key := up.stored.Key
	if key == "" {
		return
	}
	err := a.store.Tx(context.WithoutCancel(ctx), func(tx *store.Tx) error {
		if err := lockFile(tx, key); err != nil {
			return err
		}
		var used int64
		if err := tx.Model(&store.DocumentVersion{}).Where("file_key = ?", key).Count(&used).Error; err != nil || used > 0 {
			return err
		}
		return a.files.Delete(ctx, key)
	})
	if err != nil {
		a.log.Warn("a refused upload could not be removed", "error", err)
	}
}

func lockFile(tx *store.Tx, key string) error {
	return tx.Exec("select pg_advisory_xact_lock(hashtext(?))", "file "+key).Error
}

// DocumentTexts is what staff say about a document.
type DocumentTexts struct {
	Title    string `json:"title"`
	Language string `json:"language"`
	Byline   string `json:"byline"`
}

func (t DocumentTexts) check(e *edits) DocumentTexts {
	return DocumentTexts{Title: e.line("title", t.Title, 1, 160), Language: e.languageTag("language", t.Language), Byline: e.line("byline", t.Byline, 0, 160)}
}

// NewDocument makes a document with its first version. What was left empty is taken from the file itself. All faults,
// those of the file too, come back at once.
func (a *App) NewDocument(ctx context.Context, in DocumentTexts, up Upload, by store.Actor) (store.Document, error) {
	settings, err := a.store.Settings(ctx)
	if err != nil {
		return store.Document{}, err
	}
	in = in.fill(up, settings.Locale)
	var e edits
	in = in.check(&e)
	e.file(up)
	if err := e.err(); err != nil {
		a.dropUpload(ctx, &up)
		return store.Document{}, err
	}
	d := store.Document{ID: store.NewID(), Title: in.Title, Language: in.Language, Byline: in.Byline, Version: 1}
	err = a.store.Tx(ctx, func(tx *store.Tx) error {
		d.CreatedAt, d.UpdatedAt = tx.Now(), tx.Now()
		if err := tx.Create(&d).Error; err != nil {
			return err
		}
		v, err := a.addVersion(ctx, tx, d.ID, up, by)
		if err != nil {
			return err
		}
		d.CurrentVersionID = &v.ID
		if err := tx.Model(&store.Document{}).Where("id = ?", d.ID).Update("current_version_id", v.ID).Error; err != nil {
			return err
		}
		return tx.Audit(by, "document.create", "document", d.ID.String(), map[string]any{"title": d.Title, "pages": v.Pages, "sha256": v.SHA256})
	})
	return d, err
}

// fill takes what was left empty from the file.
func (t DocumentTexts) fill(up Upload, locale string) DocumentTexts {
	if strings.TrimSpace(t.Title) == "" && up.Report.Pages > 0 {
		t.Title = up.Report.Title
		if t.Title == "" {
			base := path.Base(strings.ReplaceAll(up.Name, `\`, "/"))
			t.Title = lead.CleanText(strings.TrimSuffix(strings.TrimSuffix(base, ".pdf"), ".PDF"), 160)
		}
	}
	if strings.TrimSpace(t.Language) == "" {
		var e edits
		if t.Language = e.languageTag("", up.Report.Language); e.err() != nil || t.Language == "" {
			t.Language = locale
		}
	}
	return t
}

// file repeats the faults of an upload, or asks for one.
func (e *edits) file(up Upload) {
	e.faults = append(e.faults, up.Faults...)
	if up.stored.Key == "" {
		e.add("file", lead.Required, "Please choose a PDF file.")
	}
}

// addVersion adds the next version of a document whose row is new or locked.
func (a *App) addVersion(ctx context.Context, tx *store.Tx, doc uuid.UUID, up Upload, by store.Actor) (store.DocumentVersion, error) {
	if err := lockFile(tx, up.stored.Key); err != nil {
		return store.DocumentVersion{}, err
	}
	if _, err := a.files.Stat(ctx, up.stored.Key); err != nil {
		return store.DocumentVersion{}, errs.Wrap(err, errs.Unavailable, "The file was not kept. Please upload it again.")
	}
	var last int32
	if err := tx.Model(&store.DocumentVersion{}).Where("document_id = ?", doc).Select("coalesce(max(number), 0)").Scan(&last).Error; err != nil {
		return store.DocumentVersion{}, err
	}
	v := store.DocumentVersion{ID: store.NewID(), DocumentID: doc, Number: last + 1, FileKey: up.stored.Key, SHA256: up.stored.SHA256, Size: up.stored.Size,
		Pages: int32(up.Report.Pages), ContentType: "application/pdf", CoverKey: up.cover, Samples: up.samples, Findings: []store.Finding{},
		CreatedBy: by.ID, CreatedAt: tx.Now()}
	for _, f := range up.Report.Findings {
		v.Findings = append(v.Findings, store.Finding{Code: f.Code, Sentence: f.Sentence})
	}
	return v, tx.Create(&v).Error
}
