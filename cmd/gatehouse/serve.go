package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/pprof"
	"runtime/debug"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/email"
	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/store"
	"github.com/gatehouse/gatehouse/internal/web"
	"github.com/gatehouse/gatehouse/templates"
)

type serveCommand struct {
	Role    string `enum:"all,web,worker" default:"all" help:"What this process does: all, web or worker."`
	Migrate bool   `help:"Bring an older schema up to date before serving."`
}

// The patience of a graceful stop; all of it together stays below 30 seconds.
const (
	stopWeb     = 8 * time.Second
	stopWorkers = 14 * time.Second
)

// Run is ALL the wiring of the service, to be read on one screen.
func (s *serveCommand) Run(w *world) error {
	if s.Role != "all" && w.config.DatabaseURL == "" {
		return errs.New(errs.Invalid, "--role %s needs DATABASE_URL: the private PostgreSQL belongs to one process.", s.Role)
	}
	listener, err := net.Listen("tcp", w.config.Listen)
	switch {
	case err == nil:
		defer func() { _ = listener.Close() }()
		w.config.Listen = listener.Addr().String() // port 0 becomes the real one
	case s.Role != "worker": // a worker beside a web process on the same machine finds the address taken, and works without
		return errs.Wrap(err, errs.Unavailable, "The address %s cannot be listened on.", w.config.Listen)
	}
	o := &opened{config: w.config, log: logger(w.config, w.err), owner: true}
	defer o.Close()
	if w.config.BaseURL == "" && !w.config.Loopback() {
		o.log.Warn("GATEHOUSE_BASE_URL is not set: links in pages and mails lead to this machine only")
	}
	if o.pages, err = templates.Load(w.config.OverridesDir); err != nil {
		return errs.Wrap(err, errs.Invalid, "The templates have faults.")
	}
	for _, step := range []func(*opened) error{w.openDatabase, s.schema(w), w.openApp} {
		if err := step(o); err != nil {
			return err
		}
	}
	debug.FreeOSMemory() // parsing templates and checking the first document took memory that serving does not need
	live, stop := context.WithCancel(context.WithoutCancel(w.ctx))
	defer stop()
	if _, err := o.app.Snapshot(w.ctx); err != nil {
		return err
	}
	o.app.RegisterGauges()
	o.app.Metrics.Registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	failed := make(chan error, 4)
	if s.Role != "web" {
		workers, err := o.app.StartWorkers(w.ctx, w.config.MailWorkers)
		if err != nil {
			return err
		}
		defer func() {
			ctx, cancel := context.WithTimeout(context.Background(), stopWorkers)
			defer cancel()
			if err := workers.Stop(ctx); err != nil {
				o.log.Warn("workers were cut short; their jobs go back to the queue", "error", err)
			}
		}()
	}
	server, err := w.webServer(o, s.Role)
	if err != nil {
		return err
	}
	go o.app.KeepSnapshot(live)
	if listener != nil {
		go func() { failed <- server.Serve(listener) }()
		defer shutdown(server.Shutdown)
	}
	if w.config.MetricsListen != "" {
		metrics, err := w.serveMetrics(o, failed)
		if err != nil {
			return err
		}
		defer shutdown(metrics.Shutdown)
	}
	w.announce(o, s.Role)
	return w.wait(o, failed)
}

func shutdown(fn func(context.Context) error) {
	ctx, cancel := context.WithTimeout(context.Background(), stopWeb)
	defer cancel()
	_ = fn(ctx)
}

// wait ends with a signal (nil), a failing server, or the private PostgreSQL dying under us.
func (w *world) wait(o *opened, failed <-chan error) error {
	var gone <-chan struct{}
	if o.server != nil {
		gone = o.server.Done()
	}
	select {
	case <-w.ctx.Done():
		o.log.Info("stopping: finishing what was begun")
		return nil
	case err := <-failed:
		return err
	case <-gone:
		return errs.Wrap(o.server.Err(), errs.Unavailable, "The private PostgreSQL ended; the service stops and can be started again.")
	}
}

