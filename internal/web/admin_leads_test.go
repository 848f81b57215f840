package web_test

import (
	"encoding/csv"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/auth"
	"github.com/gatehouse/gatehouse/internal/store"
	"github.com/gatehouse/gatehouse/internal/testkit"
)

func (s *site) leadOf(address string) store.Lead {
	s.T.Helper()
	l, _, err := s.Store.LeadByAddress(s.T.Context(), address)
	if err != nil {
		s.T.Fatal(err)
	}
	return l
}

// Who may open what: 200 and 303 do, 403 does not; an anonymous visitor is always sent to the login.
func TestStaffPagesByRole(t *testing.T) {
	s := newSite(t)
	s.Take(submitOf("ann@example.com"))
	s.Deliver()
	l := s.leadOf("ann@example.com")
	var m store.Message
	if err := s.Store.DB(t.Context()).Where("lead_id = ?", l.ID).Take(&m).Error; err != nil {
		t.Fatal(err)
	}
	here, mail := "/admin/leads/"+l.ID.String(), "/admin/messages/"+m.ID.String()
	nobody := "/admin/quarantine/" + store.NewID().String()
	cases := []struct {
		method, path                     string
		admin, marketing, sales, visitor int
	}{
		{"GET", "/admin", 200, 200, 200, 303}, {"GET", "/admin/leads", 200, 200, 200, 303}, {"GET", here, 200, 200, 200, 303},
		{"GET", "/admin/leads.csv", 200, 200, 403, 303}, {"GET", "/admin/messages", 200, 200, 200, 303}, {"GET", mail, 200, 200, 200, 303},
		{"GET", "/admin/submissions", 200, 200, 200, 303}, {"GET", "/admin/quarantine", 200, 200, 403, 303},
		{"GET", "/admin/leads/none", 404, 404, 404, 303}, {"GET", "/admin/leads/" + strings.ToUpper(l.ID.String()), 404, 404, 404, 303},
		{"GET", "/admin/leads/" + store.NewID().String(), 404, 404, 404, 303}, {"GET", "/admin/messages/" + store.NewID().String(), 404, 404, 404, 303},
		{"POST", here + "/send-again", 400, 400, 403, 401}, {"POST", mail + "/send-again", 303, 303, 403, 401}, {"POST", here + "/erase", 303, 403, 403, 401},
		{"POST", nobody + "/release", 404, 404, 403, 401}, {"POST", nobody + "/discard", 404, 404, 403, 401}, {"POST", nobody + "/undo", 303, 303, 403, 401},
		{"POST", "/admin/alarms/" + store.NewID().String() + "/done", 303, 303, 403, 401},
	}
	people := []*browser{s.login(auth.Admin), s.login(auth.Marketing), s.login(auth.Sales), s.visitor()}
	for _, c := range cases {
		for i, want := range []int{c.admin, c.marketing, c.sales, c.visitor} {
			b := people[i]
			res := b.get(c.path)
			if c.method == "POST" {
				res = b.post(c.path, nil)
			}
			if res.Code != want {
				t.Errorf("%s %s as %q: %d, want %d", c.method, c.path, b.user.Role, res.Code, want)
			}
			if i == 3 && c.method == "GET" && !strings.HasPrefix(res.Header().Get("Location"), "/admin/login?next=") {
				t.Errorf("%s: an anonymous visitor is sent to %q", c.path, res.Header().Get("Location"))
			}
			if res.Header().Get("Cache-Control") == "" || res.Code == 200 && !strings.Contains(res.Header().Get("Cache-Control"), "no-store") {
				t.Errorf("%s: kept by caches: %q", c.path, res.Header().Get("Cache-Control"))
			}
		}
	}
	if s.leadOf("ann@example.com").State != "active" {
		t.Error("somebody was erased without the word")
	}
}

// A page of another site cannot make a member of staff do anything.
func TestOtherOriginsAreRefused(t *testing.T) {
	s := newSite(t)
	s.Take(submitOf("ann@example.com"))
	id := s.submit(s.robot(1, "bot@example.com"))
	admin := s.login(auth.Admin)
	l := s.leadOf("ann@example.com")
	for _, path := range []string{"/admin/leads/" + l.ID.String() + "/erase", "/admin/quarantine/" + id.String() + "/release", "/admin/quarantine/" + id.String() + "/discard"} {
		for _, headers := range [][]string{{"Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site"}, {"Origin", "null", "Sec-Fetch-Site", "cross-site"},
			{"Origin", "http://127.0.0.1:9999", "Sec-Fetch-Site", "same-site"}} {
			if res := admin.post(path, url.Values{"confirm": {"erase"}}, headers...); res.Code != http.StatusForbidden {
				t.Errorf("POST %s from %v: %d", path, headers, res.Code)
			}
		}
	}
	if s.leadOf("ann@example.com").State != "active" || s.Count("select count(*) from submissions where id = ? and state = 'quarantined'", id) != 1 {
		t.Error("another site's request did something")
	}
	if s.Count("select count(*) from audit_log where object_kind in ('lead','submission')") != 0 {
		t.Error("the audit log tells of something that was refused")
	}
}

