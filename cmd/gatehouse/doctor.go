package main

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/gatehouse/gatehouse/config"
	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/email"
)

type doctorCommand struct{}

// Run looks at everything that the service stands on; the exit code is 1 when something failed.
func (doctorCommand) Run(w *world) error {
	lines := w.checkConfig()
	if w.canOpen() {
		lines = append(lines, w.examine()...)
	} else if w.faults == nil {
		lines = append(lines, email.Finding{Check: "database", Level: email.LevelWarning, Text: "There is no database in the data folder yet.",
			Mend: "Start the service once: it makes one."})
	}
	failed := false
	for _, l := range lines {
		failed = failed || l.Level == email.LevelFailed
		_, _ = fmt.Fprintf(w.out, "%-7s  %-13s  %s\n", l.Level, l.Check, l.Text)
		if l.Mend != "" && l.Level != email.LevelOK {
			_, _ = fmt.Fprintf(w.out, "%-7s  %-13s  -> %s\n", "", "", l.Mend)
		}
	}
	if failed {
		return &silentError{exitFailed}
	}
	return nil
}

// checkConfig gives each fault of the configuration a line, and names what is legal and unwise.
func (w *world) checkConfig() (lines []email.Finding) {
	cfg := w.config
	add := func(level email.Level, text, mend string) {
		lines = append(lines, email.Finding{Check: "configuration", Level: level, Text: text, Mend: mend})
	}
	var faults config.Faults
	switch {
	case errors.As(w.faults, &faults):
		for _, f := range faults {
			add(email.LevelFailed, f, "Mend it in the environment or in the configuration file.")
		}
	case w.faults != nil:
		add(email.LevelFailed, w.faults.Error(), "Mend it in the environment or in the configuration file.")
	default:
		add(email.LevelOK, "It is complete and without faults.", "")
	}
	if u, err := url.Parse(baseURL(cfg)); err == nil && u.Scheme == "http" && !cfg.Loopback() {
		add(email.LevelFailed, "GATEHOUSE_BASE_URL is plain http: what people type and staff's sessions travel in the clear.",
			"Put a proxy with TLS in front and set GATEHOUSE_BASE_URL to its https address.")
	}
	if cfg.Mail == "capture" && !cfg.Loopback() {
		add(email.LevelWarning, "GATEHOUSE_MAIL is capture: nobody gets a mail.", "Set it to sendgrid or smtp.")
	}
	if cfg.Limits == "off" {
		add(email.LevelWarning, "GATEHOUSE_LIMITS is off: one program can fill the database.", "Switch it off for load tests only.")
	}
	if len(cfg.Secrets()) == 0 {
		add(email.LevelOK, "The secret lies in the data folder; it is part of what must be kept.", "")
	}
	return lines
}

// canOpen tells that a look at the rest makes sense and makes nothing new: the database is named, or there already.
func (w *world) canOpen() bool {
	if w.faults != nil && strings.Contains(w.faults.Error(), "DATABASE_URL") {
		return false
	}
	if w.config.DatabaseURL != "" {
		return true
	}
	_, err := os.Stat(filepath.Join(w.config.DataDir, "postgres"))
	return err == nil
}

func (w *world) examine() []email.Finding {
	failed := func(check, mend string, err error) []email.Finding {
		return []email.Finding{{Check: check, Level: email.LevelFailed, Text: explain(err), Mend: mend}}
	}
	o := &opened{config: w.config, log: logger(w.config, w.err)}
	defer o.Close()
	if err := w.openDatabase(o); err != nil {
		return failed("database", "Check DATABASE_URL, or the log of the private PostgreSQL in the data folder.", err)
	}
	if err := o.store.Ping(w.ctx); err != nil {
		return failed("database", "Start PostgreSQL, or check DATABASE_URL.", err)
	}
	if sc, err := o.store.Schema(w.ctx); err != nil {
		return failed("database", "Check what the account of DATABASE_URL may do.", err)
	} else if sc.Empty() {
		return []email.Finding{{Check: "database", Level: email.LevelFailed, Text: "The database is empty.",
			Mend: "Run \"gatehouse migrate\", or start \"gatehouse serve\", which fills an empty database by itself."}}
	}
	if err := w.openApp(o); err != nil {
		return failed("configuration", "Mend it in the environment or in the configuration file.", err)
	}
	opts := app.DoctorOptions{Resolver: net.DefaultResolver, WebhookKey: w.config.SendGridPublicKey, External: w.config.DatabaseURL != "",
		Shared: w.config.FilesShared, LocalFiles: filepath.Join(w.config.DataDir, "documents")}
	if u, err := url.Parse(w.config.FilesURL); err == nil && w.config.FilesURL != "" {
		opts.LocalFiles = u.Path
	}
	return o.app.Doctor(w.ctx, opts)
}
