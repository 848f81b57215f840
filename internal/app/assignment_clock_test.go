package app_test

import (
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/app"
)

// Every minute of a clock is counted in the hands in which it ran, whatever the deputy's own hours were before.
func TestTheClockOfADeputyGoesOn(t *testing.T) {
	f := newFloor(t, 2)
	ana, ben := f.people[0], f.people[1]
	f.ok(f.Store.DB(t.Context()).Exec("update sales_settings set warn_minutes = 600, escalate_minutes = 900, reassign_minutes = 0").Error)
	f.ok(f.App.AddAbsence(t.Context(), app.AbsenceEdit{User: ben.ID, From: "2026-03-03", Until: "2026-03-03"}, by(f.admin)))
	id := f.lead(1)
	f.route(id)
	f.until("2026-03-03T17:30:00Z") // eight hours of Ana's
	f.ok(f.App.AddAbsence(t.Context(), app.AbsenceEdit{User: ana.ID, From: "2026-03-04", Until: "2026-03-06", Deputy: ben.ID.String()}, by(f.admin)))
	f.until("2026-03-04T08:00:00Z")
	f.tend()
	as := f.held(id)
	if as.OwnerID != ben.ID || as.WarnAt == nil || as.WarnAt.Sub(f.at("2026-03-04T11:00:00Z")).Abs() > time.Minute {
		t.Fatalf("%s warns at %v", f.owner(as).Name, as.WarnAt)
	}
	p, err := f.App.PersonOf(t.Context(), ben.ID)
	f.ok(err)
	f.ok(f.App.EditProfile(t.Context(), app.ProfileEdit{User: ben.ID, Version: p.Profile.Version, JobTitle: "Rep", TimeZone: "Europe/London", HolidayRegion: "gb",
		Hours: [7]string{1: "09:00-17:00", 2: "09:00-17:00", 3: "09:00-17:00", 4: "09:00-17:00", 5: "09:00-17:00"}}, by(ben)))
	if again := f.held(id); !again.WarnAt.Equal(*as.WarnAt) {
		t.Errorf("the same hours again, and it warns at %v", again.WarnAt)
	}
	f.until("2026-03-04T10:00:00Z")
	_, err = f.App.NoteActivity(t.Context(), app.Note{Lead: id, Kind: "call", Direction: "out", Text: "Called", Reason: "x"}, by(ben))
	f.ok(err)
	if got := *f.held(id).ResponseSeconds; got < 9*3600-60 || got > 9*3600 {
		t.Errorf("%d seconds; it was nine hours", got)
	}
}

// An absence that was taken back on its first day can be entered again on that day: it goes on from where the other one ended.
func TestAnAbsenceTakenBackCanBeEnteredAgain(t *testing.T) {
	f := newFloor(t, 2)
	ana, ben := f.people[0], f.people[1]
	f.until("2026-03-04T10:00:00Z")
	in := app.AbsenceEdit{User: ana.ID, From: "2026-03-04", Until: "2026-03-06", Deputy: ben.ID.String()}
	f.ok(f.App.AddAbsence(t.Context(), in, by(f.admin)))
	if err := f.App.AddAbsence(t.Context(), in, by(f.admin)); err == nil {
		t.Error("twice away on the same days")
	}
	var first []uuid.UUID
	f.ok(f.Store.DB(t.Context()).Raw("select id from absences where user_id = ?", ana.ID).Scan(&first).Error)
	f.ok(f.App.RemoveAbsence(t.Context(), ana.ID, first[0], by(f.admin)))
	f.until("2026-03-04T11:00:00Z")
	f.ok(f.App.AddAbsence(t.Context(), in, by(f.admin)))
	if n := f.Count("select count(*) from absences a join absences b on b.user_id = a.user_id and b.starts_at = a.ends_at where b.ends_at = '2026-03-07T00:00:00Z'"); n != 1 {
		t.Error("the second does not go on where the first ended")
	}
	id := f.lead(1)
	f.route(id)
	if f.held(id).OwnerID != ben.ID {
		t.Error("somebody who is away got a lead")
	}
}

// A day off that is added, or taken back, moves the clocks of those whose day it is.
func TestAHolidayMovesRunningClocks(t *testing.T) {
	f := newFloor(t, 2)
	f.ok(f.Store.DB(t.Context()).Exec("update sales_settings set warn_minutes = 60, escalate_minutes = 120, reassign_minutes = 0").Error)
	f.ok(f.Store.DB(t.Context()).Exec("update user_profiles set holiday_region = 'ie' where user_id = ?", f.people[1].ID).Error)
	gb, ie := f.lead(1), f.lead(2)
	f.route(gb, ie)
	warns := func(id uuid.UUID) string { return f.held(id).WarnAt.Format("2006-01-02 15:04") }
	for _, step := range []struct {
		do     func() error
		gb, ie string
	}{
		{func() error { return nil }, "2026-03-03 10:00", "2026-03-03 10:00"},
		{func() error { return f.App.SetHoliday(t.Context(), "gb", "2026-03-03", "Outing", false, by(f.admin)) }, "2026-03-04 10:00", "2026-03-03 10:00"},
		{func() error { return f.App.SetHoliday(t.Context(), "", "2026-03-04", "Outing", false, by(f.admin)) }, "2026-03-05 10:00", "2026-03-03 10:00"},
		{func() error { return f.App.RemoveHoliday(t.Context(), "gb", "2026-03-03", by(f.admin)) }, "2026-03-03 10:00", "2026-03-03 10:00"},
	} {
		f.ok(step.do())
		if warns(gb) != step.gb || warns(ie) != step.ie {
			t.Errorf("warn at %s and %s, want %s and %s", warns(gb), warns(ie), step.gb, step.ie)
		}
	}
}

