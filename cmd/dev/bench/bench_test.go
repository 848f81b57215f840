package main

import (
	"bytes"
	"io"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse/gatehouse/internal/testkit/load"
)

func TestSeries(t *testing.T) {
	for _, tc := range []struct {
		s              series
		median, spread float64
	}{{nil, 0, 0}, {series{3}, 3, 1}, {series{9, 1, 3}, 3, 9}, {series{4, 1, 3, 2}, 2.5, 4}, {series{5, 0}, 2.5, standstill}} {
		if got := tc.s.median(); got != tc.median {
			t.Errorf("median of %v is %v, want %v", tc.s, got, tc.median)
		}
		if got := tc.s.spread(); got != tc.spread {
			t.Errorf("spread of %v is %v, want %v", tc.s, got, tc.spread)
		}
	}
	s := series{3, 1, 2}
	if s.median(); s[0] != 3 {
		t.Error("the median put the rounds into another order")
	}
}

// The ratio is made round by round: a machine that halves its speed between rounds must not show in it.
func TestRatioWithinTheRound(t *testing.T) {
	product, other := series{700, 350, 710}, series{1000, 500, 1000}
	f := product.over(other).figure()
	if f.Median != 0.7 || f.Low != 0.7 || f.High != 0.71 {
		t.Errorf("ratio %+v, want 0.70 (0.70 to 0.71)", f)
	}
	if got := (series{1, 2}).over(series{0, 4}); len(got) != 1 || got[0] != 0.5 {
		t.Errorf("a round without a divisor: %v, want [0.5]", got)
	}
	if got := (series{1}).over(nil); len(got) != 0 {
		t.Errorf("nothing to compare with: %v", got)
	}
}

func TestBestIsChosenOverAllRounds(t *testing.T) {
	all := map[string]series{"single@8": {900, 910, 905}, "single@64": {2000, 100, 100}}
	if got := best(all, "single@1", "single@8", "single@64"); got != "single@8" {
		t.Errorf("best is %q: one lucky round must not win", got)
	}
	if got := best(nil, "single@1"); got != "" {
		t.Errorf("best of nothing is %q", got)
	}
}

func TestSlopeAndQuantile(t *testing.T) {
	if got := slope([]float64{0, 1, 2, 3}, []float64{5, 7, 9, 11}); math.Abs(got-2) > 1e-9 {
		t.Errorf("slope %v, want 2", got)
	}
	if slope([]float64{1}, []float64{1}) != 0 || slope([]float64{1, 1}, []float64{1, 2}) != 0 {
		t.Error("a slope without an extent is not 0")
	}
	v := []float64{5, 1, 4, 2, 3}
	if quantile(v, 0.5) != 3 || quantile(v, 0.99) != 5 || quantile(v, 0) != 1 || quantile(nil, 0.5) != 0 {
		t.Error("quantiles by nearest rank are wrong")
	}
}

func TestParseTPS(t *testing.T) {
	good := "number of failed transactions: 0 (0.000%)\nlatency average = 1.2 ms\ntps = 6512.75 (without initial connection time)\n"
	if got, err := parseTPS(good); err != nil || got != 6512.75 {
		t.Errorf("tps %v, %v", got, err)
	}
	if got, err := parseTPS("number of transactions actually processed: 0\n"); err != nil || got != 0 {
		t.Errorf("a standstill: %v, %v, want 0 and no error", got, err)
	}
	for _, bad := range []string{"", "pgbench: error", "tps = 12\nRun was aborted; the above results are incomplete.\n"} {
		if _, err := parseTPS(bad); err == nil {
			t.Errorf("%q was taken for a result", bad)
		}
	}
}

func TestOptions(t *testing.T) {
	o, err := parseOptions([]string{"--quick", "--rounds", "3", "--only", "submit,memory"}, io.Discard)
	if err != nil || o.rounds != 3 || o.seconds != 2 || o.feed != 6*time.Second {
		t.Errorf("options %+v, %v: --quick must not overrule what was asked for", o, err)
	}
	if got := strings.Join(o.only, " "); got != "page json steady" {
		t.Errorf("only %q", got)
	}
	for _, bad := range [][]string{{"--only", "pages"}, {"--rounds", "0"}, {"--rates", "fast"}, {"extra"}, {"--feed", "1s"}} {
		if _, err := parseOptions(bad, io.Discard); err == nil {
			t.Errorf("%v was accepted", bad)
		}
	}
}

func sample() *report {
	r := &report{Series: map[string]series{
		"single@1": {100, 110}, "single@8": {900, 900}, "single@64": {1000, 1000}, "three@64": {400, 400},
		"page@64": {800, 900}, "page@1": {20, 22}, "page@64 p99/p50": {3, 5}, startURL: {0.5}, startKill: {25},
	}}
	return r
}

