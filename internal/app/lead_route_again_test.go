package app_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/store"
	"github.com/gatehouse/gatehouse/internal/testkit"
)

// away sends somebody away for whole days.
func (f *floor) away(who store.User, from, until string, deputy *store.User) {
	f.T.Helper()
	in := app.AbsenceEdit{User: who.ID, From: from, Until: until}
	if deputy != nil {
		in.Deputy = deputy.ID.String()
	}
	f.ok(f.App.AddAbsence(f.T.Context(), in, by(f.admin)))
}

// of is a lead of the company archer.example.
func (f *floor) of(name string) uuid.UUID {
	f.T.Helper()
	f.Clock.Move(time.Second)
	f.Take(testkit.Submit(name + "@archer.example"))
	l, _, err := f.Store.LeadByAddress(f.T.Context(), name+"@archer.example")
	f.ok(err)
	return l.ID
}

func (f *floor) turnsAddUp() {
	f.T.Helper()
	r, err := f.App.Verify(f.T.Context())
	f.ok(err)
	for _, item := range r.Unexplained {
		if item.Kind == "turns in the rotation" || item.Kind == "assignments" {
			f.T.Errorf("unexplained: %s", item.Sentence)
		}
	}
}

// All of a team are away: their deputies get its leads, whoever they are; the turns are the rotation's.
func TestATeamThatIsAwayHasDeputies(t *testing.T) {
	f := newFloor(t, 2)
	zoe, yan := f.user("Zoe", "sales"), f.user("Yan", "sales")
	f.away(f.people[0], "2026-03-01", "2026-03-20", &zoe)
	f.away(f.people[1], "2026-03-01", "2026-03-20", &yan)
	got := map[string]int{}
	for i := range 4 {
		id := f.lead(i)
		f.route(id)
		as := f.held(id)
		got[f.owner(as).Name]++
		if as.How != "rule" || as.TeamID == nil || !strings.Contains(as.Reason, "is away until 20 March; deputy ") {
			t.Errorf("%s: %s", as.How, as.Reason)
		}
	}
	if got["Zoe"] != 2 || got["Yan"] != 2 {
		t.Errorf("the deputies got %v", got)
	}
	f.turnsAddUp()
}

// Whoever sells alone gets a lead again that came back and qualified anew; one that was declined does not come round.
func TestWithOneRepALeadComesBack(t *testing.T) {
	f := newFloor(t, 1)
	ana := f.people[0]
	for i, back := range []string{"return", "decline", "return", ""} {
		res := f.Take(testkit.Submit("ann@archer.example"))
		f.ok(f.App.AskAuthor(t.Context(), thanksOf(res), person(), strings.Repeat("Why? ", i+1)))
		scoreWaiting(f.Kit)
		l, _, err := f.Store.LeadByAddress(t.Context(), "ann@archer.example")
		f.ok(err)
		f.route(l.ID)
		as := f.held(l.ID)
		if as.OwnerID != ana.ID {
			t.Fatalf("time %d: %s: %s", i+1, f.owner(as).Name, as.Reason)
		}
		switch back {
		case "return":
			f.ok(f.App.ReturnLead(t.Context(), as.ID, 0, "no-need", "", by(ana)))
		case "decline":
			f.ok(f.App.DeclineLead(t.Context(), as.ID, 0, "no-time", "", by(ana)))
			if as = f.held(l.ID); as.OwnerID != f.admin.ID {
				t.Fatalf("declined, it came round: %s", as.Reason)
			}
			f.ok(f.App.ReturnLead(t.Context(), as.ID, 0, "no-need", "", by(f.admin)))
		}
		f.Clock.Move(100 * 24 * time.Hour)
	}
}

