package templates

import (
	"slices"
	"strings"
)

// page names one page, "public/gate", whose own file is public/gate.html, and the frame it stands in.
type page struct{ name, frame string }

// pages is the whole list. A new page is one file and one line.
var pages = []page{
	{"public/library", "layout/public.html"},
	{"public/gate", "layout/public.html"},
	{"public/thanks", "layout/public.html"},
	{"public/document", "layout/public.html"},
	{"public/expired", "layout/public.html"},
	{"public/preferences", "layout/public.html"},
	{"public/message", "layout/public.html"},
	{"public/inbox", "layout/public.html"},
	{"public/inbox_message", "layout/public.html"},
	{"public/api_docs", "layout/public.html"},

	{"admin/login", "layout/door.html"},
	{"admin/setup", "layout/door.html"},
	{"admin/reset", "layout/door.html"},

	{"admin/home", "admin/layout.html"},
	{"admin/home_sales", "admin/layout.html"},
	{"admin/board", "admin/layout.html"},
	{"admin/deals", "admin/layout.html"},
	{"admin/deal", "admin/layout.html"},
	{"admin/deal_bulk", "admin/layout.html"},
	{"admin/plans", "admin/layout.html"},
	{"admin/merge", "admin/layout.html"},
	{"admin/form", "admin/layout.html"},
	{"admin/leads", "admin/layout.html"},
	{"admin/lead", "admin/layout.html"},
	{"admin/claim", "admin/layout.html"},
	{"admin/rules_routing", "admin/layout.html"},
	{"admin/teams", "admin/layout.html"},
	{"admin/team", "admin/layout.html"},
	{"admin/person", "admin/layout.html"},
	{"admin/sales_settings", "admin/layout.html"},
	{"admin/submissions", "admin/layout.html"},
	{"admin/quarantine", "admin/layout.html"},
	{"admin/messages", "admin/layout.html"},
	{"admin/message", "admin/layout.html"},
	{"admin/inbound", "admin/layout.html"},
	{"admin/gates", "admin/layout.html"},
	{"admin/gate_edit", "admin/layout.html"},
	{"admin/documents", "admin/layout.html"},
	{"admin/document", "admin/layout.html"},
	{"admin/connectors", "admin/layout.html"},
	{"admin/connector", "admin/layout.html"},
	{"admin/connector_mapping", "admin/layout.html"},
	{"admin/pushes", "admin/layout.html"},
	{"admin/push", "admin/layout.html"},
	{"admin/verify", "admin/layout.html"},
	{"admin/users", "admin/layout.html"},
	{"admin/user", "admin/layout.html"},
	{"admin/keys", "admin/layout.html"},
	{"admin/settings", "admin/layout.html"},
	{"admin/audit", "admin/layout.html"},
	{"admin/reports", "admin/layout.html"},
	{"admin/report", "admin/layout.html"},
	{"admin/account", "admin/layout.html"},
	{"admin/rules", "admin/layout.html"},
	{"admin/rules_scoring", "admin/layout.html"},
	{"admin/rehearsal", "admin/layout.html"},
}

// files lists what a page is made of: frame, shared partials (a leading underscore), field partials, the page.
func (p page) files(all map[string]string) []string {
	names := []string{p.frame}
	for name := range all {
		dir, base, _ := strings.Cut(name, "/")
		shared := strings.HasPrefix(base, "_") && (dir == "layout" || dir == "admin" && strings.HasPrefix(p.frame, "admin/"))
		if shared {
			names = append(names, name)
		}
	}
	slices.Sort(names[1:])
	var fields []string
	for name := range all {
		if strings.HasPrefix(name, "fields/") {
			fields = append(fields, name)
		}
	}
	slices.Sort(fields)
	return append(append(names, fields...), p.name+".html")
}
