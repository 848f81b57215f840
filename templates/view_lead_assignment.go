package templates

// LeadAssignmentView is in whose hands a lead is, on the lead page.
type LeadAssignmentView struct{}
