package web_test

import (
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/auth"
	"github.com/gatehouse/gatehouse/internal/store"
)

// The page of a lead offers whoever may decide what they may decide: the stand-in accepts, the team's manager passes it on.
func TestTheLeadPageOffersWhatMayBeDecided(t *testing.T) {
	s, admin, seller, leads, team := salesHouse(t)
	manager, deputy, other := s.login(auth.Sales), s.login(auth.Sales), s.login(auth.Sales)
	db := s.Store.DB(t.Context())
	if err := db.Exec("update teams set manager_id = ? where id = ?", manager.user.ID, team).Error; err != nil {
		t.Fatal(err)
	}
	err := s.App.AddAbsence(t.Context(), app.AbsenceEdit{User: seller.user.ID, From: "2026-03-02", Until: "2026-03-06", Deputy: deputy.user.ID.String()}, admin.actor())
	if err != nil {
		t.Fatal(err)
	}
	var as store.Assignment
	if err := db.Where("owner_id = ? and lead_id in ?", seller.user.ID, leads).Take(&as).Error; err != nil {
		t.Fatal(err)
	}
	here := "/admin/leads/" + as.LeadID.String()
	for name, c := range map[string]struct {
		b      *browser
		offers string // of accept, return, decline
	}{
		"the owner": {seller, "accept return decline"}, "the stand-in": {deputy, "accept return decline"}, "the team's manager": {manager, "return decline"},
		"an admin": {admin, "return decline"}, "somebody else": {other, ""},
	} {
		page, offers := c.b.page(here), []string{}
		for _, what := range []string{"accept", "return", "decline"} {
			if strings.Contains(page, `action="`+here+"/"+what+`"`) {
				offers = append(offers, what)
			}
		}
		if got := strings.Join(offers, " "); got != c.offers {
			t.Errorf("%s is offered %q, want %q", name, got, c.offers)
		}
	}
	if code, _, found := deputy.pressed(deputy.page(here), "/accept"); !found || code != 303 {
		t.Errorf("the stand-in presses it: %d", code)
	}
}

// What ended goes on in a sentence, and what somebody typed stays as it was typed.
func TestWhoHadALeadIsSaidInWords(t *testing.T) {
	s, _, seller, leads, _ := salesHouse(t)
	var as store.Assignment
	if err := s.Store.DB(t.Context()).Where("owner_id = ? and lead_id in ?", seller.user.ID, leads).Take(&as).Error; err != nil {
		t.Fatal(err)
	}
	here := "/admin/leads/" + as.LeadID.String()
	fields := url.Values{"reason": {"no-time"}, "note": {"Ask BEN"}, "assignment": {as.ID.String()}, "version": {strconv.FormatInt(as.Version, 10)}}
	if r := seller.post(here+"/decline", fields); r.Code != 303 {
		t.Fatalf("declined: %d", r.Code)
	}
	if page := seller.page("/admin/claim/" + as.ID.String()); !strings.Contains(page, "does not have this lead any more: declined: I have no time for this one.") {
		t.Error("the page of the old claim says something else")
	}
}

// Only whoever is new starts at the average; a weight that changes is just saved.
func TestSavedSaysWhatHappened(t *testing.T) {
	s, admin, _, _, team := salesHouse(t)
	fresh := s.login(auth.Sales)
	path := "/admin/teams/" + team.String()
	for _, want := range []string{"Saved. Newcomers start", "Saved."} {
		res := admin.post(path+"/members", url.Values{"user": {fresh.user.ID.String()}, "weight": {"2"}, "capacity": {"0"}})
		page := admin.page(path)
		if res.Code != 303 || !strings.Contains(page, want) || strings.Contains(page, "Newcomers start") != strings.Contains(want, "Newcomers") {
			t.Errorf("%d, want %q", res.Code, want)
		}
	}
}

// What needs a person leads to where it is mended, on the home page and in the mail; nobody is sent to a page that is not
// open to them.
func TestAnAlarmLeadsToItsMend(t *testing.T) {
	s, admin, seller, leads, team := salesHouse(t)
	marketing := s.login(auth.Marketing)
	var as store.Assignment
	if err := s.Store.DB(t.Context()).Where("owner_id = ? and lead_id in ?", seller.user.ID, leads).Take(&as).Error; err != nil {
		t.Fatal(err)
	}
	paths := map[string]string{"nobody-to-sell": "/admin/leads/" + leads[0].String(), "lead-waits": "/admin/leads/" + as.LeadID.String(), "beyond-policy": "/admin/leads/" + leads[1].String(),
		"manager-gone": "/admin/teams/" + team.String(), "rule-failed": "/admin/rules/scoring"}
	for kind, object := range map[string]string{"nobody-to-sell": leads[0].String(), "lead-waits": as.ID.String(), "beyond-policy": leads[1].String() + " x", "manager-gone": team.String(),
		"rule-failed": "scoring", "mail-refused": "sendgrid"} {
		if err := s.Store.Tx(t.Context(), func(tx *store.Tx) error { return tx.Raise(kind, object, "Something needs a person.") }); err != nil {
			t.Fatal(err)
		}
	}
	for who, b := range map[string]*browser{"admin": admin, "marketing": marketing} {
		page := b.page("/admin")
		for kind, path := range paths {
			want := who == "admin" || kind != "manager-gone"
			if got := strings.Contains(page, `href="`+path+`">See to it</a>`); got != want {
				t.Errorf("%s is led to %s: %v", who, path, got)
			}
		}
		if n := strings.Count(page, "See to it"); n > len(paths) {
			t.Errorf("%d links for %s", n, who)
		}
	}
	if err := s.App.Digest(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.Deliver()
	var texts []string
	for _, m := range s.Mail.All() {
		texts = append(texts, m.Text)
	}
	all := strings.Join(texts, "\n")
	for _, path := range paths {
		if !strings.Contains(all, path+"\n") {
			t.Errorf("no mail leads to %s", path)
		}
	}
	if strings.Count(all, "gatehouse doctor") != strings.Count(all, "/admin\n") {
		t.Error("the server is asked about what no server mends")
	}
}
