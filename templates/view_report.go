package templates

// ReportPage is admin/report: the sentence first, then the picture, then tables; what a figure counts is said at each.
type ReportPage struct {
	AdminPage
	Sentence []Piece
	Filters  *Filters
	Stats    []Stat
	Chart    *Chart
	Tables   []StudyTable
	Notes    []string // how it is counted, below all
	Empty    *Empty   // in place of everything
}

// StudyTable compares groups: what each is, how many cases, and shares or medians with their intervals.
type StudyTable struct {
	Title      string
	Definition string
	Key        string // heading of the first column
	Columns    []Column
	Rows       []StudyRow
	Empty      string
}

// StudyRow is one group.
type StudyRow struct {
	Label string
	Note  string
	URL   string
	Cells []StudyCell
}

// StudyCell is a figure that opens. Range is its interval in words, Few says in its place that there are too few cases.
// With Span set the interval is drawn: its ends and its middle as shares of the whole, 0 to 100.
type StudyCell struct {
	Value string
	URL   string
	Range string
	Few   bool
	Span  *Span
	Bar   float64 // a bar of 0 to 100 under it; 0 draws none
}

// Span is where an interval lies on a scale of 0 to 100.
type Span struct{ Low, Mid, High float64 }

// Width of the interval on that scale.
func (s Span) Width() float64 { return s.High - s.Low }

// ReportsPage is admin/reports: what there is to ask.
type ReportsPage struct {
	AdminPage
	Reports []ReportLine
}

// ReportLine is one report with the question that it answers.
type ReportLine struct {
	Title    string
	Question string
	URL      string
}
