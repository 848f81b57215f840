package app_test

import (
	"testing"
	"time"

	"github.com/gatehouse/gatehouse/internal/store"
)

// inARow is how many leads somebody gets before it is somebody else's turn.
func (f *floor) inARow(who store.User) (n int) {
	f.T.Helper()
	for ; n < 20; n++ {
		id := f.lead(1000 + f.Count("select count(*) from leads"))
		f.route(id)
		if f.held(id).OwnerID != who.ID {
			break
		}
	}
	return n
}

func TestAChangedWeightCountsFromNowOn(t *testing.T) {
	for _, to := range []int{3, 1} {
		f := newFloor(t, 0)
		ana := f.seller("Ana", int32(4-to), 0)
		f.seller("Ben", 1, 0)
		for i := range 12 {
			f.route(f.lead(i))
		}
		f.ok(f.App.SetMember(t.Context(), f.team, ana.ID, to, 0, by(f.admin)))
		before := f.Count("select count(*) from assignments where owner_id = ?", ana.ID)
		for i := range 8 {
			f.route(f.lead(50 + i))
		}
		if n := f.Count("select count(*) from assignments where owner_id = ?", ana.ID) - before; to == 3 && n != 6 || to == 1 && n != 4 {
			t.Errorf("of 8 leads with weight %d against 1 she got %d", to, n)
		}
		f.turnsAddUp()
	}
}

// Whoever sells again, for whatever reason they did not, begins at the team's average.
func TestWhoSellsAgainBeginsLevel(t *testing.T) {
	for name, gone := range map[string][2]func(f *floor, u store.User){
		"account disabled": {
			func(f *floor, u store.User) {
				f.ok(f.App.DisableUser(f.T.Context(), u.ID, u.Version, true, by(f.admin)))
			},
			func(f *floor, u store.User) {
				f.ok(f.App.DisableUser(f.T.Context(), u.ID, u.Version+1, false, by(f.admin)))
			},
		},
		"in marketing": {
			func(f *floor, u store.User) {
				f.ok(f.App.ChangeRole(f.T.Context(), u.ID, u.Version, "marketing", by(f.admin)))
			},
			func(f *floor, u store.User) {
				f.ok(f.App.ChangeRole(f.T.Context(), u.ID, u.Version+1, "sales", by(f.admin)))
			},
		},
		"away": {
			func(f *floor, u store.User) { f.away(u, "2026-03-03", "2026-03-04", nil) },
			func(f *floor, _ store.User) { f.until("2026-03-05T09:00:00Z") },
		},
		"out of the team": {
			func(f *floor, u store.User) { f.ok(f.App.RemoveMember(f.T.Context(), f.team, u.ID, by(f.admin))) },
			func(f *floor, u store.User) { f.ok(f.App.SetMember(f.T.Context(), f.team, u.ID, 1, 0, by(f.admin))) },
		},
		"left, and taken back": {
			func(f *floor, u store.User) {
				f.ok(f.Store.DB(f.T.Context()).Exec("update user_profiles set left_at = ? where user_id = ?", f.Clock.Now(), u.ID).Error)
			},
			func(f *floor, u store.User) { f.ok(f.App.PlanLeaving(f.T.Context(), u.ID, 1, "", "", by(f.admin))) },
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFloor(t, 2)
			f.route(f.lead(0), f.lead(1))
			gone[0](f, f.people[0])
			for i := 2; i < 12; i++ {
				f.route(f.lead(i))
			}
			gone[1](f, f.people[0])
			if n := f.inARow(f.people[0]); n > 1 {
				t.Errorf("back, she got %d in a row", n)
			}
		})
	}
}

func TestWhatWasTakenAwayLeavesRoom(t *testing.T) {
	f := newFloor(t, 0)
	ana, zoe := f.seller("Ana", 1, 2), f.user("Zoe", "sales")
	for i := range 2 {
		id := f.lead(i)
		f.route(id)
		f.ok(f.App.ReassignLead(t.Context(), f.held(id).ID, 0, zoe.ID, "x", by(f.admin)))
	}
	for _, day := range []string{"2026-03-03T10:00:00Z", "2026-03-04T10:00:00Z"} {
		f.until(day)
		if n := f.inARow(ana); n != 2 {
			t.Errorf("%s: with room for two a day she got %d", day, n)
		}
	}
}

// Leads that nobody can be found for do not keep the deputies from those that somebody can.
func TestStuckLeadsStandInNobodysWay(t *testing.T) {
	for name, deputy := range map[string]bool{"nobody stands in": false, "who stands in is away too": true} {
		t.Run(name, func(t *testing.T) {
			f := newFloor(t, 4)
			ana, ben, cleo, dan := f.people[0], f.people[1], f.people[2], f.people[3]
			id := f.lead(1)
			db, now := f.Store.DB(t.Context()), f.Clock.Now()
			f.ok(db.Exec(`insert into leads (id, state, given_name, family_name, company, job_title, tel, country, email, source, submissions, version, created_at, last_at)
				select gen_random_uuid(), 'active', '', '', '', '', '', '', 'x' || i || '@x.example', '', 0, 1, ?, ? from generate_series(1, 201) i`, now, now).Error)
			f.ok(db.Exec(`insert into assignments (id, lead_id, owner_id, rule_key, how, reason, reason_data, state, period, at, clock_from, first_response_kind, close_reason, close_note, version)
				select gen_random_uuid(), id, case when id = ? then cast(? as uuid) else cast(? as uuid) end, 'x', 'rule', 'x', '{}', case when id = ? then 'open' else 'accepted' end,
					'2026-03-01', case when id = ? then cast(? as timestamptz) else cast(? as timestamptz) end, ?, '', '', '', 1 from leads`, id, ben.ID, ana.ID, id, id, now, now.Add(-time.Hour), now).Error)
			if deputy {
				f.away(ana, "2026-03-03", "2026-03-20", &dan)
				f.away(dan, "2026-03-03", "2026-03-20", nil)
			} else {
				f.away(ana, "2026-03-03", "2026-03-20", nil)
			}
			f.away(ben, "2026-03-03", "2026-03-20", &cleo)
			f.Clock.Move(time.Hour)
			f.tend()
			f.Clock.Move(time.Minute)
			f.tend()
			if as := f.held(id); as.OwnerID != cleo.ID {
				t.Errorf("with %s: %s", f.owner(as).Name, as.Reason)
			}
			if n := f.Count("select count(*) from alarms where kind = 'lead-stuck'"); deputy != (n == 201) {
				t.Errorf("%d alarms", n)
			}
		})
	}
}
