// Command gatehouse puts a whitepaper behind a short form, mails it to who asked for it, and shows marketing and sales
// what came of it.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/gatehouse/gatehouse/config"
	"github.com/gatehouse/gatehouse/internal/errs"
)

// The exit codes.
const (
	exitFailed = 1
	exitUsage  = 2
)

// cli is the command line: one subcommand a file.
type cli struct {
	Config string `help:"Configuration file (YAML); the environment wins over it." placeholder:"FILE" type:"path"`

	Serve   serveCommand   `cmd:"" default:"withargs" help:"Run the service (this is also what no subcommand does)."`
	Migrate migrateCommand `cmd:"" help:"Bring the database's schema up to date."`
	Doctor  doctorCommand  `cmd:"" help:"Check configuration, database, files, mail and clock."`
	Verify  verifyCommand  `cmd:"" help:"Reconcile everything that was promised with everything that was done."`
	User    userCommand    `cmd:"" help:"Manage staff accounts."`
	Backup  backupCommand  `cmd:"" help:"Write database, documents and a manifest into one file."`
	Restore restoreCommand `cmd:"" help:"Replace everything by a backup; mail is held until released."`
	Release releaseCommand `cmd:"" help:"Let mail go out again after a restore."`
	Erase   eraseCommand   `cmd:"" help:"Erase one person everywhere."`
	Seed    seedCommand    `cmd:"" help:"Fill the database with realistic demonstration data."`
	Version versionCommand `cmd:"" help:"Print version, Go and schema."`
	Health  healthCommand  `cmd:"" hidden:"" help:"Ask the running service whether it answers (the container image's health check)."`
}

// world is what a subcommand gets.
type world struct {
	ctx    context.Context
	config config.Config
	faults error // of the configuration; nil for every command but version and doctor
	out    io.Writer
	err    io.Writer
}

func main() {
	os.Exit(run(os.Args[1:], os.Environ(), os.Stdout, os.Stderr))
}

// run is main without the process: tests call it.
func run(args, environ []string, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var c cli
	exit := -1
	parser, err := kong.New(&c, kong.Name("gatehouse"), kong.Description("Lead capture and whitepaper gating."), kong.Writers(stdout, stderr),
		kong.Exit(func(code int) { exit = code }), kong.UsageOnError())
	if err != nil {
		_, _ = fmt.Fprintln(stderr, "gatehouse:", err)
		return exitFailed
	}
	cmd, err := parser.Parse(args)
	if exit >= 0 {
		return exit
	}
	if err != nil {
		_, _ = fmt.Fprintln(stderr, "gatehouse:", err)
		_, _ = fmt.Fprintln(stderr, "Run \"gatehouse --help\" to see the commands.")
		return exitUsage
	}
	cfg, err := config.Load(c.Config, environ)
	if err != nil && cmd.Command() != "version" && cmd.Command() != "doctor" { // doctor tells of the faults itself
		_, _ = fmt.Fprintln(stderr, "gatehouse:", err)
		return exitUsage
	}
	err = cmd.Run(&world{ctx: ctx, config: cfg, faults: err, out: stdout, err: stderr})
	return exitCode(err, stderr)
}

func exitCode(err error, stderr io.Writer) int {
	var silent *silentError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &silent):
		return silent.code
	}
	_, _ = fmt.Fprintln(stderr, "gatehouse:", explain(err))
	if errs.Is(err, errs.Invalid) {
		return exitUsage
	}
	return exitFailed
}

// silentError ends the program after the command has said what there is to say.
type silentError struct{ code int }

func (e *silentError) Error() string { return fmt.Sprintf("exit %d", e.code) }

// explain gives an operator more than a visitor gets: the sentence and the cause.
func explain(err error) string {
	var e *errs.Error
	if !errors.As(err, &e) {
		return err.Error()
	}
	text := e.Message
	for _, f := range e.Fields {
		text += "\n  - " + f.Field + ": " + f.Message
	}
	if cause := e.Unwrap(); cause != nil {
		text += "\n  cause: " + cause.Error()
	}
	return text
}
