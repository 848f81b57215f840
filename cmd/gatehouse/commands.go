package main

import (
	"fmt"
	"runtime"

	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/store"
)

// version is set when a release is built: -ldflags "-X main.version=...".
var version = "dev"

// command opens what most subcommands need, beside a running service or alone, and closes it afterwards.
func (w *world) command(fn func(*opened) error) error {
	o := &opened{config: w.config, log: logger(w.config, w.err)}
	defer o.Close()
	if err := w.openDatabase(o); err != nil {
		return err
	}
	sc, err := o.store.Schema(w.ctx)
	if err != nil {
		return err
	}
	if sc.Pending() {
		if w.config.DatabaseURL != "" && !sc.Empty() {
			return errs.New(errs.Unavailable, "The database's schema is version %d, this program needs %d. Run \"gatehouse migrate\" first.", sc.Applied, sc.Known)
		}
		if _, err := o.store.Migrate(w.ctx); err != nil {
			return err
		}
	}
	if err := w.openApp(o); err != nil {
		return err
	}
	return fn(o)
}

func byCommand() store.Actor { return store.Actor{Kind: "command", Name: "command line"} }

type migrateCommand struct {
	Status bool `help:"Only say where the schema stands."`
}

// Run applies pending migrations.
func (m *migrateCommand) Run(w *world) error {
	o := &opened{config: w.config, log: logger(w.config, w.err)}
	defer o.Close()
	if err := w.openDatabase(o); err != nil {
		return err
	}
	sc, err := o.store.Schema(w.ctx)
	if err != nil {
		return err
	}
	if m.Status {
		_, _ = fmt.Fprintf(w.out, "schema: applied %d, this program knows %d\n", sc.Applied, sc.Known)
		if sc.Pending() {
			_, _ = fmt.Fprintln(w.out, "migrations are pending")
		}
		return nil
	}
	applied, err := o.store.Migrate(w.ctx)
	for _, line := range applied {
		_, _ = fmt.Fprintln(w.out, line)
	}
	if err == nil && len(applied) == 0 {
		_, _ = fmt.Fprintln(w.out, "the schema is up to date")
	}
	return err
}

type versionCommand struct{}

// Run prints versions; it needs no database.
func (versionCommand) Run(w *world) error {
	_, err := fmt.Fprintf(w.out, "gatehouse %s\ngo %s\nschema %d\n", version, runtime.Version(), store.KnownSchema())
	return err
}

type userCommand struct {
	Add userAddCommand `cmd:"" help:"Create an account and print a one-time link to set its password."`
}

type userAddCommand struct {
	Email string `required:"" help:"E-mail address."`
	Role  string `required:"" enum:"admin,marketing,sales" help:"admin, marketing or sales."`
	Name  string `help:"Name; the part before the @ without one."`
}

// Run creates the account.
func (u *userAddCommand) Run(w *world) error {
	return w.command(func(o *opened) error {
		_, link, err := o.app.AddUser(w.ctx, u.Name, u.Email, u.Role, byCommand())
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(w.out, "%s\n(works once, for seven days)\n", link)
		return err
	})
}

type releaseCommand struct{}

// Run lets mail go out again.
func (releaseCommand) Run(w *world) error {
	return w.command(func(o *opened) error {
		n, err := o.app.ReleaseMail(w.ctx, byCommand())
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(w.out, "mail goes out again; %d messages were waiting\n", n)
		return err
	})
}
