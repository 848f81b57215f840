package app_test

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/email"
	"github.com/gatehouse/gatehouse/internal/pipeline"
	"github.com/gatehouse/gatehouse/internal/store"
	"github.com/gatehouse/gatehouse/internal/testkit"
	"github.com/gatehouse/gatehouse/templates"
)

// floor is a house with people who sell.
type floor struct {
	*testkit.Kit
	team   uuid.UUID
	admin  store.User
	people []store.User
}

var sellers = []string{"Ana", "Ben", "Cleo", "Dan", "Eva"}

// newFloor has an admin and a sales team of n.
func newFloor(t testing.TB, n int, opts ...testkit.Option) *floor {
	t.Helper()
	k := testkit.New(t, opts...)
	f := &floor{Kit: k}
	teams, err := store.Teams(k.Store.DB(t.Context()), false)
	if err != nil || len(teams) != 1 {
		t.Fatalf("%d teams: %v", len(teams), err)
	}
	f.team = teams[0].ID
	f.admin = f.user("Olive", "admin")
	for i := range n {
		f.people = append(f.people, f.seller(sellers[i%len(sellers)], 1, 0))
	}
	return f
}

func (f *floor) create(row any) {
	f.T.Helper()
	if err := f.Store.DB(f.T.Context()).Create(row).Error; err != nil {
		f.T.Fatal(err)
	}
}

func (f *floor) user(name, role string) store.User {
	f.T.Helper()
	id := store.NewID()
	u := store.User{ID: id, Name: name, Email: strings.ToLower(name) + "-" + id.String()[24:] + "@gatehouse.example", Role: role, Version: 1, CreatedAt: f.Clock.Now()}
	f.create(&u)
	return u
}

func (f *floor) seller(name string, weight, capacity int32) store.User {
	f.T.Helper()
	u := f.user(name, "sales")
	f.create(&store.UserProfile{UserID: u.ID, TimeZone: "Europe/London", Hours: pipeline.OfficeWeek(), HolidayRegion: "gb", Version: 1, UpdatedAt: f.Clock.Now()})
	f.create(&store.TeamMember{TeamID: f.team, UserID: u.ID, Weight: weight, DailyCapacity: capacity, JoinedAt: f.Clock.Now()})
	return u
}

// lead is a person that asked, of a company of their own.
func (f *floor) lead(n int) uuid.UUID {
	f.T.Helper()
	f.Clock.Move(time.Second)
	in := testkit.Submit(fmt.Sprintf("reader%d@company%d.example", n, n))
	in.Input.Fields["company"] = fmt.Sprintf("Company %d", n)
	in.IP = in.IP.Next()
	f.Take(in)
	l, _, err := f.Store.LeadByAddress(f.T.Context(), fmt.Sprintf("reader%d@company%d.example", n, n))
	if err != nil {
		f.T.Fatal(err)
	}
	return l.ID
}

func (f *floor) route(ids ...uuid.UUID) {
	f.T.Helper()
	if err := f.App.RouteLeads(f.T.Context(), ids); err != nil {
		f.T.Fatal(err)
	}
}

// held is the assignment in whose hands the lead is.
func (f *floor) held(lead uuid.UUID) store.Assignment {
	f.T.Helper()
	as, err := store.HeldAssignment(f.Store.DB(f.T.Context()), lead)
	if err != nil || as == nil {
		f.T.Fatalf("nobody has the lead: %v", err)
	}
	return *as
}

func by(u store.User) store.Actor { return store.Actor{Kind: "user", ID: &u.ID, Name: u.Name} }

func TestARoutedLeadHasAllThatItNeeds(t *testing.T) {
	f := newFloor(t, 2)
	id := f.lead(1)
	f.route(id)
	as := f.held(id)
	if as.OwnerID != f.people[0].ID || !strings.Contains(as.Reason, "Ana had 0.0, Ben 0.0") || as.ReasonData.Rule != 1 || as.AlertMessageID == nil || as.TeamID == nil {
		t.Errorf("%+v", as)
	}
	for what, n := range map[string]int{
		"leads with that owner":     f.Count("select count(*) from leads where id = ? and owner_id = ?", id, as.OwnerID),
		"alerts to the owner":       f.Count("select count(*) from messages where id = ? and user_id = ? and template = 'assigned'", as.AlertMessageID, as.OwnerID),
		"jobs that deliver it":      f.Count("select count(*) from river_job where kind = 'message_deliver' and args->>'message_id' = ?", as.AlertMessageID.String()),
		"announcements":             f.Count("select count(*) from outbox where type = 'lead.assigned' and assignment_id = ?", as.ID),
		"turns in the rotation":     f.Count("select turns from rotation_places where user_id = ?", as.OwnerID),
		"assignments after a rerun": func() int { f.route(id); return f.Count("select count(*) from assignments") }(),
		"alerts after a rerun":      f.Count("select count(*) from messages where kind = 'staff'"),
	} {
		if n != 1 {
			t.Errorf("%s: %d", what, n)
		}
	}
	f.Deliver()
	mails := f.Mail.All()
	m := mails[len(mails)-1]
	if m.To != f.people[0].Email || !strings.Contains(m.Text, "/admin/claim/"+as.ID.String()) || !strings.Contains(m.Text, "Ann Archer") || !strings.Contains(m.Text, "Why you: rule 1") || !strings.Contains(m.Text, "Asked for “") {
		t.Errorf("%s\n%s", m.Subject, m.Text)
	}
}

