package app_test

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/errs"
)

// Every figure of the report opens to as many rows as it says, and nobody's own figures show where the installation shows none.
func TestFirstResponsesOpen(t *testing.T) {
	f := newFloor(t, 3)
	for n := range 9 {
		id := f.lead(n)
		f.route(id)
		as := f.held(id)
		switch n % 4 {
		case 1:
			_, err := f.App.NoteActivity(t.Context(), app.Note{Lead: id, Kind: "call", Direction: "out", Text: "Called", Reason: "they asked for it"}, by(f.owner(as)))
			f.ok(err)
		case 2:
			f.ok(f.App.DeclineLead(t.Context(), as.ID, 0, "no-time", "", by(f.owner(as))))
		case 3:
			f.ok(f.App.ReturnLead(t.Context(), as.ID, 0, "no-need", "", by(f.owner(as))))
		}
	}
	f.until("2026-03-06T12:00:00Z")
	f.tend()
	erased := f.lead(20)
	f.route(erased)
	_, err := f.App.EraseLead(t.Context(), erased, byTest)
	f.ok(err)
	from, to := f.Clock.Now().AddDate(0, 0, -90), f.Clock.Now().Add(time.Minute)
	for _, figures := range []bool{true, false} {
		f.ok(f.Store.DB(t.Context()).Exec("update sales_settings set person_figures = ?", figures).Error)
		r, err := f.App.FirstResponses(t.Context(), from, to)
		f.ok(err)
		opened := 0
		check := func(name string, g app.ResponseGroup, team, person *uuid.UUID) {
			t.Helper()
			for set, n := range map[string]int{app.ResponsesAll: g.Assigned(), app.ResponsesAnswered: len(g.Seconds), app.ResponsesOpen: g.Open, app.ResponsesLate: g.Late} {
				cases, all, err := f.App.ResponseCases(t.Context(), from, to, set, team, person, 1000)
				f.ok(err)
				if opened += all; all != n || len(cases) != n {
					t.Errorf("%s, %s: it says %d, and opens to %d of %d", name, set, n, len(cases), all)
				}
				for _, x := range cases {
					if x.Name == "" || (x.Owner != "") != figures {
						t.Errorf("%s, %s: %q is named, with the owner %q", name, set, x.Name, x.Owner)
					}
				}
			}
		}
		check("all", r.All, nil, nil)
		for _, g := range r.Teams {
			check(g.Name, g, &g.ID, nil)
		}
		for _, g := range r.People {
			check(g.Name, g, nil, &g.ID)
		}
		if opened < 20 || (len(r.People) > 0) != figures {
			t.Errorf("%d rows were opened, %d people have figures", opened, len(r.People))
		}
		if cases, all, err := f.App.ResponseCases(t.Context(), from, to, app.ResponsesAll, nil, nil, 2); err != nil || len(cases) != 2 || all < 9 || cases[0].At.Before(cases[1].At) {
			t.Errorf("the latest two: %d of %d, %v", len(cases), all, err)
		}
		_, _, err = f.App.ResponseCases(t.Context(), from, to, app.ResponsesAll, nil, &f.people[0].ID, 10)
		if errs.Is(err, errs.NotFound) == figures {
			t.Errorf("figures of a person: %v", err)
		}
	}
}
