package web_test

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/auth"
	"github.com/gatehouse/gatehouse/internal/store"
	"github.com/gatehouse/gatehouse/internal/web"
)

var (
	aForm    = regexp.MustCompile(`(?s)<form[^>]*>.*?</form>`)
	anAction = regexp.MustCompile(`\b(?:form)?action="([^"]+)"`)
	aHidden  = regexp.MustCompile(`<input type="hidden" name="([^"]+)" value="([^"]*)"`)
	aLink    = regexp.MustCompile(`\b(?:href|data-changes)="(/[^"#]*)`)
	someID   = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f-]{27}|/(?:[a-z0-9-]+\.)?[0-9]+\b`)
)

// waitingLead is somebody whom staff met, in the own hands and not accepted yet.
func (b *browser) waitingLead(email, company string) (store.Lead, store.Assignment) {
	b.s.T.Helper()
	res := b.post("/admin/leads/new", url.Values{"email": {email}, "given_name": {"Ann"}, "family_name": {"Archer"}, "company": {company}, "tel": {"+44 20 7946 0018"},
		"kind": {"fair"}, "basis": {"consent"}, "covers-call": {"yes"}, "covers-mail": {"yes"}, "covers-meeting": {"yes"}, "covers-letter": {"yes"}, "note": {"The fair in Leeds"}, "to": {"me"}})
	if res.Code != http.StatusSeeOther {
		b.s.T.Fatalf("add %s: %d\n%s", email, res.Code, res.Body)
	}
	l := b.s.leadOf(email)
	var as store.Assignment
	if err := b.s.Store.DB(b.s.T.Context()).Where("lead_id = ?", l.ID).Take(&as).Error; err != nil {
		b.s.T.Fatal(err)
	}
	return l, as
}

// pressed posts the first form of a page whose action ends so, as a browser does; false where there is none.
func (b *browser) pressed(page, actionEnds string) (code int, to string, found bool) {
	b.s.T.Helper()
	for _, f := range aForm.FindAllString(page, -1) {
		m := anAction.FindStringSubmatch(f)
		if m == nil || !strings.HasSuffix(m[1], actionEnds) {
			continue
		}
		fields := url.Values{}
		for _, m := range aHidden.FindAllStringSubmatch(f, -1) {
			fields.Add(m[1], html.UnescapeString(m[2]))
		}
		res := b.post(html.UnescapeString(m[1]), fields)
		return res.Code, res.Header().Get("Location"), true
	}
	return 0, "", false
}

// Accepting works with the button as it is drawn, on the board and on the page of the day, also for a deputy; whoever
// could not press it does not see it.
func TestAcceptAsDrawn(t *testing.T) {
	s := newSite(t)
	ana, ben, boss := s.login(auth.Sales), s.login(auth.Sales), s.login(auth.Admin)
	for n, path := range []string{"/admin", "/admin/pipeline", "/admin/pipeline?owner=me&q=waits"} {
		_, as := ana.waitingLead("wil"+string(rune('a'+n))+"@waits.example", "Waits Ltd")
		for _, other := range []*browser{ben, boss} {
			if _, _, found := other.pressed(other.page(path), "/accept"); found {
				t.Errorf("%s: somebody else may press it", path)
			}
		}
		code, to, found := ana.pressed(ana.page(path), "/accept")
		if !found || code != http.StatusSeeOther || to != path || s.Count("select count(*) from assignments where id = ? and state = 'accepted'", as.ID) != 1 {
			t.Errorf("%s: found %v, %d to %q", path, found, code, to)
		}
	}
	_, as := ana.waitingLead("wil@away.example", "Away Ltd")
	err := s.Store.DB(t.Context()).Exec("insert into absences (id, user_id, deputy_id, starts_at, ends_at, note, created_at) values (?, ?, ?, ?, ?, '', ?)",
		store.NewID(), ana.user.ID, ben.user.ID, s.Clock.Now().AddDate(0, 0, -1), s.Clock.Now().AddDate(0, 0, 5), s.Clock.Now()).Error
	if err != nil {
		t.Fatal(err)
	}
	if code, to, found := ben.pressed(ben.page("/admin/pipeline"), "/accept"); !found || code != http.StatusSeeOther ||
		s.Count("select count(*) from assignments where lead_id = ? and owner_id = ? and state = 'accepted'", as.LeadID, ben.user.ID) != 1 {
		t.Errorf("a deputy: found %v, %d to %q", found, code, to)
	}
}

// pattern turns a path of the route table into what its addresses look like.
func pattern(path string) *regexp.Regexp {
	parts := strings.Split(path, "/")
	for i, p := range parts {
		switch {
		case strings.HasPrefix(p, ":"):
			parts[i] = `[^/]+`
		case p == "*":
			parts[i] = `.*`
		default:
			parts[i] = regexp.QuoteMeta(p)
		}
	}
	return regexp.MustCompile("^" + strings.Join(parts, "/") + "$")
}

// Every form and every link of every page that staff come to leads to a route that there is; one page of each kind is
// opened, and none that a link leads to answers that nothing is there.
func TestEveryFormAndLinkLeadsSomewhere(t *testing.T) {
	s := newSite(t)
	if _, err := s.App.Seed(t.Context(), app.SeedOptions{Leads: 60, Days: 30, Force: true}); err != nil {
		t.Fatal(err)
	}
	type road struct {
		method string
		like   *regexp.Regexp
		line   web.RouteLine
	}
	var roads []road
	for _, r := range s.RouteTable() {
		roads = append(roads, road{r.Method, pattern(r.Path), r})
	}
	there := func(method, path string) (found bool) {
		for _, r := range roads {
			if r.method == method && r.like.MatchString(path) {
				return true
			}
		}
		return strings.HasPrefix(path, "/static/") || strings.HasPrefix(path, "/assets/")
	}
	for _, role := range auth.Roles() {
		b := s.login(role)
		if auth.Allows(role, auth.PipelineWrite) {
			b.waitingLead(string(role)+"@waits.example", "Waits Ltd")
			b.byHand(string(role)+"@archer.example", "Archer")
		}
		seen, forms := map[string]bool{}, map[string]bool{}
		for queue := []string{"/admin", "/admin/pipeline"}; len(queue) > 0; queue = queue[1:] {
			u, err := url.Parse(queue[0])
			if err != nil {
				t.Errorf("%s: %v", queue[0], err)
				continue
			}
			kind := someID.ReplaceAllString(u.Path, "/:id") + " " + u.Query().Get("view")
			if seen[kind] || !strings.HasPrefix(u.Path, "/admin") {
				continue
			}
			seen[kind] = true
			res := b.get(queue[0])
			if res.Code != http.StatusOK && res.Code != http.StatusSeeOther {
				t.Errorf("%s: a link leads to %s: %d", role, queue[0], res.Code)
			}
			if !strings.HasPrefix(res.Header().Get("Content-Type"), "text/html") {
				continue
			}
			body := res.Body.String()
			for _, f := range aForm.FindAllString(body, -1) {
				method := http.MethodGet
				if strings.Contains(f, `method="post"`) {
					method = http.MethodPost
				}
				for _, m := range anAction.FindAllStringSubmatch(f, -1) {
					to, err := url.Parse(html.UnescapeString(m[1]))
					if err != nil {
						t.Errorf("%s: %s: %v", role, m[1], err)
						continue
					}
					action := to.Path
					forms[method+" "+someID.ReplaceAllString(action, "/:id")] = true
					if !there(method, action) {
						t.Errorf("%s: a form on %s goes to %s %s, where nothing is", role, queue[0], method, action)
					}
				}
			}
			for _, m := range aLink.FindAllStringSubmatch(body, -1) {
				link := html.UnescapeString(m[1])
				path, _, _ := strings.Cut(link, "?")
				if !there(http.MethodGet, path) {
					t.Errorf("%s: a link on %s goes to %s, where nothing is", role, queue[0], link)
					continue
				}
				if !strings.HasSuffix(path, "/changes") { // what a script asks, with a time
					queue = append(queue, link)
				}
			}
		}
		t.Logf("%s: %d kinds of pages, %d kinds of forms", role, len(seen), len(forms))
		if len(seen) < 8 {
			t.Errorf("%s saw %d kinds of pages only", role, len(seen))
		}
	}
}
