package templates

// LeadScoreView is the score and its ledger, on the lead page.
type LeadScoreView struct{}
