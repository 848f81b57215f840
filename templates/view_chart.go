package templates

import (
	"math"
	"strconv"
)

// Bar is one column or row of a chart. URL opens the rows that it counts.
type Bar struct {
	Label string // what stands under it, "3 Nov"
	Full  string // what the table says, "Tuesday 3 November 2026"; empty: Label
	Value float64
	Shown string // the value as written, with its unit; empty: the plain number
	URL   string
}

// Chart is a bar chart with its geometry worked out, in units of the SVG's own box; make it with NewChart.
type Chart struct {
	Title    string // the sentence that says what is seen
	Unit     string // heading of the value's column, "people"
	Axis     string // heading of the label's column, "day"
	Bars     []ChartBar
	Lines    []ChartLine
	Width    float64
	Height   float64
	Baseline float64
}

// ChartBar is a bar in its place. Tick is set where a label stands below it.
type ChartBar struct {
	Bar
	X, Y, W, H float64
	HitY, HitH float64
	Tick       bool
	TickX      float64
	TickEnd    bool    // the label ends at TickX: it would else leave the picture
	Percent    float64 // of the largest, for rows
}

// ChartLine is a line of the grid with its value.
type ChartLine struct {
	Y     float64
	Label string
}

const (
	chartWidth  = 720.0
	chartHeight = 200.0
	chartLeft   = 36.0
	chartTop    = 12.0
	chartBottom = 24.0
)

// NewChart lays out the bars. title is the sentence above, axis and unit head the table below. At most five labels are
// written under the columns; nothing is drawn for a value below zero.
func NewChart(title, axis, unit string, bars []Bar) Chart {
	c := Chart{Title: title, Axis: axis, Unit: unit, Width: chartWidth, Height: chartHeight, Baseline: chartHeight - chartBottom}
	top := 0.0
	for _, b := range bars {
		top = math.Max(top, b.Value)
	}
	step := niceStep(top)
	ceiling := math.Max(step, math.Ceil(top/step)*step)
	plot := c.Baseline - chartTop
	for v := 0.0; v <= ceiling+step/2; v += step {
		c.Lines = append(c.Lines, ChartLine{Y: c.Baseline - v/ceiling*plot, Label: plainNumber(v)})
	}
	if len(bars) == 0 {
		return c
	}
	slot := (chartWidth - chartLeft) / float64(len(bars))
	gap := math.Min(slot*0.3, 6)
	every := (len(bars) + 4) / 5
	for i, b := range bars {
		if b.Full == "" {
			b.Full = b.Label
		}
		if b.Shown == "" {
			b.Shown = plainNumber(b.Value)
		}
		h := math.Max(0, b.Value) / ceiling * plot
		if b.Value > 0 {
			h = math.Max(h, 1.5)
		}
		x := chartLeft + float64(i)*slot
		bar := ChartBar{Bar: b, X: x + gap/2, Y: c.Baseline - h, W: slot - gap, H: h, HitY: chartTop, HitH: plot,
			Tick: (len(bars)-1-i)%every == 0, TickX: x + slot/2}
		if bar.TickX > chartWidth-20 {
			bar.TickEnd, bar.TickX = true, chartWidth
		}
		if top > 0 {
			bar.Percent = math.Max(0, b.Value) / top * 100
		}
		c.Bars = append(c.Bars, bar)
	}
	return c
}

// niceStep gives about four lines at 1, 2 or 5 times a power of ten, never below one: all our bars count things.
func niceStep(top float64) float64 {
	if top <= 4 {
		return 1
	}
	raw := top / 4
	power := math.Pow(10, math.Floor(math.Log10(raw)))
	for _, m := range []float64{1, 2, 5, 10} {
		if raw <= m*power {
			return m * power
		}
	}
	return 10 * power
}

func plainNumber(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }
