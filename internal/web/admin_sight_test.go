package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/gatehouse/gatehouse/internal/auth"
	"github.com/gatehouse/gatehouse/internal/store"
)

// ownOnly is a house where those who sell see their own leads alone.
func ownOnly(t *testing.T) *site {
	t.Helper()
	s := newSite(t)
	if err := s.Store.DB(t.Context()).Exec("update sales_settings set visibility = 'own'").Error; err != nil {
		t.Fatal(err)
	}
	return s
}

// Reports count what their reader may see, as the lists behind them do.
func TestReportsKeepToWhatIsSeen(t *testing.T) {
	s := ownOnly(t)
	ana, ben, boss := s.login(auth.Sales), s.login(auth.Sales), s.login(auth.Admin)
	ana.byHand("ann@archer.example", "Archer")
	won := ana.dealOf(ana.byHand("bob@baker.example", "Baker"))
	_, as := ana.waitingLead("cat@carter.example", "Carter")
	for _, err := range []error{s.Store.DB(t.Context()).Exec("update deals set state = 'won', stage = 'won', closed_at = ? where id = ?", s.Clock.Now(), won.ID).Error,
		s.Store.DB(t.Context()).Exec("update assignments set state = 'returned', close_reason = 'no-need', closed_at = ? where id = ?", s.Clock.Now(), as.ID).Error} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for path, figure := range map[string]string{"/admin/reports/forecast": "1 open deal", "/admin/reports/plan-and-tactics": "Decided deals", "/admin/reports/returned": "The most frequent reason"} {
		for name, c := range map[string]struct {
			b    *browser
			sees bool
		}{"the owner": {ana, true}, "a colleague": {ben, false}, "the admin": {boss, true}} {
			if got := strings.Contains(c.b.page(path), figure); got != c.sees {
				t.Errorf("%s on %s sees the figure: %v", name, path, got)
			}
		}
	}
}

// An old link to a lead that was merged leads on for whoever sees the one that stays, and for nobody else.
func TestOldLinkToAMergedLead(t *testing.T) {
	s := ownOnly(t)
	ana, ben := s.login(auth.Sales), s.login(auth.Sales)
	stays := ana.byHand("ann@archer.example", "Archer")
	gone, _ := ana.waitingLead("ann@other.example", "Archer")
	if res := ana.post("/admin/leads/"+stays.ID.String()+"/merge", url.Values{"from": {gone.ID.String()}}); res.Code != http.StatusSeeOther {
		t.Fatal(res.Code, res.Body)
	}
	res := ana.get("/admin/leads/" + gone.ID.String())
	if to := res.Header().Get("Location"); res.Code != http.StatusSeeOther || to != "/admin/leads/"+stays.ID.String() {
		t.Errorf("%d to %q", res.Code, to)
	}
	if code := ben.get("/admin/leads/" + gone.ID.String()).Code; code != http.StatusNotFound {
		t.Errorf("somebody else: %d", code)
	}
}

// A mail to a colleague is theirs where everybody sees the own leads only.
func TestMailsOfColleagues(t *testing.T) {
	s := ownOnly(t)
	ana, ben, boss := s.login(auth.Sales), s.login(auth.Sales), s.login(auth.Admin)
	m := store.Message{ID: store.NewID(), Kind: "staff", Template: "forgotten", Seq: 1, UserID: &ana.user.ID, State: store.MessagePending, DueAt: s.Clock.Now(), Data: map[string]any{}, CreatedAt: s.Clock.Now(), StateAt: s.Clock.Now()}
	if err := s.Store.DB(t.Context()).Create(&m).Error; err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		b    *browser
		code int
	}{"whoever got it": {ana, http.StatusOK}, "a colleague": {ben, http.StatusNotFound}, "the admin": {boss, http.StatusOK}} {
		if code := c.b.get("/admin/messages/" + m.ID.String()).Code; code != c.code {
			t.Errorf("%s: %d", name, code)
		}
	}
}

// A lead by hand that cannot go into the hands that were chosen is not kept without any.
func TestLeadByHandIsWhole(t *testing.T) {
	s := newSite(t)
	b := s.login(auth.Sales)
	err := s.Store.DB(t.Context()).Exec(`insert into user_profiles (user_id, job_title, tel, booking_url, photo_key, time_zone, hours, holiday_region, left_at, version, updated_at)
		values (?, '', '', '', '', '', '[]', '', now(), 1, now()) on conflict (user_id) do update set left_at = now()`, b.user.ID).Error
	if err != nil {
		t.Fatal(err)
	}
	res := b.post("/admin/leads/new", url.Values{"email": {"ann@archer.example"}, "given_name": {"Ann"}, "kind": {"fair"}, "basis": {"consent"}, "covers-call": {"yes"}, "covers-mail": {"yes"}, "covers-meeting": {"yes"}, "covers-letter": {"yes"}, "to": {"me"}})
	if n := s.Count("select count(*) from leads"); res.Code != http.StatusUnprocessableEntity || n != 0 {
		t.Errorf("%d, %d leads", res.Code, n)
	}
}
