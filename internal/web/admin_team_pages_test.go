package web_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/auth"
	"github.com/gatehouse/gatehouse/internal/pipeline"
	"github.com/gatehouse/gatehouse/internal/store"
	"github.com/gatehouse/gatehouse/internal/testkit"
	chromium "github.com/gatehouse/gatehouse/internal/testkit/browser"
)

// salesHouse is a site with a team of three, of whom one is away, and two leads in hand. It gives the admin, a seller who
// has a lead, and the leads.
func salesHouse(t *testing.T) (s *site, admin, seller *browser, leads []uuid.UUID, team uuid.UUID) {
	t.Helper()
	s = newSite(t)
	admin, seller = s.login(auth.Admin), s.login(auth.Sales)
	create := func(row any) {
		if err := s.Store.DB(t.Context()).Create(row).Error; err != nil {
			t.Fatal(err)
		}
	}
	teams, err := store.Teams(s.Store.DB(t.Context()), false)
	if err != nil {
		t.Fatal(err)
	}
	team = teams[0].ID
	people := []store.User{seller.user}
	for _, name := range []string{"Ben Okafor", "Cleo Marchetti-Lindqvist"} {
		u := store.User{ID: store.NewID(), Name: name, Role: "sales", Email: strings.ToLower(name[:3]) + "@sales.example", Version: 1, CreatedAt: s.Clock.Now()}
		create(&u)
		people = append(people, u)
	}
	for i, u := range people {
		create(&store.UserProfile{UserID: u.ID, JobTitle: "Partner", TimeZone: "Europe/Berlin", Hours: pipeline.OfficeWeek(), HolidayRegion: "de-by", Version: 1, UpdatedAt: s.Clock.Now()})
		create(&store.TeamMember{TeamID: team, UserID: u.ID, Weight: int32(1 + i%2), DailyCapacity: int32(4 * i), JoinedAt: s.Clock.Now().AddDate(0, -2, 0)})
	}
	err = s.App.AddAbsence(t.Context(), app.AbsenceEdit{User: people[2].ID, From: "2026-03-02", Until: "2026-03-06", Deputy: people[1].ID.String(), Note: "skiing"}, admin.actor())
	if err != nil {
		t.Fatal(err)
	}
	for _, address := range []string{"ann@weatherby.example", "jonas@brandt-pumpen.example", "mei@okonkwo.example"} {
		s.Take(testkit.Submit(address))
		l, _, err := s.Store.LeadByAddress(t.Context(), address)
		if err != nil {
			t.Fatal(err)
		}
		leads = append(leads, l.ID)
	}
	if err := s.App.RouteLeads(t.Context(), leads); err != nil {
		t.Fatal(err)
	}
	return s, admin, seller, leads, team
}

// The pages about who sells and in whose hands a lead is, in the window of a phone and a desk, by day and by night.
func TestTeamPagesLook(t *testing.T) {
	s, admin, seller, leads, team := salesHouse(t)
	var held store.Assignment
	if err := s.Store.DB(t.Context()).Where("owner_id = ?", seller.user.ID).Take(&held).Error; err != nil {
		t.Fatal(err)
	}
	if err := s.App.DeclineLead(t.Context(), held.ID, 0, "no-time", "On the road until Friday", seller.actor()); err != nil {
		t.Fatal(err)
	}
	fresh := testkit.Submit("pavel@dvorak.example")
	s.Clock.Move(time.Minute)
	s.Take(fresh)
	l, _, err := s.Store.LeadByAddress(t.Context(), "pavel@dvorak.example")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.App.GiveLead(t.Context(), l.ID, seller.user.ID, admin.actor()); err != nil {
		t.Fatal(err)
	}
	mine, err := store.HeldAssignment(s.Store.DB(t.Context()), l.ID)
	if err != nil {
		t.Fatal(err)
	}
	as := admin
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Host = "127.0.0.1:8080"
		if as.cookie != "" {
			r.Header.Set("Cookie", as.cookie)
		}
		s.ServeHTTP(w, r)
	}))
	defer server.Close()
	p := chromium.Start(t).NewPage(t, server.URL)
	p.BypassPolicy()
	p.Expect("status of 404")
	look := func(who *browser, name, path string) {
		as = who
		p.Open(path)
		for _, f := range p.Look("r-" + name) {
			t.Error(f)
		}
	}
	look(admin, "teams", "/admin/teams")
	look(admin, "team", "/admin/teams/"+team.String())
	look(admin, "person", "/admin/teams/people/"+seller.user.ID.String())
	look(admin, "sales-settings", "/admin/teams/settings")
	look(admin, "routing", "/admin/rules/routing?who=ann@weatherby.example")
	if res := admin.post("/admin/rules/routing/draft", url.Values{}); res.Code != http.StatusSeeOther {
		t.Fatalf("draft: %d", res.Code)
	}
	look(admin, "routing-draft", "/admin/rules/routing")
	look(admin, "first-response", "/admin/reports/first-response")
	look(admin, "lead-admin", "/admin/leads/"+leads[0].String())
	look(seller, "lead", "/admin/leads/"+l.ID.String())
	look(seller, "claim", "/admin/claim/"+mine.ID.String())
	look(seller, "profile", "/admin/account/profile")
}