func find(t *testing.T, r *report, name string) measure {
	t.Helper()
	for _, m := range r.Measures {
		if m.Name == name {
			return m
		}
	}
	t.Fatalf("there is no measure %q", name)
	return measure{}
}

func TestConclude(t *testing.T) {
	r := sample()
	r.conclude()
	for name, met := range map[string]bool{
		"page door, 64 connections / single row": true,  // 0.85
		"page door, 64 connections / three rows": true,  // 2.1
		"page door, 1 connection / 1 client":     false, // 0.2
		"page door, 64 connections, p99 / p50":   true,  // 4
		startURL:                                 true,
		startKill:                                false,
	} {
		if m := find(t, r, name); m.Met != met || m.Noisy {
			t.Errorf("%s: %+v, want met %v", name, m, met)
		}
	}
	if len(r.Noisy) > 0 {
		t.Errorf("noisy: %v", r.Noisy)
	}
	for _, m := range r.Measures {
		if strings.HasPrefix(m.Name, "json") || strings.Contains(m.Name, "workers") || strings.Contains(m.Name, "Echo") {
			t.Errorf("%s was never measured", m.Name)
		}
	}
}

func TestNoisyMachineIsSaid(t *testing.T) {
	r := sample()
	r.Series["single@64"] = series{600, 1400} // still the best
	r.Series["single@8"] = series{300, 900}   // not used
	r.conclude()
	if len(r.Noisy) != 1 || !find(t, r, "page door, 64 connections / single row").Noisy || find(t, r, "page door, 64 connections / three rows").Noisy {
		t.Errorf("noisy: %v", r.Noisy)
	}
	var out bytes.Buffer
	r.print(&out)
	if !strings.Contains(out.String(), "MACHINE TOO NOISY: single@64") {
		t.Error("the table does not say that the machine was too noisy")
	}
}

func TestStandstillIsNoise(t *testing.T) {
	r := sample()
	r.Series["single@64"] = series{0, 0}
	r.conclude()
	if !find(t, r, "page door, 64 connections / single row").Noisy {
		t.Error("pgbench stood still at 64 clients, and the ratio to 8 clients counts")
	}
}

func TestWholeWayCountsOnlyWhileFlat(t *testing.T) {
	f := func(rate, sent float64, flat bool) *feed {
		return &feed{Load: load.Result{OfferedRate: rate}, SentPerS: sent, Flat: flat}
	}
	for name, tc := range map[string]struct {
		feeds []*feed
		met   bool
	}{
		"both flat":         {[]*feed{f(150, 150, true), f(300, 299, true)}, true},
		"only the lower":    {[]*feed{f(150, 149, true), f(300, 180, false)}, true},
		"fast but not flat": {[]*feed{f(150, 149, false), f(300, 250, false)}, false},
	} {
		r := &report{Whole: tc.feeds, Series: map[string]series{}}
		r.conclude()
		if m := find(t, r, "whole way, 150/s fed"); m.Met != tc.met {
			t.Errorf("%s: met %v", name, m.Met)
		}
	}
}

// A mail that never left must not be missing from the percentile.
func TestUnsentMailsAreNotForgotten(t *testing.T) {
	r := &report{Series: map[string]series{}, Steady: &feed{Load: load.Result{Good: 100, P99: 10}, Handed: 90, HandedP99: 0.4}}
	r.conclude()
	if find(t, r, "steady 100/s, mail handed over, p99").Met {
		t.Error("10 of 100 mails never left, and the goal counts as met")
	}
}

func TestRefusalsSpoilThePercentile(t *testing.T) {
	r := &report{Series: map[string]series{}, Steady: &feed{Load: load.Result{Good: 100, Status3xx: 100, Status5xx: 1, P99: 10}, Handed: 100}}
	r.conclude()
	if find(t, r, "steady 100/s, p99 of the answer").Met {
		t.Error("a request was refused, and the percentile of the others counts")
	}
}

func TestMemoryIsJudgedOverTenMinutesOnly(t *testing.T) {
	for seconds, want := range map[float64]bool{60: false, 200: false, 600: true} {
		f := &feed{Load: load.Result{Good: 1, Seconds: seconds}}
		for i := range 10 {
			f.Seconds, f.Memory = append(f.Seconds, float64(i)), append(f.Memory, memory{RSS: 80})
		}
		r := &report{Series: map[string]series{}, Steady: f, Idle: memory{RSS: 40}}
		r.conclude()
		met := false
		for _, m := range r.Measures {
			if strings.Contains(m.Name, "growth") {
				met = m.Met
			}
		}
		if met != want {
			t.Errorf("flat memory over %.0f s: met %v, want %v", seconds, met, want)
		}
	}
}
