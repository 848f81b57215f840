package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivertype"

	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/jobs"
)

// Workers runs the durable jobs of this process.
type Workers struct {
	app    *App
	client *river.Client[pgx.Tx]
	cancel context.CancelFunc
	done   chan struct{}
}

// intakeJobs is how many jobs of intake are fetched at once: most find that another one took their submissions along, so
// they must not be fetched two by two. acceptAtOnce is how many of them derive at the same time.
const (
	intakeJobs   = 64
	acceptAtOnce = 2
	salesJobs    = 32 // jobs that score, route, and do what follows from it
	longJobs     = 2  // rehearsals and rescorings, each of which uses all cores
)

// connectorJobs is how many connectors are told or asked at the same time: each in a job of its own, so that one which
// hangs holds up nobody else.
const connectorJobs = 32

// The pace of the work that no job waits for.
const (
	handBackEvery = 3 * time.Second
	tidyEvery     = time.Minute
)

// StartWorkers begins to work: first the process's lock is held, so that nobody takes its jobs for a dead one's; then
// the queues are read. mailWorkers is how many messages are handed over at once.
func (a *App) StartWorkers(ctx context.Context, mailWorkers int) (*Workers, error) {
	background, cancel := context.WithCancel(context.WithoutCancel(ctx))
	w := &Workers{app: a, cancel: cancel, done: make(chan struct{})}
	held := make(chan struct{})
	var once bool
	go a.store.Presence(background, a.worker, func() {
		if !once {
			once = true
			close(held)
		}
	})
	select {
	case <-held:
	case <-ctx.Done():
		cancel()
		return nil, ctx.Err()
	}
	set := river.NewWorkers()
	river.AddWorker(set, work(a, func(ctx context.Context, j jobs.Accept) error { return a.AcceptSubmissions(ctx, j.SubmissionIDs) }))
	river.AddWorker(set, work(a, func(ctx context.Context, j jobs.Deliver) error { return a.DeliverMessage(ctx, j.MessageID) }))
	river.AddWorker(set, work(a, a.ApplyEvents))
	river.AddWorker(set, work(a, func(ctx context.Context, _ jobs.Spread) error { return a.SpreadOutbox(ctx) }))
	river.AddWorker(set, work(a, func(ctx context.Context, j jobs.Push) error { return a.PushDue(ctx, j.ConnectorID) }))
	river.AddWorker(set, work(a, func(ctx context.Context, j jobs.Pull) error { return a.PullFrom(ctx, j.ConnectorID, j.Ask) }))
	river.AddWorker(set, work(a, func(ctx context.Context, j jobs.Route) error { return a.routes.call(j.LeadIDs) }))
	river.AddWorker(set, work(a, func(ctx context.Context, j jobs.Forgotten) error { return a.MailForgotten(ctx, j.Account) }))
	river.AddWorker(set, work(a, func(ctx context.Context, j jobs.Score) error { return a.scores.call(j.LeadIDs) }))
	river.AddWorker(set, work(a, func(ctx context.Context, j jobs.Rehearse) error { return a.Rehearse(ctx, j.RehearsalID) }))
	river.AddWorker(set, work(a, func(ctx context.Context, j jobs.Rescore) error { return a.Rescore(ctx, j.RescoreID) }))
	var err error
	w.client, err = river.NewClient(riverpgxv5.New(a.store.Pool()), &river.Config{
		ID:      a.worker,
		Workers: set,
		Queues: map[string]river.QueueConfig{jobs.QueueIntake: {MaxWorkers: intakeJobs}, jobs.QueueMail: {MaxWorkers: mailWorkers},
			jobs.QueueEvents: {MaxWorkers: applyMost}, jobs.QueueSales: {MaxWorkers: salesJobs}, jobs.QueueOthers: {MaxWorkers: connectorJobs}, jobs.QueueLong: {MaxWorkers: longJobs}},
		JobTimeout:                  jobs.Timeout,
		RescueStuckJobsAfter:        jobs.RescueAfter,
		FetchPollInterval:           time.Second,
		FetchCooldown:               20 * time.Millisecond,
		CompletedJobRetentionPeriod: 24 * time.Hour,
		RetryPolicy:                 retryPolicy{},
		ErrorHandler:                quietErrors{a.log},
		Logger:                      slog.New(levelAtLeast{a.log.Handler(), slog.LevelError}),
	})
	if err != nil {
		cancel()
		return nil, err
	}
	if err := w.client.Start(background); err != nil {
		cancel()
		return nil, err
	}
	go w.tend(background)
	return w, nil
}

// Client is the queue's client, for the page that shows it.
func (w *Workers) Client() *river.Client[pgx.Tx] { return w.client }

