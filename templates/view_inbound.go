package templates

import "time"

// InboundPage is admin/inbound: mail that came in on the leads' own addresses.
type InboundPage struct {
	AdminPage
	Filters    Filters
	Tools      TableTools
	Columns    []Column
	Rows       []InboundRow
	Pagination Pagination
	Empty      Empty
}

// InboundRow is one mail. From is empty once the person was erased.
type InboundRow struct {
	From, Person, LeadURL, Size string
	State                       Tag
	At                          time.Time
}