// Beyond a few in a quarter of an hour the owner gets one digest, which names them all; after that quarter each alert is a
// mail of its own again.
func TestAlertsOfAQuarterOfAnHour(t *testing.T) {
	f := newFloor(t, 1)
	over := f.Count("select digest_over from sales_settings")
	mails := func() (own, digests int) {
		return f.Count("select count(*) from messages where template = 'assigned'"), f.Count("select count(*) from messages where template = 'assigned_digest'")
	}
	for i := range over + 3 {
		f.route(f.lead(i))
	}
	if own, digests := mails(); own != over || digests != 1 {
		t.Errorf("%d mails of their own, %d digests", own, digests)
	}
	f.Clock.Move(16 * time.Minute)
	f.Deliver()
	named := []int{}
	for _, m := range f.Mail.All() {
		if m.To == f.people[0].Email {
			named = append(named, strings.Count(m.Text, "/admin/claim/"))
		}
	}
	if slices.Sort(named); len(named) != over+1 || named[over-1] != 1 || named[over] != 3 {
		t.Errorf("the mails name %v leads", named)
	}
	f.route(f.lead(50))
	if own, digests := mails(); own != over+1 || digests != 1 {
		t.Errorf("a quarter of an hour later: %d mails of their own, %d digests", own, digests)
	}
}

// What comes on Friday night is alerted at once, and the alert says that nobody has to hurry.
func TestAnAlertAtNightSaysWhenTheClockStarts(t *testing.T) {
	f := newFloor(t, 1)
	f.until("2026-03-06T18:40:00Z")
	f.route(f.lead(1))
	f.Deliver()
	mails := f.Mail.All()
	if m := mails[len(mails)-1]; !strings.Contains(strings.Join(strings.Fields(m.Text), " "), "The clock starts on Monday 9 March, 09:00, with your work. A first answer is expected by Monday 9 March, 11:00.") {
		t.Error(m.Text)
	} else if strings.Contains(m.Text, "Times here") {
		t.Error("a zone is named to somebody who works in the house's")
	}
	f.ok(f.Store.DB(t.Context()).Exec("update user_profiles set time_zone = 'Europe/Berlin' where user_id = ?", f.people[0].ID).Error)
	f.route(f.lead(2))
	f.Deliver()
	mails = f.Mail.All()
	if text := strings.Join(strings.Fields(mails[len(mails)-1].Text), " "); !strings.Contains(text, "expected by Monday 9 March, 11:00. Times here are those of Europe/Berlin; the staff pages show those of Europe/London.") {
		t.Error(text)
	}
}

// 50 leads that qualify at once, over three instances with two workers each: one owner each, and shares that are even
// within one.
func TestFiftyAtOnceOverThreeInstances(t *testing.T) {
	f := newFloor(t, 3)
	var ids []uuid.UUID
	for i := range 50 {
		ids = append(ids, f.lead(i))
	}
	apps := []*app.App{f.App, f.another(), f.another()}
	var wait sync.WaitGroup
	errors := make(chan error, 200)
	for i, id := range ids {
		for d := range 2 { // each job lives twice
			wait.Go(func() { errors <- apps[(i+d)%3].RouteLeads(t.Context(), []uuid.UUID{id, ids[(i+7*d)%50]}) })
		}
	}
	wait.Wait()
	close(errors)
	for err := range errors {
		if err != nil {
			t.Error(err)
		}
	}
	if n := f.Count("select count(*) from assignments where state = 'open'"); n != 50 {
		t.Errorf("%d assignments", n)
	}
	if low, high := f.Count("select min(n) from (select count(*) n from assignments group by owner_id) x"), f.Count("select max(n) from (select count(*) n from assignments group by owner_id) x"); high-low > 1 || low < 16 {
		t.Errorf("between %d and %d", low, high)
	}
	if n := f.Count("select count(*) from assignments a join leads l on l.id = a.lead_id where l.owner_id = a.owner_id and a.alert_message_id is not null and a.reason <> ''"); n != 50 {
		t.Errorf("%d are whole", n)
	}
	if n := f.Count("select count(*) from messages where template = 'assigned'"); n != 12 { // four each, then digests
		t.Errorf("%d mails of their own", n)
	}
	if n := f.Count("select count(*) from messages where template = 'assigned_digest'"); n != 3 {
		t.Errorf("%d digests", n)
	}
}

