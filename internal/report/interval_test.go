package report_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/gatehouse/gatehouse/internal/report"
)

// Values of R's binom::binom.confint(method = "wilson"), to four places.
func TestWilson(t *testing.T) {
	for _, c := range []struct {
		k, n      int
		low, high float64
	}{{0, 0, 0, 1}, {0, 10, 0, 0.2775}, {10, 10, 0.7225, 1}, {5, 10, 0.2366, 0.7634}, {1, 100, 0.0018, 0.0545}, {200, 1000, 0.1764, 0.2259}} {
		low, high := report.Wilson(c.k, c.n)
		if math.Abs(low-c.low) > 1e-4 || math.Abs(high-c.high) > 1e-4 {
			t.Errorf("%d of %d: %.4f to %.4f, not %.4f to %.4f", c.k, c.n, low, high, c.low, c.high)
		}
	}
}

func TestMedian(t *testing.T) {
	if _, _, _, ok := report.Median(nil); ok {
		t.Error("an interval of nothing")
	}
	if mid, _, _, ok := report.Median([]float64{5, 1, 3, 2, 4}); ok || mid != 3 {
		t.Errorf("five values: %v %t", mid, ok)
	}
	// The published ranks for n = 20 are 6 and 15, for n = 100 they are 40 and 61.
	for n, want := range map[int][2]float64{6: {1, 6}, 20: {6, 15}, 100: {40, 61}} {
		values := make([]float64, n)
		for i := range values {
			values[i] = float64(i + 1)
		}
		rand.Shuffle(n, func(i, j int) { values[i], values[j] = values[j], values[i] })
		mid, low, high, ok := report.Median(values)
		if !ok || low != want[0] || high != want[1] || mid != float64(n+1)/2 {
			t.Errorf("n = %d: %v, %v to %v, %t", n, mid, low, high, ok)
		}
	}
	if q := report.Quantile([]float64{4, 1, 3, 2}, 0.9); q != 4 {
		t.Errorf("the 90th percentile of four: %v", q)
	}
}
