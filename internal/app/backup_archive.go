package app

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"os"
	"time"

	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/store"
)

// A backup is one gzipped tar: manifest.json, the secret (where it is included), the tables as PostgreSQL's COPY text,
// the documents' files, and at last the manifest's own SHA-256. `tar -tzf` lists it, `tar -xzOf FILE manifest.json` shows
// what it is.
const (
	backupFormat = 1
	manifestName = "manifest.json"
	secretName   = "secret"
	endName      = "end"
	maxManifest  = 64 << 20
)

// Part is one file inside a backup. Size is in bytes, SHA256 in lower-case hex.
type Part struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// TablePart is one table of a backup.
type TablePart struct {
	store.DumpTable
	Rows int64 `json:"rows"`
	Part Part  `json:"part"`
}

// Manifest says what is in a backup.
type Manifest struct {
	Format    int         `json:"format"`
	Product   string      `json:"product"`
	Schema    int64       `json:"schema"`
	CreatedAt time.Time   `json:"created_at"`
	BaseURL   string      `json:"base_url"`
	KeyIDs    []string    `json:"key_ids"` // of the secrets that links were signed with; they tell nothing about them
	Secret    *Part       `json:"secret,omitempty"`
	Tables    []TablePart `json:"tables"`
	Files     []Part      `json:"files"`
	Missing   []string    `json:"missing,omitempty"` // documents' files that could not be read when the backup was made
}

// Rows is the number of all rows.
func (m Manifest) Rows() (n int64) {
	for _, t := range m.Tables {
		n += t.Rows
	}
	return n
}

// parts are what follows the manifest, in order.
func (m Manifest) parts() []Part {
	var out []Part
	if m.Secret != nil {
		out = append(out, *m.Secret)
	}
	for _, t := range m.Tables {
		out = append(out, t.Part)
	}
	return append(out, m.Files...)
}

func damaged(cause error, what string) error {
	return errs.Wrap(cause, errs.Malformed, "The backup is damaged (%s). Nothing was changed.", what)
}

// ReadManifest checks the whole backup, every byte of it, and tells what is in it.
func ReadManifest(ctx context.Context, file string) (Manifest, error) {
	return readBackup(ctx, file, func(Manifest, Part, io.Reader) error { return nil })
}

// BackupSecret is the secret that a backup holds, empty when it holds none.
func BackupSecret(ctx context.Context, file string) (secret string, err error) {
	_, err = readBackup(ctx, file, func(_ Manifest, p Part, r io.Reader) error {
		if p.Name != secretName {
			return nil
		}
		raw, err := io.ReadAll(io.LimitReader(r, 64<<10))
		secret = string(raw)
		return err
	})
	return secret, err
}

// readBackup gives fn every part in order; what fn leaves unread is still checked. An error of fn is passed on as it is.
func readBackup(ctx context.Context, file string, fn func(m Manifest, p Part, r io.Reader) error) (m Manifest, err error) {
	f, err := os.Open(file)
	if err != nil {
		return m, errs.Wrap(err, errs.NotFound, "The backup %s cannot be opened.", file)
	}
	defer func() { _ = f.Close() }()
	zip, err := gzip.NewReader(f)
	if err != nil {
		return m, errs.Wrap(err, errs.Malformed, "%s is not a backup of Gatehouse.", file)
	}
	in := tar.NewReader(&cancelReader{ctx, zip})
	raw, err := nextPart(in, manifestName, maxManifest)
	if err != nil {
		return m, errs.Wrap(err, errs.Malformed, "%s is not a backup of Gatehouse, or its beginning is damaged.", file)
	}
	if err := json.Unmarshal(raw, &m); err != nil {
		return m, damaged(err, "its list of contents cannot be read")
	}
	if m.Format != backupFormat {
		return m, errs.New(errs.Malformed, "The backup has format %d; this program knows format %d. Use the program that made it (%s) or a newer one.", m.Format, backupFormat, m.Product)
	}
	for _, p := range m.parts() {
		if err := readPart(in, m, p, fn); err != nil {
			return m, err
		}
	}
	sum := sha256.Sum256(raw)
	end, err := nextPart(in, endName, 64)
	if err != nil || string(end) != hex.EncodeToString(sum[:]) {
		return m, damaged(err, "its list of contents was changed")
	}
	if _, err := in.Next(); !errors.Is(err, io.EOF) {
		return m, damaged(err, "something follows its end")
	}
	if _, err := io.Copy(io.Discard, zip); err != nil { //nolint:gosec // nothing is kept: this reads on to the checksum of gzip itself
		return m, damaged(err, "its end")
	}
	return m, nil
}

func readPart(in *tar.Reader, m Manifest, p Part, fn func(Manifest, Part, io.Reader) error) error {
	h, err := in.Next()
	if err != nil || h.Name != p.Name || h.Size != p.Size {
		return damaged(err, p.Name+" is missing or of another size")
	}
	sum := sha256.New()
	r := io.TeeReader(in, sum)
	if err := fn(m, p, r); err != nil {
		return err
	}
	if _, err := io.Copy(io.Discard, r); err != nil {
		return damaged(err, p.Name)
	}
	if hex.EncodeToString(sum.Sum(nil)) != p.SHA256 {
		return damaged(nil, p.Name+" is not what was saved")
	}
	return nil
}

// nextPart reads a small part whole.
func nextPart(in *tar.Reader, name string, limit int64) ([]byte, error) {
	h, err := in.Next()
	if err != nil {
		return nil, err
	}
	if h.Name != name || h.Size > limit {
		return nil, errors.New("unexpected part")
	}
	return io.ReadAll(in)
}

// cancelReader ends with its context.
type cancelReader struct {
	ctx context.Context
	r   io.Reader
}

func (c *cancelReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}

// archiveWriter writes the parts of a backup.
type archiveWriter struct {
	zip *gzip.Writer
	tar *tar.Writer
	at  time.Time
}

func newArchiveWriter(w io.Writer, at time.Time) *archiveWriter {
	zip := gzip.NewWriter(w)
	return &archiveWriter{zip: zip, tar: tar.NewWriter(zip), at: at}
}

func (w *archiveWriter) add(name string, size int64, r io.Reader) error {
	if err := w.tar.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Size: size, Mode: 0o600, ModTime: w.at, Format: tar.FormatPAX}); err != nil {
		return err
	}
	n, err := io.Copy(w.tar, r)
	if err == nil && n != size {
		err = io.ErrUnexpectedEOF
	}
	return err
}

func (w *archiveWriter) addBytes(name string, b []byte) error {
	return w.add(name, int64(len(b)), bytes.NewReader(b))
}

func (w *archiveWriter) close() error { return errors.Join(w.tar.Close(), w.zip.Close()) }

// measure counts and hashes what is written through it.
type measure struct {
	w    io.Writer
	size int64
	sum  interface {
		io.Writer
		Sum([]byte) []byte
	}
}

func newMeasure(w io.Writer) *measure { return &measure{w: w, sum: sha256.New()} }

func (m *measure) Write(p []byte) (int, error) {
	n, err := m.w.Write(p)
	m.size += int64(n)
	_, _ = m.sum.Write(p[:n])
	return n, err
}

func (m *measure) part(name string) Part {
	return Part{Name: name, Size: m.size, SHA256: hex.EncodeToString(m.sum.Sum(nil))}
}
