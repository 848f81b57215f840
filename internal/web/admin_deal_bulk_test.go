package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/gatehouse/gatehouse/internal/auth"
	"github.com/gatehouse/gatehouse/internal/store"
)

// A look at many deals changes nothing, says what keeps each, and leads to what it showed.
func TestBulkIsLookedAtFirst(t *testing.T) {
	s := newSite(t)
	b, boss := s.login(auth.Sales), s.login(auth.Admin)
	one, two := b.dealOf(b.byHand("ann@archer.example", "Archer")), b.dealOf(b.byHand("bob@baker.example", "Baker"))
	tick1, tick2 := one.ID.String()+" 1", two.ID.String()+" 1"
	back := "/admin/pipeline?owner=me&view=list"
	look := func(what string, ticks ...string) string {
		return b.page("/admin/pipeline/bulk?" + url.Values{"deal": ticks, "what": {what}, "back": {back}}.Encode())
	}
	before := s.Count("select count(*) from deal_changes") + s.Count("select count(*) from audit_log") + s.Count("select count(*) from outbox")
	has(t, "lost", look("to:lost", tick1, tick2), "Mark 2 deals", `name="reason"`, "Nothing was changed yet", `value="`+tick1+`"`, `value="`+back+`"`)
	has(t, "a value is missing", look("to:proposal", tick1), "asks what it is worth", "0 deals can go", "/move?to=proposal")
	has(t, "stale", look("to:lost", one.ID.String()+" 7", tick2), "meanwhile", "Mark 1 deal")
	has(t, "there already", look("to:discovery", tick1), "It stands there already")
	has(t, "give", look("give:"+boss.user.ID.String(), tick1, tick2), "Give 2 deals", `name="note"`, "Test admin")
	after := s.Count("select count(*) from deal_changes") + s.Count("select count(*) from audit_log") + s.Count("select count(*) from outbox")
	if after != before || s.Count("select count(*) from deals where owner_id = ? and version = 1 and state = 'open'", b.user.ID) != 2 {
		t.Errorf("a look changed something: %d rows more", after-before)
	}
	for _, path := range []string{"what=to:lost", "deal=" + url.QueryEscape(tick1), "deal=" + url.QueryEscape(tick1) + "&what=to:"} {
		if res := b.get("/admin/pipeline/bulk?" + path); res.Code != http.StatusSeeOther {
			t.Errorf("%s: %d", path, res.Code)
		}
	}
	b.post("/admin/pipeline/bulk", url.Values{"deal": {tick1, tick2}, "do": {"move"}, "to": {"lost"}, "reason": {"timing"}, "note": {"The fair"}})
	if n := s.Count("select count(*) from deals where state = 'lost' and reason = 'timing' and reason_note = 'The fair'"); n != 2 {
		t.Errorf("%d were marked", n)
	}
	csv := boss.page("/admin/pipeline.csv?deal=" + url.QueryEscape(tick1))
	if !strings.Contains(csv, "Archer") || strings.Contains(csv, "Baker") {
		t.Errorf("those ticked: %s", csv)
	}
}

// The fields above the board narrow it: amounts in one currency, days of an open deal by when it is expected.
func TestBoardIsNarrowedByWorthAndDay(t *testing.T) {
	s := newSite(t)
	b := s.login(auth.Sales)
	for _, x := range []struct{ company, value, currency, day string }{{"Archer", "9,000", "GBP", "2026-05-29"}, {"Baker", "2,000", "GBP", "2026-07-01"}, {"Carter", "500,000", "JPY", ""}} {
		d := b.dealOf(b.byHand(strings.ToLower(x.company)+"@deals.example", x.company))
		res := b.post("/admin/deals/"+d.ID.String(), url.Values{"version": {"1"}, "title": {x.company}, "value": {x.value}, "currency": {x.currency}, "expected_on": {x.day}})
		if res.Code != http.StatusSeeOther {
			t.Fatal(res.Code, res.Body)
		}
	}
	for query, want := range map[string]string{
		"": "Archer Baker Carter", "min=5000": "Archer", "min=1": "Archer Baker", "currency=JPY": "Carter", "currency=JPY&min=600000": "", "currency=JPY&min=400000": "Carter", "min=much": "Archer Baker Carter",
		"from=2026-05-29": "Archer Baker", "from=2026-05-30": "Baker", "to=2026-05-29": "Archer", "to=2026-05-28": "", "from=2026-05-01&to=2026-06-01&min=100": "Archer",
	} {
		for _, view := range []string{"", "view=list&"} {
			page := b.page("/admin/pipeline?" + view + query)
			for _, company := range []string{"Archer", "Baker", "Carter"} {
				if shown := strings.Contains(page, ">"+company+"</a>"); shown != strings.Contains(want, company) {
					t.Errorf("%q shows %s: %v", view+query, company, shown)
				}
			}
			has(t, query, page, `name="min"`, `name="currency"`, `name="from"`, `name="to"`)
		}
	}
	has(t, "a fault", b.page("/admin/pipeline?min=much"), "It was left out", `aria-invalid="true"`)
}

