package app

import (
	"context"
	"io"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/store"
)

// DocumentLine is one document of the list.
type DocumentLine struct {
	store.Document
	Number   int32 // of the current version
	Versions int
	Pages    int32
	Size     int64 // bytes
	Gates    int   // landing pages that offer it, published ones
	Drafts   int   // and those that are not
}

// Documents lists what is offered, archived ones last.
func (a *App) Documents(ctx context.Context) (out []DocumentLine, err error) {
	err = a.store.DB(ctx).Raw(`select d.*, v.number, v.pages, v.size,
		(select count(*) from document_versions n where n.document_id = d.id) as versions,
		(select count(*) from gates g where g.document_id = d.id and g.state = 'published') as gates,
		(select count(*) from gates g where g.document_id = d.id and g.state <> 'published') as drafts
		from documents d left join document_versions v on v.id = d.current_version_id
		order by d.archived_at is not null, d.updated_at desc, d.id`).Scan(&out).Error
	return out, a.store.Translate(err)
}

// VersionLine is one version with who uploaded it.
type VersionLine struct {
	store.DocumentVersion
	By string // empty: the installation itself
}

// DocumentRecord is all that the page of a document shows.
type DocumentRecord struct {
	store.Document
	Versions []VersionLine // newest first
	Gates    []store.Gate
}

// Current is the version that every link serves; nil when there is none.
func (r DocumentRecord) Current() *VersionLine {
	for i := range r.Versions {
		if r.CurrentVersionID != nil && r.Versions[i].ID == *r.CurrentVersionID {
			return &r.Versions[i]
		}
	}
	return nil
}

// Document reads one document for its page.
func (a *App) Document(ctx context.Context, id uuid.UUID) (r DocumentRecord, err error) {
	db := a.store.DB(ctx)
	if err := db.Where("id = ?", id).Take(&r.Document).Error; err != nil {
		return r, a.store.Translate(err)
	}
	var versions []store.DocumentVersion
	if err := db.Where("document_id = ?", id).Order("number desc").Find(&versions).Error; err != nil {
		return r, a.store.Translate(err)
	}
	names, err := a.userNames(ctx)
	if err != nil {
		return r, err
	}
	for _, v := range versions {
		line := VersionLine{DocumentVersion: v}
		if v.CreatedBy != nil {
			line.By = names[*v.CreatedBy]
		}
		r.Versions = append(r.Versions, line)
	}
	err = db.Where("document_id = ?", id).Order("created_at").Find(&r.Gates).Error
	return r, a.store.Translate(err)
}

// userNames is every member of staff by id.
func (a *App) userNames(ctx context.Context) (map[uuid.UUID]string, error) {
	var users []store.User
	if err := a.store.DB(ctx).Select("id", "name").Find(&users).Error; err != nil {
		return nil, a.store.Translate(err)
	}
	out := make(map[uuid.UUID]string, len(users))
	for _, u := range users {
		out[u.ID] = u.Name
	}
	return out, nil
}

// editDocument locks a document, lets fn change it, and tells everybody. A read version of 0 asks for no check.
func (a *App) editDocument(ctx context.Context, id uuid.UUID, read int64, fn func(tx *store.Tx, d *store.Document) error) error {
	err := a.store.Tx(ctx, func(tx *store.Tx) error {
		var d store.Document
		if err := tx.ForUpdate().Where("id = ?", id).Take(&d).Error; err != nil {
			return a.store.Translate(err)
		}
		if read != 0 && d.Version != read {
			return errChanged
		}
		if err := fn(tx, &d); err != nil {
			return err
		}
		d.Version, d.UpdatedAt = d.Version+1, tx.Now()
		if err := tx.Model(&store.Document{}).Where("id = ?", id).Select("*").Updates(&d).Error; err != nil {
			return err
		}
		return tx.Changed()
	})
	if err == nil {
		a.renew(ctx)
	}
	return err
}

// EditDocument changes what is said about a document. read is the version that the form showed.
func (a *App) EditDocument(ctx context.Context, id uuid.UUID, read int64, in DocumentTexts, by store.Actor) error {
	var e edits
	in = in.check(&e)
	if err := e.err(); err != nil {
		return err
	}
	return a.editDocument(ctx, id, read, func(tx *store.Tx, d *store.Document) error {
		old := DocumentTexts{Title: d.Title, Language: d.Language, Byline: d.Byline}
		d.Title, d.Language, d.Byline = in.Title, in.Language, in.Byline
		return tx.Audit(by, "document.edit", "document", id.String(), map[string]any{"changed": changedNames(old, in)})
	})
}

