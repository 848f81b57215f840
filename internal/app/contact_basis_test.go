package app_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/pipeline"
	"github.com/gatehouse/gatehouse/internal/store"
)

// What the basis of a lead by hand covers is what was said of it, within the law, and the contact policy, the plan, the export
// and a merge go by it.
func TestBasisOfALeadByHand(t *testing.T) {
	s := newSelling(t)
	ctx := t.Context()
	add := func(address, basis string, covers ...string) (store.Lead, error) {
		values := map[string]string{"email": address, "family_name": "Archer", "tel": "+44 20 7946 0018"}
		return s.App.AddLead(ctx, app.HandLead{Values: values, Kind: "fair", Basis: basis, Covers: covers, Note: "Leeds", To: "me"}, s.ana)
	}
	for _, c := range []struct {
		name, address, basis string
		covers               []string
		field                string // the fault; "": none
		may                  string
	}{
		{"a consent to nothing", "a@archer.example", "consent", nil, "covers-call", ""},
		{"a contract for nothing", "a@archer.example", "contract", nil, "covers-call", ""},
		{"an interest in mails", "a@archer.example", "legitimate-interest", []string{"call", "mail"}, "covers-mail", ""},
		{"an interest in calls at home", "a@gmail.com", "legitimate-interest", []string{"call"}, "covers-call", ""},
		{"a way that there is not", "a@archer.example", "consent", []string{"call", "pigeon"}, "covers", ""},
		{"a consent to mails", "b@archer.example", "consent", []string{"mail"}, "", "mail"},
		{"a contract for calls and letters", "c@archer.example", "contract", []string{"letter", "call"}, "", "call letter"},
		{"an interest, at work", "d@archer.example", "legitimate-interest", nil, "", "call letter"},
		{"an interest, at home", "d@gmail.com", "legitimate-interest", nil, "", "letter"},
		{"an interest in meeting", "e@archer.example", "legitimate-interest", []string{"meeting"}, "", "meeting"},
	} {
		l, err := add(c.address, c.basis, c.covers...)
		if c.field != "" {
			if errs.CodeOf(err) != errs.Invalid || errs.Public(err).Fields[0].Field != c.field {
				t.Errorf("%s: %v", c.name, err)
			}
			continue
		}
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		var may []string
		for _, ch := range pipeline.Channels() {
			if al, err := s.App.MayApproach(ctx, l.ID, ch); err != nil {
				t.Fatal(err)
			} else if al.Verdict == pipeline.May {
				may = append(may, ch)
			}
		}
		if got := strings.Join(may, " "); got != c.may {
			t.Errorf("%s: may be approached by %q, want %q", c.name, got, c.may)
		}
		for _, ch := range pipeline.Channels() {
			err := s.App.AddStep(ctx, app.StepEdit{Lead: l.ID, Channel: ch, Title: "Step", Due: "2026-03-20"}, s.ana)
			if planned := err == nil; planned != strings.Contains(c.may, ch) {
				t.Errorf("%s: a %s can be planned: %t (%v)", c.name, ch, planned, err)
			}
		}
	}
	if n := s.Count("select count(*) from leads"); n != 5 {
		t.Errorf("%d leads", n)
	}
	// Two leads of one person: what either covers, the person said.
	b, _, err := s.Store.LeadByAddress(ctx, "b@archer.example")
	if err != nil {
		t.Fatal(err)
	}
	c, _, err := s.Store.LeadByAddress(ctx, "c@archer.example")
	if err != nil {
		t.Fatal(err)
	}
	m, err := s.App.MergeLeads(ctx, b.ID, c.ID, s.ana)
	if err != nil {
		t.Fatal(err)
	}
	calls := func(want string) {
		t.Helper()
		if al, err := s.App.MayApproach(ctx, b.ID, pipeline.Call); err != nil || al.Verdict != want {
			t.Errorf("%+v %v, want %s", al, err, want)
		}
		var csv bytes.Buffer
		if err := s.App.ExportLeads(ctx, &csv, app.LeadFilter{}, nil, s.ana, nil); err != nil {
			t.Fatal(err)
		}
		line := map[string]string{pipeline.May: ",consent contract,call letter mail\r\n", pipeline.No: ",consent,mail\r\n"}[want]
		if !strings.Contains(csv.String(), line) || !strings.Contains(csv.String(), "legal_basis,basis_covers\r\n") {
			t.Errorf("the export does not say %q:\n%s", line, csv.String())
		}
	}
	calls(pipeline.May)
	d, err := s.App.LeadDetail(ctx, b.ID)
	if err != nil || len(d.Origins) != 2 || d.Origins[0].LeadID != b.ID || d.Origins[1].By != "Ana" {
		t.Errorf("%+v %v", d.Origins, err)
	}
	if _, err := s.App.UnmergeLeads(ctx, b.ID, m.ID, s.ana); err != nil {
		t.Fatal(err)
	}
	calls(pipeline.No)
}
