package templates

// LeadPushesView is what other systems were told, and hold, on the lead page.
type LeadPushesView struct {
	Summary string // "2 systems know this person"
	Holds   []Fact // their objects
	Rows    []PushRow
	AllURL  string
}
