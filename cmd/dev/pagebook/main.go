// Command pagebook shows every page of Gatehouse in every state, with sample data and without a database: to look at
// them, and to photograph them in light and dark, on a phone and on a desk.
//
//	go run ./cmd/dev/pagebook                     serves on 127.0.0.1:8090
//	go run ./cmd/dev/pagebook -shoot /tmp/shots   writes a picture of each page and ends
//	go run ./cmd/dev/pagebook -shoot /tmp/shots -only gate -axe axe.min.js
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"time"

	"github.com/gatehouse/gatehouse/templates"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:8090", "address to serve on")
	shoot := flag.String("shoot", "", "folder to write screenshots to; then end")
	only := flag.String("only", "", "photograph only pages whose name contains this")
	chromium := flag.String("chromium", "", "path of the browser; empty: as found on the PATH")
	axe := flag.String("axe", "", "axe.min.js of the npm package axe-core: check each page photographed for accessibility")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if *shoot != "" {
		*listen = "127.0.0.1:0"
	}
	if err := run(ctx, *listen, camera{dir: *shoot, only: *only, chromium: *chromium, axe: *axe}); err != nil {
		slog.Error("pagebook", "error", err)
		os.Exit(1)
	}
}

// now is the day on which all samples happen.
var now = time.Date(2026, 11, 24, 15, 20, 0, 0, time.UTC)

func run(ctx context.Context, listen string, cam camera) error {
	set, err := loadSet()
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", listen)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: handler(set), ReadHeaderTimeout: 5 * time.Second}
	done := make(chan error, 1)
	go func() { done <- server.Serve(l) }()
	base := "http://" + l.Addr().String()
	if cam.dir != "" {
		defer func() { _ = server.Close() }()
		return cam.all(ctx, base)
	}
	fmt.Println("page book:", base)
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		if err := server.Close(); err != nil && !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	}
}

func loadSet() (*templates.Set, error) {
	set, err := templates.Load("")
	if err != nil {
		return nil, err
	}
	set.Use(templates.Locale{Zone: time.UTC, Now: func() time.Time { return now }})
	text, err := samplesFS.ReadFile("components.html")
	if err != nil {
		return nil, err
	}
	return set, set.Add("book/components", "admin/leads", string(text))
}
