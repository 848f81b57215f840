package app_test

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/email"
	"github.com/gatehouse/gatehouse/internal/guard"
	"github.com/gatehouse/gatehouse/internal/report"
	"github.com/gatehouse/gatehouse/internal/store"
	"github.com/gatehouse/gatehouse/internal/testkit"
)

// history is a random past: what it did, and what can still be done to it.
type history struct {
	*testkit.Kit
	rnd              *rand.Rand
	n                int
	waiting, decided []uuid.UUID // in quarantine; discarded
	open             []uuid.UUID // recorded, not a lead yet
	people           []string
	did              string
}

var staff = store.Actor{Kind: "user", Name: "Test"}

func newHistory(t *testing.T, seed uint64, opts ...testkit.Option) *history {
	t.Helper()
	opts = append(opts, func(o *app.Options) { o.Limits = false })
	k := testkit.New(t, opts...)
	k.Clock.Move(11 * time.Minute)
	return &history{Kit: k, rnd: rand.New(rand.NewPCG(seed, 0x726f6c6c))}
}

func (h *history) ok(err error) {
	h.T.Helper()
	if err != nil {
		h.T.Fatalf("%s: %v", h.did, err)
	}
}

// pick takes one of the ids out of a list.
func (h *history) pick(from *[]uuid.UUID) (uuid.UUID, bool) {
	if len(*from) == 0 {
		return uuid.Nil, false
	}
	i := h.rnd.IntN(len(*from))
	id := (*from)[i]
	*from = slices.Delete(*from, i, i+1)
	return id, true
}

func (h *history) submit(robot bool) {
	h.n++
	who := fmt.Sprintf("p%d@company%d.example", h.rnd.IntN(12), h.rnd.IntN(3))
	in := testkit.Submit(who)
	in.IP = netip.AddrFrom4([4]byte{10, byte(h.n >> 8), byte(h.n), 1})
	in.Input.Fields["job_title"] = fmt.Sprintf("Director %d", h.n)
	in.Source.UTMMedium = []string{"email", "cpc", ""}[h.rnd.IntN(3)]
	if robot {
		in.Honeypot, in.UserAgent = "filled", "curl/8.0"
	}
	res, err := h.App.SubmitForm(h.T.Context(), in)
	h.ok(err)
	h.people = append(h.people, who)
	if robot {
		h.waiting = append(h.waiting, res.SubmissionID)
	} else {
		h.open = append(h.open, res.SubmissionID)
	}
}

// accept makes leads of some of what waits, as late as it may be.
func (h *history) accept() {
	if id, ok := h.pick(&h.open); ok {
		h.ok(h.App.AcceptSubmissions(h.T.Context(), []uuid.UUID{id}))
	}
}

func (h *history) openDocument() {
	h.Deliver()
	if mails := h.Mail.All(); len(mails) > 0 {
		m := mails[h.rnd.IntN(len(mails))]
		_, link, found := strings.Cut(m.Text, "/d/")
		if !found {
			return
		}
		link, _, _ = strings.Cut(strings.Fields(link)[0], "?")
		v := app.Visitor{IP: netip.MustParseAddr("192.0.2.9"), Hit: guard.Hit{Method: "POST", UserAgent: "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0", AcceptLanguage: "en", FetchUser: "?1"}}
		_, _ = h.App.TakeDocument(h.T.Context(), link, "read", v) // over, or the person is erased: no opening
	}
}

func (h *history) erase() {
	if len(h.people) == 0 {
		return
	}
	who := h.people[h.rnd.IntN(len(h.people))]
	h.people = slices.DeleteFunc(h.people, func(p string) bool { return p == who })
	_, err := h.App.EraseAddress(h.T.Context(), who, staff)
	h.ok(err)
	gone := func(ids []uuid.UUID) []uuid.UUID {
		return slices.DeleteFunc(ids, func(id uuid.UUID) bool {
			return h.Count("select count(*) from submissions where id = ? and state = 'erased'", id) > 0
		})
	}
	h.waiting, h.decided, h.open = gone(h.waiting), gone(h.decided), gone(h.open)
}

