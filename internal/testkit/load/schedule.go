package load

import (
	"sync/atomic"
	"time"
)

// Schedule says when each request of an open loop is due, whatever became of those before it. Latency is counted from
// that moment, so that a server that stalls cannot hide the requests which would have come meanwhile (coordinated
// omission). Safe for concurrent use.
type Schedule struct {
	start time.Time
	rate  float64
	total int64
	taken atomic.Int64
}

// NewSchedule spreads rate requests per second evenly over d from start on; the first is due at start.
func NewSchedule(start time.Time, rate float64, d time.Duration) *Schedule {
	return &Schedule{start: start, rate: rate, total: int64(rate * d.Seconds())}
}

// Next is when the next request is due; false when all have been taken.
func (s *Schedule) Next() (time.Time, bool) {
	k := s.taken.Add(1) - 1
	if k >= s.total {
		return time.Time{}, false
	}
	// From the start each time: adding up rounded intervals would drift.
	return s.start.Add(time.Duration(float64(k) / s.rate * float64(time.Second))), true
}

// Left is how many requests nobody has taken.
func (s *Schedule) Left() int64 { return max(s.total-s.taken.Load(), 0) }
