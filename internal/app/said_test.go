package app_test

import (
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/guard"
	"github.com/gatehouse/gatehouse/internal/lead"
	"github.com/gatehouse/gatehouse/internal/store"
	"github.com/gatehouse/gatehouse/internal/testkit"
)

// reader is somebody with a thank-you page, and, once the mail is there, with the link in it.
type reader struct {
	*testkit.Kit
	t         *testing.T
	thanks    app.Door
	questions []app.AskedQuestion
}

func newReader(t *testing.T, k *testkit.Kit, address string) *reader {
	t.Helper()
	res := k.Take(testkit.Submit(address))
	return &reader{Kit: k, t: t, thanks: thanksOf(res), questions: meeting(t, k, thanksOf(res)).Questions}
}

func thanksOf(res app.Submitted) app.Door {
	return app.Door{Page: app.DoorThanks, Slug: app.SampleSlug, Token: res.Receipt}
}

// mailed is the personal link of the newest mail.
func mailed(t *testing.T, k *testkit.Kit) app.Door {
	t.Helper()
	k.Deliver()
	all := k.Mail.All()
	return app.Door{Page: app.DoorPersonal, Token: link(t, all[len(all)-1])}
}

func meeting(t *testing.T, k *testkit.Kit, d app.Door) app.Meeting {
	t.Helper()
	m, err := k.App.Meeting(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func (r *reader) ours(d app.Door, n int, ours bool) {
	r.t.Helper()
	if err := r.App.SayOurs(r.t.Context(), d, person(), r.questions[n].ID, ours); err != nil {
		r.t.Fatal(err)
	}
}

func choose(t *testing.T, k *testkit.Kit, d app.Door, in app.ContactWish) {
	t.Helper()
	if err := k.App.ChooseContact(t.Context(), d, person(), in); err != nil {
		t.Fatal(err)
	}
}

// current is the choice that binds, with its proof: "call confirmed".
func current(t *testing.T, k *testkit.Kit) string {
	t.Helper()
	var c []store.ContactChoice
	if err := k.Store.DB(t.Context()).Where("current").Find(&c).Error; err != nil || len(c) > 1 {
		t.Fatal(err, len(c))
	}
	if len(c) == 0 {
		return ""
	}
	return c[0].How + " " + c[0].State
}

var call = app.ContactWish{How: lead.ByCall, Tel: "+44 20 7946 0018", Zone: "Europe/London", Words: "not before ten",
	Slots: []app.SlotWish{{Day: "2026-03-05", From: "09:00", Until: "11:00"}, {Day: "2026-03-04", From: "14:00", Until: "15:30"}, {}}}

func TestTheSampleAsksEightQuestions(t *testing.T) {
	k := testkit.New(t)
	r := newReader(t, k, "ann@example.org")
	if len(r.questions) != 8 || r.questions[1].Text != "Where do we lose them?" || r.questions[7].Number != 8 {
		t.Fatalf("%+v", r.questions)
	}
}

// What was claimed on the thank-you page is confirmed by the mailbox's owner, and by nobody else.
func TestSaidOnBothPages(t *testing.T) {
	k := testkit.New(t)
	r := newReader(t, k, "ann@example.org")
	r.ours(r.thanks, 1, true)
	r.ours(r.thanks, 4, true)
	r.ours(r.thanks, 4, false)
	if n := k.Count("select count(*) from sayings where state = 'claimed' and taken_back_at is null and lead_id is not null"); n != 1 {
		t.Fatalf("%d claims", n)
	}
	own := mailed(t, k)
	r.ours(own, 1, true)
	r.ours(own, 6, true)
	if n := k.Count("select count(*) from sayings where state = 'confirmed' and taken_back_at is null"); n != 2 {
		t.Errorf("%d confirmed", n)
	}
	r.ours(r.thanks, 1, false) // a claim takes nothing back that was confirmed
	if n := k.Count("select count(*) from sayings where state = 'confirmed' and taken_back_at is null"); n != 2 {
		t.Errorf("a receipt took back what the mailbox's owner said: %d", n)
	}
	r.ours(own, 1, false)
	m := meeting(t, k, own)
	if m.Questions[1].Ours || !m.Questions[6].Ours || m.Questions[4].Ours {
		t.Errorf("%+v", m.Questions)
	}
	if n := k.Count("select count(*) from river_job where kind = 'lead_score'") + k.Count("select count(*) from outbox where type = 'lead.changed'"); n < 4 {
		t.Errorf("only %d jobs and announcements came of it", n)
	}
}

// Whoever types Ann's address learns nothing of what Ann said, and changes nothing of it.
func TestAStrangersClaimShowsAndChangesNothing(t *testing.T) {
	k := testkit.New(t)
	r := newReader(t, k, "ann@example.org")
	own := mailed(t, k)
	r.ours(own, 2, true)
	choose(t, k, own, app.ContactWish{How: lead.ByMail})
	givenOwner(t, k)
	k.Clock.Move(time.Hour)
	stranger := thanksOf(k.Take(as("ann@example.org", "Mallory", "Malice")))
	m := meeting(t, k, stranger)
	if m.Questions[2].Ours || m.How != "" || m.Host != nil || len(m.Contacts) > 0 || m.CanCall {
		t.Errorf("the stranger sees %+v", m)
	}
	r.ours(stranger, 2, true)
	r.ours(stranger, 2, false)
	r.ours(stranger, 3, true)
	choose(t, k, stranger, call)
	if got := current(t, k); got != "mail confirmed" {
		t.Errorf("a claim made %q current", got)
	}
	if n := k.Count("select count(*) from sayings where state = 'confirmed' and taken_back_at is null"); n != 1 {
		t.Errorf("%d confirmed sayings", n)
	}
	if m := meeting(t, k, own); m.CanCall || m.How != lead.ByMail || m.Host == nil || m.Host.Name != "Ruth Adler" {
		t.Errorf("the owner of the mailbox sees %+v", m)
	}
	if err := k.App.ChooseContact(t.Context(), own, person(), app.ContactWish{How: lead.ByCall, Again: true}); !errs.Is(err, errs.Invalid) {
		t.Errorf("a stranger's number would be called: %v", err)
	}
	choose(t, k, stranger, app.ContactWish{How: lead.ByNobody})
	if got := current(t, k); got != "none claimed" {
		t.Errorf("after a claimed no, %q binds", got)
	}
	choose(t, k, own, app.ContactWish{How: lead.ByMail})
	if got := current(t, k); got != "mail confirmed" {
		t.Errorf("the owner's word lifts the claimed no: %q", got)
	}
}

// givenOwner puts every lead into the hands of Ruth Adler, who has a calendar.
func givenOwner(t *testing.T, k *testkit.Kit) uuid.UUID {
	t.Helper()
	id := store.NewID()
	mustExec(t, k, `insert into users (id, email, name, role, password_hash, session_epoch, version, created_at) values ('`+id.String()+`', 'ruth@gatehouse.example', 'Ruth Adler', 'sales', '', 1, 1, now())`)
	mustExec(t, k, `insert into user_profiles (user_id, job_title, tel, booking_url, photo_key, time_zone, hours, holiday_region, version, updated_at)
		values ('`+id.String()+`', 'Adviser', '', 'https://cal.example/ruth', '', 'Europe/London', '[]', '', 1, now())`)
	mustExec(t, k, `update leads set owner_id = '`+id.String()+`'`)
	return id
}

func TestHowToBeMet(t *testing.T) {
	k := testkit.New(t)
	r := newReader(t, k, "ann@example.org")
	givenOwner(t, k)
	if m := meeting(t, k, r.thanks); m.Host == nil || m.Host.BookingURL == "" || m.Contacts != nil {
		t.Errorf("whose first request it is sees %+v", m.Host)
	}
	choose(t, k, r.thanks, call)
	choose(t, k, r.thanks, call)
	var rows []store.ContactChoice
	if err := k.Store.DB(t.Context()).Find(&rows).Error; err != nil || len(rows) != 1 {
		t.Fatal(len(rows), err)
	}
	c := rows[0]
	if !c.Current || c.State != "claimed" || c.Tel != "+442079460018" || len(c.Slots) != 3 || c.Slots[0].From.Format(time.RFC3339) != "2026-03-04T14:00:00Z" ||
		c.Slots[2].Words != "not before ten" {
		t.Errorf("%+v", c)
	}
	for _, step := range []struct {
		d    app.Door
		in   app.ContactWish
		want string
	}{
		{r.thanks, app.ContactWish{How: lead.ByNobody}, "none claimed"},
		{r.thanks, app.ContactWish{How: lead.ByCall, Again: true}, "call claimed"},
		{mailed(t, k), app.ContactWish{How: lead.ByBooking}, "booking confirmed"},
		{r.thanks, app.ContactWish{How: lead.ByMail}, "booking confirmed"},
		{mailed(t, k), app.ContactWish{How: lead.ByNobody}, "none confirmed"},
		{app.Door{Page: app.DoorPreferences, Token: preferences(t, k.Mail.All()[0])}, app.ContactWish{How: lead.ByMail}, "mail confirmed"},
	} {
		k.Clock.Move(time.Minute)
		choose(t, k, step.d, step.in)
		if got := current(t, k); got != step.want {
			t.Errorf("%s on %s: %q binds, want %q", step.in.How, step.d.Page, got, step.want)
		}
	}
	for name, in := range map[string]app.ContactWish{
		"no such way": {How: "pigeon"},
		"no number":   {How: lead.ByCall, Zone: "Europe/London", Words: "any time"},
		"no time":     {How: lead.ByCall, Zone: "Europe/London", Tel: "+442079460018"},
		"one time":    {How: lead.ByCall, Zone: "Europe/London", Tel: "+442079460018", Slots: []app.SlotWish{{Day: "2026-03-05", From: "09:00", Until: "10:00"}}},
		"the same time twice": {How: lead.ByCall, Zone: "Europe/London", Tel: "+442079460018", Slots: []app.SlotWish{{Day: "2026-03-05", From: "09:00", Until: "10:00"},
			{Day: "2026-03-05", From: "09:00", Until: "10:00"}}},
		"no zone":       {How: lead.ByCall, Tel: "+442079460018", Words: "any time", Zone: "../etc/passwd"},
		"the past":      {How: lead.ByCall, Zone: "Europe/London", Tel: "+442079460018", Slots: []app.SlotWish{{Day: "2026-03-02", From: "09:00", Until: "10:00"}}},
		"far ahead":     {How: lead.ByCall, Zone: "Europe/London", Tel: "+442079460018", Slots: []app.SlotWish{{Day: "2027-03-02", From: "09:00", Until: "10:00"}}},
		"backwards":     {How: lead.ByCall, Zone: "Europe/London", Tel: "+442079460018", Slots: []app.SlotWish{{Day: "2026-03-05", From: "11:00", Until: "10:00"}}},
		"half a time":   {How: lead.ByCall, Zone: "Europe/London", Tel: "+442079460018", Slots: []app.SlotWish{{Day: "2026-03-05", From: "11:00"}}},
		"hostile words": {How: lead.ByCall, Zone: "Europe/London", Tel: "+442079460018", Words: "ten\x00"},
	} {
		if err := k.App.ChooseContact(t.Context(), r.thanks, person(), in); !errs.Is(err, errs.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What is said before anybody has looked at a request is kept with it, and counts once it has become a lead.
func TestSaidEarlyIsKept(t *testing.T) {
	k := testkit.New(t)
	res, err := k.App.SubmitForm(t.Context(), robot("ann@example.org"))
	if err != nil || res.Status != "quarantined" {
		t.Fatalf("%+v, %v", res, err)
	}
	r := &reader{Kit: k, t: t, thanks: thanksOf(res), questions: meeting(t, k, thanksOf(res)).Questions}
	r.ours(r.thanks, 0, true)
	r.ours(r.thanks, 0, true)
	if err := k.App.AskAuthor(t.Context(), r.thanks, person(), "And if we have no sales team?"); err != nil {
		t.Fatal(err)
	}
	choose(t, k, r.thanks, call)
	choose(t, k, r.thanks, app.ContactWish{How: lead.ByMail})
	if m := meeting(t, k, r.thanks); !m.Early || m.How != lead.ByMail || !m.Questions[0].Ours {
		t.Errorf("%+v", m)
	}
	if n := k.Count("select count(*) from sayings where lead_id is not null") + k.Count("select count(*) from contact_choices where current"); n != 0 {
		t.Error("something counts of a request that nobody has looked at")
	}
	if err := k.App.Decide(t.Context(), res.SubmissionID, true, byTest); err != nil {
		t.Fatal(err)
	}
	k.Work()
	if n := k.Count("select count(*) from sayings where lead_id is not null and state = 'claimed'"); n != 2 {
		t.Errorf("%d of two sayings came along", n)
	}
	if got := current(t, k); got != "mail claimed" {
		t.Errorf("%q binds", got)
	}
	discarded, err := k.App.SubmitForm(t.Context(), robot("eve@example.org"))
	if err != nil {
		t.Fatal(err)
	}
	if err := k.App.Decide(t.Context(), discarded.SubmissionID, false, byTest); err != nil {
		t.Fatal(err)
	}
	if err := k.App.SayOurs(t.Context(), thanksOf(discarded), person(), r.questions[0].ID, true); !errs.Is(err, errs.Gone) {
		t.Errorf("a cancelled request still speaks: %v", err)
	}
	if m := meeting(t, k, thanksOf(discarded)); !m.Closed || len(m.Questions) > 0 {
		t.Errorf("%+v", m)
	}
}

func TestFiftyEqualTapsAreOneSaying(t *testing.T) {
	k := testkit.New(t)
	r := newReader(t, k, "ann@example.org")
	own := mailed(t, k)
	for _, d := range []app.Door{r.thanks, own} {
		var taps sync.WaitGroup
		for i := range 50 {
			taps.Go(func() {
				if err := k.App.SayOurs(t.Context(), d, person(), r.questions[i/25].ID, true); err != nil {
					t.Error(err)
				}
				if i%2 == 0 {
					_ = k.App.AskAuthor(t.Context(), d, person(), "What did it cost?")
				}
			})
		}
		taps.Wait()
	}
	// The owner's taps find the claims of the submission that the mail answered, and confirm them.
	if n := k.Count("select count(*) from sayings where kind = 'ours' and taken_back_at is null"); n != 2 {
		t.Errorf("%d sayings", n)
	}
	if n := k.Count("select count(*) from sayings where kind = 'ask' and page = 'personal'"); n != 1 {
		t.Errorf("%d questions to the author", n)
	}
}

func TestWhatSaysNothing(t *testing.T) {
	k := testkit.New(t)
	r := newReader(t, k, "ann@example.org")
	own := mailed(t, k)
	q := r.questions[0].ID
	scanner := app.Visitor{Hit: guard.Hit{Method: "POST", UserAgent: "Barracuda Sentinel (EE)"}}
	elsewhere := app.Door{Page: app.DoorThanks, Slug: app.SampleSlug, Token: own.Token}
	for name, try := range map[string]func() error{
		"a scanner's post":          func() error { return k.App.SayOurs(t.Context(), own, scanner, q, true) },
		"a scanner's choice":        func() error { return k.App.ChooseContact(t.Context(), own, scanner, app.ContactWish{How: "none"}) },
		"a question of nothing":     func() error { return k.App.SayOurs(t.Context(), own, person(), store.NewID(), true) },
		"a link at the wrong door":  func() error { return k.App.SayOurs(t.Context(), elsewhere, person(), q, true) },
		"an empty question":         func() error { return k.App.AskAuthor(t.Context(), own, person(), "  ") },
		"a question of two lines":   func() error { return k.App.AskAuthor(t.Context(), own, person(), "one\ntwo") },
		"a question without an end": func() error { return k.App.AskAuthor(t.Context(), own, person(), string(make([]rune, 600))) },
		"a calendar of nobody":      func() error { return k.App.ChooseContact(t.Context(), own, person(), app.ContactWish{How: "booking"}) },
	} {
		if err := try(); err == nil {
			t.Errorf("%s was heard", name)
		}
	}
	if _, err := k.App.EraseAddress(t.Context(), "ann@example.org", byTest); err != nil {
		t.Fatal(err)
	}
	for name, d := range map[string]app.Door{"personal": own, "thanks": r.thanks, "preferences": {Page: app.DoorPreferences, Token: preferences(t, k.Mail.All()[0])}} {
		if err := k.App.ChooseContact(t.Context(), d, person(), app.ContactWish{How: "none"}); err == nil {
			t.Errorf("the %s page of an erased person writes", name)
		}
	}
	if n := k.Count("select count(*) from sayings") + k.Count("select count(*) from contact_choices"); n != 0 {
		t.Errorf("%d rows of nothing", n)
	}
}
