package crash

import (
	"strings"

	"github.com/gatehouse/gatehouse/internal/testkit/crmtest"
	"github.com/gatehouse/gatehouse/internal/testkit/proc"
)

// found sets the house up through its pages: accounts, working hours, teams, rules, the clock, other systems.
func (h *house) found(p *proc.Process) {
	h.t.Helper()
	link := firstAdmin.FindStringSubmatch(p.Log())
	if link == nil {
		h.t.Fatalf("no setup link:\n%s", p.Log())
	}
	h.ada = newDesk(h.t, "http://"+h.front.Addr(), "Ada", "ada@gatehouse.example")
	h.ada.fill(link[1], link[1], "name", "Ada", "email", h.ada.email, "password", staffPassword)
	h.ada.id = h.idOf("Ada")
	h.greta, h.brian, h.cleo, h.dora = h.joins("Greta"), h.joins("Brian"), h.joins("Cleo"), h.joins("Dora")
	h.greta.fill("/admin/account/profile", "/profile", "time_zone", "Europe/Berlin", "holiday_region", "de-be")
	for _, d := range []*desk{h.brian, h.cleo, h.dora} {
		d.fill("/admin/account/profile", "/profile", "holiday_region", "gb")
	}
	dach := h.ada.fill("/admin/teams/new", "/admin/teams", "name", "DACH", "manager", h.ada.id)
	dach.send("/members", "user", h.greta.id)
	britain := h.ada.open(h.ada.open("/admin/teams").link("Sales"))
	for _, d := range []*desk{h.brian, h.cleo, h.dora} {
		britain = britain.send("/members", "user", d.id)
	}
	h.ada.fill("/admin/rules/routing", "/draft").send("/routing", "do", "add").send("/routing", "do", "publish",
		"rules.0.title", "German-speaking", "rules.0.when", `region == "dach"`, "rules.0.to", "team:"+last(dach.path),
		"rules.1.title", "Everybody else", "rules.1.to", "team:"+last(britain.path)).says("Published.")
	h.ada.fill("/admin/teams/settings", "/settings", "warn_minutes", "60", "escalate_minutes", "120", "reassign_minutes", "0", "manager", h.ada.id, "digest_over", "50").says("Saved.")
	h.connect()
}

func last(path string) string { return path[strings.LastIndexByte(path, '/')+1:] }

func (h *house) idOf(name string) string {
	h.t.Helper()
	return last(h.ada.open("/admin/users").link(name))
}

// joins invites somebody who sells, who sets a password with the link.
func (h *house) joins(name string) *desk {
	h.t.Helper()
	d := newDesk(h.t, h.ada.base, name, strings.ToLower(name)+"@gatehouse.example")
	link := h.ada.fill("/admin/users/new", "/admin/users", "name", name, "email", d.email, "role", "sales").value("one-time")
	_, path, ok := strings.Cut(link, h.ada.base)
	if !ok {
		h.t.Fatalf("the link for %s is %q", name, link)
	}
	d.fill(path, path, "password", staffPassword)
	d.id = h.idOf(name)
	return d
}

// connect sets up the CRM, whose job titles are nobody else's business, and a receiver of events.
func (h *house) connect() {
	h.t.Helper()
	s := h.ada.fill("/admin/connectors/new?kind=hubspot", "/admin/connectors", "name", "HubSpot", "alert_user", h.ada.id, "base", h.hubspot.URL, "token", crmtest.HubSpotToken)
	h.crm = s.path
	mapping := h.ada.open(h.crm + "/mapping")
	policy := ""
	for n := range mapping.nodes("input") {
		if attr(n, "value") == "jobtitle" {
			policy = "policy" + strings.TrimPrefix(attr(n, "name"), "property")
		}
	}
	mapping.send("/mapping", policy, "never", "do", "save")
	h.ada.fill(h.crm, "/test").says("It works")
	h.ada.fill(h.crm, "/state", "state", "on").says("It is on.")
	s = h.ada.fill("/admin/connectors/new?kind=webhook", "/admin/connectors", "name", "The newsroom", "url", h.events.URL+"/in", "secret", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	h.hook = s.path
	s.send("/state", "state", "on").says("It is on.")
}