// The filters and what they find; the address of the page is all of its state.
func TestLeadFilters(t *testing.T) {
	s := newSite(t)
	people := []struct{ address, given, family, company, medium string }{
		{"ann@weatherby.example", "Ann", "Weatherby", "Weatherby Ltd", "email"}, {"j.brandt@pumpen.example", "Jonas", "Brandt", "100% Pumpen", "cpc"},
		{"office@lindqvist.example", "", "", "", ""}, {"o_brien@x.example", "Pat", "O'Brien", "under_score", "email"},
	}
	for i, p := range people {
		in := s.ask(i, p.address, app.SampleSlug, p.medium)
		in.Input.Fields["given_name"], in.Input.Fields["family_name"], in.Input.Fields["company"] = orWord(p.given), orWord(p.family), orWord(p.company)
		s.Take(in)
		s.Clock.Move(24 * time.Hour)
	}
	s.open("ann@weatherby.example", "read")
	b := s.login(auth.Sales)
	cases := []struct {
		query string
		want  int
	}{
		{"", 4}, {"q=weatherby", 1}, {"q=ANN+weather", 1}, {"q=ann+brandt", 0}, {"q=%25", 1}, {"q=_", 1}, {"q=o%27brien", 1}, {"q=%5C", 0}, {"q=lindqvist.example", 1},
		{"confirmed=yes", 1}, {"confirmed=no", 3}, {"did=opened", 1}, {"source=email", 2}, {"source=email&did=opened", 1}, {"source=nothing", 0},
		{"gate=" + app.SampleSlug, 4}, {"gate=no-such-gate", 0}, {"gate=%27", 0}, {"state=active", 4}, {"state=erased", 0}, {"from=2026-03-04&to=2026-03-05", 2},
		{"from=2026-03-05", 2}, {"to=2026-03-02", 0}, {"from=rubbish", 4}, {"sort=name&way=asc", 4}, {"sort=rubbish", 4}, {"page=9", 0}, {"page=-1", 4}, {"page=99999999999999999999", 0},
	}
	for _, c := range cases {
		if got := strings.Count(b.page("/admin/leads?"+c.query), `class="row-link"`); got != c.want {
			t.Errorf("?%s: %d leads, want %d", c.query, got, c.want)
		}
	}
	byName := b.page("/admin/leads?sort=name&way=asc")
	if strings.Index(byName, "Brandt") > strings.Index(byName, "Weatherby") || !strings.Contains(byName, `aria-sort="ascending"`) {
		t.Error("not sorted by name")
	}
	if strings.Contains(byName, "leads.csv") {
		t.Error("sales are offered the export")
	}
}

func orWord(s string) string {
	if s == "" {
		return "Unnamed"
	}
	return s
}

// The export is the view, whole, with formulas defused, and is in the audit log without what was searched for.
func TestLeadExport(t *testing.T) {
	s := newSite(t)
	evil := []string{"=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "plain, \"quoted\"", "ends = well"}
	for i, name := range evil {
		address := string(rune('a'+i)) + "@example.com"
		s.Take(s.ask(i, address, app.SampleSlug, "email"))
		if err := s.Store.DB(t.Context()).Exec("update leads set company = ? where email = ?", name, address).Error; err != nil {
			t.Fatal(err)
		}
	}
	b := s.login(auth.Marketing)
	res := b.get("/admin/leads.csv?sort=name&way=asc&q=example.com")
	body := res.Body.String()
	if !strings.HasPrefix(body, "\ufeffid,state,") || !strings.HasPrefix(res.Header().Get("Content-Type"), "text/csv; charset=utf-8") ||
		!strings.Contains(res.Header().Get("Content-Disposition"), ".csv") {
		t.Fatalf("%v %.40q", res.Header(), body)
	}
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(body, "\ufeff"))).ReadAll()
	if err != nil || len(rows) != len(evil)+1 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	column := slices.Index(rows[0], "company")
	for _, row := range rows[1:] {
		for _, cell := range row {
			if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
				t.Errorf("a formula got out: %q", cell)
			}
		}
		if c := strings.TrimPrefix(row[column], "'"); !slices.Contains(evil, c) && !slices.Contains(evil, "\r"+c) { // the writer drops a lone CR
			t.Errorf("%q was never written", row[column])
		}
	}
	if n := s.Count("select count(*) from audit_log where action = 'leads.export' and actor_id = ? and detail::text not like '%example.com%'", b.user.ID); n != 1 {
		t.Errorf("%d lines in the audit log", n)
	}
	if got := app.DefuseCell("a\x00=b"); got != "a=b" {
		t.Errorf("NUL: %q", got)
	}
	if got := app.DefuseCell("\x00=b"); got != "'=b" {
		t.Errorf("NUL before a formula: %q", got)
	}
}

