package templates

// LeadSaidView is what the reader said, on the lead page.
type LeadSaidView struct{}