// While its owner is away, a company's leads go to the deputy; after that the company is the owner's again.
func TestACompanyComesBackFromTheDeputy(t *testing.T) {
	for name, during := range map[string]func(f *floor, old uuid.UUID, ana, ben store.User) uuid.UUID{
		"a new lead":      func(f *floor, _ uuid.UUID, _, _ store.User) uuid.UUID { id := f.of("bob"); f.route(id); return id },
		"a running clock": func(f *floor, old uuid.UUID, _, _ store.User) uuid.UUID { f.tend(); return old },
		"the deputy accepts it": func(f *floor, old uuid.UUID, _, ben store.User) uuid.UUID {
			f.ok(f.App.AcceptLead(f.T.Context(), f.held(old).ID, 0, by(ben)))
			return old
		},
		"the deputy goes away as well": func(f *floor, old uuid.UUID, _, ben store.User) uuid.UUID {
			f.tend()
			if as := f.held(old); as.OwnerID != ben.ID {
				f.T.Fatalf("%s: %s", f.owner(as).Name, as.Reason)
			}
			f.away(ben, "2026-03-05", "2026-03-06", &f.people[2])
			f.Clock.Move(time.Minute)
			f.tend()
			if as := f.held(old); as.OwnerID != f.people[2].ID || as.ReasonData.For != "Ana" {
				f.T.Errorf("%s, for %s: %s", f.owner(as).Name, as.ReasonData.For, as.Reason)
			}
			return old
		},
		"given to who is away": func(f *floor, old uuid.UUID, ana, _ store.User) uuid.UUID {
			id := f.lead(7)
			f.ok(f.Store.DB(f.T.Context()).Exec("update leads set company_id = (select company_id from leads where id = ?) where id = ?", old, id).Error)
			f.ok(f.App.GiveLead(f.T.Context(), id, ana.ID, by(f.admin)))
			return id
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFloor(t, 3)
			ana, ben := f.people[0], f.people[1]
			old := f.of("ann")
			f.route(old)
			f.away(ana, "2026-03-04", "2026-03-06", &ben)
			f.until("2026-03-05T10:00:00Z")
			if as := f.held(during(f, old, ana, ben)); as.OwnerID != ben.ID && name != "the deputy goes away as well" {
				t.Fatalf("%s: %s", f.owner(as).Name, as.Reason)
			}
			f.until("2026-03-20T10:00:00Z")
			id := f.of("cid")
			f.route(id)
			if as := f.held(id); as.OwnerID != ana.ID || !strings.HasPrefix(as.Reason, "existing owner Ana (has other leads of this company)") {
				t.Errorf("%s: %s", f.owner(as).Name, as.Reason)
			}
		})
	}
}

// What a deputy declines goes on, and not to the deputy; the reason names who declined it. Whoever declines something as
// a manager may still be asked.
func TestADeputyDeclines(t *testing.T) {
	f := newFloor(t, 3)
	ana, ben := f.people[0], f.people[1]
	id, other := f.lead(1), f.lead(2)
	f.route(id)
	f.until("2026-03-03T10:00:00Z")
	_, err := f.App.NoteActivity(t.Context(), app.Note{Lead: id, Kind: "call", Direction: "out", Text: "Called", Reason: "x"}, by(ana))
	f.ok(err)
	f.away(ana, "2026-03-03", "2026-03-06", &ben)
	f.ok(f.App.DeclineLead(t.Context(), f.held(id).ID, 0, "no-time", "", by(ben)))
	as := f.held(id)
	if as.OwnerID != f.people[2].ID || !strings.HasPrefix(as.Reason, "Ben, for Ana, declined it; rule 1") {
		t.Errorf("%s: %s", f.owner(as).Name, as.Reason)
	}
	f.ok(f.App.DeclineLead(t.Context(), as.ID, 0, "no-time", "", by(f.people[2])))
	if as = f.held(id); as.OwnerID != f.admin.ID {
		t.Errorf("it came round: %s", as.Reason)
	}
	f.route(other) // Ben's turn
	f.ok(f.App.DeclineLead(t.Context(), f.held(other).ID, 0, "no-time", "", by(f.admin)))
	f.ok(f.App.DeclineLead(t.Context(), f.held(other).ID, 0, "no-time", "", by(f.admin)))
	if as = f.held(other); as.OwnerID != f.admin.ID {
		t.Errorf("%s: %s", f.owner(as).Name, as.Reason)
	}
	f.turnsAddUp()
}

