// Package document keeps the files that are offered: it stores them by content, judges an uploaded PDF by what is in it,
// draws a cover, and names a download.
package document

import (
	"context"
	"encoding/hex"
	"errors"
	"io"
	"net/url"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/gatehouse/gatehouse/internal/errs"
)

// ErrMissing says that no file is kept under the key. The visitor sees a calm page, staff are told.
var ErrMissing = errors.New("document: the file is missing")

// ErrDamaged says that a file's bytes are no longer those that were stored.
var ErrDamaged = errors.New("document: the file is damaged")

// Stored is what Put has made durable.
type Stored struct {
	Key    string // where it is, for Open; made of the hash
	SHA256 string // 64 lower-case hex digits
	Size   int64  // bytes
}

// Info describes a kept file.
type Info struct {
	Key      string
	Size     int64     // bytes
	Modified time.Time // UTC
}

// Files keeps files by content: the same bytes have the same key, a key's bytes never change. Errors are ErrMissing, or
// an *errs.Error whose sentence says what staff can do.
type Files interface {
	// Put reads r to its end. When it returns without an error the bytes survive a crash.
	Put(ctx context.Context, r io.Reader) (Stored, error)
	// Open gives the bytes for reading, seekable for Range requests. The caller closes.
	Open(ctx context.Context, key string) (io.ReadSeekCloser, Info, error)
	// Stat looks without opening.
	Stat(ctx context.Context, key string) (Info, error)
	// Verify reads the whole file: ErrDamaged when its hash is not that of its key.
	Verify(ctx context.Context, key string) error
	// Delete removes a file; one that is missing already is no error.
	Delete(ctx context.Context, key string) error
	// Walk calls fn for every file, sorted by key, until fn returns an error, which it passes on.
	Walk(ctx context.Context, fn func(Info) error) error
}

// OpenFiles opens the store that the address names: file:///folder, or a plain path of a folder.
func OpenFiles(address string) (Files, error) {
	if !strings.Contains(address, "://") {
		if address == "" {
			return nil, errs.New(errs.Invalid, "No folder is given for the documents.")
		}
		return NewLocalFiles(address)
	}
	u, err := url.Parse(address)
	if err != nil {
		return nil, errs.New(errs.Invalid, "The address of the documents cannot be read. It looks like file:///srv/gatehouse/documents.")
	}
	switch u.Scheme {
	case "file":
		if u.Host != "" && u.Host != "localhost" || u.Path == "" || u.RawQuery != "" || u.Fragment != "" {
			return nil, errs.New(errs.Invalid, "A file address needs three slashes and a folder: file:///srv/gatehouse/documents.")
		}
		return NewLocalFiles(filepath.FromSlash(u.Path))
	case "s3":
		return nil, errs.New(errs.Invalid, "Documents in an S3 store are not supported by this version. Use a folder: file:///srv/gatehouse/documents.")
	}
	return nil, errs.New(errs.Invalid, "Documents can be kept in a folder (file:///srv/gatehouse/documents), not under %s://.", u.Scheme)
}

// keyOf is the hash with a slash after the first two digits, so that no folder grows without bound.
func keyOf(sha256 string) string { return sha256[:2] + "/" + sha256[2:] }

// hashOf is the way back. Only what keyOf makes passes: no key can name a place outside the store.
func hashOf(key string) (string, bool) {
	if len(key) != 65 || key[2] != '/' {
		return "", false
	}
	sum := key[:2] + key[3:]
	if _, err := hex.DecodeString(sum); err != nil || strings.ToLower(sum) != sum {
		return "", false
	}
	return sum, true
}

// writeFault puts a plain sentence before a fault of the disk.
func writeFault(err error) error {
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return errs.Wrap(err, errs.Unavailable, "The disk that holds the documents is full. Nothing was saved. Free some space, then try again.")
	case errors.Is(err, syscall.EROFS), errors.Is(err, syscall.EACCES), errors.Is(err, syscall.EPERM):
		return errs.Wrap(err, errs.Unavailable, "Gatehouse may not write to the documents' folder. Nothing was saved. Check its owner and rights, then try again.")
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return errs.Wrap(err, errs.Unavailable, "The upload was broken off. Nothing was saved. Please try again.")
	}
	return errs.Wrap(err, errs.Unavailable, "The file could not be saved. Nothing was changed. Please try again.")
}

// upload reads until its context ends and remembers a fault of the reader, which is not one of the disk.
type upload struct {
	ctx   context.Context
	r     io.Reader
	fault error
}

func (u *upload) Read(p []byte) (int, error) {
	if err := u.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := u.r.Read(p)
	if err != nil && err != io.EOF {
		u.fault = err
	}
	return n, err
}

// readerFault keeps an *errs.Error of the reader (too large, say) and puts a sentence before any other.
func readerFault(err error) error {
	if e := (*errs.Error)(nil); errors.As(err, &e) {
		return err
	}
	return errs.Wrap(err, errs.Malformed, "The upload broke off before its end. Nothing was saved. Please try again.")
}
