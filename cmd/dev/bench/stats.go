package main

import (
	"math"
	"slices"
)

// series is one figure, a value per round.
type series []float64

// figure is a series in short: its median and its range.
type figure struct {
	Median float64 `json:"median"`
	Low    float64 `json:"low"`
	High   float64 `json:"high"`
	Rounds series  `json:"rounds"`
}

func (s series) figure() figure {
	if len(s) == 0 {
		return figure{}
	}
	return figure{Median: s.median(), Low: slices.Min(s), High: slices.Max(s), Rounds: s}
}

// median is the middle value, of an even number the mean of the two in the middle; 0 of nothing.
func (s series) median() float64 {
	if len(s) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(s))
	m := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[m]
	}
	return (sorted[m-1] + sorted[m]) / 2
}

// standstill is the spread of a series that once came to a stop.
const standstill = 999

// spread is the largest value as a multiple of the smallest: 1 on a perfectly quiet machine, 0 of nothing.
func (s series) spread() float64 {
	if len(s) == 0 {
		return 0
	}
	low := slices.Min(s)
	if low <= 0 {
		return standstill
	}
	return slices.Max(s) / low
}

// over divides round by round. Only rounds that both series have count, and none whose divisor is zero.
func (s series) over(other series) series {
	out := make(series, 0, len(s))
	for i := range min(len(s), len(other)) {
		if other[i] > 0 {
			out = append(out, s[i]/other[i])
		}
	}
	return out
}

// best is the key whose series has the highest median: pgbench's best client count is chosen over all rounds, not anew
// in each, where the luckiest would win.
func best(all map[string]series, keys ...string) string {
	winner := ""
	for _, k := range keys {
		if len(all[k]) > 0 && (winner == "" || all[k].median() > all[winner].median()) {
			winner = k
		}
	}
	return winner
}

// slope is the least-squares growth of y per unit of x; 0 of fewer than two points.
func slope(x, y []float64) float64 {
	n := float64(min(len(x), len(y)))
	if n < 2 {
		return 0
	}
	var sx, sy, sxx, sxy float64
	for i := range int(n) {
		sx, sy = sx+x[i], sy+y[i]
		sxx, sxy = sxx+x[i]*x[i], sxy+x[i]*y[i]
	}
	if d := n*sxx - sx*sx; d != 0 {
		return (n*sxy - sx*sy) / d
	}
	return 0
}

// quantile is the smallest of the values that the share q does not exceed (nearest rank); 0 of nothing.
func quantile(values []float64, q float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	rank := int(math.Ceil(q * float64(len(sorted))))
	return sorted[min(max(rank, 1), len(sorted))-1]
}
