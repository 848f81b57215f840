// Command load puts a running Gatehouse on this machine under load.
//
//	go run ./cmd/dev/load --url http://127.0.0.1:8080 --door page --connections 64 --duration 10s
//	go run ./cmd/dev/load --door json --rate 100 --duration 1m --json
//
// Without --rate each connection asks again once it was answered (closed loop). With it so many requests a second are
// due whatever happens (open loop), and times count from the moment a request was due, so that a stall shows. Start the
// service with GATEHOUSE_LIMITS=off: all requests come from one network address. Exit code 1 when any request did not
// get what its door promises.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/gatehouse/gatehouse/internal/testkit/load"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

func run(ctx context.Context, args []string, out, errs io.Writer) int {
	flags := flag.NewFlagSet("load", flag.ContinueOnError)
	flags.SetOutput(errs)
	var o load.Options
	flags.StringVar(&o.URL, "url", "http://127.0.0.1:8080", "the service; on this machine only")
	door := flags.String("door", "page", "page (POST /g/{slug}), json (POST /api/v1/gates/{slug}/submissions) or get (GET /g/{slug})")
	flags.StringVar(&o.Slug, "slug", "8-questions", "gate; it has to have the sample's fields")
	flags.IntVar(&o.Connections, "connections", 64, "keep-alive connections")
	flags.Float64Var(&o.Rate, "rate", 0, "requests per second of an open loop; 0: closed loop")
	flags.DurationVar(&o.Duration, "duration", 10*time.Second, "how long to send")
	asJSON := flags.Bool("json", false, "print JSON")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	if flags.NArg() > 0 {
		_, _ = fmt.Fprintf(errs, "load: %q is not understood\n", flags.Arg(0))
		return 2
	}
	o.Door = load.Door(*door)
	res, err := load.Run(ctx, o)
	if err != nil {
		_, _ = fmt.Fprintln(errs, "load:", err)
		return 2
	}
	if *asJSON {
		enc := json.NewEncoder(out)
		enc.SetIndent("", "  ")
		err = enc.Encode(res)
	} else {
		_, err = fmt.Fprint(out, res)
	}
	if err != nil || res.Faults() > 0 {
		return 1
	}
	return 0
}
