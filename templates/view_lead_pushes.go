package templates

// LeadPushesView is what other systems were told, on the lead page.
type LeadPushesView struct{}