// AddVersion adds a file to a document under the next number; an earlier one is never overwritten. serve makes it the
// one that every link serves from now on.
func (a *App) AddVersion(ctx context.Context, id uuid.UUID, up Upload, serve bool, by store.Actor) (v store.DocumentVersion, err error) {
	var e edits
	if e.file(up); e.err() != nil {
		a.dropUpload(ctx, &up)
		return v, e.err()
	}
	err = a.editDocument(ctx, id, 0, func(tx *store.Tx, d *store.Document) error {
		var same []store.DocumentVersion
		if err := tx.Where("document_id = ? and sha256 = ?", id, up.stored.SHA256).Limit(1).Find(&same).Error; err != nil {
			return err
		}
		if len(same) > 0 {
			return errs.InvalidFields(errs.Field{Field: "file", Code: "same",
				Message: "This is the very same file as version " + strconv.Itoa(int(same[0].Number)) + ". Nothing was changed."})
		}
		if v, err = a.addVersion(ctx, tx, id, up, by); err != nil {
			return err
		}
		if serve || d.CurrentVersionID == nil {
			d.CurrentVersionID = &v.ID
		}
		return tx.Audit(by, "document.version", "document", id.String(), map[string]any{"number": v.Number, "pages": v.Pages, "sha256": v.SHA256, "serve": serve})
	})
	if err != nil {
		a.dropUpload(ctx, &up)
	}
	return v, err
}

// ServeVersion makes one version of a document the one that every link serves. read is the version of the row that the
// page showed.
func (a *App) ServeVersion(ctx context.Context, id, version uuid.UUID, read int64, by store.Actor) error {
	return a.editDocument(ctx, id, read, func(tx *store.Tx, d *store.Document) error {
		var v store.DocumentVersion
		if err := tx.Where("id = ? and document_id = ?", version, id).Take(&v).Error; err != nil {
			return a.store.Translate(err)
		}
		d.CurrentVersionID = &v.ID
		return tx.Audit(by, "document.serve", "document", id.String(), map[string]any{"number": v.Number})
	})
}

// ArchiveDocument takes a document out of use, or brings it back. One that is on a published page stays.
func (a *App) ArchiveDocument(ctx context.Context, id uuid.UUID, read int64, archive bool, by store.Actor) error {
	return a.editDocument(ctx, id, read, func(tx *store.Tx, d *store.Document) error {
		action := "document.restore"
		d.ArchivedAt = nil
		if archive {
			var published int64
			if err := tx.Model(&store.Gate{}).Where("document_id = ? and state = 'published'", id).Count(&published).Error; err != nil {
				return err
			}
			if published > 0 {
				return errs.New(errs.Conflict, "%s this document. Unpublish first, then archive.", offers(int(published)))
			}
			now := tx.Now()
			action, d.ArchivedAt = "document.archive", &now
		}
		return tx.Audit(by, action, "document", id.String(), nil)
	})
}

func offers(n int) string {
	if n == 1 {
		return "A published landing page offers"
	}
	return plural(n, "", "published landing pages") + " offer"
}

// StaffFile is a file that staff look at; the caller closes Body.
type StaffFile struct {
	Body     io.ReadSeekCloser
	Modified time.Time
	Title    string
	Version  store.DocumentVersion
}

// OpenVersion opens any version of a document for staff; cover opens its picture instead (NotFound when there is none).
func (a *App) OpenVersion(ctx context.Context, id, version uuid.UUID, cover bool) (f StaffFile, err error) {
	var d store.Document
	db := a.store.DB(ctx)
	if err := db.Where("id = ?", id).Take(&d).Error; err != nil {
		return f, a.store.Translate(err)
	}
	if err := db.Where("id = ? and document_id = ?", version, id).Take(&f.Version).Error; err != nil {
		return f, a.store.Translate(err)
	}
	key := f.Version.FileKey
	if cover {
		if key = f.Version.CoverKey; key == "" {
			return f, errs.New(errs.NotFound, "This version has no cover picture.")
		}
	}
	body, info, err := a.files.Open(ctx, key)
	if err != nil {
		return f, errs.Wrap(err, errs.NotFound, "The file is not in the document store. Upload it again or restore it from a backup.")
	}
	f.Body, f.Modified, f.Title = body, info.Modified, d.Title
	return f, nil
}
