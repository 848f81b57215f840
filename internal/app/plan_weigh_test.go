package app_test

import (
	"strings"
	"testing"
	"time"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/lead"
	"github.com/gatehouse/gatehouse/internal/store"
)

// A plan is made with the assignment, and readers choose after it: what they do not agree to is due for nobody, from their tap on,
// and is due again when they change their mind or staff lift what they had decided.
func TestThePlanFollowsWhatTheReaderChose(t *testing.T) {
	s := newSelling(t)
	l := s.tel(s.lead("ann@archer.example"), "+44 20 7946 0000")
	s.assigned(l, s.ana, "accepted")
	s.Deliver()
	door := app.Door{Page: app.DoorPreferences, Token: preferences(t, s.Mail.All()[0])}
	s.Clock.Move(30 * 24 * time.Hour) // everything is due
	due := func(when, want string) {
		t.Helper()
		h, err := s.App.SalesHome(t.Context(), *s.ana.ID, app.MoreDue)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, st := range h.Due {
			got = append(got, st.Channel)
		}
		if strings.Join(got, " ") != want || h.DueN != len(got) {
			t.Errorf("%s: due are %v (%d), not %s", when, got, h.DueN, want)
		}
	}
	choose := func(how string) {
		t.Helper()
		s.Clock.Move(time.Hour)
		if err := s.App.ChooseContact(t.Context(), door, person(), app.ContactWish{How: how}); err != nil {
			t.Fatal(err)
		}
	}
	all := "call mail meeting call"
	due("nothing was chosen", all)
	choose(lead.ByNobody)
	due("not at all", "")
	choose(lead.ByMail)
	due("a mail", "mail")
	s.Clock.Move(time.Hour)
	if _, err := s.App.NoteActivity(t.Context(), app.Note{Lead: l.ID, Kind: "mail", Direction: "in", Text: "they wrote: do call"}, s.ana); err != nil {
		t.Fatal(err)
	}
	due("they answered", all)
	if err := s.App.BlockApproach(t.Context(), l.ID, "call", "their assistant asked", s.ana); err != nil {
		t.Fatal(err)
	}
	due("do not call", "mail meeting")
	var block store.ApproachBlock
	if err := s.Store.DB(t.Context()).Take(&block).Error; err != nil {
		t.Fatal(err)
	}
	if err := s.App.LiftBlock(t.Context(), l.ID, block.ID, s.ana); err != nil {
		t.Fatal(err)
	}
	due("lifted", all)
}