// schema refuses a database that this program does not fit, after bringing an empty or private one up to date.
func (s *serveCommand) schema(w *world) func(*opened) error {
	return func(o *opened) error {
		sc, err := o.store.Schema(w.ctx)
		if err != nil {
			return err
		}
		switch {
		case sc.Applied > sc.Known:
			return o.store.CheckMinimum(w.ctx, sc)
		case !sc.Pending():
			return nil
		case sc.Empty() || s.Migrate || w.config.DatabaseURL == "":
			_, err := o.store.Migrate(w.ctx)
			return err
		}
		return errs.New(errs.Unavailable, "The database's schema is version %d, this program needs %d. Run \"gatehouse migrate\" (or serve with --migrate) after a backup.", sc.Applied, sc.Known)
	}
}

func (w *world) webServer(o *opened, role string) (*web.Server, error) {
	proxies, err := w.config.Proxies()
	if err != nil {
		return nil, err
	}
	opts := web.Options{App: o.app, Pages: o.pages, Log: o.log, BaseURL: baseURL(w.config), Proxies: proxies, Loopback: w.config.Loopback(),
		Capture: w.config.Mail == "capture", HealthOnly: role == "worker", Version: version, Ready: o.ready}
	if w.config.SendGridPublicKey != "" {
		if opts.WebhookKey, err = email.ParsePublicKey(w.config.SendGridPublicKey); err != nil {
			return nil, err
		}
	}
	opts.InboundKey = email.InboundKey(w.config.InboundSecret.Reveal())
	return web.New(opts), nil
}

func (o *opened) ready(ctx context.Context) []web.Check {
	db := web.Check{Name: "database", OK: true}
	if err := o.store.Ping(ctx); err != nil {
		db.OK, db.Note = false, "PostgreSQL does not answer"
		return []web.Check{db}
	}
	schema := web.Check{Name: "schema", OK: true}
	if sc, err := o.store.Schema(ctx); err != nil || sc.Pending() {
		schema.OK, schema.Note = false, "the schema is older than this program"
	}
	queue := web.Check{Name: "queue", OK: true}
	if _, err := o.store.QueueFigures(ctx); err != nil {
		queue.OK, queue.Note = false, "the queue cannot be read"
	}
	return []web.Check{db, schema, queue}
}

// localise lets the pages show times in the zone that the settings name, whoever changed it.
func (o *opened) localise(set store.Settings) {
	if o.pages != nil {
		o.pages.Use(templates.Locale{Zone: set.Zone(), Now: o.store.Now})
	}
}

func (w *world) serveMetrics(o *opened, failed chan<- error) (*http.Server, error) {
	l, err := net.Listen("tcp", w.config.MetricsListen)
	if err != nil {
		return nil, errs.Wrap(err, errs.Unavailable, "The address %s cannot be listened on.", w.config.MetricsListen)
	}
	mux := http.NewServeMux()
	mux.Handle("/metrics", promhttp.HandlerFor(o.app.Metrics.Registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("/debug/pprof/", pprof.Index) // profiles decide what to change; the address is the operator's alone
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	srv := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	go func() {
		if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			failed <- err
		}
	}()
	return srv, nil
}

// announce prints where everything is.
func (w *world) announce(o *opened, role string) {
	base := baseURL(w.config)
	var b strings.Builder
	fmt.Fprintf(&b, "\nGatehouse %s is ready (%s).\n\n", version, role)
	if role != "worker" {
		if w.config.BaseURL != "" {
			fmt.Fprintf(&b, "  Listening on      http://%s\n", w.config.Listen)
		}
		fmt.Fprintf(&b, "  Whitepaper page   %s/g/%s\n", base, app.SampleSlug)
		if w.config.Mail == "capture" {
			fmt.Fprintf(&b, "  Mail inbox        %s/dev/mail\n", base)
		}
		link, err := o.app.SetupLink(w.ctx)
		switch {
		case err != nil:
			o.log.Error("the setup link could not be made", "error", err)
		case link != "":
			fmt.Fprintf(&b, "  First admin       %s   (works once)\n", link)
		default:
			fmt.Fprintf(&b, "  Staff             %s/admin\n", base)
		}
	}
	if w.config.MetricsListen != "" {
		fmt.Fprintf(&b, "  Metrics           http://%s/metrics\n", w.config.MetricsListen)
	}
	_, _ = fmt.Fprintln(w.out, b.String())
}
