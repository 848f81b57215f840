package templates

import "time"

// LeadScoreView is the score and its ledger, on the lead page and where rules are tried. Points are written out.
type LeadScoreView struct {
	Unscored  string // why there is none; all else is empty then
	Grade     string
	Total     string
	Threshold string
	Sentence  string
	Rules     string // "version 3"
	RulesURL  string
	Sides     []ScoreSide
}

// ScoreSide is fit or engagement: its lines add up to its sum.
type ScoreSide struct {
	Title string
	Sum   string
	Grade string
	Empty string
	Melts bool // its points melt, so that what a line was worth at first is shown beside
	Lines []ScoreLineView
}

// ScoreLineView is one reason for points.
type ScoreLineView struct {
	Title  string
	Group  string
	Points string // now
	Then   string // when it was given
	At     time.Time
	Since  bool   // it has counted since At; false where it is only tried
	Event  string // what it was given for, of engagement
	Note   string // what it was cut to, and what melts when
}