// another is one more instance on the same database.
func (f *floor) another() *app.App {
	f.T.Helper()
	s, err := store.Open(f.T.Context(), store.Options{URL: f.URL, MaxConns: 8, Clock: f.Clock.Now})
	if err != nil {
		f.T.Fatal(err)
	}
	f.T.Cleanup(s.Close)
	renderer, err := email.NewRenderer(templates.FS, nil)
	if err != nil {
		f.T.Fatal(err)
	}
	a := app.New(app.Options{BaseURL: "http://127.0.0.1:8080", From: email.Identity{Address: "documents@gatehouse.example"}, DataDir: f.Dir, Log: slog.New(slog.DiscardHandler), Store: s,
		Keys: f.Keys, Sender: f.Mail, Renderer: renderer, Files: f.Files})
	f.T.Cleanup(a.Close)
	return a
}

func TestNobodySellsTheFirstAdminDoes(t *testing.T) {
	f := newFloor(t, 0)
	id := f.lead(1)
	f.route(id)
	if as := f.held(id); as.OwnerID != f.admin.ID || as.How != "fallback" || f.Count("select count(*) from alarms where kind = 'lead-fallback'") != 1 {
		t.Errorf("%+v", as)
	}
}

// A lead that nobody could take is given away once somebody is back.
func TestNobodyIsThereUntilSomebodyIs(t *testing.T) {
	f := newFloor(t, 1)
	ana := f.people[0]
	f.ok(f.Store.DB(t.Context()).Exec("update users set disabled_at = now() where id = ?", f.admin.ID).Error)
	f.until("2026-03-03T10:00:00Z")
	f.create(&store.Absence{ID: store.NewID(), UserID: ana.ID, StartsAt: f.at("2026-03-03T00:00:00Z"), EndsAt: f.at("2026-03-05T00:00:00Z"), CreatedAt: f.Clock.Now()})
	id := f.lead(1)
	f.route(id)
	alarms := func() int {
		return f.Count("select count(*) from alarms where kind = 'nobody-to-sell' and object = ? and cleared_at is null", id.String())
	}
	f.until("2026-03-04T10:00:00Z")
	f.tend()
	if n := f.Count("select count(*) from assignments"); n != 0 || alarms() != 1 {
		t.Fatalf("%d assignments, %d alarms while nobody is there", n, alarms())
	}
	f.until("2026-03-05T09:00:00Z")
	f.tend()
	if as := f.held(id); as.OwnerID != ana.ID || alarms() != 0 {
		t.Errorf("held by %v, %d alarms", as.OwnerID, alarms())
	}
}

func TestACompanyHasOneOwner(t *testing.T) {
	f := newFloor(t, 3)
	var ids []uuid.UUID
	for _, name := range []string{"ann", "bob", "cid"} {
		in := testkit.Submit(name + "@archer.example")
		f.Clock.Move(time.Second)
		f.Take(in)
		l, _, err := f.Store.LeadByAddress(t.Context(), name+"@archer.example")
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, l.ID)
	}
	f.route(ids[0], ids[1])
	f.route(ids[2])
	first := f.held(ids[0])
	for _, id := range ids[1:] {
		if as := f.held(id); as.OwnerID != first.OwnerID || as.RuleKey != "existing-owner" {
			t.Errorf("%s: %s", as.OwnerID, as.Reason)
		}
	}
}

func TestOutsideWorkingHoursTheClockWaits(t *testing.T) {
	f := newFloor(t, 1)
	friday := time.Date(2026, 3, 6, 18, 40, 0, 0, time.UTC)
	f.Clock.Move(friday.Sub(f.Clock.Now()) - time.Second)
	id := f.lead(1)
	f.route(id)
	as := f.held(id)
	monday := time.Date(2026, 3, 9, 9, 0, 0, 0, time.UTC)
	if !as.At.Equal(friday) || !as.ClockFrom.Equal(monday) || as.WarnAt == nil || !as.WarnAt.Equal(monday.Add(2*time.Hour)) || as.ReassignAt != nil {
		t.Errorf("at %v, clock from %v, warn %v", as.At, as.ClockFrom, as.WarnAt)
	}
}
