package app_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/store"
)

func (f *floor) tend() {
	f.T.Helper()
	if err := f.App.TendAssignments(f.T.Context()); err != nil {
		f.T.Fatal(err)
	}
}

// until moves the clock to a moment.
func (f *floor) until(text string) {
	f.T.Helper()
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		f.T.Fatal(err)
	}
	f.Clock.Move(at.Sub(f.Clock.Now()))
}

func (f *floor) ok(err error) {
	f.T.Helper()
	if err != nil {
		f.T.Fatal(err)
	}
}

func TestAcceptedOnceAndByItsOwner(t *testing.T) {
	f := newFloor(t, 2)
	id := f.lead(1)
	f.route(id)
	as := f.held(id)
	if err := f.App.AcceptLead(t.Context(), as.ID, as.Version, by(f.people[1])); !errs.Is(err, errs.Forbidden) {
		t.Errorf("somebody else accepts: %v", err)
	}
	if err := f.App.AcceptLead(t.Context(), as.ID, as.Version+1, by(f.people[0])); !errs.Is(err, errs.Conflict) {
		t.Errorf("a page that is not the current one: %v", err)
	}
	for range 2 { // a double click
		f.ok(f.App.AcceptLead(t.Context(), as.ID, as.Version, by(f.people[0])))
	}
	if n := f.Count("select count(*) from deals where assignment_id = ?", as.ID); n != 1 || f.held(id).State != "accepted" || f.Count("select count(*) from outbox where type = 'lead.accepted'") != 1 {
		t.Errorf("%d deals, %s", n, f.held(id).State)
	}
	if err := f.App.ReturnLead(t.Context(), as.ID, 0, "no-need", "", by(f.people[0])); !errs.Is(err, errs.Conflict) {
		t.Errorf("an accepted lead goes back: %v", err)
	}
}

