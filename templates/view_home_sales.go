package templates

import "time"

// SalesHomePage is admin/home_sales: whom to accept, what is due, where the own deals stand, the own numbers.
type SalesHomePage struct {
	AdminPage
	Sentence []Piece
	Waiting  []BoardCard
	WaitMore int
	WaitURL  string // where they are shown too
	DueURL   string
	Due      []DueRow
	DueMore  int
	Reasons  []OpenReasonRow
	Columns  []BoardColumnView
	Stats    []Stat
	Empty    *Empty
}

// DueRow is a step that is due.
type DueRow struct {
	StepView
	LeadURL string
	Lead    string
	Company string
	Tel     string
	Owner   string // of somebody for whom one stands in; empty: one's own
}

// OpenReasonRow is something that went beyond the contact policy, and that still wants its reason.
type OpenReasonRow struct {
	URL     string
	What    string // "Say why the mail had to be"
	Rule    string
	At      time.Time
	LeadURL string
	Lead    string
	Company string
}
