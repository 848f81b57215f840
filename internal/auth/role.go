// Package auth says who of the staff may do what, and keeps passwords, API keys, one-time links and the slowing of
// guessed logins. Pure rules: accounts and sessions are kept by store, cookies by web.
package auth

import "slices"

// Role is what a staff account may be. Each account has exactly one.
type Role string

// The roles.
const (
	Admin     Role = "admin"     // runs the installation
	Marketing Role = "marketing" // documents, gates, leads, what the budget brought in
	Sales     Role = "sales"     // works the leads
)

// Roles lists every role, the mightiest first.
func Roles() []Role { return []Role{Admin, Marketing, Sales} }

// ParseRole takes the exact spelling only.
func ParseRole(text string) (Role, bool) {
	r := Role(text)
	return r, slices.Contains(Roles(), r)
}

// Permission is one thing that a staff member may do; the route table names one in every line under /admin.
type Permission string

// The permissions.
const (
	LeadsRead        Permission = "leads:read"
	LeadsWrite       Permission = "leads:write" // correct, note, merge
	LeadsExport      Permission = "leads:export"
	LeadsErase       Permission = "leads:erase"
	MessagesRead     Permission = "messages:read"
	MessagesSend     Permission = "messages:send" // send again, release what is held
	QuarantineDecide Permission = "quarantine:decide"
	DocumentsRead    Permission = "documents:read"
	DocumentsWrite   Permission = "documents:write"
	GatesRead        Permission = "gates:read"
	GatesWrite       Permission = "gates:write"
	ReportsRead      Permission = "reports:read"
	SettingsWrite    Permission = "settings:write"
	UsersWrite       Permission = "users:write"
	KeysWrite        Permission = "keys:write"
	AuditRead        Permission = "audit:read"
	VerifyRead       Permission = "verify:read" // the reconciliation page
	PipelineRead     Permission = "pipeline:read"
	PipelineWrite    Permission = "pipeline:write" // accept, move, plan, note; whose leads is a policy of the installation
	LeadsAssign      Permission = "leads:assign"   // give somebody else's lead to another
	RulesRead        Permission = "rules:read"
	RulesWrite       Permission = "rules:write"
	TeamsWrite       Permission = "teams:write" // teams, working hours, absences, sales settings
	ConnectorsRead   Permission = "connectors:read"
	ConnectorsWrite  Permission = "connectors:write"
	QueueWrite       Permission = "queue:write" // the queue's own page: it can cancel and retry jobs
	DevMailRead      Permission = "dev-mail:read"
)

// table is the whole policy. What leaves the house in bulk or cannot be undone stays with few.
var table = []struct {
	permission Permission
	roles      []Role
}{
	{LeadsRead, []Role{Admin, Marketing, Sales}},
	{LeadsWrite, []Role{Admin, Marketing, Sales}},
	{LeadsExport, []Role{Admin, Marketing}},
	{LeadsErase, []Role{Admin}},
	{MessagesRead, []Role{Admin, Marketing, Sales}},
	{MessagesSend, []Role{Admin, Marketing}},
	{QuarantineDecide, []Role{Admin, Marketing}},
	{DocumentsRead, []Role{Admin, Marketing, Sales}},
	{DocumentsWrite, []Role{Admin, Marketing}},
	{GatesRead, []Role{Admin, Marketing, Sales}},
	{GatesWrite, []Role{Admin, Marketing}},
	{ReportsRead, []Role{Admin, Marketing, Sales}},
	{SettingsWrite, []Role{Admin}},
	{UsersWrite, []Role{Admin}},
	{KeysWrite, []Role{Admin}},
	{AuditRead, []Role{Admin}},
	{VerifyRead, []Role{Admin, Marketing}},
	{PipelineRead, []Role{Admin, Marketing, Sales}},
	{PipelineWrite, []Role{Admin, Sales}},
	{LeadsAssign, []Role{Admin}},
	{RulesRead, []Role{Admin, Marketing, Sales}},
	{RulesWrite, []Role{Admin, Marketing}},
	{TeamsWrite, []Role{Admin}},
	{ConnectorsRead, []Role{Admin, Marketing}},
	{ConnectorsWrite, []Role{Admin}},
	{QueueWrite, []Role{Admin}},
	{DevMailRead, []Role{Admin}},
}

// Permissions lists every permission, in the order of the table.
func Permissions() []Permission {
	out := make([]Permission, 0, len(table))
	for _, line := range table {
		out = append(out, line.permission)
	}
	return out
}

// Allows reports whether the role has the permission. An unknown role or permission is always a no.
func Allows(r Role, p Permission) bool {
	for _, line := range table {
		if line.permission == p {
			return slices.Contains(line.roles, r)
		}
	}
	return false
}
