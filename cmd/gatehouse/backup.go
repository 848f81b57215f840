package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/errs"
)

type backupCommand struct {
	File string `arg:"" help:"File to write; one of that name is replaced when the new one is whole." type:"path"`
}

// Help says what the file is.
func (backupCommand) Help() string {
	return "Runs beside a running service. The file is readable by its owner only: it holds personal data and, with the generated " +
		"secret of the data folder, the key of every link in every mail. Keep it as safe as the database itself."
}

// Run writes the backup and says what is in it; exit 1 when a document's file could not be saved.
func (b *backupCommand) Run(w *world) error {
	return w.command(func(o *opened) error {
		secret, err := w.keptSecret()
		if err != nil {
			return err
		}
		m, err := o.app.Backup(w.ctx, app.BackupOptions{File: b.File, Product: version, Secret: secret, Progress: w.progress})
		if err != nil {
			return err
		}
		info, err := os.Stat(b.File)
		if err != nil {
			return err
		}
		_, _ = fmt.Fprintf(w.out, "%s: %d rows of %d tables, %d files, %.1f MB\n", b.File, m.Rows(), len(m.Tables), len(m.Files), float64(info.Size())/1e6)
		if secret == "" {
			_, _ = fmt.Fprintln(w.out, "GATEHOUSE_SECRET is not in it: keep it beside the backup, without it links in sent mails do not open.")
		}
		if len(m.Missing) > 0 {
			_, _ = fmt.Fprintf(w.err, "gatehouse: these files of documents are missing or damaged and not in the backup: %s\n", strings.Join(m.Missing, ", "))
			return &silentError{exitFailed}
		}
		return nil
	})
}

// progress tells a person at the terminal what goes on, away from the result.
func (w *world) progress(line string) { _, _ = fmt.Fprintln(w.err, line) }

func (w *world) secretFile() string { return filepath.Join(w.config.DataDir, "secret") }

// keptSecret is the generated secret of the data folder, empty where the configuration holds one.
func (w *world) keptSecret() (string, error) {
	if len(w.config.Secrets()) > 0 {
		return "", nil
	}
	raw, err := os.ReadFile(w.secretFile())
	if err != nil {
		return "", errs.Wrap(err, errs.Unavailable, "The secret in the data folder cannot be read.")
	}
	return strings.TrimSpace(string(raw)), nil
}