// Hostile text from anywhere changes nothing in the structure of a page: the same elements with the same attributes.
func TestHostileTextStaysText(t *testing.T) {
	raw, err := os.ReadFile(testkit.Shared(t, "corpora", "blns", "blns.json"))
	if err != nil {
		t.Fatal(err)
	}
	var strange []string
	if err := json.Unmarshal(raw, &strange); err != nil {
		t.Fatal(err)
	}
	s := newSite(t)
	s.Take(submitOf("ann@example.com"))
	s.open("ann@example.com", "download")
	s.submit(s.robot(1, "bot@example.com"))
	b := s.login(auth.Admin)
	l := s.leadOf("ann@example.com")
	var m string
	if err := s.Store.DB(t.Context()).Raw("select id::text from messages where lead_id = ?", l.ID).Scan(&m).Error; err != nil {
		t.Fatal(err)
	}
	pages := []string{"/admin/leads", "/admin/leads/" + l.ID.String(), "/admin/messages", "/admin/messages/" + m, "/admin/quarantine", "/admin/submissions", "/admin"}
	s.everywhere("benign text")
	want := map[string]string{}
	for _, p := range pages {
		want[p] = structure(t, b.page(p))
	}
	tried := 0
	for _, text := range strange {
		if !strings.ContainsAny(text, `<>"'&{`) || strings.Contains(text, "\x00") {
			continue
		}
		tried++
		s.everywhere(text)
		for _, p := range pages {
			if got := structure(t, b.page(p)); got != want[p] {
				t.Errorf("%s: %q changed the page", p, text)
			}
		}
	}
	if tried < 100 {
		t.Errorf("only %d strings were tried", tried)
	}
}

// everywhere writes a text into every place that somebody outside can fill.
func (s *site) everywhere(text string) {
	s.T.Helper()
	for _, q := range []string{
		"update leads set given_name = $1, family_name = $1, company = $1, job_title = $1, source = $1",
		"update lead_values set value = $1", "update lead_addresses set typed = $1", "update consents set text = $1",
		"update visits set page = $1, referrer = $1, utm_source = $1, utm_campaign = $1", "update messages set reason = $1", "update attempts set reason = $1",
		"update hits set reason = $1, user_agent = $1, block = $1", "update companies set name = $1",
		"update submission_payloads set user_agent = $1, block = $1, answers = jsonb_build_object('company', $1::text, 'given_name', $1::text), source = jsonb_build_object('referrer', $1::text)",
		"insert into alarms (id, kind, object, sentence, raised_at, last_at, times) values (gen_random_uuid(), 'x', 'x', $1, now(), now(), 1) on conflict (kind, object) where cleared_at is null do update set sentence = excluded.sentence",
	} {
		if _, err := s.Store.Pool().Exec(s.T.Context(), q, text); err != nil {
			s.T.Fatalf("%s: %v", q, err)
		}
	}
}

// structure is the elements of a page with the names of their attributes, and all links.
func structure(t *testing.T, page string) string {
	t.Helper()
	var b strings.Builder
	z := html.NewTokenizer(strings.NewReader(page))
	for z.Next() != html.ErrorToken {
		tok := z.Token()
		if tok.Type != html.StartTagToken && tok.Type != html.EndTagToken && tok.Type != html.SelfClosingTagToken || tok.Data == "wbr" {
			continue
		}
		b.WriteString(tok.Data)
		for _, a := range tok.Attr {
			b.WriteString(" " + a.Key)
			if a.Key == "href" || a.Key == "src" || a.Key == "action" {
				b.WriteString("=" + a.Val)
			}
		}
		b.WriteByte('\n')
	}
	return b.String()
}
