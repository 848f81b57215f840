package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/gatehouse/gatehouse/internal/testkit/load"
)

// tooNoisy is the spread of pgbench's own figures (highest / lowest over the rounds) beyond which a run proves nothing.
const tooNoisy = 1.5

// report is everything that a run found; it is also the JSON file.
type report struct {
	Began      time.Time          `json:"began"`
	Seconds    float64            `json:"seconds"`
	Machine    machine            `json:"machine"`
	Rounds     int                `json:"rounds"`
	RoundSecs  int                `json:"seconds_per_measurement"`
	RowBytes   map[string]float64 `json:"row_bytes,omitempty"` // of a submission: pgbench's and ours
	PageBytes  int                `json:"page_bytes,omitempty"`
	Noisy      []string           `json:"noisy"` // why the machine was too noisy; empty: it was not
	Faults     []string           `json:"faults"`
	Measures   []measure          `json:"measures"`
	Series     map[string]series  `json:"series"`
	Whole      []*feed            `json:"whole_way,omitempty"`
	Steady     *feed              `json:"steady,omitempty"`
	Idle       memory             `json:"idle_memory"`
	Sales      *salesFound        `json:"sales,omitempty"`
	Rules      *rulesFound        `json:"rules,omitempty"`
	Provider   *provided          `json:"provider,omitempty"`
	Runs       []namedRun         `json:"runs"`
	BestSingle string             `json:"pgbench_best_single,omitempty"`
	BestThree  string             `json:"pgbench_best_three,omitempty"`
}

type namedRun struct {
	Name string `json:"name"`
	load.Result
}

// measure is one line of the table. Goal 0: for information.
type measure struct {
	Name   string  `json:"name"`
	Unit   string  `json:"unit"`
	Value  figure  `json:"value"`
	Goal   float64 `json:"goal"`
	AtMost bool    `json:"at_most"` // the goal is an upper bound
	Aim    float64 `json:"aim,omitempty"`
	Met    bool    `json:"met"`
	Noisy  bool    `json:"noisy"` // compared with a pgbench that was not steady itself
	Note   string  `json:"note,omitempty"`
}

func (m measure) judged() measure {
	if m.AtMost {
		m.Met = m.Value.Median > 0 && m.Value.Median <= m.Goal
	} else {
		m.Met = m.Value.Median >= m.Goal
	}
	return m
}

// conclude turns series into measures.
func (r *report) conclude() {
	r.BestSingle, r.BestThree = best(r.Series, keysOf("single")...), best(r.Series, keysOf("three")...)
	for _, k := range []string{r.BestSingle, r.BestThree, key("single", 1)} {
		if s := r.Series[k].spread(); s > tooNoisy && !slices.Contains(r.noisyKeys(), k) {
			r.Noisy = append(r.Noisy, fmt.Sprintf("%s: pgbench's own rates differ by a factor of %.2f", k, s))
		}
	}
	// A client count at which nothing moved cannot be the best one, and makes the best one worthless.
	for script, winner := range map[string]string{"single": r.BestSingle, "three": r.BestThree} {
		for _, k := range keysOf(script) {
			if r.Series[k].spread() == standstill && !slices.Contains(r.noisyKeys(), winner) {
				r.Noisy = append(r.Noisy, fmt.Sprintf("%s: pgbench stood still at %s", winner, k))
			}
		}
	}
	for _, door := range []string{"page", "json"} {
		r.ratio(door+" door, 64 connections / single row", key(door, 64), r.BestSingle, 0.7, 1.0)
		r.ratio(door+" door, 64 connections / three rows", key(door, 64), r.BestThree, 1.6, 2.2)
		r.ratio(door+" door, 16 connections / single row", key(door, 16), r.BestSingle, 0, 0)
		r.ratio(door+" door, 1 connection / 1 client", key(door, 1), key("single", 1), 0.3, 0.4)
		r.add(measure{Name: door + " door, 64 connections, p99 / p50", Unit: "x", Value: r.Series[key(door, 64)+" p99/p50"].figure(), Goal: 4, AtMost: true})
		r.ratio(door+" door, workers on, 64 / single row", key("workers "+door, 64), r.BestSingle, 0.5, 0)
	}
	r.ratio("gate page, 64 connections / bare Echo", key("get", 64), key("echo", 64), 0.8, 0)
	r.concludeWhole()
	r.concludeSteady()
	r.concludeSales()
	r.concludeRules()
	for _, s := range []struct {
		key  string
		goal float64
	}{{startURL, 1}, {startClean, 2}, {startEmpty, 4}, {startKill, 20}} {
		r.add(measure{Name: s.key, Unit: "s", Value: r.Series[s.key].figure(), Goal: s.goal, AtMost: true})
	}
}

