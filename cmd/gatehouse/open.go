package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/gatehouse/gatehouse/assets"
	"github.com/gatehouse/gatehouse/config"
	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/crm"
	"github.com/gatehouse/gatehouse/internal/document"
	"github.com/gatehouse/gatehouse/internal/email"
	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/postgres"
	"github.com/gatehouse/gatehouse/internal/store"
	"github.com/gatehouse/gatehouse/internal/token"
	"github.com/gatehouse/gatehouse/templates"
)

// opened is what serve and the other subcommands share: database, use cases, and how to let go of them.
type opened struct {
	config config.Config
	log    *slog.Logger
	store  *store.Store
	app    *app.App
	pages  *templates.Set
	owner  bool             // the private cluster must be ours: a service never shares it
	server *postgres.Server // nil with DATABASE_URL, or beside a running service
	close  []func()
}

// Close lets go of everything in the opposite order.
func (o *opened) Close() {
	for _, fn := range slices.Backward(o.close) {
		fn()
	}
}

func logger(cfg config.Config, w interface{ Write([]byte) (int, error) }) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(cfg.LogLevel))
	opts := &slog.HandlerOptions{Level: level}
	if cfg.Log == "json" {
		return slog.New(slog.NewJSONHandler(w, opts))
	}
	return slog.New(slog.NewTextHandler(w, opts))
}

// openDatabase finds the database: DATABASE_URL, a running service's private server, or one of its own.
func (w *world) openDatabase(o *opened) error {
	url := w.config.DatabaseURL.Reveal()
	if url == "" {
		var err error
		if url, err = w.privateDatabase(o); err != nil {
			return err
		}
	}
	conns := w.config.Connections
	if conns == 0 {
		conns = 20
	}
	s, err := store.Open(w.ctx, store.Options{URL: url, MaxConns: conns, Clock: clock})
	if err != nil {
		return err
	}
	o.store = s
	o.close = append(o.close, s.Close)
	return nil
}

func (w *world) privateDatabase(o *opened) (string, error) {
	if err := os.MkdirAll(w.config.DataDir, 0o711); err != nil {
		return "", errs.Wrap(err, errs.Unavailable, "The data folder %s cannot be made.", w.config.DataDir)
	}
	dir := filepath.Join(w.config.DataDir, "postgres")
	if !o.owner {
		attach, cancel := context.WithTimeout(w.ctx, 30*time.Second)
		defer cancel()
		if url, ok, err := postgres.Attach(attach, dir); err == nil && ok {
			return url, nil
		}
	}
	srv, err := postgres.Start(w.ctx, postgres.Options{DataDir: dir, Log: o.log, Fetch: true})
	if err != nil {
		return "", err
	}
	o.server = srv
	o.close = append(o.close, func() {
		stop, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		if err := srv.Stop(stop); err != nil {
			o.log.Error("the private PostgreSQL did not stop cleanly", "error", err)
		}
	})
	return srv.URL(""), nil
}

// openApp wires the use cases over an open database, and fills an empty one.
func (w *world) openApp(o *opened) error {
	files, err := w.wireApp(o)
	if err != nil {
		return err
	}
	paper, err := samplePaper()
	if err != nil {
		return err
	}
	if err := o.app.FirstInstall(w.ctx, paper); err != nil {
		return err
	}
	return w.ownFiles(o, files)
}

// wireApp wires the use cases; the database may still be without tables.
func (w *world) wireApp(o *opened) (document.Files, error) {
	cfg := w.config
	secrets, err := w.secrets()
	if err != nil {
		return nil, err
	}
	filesURL := cfg.FilesURL
	if filesURL == "" {
		filesURL = filepath.Join(cfg.DataDir, "documents")
	}
	files, err := document.OpenFiles(filesURL)
	if err != nil {
		return nil, err
	}
	var overrides fs.FS
	if cfg.OverridesDir != "" {
		overrides = os.DirFS(cfg.OverridesDir)
	}
	renderer, err := email.NewRenderer(templates.FS, overrides)
	if err != nil {
		return nil, err
	}
	from, err := email.ParseIdentity(cfg.MailFrom)
	if err != nil {
		return nil, err
	}
	sender, err := w.sender(o)
	if err != nil {
		return nil, err
	}
	withEvents, without, err := cfg.UnknownWaits()
	if err != nil {
		return nil, err
	}
	allow, err := crm.ParseAllow(cfg.ConnectAllow)
	if err != nil {
		return nil, err
	}
	o.app = app.New(app.Options{Allow: allow, BaseURL: baseURL(cfg), From: from, Limits: cfg.Limits == "on", Inbound: cfg.InboundSecret != "", DataDir: cfg.DataDir, Log: o.log, Store: o.store,
		Keys: token.NewKeys(secrets...), Sender: sender, Renderer: renderer, Files: files, UnknownWithEvents: withEvents,
		UnknownWithoutEvents: without, Mutant: mutant, Upkeep: upkeep, Renewed: o.localise})
	o.close = append(o.close, o.app.Close)
	return files, nil
}

