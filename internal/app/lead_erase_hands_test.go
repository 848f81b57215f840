package app_test

import (
	"testing"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/report"
	"github.com/gatehouse/gatehouse/internal/store"
)

// Whoever is erased is in nobody's hands any more: no clock, no step, no turn, no deal in the forecast, nothing to accept.
func TestErasedIsInNobodysHands(t *testing.T) {
	f := newFloor(t, 2)
	f.ok(f.Store.DB(t.Context()).Exec("update sales_settings set warn_minutes = 60, escalate_minutes = 120, reassign_minutes = 180").Error)
	waits, works := f.lead(1), f.lead(2)
	f.route(waits, works)
	open, accepted := f.held(waits), f.held(works)
	f.ok(f.App.AcceptLead(t.Context(), accepted.ID, 0, by(f.owner(accepted))))
	f.ok(f.Store.DB(t.Context()).Exec("update deals set value = 90000").Error)
	for range 2 { // again changes nothing more
		_, err := f.App.EraseLead(t.Context(), waits, by(f.admin))
		f.ok(err)
		_, err = f.App.EraseLead(t.Context(), works, by(f.admin))
		f.ok(err)
	}
	for what, x := range map[string]struct{ got, want int }{
		"assignments held":             {f.Count("select count(*) from assignments where state in ('open','accepted')"), 0},
		"steps to be done":             {f.Count("select count(*) from steps where done_at is null and skipped_at is null"), 0},
		"turn of the one that waited":  {f.Count("select turns from rotation_places where user_id = ?", open.OwnerID), 0},
		"turn of the one that worked":  {f.Count("select turns from rotation_places where user_id = ?", accepted.OwnerID), 1},
		"deals that are lost":          {f.Count("select count(*) from deals where state = 'lost' and stage = 'lost' and reason = 'erased' and title = '' and value = 90000 and closed_at is not null"), 1},
		"changes that say so":          {f.Count("select count(*) from deal_changes where to_stage = 'lost' and how = 'system'"), 1},
		"deals that still have a name": {f.Count("select count(*) from deals where title <> ''"), 0},
	} {
		if x.got != x.want {
			t.Errorf("%s: %d, not %d", what, x.got, x.want)
		}
	}
	forecast, err := report.Forecast(t.Context(), f.Store.Pool(), nil)
	f.ok(err)
	if len(forecast) != 0 {
		t.Errorf("still foreseen: %+v", forecast)
	}
	for _, u := range f.people {
		h, err := f.App.SalesHome(t.Context(), u.ID, "")
		f.ok(err)
		if h.WaitingN+h.DueN != 0 {
			t.Errorf("%s still has %d waiting and %d due", u.Name, h.WaitingN, h.DueN)
		}
	}
	f.until("2026-03-03T16:00:00Z")
	f.tend()
	if n := f.Count("select count(*) from messages where template = 'clock'") + f.Count("select count(*) from assignments") - 2; n != 0 {
		t.Error("the clock goes on")
	}
	if err := f.App.AcceptLead(t.Context(), open.ID, 0, by(f.owner(open))); !errs.Is(err, errs.Conflict) {
		t.Errorf("an erased person is accepted: %v", err)
	}
	if err := f.App.ReassignLead(t.Context(), accepted.ID, 0, open.OwnerID, "x", by(f.admin)); !errs.Is(err, errs.Conflict) {
		t.Errorf("an erased person is given on: %v", err)
	}
	r, err := f.App.Verify(t.Context())
	f.ok(err)
	for _, line := range r.Counts {
		for _, p := range line.Parts {
			if p.Bad && p.N > 0 {
				t.Errorf("%s: %d %s", line.What, p.N, p.Name)
			}
		}
	}
}

// A deal of an erased person stays as it is, and so does an assignment that a restored copy brought back.
func TestNothingIsDecidedAboutAnErasedPerson(t *testing.T) {
	f := newFloor(t, 2)
	id := f.lead(1)
	f.route(id)
	as := f.held(id)
	f.ok(f.App.AcceptLead(t.Context(), as.ID, 0, by(f.owner(as))))
	_, err := f.App.EraseLead(t.Context(), id, by(f.admin))
	f.ok(err)
	var deals []store.Deal
	f.ok(f.Store.DB(t.Context()).Find(&deals).Error)
	_, err = f.App.MoveDeal(t.Context(), app.DealMove{ID: deals[0].ID, Version: deals[0].Version, To: "discovery"}, by(f.admin))
	if !errs.Is(err, errs.Conflict) {
		t.Errorf("the deal is open again: %v", err)
	}
	f.ok(f.Store.DB(t.Context()).Exec("update assignments set state = 'open', closed_at = null, warn_at = at where id = ?", as.ID).Error)
	f.until("2026-03-03T16:00:00Z")
	f.tend()
	if n := f.Count("select count(*) from messages where template = 'clock'"); n != 0 {
		t.Error("somebody is warned of an erased person")
	}
}
