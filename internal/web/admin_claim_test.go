package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/auth"
	"github.com/gatehouse/gatehouse/internal/store"
)

// The page behind an alert takes nothing by itself, since scanners open it too; a wrong address takes nothing either. When two
// press at once, the owner and who stands in, one has the lead, and the other is told.
func TestAClaimNeedsOneTap(t *testing.T) {
	s, admin, seller, leads, _ := salesHouse(t)
	deputy, other := s.login(auth.Sales), s.login(auth.Sales)
	var as store.Assignment
	if err := s.Store.DB(t.Context()).Where("owner_id = ? and lead_id in ?", seller.user.ID, leads).Take(&as).Error; err != nil {
		t.Fatal(err)
	}
	path := "/admin/claim/" + as.ID.String()
	untaken := func(after string) {
		t.Helper()
		if s.Count("select count(*) from assignments where state = 'open' and version = 1") != len(leads) || s.Count("select count(*) from deals") != 0 {
			t.Errorf("%s: it is taken", after)
		}
	}
	has(t, "the page", seller.page(path), "Take this lead", `action="`+path+`"`)
	head, _ := http.NewRequest(http.MethodHead, testBase+path, nil)
	seller.do(head)
	untaken("looked at")
	for _, wrong := range []string{uuid.NewString(), "x", as.ID.String()[:35], as.LeadID.String()} {
		for name, code := range map[string]int{"get": seller.get("/admin/claim/" + wrong).Code, "post": seller.post("/admin/claim/"+wrong, url.Values{}).Code} {
			if code != http.StatusNotFound {
				t.Errorf("%s of %s: %d", name, wrong, code)
			}
		}
	}
	if code := s.visitor().post(path, url.Values{}).Code; code != http.StatusSeeOther && code != http.StatusUnauthorized {
		t.Errorf("nobody who is known: %d", code)
	}
	other.post(path, url.Values{})
	has(t, "somebody else", other.page(path), "in the hands of", "!Take this lead")
	untaken("pressed by others")

	if err := s.App.AddAbsence(t.Context(), app.AbsenceEdit{User: seller.user.ID, From: "2026-03-02", Until: "2026-03-06", Deputy: deputy.user.ID.String()}, admin.actor()); err != nil {
		t.Fatal(err)
	}
	two, to := []*browser{seller, deputy}, make([]string, 2)
	var wait sync.WaitGroup
	for i, b := range two {
		wait.Go(func() { to[i] = b.post(path, url.Values{}).Header().Get("Location") })
	}
	wait.Wait()
	won, lost := 0, 1
	if to[0] != "/admin/leads/"+as.LeadID.String() {
		won, lost = 1, 0
	}
	if to[won] == to[lost] || s.Count("select count(*) from deals where lead_id = ? and owner_id = ?", as.LeadID, two[won].user.ID) != 1 || s.Count("select count(*) from deals") != 1 ||
		s.Count("select count(*) from assignments where lead_id = ? and state in ('open','accepted')", as.LeadID) != 1 || s.Count("select count(*) from audit_log where action = 'lead.accept'") != 1 {
		t.Errorf("the owner was led to %q, who stands in to %q; %d deals", to[0], to[1], s.Count("select count(*) from deals"))
	}
	if page := two[lost].page(path); strings.Contains(page, "Take this lead") || !strings.Contains(page, "in other hands by now") && !strings.Contains(page, "has accepted this lead") {
		t.Error("the other one is not told")
	}
}

// Marketing's report counts the reason with which sales returned a lead, and its number opens the lead.
func TestReturnedLeadsAreCountedByReason(t *testing.T) {
	s, _, seller, leads, _ := salesHouse(t)
	marketing := s.login(auth.Marketing)
	has(t, "before", marketing.page("/admin/reports/returned"), "Sales returned no lead")
	var as store.Assignment
	if err := s.Store.DB(t.Context()).Where("owner_id = ? and lead_id in ?", seller.user.ID, leads).Take(&as).Error; err != nil {
		t.Fatal(err)
	}
	if err := s.App.ReturnLead(t.Context(), as.ID, 0, "too-small", "", seller.actor()); err != nil {
		t.Fatal(err)
	}
	var declined store.Assignment
	if err := s.Store.DB(t.Context()).Where("state = 'open'").Limit(1).Take(&declined).Error; err != nil {
		t.Fatal(err)
	}
	owner, err := s.Store.User(t.Context(), declined.OwnerID)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.App.DeclineLead(t.Context(), declined.ID, 0, "no-time", "", store.Actor{Kind: "user", ID: &owner.ID, Name: owner.Name}); err != nil { // is no return
		t.Fatal(err)
	}
	var title string
	if err := s.Store.DB(t.Context()).Raw("select title from pipeline_reasons where kind = 'return' and key = 'too-small'").Scan(&title).Error; err != nil {
		t.Fatal(err)
	}
	page := marketing.page("/admin/reports/returned")
	has(t, "the report", page, "The most frequent reason", title, "returned=too-small", "!returned=no-time", ">1 lead</a>")
	l, err := s.Store.Lead(t.Context(), as.LeadID)
	if err != nil {
		t.Fatal(err)
	}
	list := marketing.page("/admin/leads?returned=too-small")
	if n := strings.Count(list, "row-link"); n != 1 || !strings.Contains(list, l.Email) && !strings.Contains(list, "/admin/leads/"+l.ID.String()) {
		t.Errorf("%d leads behind the number", n)
	}
	if n := strings.Count(marketing.page("/admin/leads?returned=no-need"), "row-link"); n != 0 {
		t.Errorf("%d leads came back with another reason", n)
	}
}
