package report

import (
	"math"
	"slices"
)

// z is the quantile of the normal distribution for intervals of 95 %.
const z = 1.959963984540054

// Enough is how many cases a share or a median needs before it is told as more than "too few to tell".
const Enough = 20

// Wilson is the interval of 95 % around the share k of n (E. B. Wilson, "Probable inference, the law of succession, and
// statistical inference", JASA 22, 1927). Without cases nothing is known: 0 to 1.
func Wilson(k, n int) (low, high float64) {
	if n <= 0 {
		return 0, 1
	}
	p, m := float64(k)/float64(n), float64(n)
	mid := (p + z*z/(2*m)) / (1 + z*z/m)
	half := z / (1 + z*z/m) * math.Sqrt(p*(1-p)/m+z*z/(4*m*m))
	return max(0, mid-half), min(1, mid+half)
}

// Median is the middle of the values, with an interval that holds the true median in at least 95 % of all samples: the
// order statistics whose ranks the binomial distribution with p = 1/2 allows. Below six values there is none (ok is false).
func Median(values []float64) (mid, low, high float64, ok bool) {
	n := len(values)
	if n == 0 {
		return 0, 0, 0, false
	}
	v := slices.Sorted(slices.Values(values))
	if mid = v[n/2]; n%2 == 0 {
		mid = (v[n/2-1] + v[n/2]) / 2
	}
	rank := medianRank(n)
	if rank == 0 {
		return mid, v[0], v[n-1], false
	}
	return mid, v[rank-1], v[n-rank], true
}

// medianRank is the largest r for which P(Binomial(n, 1/2) < r) is at most 2.5 %; 0 when there is none.
func medianRank(n int) int {
	half := float64(n) * math.Ln2
	sum, choose := 0.0, 0.0 // choose is the logarithm of n over k
	for k := 0; k <= n/2; k++ {
		if sum += math.Exp(choose - half); sum > 0.025 {
			return k
		}
		choose += math.Log(float64(n-k)) - math.Log(float64(k+1))
	}
	return n / 2
}

// Quantile is the value below which the share q of the values lies, by the nearest rank; 0 of none.
func Quantile(values []float64, q float64) float64 {
	if len(values) == 0 {
		return 0
	}
	v := slices.Sorted(slices.Values(values))
	return v[min(len(v)-1, max(0, int(math.Ceil(q*float64(len(v))))-1))]
}
