package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/gatehouse/gatehouse/internal/testkit/load"
)

const slug = "8-questions"

var (
	pgbenchClients = []int{1, 8, 64}
	connections    = []int{1, 16, 64}
)

// step is one measurement of a few seconds within a round; it adds a value to its series.
type step struct {
	key string
	run func(ctx context.Context) (float64, error)
}

func key(what string, n int) string { return fmt.Sprintf("%s@%d", what, n) }

// rounds runs the interleaved part: pgbench and the product take turns, so that a machine whose speed changes changes
// both. Every other round goes backwards, so that nobody always comes first.
func (b *bench) rounds(ctx context.Context) error {
	for r := range b.o.rounds {
		if err := b.round(ctx, r); err != nil {
			return fmt.Errorf("round %d: %w", r+1, err)
		}
	}
	return nil
}

func (b *bench) round(ctx context.Context, r int) error {
	if err := b.db.empty(ctx); err != nil {
		return err
	}
	svc, err := b.launch(ctx, "web", "GATEHOUSE_MAIL=capture")
	if err != nil {
		return err
	}
	defer func() { svc.stop() }()
	if b.wants("get") && b.echo == nil {
		if err := b.startEcho(ctx, svc.url); err != nil {
			return err
		}
	}
	steps := b.webSteps(svc.url)
	if r%2 == 1 {
		slices.Reverse(steps)
	}
	if err := b.take(ctx, r, steps); err != nil {
		return err
	}
	svc.stop()
	if err := b.rowSizes(ctx); err != nil {
		return err
	}
	if !b.wants("workers") {
		return nil
	}
	// The web role left jobs that nobody worked on; workers would start with those.
	if err := b.db.empty(ctx); err != nil {
		return err
	}
	if svc, err = b.launch(ctx, "all", b.mail()...); err != nil {
		return err
	}
	return b.take(ctx, r, []step{b.door(svc.url, load.Page, "workers page", 64), b.door(svc.url, load.JSON, "workers json", 64)})
}

// webSteps are in an order that puts what is compared side by side.
func (b *bench) webSteps(url string) (steps []step) {
	for i, n := range pgbenchClients {
		if b.pg != nil {
			steps = append(steps, b.pgbenchStep("single", n), b.pgbenchStep("three", n))
		}
		if b.wants("page") {
			steps = append(steps, b.door(url, load.Page, "page", connections[i]))
		}
		if b.wants("json") {
			steps = append(steps, b.door(url, load.JSON, "json", connections[i]))
		}
	}
	if b.wants("get") {
		steps = append(steps, b.door(url, load.Get, "get", 64), b.door(b.echo.url, load.Get, "echo", 64))
	}
	return steps
}

func (b *bench) take(ctx context.Context, r int, steps []step) error {
	for _, s := range steps {
		if err := ctx.Err(); err != nil {
			return err
		}
		v, err := s.run(ctx)
		if err != nil {
			return fmt.Errorf("%s: %w", s.key, err)
		}
		b.rep.Series[s.key] = append(b.rep.Series[s.key], v)
		b.say("round %d of %d  %-16s %9.0f/s", r+1, b.o.rounds, s.key, v)
	}
	return nil
}

func (b *bench) pgbenchStep(script string, clients int) step {
	return step{key(script, clients), func(ctx context.Context) (float64, error) { return b.pg.run(ctx, script, clients, b.o.seconds) }}
}

func (b *bench) door(url string, door load.Door, name string, conns int) step {
	k := key(name, conns)
	return step{k, func(ctx context.Context) (float64, error) {
		res, err := load.Run(ctx, load.Options{URL: url, Door: door, Slug: slug, Connections: conns, Duration: time.Duration(b.o.seconds) * time.Second})
		if err != nil {
			return 0, err
		}
		b.note(k, res)
		if res.P50 > 0 {
			b.rep.Series[k+" p99/p50"] = append(b.rep.Series[k+" p99/p50"], res.P99/res.P50)
		}
		return res.PerSecond, nil
	}}
}

// note keeps a run's details, and complains of answers that were not what the door promises.
func (b *bench) note(name string, res load.Result) {
	b.rep.Runs = append(b.rep.Runs, namedRun{name, res})
	if n := res.Faults(); n > 0 {
		b.rep.Faults = append(b.rep.Faults, fmt.Sprintf("%s: %d requests of %d were not answered as promised (first: %s)", name, n, n+res.Good, res.FirstFault))
	}
}

func (b *bench) startEcho(ctx context.Context, url string) error {
	page, err := fetchPage(ctx, url, slug)
	if err != nil {
		return err
	}
	raw, err := json.Marshal(page)
	if err != nil {
		return err
	}
	file := filepath.Join(b.dir, "page.json")
	if err := os.WriteFile(file, raw, 0o600); err != nil {
		return err
	}
	b.rep.PageBytes = len(page.Body)
	b.echo, err = startChild(childEcho, file)
	return err
}

// rowSizes tells how large a submission is in pgbench's table and in ours, so that nobody has to believe that they are
// alike. Of our two rows one header (24 bytes) is left out.
func (b *bench) rowSizes(ctx context.Context) error {
	for name, sql := range map[string]string{
		"pgbench": "select coalesce(avg(pg_column_size(s.*)), 0)::float8 from (select * from bench.submission limit 1000) s",
		"product": `select coalesce(avg(pg_column_size(s.*) + pg_column_size(p.*) - 24), 0)::float8
			from (select * from submissions limit 1000) s join submission_payloads p on p.submission_id = s.id`,
	} {
		n, err := b.db.number(ctx, sql)
		if err != nil {
			return err
		}
		if n > 0 {
			b.rep.RowBytes[name] = n
		}
	}
	return nil
}
