package templates

import (
	"slices"
	"strings"
)

// navEntry is one line of the rail and who sees it.
type navEntry struct {
	key, label, url, icon, group string
	roles                        string // space separated
}

// The rail, in order. A page for staff is one more line here.
var navEntries = []navEntry{
	{"home", "Home", "/admin", "home", "", "admin marketing sales"},
	{"leads", "Leads", "/admin/leads", "person", "", "admin marketing sales"},
	{"pipeline", "Pipeline", "/admin/pipeline", "board", "", "admin marketing sales"},
	{"quarantine", "Quarantine", "/admin/quarantine", "shield", "", "admin marketing"},
	{"reports", "Reports", "/admin/reports", "chart", "", "admin marketing sales"},
	{"gates", "Landing pages", "/admin/gates", "gate", "Content", "admin marketing"},
	{"documents", "Documents", "/admin/documents", "document", "Content", "admin marketing"},
	{"messages", "Messages", "/admin/messages", "mail", "Content", "admin marketing sales"},
	{"rules", "Rules", "/admin/rules", "rules", "Sales", "admin marketing sales"},
	{"teams", "Teams", "/admin/teams", "team", "Sales", "admin"},
	{"connectors", "Connectors", "/admin/connectors", "plug", "Sales", "admin marketing"},
	{"verify", "Verify", "/admin/verify", "check", "House", "admin marketing"},
	{"users", "Users", "/admin/users", "people", "House", "admin"},
	{"keys", "API keys", "/admin/keys", "key", "House", "admin"},
	{"settings", "Settings", "/admin/settings", "settings", "House", "admin"},
	{"audit", "Audit log", "/admin/audit", "list", "House", "admin"},
}

// Navigation is the rail as the role sees it. current is the key of the page: home, leads, quarantine, gates,
// documents, messages, verify, users, keys, settings, audit.
func Navigation(role, current string, counts Counts) []NavItem {
	items := make([]NavItem, 0, len(navEntries))
	group := ""
	for _, e := range navEntries {
		if !slices.Contains(strings.Fields(e.roles), role) {
			continue
		}
		item := NavItem{Key: e.key, Label: e.label, URL: e.url, Icon: e.icon, Current: e.key == current}
		if e.group != group {
			item.Group, group = e.group, e.group
		}
		switch e.key {
		case "home":
			item.Count = counts.Alarms
		case "quarantine":
			item.Count = counts.Quarantine
		case "messages":
			item.Count = counts.Messages
		}
		items = append(items, item)
	}
	return items
}
