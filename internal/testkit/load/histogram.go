package load

import (
	"math"
	"math/bits"
	"time"
)

// The shape of the histogram: each power of two is cut into half steps, so that a value is off by less than one part
// in half (0.8 %). Values beyond 2^maxBits nanoseconds (18 minutes) share the last bucket.
const (
	subBits = 8
	half    = 1 << (subBits - 1)
	maxBits = 40
	buckets = (maxBits - subBits + 2) * half
)

// Histogram counts durations in log-linear buckets, as HdrHistogram does: constant memory, no lock. The zero value is
// ready; one goroutine writes to it.
type Histogram struct {
	counts [buckets]uint64
	total  uint64
	max    time.Duration
	sum    float64
}

// Record counts one duration; a negative one counts as zero.
func (h *Histogram) Record(d time.Duration) {
	d = max(d, 0)
	h.counts[bucketOf(d)]++
	h.total++
	h.sum += float64(d)
	h.max = max(h.max, d)
}

// Merge adds what other holds.
func (h *Histogram) Merge(other *Histogram) {
	for i, n := range other.counts {
		h.counts[i] += n
	}
	h.total += other.total
	h.sum += other.sum
	h.max = max(h.max, other.max)
}

// Count is how many durations were recorded.
func (h *Histogram) Count() uint64 { return h.total }

// Max is the longest duration, exactly.
func (h *Histogram) Max() time.Duration { return h.max }

// Mean is the arithmetic mean; 0 of nothing.
func (h *Histogram) Mean() time.Duration {
	if h.total == 0 {
		return 0
	}
	return time.Duration(h.sum / float64(h.total))
}

// Quantile is the smallest duration that at least the share q (0..1) of all durations does not exceed, rounded up to
// its bucket's end; 0 of nothing.
func (h *Histogram) Quantile(q float64) time.Duration {
	if h.total == 0 {
		return 0
	}
	rank := uint64(math.Ceil(q * float64(h.total)))
	rank = min(max(rank, 1), h.total)
	var seen uint64
	for i, n := range h.counts {
		if seen += n; seen >= rank {
			return min(bucketEnd(i), h.max)
		}
	}
	return h.max
}

func bucketOf(d time.Duration) int {
	v := uint64(d)
	if v < 2*half {
		return int(v)
	}
	shift := bits.Len64(v) - subBits
	return min(shift*half+int(v>>shift), buckets-1)
}

// bucketEnd is the largest duration that falls into bucket i.
func bucketEnd(i int) time.Duration {
	if i < 2*half {
		return time.Duration(i)
	}
	if i == buckets-1 {
		return math.MaxInt64
	}
	shift := i/half - 1
	return time.Duration(uint64(i-shift*half+1)<<shift - 1)
}
