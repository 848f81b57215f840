package app_test

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/store"
	"github.com/gatehouse/gatehouse/internal/testkit"
)

// led is a floor whose team has a manager who sells nothing there.
func led(t *testing.T, n int, role string) (*floor, store.User) {
	t.Helper()
	f := newFloor(t, n)
	m := f.user("Max", role)
	f.ok(f.Store.DB(t.Context()).Exec("update teams set manager_id = ?", m.ID).Error)
	return f, m
}

// told counts the escalations that somebody got.
func (f *floor) told(u store.User) int {
	return f.Count("select count(*) from messages where template = 'clock' and data->>'to' = 'manager' and user_id = ?", u.ID)
}

// A lead that was taken over by hand or by a deputy is still the team's: its manager decides about it, is told of it, and
// its figures count there; the rotation counts only what it chose.
func TestATeamAnswersForWhatWasTakenOver(t *testing.T) {
	f, head := led(t, 3, "sales")
	f.ok(f.Store.DB(t.Context()).Exec("update sales_settings set warn_minutes = 0, escalate_minutes = 600, reassign_minutes = 0, manager_user_id = ?", f.user("Otto", "sales").ID).Error)
	id := f.lead(1)
	f.route(id)
	f.ok(f.App.ReassignLead(t.Context(), f.held(id).ID, 0, f.people[1].ID, "x", by(head)))
	f.ok(f.App.ReassignLead(t.Context(), f.held(id).ID, 0, f.people[2].ID, "x", by(head)))
	outsider := f.user("Zoe", "sales") // of another team
	south, err := f.App.AddTeam(t.Context(), app.TeamEdit{Name: "South"}, by(f.admin))
	f.ok(err)
	f.ok(f.App.SetMember(t.Context(), south.ID, outsider.ID, 1, 0, by(f.admin)))
	f.ok(f.App.AddAbsence(t.Context(), app.AbsenceEdit{User: f.people[2].ID, From: "2026-03-03", Until: "2026-03-06", Deputy: outsider.ID.String()}, by(f.admin)))
	f.until("2026-03-03T09:10:00Z")
	f.tend()
	as := f.held(id)
	if as.OwnerID != outsider.ID || as.TeamID != nil || as.AnsweringTeamID == nil || *as.AnsweringTeamID != f.team {
		t.Fatalf("%+v", as)
	}
	f.until("2026-03-04T12:00:00Z")
	f.tend()
	if f.told(head) != 1 || f.Count("select count(*) from messages where template = 'clock'") != 1 {
		t.Error("another manager was told")
	}
	r, err := f.App.FirstResponses(t.Context(), f.Clock.Now().AddDate(0, 0, -3), f.Clock.Now())
	f.ok(err)
	if len(r.Teams) != 1 || r.Teams[0].ID != f.team {
		t.Errorf("%+v", r.Teams)
	}
	if n := f.Count("select coalesce(sum(turns), 0) from rotation_places"); n != 0 {
		t.Errorf("%d turns", n)
	}
	f.ok(f.App.ReassignLead(t.Context(), as.ID, 0, f.people[0].ID, "x", by(head)))
}

// Whoever goes to the owner of the company's other leads is the owner's team's; whoever is given to another team for good is that one's.
func TestTheOwnersTeamAnswers(t *testing.T) {
	f := newFloor(t, 2)
	north, err := f.App.AddTeam(t.Context(), app.TeamEdit{Name: "North"}, by(f.admin))
	f.ok(err)
	nora := f.user("Nora", "sales")
	f.ok(f.App.SetMember(t.Context(), north.ID, nora.ID, 1, 0, by(f.admin)))
	var last uuid.UUID
	for _, a := range []string{"a@acme.example", "b@acme.example"} {
		f.Clock.Move(time.Second)
		f.Take(testkit.Submit(a))
		l, _, err := f.Store.LeadByAddress(t.Context(), a)
		f.ok(err)
		f.route(l.ID)
		last = l.ID
	}
	as := f.held(last)
	if as.RuleKey != "existing-owner" || as.TeamID != nil || as.AnsweringTeamID == nil || *as.AnsweringTeamID != f.team {
		t.Errorf("%+v", as)
	}
	f.ok(f.App.ReassignLead(t.Context(), as.ID, 0, nora.ID, "hers", by(f.admin)))
	if as = f.held(last); as.AnsweringTeamID == nil || *as.AnsweringTeamID != north.ID {
		t.Errorf("%+v", as)
	}
}

// Who has left is told nothing; an alarm asks for somebody else, once, until there is one. Marketing may lead a team.
func TestWhoLeadsATeam(t *testing.T) {
	f, mia := led(t, 2, "marketing")
	left := f.seller("Lou", 1, 0)
	f.ok(f.Store.DB(t.Context()).Exec("update sales_settings set warn_minutes = 0, escalate_minutes = 60, reassign_minutes = 0, manager_user_id = ?, fallback_user_id = ?", left.ID, left.ID).Error)
	f.ok(f.Store.DB(t.Context()).Exec("update user_profiles set leaves_at = ? where user_id = ?", f.Clock.Now(), left.ID).Error)
	f.Clock.Move(time.Minute)
	f.tend()
	one, two := f.lead(1), f.lead(2)
	f.route(one)
	f.until("2026-03-03T12:00:00Z")
	f.tend()
	if f.told(mia) != 1 || f.told(left) != 0 {
		t.Errorf("marketing was told %d times, who has left %d", f.told(mia), f.told(left))
	}
	if n := f.Count("select times from alarms where kind = 'manager-gone' and object = 'sales' and cleared_at is null"); n != 1 {
		t.Errorf("the alarm was raised %d times", n)
	}
	f.ok(f.Store.DB(t.Context()).Exec("update users set disabled_at = now() where id = ?", mia.ID).Error)
	f.route(two)
	f.until("2026-03-04T12:00:00Z")
	f.tend()
	if f.told(f.admin) != 1 || f.told(left) != 0 {
		t.Errorf("the admin was told %d times, who has left %d", f.told(f.admin), f.told(left))
	}
	views, err := f.App.TeamViews(t.Context())
	f.ok(err)
	if !views[0].ManagerGone {
		t.Error("the page of teams does not say that the manager is gone")
	}
	f.ok(f.Store.DB(t.Context()).Exec("update teams set manager_id = ?", f.admin.ID).Error)
	f.tend()
	if n := f.Count("select count(*) from alarms where kind = 'manager-gone' and cleared_at is null"); n != 1 {
		t.Errorf("%d alarms are left, and one is true", n)
	}
}