// step does one thing at random, at a random time.
func (h *history) step() {
	h.T.Helper()
	things := []struct {
		name   string
		weight int
		do     func()
	}{
		{"submit", 8, func() { h.submit(false) }}, {"robot", 4, func() { h.submit(true) }}, {"accept", 8, h.accept}, {"open", 3, h.openDocument},
		{"release", 3, func() {
			if id, ok := h.pick(&h.waiting); ok {
				h.ok(h.App.Decide(h.T.Context(), id, true, staff))
				h.open = append(h.open, id)
			}
		}},
		{"discard", 2, func() {
			if id, ok := h.pick(&h.waiting); ok {
				h.ok(h.App.Decide(h.T.Context(), id, false, staff))
				h.decided = append(h.decided, id)
			}
		}},
		{"undiscard", 1, func() {
			if id, ok := h.pick(&h.decided); ok {
				h.ok(h.App.Undiscard(h.T.Context(), id, staff))
				h.waiting = append(h.waiting, id)
			}
		}},
		{"erase", 2, h.erase},
		{"roll up", 5, func() { _, err := h.App.RollUp(h.T.Context()); h.ok(err) }},
		{"wait", 6, func() { h.Clock.Move(time.Duration(h.rnd.IntN(200)) * time.Minute) }},
	}
	sum := 0
	for _, t := range things {
		sum += t.weight
	}
	at := h.rnd.IntN(sum)
	for _, t := range things {
		if at -= t.weight; at < 0 {
			h.did = t.name
			t.do()
			break
		}
	}
	h.Clock.Move(time.Duration(h.rnd.IntN(900)) * time.Second)
}

// The figures as the rows say, without roll-ups and as the definitions of the reports spell them.
const directly = `with asked as (
		select s.id, o.lead_id, g.slug, s.received_at as at, ` + report.SourceOf + ` as source from submissions s join gates g on g.id = s.gate_id
		left join outcomes o on o.submission_id = s.id where s.received_at >= @a and s.received_at < @b and ` + report.Counted + `),
	opened as (select d.lead_id, g.slug, d.at, ` + report.SourceOfDownload + ` as source from downloads d join gates g on g.id = d.gate_id where d.at >= @a and d.at < @b),
	a as (select %[1]s as key, count(*) as n, count(distinct lead_id) as people from asked where @source in ('', source) group by 1),
	o as (select %[1]s as key, count(distinct lead_id) as n from opened where @source in ('', source) group by 1)
	select key || ' ' || coalesce(a.n, 0) || ' ' || coalesce(people, 0) || ' ' || coalesce(o.n, 0) from a full join o using (key) order by 1`

// views are the ranges and filters that are looked at, in zones whose days begin at an hour or within one.
func (h *history) views() (out []report.Filter) {
	for _, name := range []string{"UTC", "Asia/Kathmandu", "America/St_Johns"} { // +5:45; -3:30 and -2:30
		zone, err := time.LoadLocation(name)
		h.ok(err)
		today := report.DayOf(h.Clock.Now(), zone)
		out = append(out, report.Filter{From: today.Add(-40), To: today, Zone: zone}, report.Filter{From: today.Add(-4), To: today.Add(-1), Zone: zone},
			report.Filter{From: today.Add(-9), To: today, Zone: zone, Source: "email"}, report.Filter{From: today.Add(-9), To: today, Zone: zone, Source: report.UnknownSource})
	}
	return out
}

// differences names the figures of the views that are not those of the rows.
func (h *history) differences(views ...report.Filter) (out []string) {
	h.T.Helper()
	for _, f := range views {
		for _, r := range []struct {
			report report.Report
			key    string
		}{{report.Volume(), "'all'"}, {report.VolumeByGate(), "slug"}, {report.VolumeBySource(), "source"}} {
			out = append(out, h.compare(r.report, r.key, f)...)
		}
		out = append(out, h.compareDays(f)...)
	}
	return out
}

func (h *history) direct(key string, f report.Filter) []string {
	h.T.Helper()
	var want []string
	h.ok(h.Store.DB(h.T.Context()).Raw(fmt.Sprintf(directly, key), map[string]any{"a": f.From.Start(f.Zone), "b": f.To.Add(1).Start(f.Zone), "source": f.Source}).Scan(&want).Error)
	return want
}

