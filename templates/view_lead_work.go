package templates

// LeadWorkView is plan and activities, side by side, on the lead page.
type LeadWorkView struct{}