// Whoever leads a team sees its leads, whoever stands in for a stand-in sees what they have to do, and nobody else does.
func TestWhoLeadsAndWhoStandsInSees(t *testing.T) {
	f, head := led(t, 2, "sales")
	zoe, stranger := f.user("Zoe", "sales"), f.user("Sam", "sales")
	id := f.lead(1)
	f.route(id)
	f.ok(f.App.AddAbsence(t.Context(), app.AbsenceEdit{User: f.people[0].ID, From: "2026-03-04", Until: "2026-03-06", Deputy: f.people[1].ID.String()}, by(f.admin)))
	f.ok(f.App.AddAbsence(t.Context(), app.AbsenceEdit{User: f.people[1].ID, From: "2026-03-04", Until: "2026-03-06", Deputy: zoe.ID.String()}, by(f.admin)))
	for _, day := range []struct {
		at       string
		standsIn bool
	}{{"2026-03-03T10:00:00Z", false}, {"2026-03-04T09:00:00Z", true}} {
		f.until(day.at)
		for _, policy := range []string{"team", "own"} {
			f.ok(f.Store.DB(t.Context()).Exec("update sales_settings set visibility = ?", policy).Error)
			for u, sees := range map[*store.User]bool{&head: true, &zoe: day.standsIn, &stranger: false} {
				sight, err := f.App.VisibleTo(t.Context(), *u)
				f.ok(err)
				_, n, err := f.App.ListLeads(t.Context(), app.LeadFilter{Sight: sight}, 10, 0)
				f.ok(err)
				err = f.App.MaySeeLead(t.Context(), *u, id)
				if (err == nil) != sees || (n == 1) != sees || err != nil && !errs.Is(err, errs.NotFound) {
					t.Errorf("%s, %s: %s sees %d leads in the list: %v", day.at, policy, u.Name, n, err)
				}
			}
		}
	}
	f.until("2026-03-04T09:30:00Z")
	f.tend() // now it is in the hands of Zoe, who is in no team
	if f.held(id).OwnerID != zoe.ID {
		t.Error("not taken over")
	}
	for _, policy := range []string{"team", "own"} {
		f.ok(f.Store.DB(t.Context()).Exec("update sales_settings set visibility = ?", policy).Error)
		for u, sees := range map[*store.User]int{&head: 1, &zoe: 1, &stranger: 0} {
			if lead, listed, waiting, deals := f.sees(*u, id); lead != sees || listed != sees || waiting != sees || deals != 0 {
				t.Errorf("%s, it waits: %s sees %d leads, %d in the list, %d on the board", policy, u.Name, lead, listed, waiting)
			}
		}
	}
	f.ok(f.App.AcceptLead(t.Context(), f.held(id).ID, 0, by(zoe)))
	for u, sees := range map[*store.User]int{&head: 1, &zoe: 1, &stranger: 0} {
		if lead, listed, waiting, deals := f.sees(*u, id); lead != sees || listed != sees || waiting != 0 || deals != sees {
			t.Errorf("a deal: %s sees %d leads, %d in the list, %d deals", u.Name, lead, listed, deals)
		}
	}
	f.ok(f.Store.DB(t.Context()).Exec("update sales_settings set manager_user_id = ?", stranger.ID).Error)
	f.ok(f.App.MaySeeLead(t.Context(), stranger, id))
}

// sees is how much of one lead somebody is shown: its page, the list, what waits, and its deal on the board and by itself.
func (f *floor) sees(u store.User, id uuid.UUID) (lead, listed, waiting, deals int) {
	f.T.Helper()
	ctx := f.T.Context()
	if err := f.App.MaySeeLead(ctx, u, id); err == nil {
		lead = 1
	} else if !errs.Is(err, errs.NotFound) {
		f.T.Error(err)
	}
	sight, err := f.App.VisibleTo(ctx, u)
	f.ok(err)
	_, listed, err = f.App.ListLeads(ctx, app.LeadFilter{Sight: sight}, 10, 0)
	f.ok(err)
	b, err := f.App.ReadBoard(ctx, app.DealFilter{Sight: sight}, "")
	f.ok(err)
	for _, c := range b.Columns {
		deals += c.N
	}
	var all []uuid.UUID
	f.ok(f.Store.DB(ctx).Raw("select id from deals where lead_id = ?", id).Scan(&all).Error)
	for _, deal := range all {
		_, work := f.App.MayWorkDeal(ctx, u, deal)
		_, page := f.App.DealDetail(ctx, u, deal)
		if (work == nil) != (deals == 1) || (page == nil) != (deals == 1) {
			f.T.Errorf("%s: %d deals on the board; its page %v, to work on %v", u.Name, deals, page, work)
		}
	}
	return lead, listed, b.WaitingN, deals
}
