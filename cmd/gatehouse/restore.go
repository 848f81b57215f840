package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/errs"
)

type restoreCommand struct {
	File  string `arg:"" help:"A file that \"gatehouse backup\" wrote." type:"path"`
	Force bool   `help:"Replace a database that holds something."`
}

// Help says what happens afterwards.
func (restoreCommand) Help() string {
	return "Stop the service first. Every checksum is looked at before anything changes, and the new state appears in one step or not at all. " +
		"Afterwards mail is held until \"gatehouse release\" or the settings page lets it go; people erased since the backup are erased again."
}

// Run restores and says what was done and what is left to do.
func (r *restoreCommand) Run(w *world) error {
	o := &opened{config: w.config, log: logger(w.config, w.err)}
	defer o.Close()
	if err := w.openDatabase(o); err != nil {
		return err
	}
	opts := app.RestoreOptions{File: r.File, Force: r.Force, By: byCommand(), Progress: w.progress}
	w.progress("looking at the backup")
	m, err := app.CheckRestore(w.ctx, o.store, opts)
	if err != nil {
		return err
	}
	if m.Secret != nil && len(w.config.Secrets()) == 0 {
		secret, err := app.BackupSecret(w.ctx, r.File)
		if err == nil {
			err = w.adoptSecret(secret)
		}
		if err != nil {
			return err
		}
	}
	if _, err := w.wireApp(o); err != nil {
		return err
	}
	done, err := o.app.Restore(w.ctx, opts)
	if err != nil {
		return err
	}
	_, _ = fmt.Fprintf(w.out, "restored the backup of %s: %d rows, %d files\n", done.Manifest.CreatedAt.UTC().Format("2 January 2006, 15:04 UTC"), done.Rows, done.Files)
	_, _ = fmt.Fprintf(w.out, "erased again: %d people; to be acted on: %d submissions, %d leads; waiting: %d messages (%d were being sent)\n",
		done.Erased, done.Accepts, done.Leads, done.Delivers, done.Unknown)
	for _, text := range done.Warnings {
		_, _ = fmt.Fprintln(w.out, "warning:", text)
	}
	_, err = fmt.Fprintln(w.out, "mail is held: start the service, look at the messages, then run \"gatehouse release\"")
	return err
}

// adoptSecret puts the backup's secret first and keeps the one that was here behind it: links of both open, whether the
// restore then succeeds or not.
func (w *world) adoptSecret(secret string) error {
	raw, err := os.ReadFile(w.secretFile())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return errs.Wrap(err, errs.Unavailable, "The secret in the data folder cannot be read.")
	}
	list := splitSecrets(secret)
	for _, s := range splitSecrets(string(raw)) {
		if !slices.Contains(list, s) {
			list = append(list, s)
		}
	}
	text := strings.Join(list, ",") + "\n"
	if text == string(raw) {
		return nil
	}
	f, err := os.CreateTemp(filepath.Dir(w.secretFile()), ".secret.*") // mode 0600
	if err != nil {
		return errs.Wrap(err, errs.Unavailable, "The secret cannot be written into the data folder %s.", w.config.DataDir)
	}
	defer func() { _ = os.Remove(f.Name()) }()
	_, werr := f.WriteString(text)
	if err := errors.Join(werr, f.Sync(), f.Close()); err != nil {
		return errs.Wrap(err, errs.Unavailable, "The secret cannot be written into the data folder.")
	}
	if err := os.Rename(f.Name(), w.secretFile()); err != nil {
		return errs.Wrap(err, errs.Unavailable, "The secret cannot be written into the data folder.")
	}
	return nil
}

// splitSecrets reads the list that the file may hold: the first signs, all verify.
func splitSecrets(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == '\n' || r == '\r' || r == ' ' })
}
