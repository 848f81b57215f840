package auth

import (
	"slices"
	"testing"
)

func TestAllows(t *testing.T) {
	all := Permissions()
	marketing := []Permission{LeadsRead, LeadsWrite, LeadsExport, MessagesRead, MessagesSend, QuarantineDecide, DocumentsRead,
		DocumentsWrite, GatesRead, GatesWrite, ReportsRead, VerifyRead, PipelineRead, RulesRead, RulesWrite, ConnectorsRead}
	sales := []Permission{LeadsRead, LeadsWrite, MessagesRead, DocumentsRead, GatesRead, ReportsRead, PipelineRead, PipelineWrite, RulesRead}
	for _, c := range []struct {
		role Role
		may  []Permission
	}{{Admin, all}, {Marketing, marketing}, {Sales, sales}, {"", nil}, {"Admin", nil}, {"owner", nil}} {
		for _, p := range all {
			if got, want := Allows(c.role, p), slices.Contains(c.may, p); got != want {
				t.Errorf("Allows(%q, %s) = %t, want %t", c.role, p, got, want)
			}
		}
		for _, p := range []Permission{"", "leads", "leads:*", "*", "LEADS:READ", "leads:read "} {
			if Allows(c.role, p) {
				t.Errorf("%q is allowed %q, which is no permission", c.role, p)
			}
		}
	}
}

// What must not happen whatever the table becomes.
func TestTableKeepsItsPromises(t *testing.T) {
	for _, p := range []Permission{LeadsErase, SettingsWrite, UsersWrite, KeysWrite, AuditRead, DevMailRead, QueueWrite, TeamsWrite, LeadsAssign, ConnectorsWrite} {
		for _, r := range []Role{Marketing, Sales} {
			if Allows(r, p) {
				t.Errorf("%s has %s", r, p)
			}
		}
	}
	seen := map[Permission]bool{}
	for _, line := range table {
		if seen[line.permission] {
			t.Errorf("%s stands twice: the second line would be dead", line.permission)
		}
		seen[line.permission] = true
		if !slices.Contains(line.roles, Admin) {
			t.Errorf("the admin lacks %s", line.permission)
		}
		for _, r := range line.roles {
			if _, ok := ParseRole(string(r)); !ok {
				t.Errorf("%s names the unknown role %q", line.permission, r)
			}
		}
	}
}

func TestParseRole(t *testing.T) {
	for _, r := range Roles() {
		if got, ok := ParseRole(string(r)); !ok || got != r {
			t.Errorf("ParseRole(%q) = %q, %t", r, got, ok)
		}
	}
	for _, text := range []string{"", "ADMIN", " admin", "admin\n", "root"} {
		if _, ok := ParseRole(text); ok {
			t.Errorf("%q is taken for a role", text)
		}
	}
}