func keysOf(script string) (keys []string) {
	for _, n := range pgbenchClients {
		keys = append(keys, key(script, n))
	}
	return keys
}

func (r *report) noisyKeys() (keys []string) {
	for _, line := range r.Noisy {
		k, _, _ := strings.Cut(line, ":")
		keys = append(keys, k)
	}
	return keys
}

func (r *report) ratio(name, product, other string, goal, aim float64) {
	noisy := slices.Contains(r.noisyKeys(), other)
	r.add(measure{Name: name, Unit: "x", Value: r.Series[product].over(r.Series[other]).figure(), Goal: goal, Aim: aim, Noisy: noisy, Note: other})
}

// add leaves out what was not measured.
func (r *report) add(m measure) {
	if len(m.Value.Rounds) > 0 {
		r.Measures = append(r.Measures, m.judged())
	}
}

// concludeWhole: the rate at which mails leave counts only while the backlog is flat; else the figure shows where the
// limit lies, and proves nothing. The goal is met by any rate that reaches it with a flat backlog.
func (r *report) concludeWhole() {
	met := false
	var rows []measure
	for _, f := range r.Whole {
		note := fmt.Sprintf("backlog flat, mail after %.2f s at p99", f.HandedP99)
		if !f.Flat {
			note = fmt.Sprintf("backlog NOT flat: grew by %.1f/s", f.Growth)
		}
		m := measure{Name: fmt.Sprintf("whole way, %.0f/s fed", f.Load.OfferedRate), Unit: "/s", Value: series{f.SentPerS}.figure(), Note: note}
		if f.Load.OfferedRate == 150 {
			m.Goal, m.Aim = 150, 300
		}
		met = met || f.Flat && f.SentPerS >= 0.98*150 // the window's edges cut a second in two
		rows = append(rows, m)
	}
	for _, m := range rows {
		m.Met = met
		r.Measures = append(r.Measures, m)
	}
}

func (r *report) concludeSteady() {
	f := r.Steady
	if f == nil {
		return
	}
	one := func(name, unit string, v, goal float64, note string) {
		r.add(measure{Name: name, Unit: unit, Value: series{v}.figure(), Goal: goal, AtMost: true, Note: note})
	}
	one("steady 100/s, p99 of the answer", "ms", f.Load.P99, 50, "")
	if f.Load.Faults() > 0 { // the percentile knows good answers only
		r.Measures[len(r.Measures)-1].Met = false
	}
	handed := f.HandedP99
	note := fmt.Sprintf("%d of %d handed over", f.Handed, f.Load.Good)
	if f.Handed < int(f.Load.Good) && f.HandedP99 < 60 {
		handed = 60 // some never left while we waited: the measured share would flatter
	}
	one("steady 100/s, mail handed over, p99", "s", handed, 5, note)
	if r.Idle.RSS > 0 {
		top := memory{}
		var at, rss []float64
		for i, m := range f.Memory {
			if m.RSS > top.RSS {
				top = m
			}
			if i >= len(f.Memory)/5 { // the heap finds its size first
				at, rss = append(at, f.Seconds[i]), append(rss, m.RSS)
			}
		}
		one("memory at rest (RSS)", "MiB", r.Idle.RSS, 60, fmt.Sprintf("%.0f MiB anonymous", r.Idle.Anon))
		one("memory at 100/s (largest RSS)", "MiB", top.RSS, 150, fmt.Sprintf("%.0f MiB anonymous", top.Anon))
		if f.Load.Seconds >= 120 {
			r.growth(600*slope(at, rss), f.Load.Seconds)
		}
	}
}