// ownFiles makes sure that the default folder of documents belongs to this database: several instances with a folder each
// would serve "file missing" every other time. An address in GATEHOUSE_FILES_URL declares a folder that all share.
func (w *world) ownFiles(o *opened, files document.Files) error {
	local, ok := files.(*document.LocalFiles)
	if !ok || w.config.FilesURL != "" || w.config.FilesShared {
		return nil
	}
	mark, err := local.Mark(store.NewID().String())
	if err != nil {
		return err
	}
	known, err := o.store.ClaimFiles(w.ctx, mark)
	if err != nil || known == mark {
		return err
	}
	missing, err := o.app.MissingFiles(w.ctx)
	if err != nil {
		return err
	}
	if missing > 0 {
		return errs.New(errs.Unavailable, "The documents of this database are in another folder: %d are missing from %s. Point GATEHOUSE_FILES_URL at the folder "+
			"that all instances share.", missing, local.Dir())
	}
	o.log.Warn("this database's documents live in another folder than ours; uploads at one instance will be missing at the other until GATEHOUSE_FILES_URL names a shared one",
		"folder", local.Dir())
	return nil
}

func (w *world) sender(o *opened) (email.Sender, error) {
	cfg := w.config
	switch cfg.Mail {
	case "sendgrid":
		return email.NewSendGrid(email.SendGridConfig{Key: cfg.SendGridKey.Reveal(), Host: cfg.SendGridHost})
	case "smtp":
		return email.NewSMTP(email.SMTPConfig{URL: cfg.SMTPURL.Reveal()})
	}
	return email.NewCapture(app.Inbox{Store: o.store}, o.store.Now), nil
}

// secrets are those of the configuration, else the one kept in the data folder, made once.
func (w *world) secrets() ([]string, error) {
	if s := w.config.Secrets(); len(s) > 0 {
		return s, nil
	}
	file := filepath.Join(w.config.DataDir, "secret")
	b, err := os.ReadFile(file)
	if err == nil && len(strings.TrimSpace(string(b))) >= 32 {
		return splitSecrets(string(b)), nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, errs.Wrap(err, errs.Unavailable, "The secret in the data folder cannot be read.")
	}
	raw := make([]byte, 32)
	_, _ = rand.Read(raw)
	secret := base64.RawStdEncoding.EncodeToString(raw)
	if err := os.MkdirAll(w.config.DataDir, 0o711); err != nil {
		return nil, errs.Wrap(err, errs.Unavailable, "The data folder %s cannot be made.", w.config.DataDir)
	}
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) { // another process was first
		return w.secrets()
	}
	if err != nil {
		return nil, errs.Wrap(err, errs.Unavailable, "The secret cannot be written into the data folder %s.", w.config.DataDir)
	}
	_, werr := f.WriteString(secret + "\n")
	if err := errors.Join(werr, f.Sync(), f.Close()); err != nil {
		return nil, errs.Wrap(err, errs.Unavailable, "The secret cannot be written into the data folder.")
	}
	return []string{secret}, nil
}

func baseURL(cfg config.Config) string {
	if cfg.BaseURL != "" {
		return cfg.BaseURL
	}
	host, port, err := net.SplitHostPort(cfg.Listen)
	if ip, bad := netip.ParseAddr(host); err == nil && (host == "" || bad == nil && ip.IsUnspecified()) {
		return "http://" + net.JoinHostPort("127.0.0.1", port) // all addresses are none that a link could lead to
	}
	return "http://" + cfg.Listen
}

// samplePaper is the embedded whitepaper with its pictures.
func samplePaper() (app.SamplePaper, error) {
	pdf, err := assets.Read("whitepapers/8-questions.pdf")
	if err != nil {
		return app.SamplePaper{}, fmt.Errorf("the embedded whitepaper: %w", err)
	}
	return app.SamplePaper{PDF: pdf, Cover: "asset:whitepapers/8-questions-cover.png", Samples: []store.Sample{
		{Key: "asset:whitepapers/8-questions-page-1.png", Alt: "Sample page: a funnel whose steps leak", Width: 900, Height: 1274},
		{Key: "asset:whitepapers/8-questions-page-2.png", Alt: "Sample page: the opening of question five", Width: 900, Height: 1274},
		{Key: "asset:whitepapers/8-questions-page-3.png", Alt: "Sample page: the eight figures on one sheet", Width: 900, Height: 1274},
	}}, nil
}