// Stop finishes what runs and hands the rest back, within ctx.
func (w *Workers) Stop(ctx context.Context) error {
	soft, cancel := context.WithTimeout(ctx, 12*time.Second)
	defer cancel()
	err := w.client.Stop(soft)
	if err != nil {
		err = w.client.StopAndCancel(ctx)
	}
	w.cancel()
	<-w.done
	return err
}

// tend takes over the jobs of dead processes, sends the digest, and tidies what is over. All of it is "what is due", so
// that any number of processes may do it.
func (w *Workers) tend(ctx context.Context) {
	defer close(w.done)
	a := w.app
	back, tidy := time.NewTicker(handBackEvery), time.NewTicker(a.o.Upkeep)
	defer back.Stop()
	defer tidy.Stop()
	report := func(what string, err error) {
		if err != nil && ctx.Err() == nil {
			a.log.Warn("upkeep failed", "what", what, "error", err)
		}
	}
	look := func() {
		err := errs.Contained(func() error { return a.Tidy(ctx) })
		a.Metrics.tidied(err)
		report("tidy", err)
	}
	look()
	var suspects []string // processes whose lock nobody held at the last look
	for {
		select {
		case <-ctx.Done():
			return
		case <-back.C:
			if a.mutant("no-takeover") {
				continue
			}
			var n int
			var err error
			if n, suspects, err = a.store.HandBack(ctx, a.worker, suspects); n > 0 {
				a.log.Info("took over the jobs of a process that ended", "jobs", n)
			}
			report("hand back", err)
			if n, err = a.store.HandBackStray(ctx, a.worker, a.runningJobs()); n > 0 {
				a.log.Info("took up jobs that a broken connection had left behind", "jobs", n)
			}
			report("hand back stray jobs", err)
			if n, err = a.takeOverdue(ctx); n > 0 {
				a.log.Info("took over tries of a process that hangs", "messages", n)
			}
			report("take over tries", err)
		case <-tidy.C:
			look()
		}
	}
}

// work turns a use case into a River worker. Later becomes a snooze, which spends no attempt. A panic is contained here:
// the queue would keep what the program panicked with.
func work[T river.JobArgs](a *App, fn func(context.Context, T) error) river.Worker[T] {
	return river.WorkFunc(func(ctx context.Context, job *river.Job[T]) error {
		a.running.Store(job.ID, true)
		defer a.running.Delete(job.ID)
		err := errs.Contained(func() error { return fn(ctx, job.Args) })
		var later *Later
		if errors.As(err, &later) {
			return river.JobSnooze(max(later.Wait, 100*time.Millisecond))
		}
		return err
	})
}

// Visitors who wait for an answer go before work that nobody waits for: while many of them wait at once, each transaction
// of a job begins up to courtesy later. It begins all the same, so that a flood delays mail and never stops it.
const (
	courtesy    = time.Second
	courtesyEye = 20 * time.Millisecond
)

func (a *App) giveWay(ctx context.Context) {
	if !a.intake.Crowded() {
		return
	}
	look := time.NewTicker(courtesyEye)
	defer look.Stop()
	for over := time.After(courtesy); a.intake.Crowded(); {
		select {
		case <-look.C:
		case <-over:
			return
		case <-ctx.Done():
			return
		}
	}
}

func (a *App) runningJobs() []int64 {
	ids := []int64{}
	a.running.Range(func(id, _ any) bool {
		ids = append(ids, id.(int64))
		return true
	})
	return ids
}

type retryPolicy struct{}

func (retryPolicy) NextRetry(job *rivertype.JobRow) time.Time {
	return time.Now().Add(jobs.Retry(len(job.Errors) + 1))
}

// quietErrors logs a failed job by its id and kind; its arguments are ids only.
type quietErrors struct{ log *slog.Logger }

func (q quietErrors) HandleError(_ context.Context, job *rivertype.JobRow, err error) *river.ErrorHandlerResult {
	q.log.Error("job failed, it will be tried again", "job", job.ID, "kind", job.Kind, "attempt", job.Attempt, "error", err)
	return nil
}

func (q quietErrors) HandlePanic(_ context.Context, job *rivertype.JobRow, v any, trace string) *river.ErrorHandlerResult {
	q.log.Error("job panicked, it will be tried again", "job", job.ID, "kind", job.Kind, "panic", fmt.Sprintf("%T", v), "trace", trace)
	return nil
}

// levelAtLeast drops the queue's chatter below a level.
type levelAtLeast struct {
	slog.Handler
	min slog.Level
}

func (h levelAtLeast) Enabled(ctx context.Context, l slog.Level) bool {
	return l >= h.min && h.Handler.Enabled(ctx, l)
}
