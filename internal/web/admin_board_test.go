package web_test

import (
	"encoding/json"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse/gatehouse/internal/auth"
)

var (
	waitsShown = regexp.MustCompile(`data-waiting="(\d+)"`)
	changesURL = regexp.MustCompile(`data-changes="([^"]+)"`)
)

// waitMany puts so many leads into the own hands that wait to be accepted.
func (b *browser) waitMany(n int) {
	b.s.T.Helper()
	err := b.s.Store.DB(b.s.T.Context()).Exec(`with l as (insert into leads (id, state, given_name, family_name, company, job_title, tel, country, email, source, submissions, version, created_at, last_at, owner_id)
			select gen_random_uuid(), 'active', 'Ann', 'No ' || n, 'Company ' || n, '', '', 'GB', 'p' || n || '@many.example', 'search', 0, 1, now(), now(), ? from generate_series(1, ?) n returning id)
		insert into assignments (id, lead_id, owner_id, rule_key, how, reason, reason_data, state, period, at, clock_from, first_response_kind, close_reason, close_note, version)
			select gen_random_uuid(), id, ?, 'x', 'by-hand', 'x', '{}', 'open', current_date, now(), now(), '', '', '', 1 from l`, b.user.ID, n, b.user.ID).Error
	if err != nil {
		b.s.T.Fatal(err)
	}
}

// Whoever waits can be reached, however many they are: on the board, and from the page of the day.
func TestManyWaiting(t *testing.T) {
	s := newSite(t)
	b := s.login(auth.Sales)
	b.waitMany(60)
	for path, more := range map[string]*regexp.Regexp{"/admin/pipeline": regexp.MustCompile(`href="([^"]*)">10 more<`), "/admin": regexp.MustCompile(`href="([^"]*)">And 10 more<`)} {
		page := b.page(path)
		m := more.FindStringSubmatch(page)
		if m == nil || strings.Count(page, "/accept\"") != 50 {
			t.Errorf("%s: no way to the ten that are not shown", path)
			continue
		}
		to, _, _ := strings.Cut(html.UnescapeString(m[1]), "#")
		if n := strings.Count(b.page(to), "/accept\""); n != 60 {
			t.Errorf("%s shows %d who wait", to, n)
		}
	}
}

// What waits is narrowed like the deals are, and a board that is open asks for the view that it shows.
func TestWaitingIsNarrowed(t *testing.T) {
	s := newSite(t)
	ana, ben := s.login(auth.Sales), s.login(auth.Sales)
	ben.waitingLead("wil@waits.example", "Waits Ltd")
	ana.byHand("ann@archer.example", "Archer")
	since := "since=" + url.QueryEscape(s.Clock.Now().Format(time.RFC3339Nano))
	for query, want := range map[string]string{"": "1", "owner=me": "0", "owner=" + ben.user.ID.String(): "1", "source=search": "0", "only=said": "0", "only=overdue": "0", "only=activities": "1", "only=no-activities": "1", "only=no-plan": "0",
		"only=both": "0", "only=lacking": "1", "min=1": "0", "currency=GBP": "0", "from=2020-01-01": "0", "q=waits": "1", "q=nobody": "0"} {
		page := ana.page("/admin/pipeline?" + query)
		if m := waitsShown.FindStringSubmatch(page); m == nil || m[1] != want || strings.Contains(page, ">Waits Ltd</a>") != (want == "1") {
			t.Errorf("%q shows %v, want %s", query, m, want)
			continue
		}
		ask := html.UnescapeString(changesURL.FindStringSubmatch(page)[1])
		join := map[bool]string{true: "&", false: "?"}[strings.Contains(ask, "?")]
		var news struct{ Waiting int }
		if err := json.Unmarshal(ana.get(ask+join+since).Body.Bytes(), &news); err != nil || (news.Waiting == 1) != (want == "1") {
			t.Errorf("%q: the board is told that %d wait: it would draw itself anew for ever", ask, news.Waiting)
		}
	}
}

