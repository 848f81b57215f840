package app_test

import (
	"testing"
	"time"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/pipeline"
	"github.com/gatehouse/gatehouse/internal/store"
)

func TestWhatCannotBePartedIsNot(t *testing.T) {
	s := newSelling(t)
	into, from := s.lead("ann@archer.example"), s.lead("ann@other.example")
	as := s.assigned(from, s.ana, "open")
	m, err := s.App.MergeLeads(t.Context(), into.ID, from.ID, s.ana)
	if err != nil {
		t.Fatal(err)
	}
	s.Clock.Move(time.Minute)
	if err := s.App.AcceptLead(t.Context(), as.ID, 0, s.ana); err != nil {
		t.Fatal(err)
	}
	if _, err := s.App.UnmergeLeads(t.Context(), m.IntoID, m.ID, s.ana); !errs.Is(err, errs.Conflict) {
		t.Errorf("a deal was torn from its assignment: %v", err)
	}
	if r := verify(t, s.Kit); !r.OK() {
		t.Errorf("after a refusal: %+v", r.Unexplained)
	}
	mustExec(t, s.Kit, "update assignments set lead_id = ? where id = ?", from.ID, as.ID)
	if r := verify(t, s.Kit); r.OK() {
		t.Error("nothing says that a deal is another lead's")
	}
}

func TestTheBasisOutlivesAMerge(t *testing.T) {
	s := newSelling(t)
	l := s.lead("ann@archer.example")
	h, err := s.App.AddLead(t.Context(), app.HandLead{Values: map[string]string{"email": "ann@fair.example", "given_name": "Ann"}, Kind: "fair", Basis: "consent", Covers: pipeline.Channels(), To: "me"}, s.ana)
	if err != nil {
		t.Fatal(err)
	}
	mustExec(t, s.Kit, "delete from outcomes where lead_id = ?", l.ID)
	before, _ := s.App.MayApproach(t.Context(), h.ID, "mail")
	if _, err := s.App.MergeLeads(t.Context(), l.ID, h.ID, s.ana); err != nil {
		t.Fatal(err)
	}
	after, err := s.App.MayApproach(t.Context(), l.ID, "mail")
	if err != nil || after.Verdict != before.Verdict || after.Why != before.Why {
		t.Errorf("before: %+v; merged: %+v, %v", before, after, err)
	}
}

// What hangs on what goes back keeps two leads together, whatever it is; so do other hands, and a merge that came on top.
func TestWhatWasBuiltOnAMergeIsNotTornApart(t *testing.T) {
	for name, build := range map[string]func(t *testing.T, s *selling, into, from store.Lead, as store.Assignment){
		"handed on": func(t *testing.T, s *selling, _, _ store.Lead, as store.Assignment) {
			t.Helper()
			mustExec(t, s.Kit, "delete from steps")
			mustExec(t, s.Kit, "delete from plans")
			if err := s.App.ReassignLead(t.Context(), as.ID, 0, *s.ben.ID, "knows them", s.ana); err != nil {
				t.Fatal(err)
			}
		},
		"a plan of the other one's hands": func(t *testing.T, s *selling, _, _ store.Lead, _ store.Assignment) {
			t.Helper()
			mustExec(t, s.Kit, `update lead_merges set moved = jsonb_set(jsonb_set(moved::jsonb, '{rows,plans}', '[]'), '{rows,steps}', '[]')`)
		},
		"a step of the other one's plan": func(t *testing.T, s *selling, _, _ store.Lead, _ store.Assignment) {
			t.Helper()
			mustExec(t, s.Kit, `update lead_merges set moved = jsonb_set(moved::jsonb, '{rows,steps}', '[]')`)
		},
		"merged on": func(t *testing.T, s *selling, into, _ store.Lead, _ store.Assignment) {
			t.Helper()
			third := s.lead("ann@third.example")
			if _, err := s.App.MergeLeads(t.Context(), into.ID, third.ID, s.ana); err != nil {
				t.Fatal(err)
			}
		},
		"merged into a third": func(t *testing.T, s *selling, into, _ store.Lead, _ store.Assignment) {
			t.Helper()
			third := s.lead("ann@third.example")
			if _, err := s.App.MergeLeads(t.Context(), third.ID, into.ID, s.ana); err != nil {
				t.Fatal(err)
			}
		},
		"erased": func(t *testing.T, s *selling, into, _ store.Lead, _ store.Assignment) {
			t.Helper()
			if _, err := s.App.EraseLead(t.Context(), into.ID, store.Actor{Kind: "command"}); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSelling(t)
			into, from := s.lead("ann@archer.example"), s.lead("ann@other.example")
			as := s.assigned(from, s.ana, "open")
			m, err := s.App.MergeLeads(t.Context(), into.ID, from.ID, s.ana)
			if err != nil {
				t.Fatal(err)
			}
			s.Clock.Move(time.Minute)
			build(t, s, into, from, as)
			before := s.everyRow(t)
			if _, err := s.App.UnmergeLeads(t.Context(), m.IntoID, m.ID, s.ana); !errs.Is(err, errs.Conflict) {
				t.Errorf("it was parted: %v", err)
			}
			if s.everyRow(t) != before {
				t.Error("what was refused changed something")
			}
		})
	}
}

// An assignment that the merge ended does not come back beside another one.
func TestUndoFindsOtherHands(t *testing.T) {
	s := newSelling(t)
	into, from := s.lead("ann@archer.example"), s.lead("ann@other.example")
	s.assigned(into, s.ana, "open")
	ended := s.assigned(from, s.ben, "open")
	m, err := s.App.MergeLeads(t.Context(), into.ID, from.ID, s.ana)
	if err != nil {
		t.Fatal(err)
	}
	mustExec(t, s.Kit, "update assignments set close_reason = 'by-hand' where id = ?", ended.ID)
	if _, err := s.App.UnmergeLeads(t.Context(), m.IntoID, m.ID, s.ana); !errs.Is(err, errs.Conflict) {
		t.Errorf("hands that were ended for another reason are back: %v", err)
	}
}

// Whoever said no is left alone, whichever of the two said it and whenever; parted, each has said what they said.
func TestANoOutlivesAMergeAndItsUndoing(t *testing.T) {
	for name, said := range map[string][2]string{"the one that stays": {"none", "mail"}, "the one that leaves": {"mail", "none"}} {
		t.Run(name, func(t *testing.T) {
			s := newSelling(t)
			into, from := s.lead("ann@archer.example"), s.lead("ann@other.example")
			if said[0] == "none" {
				s.chooses(into, said[0])
				s.Clock.Move(time.Minute)
				s.chooses(from, said[1])
			} else {
				s.chooses(from, said[1])
				s.Clock.Move(time.Minute)
				s.chooses(into, said[0])
			}
			m, err := s.App.MergeLeads(t.Context(), into.ID, from.ID, s.ana)
			if err != nil {
				t.Fatal(err)
			}
			binds := func(l store.Lead) (how string) {
				if err := s.Store.DB(t.Context()).Raw("select coalesce(string_agg(how, ' '), '') from contact_choices where lead_id = ? and current", l.ID).Scan(&how).Error; err != nil {
					t.Fatal(err)
				}
				return how
			}
			if got := binds(into); got != "none" {
				t.Errorf("merged, what binds is %q", got)
			}
			if _, err := s.App.UnmergeLeads(t.Context(), m.IntoID, m.ID, s.ana); err != nil {
				t.Fatal(err)
			}
			if binds(into) != said[0] || binds(from) != said[1] {
				t.Errorf("parted, what binds is %q and %q", binds(into), binds(from))
			}
		})
	}
}
