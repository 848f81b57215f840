// Command bench measures Gatehouse against the goals it was built for, with PostgreSQL's own pgbench as the yardstick.
//
//	go run ./cmd/dev/bench                                  everything: half an hour on a quiet machine
//	go run ./cmd/dev/bench --quick                          two short rounds: does it run, nothing more
//	go run ./cmd/dev/bench --only submit,get --json out.json
//	go run ./cmd/dev/bench --only steady --steady 10m       is the memory flat?
//
// It builds the product, starts it as it is deployed (rate limits off), and starts a PostgreSQL of its own that keeps
// what it confirms; BENCH_DATABASE_URL names another one, where it works in a database of its own that it drops at the
// end. Measures of a few seconds each take turns, pgbench and product, and each figure is the median and range of the
// ratio within the rounds. A run whose own pgbench figures spread by more than 1.5 says that the machine was too noisy.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// options of a run.
type options struct {
	rounds, seconds, starts int
	feed, steady, rest      time.Duration
	rates                   []float64
	leads                   int // that there are, for what must not grow with them
	only                    []string
	json, binary            string
}

// measures are the words of --only, and what each stands for.
var measures = map[string][]string{"submit": {"page", "json"}, "page": {"page"}, "json": {"json"}, "workers": {"workers"}, "get": {"get"},
	"whole": {"whole"}, "steady": {"steady"}, "memory": {"steady"}, "start": {"start"}, "sales": {"sales"}, "rules": {"rules"}}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	args := os.Args[1:]
	var err error
	switch {
	case len(args) == 1 && args[0] == childProvider:
		signal.Ignore(os.Interrupt) // it goes to the whole group; the parent tells when to end
		err = runProvider(os.Stdin, os.Stdout)
	case len(args) == 2 && args[0] == childEcho:
		signal.Ignore(os.Interrupt)
		err = runEcho(args[1], os.Stdin, os.Stdout)
	default:
		var o options
		if o, err = parseOptions(args, os.Stderr); err != nil {
			_, _ = fmt.Fprintln(os.Stderr, "bench:", err)
			os.Exit(2)
		}
		err = run(ctx, o, os.Stdout, os.Stderr)
	}
	if err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func parseOptions(args []string, errs io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(errs)
	flags.IntVar(&o.rounds, "rounds", 7, "interleaved rounds")
	flags.IntVar(&o.seconds, "seconds", 5, "length of each measurement in a round")
	flags.IntVar(&o.starts, "starts", 3, "how often each kind of start is measured")
	flags.DurationVar(&o.feed, "feed", 20*time.Second, "how long the whole way is fed")
	flags.DurationVar(&o.steady, "steady", 30*time.Second, "how long the steady 100/s last")
	rates := flags.String("rates", "150,300", "submissions per second that the whole way is fed with")
	flags.IntVar(&o.leads, "leads", manyLeads, "how many leads there are when the large house is measured")
	quick := flags.Bool("quick", false, "2 rounds of 2 s and short runs of the rest: to see that it works")
	only := flags.String("only", "", "measure only these, by commas: submit, page, json, workers, get, whole, steady, memory, start, sales, rules")
	flags.StringVar(&o.json, "json", "", "write everything that was found to this file")
	flags.StringVar(&o.binary, "binary", "", "measure this built gatehouse instead of building one")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if flags.NArg() > 0 {
		return o, fmt.Errorf("%q is not understood", flags.Arg(0))
	}
	o.rest = 10 * time.Second
	if *quick {
		o.rest = 2 * time.Second
		given := map[string]bool{}
		flags.Visit(func(f *flag.Flag) { given[f.Name] = true })
		for name, short := range map[string]string{"rounds": "2", "seconds": "2", "starts": "1", "feed": "6s", "steady": "8s", "leads": "20000"} {
			if given[name] {
				continue
			}
			if err := flags.Set(name, short); err != nil {
				return o, err
			}
		}
	}
	if o.rounds < 1 || o.seconds < 1 || o.starts < 1 || o.feed < 4*time.Second || o.steady < 4*time.Second {
		return o, fmt.Errorf("rounds, seconds and starts have to be positive, feed and steady at least 4s")
	}
	for word := range strings.SplitSeq(*rates, ",") {
		r, err := strconv.ParseFloat(strings.TrimSpace(word), 64)
		if err != nil || r <= 0 {
			return o, fmt.Errorf("--rates: %q is not a rate", word)
		}
		o.rates = append(o.rates, r)
	}
	if *only == "" {
		*only = "submit,workers,get,whole,steady,start,sales,rules"
	}
	for word := range strings.SplitSeq(*only, ",") {
		m, ok := measures[strings.TrimSpace(word)]
		if !ok {
			return o, fmt.Errorf("--only: there is no measure %q", word)
		}
		o.only = append(o.only, m...)
	}
	return o, nil
}