// The figures of the page of the day open the rows that they count, also at the edge of the thirty days.
func TestNumbersOfTheDayOpenTheirRows(t *testing.T) {
	s := newSite(t)
	b := s.login(auth.Sales)
	edge := s.Clock.Now().AddDate(0, 0, -30)
	day := time.Date(edge.Year(), edge.Month(), edge.Day(), 0, 0, 0, 0, time.UTC)
	for name, at := range map[string]time.Time{"in": day.Add(time.Minute), "late": s.Clock.Now(), "out": day.Add(-time.Minute)} {
		d := b.dealOf(b.byHand(name+"@archer.example", "Archer "+name))
		if err := s.Store.DB(t.Context()).Exec("update deals set state = 'won', stage = 'won', closed_at = ?, opened_at = ? where id = ?", at, at, d.ID).Error; err != nil {
			t.Fatal(err)
		}
		// assigned long before it was accepted
		if err := s.Store.DB(t.Context()).Exec("update assignments set at = ? where id = ?", day.AddDate(0, 0, -40), d.AssignmentID).Error; err != nil {
			t.Fatal(err)
		}
	}
	b.byHand("lacks@archer.example", "Lacks")
	whole := b.dealOf(b.byHand("whole@archer.example", "Whole"))
	if res := b.post("/admin/leads/"+whole.LeadID.String()+"/note", url.Values{"kind": {"call"}, "text": {"Called"}, "why": {"They asked"}}); res.Code != http.StatusSeeOther {
		t.Fatal(res.Code, res.Body)
	}
	home := b.page("/admin")
	for label, want := range map[string]int{"accepted, last 30 days": 4, "won, last 30 days": 2} {
		m := regexp.MustCompile(`<dt>` + label + `</dt><dd><a class="stat-value" href="([^"]+)">(\d+)<`).FindStringSubmatch(home)
		if m == nil {
			i := strings.Index(home, label)
			t.Fatalf("%s is no link: %s", label, home[max(0, i-200):min(len(home), i+200)])
		}
		if rows := b.rowsAt(html.UnescapeString(m[1])); rows != want || m[2] != strconv.Itoa(want) {
			t.Errorf("%s: %s, %d rows, want %d", label, m[2], rows, want)
		}
	}
	m := regexp.MustCompile(`href="([^"]+)">1 deal lacks`).FindStringSubmatch(home)
	if m == nil || b.rowsAt(html.UnescapeString(m[1])) != 1 {
		t.Errorf("what lacks a plan or activities: %v", m)
	}
}

// Moving a deal from the page of its lead leads back there; nobody is led out of the pages for staff.
func TestBackFromAForm(t *testing.T) {
	s := newSite(t)
	b := s.login(auth.Sales)
	l := b.byHand("ann@archer.example", "Archer")
	lead := "/admin/leads/" + l.ID.String()
	m := regexp.MustCompile(`/admin/deals/[^"]*/move\?[^"]*back=[^"]*`).FindString(b.page(lead))
	if !strings.Contains(m, "%23work") {
		t.Fatalf("the page links to %q", m)
	}
	res := b.post("/admin/deals/"+b.dealOf(l).ID.String()+"/move", url.Values{"version": {"1"}, "to": {"proposal"}, "value": {"5"}, "back": {lead + "#work"}})
	if to := res.Header().Get("Location"); res.Code != http.StatusSeeOther || to != lead+"#work" {
		t.Errorf("%d to %q", res.Code, to)
	}
	for _, bad := range []string{"//evil.example/admin", "https://evil.example/admin", "/adminx", "/admin/../evil", `/admin\evil`, "/admin\r\nX: y", "/dev/mailx", "admin"} {
		res := b.post(lead+"/note", url.Values{"kind": {"note"}, "text": {"x"}, "back": {bad}})
		if to := res.Header().Get("Location"); res.Code != http.StatusSeeOther || !strings.HasPrefix(to, lead) {
			t.Errorf("%q: %d to %q", bad, res.Code, to)
		}
	}
}

// A currency alone is a change as well.
func TestCurrencyAlone(t *testing.T) {
	s := newSite(t)
	b := s.login(auth.Sales)
	d := b.dealOf(b.byHand("ann@archer.example", "Archer"))
	res := b.post("/admin/deals/"+d.ID.String(), url.Values{"version": {"1"}, "title": {d.Title}, "currency": {"CHF"}})
	if now := b.dealOf(s.leadOf("ann@archer.example")); res.Code != http.StatusSeeOther || now.Currency != "CHF" || now.Version != 2 {
		t.Errorf("%d: %s, version %d", res.Code, now.Currency, now.Version)
	}
	has(t, "the timeline", b.page("/admin/deals/"+d.ID.String()), "Currency", "CHF")
}

// A column that is shown as far as a board goes leads on to the list.
func TestMoreThanABoardShows(t *testing.T) {
	s := newSite(t)
	b := s.login(auth.Sales)
	b.manyDeals(1001, "proposal")
	page := b.page("/admin/pipeline")
	for _, rest := range []string{"951", "1"} {
		m := regexp.MustCompile(`href="([^"]*)">` + rest + ` more<`).FindStringSubmatch(page)
		if m == nil {
			t.Fatalf("no way to the %s that are not shown", rest)
		}
		to, _, _ := strings.Cut(html.UnescapeString(m[1]), "#")
		page = b.page(to)
	}
	if !strings.Contains(page, "Keep this view as") || !strings.Contains(page, "1,001") {
		t.Error("the list does not show them")
	}
}
