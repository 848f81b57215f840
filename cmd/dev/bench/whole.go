package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"time"

	"github.com/gatehouse/gatehouse/internal/testkit/load"
)

// What is not yet handed over: submissions without their lead, and messages without the provider's answer.
const backlogSQL = `select ((select count(*) from submissions where state in ('received', 'released'))
	+ (select count(*) from messages where kind = 'requested' and state in ('pending', 'held', 'sending', 'unknown')))::float8`

const sentSQL = `select count(*)::float8 from messages where kind = 'requested' and sent_at >= $1 and sent_at < $2`

const handedSQL = `select extract(epoch from m.sent_at - s.received_at)::float8 from messages m join submissions s on s.id = m.submission_id
	where m.kind = 'requested' and m.sent_at is not null and s.received_at >= $1`

// feed is one run of the whole way: forms in at a steady rate, mails out to the stand-in for the provider.
type feed struct {
	Name        string      `json:"name"`
	Load        load.Result `json:"load"`
	SentPerS    float64     `json:"sent_per_second"` // provider's 202 a second, after the first quarter of the feed
	Seconds     []float64   `json:"sample_seconds"`
	Backlog     []float64   `json:"backlog"` // submissions not yet handed over, at the samples
	Growth      float64     `json:"backlog_growth_per_second"`
	Flat        bool        `json:"flat"`
	Drained     float64     `json:"drained_after_seconds"` // after the end of the feed; -1: not within a minute
	HandedP50   float64     `json:"handed_over_p50_seconds"`
	HandedP99   float64     `json:"handed_over_p99_seconds"`
	HandedMax   float64     `json:"handed_over_max_seconds"`
	Handed      int         `json:"handed_over"`
	Memory      []memory    `json:"memory"`
	CPU         cpuUse      `json:"cpu_seconds"` // over the feed and until the backlog was gone
	PerLeadMsec float64     `json:"cpu_ms_per_lead"`
}

// cpuUse is who used how much of the processors.
type cpuUse struct {
	Service    float64 `json:"service"`
	PostgreSQL float64 `json:"postgresql"` // 0 where it is not ours
	Provider   float64 `json:"provider"`   // the stand-in for the provider shares the machine
}

func (b *bench) cpu(svc *service) cpuUse {
	u := cpuUse{Service: cpuOf(svc.pid()).Seconds(), Provider: cpuOf(b.provider.cmd.Process.Pid).Seconds()}
	if b.db.server != nil {
		for _, pid := range append(descendants(b.db.server.PID()), b.db.server.PID()) {
			u.PostgreSQL += cpuOf(pid).Seconds()
		}
	}
	return u
}

// feed sends rate forms a second for d, watches the backlog, and waits until it is gone.
func (b *bench) feed(ctx context.Context, svc *service, rate float64, d time.Duration) (*feed, error) {
	f := &feed{Name: fmt.Sprintf("%.0f/s for %v", rate, d)}
	before, start := b.cpu(svc), time.Now()
	done := make(chan error, 1)
	go func() {
		var err error
		f.Load, err = load.Run(ctx, load.Options{URL: svc.url, Door: load.Page, Slug: slug, Connections: 64, Rate: rate, Duration: d})
		done <- err
	}()
	tick := time.NewTicker(min(time.Second, d/8))
	defer tick.Stop()
	for running := true; running; {
		select {
		case err := <-done:
			if err != nil {
				return nil, err
			}
			running = false
		case <-tick.C:
			n, err := b.db.number(ctx, backlogSQL)
			if err != nil {
				return nil, err
			}
			f.Seconds, f.Backlog = append(f.Seconds, time.Since(start).Seconds()), append(f.Backlog, n)
			f.Memory = append(f.Memory, memoryOf(svc.pid()))
		}
	}
	b.note("whole way "+f.Name, f.Load)
	if err := b.drain(ctx, f); err != nil {
		return nil, err
	}
	after := b.cpu(svc)
	f.CPU = cpuUse{after.Service - before.Service, after.PostgreSQL - before.PostgreSQL, after.Provider - before.Provider}
	if f.Load.Good > 0 {
		f.PerLeadMsec = 1000 * (f.CPU.Service + f.CPU.PostgreSQL) / float64(f.Load.Good)
	}
	return f, b.judge(ctx, f, start, d)
}

