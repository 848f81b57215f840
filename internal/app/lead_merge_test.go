package app_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/store"
)

// everyRow is the content of the tables that a merge touches, but for what only counts versions and jobs.
func (s *selling) everyRow(t interface{ Fatal(...any) }) string {
	out := map[string]any{}
	for table, skip := range map[string]string{"leads": "version", "lead_addresses": "-", "lead_values": "-", "consents": "-", "visits": "-", "outcomes": "-", "messages": "-", "downloads": "-",
		"sayings": "-", "contact_choices": "-", "assignments": "version", "deals": "-", "plans": "-", "steps": "version", "activities": "-", "approach_blocks": "-"} {
		var rows []string
		err := s.Store.DB(s.T.Context()).Raw("select (to_jsonb(t) - ?)::text from "+table+" t order by 1", skip).Scan(&rows).Error
		if err != nil {
			t.Fatal(table, err)
		}
		out[table] = rows
	}
	raw, err := json.MarshalIndent(out, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// A merge and its undoing together are nothing, whatever the two leads have.
func TestMergeAndUndoIsIdentity(t *testing.T) {
	s := newSelling(t)
	n := 0
	rapid.Check(t, func(rt *rapid.T) {
		n++
		if n > 12 { // each round works on a database of its own leads
			return
		}
		var pair []store.Lead
		for i := range 2 {
			address := fmt.Sprintf("p%d-%d@firm%d.example", n, i, n)
			l := s.lead(address)
			for range rapid.IntRange(0, 2).Draw(rt, "again") {
				s.Clock.Move(11 * time.Minute)
				s.lead(address)
			}
			l, _ = s.Store.Lead(t.Context(), l.ID)
			if rapid.Bool().Draw(rt, "no company") {
				if err := s.Store.DB(t.Context()).Exec("update leads set company = '', company_id = null where id = ?", l.ID).Error; err != nil {
					t.Fatal(err)
				}
			}
			if how := rapid.SampledFrom([]string{"", "mail", "none"}).Draw(rt, "choice"); how != "" {
				s.chooses(l, how)
			}
			owner := []store.Actor{s.ana, s.ben}[i]
			switch rapid.SampledFrom([]string{"", "open", "accepted"}).Draw(rt, "hands") {
			case "open":
				s.assigned(l, owner, "open")
			case "accepted":
				as := s.assigned(l, owner, "accepted")
				if err := s.Store.Tx(t.Context(), func(tx *store.Tx) error { return s.App.OpenDeal(tx, as, l, owner) }); err != nil {
					t.Fatal(err)
				}
			}
			if rapid.Bool().Draw(rt, "noted") {
				if _, err := s.App.NoteActivity(t.Context(), app.Note{Lead: l.ID, Kind: "note", Text: "x"}, owner); err != nil {
					t.Fatal(err)
				}
			}
			pair = append(pair, l)
		}
		before := s.everyRow(rt)
		m, err := s.App.MergeLeads(t.Context(), pair[0].ID, pair[1].ID, s.ana)
		if errs.Is(err, errs.Conflict) {
			if after := s.everyRow(rt); after != before {
				rt.Fatal("a merge that was refused changed something")
			}
			return
		}
		if err != nil {
			rt.Fatal(err)
		}
		if c := s.Count("select count(*) from assignments where lead_id = ? and state in ('open','accepted')", pair[0].ID); c > 1 {
			rt.Fatalf("%d open assignments", c)
		}
		for _, table := range []string{"lead_addresses", "lead_values", "outcomes", "messages", "deals", "activities"} {
			if c := s.Count("select count(*) from "+table+" where lead_id = ?", pair[1].ID); c > 0 {
				rt.Fatalf("%d rows of %s stayed behind", c, table)
			}
		}
		if c := s.Count("select count(*) from leads l where id = ? and submissions <> (select count(*) from outcomes o where o.lead_id = l.id)", pair[0].ID); c > 0 {
			rt.Fatal("the count of submissions is wrong")
		}
		if _, err := s.App.UnmergeLeads(t.Context(), m.IntoID, m.ID, s.ben); err != nil {
			rt.Fatal(err)
		}
		if after := s.everyRow(rt); after != before {
			rt.Fatalf("not as it was:\n%s\n\n%s", before, after)
		}
	})
	r, err := s.App.Verify(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range r.Counts {
		for _, p := range line.Parts {
			if p.Bad && p.N > 0 && line.What != "messages" && line.What != "scores" {
				t.Errorf("%s: %d %s", line.What, p.N, p.Name)
			}
		}
	}
}

func TestMergeRefuses(t *testing.T) {
	s := newSelling(t)
	a, b := s.deal("ann@archer.example", s.ana), s.deal("bob@archer.example", s.ben)
	if _, err := s.App.MergeLeads(t.Context(), a.LeadID, b.LeadID, s.ana); errs.CodeOf(err) != errs.Conflict {
		t.Errorf("two deals became one: %v", err)
	}
	if _, err := s.App.MergeLeads(t.Context(), a.LeadID, a.LeadID, s.ana); errs.CodeOf(err) != errs.Conflict {
		t.Errorf("one lead was merged with itself: %v", err)
	}
	c := s.lead("cat@archer.example")
	m, err := s.App.MergeLeads(t.Context(), a.LeadID, c.ID, s.ana)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.App.MergeLeads(t.Context(), a.LeadID, c.ID, s.ana); errs.CodeOf(err) != errs.Conflict {
		t.Errorf("merged twice: %v", err)
	}
	s.Take(submitOf("cat@archer.example", time.Hour, s)) // whoever comes again comes to the lead that stayed
	if n := s.Count("select count(*) from outcomes where lead_id = ?", a.LeadID); n != 3 {
		t.Errorf("%d submissions", n)
	}
	if _, err := s.App.UnmergeLeads(t.Context(), m.IntoID, m.ID, s.ana); err != nil {
		t.Fatal(err)
	}
	if n := s.Count("select count(*) from leads where id in (?, ?) and state = 'active'", a.LeadID, c.ID); n != 2 {
		t.Error("not two again")
	}
}

// A merge that ends an assignment gives its turn back, and undoing it counts it again: the rotation and the assignments
// say the same all along, also when the period is over by then.
func TestMergeAndTheRotation(t *testing.T) {
	for what, later := range map[string]time.Duration{"in the period": time.Minute, "in the next": 40 * 24 * time.Hour} {
		t.Run(what, func(t *testing.T) {
			f := newFloor(t, 2)
			into, from := f.lead(1), f.lead(2)
			f.route(into, from)
			places := func() (rows []string) {
				t.Helper()
				if err := f.Store.DB(t.Context()).Raw("select to_jsonb(p)::text from rotation_places p order by 1").Scan(&rows).Error; err != nil {
					t.Fatal(err)
				}
				return rows
			}
			quiet := func(when string, turns int) {
				t.Helper()
				if n := f.Count("select sum(turns) from rotation_places"); n != turns {
					t.Errorf("%s: %d turns, not %d", when, n, turns)
				}
				for _, u := range verify(t, f.Kit).Unexplained {
					if u.Kind == "assignments" || u.Kind == "turns in the rotation" || u.Kind == "leads in somebody's hands" {
						t.Errorf("%s: %s: %s", when, u.Kind, u.Sentence)
					}
				}
			}
			before := places()
			quiet("routed", 2)
			f.Clock.Move(later)
			m, err := f.App.MergeLeads(t.Context(), into, from, by(f.admin))
			if err != nil {
				t.Fatal(err)
			}
			quiet("merged", 1)
			if _, err := f.App.UnmergeLeads(t.Context(), into, m.ID, by(f.admin)); err != nil {
				t.Fatal(err)
			}
			quiet("undone", 2)
			if after := places(); !slices.Equal(before, after) {
				t.Errorf("the rotation is not as it was:\n%v\n%v", before, after)
			}
		})
	}
}
