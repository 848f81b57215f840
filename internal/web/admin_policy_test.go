package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/auth"
	"github.com/gatehouse/gatehouse/internal/store"
)

// Who sees which leads is one policy, on every page that shows them: lists, searches, boards, files and single pages agree.
func TestThePolicyHoldsOnEveryPage(t *testing.T) {
	s := newSite(t)
	owner, mate, stranger, leads, marketing := s.login(auth.Sales), s.login(auth.Sales), s.login(auth.Sales), s.login(auth.Sales), s.login(auth.Marketing)
	admin := s.login(auth.Admin)
	team, err := s.App.AddTeam(t.Context(), app.TeamEdit{Name: "North"}, admin.actor())
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range []*browser{owner, mate} {
		if err := s.App.SetMember(t.Context(), team.ID, b.user.ID, 1, 0, admin.actor()); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Store.DB(t.Context()).Exec("update teams set manager_id = ? where id = ?", leads.user.ID, team.ID).Error; err != nil {
		t.Fatal(err)
	}
	l, _ := owner.waitingLead("ann@archer.example", "Weatherby")
	deal := owner.dealOf(owner.byHand("bob@baker.example", "Okonkwo"))
	pages := map[string]string{ // what shows that it is seen
		"/admin/pipeline": "Okonkwo", "/admin/pipeline?view=list": "Okonkwo", "/admin/pipeline?q=okonkwo&view=list": "Okonkwo", "/admin/pipeline?state=any&view=list": "Okonkwo",
		"/admin/leads": "Weatherby", "/admin/leads?q=weatherby": "Weatherby", "/admin/leads?q=ann@archer.example": "Weatherby", "/admin/pipeline?owner=" + owner.user.ID.String(): "Okonkwo",
	}
	single := []string{"/admin/leads/" + l.ID.String(), "/admin/leads/" + deal.LeadID.String(), "/admin/deals/" + deal.ID.String(), "/admin/deals/" + deal.ID.String() + "/move?to=lost",
		"/admin/leads/" + l.ID.String() + "/note", "/admin/leads/" + l.ID.String() + "/merge"}
	for policy, see := range map[string]map[string]bool{"all": {"mate": true, "stranger": true}, "team": {"mate": true}, "own": {}} {
		if err := s.Store.DB(t.Context()).Exec("update sales_settings set visibility = ?", policy).Error; err != nil {
			t.Fatal(err)
		}
		for who, b := range map[string]*browser{"owner": owner, "mate": mate, "stranger": stranger, "whoever leads the team": leads, "marketing": marketing, "admin": admin} {
			sees := see[who] || who != "mate" && who != "stranger"
			for path, mark := range pages {
				if got := strings.Contains(b.page(path), mark); got != sees {
					t.Errorf("%s: the %s sees it on %s: %t", policy, who, path, got)
				}
			}
			for _, path := range single {
				code := b.get(path).Code
				if code == http.StatusForbidden && who == "marketing" {
					continue // its role does not reach it
				}
				if (code == http.StatusOK) != sees || code != http.StatusOK && code != http.StatusNotFound {
					t.Errorf("%s: the %s gets %d for %s", policy, who, code, path)
				}
			}
			if sees {
				continue
			}
			b.post("/admin/pipeline/bulk", url.Values{"deal": {deal.ID.String() + " 1"}, "do": {"move"}, "to": {"lost"}, "reason": {"timing"}})
			b.post("/admin/deals/"+deal.ID.String()+"/move", url.Values{"version": {"1"}, "to": {"lost"}, "reason": {"price"}})
			if got := owner.dealOf(store.Lead{ID: deal.LeadID}); got.Version != 1 || got.State != "open" {
				t.Fatalf("%s: the %s changed what is hidden", policy, who)
			}
		}
	}
}