// An alarm that nobody cleared is over when what it tells of is: the next time is news again.
func TestAlarmsOfRoutingEnd(t *testing.T) {
	f := newFloor(t, 0)
	open := func(kind string) int {
		return f.Count("select count(*) from alarms where kind = ? and cleared_at is null", kind)
	}
	for i := range 2 {
		f.route(f.lead(i))
		f.ok(f.App.Tidy(t.Context()))
		f.tend()
		if n := f.Count("select count(*) from alarms where kind = 'lead-fallback'"); n != i+1 || open("lead-fallback") != 1 {
			t.Errorf("%d fallbacks, %d alarms", i+1, n)
		}
		f.Clock.Move(25 * time.Hour)
		f.tend()
		if open("lead-fallback") != 0 {
			t.Error("a day without one, and the alarm stands")
		}
	}
	f = newFloor(t, 1)
	f.ok(f.Store.DB(t.Context()).Exec("update users set disabled_at = now() where id = ?", f.admin.ID).Error)
	f.ok(f.Store.DB(t.Context()).Exec("update sales_settings set warn_minutes = 0, escalate_minutes = 30, reassign_minutes = 60").Error)
	f.ok(f.Store.DB(t.Context()).Exec("update user_profiles set left_at = null").Error)
	id := f.lead(1)
	f.route(id)
	f.until("2026-03-03T12:00:00Z")
	f.tend()
	f.tend()
	if open("lead-stuck") != 1 {
		t.Fatal("nobody was told of a lead that waits")
	}
	_, err := f.App.NoteActivity(t.Context(), app.Note{Lead: id, Kind: "call", Direction: "out", Text: "Called", Reason: "x"}, by(f.people[0]))
	f.ok(err)
	f.tend()
	if open("lead-stuck") != 0 {
		t.Error("the lead was answered, and the alarm stands")
	}
}

// Two who say at once when somebody is away do not both say the same days.
func TestAbsencesDoNotOverlap(t *testing.T) {
	f := newFloor(t, 1)
	var all sync.WaitGroup
	for range 6 {
		all.Go(func() {
			_ = f.App.AddAbsence(t.Context(), app.AbsenceEdit{User: f.people[0].ID, From: "2026-03-10", Until: "2026-03-12"}, by(f.admin))
		})
	}
	all.Wait()
	if n := f.Count("select count(*) from absences"); n != 1 {
		t.Errorf("%d absences of the same days", n)
	}
}

// Whoever accepts leads while their profile changes is not told that it failed.
func TestAcceptingWhileAProfileChanges(t *testing.T) {
	f := newFloor(t, 1)
	var ids []uuid.UUID
	for i := range 20 {
		ids = append(ids, f.lead(i))
	}
	f.route(ids...)
	ana := f.people[0]
	stop, failed := make(chan struct{}), make(chan error, 1)
	go func() {
		defer close(failed)
		for {
			select {
			case <-stop:
				return
			default:
			}
			p, err := f.App.PersonOf(t.Context(), ana.ID)
			if err == nil {
				err = f.App.EditProfile(t.Context(), app.ProfileEdit{User: ana.ID, Version: p.Profile.Version, JobTitle: "Rep", TimeZone: "Europe/London", HolidayRegion: "gb",
					Hours: [7]string{1: "09:00-17:00"}}, by(ana))
			}
			if err != nil {
				failed <- err
				return
			}
		}
	}()
	for _, id := range ids {
		f.ok(f.App.AcceptLead(t.Context(), f.held(id).ID, 0, by(ana)))
	}
	close(stop)
	if err := <-failed; err != nil {
		t.Error(err)
	}
}

// A reader is shown what reached them: not what we tell one another about them.
func TestContactsAreNoAlertsOfOurs(t *testing.T) {
	f := newFloor(t, 1)
	f.ok(f.Store.DB(t.Context()).Exec("update sales_settings set warn_minutes = 60, escalate_minutes = 120, reassign_minutes = 0").Error)
	id := f.lead(1)
	own := mailed(t, f.Kit)
	f.route(id)
	f.until("2026-03-03T16:30:00Z")
	f.tend()
	f.Deliver()
	if n := f.Count("select count(*) from messages where kind = 'staff' and state = 'sent' and lead_id = ?", id); n != 3 {
		t.Fatalf("%d alerts went to staff", n)
	}
	if m := meeting(t, f.Kit, own); len(m.Contacts) != 1 || m.Contacts[0].Kind != "document" || m.Host == nil {
		t.Errorf("%+v", m.Contacts)
	}
}
