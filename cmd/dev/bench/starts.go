package main

import (
	"context"
	"os"
	"path/filepath"
	"time"

	"github.com/gatehouse/gatehouse/internal/testkit/load"
)

// The ways to start, as keys of series in seconds.
const (
	startURL   = "start DATABASE_URL"
	startEmpty = "start empty folder"
	startClean = "start after a clean stop"
	startKill  = "start after kill -9"
)

// starts measures how long the product takes from its first instruction to the first answer that says "ready".
func (b *bench) starts(ctx context.Context) error {
	if err := b.db.empty(ctx); err != nil {
		return err
	}
	keep := func(key string, svc *service) {
		b.rep.Series[key] = append(b.rep.Series[key], svc.ready.Seconds())
		b.say("%-26s %7.3f s", key, svc.ready.Seconds())
	}
	for range b.o.starts {
		svc, err := b.launch(ctx, "all", "GATEHOUSE_MAIL=capture")
		if err != nil {
			return err
		}
		keep(startURL, svc)
		svc.stop()
	}
	for range b.o.starts {
		if err := b.embedded(ctx, keep); err != nil {
			return err
		}
	}
	return nil
}

// embedded goes through the life of one data folder: empty, stopped in order, killed while busy.
func (b *bench) embedded(ctx context.Context, keep func(string, *service)) error {
	dir := filepath.Join(b.dir, "embedded")
	if err := os.Mkdir(dir, 0o711); err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	start := func(key string) (*service, error) {
		svc, err := launch(ctx, b.program, "all", "GATEHOUSE_MAIL=capture", "GATEHOUSE_DATA_DIR="+dir)
		if err == nil {
			keep(key, svc)
		}
		return svc, err
	}
	svc, err := start(startEmpty)
	if err != nil {
		return err
	}
	svc.stop()
	if svc, err = start(startClean); err != nil {
		return err
	}
	// Something has to be under way, so that there is something to recover.
	res, err := load.Run(ctx, load.Options{URL: svc.url, Door: load.Page, Slug: slug, Connections: 16, Duration: 2 * time.Second})
	if err != nil {
		svc.stop()
		return err
	}
	b.note("before kill -9", res)
	svc.killAll()
	if svc, err = start(startKill); err != nil {
		return err
	}
	svc.stop()
	return nil
}
