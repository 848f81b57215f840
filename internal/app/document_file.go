package app

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/gatehouse/gatehouse/internal/document"
	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/store"
	"github.com/gatehouse/gatehouse/internal/token"
)

// ServedFile is the bytes that a signed address serves. The caller closes Body.
type ServedFile struct {
	Body     io.ReadSeekCloser
	Size     int64
	Modified time.Time
	SHA256   string
	Title    string
	Type     string
}

// OpenFile opens what a link and a key of at most fifteen minutes serve together. It records nothing but the raw hit.
func (a *App) OpenFile(ctx context.Context, link, key string, v Visitor) (ServedFile, error) {
	o, err := a.OpenGrant(ctx, link)
	if err != nil {
		return ServedFile{}, err
	}
	c, err := a.keys.Open(token.File, key)
	if err != nil || o.Superseded {
		return ServedFile{}, errNoLink
	}
	if c.Expired(a.now()) {
		return ServedFile{}, errs.New(errs.Gone, "This address was for a quarter of an hour.")
	}
	version, err := a.store.DocumentVersion(ctx, c.ID)
	if err != nil || version.DocumentID != o.Document.ID {
		return ServedFile{}, errNoLink
	}
	o.File = version
	if err := a.SeeHit(ctx, o.Grant.ID, "file", v); err != nil {
		a.log.Warn("hit not kept", "error", err)
	}
	body, info, err := a.files.Open(ctx, version.FileKey)
	if err != nil {
		return ServedFile{}, a.missingFile(ctx, o, err)
	}
	return ServedFile{Body: body, Size: info.Size, Modified: version.CreatedAt, SHA256: version.SHA256, Title: o.Document.Title, Type: version.ContentType}, nil
}

// ErrFileMissing is the calm page: the document cannot be served now, and staff have been told.
var ErrFileMissing = errs.New(errs.Unavailable, "The document cannot be opened at the moment. We have been told, and your link stays good.").After(10 * time.Minute)

// checkFile makes sure, before a person is sent to the file, that it is there and is what was uploaded. A file that was
// read and found whole is not read again while its time and size stay.
func (a *App) checkFile(ctx context.Context, o OpenedGrant) error {
	info, err := a.files.Stat(ctx, o.File.FileKey)
	if err != nil {
		return a.missingFile(ctx, o, err)
	}
	if whole, ok := a.whole.Load(info); ok && whole == true {
		return nil
	}
	if err := a.files.Verify(ctx, o.File.FileKey); err != nil {
		return a.missingFile(ctx, o, err)
	}
	a.whole.Store(info, true)
	return nil
}

// missingFile raises the alarm and keeps the prospect calm.
func (a *App) missingFile(ctx context.Context, o OpenedGrant, cause error) error {
	if errors.Is(cause, context.Canceled) {
		return cause
	}
	sentence := "The file of \"" + o.Document.Title + "\" is missing or damaged in the document store. Upload it again or restore it from a backup."
	err := a.store.Tx(ctx, func(tx *store.Tx) error { return tx.Raise("file-missing", o.Document.ID.String(), sentence) })
	a.log.Error("document file cannot be served", "document", o.Document.ID, "version", o.File.ID, "missing", errors.Is(cause, document.ErrMissing), "error", cause, "alarm", err)
	return ErrFileMissing
}

// FileThere tells whether the document can be served, raising the alarm where it cannot.
func (a *App) FileThere(ctx context.Context, o OpenedGrant) bool { return a.checkFile(ctx, o) == nil }