// What is due of whoever is away stands on the home of whoever stands in, along the chain, and after that at home again.
func TestDueStepsGoToTheDeputyAndBack(t *testing.T) {
	f := newFloor(t, 3)
	ana, ben, cleo := f.people[0], f.people[1], f.people[2]
	id := f.lead(1)
	f.route(id)
	f.until("2026-03-03T10:00:00Z")
	f.ok(f.App.AcceptLead(t.Context(), f.held(id).ID, 0, by(ana)))
	_, err := f.App.NoteActivity(t.Context(), app.Note{Lead: id, Kind: "call", Direction: "out", Text: "Called", Reason: "x"}, by(ana))
	f.ok(err)
	f.ok(f.Store.DB(t.Context()).Exec("update steps set due_at = ?", f.at("2026-03-03T12:00:00Z")).Error)
	n := f.Count("select count(*) from steps where owner_id = ? and done_at is null and skipped_at is null", ana.ID)
	f.away(ana, "2026-03-10", "2026-03-12", &ben)
	f.away(ben, "2026-03-11", "2026-03-11", &cleo)
	for _, day := range []struct {
		at             string
		ana, ben, cleo int
	}{{"2026-03-09T10:00:00Z", n, 0, 0}, {"2026-03-10T10:00:00Z", n, n, 0}, {"2026-03-11T10:00:00Z", n, n, n}, {"2026-03-12T10:00:00Z", n, n, 0}, {"2026-03-13T10:00:00Z", n, 0, 0}} {
		f.until(day.at)
		f.tend()
		for u, want := range map[*store.User]int{&ana: day.ana, &ben: day.ben, &cleo: day.cleo} {
			h, err := f.App.SalesHome(t.Context(), u.ID, "")
			f.ok(err)
			if h.DueN != want || len(h.Due) != want {
				t.Errorf("%s: %d steps on the home of %s, not %d", day.at, h.DueN, u.Name, want)
			}
		}
	}
	if n == 0 || f.held(id).OwnerID != ana.ID {
		t.Errorf("%d steps, in the hands of %s", n, f.owner(f.held(id)).Name)
	}
}

// Nobody goes on with a lead that the last one declined: its steps are on nobody's list.
func TestDeclinedByTheLastOneLeavesNoSteps(t *testing.T) {
	f := newFloor(t, 1)
	f.ok(f.Store.DB(t.Context()).Exec("update users set disabled_at = now() where id = ?", f.admin.ID).Error)
	id := f.lead(1)
	f.route(id)
	due := func() int {
		return f.Count("select count(*) from steps where done_at is null and skipped_at is null")
	}
	if due() == 0 {
		t.Fatal("no steps to begin with")
	}
	f.ok(f.App.DeclineLead(t.Context(), f.held(id).ID, 0, "no-time", "", by(f.people[0])))
	f.until("2026-03-20T10:00:00Z")
	h, err := f.App.SalesHome(t.Context(), f.people[0].ID, "")
	f.ok(err)
	if due() != 0 || h.DueN != 0 || h.Overdue != 0 {
		t.Errorf("%d steps, %s", due(), fmt.Sprint(h.DueN, h.Overdue))
	}
}

// The last day away is the last day where the person works.
func TestAwayUntilWhereTheyWork(t *testing.T) {
	f := newFloor(t, 2)
	ana, ben := f.people[0], f.people[1]
	f.ok(f.Store.DB(t.Context()).Exec("update user_profiles set time_zone = 'America/Los_Angeles' where user_id = ?", ana.ID).Error)
	id := f.of("ann")
	f.route(id)
	f.until("2026-03-03T18:00:00Z")
	f.away(ana, "2026-03-03", "2026-03-05", &ben)
	f.tend()
	if as := f.held(id); !strings.HasPrefix(as.Reason, "Ana is away until 5 March") {
		t.Error(as.Reason)
	}
	next := f.of("bob")
	f.route(next)
	if as := f.held(next); !strings.Contains(as.Reason, "Ana (has other leads of this company) is away until 5 March; deputy Ben") {
		t.Error(as.Reason)
	}
	v, err := f.App.TeamView(t.Context(), f.team)
	f.ok(err)
	sellers, err := f.App.WhoSells(t.Context())
	f.ok(err)
	if got := v.Members[0].Away.Add(-time.Minute).Format("2 January"); got != "5 March" {
		t.Errorf("the team's page says %s", got)
	}
	if got := sellers[0].Away.Add(-time.Minute).Format("2 January"); got != "5 March" {
		t.Errorf("the lead's page says %s", got)
	}
}