// flatGrowth is how much more memory after ten minutes still counts as flat, in MiB: a garbage-collected heap breathes.
const flatGrowth = 10

// growth judges only a run of ten minutes; a shorter one gives a hint.
func (r *report) growth(mib, seconds float64) {
	m := measure{Name: "memory at 100/s, growth in 10 minutes", Unit: "MiB", Value: series{mib}.figure(), AtMost: true,
		Note: fmt.Sprintf("measured over %.0f s", seconds)}
	if seconds >= 590 {
		m.Goal, m.Met = flatGrowth, mib <= flatGrowth
	}
	r.Measures = append(r.Measures, m)
}

// print writes the tables for people.
func (r *report) print(w io.Writer) {
	p := func(format string, args ...any) { _, _ = fmt.Fprintf(w, format, args...) }
	m := r.Machine
	p("\n%s, %d cores, %.0f MiB, %s, %s, PostgreSQL %s, %.0f fsyncs/s, load before: %s\n", m.CPU, m.Cores, m.MemoryMiB, m.OS, m.Go, m.PostgreSQL["server_version"], m.SyncsPerS, m.LoadBefore)
	if len(r.RowBytes) > 0 {
		p("a submission is %.0f bytes in pgbench's table, %.0f in ours\n", r.RowBytes["pgbench"], r.RowBytes["product"])
	}
	r.printRates(p)
	p("\n%-42s %-28s %-18s %s\n", "measure", "median (low to high)", "goal (aim)", "")
	for _, m := range r.Measures {
		p("%-42s %-28s %-18s %s\n", m.Name, m.valueText(), m.goalText(), m.verdict())
	}
	for _, line := range r.Faults {
		p("\nFAULT: %s", line)
	}
	for _, line := range r.Noisy {
		p("\nMACHINE TOO NOISY: %s", line)
	}
	p("\n")
}

func (r *report) printRates(p func(string, ...any)) {
	said := false
	for _, what := range []string{"single", "three", "page", "json", "workers page", "workers json", "get", "echo"} {
		for _, n := range []int{1, 8, 16, 64} {
			s := r.Series[key(what, n)]
			if len(s) == 0 {
				continue
			}
			if !said {
				p("\n%-26s %10s %10s %10s %7s\n", "rate per second", "median", "low", "high", "spread")
				said = true
			}
			f := s.figure()
			p("%-26s %10.0f %10.0f %10.0f %7.2f\n", key(what, n), f.Median, f.Low, f.High, s.spread())
		}
	}
}

func (m measure) valueText() string {
	f := m.Value
	decimals := 2
	if f.High >= 100 {
		decimals = 0
	}
	text := fmt.Sprintf("%.*f %s", decimals, f.Median, m.Unit)
	if len(f.Rounds) > 1 {
		text += fmt.Sprintf(" (%.*f to %.*f)", decimals, f.Low, decimals, f.High)
	}
	return text
}

func (m measure) goalText() string {
	if m.Goal == 0 {
		return "-"
	}
	sign := ">="
	if m.AtMost {
		sign = "<="
	}
	text := fmt.Sprintf("%s %g", sign, m.Goal)
	if m.Aim != 0 {
		text += fmt.Sprintf(" (%g)", m.Aim)
	}
	return text
}

func (m measure) verdict() string {
	text := ""
	switch {
	case m.Goal == 0:
	case m.Met:
		text = "met"
	default:
		text = "NOT MET"
	}
	if m.Noisy {
		text += " (machine too noisy)"
	}
	if m.Note != "" {
		text = strings.TrimSpace(text + "  " + m.Note)
	}
	return text
}
