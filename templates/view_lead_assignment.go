package templates

import "time"

// LeadAssignmentView is in whose hands a lead is, on the lead page.
type LeadAssignmentView struct {
	Owner   string // "" for nobody
	State   Tag
	Team    string
	Since   time.Time
	Reason  string
	Clock   string
	Tone    string    // of the clock: "", "good", "wait", "bad"
	Due     time.Time // until when a first answer is expected; zero: answered, or no clock
	Rule    string    // what stops the clock, in words
	Accept  *PageAction
	Forms   []HandForm
	History []HandRow
}

// HandForm is one way to give a lead away: a button that opens a form.
type HandForm struct {
	Label string
	Icon  string
	Open  bool // what was typed had a fault
	Sheet Sheet
}

// HandRow is one pair of hands of before.
type HandRow struct {
	Owner  string
	At     time.Time
	Until  time.Time
	Ended  string
	Note   string
	Reason string
}

// ClaimPage is admin/claim: what an alert leads to, with one button.
type ClaimPage struct {
	AdminPage
	Who       string
	About     string
	Said      []string
	Facts     Ledger
	Score     string
	Lines     []string
	Claim     *PageAction
	Notice    *Notice
	LeadURL   string
	LeadLabel string
}