func TestReturnedLeavesSalesWithItsReason(t *testing.T) {
	f := newFloor(t, 2)
	id := f.lead(1)
	f.route(id)
	as := f.held(id)
	if err := f.App.ReturnLead(t.Context(), as.ID, as.Version, "because", "", by(f.people[0])); !errs.Is(err, errs.Invalid) {
		t.Errorf("no reason of the list: %v", err)
	}
	for name, err := range map[string]error{
		"returned from a page that is not the current one": f.App.ReturnLead(t.Context(), as.ID, as.Version+1, "too-small", "", by(f.people[0])),
		"declined from a page that is not the current one": f.App.DeclineLead(t.Context(), as.ID, as.Version+1, "no-time", "", by(f.people[0])),
	} {
		if !errs.Is(err, errs.Conflict) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, err := range map[string]error{
		"somebody else returns it":  f.App.ReturnLead(t.Context(), as.ID, as.Version, "too-small", "", by(f.people[1])),
		"somebody else declines it": f.App.DeclineLead(t.Context(), as.ID, as.Version, "no-time", "", by(f.people[1])),
	} {
		if !errs.Is(err, errs.Forbidden) {
			t.Errorf("%s: %v", name, err)
		}
	}
	f.ok(f.App.ReturnLead(t.Context(), as.ID, as.Version, "too-small", "two people", by(f.people[0])))
	f.ok(f.App.ReturnLead(t.Context(), as.ID, as.Version, "too-small", "two people", by(f.people[0])))
	if n := f.Count("select count(*) from assignments where state = 'returned' and close_reason = 'too-small' and closed_by = ?", f.people[0].ID); n != 1 {
		t.Error("not returned")
	}
	if f.Count("select count(*) from leads where id = ? and owner_id is null", id) != 1 || f.Count("select count(*) from outbox where type = 'lead.returned' and detail->>'reason' = 'too-small'") != 1 {
		t.Error("still somebody's")
	}
	if n := f.Count("select count(*) from steps where done_at is null and skipped_at is null"); n != 0 || f.Count("select count(*) from steps") == 0 {
		t.Errorf("%d steps are still to be done", n)
	}
	f.route(id) // the job of before, once more
	if n := f.Count("select count(*) from assignments"); n != 1 {
		t.Errorf("%d assignments: it came round without qualifying anew", n)
	}
	f.ok(f.App.GiveLead(t.Context(), id, f.people[1].ID, by(f.admin)))
	if got := f.held(id); got.OwnerID != f.people[1].ID || got.Reason != "given to Ben by Olive" {
		t.Errorf("%+v", got)
	}
}

// A declined lead goes on and never round: everybody once, then the fallback, then nobody, and somebody is told.
func TestDeclinedGoesOnNeverRound(t *testing.T) {
	f := newFloor(t, 3)
	id := f.lead(1)
	f.route(id)
	seen := map[uuid.UUID]bool{}
	for range 4 {
		as := f.held(id)
		if seen[as.OwnerID] {
			t.Fatalf("round: %s", as.Reason)
		}
		seen[as.OwnerID] = true
		f.ok(f.App.DeclineLead(t.Context(), as.ID, as.Version, "no-time", "", by(f.owner(as))))
	}
	if !seen[f.admin.ID] {
		t.Error("the fallback was not asked")
	}
	if n := f.Count("select count(*) from assignments where state in ('open','accepted')"); n != 0 || f.Count("select count(*) from alarms where kind = 'nobody-to-sell' and object = ?", id.String()) != 1 {
		t.Errorf("%d hold it, and nobody was told", n)
	}
	f.route(id)
	if n := f.Count("select count(*) from assignments where state in ('open','accepted')"); n != 0 {
		t.Error("it came round after all")
	}
}

func (f *floor) owner(as store.Assignment) store.User {
	f.T.Helper()
	u, err := f.Store.User(f.T.Context(), as.OwnerID)
	f.ok(err)
	return u
}

func TestReassignedByHand(t *testing.T) {
	f := newFloor(t, 3)
	id := f.lead(1)
	f.route(id)
	as := f.held(id)
	f.ok(f.App.AcceptLead(t.Context(), as.ID, as.Version, by(f.people[0])))
	as = f.held(id)
	if err := f.App.ReassignLead(t.Context(), as.ID, as.Version, f.people[2].ID, "I want it", by(f.people[1])); !errs.Is(err, errs.Forbidden) {
		t.Errorf("anybody takes it: %v", err)
	}
	f.ok(f.App.ReassignLead(t.Context(), as.ID, as.Version, f.people[2].ID, "she knows them", by(f.people[0])))
	got := f.held(id)
	if got.OwnerID != f.people[2].ID || got.State != "accepted" || got.How != "reassigned" || got.PreviousID == nil || *got.PreviousID != as.ID {
		t.Errorf("%+v", got)
	}
	if f.Count("select count(*) from deals where assignment_id = ? and owner_id = ?", got.ID, f.people[2].ID) != 1 || f.Count("select count(*) from deals") != 1 {
		t.Error("the deal stayed behind")
	}
	if f.Count("select turns from rotation_places where user_id = ?", f.people[0].ID) != 0 {
		t.Error("what was taken away counts as a turn")
	}
}

// A lead that was answered, and comes into other hands, is told to them like any other: with nothing left to claim.
func TestWhoGetsAnAnsweredLeadIsTold(t *testing.T) {
	f := newFloor(t, 2)
	id := f.lead(1)
	f.route(id)
	ana, ben := f.people[0], f.people[1]
	f.ok(f.App.AcceptLead(t.Context(), f.held(id).ID, 0, by(ana)))
	_, err := f.App.NoteActivity(t.Context(), app.Note{Lead: id, Kind: "call", Direction: "out", Text: "Called", Reason: "they asked for it"}, by(ana))
	f.ok(err)
	f.ok(f.App.ReassignLead(t.Context(), f.held(id).ID, 0, ben.ID, "he knows them", by(ana)))
	as := f.held(id)
	if as.FirstResponseAt == nil || as.AlertMessageID == nil || f.Count("select count(*) from messages where id = ? and user_id = ?", as.AlertMessageID, ben.ID) != 1 {
		t.Fatalf("Ben does not hear of it: %+v", as)
	}
	f.Deliver()
	mails := f.Mail.All()
	mail := mails[len(mails)-1]
	if !strings.Contains(mail.HTML, "/admin/leads/"+id.String()) || strings.Contains(mail.HTML, "/admin/claim/") || strings.Contains(mail.HTML, "answer is expected") {
		t.Errorf("the mail asks to claim what was claimed: %s", mail.Text)
	}
}

// An activity that is a first response stops the clock, once, in working time; what is none does not.
func TestFirstResponse(t *testing.T) {
	for name, c := range map[string]struct {
		note app.Note
		want bool
	}{
		"a call":           {app.Note{Kind: "call", Direction: "out", Text: "Called, she calls back"}, true},
		"a mail":           {app.Note{Kind: "mail", Direction: "out", Text: "Wrote"}, true},
		"a note":           {app.Note{Kind: "note", Direction: "none", Text: "Looked at the site"}, false},
		"a call from them": {app.Note{Kind: "call", Direction: "in", Text: "They called"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFloor(t, 1)
			id := f.lead(1)
			f.route(id)
			f.until("2026-03-03T18:30:00Z")
			n := c.note
			n.Lead, n.Reason = id, "they asked for it"
			_, err := f.App.NoteActivity(t.Context(), n, by(f.people[0]))
			f.ok(err)
			as := f.held(id)
			if (as.FirstResponseAt != nil) != c.want {
				t.Fatalf("%+v", as)
			}
			if !c.want {
				return
			}
			if *as.ResponseSeconds < 8*3600-60 || *as.ResponseSeconds > 8*3600 || as.FirstResponseKind != n.Kind || *as.FirstResponseBy != f.people[0].ID {
				t.Errorf("%d seconds, from nine to half past six with work until five", *as.ResponseSeconds)
			}
			f.until("2026-03-04T12:00:00Z")
			f.tend()
			if k := f.Count("select count(*) from messages where template = 'clock'"); k != 0 {
				t.Error("an answered lead warns")
			}
		})
	}
}

func TestClockWarnsTellsAndPassesOn(t *testing.T) {
	f := newFloor(t, 2)
	f.ok(f.Store.DB(t.Context()).Exec("update sales_settings set warn_minutes = 60, escalate_minutes = 120, reassign_minutes = 180, manager_user_id = ?", f.admin.ID).Error)
	id := f.lead(1)
	f.route(id)
	first := f.held(id)
	for _, step := range []struct {
		at               string
		warned, told     int
		owner            store.User
		assignmentsSoFar int
	}{
		{"2026-03-03T09:59:00Z", 0, 0, f.people[0], 1},
		{"2026-03-03T10:01:00Z", 1, 0, f.people[0], 1},
		{"2026-03-03T11:02:00Z", 1, 1, f.people[0], 1},
		{"2026-03-03T12:03:00Z", 1, 1, f.people[1], 2},
		{"2026-03-03T16:30:00Z", 2, 2, f.admin, 3}, // nobody but the fallback is left
	} {
		f.until(step.at)
		f.tend()
		f.tend()
		warned, told := f.Count("select count(*) from messages where template = 'clock' and data->>'to' = 'owner'"), f.Count("select count(*) from messages where template = 'clock' and data->>'to' = 'manager'")
		if as := f.held(id); warned != step.warned || told != step.told || as.OwnerID != step.owner.ID || f.Count("select count(*) from assignments") != step.assignmentsSoFar {
			t.Errorf("%s: %d warnings, %d to the manager, in the hands of %s: %s", step.at, warned, told, f.owner(as).Name, as.Reason)
		}
	}
	if n := f.Count("select count(*) from assignments where id = ? and state = 'reassigned' and close_reason = 'no-response'", first.ID); n != 1 {
		t.Error("the reason is missing")
	}
}

func TestDeputyTakesNewLeadsAndRunningClocks(t *testing.T) {
	f := newFloor(t, 3)
	id := f.lead(1)
	f.route(id)
	f.until("2026-03-03T10:00:00Z")
	ana, cleo := f.people[0], f.people[2]
	f.ok(f.App.AddAbsence(t.Context(), app.AbsenceEdit{User: ana.ID, From: "2026-03-04", Until: "2026-03-06", Deputy: cleo.ID.String()}, by(f.admin)))
	f.tend()
	if as := f.held(id); as.OwnerID != ana.ID {
		t.Error("taken before she is away")
	}
	f.until("2026-03-04T09:30:00Z")
	f.tend()
	as := f.held(id)
	if as.OwnerID != cleo.ID || as.How != "deputy" || !as.ClockFrom.Equal(f.at("2026-03-03T09:00:01Z")) || as.WarnAt == nil || as.WarnAt.After(f.at("2026-03-04T09:31:00Z")) {
		t.Errorf("%s, clock from %v, warn %v", as.Reason, as.ClockFrom, as.WarnAt)
	}
	next := f.lead(2)
	f.route(next)
	if f.held(next).OwnerID == ana.ID {
		t.Error("somebody who is away got a lead")
	}
	f.until("2026-03-09T09:00:00Z")
	for i := 3; i < 6; i++ { // she starts at the average, and is not given everything
		f.route(f.lead(i))
	}
	if n := f.Count("select count(*) from assignments where owner_id = ? and at > ?", ana.ID, f.at("2026-03-09T00:00:00Z")); n != 1 {
		t.Errorf("back, she got %d of 3", n)
	}
	if f.Count("select count(*) from rotation_places where user_id = ? and why <> ''", ana.ID) != 1 {
		t.Error("nothing says what she was credited with")
	}
}

func (f *floor) at(text string) time.Time {
	f.T.Helper()
	at, err := time.Parse(time.RFC3339, text)
	f.ok(err)
	return at
}

func TestALeaverHandsOver(t *testing.T) {
	f := newFloor(t, 3)
	one, two := f.lead(1), f.lead(4)
	f.route(one)
	as := f.held(one)
	f.ok(f.App.AcceptLead(t.Context(), as.ID, as.Version, by(f.people[0])))
	f.route(two, f.lead(5), f.lead(6))
	ana, ben := f.people[0], f.people[1]
	f.ok(f.Store.DB(t.Context()).Exec("update user_profiles set leaves_at = ?, heir_id = ? where user_id = ?", f.at("2026-03-05T00:00:00Z"), ben.ID, ana.ID).Error)
	f.until("2026-03-05T00:01:00Z")
	f.tend()
	if got := f.held(one); got.OwnerID != ben.ID || got.State != "accepted" || got.How != "hand-over" || !strings.Contains(got.Reason, "Ben takes over") {
		t.Errorf("%+v", got)
	}
	if n := f.Count("select count(*) from assignments where owner_id = ? and state in ('open','accepted')", ana.ID); n != 0 {
		t.Errorf("%d stayed behind", n)
	}
	if n := f.Count("select count(*) from deals where owner_id = ?", ben.ID); n != 1 {
		t.Error("the deal stayed behind")
	}
	if n := f.Count("select count(*) from steps where owner_id = ? and done_at is null and skipped_at is null", ana.ID); n != 0 {
		t.Errorf("%d steps stayed behind", n)
	}
	if n := f.Count("select count(*) from leads where owner_id = ?", ana.ID); n != 0 {
		t.Error("leads still name her")
	}
}

func TestWhoseLeadsSalesSees(t *testing.T) {
	f := newFloor(t, 2)
	other := f.user("Zoe", "sales") // in no team
	id := f.lead(1)
	f.route(id)
	owner, mate := f.people[0], f.people[1]
	for policy, sees := range map[string][]bool{"all": {true, true, true, true}, "team": {true, true, false, true}, "own": {true, false, false, true}} {
		f.ok(f.Store.DB(t.Context()).Exec("update sales_settings set visibility = ?", policy).Error)
		for i, u := range []store.User{owner, mate, other, f.admin} {
			err := f.App.MaySeeLead(t.Context(), u, id)
			sight, serr := f.App.VisibleTo(t.Context(), u)
			f.ok(serr)
			lines, total, lerr := f.App.ListLeads(t.Context(), app.LeadFilter{Sight: sight}, 10, 0)
			f.ok(lerr)
			messages, mtotal, merr := f.App.ListMessages(t.Context(), app.MessageFilter{Kind: "requested", Sight: sight}, 10, 0)
			f.ok(merr)
			asks, atotal, aerr := f.App.ListSubmissions(t.Context(), app.SubmissionFilter{Sight: sight}, 10, 0)
			f.ok(aerr)
			if (mtotal == 1) != sees[i] || (atotal == 1) != sees[i] || len(messages) != mtotal || len(asks) != atotal {
				t.Errorf("%s, %s: %d messages, %d submissions", policy, u.Name, mtotal, atotal)
			}
			if (err == nil) != sees[i] || (total == 1) != sees[i] || len(lines) != total || err != nil && !errs.Is(err, errs.NotFound) {
				t.Errorf("%s, %s: %v, %d in the list", policy, u.Name, err, total)
			}
		}
	}
}

// After everything that can happen to assignments, verify explains all of it.
func TestVerifyExplainsAssignments(t *testing.T) {
	f := newFloor(t, 3)
	var ids []uuid.UUID
	for i := range 6 {
		ids = append(ids, f.lead(i))
	}
	f.route(ids...)
	f.ok(f.Store.DB(t.Context()).Exec("update sales_settings set reassign_minutes = 60").Error)
	for i, do := range []func(as store.Assignment) error{
		func(as store.Assignment) error { return f.App.AcceptLead(t.Context(), as.ID, 0, by(f.owner(as))) },
		func(as store.Assignment) error {
			return f.App.ReturnLead(t.Context(), as.ID, 0, "no-need", "", by(f.owner(as)))
		},
		func(as store.Assignment) error {
			return f.App.DeclineLead(t.Context(), as.ID, 0, "no-time", "", by(f.owner(as)))
		},
		func(as store.Assignment) error {
			return f.App.ReassignLead(t.Context(), as.ID, 0, f.people[(1+indexOf(f.people, as.OwnerID))%3].ID, "she knows them", by(f.admin))
		},
	} {
		f.ok(do(f.held(ids[i])))
	}
	f.ok(f.App.AddAbsence(t.Context(), app.AbsenceEdit{User: f.people[2].ID, From: "2026-03-04", Until: "2026-03-05", Deputy: f.people[0].ID.String()}, by(f.admin)))
	f.until("2026-03-04T12:00:00Z")
	f.tend()
	f.Deliver()
	r, err := f.App.Verify(t.Context())
	f.ok(err)
	for _, line := range r.Counts {
		switch line.What {
		case "qualified leads", "assignments", "leads in somebody's hands", "turns in the rotation":
			for _, p := range line.Parts {
				if p.Bad && p.N > 0 {
					t.Errorf("%s: %d %s", line.What, p.N, p.Name)
				}
			}
		}
	}
	f.ok(f.Store.DB(t.Context()).Exec("update leads set owner_id = null where id = ?", ids[0]).Error)
	f.ok(f.Store.DB(t.Context()).Exec("update rotation_places set turns = turns + 1").Error)
	if r, err = f.App.Verify(t.Context()); err != nil || r.Total < 2 {
		t.Errorf("what is wrong is not found: %d, %v", r.Total, err)
	}
}

func indexOf(people []store.User, id uuid.UUID) int {
	for i, u := range people {
		if u.ID == id {
			return i
		}
	}
	return 0
}
