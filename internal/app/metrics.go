package app

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics are the figures of this process, in a registry of their own. Labels are closed lists; none names a person.
type Metrics struct {
	Registry    *prometheus.Registry
	submissions *prometheus.CounterVec
	refused     *prometheus.CounterVec
	batch       prometheus.Histogram
	commits     prometheus.Histogram
	attempts    *prometheus.CounterVec
	seconds     prometheus.Counter
	eventsSeen  *prometheus.CounterVec
	downloads   *prometheus.CounterVec
	pushes      *prometheus.CounterVec
	upkeep      *prometheus.CounterVec
}

// NewMetrics makes them.
func NewMetrics() *Metrics {
	m := &Metrics{Registry: prometheus.NewRegistry(),
		submissions: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "gatehouse_submissions_total", Help: "Acknowledged submissions by door and verdict; repeats are answered again and counted apart."}, []string{"door", "verdict", "repeat"}),
		refused:     prometheus.NewCounterVec(prometheus.CounterOpts{Name: "gatehouse_submissions_invalid_total", Help: "Submissions with faults in their answers, by door."}, []string{"door"}),
		batch:       prometheus.NewHistogram(prometheus.HistogramOpts{Name: "gatehouse_commit_batch_size", Help: "Submissions that shared one commit.", Buckets: []float64{1, 2, 4, 8, 16, 32, 64, 128, 256}}),
		commits:     prometheus.NewHistogram(prometheus.HistogramOpts{Name: "gatehouse_commit_seconds", Help: "Duration of a group commit.", Buckets: prometheus.ExponentialBuckets(0.0005, 2, 14)}),
		attempts:    prometheus.NewCounterVec(prometheus.CounterOpts{Name: "gatehouse_mail_attempts_total", Help: "Tries to hand a message to the provider, by outcome."}, []string{"transport", "outcome"}),
		seconds:     prometheus.NewCounter(prometheus.CounterOpts{Name: "gatehouse_mail_second_sends_total", Help: "Messages sent again because nobody could know whether the first try was taken."}),
		pushes:      prometheus.NewCounterVec(prometheus.CounterOpts{Name: "gatehouse_connector_attempts_total", Help: "Tries to tell another system something, by kind of system and outcome."}, []string{"kind", "outcome"}),
		upkeep:      prometheus.NewCounterVec(prometheus.CounterOpts{Name: "gatehouse_upkeep_rounds_total", Help: "Rounds of upkeep that are over: clocks, leavers, connectors, digests. Where it stands still, nothing that is due by the clock is done."}, []string{"outcome"}),
		eventsSeen:  prometheus.NewCounterVec(prometheus.CounterOpts{Name: "gatehouse_provider_events_total", Help: "Provider events, new and repeated."}, []string{"provider", "repeat"}),
		downloads:   prometheus.NewCounterVec(prometheus.CounterOpts{Name: "gatehouse_document_posts_total", Help: "POSTs on personal pages, by way and by who it looks like."}, []string{"kind", "label"}),
	}
	m.Registry.MustRegister(m.submissions, m.refused, m.batch, m.commits, m.attempts, m.seconds, m.eventsSeen, m.downloads, m.pushes, m.upkeep)
	return m
}

func (m *Metrics) commit(size int, took time.Duration) {
	m.batch.Observe(float64(size))
	m.commits.Observe(took.Seconds())
}
func (m *Metrics) rejected(door string) { m.refused.WithLabelValues(door).Inc() }
func (m *Metrics) submitted(door, verdict string, fresh bool) {
	m.submissions.WithLabelValues(door, verdict, yesNo(!fresh)).Inc()
}
func (m *Metrics) attempt(transport, outcome string) {
	m.attempts.WithLabelValues(transport, outcome).Inc()
}
func (m *Metrics) secondSend() { m.seconds.Inc() }
func (m *Metrics) events(provider string, fresh, repeated int) {
	m.eventsSeen.WithLabelValues(provider, "no").Add(float64(fresh))
	m.eventsSeen.WithLabelValues(provider, "yes").Add(float64(repeated))
}
func (m *Metrics) push(kind, outcome string)   { m.pushes.WithLabelValues(kind, outcome).Inc() }
func (m *Metrics) download(kind, label string) { m.downloads.WithLabelValues(kind, label).Inc() }

func (m *Metrics) tidied(err error) {
	m.upkeep.WithLabelValues(map[bool]string{true: "done", false: "failed"}[err == nil]).Inc()
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

// gauges reads depth and age of the queue and the messages by state when they are asked for.
type gauges struct {
	app                        *App
	depth, age, messages, open *prometheus.Desc
}

// RegisterGauges adds the figures that are read from the database at each scrape.
func (a *App) RegisterGauges() {
	a.Metrics.Registry.MustRegister(&gauges{app: a,
		depth:    prometheus.NewDesc("gatehouse_queue_jobs", "Jobs that are not finished, by queue and state.", []string{"queue", "state"}, nil),
		age:      prometheus.NewDesc("gatehouse_queue_oldest_seconds", "Age of the oldest job that could run now, by queue.", []string{"queue"}, nil),
		messages: prometheus.NewDesc("gatehouse_messages", "Messages by state; second=yes are marked second sends.", []string{"state", "second"}, nil),
		open:     prometheus.NewDesc("gatehouse_alarms_open", "Alarms that nobody has cleared.", nil, nil),
	})
}

// Describe names the figures.
func (g *gauges) Describe(ch chan<- *prometheus.Desc) {
	ch <- g.depth
	ch <- g.age
	ch <- g.messages
	ch <- g.open
}

// Collect reads them.
func (g *gauges) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	f, err := g.app.store.QueueFigures(ctx)
	if err != nil {
		ch <- prometheus.NewInvalidMetric(g.depth, err)
		return
	}
	for _, q := range f.Jobs {
		ch <- prometheus.MustNewConstMetric(g.depth, prometheus.GaugeValue, q.N, q.Queue, q.State)
	}
	for _, q := range f.Oldest {
		ch <- prometheus.MustNewConstMetric(g.age, prometheus.GaugeValue, q.N, q.Queue)
	}
	for _, q := range f.Messages {
		ch <- prometheus.MustNewConstMetric(g.messages, prometheus.GaugeValue, q.N, q.State, yesNo(q.Second))
	}
	ch <- prometheus.MustNewConstMetric(g.open, prometheus.GaugeValue, f.Alarms)
}
