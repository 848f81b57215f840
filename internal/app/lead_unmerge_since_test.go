package app_test

import (
	"testing"
	"time"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/pipeline"
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