func (h *history) compare(r report.Report, key string, f report.Filter) []string {
	h.T.Helper()
	rows, err := report.Run(h.T.Context(), h.Store.Pool(), r, f)
	h.ok(err)
	var got []string
	for _, row := range rows {
		if line := strings.Trim(fmt.Sprint(row.Key, " ", row.Figures), "]"); !strings.HasSuffix(line, "[0 0 0") {
			got = append(got, strings.ReplaceAll(line, "[", ""))
		}
	}
	slices.Sort(got)
	if want := h.direct(key, f); !slices.Equal(got, want) {
		return []string{fmt.Sprintf("%s, %s to %s in %s, source %q: %v, the rows say %v", r.Name, f.From, f.To, f.Zone, f.Source, got, want)}
	}
	return nil
}

// compareDays compares the submissions of each day; the people of a day are those who are new in the range, so they add up.
func (h *history) compareDays(f report.Filter) (out []string) {
	h.T.Helper()
	rows, err := report.Run(h.T.Context(), h.Store.Pool(), report.VolumeByDay(), f)
	h.ok(err)
	days := map[string]int64{}
	for _, line := range h.direct("to_char(at at time zone '"+f.Zone.String()+"', 'YYYY-MM-DD')", f) {
		var day string
		var n int64
		_, _ = fmt.Sscan(line, &day, &n)
		days[day] = n
	}
	sums := [3]int64{}
	for _, row := range rows {
		if day := f.DayOfKey(row.Key).String(); row.Figures[0] != days[day] {
			out = append(out, fmt.Sprintf("%s in %s, source %q: %d submissions, the rows say %d", day, f.Zone, f.Source, row.Figures[0], days[day]))
		}
		for i, n := range row.Figures {
			sums[i] += n
		}
	}
	want := [3]int64{}
	for _, line := range h.direct("'all'", f) {
		_, _ = fmt.Sscanf(line, "all %d %d %d", &want[0], &want[1], &want[2])
	}
	if sums != want {
		out = append(out, fmt.Sprintf("the days %s to %s in %s, source %q, add up to %v, the rows say %v", f.From, f.To, f.Zone, f.Source, sums, want))
	}
	return out
}

// live does random things, looks at one view after each of them, and stops at the first difference in any of them.
func (h *history) live(steps int) []string {
	h.T.Helper()
	for range steps {
		h.step()
		views := h.views()
		if diff := h.differences(views[h.rnd.IntN(len(views))]); len(diff) > 0 {
			return diff
		}
	}
	return h.differences(h.views()...)
}

// Whatever happens in whatever order, figures that take rolled-up hours are those of the rows, after each single step.
func TestFiguresAreTheRowsAtAnyMoment(t *testing.T) {
	for seed := range uint64(2) {
		h := newHistory(t, seed)
		if diff := h.live(100); diff != nil {
			t.Fatalf("seed %d, after %q:\n%s", seed, h.did, strings.Join(diff, "\n"))
		}
		for what, n := range map[string]int{"rolled-up hours": h.Count("select count(*) from rollup_hours"), "openings": h.Count("select count(*) from downloads"),
			"erased": h.Count("select count(*) from submissions where state = 'erased'"), "released": h.Count("select count(*) from submissions where verdict = 'quarantine' and state = 'processed'")} {
			if n == 0 {
				t.Errorf("seed %d: no %s, so nothing was compared", seed, what)
			}
		}
		if r := verify(t, h.Kit); slices.ContainsFunc(r.Unexplained, func(i app.VerifyItem) bool { return i.Kind == "rolled-up hours" || i.Kind == "visits" }) {
			t.Errorf("seed %d: %+v", seed, r.Unexplained)
		}
	}
}

