package templates

import "time"

// TeamsPage is admin/teams: teams with their members, and who is in none.
type TeamsPage struct {
	AdminPage
	Teams  []TeamBlock
	Others []PersonRow // who sells and is in no team
	New    *Sheet
	Empty  Empty
}

// TeamBlock is one team with where its rotation stands.
type TeamBlock struct {
	Title   string
	URL     string
	Note    string // "led by Olive; turns since 1 March"
	Members []MemberRow
}

// MemberRow is one place in a team.
type MemberRow struct {
	Name     string
	URL      string
	State    Tag
	Note     string
	Weight   int
	Capacity string // "4 a day", "no limit"
	Turns    int
	Load     string // turns with the credit, for each weight
	Credit   string
	Open     int
	Share    float64 // of the largest load, for the bar
	Edit     *Sheet
	Remove   *PageAction
}

// PersonRow is somebody with a page.
type PersonRow struct {
	Name string
	URL  string
	Note string
}

// TeamPage is admin/team: one team.
type TeamPage struct {
	AdminPage
	Team    TeamBlock
	Add     *Sheet // nil: everybody who sells is a member
	Edit    Sheet
	Archive PageAction
}

// PersonPage is admin/person: who somebody is to prospects, when they work, when they are away.
type PersonPage struct {
	AdminPage
	Own      bool
	Notice   *Notice
	PhotoURL string
	Facts    Ledger
	Profile  Sheet
	Photo    Sheet
	NoPhoto  *PageAction
	Absences []AbsenceRow
	Absence  Sheet
	Leaving  *Sheet // nil: the reader may not say
}

// AbsenceRow is one absence.
type AbsenceRow struct {
	From, Until time.Time // days, both included
	Deputy      string
	Note        string
	State       Tag
	Remove      PageAction
}

// SalesSettingsPage is admin/sales_settings.
type SalesSettingsPage struct {
	AdminPage
	Form     Sheet
	Holidays []HolidayRow
	Holiday  Sheet
}

// HolidayRow is a holiday that staff added or took away.
type HolidayRow struct {
	Day    time.Time
	Name   string
	Region string
	State  Tag
	Remove PageAction
}
