package app

import (
	"compress/gzip"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/store"
	"github.com/gatehouse/gatehouse/internal/token"
)

// BackupOptions of Backup. Secret is the generated secret of the data folder, so that links in mails already sent stay
// good after a restore; empty where the operator keeps the secret. Progress gets one sentence a step and may be nil.
type BackupOptions struct {
	File     string
	Product  string // version of this program
	Secret   string
	Progress func(string)
}

// Backup writes database and documents of one moment into one file, which appears under its name only when it is whole
// and on the disk. Memory stays the same however large the tables are; a compressed copy of the tables passes through a
// temporary file beside it. Files of documents that are missing or damaged are named in the manifest.
func (a *App) Backup(ctx context.Context, o BackupOptions) (m Manifest, err error) {
	if o.Progress == nil {
		o.Progress = func(string) {}
	}
	m = Manifest{Format: backupFormat, Product: o.Product, CreatedAt: a.now(), BaseURL: a.o.BaseURL, KeyIDs: keyIDs(a.keys)}
	dir := filepath.Dir(o.File)
	spool, err := os.CreateTemp(dir, "."+filepath.Base(o.File)+".*.tables")
	if err != nil {
		return m, backupFault(err)
	}
	_ = os.Remove(spool.Name()) // it lives as long as it is open, so that nothing stays behind however this ends
	defer func() { _ = spool.Close() }()
	keys, err := a.spoolTables(ctx, &m, spool, o.Progress)
	if err != nil {
		return m, backupFault(err)
	}
	if err := a.listFiles(ctx, &m, keys, o.Progress); err != nil {
		return m, err
	}
	out, err := os.CreateTemp(dir, "."+filepath.Base(o.File)+".*.part") // mode 0600
	if err != nil {
		return m, backupFault(err)
	}
	defer func() { _ = os.Remove(out.Name()) }()
	if err := errors.Join(a.writeBackup(ctx, &m, out, spool, o), out.Sync(), out.Close()); err != nil {
		return m, backupFault(err)
	}
	if err := os.Rename(out.Name(), o.File); err != nil {
		return m, backupFault(err)
	}
	if err := syncFolder(dir); err != nil {
		return m, backupFault(err)
	}
	return m, nil
}

func backupFault(err error) error {
	var e *errs.Error
	if errors.As(err, &e) {
		return err
	}
	return errs.Wrap(err, errs.Unavailable, "The backup could not be written. No file was made or replaced.")
}

// spoolTables copies every table, of one moment, into the spool and describes them; the answer is the keys of the files.
func (a *App) spoolTables(ctx context.Context, m *Manifest, spool io.Writer, progress func(string)) (keys []string, err error) {
	zip, err := gzip.NewWriterLevel(spool, gzip.BestSpeed)
	if err != nil {
		return nil, err
	}
	err = a.store.Dump(ctx, func(d *store.Dump) error {
		m.Schema = d.Schema
		tables, err := d.Tables(ctx)
		if err != nil {
			return err
		}
		for _, t := range tables {
			w := newMeasure(zip)
			n, err := d.Copy(ctx, t, w)
			if err != nil {
				return fmt.Errorf("copy %s: %w", t.Name, err)
			}
			m.Tables = append(m.Tables, TablePart{DumpTable: t, Rows: n, Part: w.part("tables/" + t.Name + ".copy")})
			progress(fmt.Sprintf("table %s: %d rows", t.Name, n))
		}
		keys, err = d.FileKeys(ctx)
		return err
	})
	return keys, errors.Join(err, zip.Close())
}

// listFiles reads every file once to be sure that it is what was uploaded: the name of a file is its hash.
func (a *App) listFiles(ctx context.Context, m *Manifest, keys []string, progress func(string)) error {
	for _, key := range keys {
		info, err := a.files.Stat(ctx, key)
		if err == nil {
			err = a.files.Verify(ctx, key)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			a.log.Error("a document's file is not in the backup", "key", key, "error", err)
			m.Missing = append(m.Missing, key)
			continue
		}
		m.Files = append(m.Files, Part{Name: "files/" + key, Size: info.Size, SHA256: strings.ReplaceAll(key, "/", "")})
	}
	progress(fmt.Sprintf("files: %d", len(m.Files)))
	return nil
}

func (a *App) writeBackup(ctx context.Context, m *Manifest, out io.Writer, spool io.ReadSeeker, o BackupOptions) error {
	if o.Secret != "" {
		w := newMeasure(io.Discard)
		_, _ = io.WriteString(w, o.Secret)
		p := w.part(secretName)
		m.Secret = &p
	}
	list, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	sum := newMeasure(io.Discard)
	_, _ = sum.Write(list)
	w := newArchiveWriter(out, m.CreatedAt)
	if err := w.addBytes(manifestName, list); err != nil {
		return err
	}
	if o.Secret != "" {
		if err := w.addBytes(secretName, []byte(o.Secret)); err != nil {
			return err
		}
	}
	if _, err := spool.Seek(0, io.SeekStart); err != nil {
		return err
	}
	if len(m.Tables) > 0 {
		tables, err := gzip.NewReader(&cancelReader{ctx, spool})
		if err != nil {
			return err
		}
		for _, t := range m.Tables {
			if err := w.add(t.Part.Name, t.Part.Size, io.LimitReader(tables, t.Part.Size)); err != nil {
				return err
			}
		}
	}
	for _, p := range m.Files {
		if err := a.writeFile(ctx, w, p); err != nil {
			return err
		}
	}
	o.Progress("writing to the disk")
	return errors.Join(w.addBytes(endName, []byte(sum.part("").SHA256)), w.close())
}

func (a *App) writeFile(ctx context.Context, w *archiveWriter, p Part) error {
	body, _, err := a.files.Open(ctx, strings.TrimPrefix(p.Name, "files/"))
	if err != nil {
		return err
	}
	defer func() { _ = body.Close() }()
	return w.add(p.Name, p.Size, &cancelReader{ctx, body})
}

// keyIDs name the secrets without telling them, so that a restore sees whether links in sent mails will open.
func keyIDs(keys *token.Keys) []string {
	var out []string
	for _, k := range keys.DeriveAll("backup key id") {
		out = append(out, hex.EncodeToString(k[:8]))
	}
	return out
}