// Where changes mark no hours, the comparison above goes red, verify names the hour, and after that it is mended.
func TestMutantStaleRollup(t *testing.T) {
	var diff []string
	var h *history
	for seed := uint64(0); diff == nil && seed < 3; seed++ {
		h = newHistory(t, seed, func(o *app.Options) { o.Mutant = "stale-rollup" })
		diff = h.live(100)
	}
	if diff == nil {
		t.Fatal("nothing noticed that changed hours were not marked")
	}
	t.Logf("after %q: %s", h.did, diff[0])
	named := func() (n int) {
		for _, i := range verify(t, h.Kit).Unexplained {
			if i.Kind == "rolled-up hours" {
				n++
			}
		}
		return n
	}
	if named() == 0 {
		t.Error("verify does not name the hour")
	}
	if diff := h.differences(h.views()...); diff != nil {
		t.Errorf("after verify figures still take the hour from the roll-up: %v", diff)
	}
	if _, err := h.App.RollUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	if diff := h.differences(h.views()...); diff != nil || named() != 0 {
		t.Errorf("not mended: %v", diff)
	}
}

// A changed hour is counted anew by itself: no other hour is touched, and an hour with a submission on its way waits.
func TestRollUpRebuildsJustTheHour(t *testing.T) {
	h := newHistory(t, 1)
	for range 6 {
		h.submit(false)
		h.submit(true)
		h.accept()
		h.Clock.Move(time.Hour)
	}
	h.Clock.Move(3 * time.Hour)
	roll := func(want int) {
		t.Helper()
		if n, err := h.App.RollUp(t.Context()); err != nil || n != want {
			t.Errorf("%d hours were counted, want %d, %v", n, want, err)
		}
	}
	roll(7) // six with submissions, one without
	roll(0)
	// Each row is made wrong on purpose, which shows which one is written anew.
	if err := h.Store.DB(t.Context()).Exec("update rollup_hours set submissions = submissions + 100").Error; err != nil {
		t.Fatal(err)
	}
	robot := h.waiting[2]
	h.ok(h.App.Decide(t.Context(), robot, true, staff))
	roll(0) // released: its lead is still to come, and then its source is known
	if n := h.Count("select count(*) from rollup_dirty"); n != 1 {
		t.Errorf("%d marks, want 1", n)
	}
	h.ok(h.App.AcceptSubmissions(t.Context(), []uuid.UUID{robot}))
	roll(1)
	wrong, right := h.Count("select count(distinct hour) from rollup_hours where submissions > 100"), h.Count("select count(distinct hour) from rollup_hours where submissions < 100")
	if wrong != 5 || right != 1 || h.Count("select count(*) from rollup_dirty") != 0 {
		t.Errorf("%d hours were left alone and %d written anew, want 5 and 1", wrong, right)
	}
	if n := h.Count("select sum(submissions) from rollup_hours where hour = (select date_trunc('hour', received_at, 'UTC') from submissions where id = ?)", robot); n != 2 {
		t.Errorf("the hour counts %d, want 2", n)
	}
}

// Demonstration data is rolled up when it is sown, also beside what was rolled up before it.
func TestSeedIsRolledUp(t *testing.T) {
	h := newHistory(t, 2, func(o *app.Options) { o.Sender = email.NewCapture(app.Inbox{Store: o.Store}, o.Store.Now) })
	for round := range uint64(2) {
		if _, err := h.App.Seed(t.Context(), app.SeedOptions{Leads: 60, Days: 30, Seed: round, Force: true}); err != nil {
			t.Fatal(err)
		}
		if diff := h.differences(h.views()...); diff != nil {
			t.Errorf("%v", diff)
		}
		if h.Count("select count(*) from rollup_hours") == 0 {
			t.Error("nothing is rolled up")
		}
	}
}

// Before anybody came there is nothing to roll up, and that is no fault.
func TestRollUpOfNothing(t *testing.T) {
	k := testkit.New(t)
	for range 2 {
		if _, err := k.App.RollUp(t.Context()); err != nil {
			t.Fatal(err)
		}
		k.Clock.Move(48 * time.Hour)
	}
	k.Take(testkit.Submit("first@firm.example"))
	k.Clock.Move(5 * time.Hour)
	if n, err := k.App.RollUp(t.Context()); err != nil || n == 0 {
		t.Errorf("%d hours, %v", n, err)
	}
}