// All of a view can be changed at once, also what is on its other pages; too many are refused in words, and so is a form
// that names them one by one.
func TestBulkOfAWholeView(t *testing.T) {
	s := newSite(t)
	b := s.login(auth.Sales)
	b.byHand("ann@archer.example", "Archer & Sons")
	b.manyDeals(59, "proposal")
	list := "/admin/pipeline?stage=proposal&view=list"
	page := b.page(list)
	has(t, "the list", page, "All 59 of this view", `value="`+list+`"`)
	look := func(back string) string {
		return b.page("/admin/pipeline/bulk?" + url.Values{"all": {"1"}, "what": {"to:lost"}, "back": {back}}.Encode())
	}
	looked := look(list)
	has(t, "the look", looked, "Mark 59 deals")
	if strings.Contains(looked, "Archer") {
		t.Error("a deal that the view does not show is among them")
	}
	has(t, "the next page", look("/admin/pipeline?page=2&stage=proposal&view=list"), "Mark 59 deals")
	b.manyDeals(150, "proposal")
	res := b.get("/admin/pipeline/bulk?" + url.Values{"all": {"1"}, "what": {"to:lost"}, "back": {list}}.Encode())
	if to := res.Header().Get("Location"); res.Code != http.StatusSeeOther || to != list {
		t.Errorf("too many: %d to %q", res.Code, to)
	}
	has(t, "too many", b.page(list), "At most 200 deals at once")
	many := url.Values{"to": {"lost"}, "reason": {"price"}}
	for range 1000 {
		many.Add("deal", store.NewID().String()+" 1")
	}
	if res := b.post("/admin/pipeline/bulk", many); res.Code != http.StatusSeeOther {
		t.Errorf("a thousand: %d", res.Code)
	}
	has(t, "a thousand", b.page(list), "At most 200 deals at once")
}

// manyDeals are open deals of a stage in the own hands.
func (b *browser) manyDeals(n int, stage string) {
	b.s.T.Helper()
	err := b.s.Store.DB(b.s.T.Context()).Exec(`with l as (insert into leads (id, state, given_name, family_name, company, job_title, tel, country, email, source, submissions, version, created_at, last_at, owner_id)
			select gen_random_uuid(), 'active', 'Ann', 'No ' || n, 'Company', '', '', 'GB', 'p' || n || '@x.example', 'search', 0, 1, now(), now(), ? from generate_series(1, ?) n returning id),
		a as (insert into assignments (id, lead_id, owner_id, rule_key, how, reason, reason_data, state, period, at, clock_from, accepted_at, first_response_kind, close_reason, close_note, version)
			select gen_random_uuid(), id, ?, 'x', 'by-hand', 'x', '{}', 'accepted', current_date, now(), now(), now(), '', '', '', 1 from l returning id, lead_id)
		insert into deals (id, lead_id, assignment_id, owner_id, title, stage, state, value, currency, reason, reason_note, position, opened_at, stage_at, version, updated_at)
			select gen_random_uuid(), lead_id, id, ?, 'Deal', ?, 'open', 5, 'GBP', '', '', random() * 1000, now(), now(), 1, now() from a`, b.user.ID, n, b.user.ID, b.user.ID, stage).Error
	if err != nil {
		b.s.T.Fatal(err)
	}
}
