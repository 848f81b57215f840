package load

import (
	"fmt"
	"strings"
	"time"
)

// Result is what came of a run. Times are in milliseconds and cover answers with the expected status only, since a
// refusal is quick; in an open loop they count from when the request was due.
type Result struct {
	Door        Door    `json:"door"`
	Connections int     `json:"connections"`
	OfferedRate float64 `json:"offered_per_second"` // 0: closed loop
	Seconds     float64 `json:"seconds"`            // from the first request to the last answer
	Good        int64   `json:"good"`               // answers with the status that the door promises
	PerSecond   float64 `json:"good_per_second"`
	Status2xx   int64   `json:"status_2xx"`
	Status3xx   int64   `json:"status_3xx"`
	Status4xx   int64   `json:"status_4xx"`
	Status5xx   int64   `json:"status_5xx"`
	Errors      int64   `json:"errors"` // no complete answer
	Missed      int64   `json:"missed"` // open loop: due, but never sent
	FirstFault  string  `json:"first_fault,omitempty"`
	Mean        float64 `json:"mean_ms"`
	P50         float64 `json:"p50_ms"`
	P90         float64 `json:"p90_ms"`
	P99         float64 `json:"p99_ms"`
	P999        float64 `json:"p99_9_ms"`
	Max         float64 `json:"max_ms"`
}

// Faults is how many requests did not get what the door promises.
func (r Result) Faults() int64 {
	return r.Status2xx + r.Status3xx + r.Status4xx + r.Status5xx + r.Errors + r.Missed - r.Good
}

func collect(o Options, workers []*worker, elapsed time.Duration) Result {
	r := Result{Door: o.Door, Connections: o.Connections, OfferedRate: o.Rate, Seconds: elapsed.Seconds()}
	var all Histogram
	for _, w := range workers {
		all.Merge(&w.took)
		r.Good += w.good
		r.Errors += w.errors
		r.Missed += w.missed
		r.Status2xx += w.statuses[2]
		r.Status3xx += w.statuses[3]
		r.Status4xx += w.statuses[4]
		r.Status5xx += w.statuses[5]
		if r.FirstFault == "" {
			r.FirstFault = w.first
		}
	}
	r.PerSecond = float64(r.Good) / r.Seconds
	ms := func(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
	r.Mean, r.P50, r.P90, r.P99 = ms(all.Mean()), ms(all.Quantile(0.5)), ms(all.Quantile(0.9)), ms(all.Quantile(0.99))
	r.P999, r.Max = ms(all.Quantile(0.999)), ms(all.Max())
	return r
}

// String is the result for people.
func (r Result) String() string {
	var b strings.Builder
	loop := "closed loop"
	if r.OfferedRate > 0 {
		loop = fmt.Sprintf("open loop, %.0f/s offered", r.OfferedRate)
	}
	fmt.Fprintf(&b, "%s door, %d connections, %s, %.1f s\n", r.Door, r.Connections, loop, r.Seconds)
	fmt.Fprintf(&b, "  as promised  %d, %.1f/s\n", r.Good, r.PerSecond)
	fmt.Fprintf(&b, "  answers      2xx %d, 3xx %d, 4xx %d, 5xx %d; errors %d", r.Status2xx, r.Status3xx, r.Status4xx, r.Status5xx, r.Errors)
	if r.OfferedRate > 0 {
		fmt.Fprintf(&b, "; never sent %d", r.Missed)
	}
	fmt.Fprintf(&b, "\n  time in ms   p50 %.2f, p90 %.2f, p99 %.2f, p99.9 %.2f, max %.2f; mean %.2f\n", r.P50, r.P90, r.P99, r.P999, r.Max, r.Mean)
	if r.FirstFault != "" {
		fmt.Fprintf(&b, "  first fault  %s\n", r.FirstFault)
	}
	return b.String()
}
