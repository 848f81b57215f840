package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/gatehouse/gatehouse/internal/auth"
	"github.com/gatehouse/gatehouse/internal/store"
	"github.com/gatehouse/gatehouse/internal/web"
)

// staffRoutes are the lines of the table that need a login.
func staffRoutes(s *site) (out []web.RouteLine) {
	for _, r := range s.RouteTable() {
		if r.Kind == "staff" {
			out = append(out, r)
		}
	}
	return out
}

// unknown fills the parameters of a path with ids of nothing.
func unknown(path string) string {
	for _, p := range []string{":id", ":version", ":name", ":kind"} {
		path = strings.ReplaceAll(path, p, store.NewID().String())
	}
	return path
}

func TestEachAdminPathIsForStaffOrAtTheDoor(t *testing.T) {
	s := newSite(t)
	for _, r := range s.RouteTable() {
		if strings.HasPrefix(r.Path, "/admin") && r.Kind != "staff" && r.Kind != "door" {
			t.Errorf("%s %s is open to %q", r.Method, r.Path, r.Kind)
		}
		if r.Kind == "staff" && r.Permission == "" && r.Path != "/admin/logout" && !strings.HasPrefix(r.Path, "/admin/account") {
			t.Errorf("%s %s names no permission", r.Method, r.Path)
		}
	}
}

// TestRouteRoleMatrix asks every route as every role. What the role may not do is 403 and nothing else is; the handler
// itself answers about an id of nothing or an empty form.
func TestRouteRoleMatrix(t *testing.T) {
	s := newSite(t)
	for _, role := range auth.Roles() {
		b := s.login(role)
		for _, r := range staffRoutes(s) {
			if strings.HasSuffix(r.Path, "/logout") {
				continue // it would end the session that asks
			}
			var code int
			if r.Method == http.MethodGet {
				code = b.get(unknown(r.Path)).Code
			} else {
				code = b.post(unknown(r.Path), url.Values{"version": {"1"}}).Code
			}
			allowed := r.Permission == "" || auth.Allows(role, r.Permission)
			switch {
			case allowed && (code == http.StatusForbidden || code == http.StatusUnauthorized || code >= 500):
				t.Errorf("%s may %s %s, got %d", role, r.Method, r.Path, code)
			case !allowed && code != http.StatusForbidden:
				t.Errorf("%s may not %s %s, got %d", role, r.Method, r.Path, code)
			}
		}
	}
}

func TestNobodyGetsToTheLogin(t *testing.T) {
	s := newSite(t)
	for _, r := range staffRoutes(s) {
		path := unknown(r.Path)
		if r.Method == http.MethodGet {
			res := s.visitor().get(path)
			if to := res.Header().Get("Location"); res.Code != http.StatusSeeOther || !strings.HasPrefix(to, "/admin/login?next=") {
				t.Errorf("GET %s: %d to %q", r.Path, res.Code, to)
			}
			continue
		}
		if code := s.visitor().post(path, url.Values{}).Code; code != http.StatusUnauthorized {
			t.Errorf("POST %s: %d", r.Path, code)
		}
	}
}

// TestOtherSitesCannotPost sends each post with a real session, as a page of another site would make the browser do.
func TestOtherSitesCannotPost(t *testing.T) {
	s := newSite(t)
	b := s.login(auth.Admin)
	before := s.Count("select count(*) from audit_log")
	for _, r := range s.RouteTable() {
		if r.Method != http.MethodPost || !strings.HasPrefix(r.Path, "/admin") {
			continue
		}
		path := strings.ReplaceAll(unknown(r.Path), ":token", "x")
		for name, headers := range map[string][]string{"origin": {"Origin", "https://evil.example", "Sec-Fetch-Site", ""}, "fetch": {"Sec-Fetch-Site", "cross-site"},
			"null": {"Origin", "null", "Sec-Fetch-Site", ""}} {
			if code := b.post(path, url.Values{"version": {"1"}}, headers...).Code; code != http.StatusForbidden {
				t.Errorf("%s POST %s: %d", name, r.Path, code)
			}
		}
	}
	if n := s.Count("select count(*) from audit_log"); n != before {
		t.Errorf("%d lines of audit came of it", n-before)
	}
	if b.get("/admin/account").Code != http.StatusOK {
		t.Error("another site has logged somebody out")
	}
}