func (b *bench) drain(ctx context.Context, f *feed) error {
	from := time.Now()
	for time.Since(from) < time.Minute {
		n, err := b.db.number(ctx, backlogSQL)
		if err != nil {
			return err
		}
		if n == 0 {
			f.Drained = time.Since(from).Seconds()
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
	f.Drained = -1
	return nil
}

// judge says whether the backlog stayed flat: after the first quarter it grows by less than 3 % of what comes in, and
// never holds more than two seconds' worth.
func (b *bench) judge(ctx context.Context, f *feed, start time.Time, d time.Duration) error {
	skip := len(f.Seconds) / 4
	f.Growth = slope(f.Seconds[skip:], f.Backlog[skip:])
	worst := 0.0
	for _, n := range f.Backlog[skip:] {
		worst = math.Max(worst, n)
	}
	rate := f.Load.OfferedRate
	f.Flat = f.Growth < 0.03*rate && worst < 2*rate && f.Load.Faults() == 0 && f.Load.PerSecond > 0.97*rate*d.Seconds()/(d.Seconds()+1)
	from, to := start.Add(d/4), start.Add(d)
	n, err := b.db.number(ctx, sentSQL, from, to)
	if err != nil {
		return err
	}
	f.SentPerS = n / to.Sub(from).Seconds()
	took, err := b.db.numbers(ctx, handedSQL, start)
	f.Handed, f.HandedP50, f.HandedP99, f.HandedMax = len(took), quantile(took, 0.5), quantile(took, 0.99), quantile(took, 1)
	return err
}

// whole measures the way from the form to the provider's 202 at several rates, each from empty tables.
func (b *bench) whole(ctx context.Context) error {
	for _, rate := range b.o.rates {
		f, _, err := b.fresh(ctx, rate, b.o.feed)
		if err != nil {
			return err
		}
		b.rep.Whole = append(b.rep.Whole, f)
		b.say("whole way %.0f/s in: %.0f mails/s out, backlog grows by %.1f/s, gone %.1f s after the end, %.1f ms of processor per lead", rate, f.SentPerS, f.Growth, f.Drained, f.PerLeadMsec)
	}
	return nil
}

// steady is the ordinary heavy day: 100 submissions a second with workers on; before it, the memory of a service at rest.
func (b *bench) steady(ctx context.Context) error {
	f, idle, err := b.fresh(ctx, 100, b.o.steady)
	if err != nil {
		return err
	}
	b.rep.Steady, b.rep.Idle = f, idle
	b.say("steady 100/s: p99 %.1f ms, mail handed over within %.2f s at p99", f.Load.P99, f.HandedP99)
	return nil
}

// fresh feeds a service that has just started on empty tables, after a short warm-up, and tells what it held at rest.
func (b *bench) fresh(ctx context.Context, rate float64, d time.Duration) (f *feed, idle memory, err error) {
	if err := b.db.empty(ctx); err != nil {
		return nil, idle, err
	}
	svc, err := b.launch(ctx, "all", b.mail()...)
	if err != nil {
		return nil, idle, err
	}
	defer svc.stop()
	select {
	case <-ctx.Done():
		return nil, idle, ctx.Err()
	case <-time.After(b.o.rest):
	}
	idle = memoryOf(svc.pid())
	if _, err := b.feed(ctx, svc, 20, 2*time.Second); err != nil { // statements are prepared, pages rendered
		return nil, idle, err
	}
	f, err = b.feed(ctx, svc, rate, d)
	return f, idle, err
}

// finishProvider asks the provider what it saw: a mail that came twice is a fault that no rate makes good.
func (b *bench) finishProvider() {
	if b.provider == nil {
		return
	}
	b.provider.stop()
	var seen provided
	if json.Unmarshal(b.provider.last, &seen) != nil {
		return
	}
	b.rep.Provider = &seen
	if seen.Twice > 0 || seen.Refused > 0 {
		b.rep.Faults = append(b.rep.Faults, fmt.Sprintf("of %d mails the provider got %d twice and refused %d", seen.Requests, seen.Twice, seen.Refused))
	}
}