// bench is a run under way.
type bench struct {
	o        options
	dir      string // for everything temporary
	program  string
	db       *database
	pg       *pgbench // nil: nothing is compared with it
	provider *child   // nil: no mail leaves
	echo     *child
	rep      *report
	log      io.Writer
}

func (b *bench) wants(what string) bool { return slices.Contains(b.o.only, what) }

func (b *bench) say(format string, args ...any) { _, _ = fmt.Fprintf(b.log, format+"\n", args...) }

// launch starts the product on the benchmark's database.
func (b *bench) launch(ctx context.Context, role string, environ ...string) (*service, error) {
	return launch(ctx, b.program, role, append([]string{"DATABASE_URL=" + b.db.url, "GATEHOUSE_SECRET=" + benchSecret,
		"GATEHOUSE_DATA_DIR=" + filepath.Join(b.dir, "data")}, environ...)...)
}

// mail is the environment that makes mails go to the stand-in for the provider.
func (b *bench) mail() []string {
	return []string{"GATEHOUSE_MAIL=sendgrid", "SENDGRID_API_KEY=SG.bench", "SENDGRID_HOST=" + b.provider.url}
}

func run(ctx context.Context, o options, out, log io.Writer) error {
	dir, err := os.MkdirTemp("", "gatehouse-bench-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if err := os.Chmod(dir, 0o711); err != nil { // as root, PostgreSQL runs as another user
		return err
	}
	b := &bench{o: o, dir: dir, log: log, rep: &report{Began: time.Now().UTC(), Rounds: o.rounds, RoundSecs: o.seconds, Series: map[string]series{},
		RowBytes: map[string]float64{}, Noisy: []string{}, Faults: []string{}}}
	defer func() { b.close() }()
	if err := b.open(ctx); err != nil {
		return err
	}
	if err := b.measure(ctx); err != nil {
		return err
	}
	b.finishProvider()
	b.rep.Seconds = time.Since(b.rep.Began).Seconds()
	b.rep.conclude()
	b.rep.print(out)
	if o.json == "" {
		return nil
	}
	raw, err := json.MarshalIndent(b.rep, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(o.json, append(raw, '\n'), 0o644)
}

// open prepares what the measures need, before the first of them.
func (b *bench) open(ctx context.Context) (err error) {
	b.rep.Machine = machineFacts(b.dir)
	if b.program = b.o.binary; b.program == "" {
		b.say("building the product")
		if b.program, err = build(ctx, b.dir); err != nil {
			return err
		}
	} else if b.program, err = filepath.Abs(b.program); err != nil {
		return err
	}
	if b.db, err = openDatabase(ctx, b.dir); err != nil {
		return err
	}
	if b.rep.Machine.PostgreSQL, err = b.db.settings(ctx); err != nil {
		return err
	}
	if b.wants("page") || b.wants("json") || b.wants("workers") {
		if b.pg, err = newPgbench(ctx, b.dir, b.db.url); err != nil {
			return err
		}
	}
	if b.wants("workers") || b.wants("whole") || b.wants("steady") || b.wants("sales") || b.wants("rules") {
		if b.provider, err = startChild(childProvider); err != nil {
			return err
		}
	}
	svc, err := b.launch(ctx, "all", "GATEHOUSE_MAIL=capture") // the schema and the sample gate are made here
	if err != nil {
		return err
	}
	defer svc.stop()
	return nil
}

func (b *bench) measure(ctx context.Context) error {
	if b.pg != nil || b.wants("get") {
		if err := b.rounds(ctx); err != nil {
			return err
		}
	}
	for _, part := range []struct {
		name string
		run  func(context.Context) error
	}{{"whole", b.whole}, {"steady", b.steady}, {"start", b.starts}, {"sales", b.sales}, {"rules", b.rules}} {
		if !b.wants(part.name) {
			continue
		}
		if err := part.run(ctx); err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
	}
	return nil
}

func (b *bench) close() {
	b.echo.stop()
	if b.provider != nil && b.provider.last == nil {
		b.provider.stop()
	}
	if b.db != nil {
		b.db.close()
	}
}
