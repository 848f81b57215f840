package web_test

import (
	"fmt"
	"html"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/auth"
	"github.com/gatehouse/gatehouse/internal/guard"
	"github.com/gatehouse/gatehouse/internal/report"
	"github.com/gatehouse/gatehouse/internal/store"
)

const secondGate = "second-paper"

// addGate publishes a second gate for the same document, before anybody has read the list of gates.
func (s *site) addGate() {
	s.T.Helper()
	db := s.Store.DB(s.T.Context())
	var g store.Gate
	var v store.GateVersion
	for _, err := range []error{db.Where("slug = ?", app.SampleSlug).Take(&g).Error, db.Where("gate_id = ?", g.ID).Take(&v).Error} {
		if err != nil {
			s.T.Fatal(err)
		}
	}
	g.ID, g.Slug, g.PublishedVersionID = store.NewID(), secondGate, nil
	v.ID, v.GateID = store.NewID(), g.ID
	v.Definition.Title, g.State = "The second paper", "draft"
	for _, err := range []error{db.Create(&g).Error, db.Create(&v).Error,
		db.Exec("update gates set published_version_id = ?, state = 'published' where id = ?", v.ID, g.ID).Error,
		db.Exec("update settings set time_zone = 'Pacific/Auckland'").Error} {
		if err != nil {
			s.T.Fatal(err)
		}
	}
}

// ask is one submission from a network block of its own.
func (s *site) ask(n int, address, slug, medium string) app.Submit {
	in := submitOf(address)
	in.Source.UTMMedium = medium
	if slug != "" {
		in.Slug = slug
	}
	in.IP = netip.AddrFrom4([4]byte{10, byte(n >> 8), byte(n), 1})
	return in
}

// robot is one that goes to quarantine.
func (s *site) robot(n int, address string) app.Submit {
	in := s.ask(n, address, app.SampleSlug, "")
	in.Honeypot, in.UserAgent = "filled", "curl/8.0"
	return in
}

func (s *site) submit(in app.Submit) uuid.UUID {
	s.T.Helper()
	res, err := s.App.SubmitForm(s.T.Context(), in)
	if err != nil {
		s.T.Fatal(err)
	}
	return res.SubmissionID
}

// open presses the button on the personal page of the last mail to an address.
func (s *site) open(address, kind string) {
	s.T.Helper()
	s.Deliver()
	mails := s.Mail.All()
	for _, m := range slices.Backward(mails) {
		link := linkOf.FindStringSubmatch(m.Text)
		if m.To != address || link == nil {
			continue
		}
		v := app.Visitor{IP: netip.MustParseAddr("192.0.2.9"), Hit: guard.Hit{Method: "POST", UserAgent: "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0", AcceptLanguage: "en", FetchUser: "?1"}}
		if _, err := s.App.TakeDocument(s.T.Context(), link[1], kind, v); err != nil {
			s.T.Fatal(err)
		}
		return
	}
	s.T.Fatalf("no mail with a link to %s", address)
}

var linkOf = regexp.MustCompile(`/d/([A-Za-z0-9_-]+)`)

// past fills ninety days: people who come back, on both sides of the zone's midnight, at both gates, from several
// sources; robots waiting, discarded, released; one not processed yet; openings; two erased people, one of them twice there.
func (s *site) past(staff store.Actor) {
	s.T.Helper()
	start := s.Clock.Now()
	media := []string{"email", "cpc", "social", "", "organic"}
	for n := range 40 {
		s.Clock.Move(51*time.Hour + time.Duration(n%7)*47*time.Minute) // 90 days and some before the end
		who := fmt.Sprintf("p%d@company%d.example", n%17, n%17)
		s.Take(s.ask(n, who, []string{app.SampleSlug, secondGate, app.SampleSlug}[n%3], media[n%5]))
		if n%4 == 0 {
			s.open(who, []string{"read", "download"}[n%8/4])
		}
		if n%13 == 0 {
			s.submit(s.robot(100+n, fmt.Sprintf("robot%d@bots.example", n)))
		}
	}
	s.rollUp() // what follows changes hours that are rolled up
	discarded, released := s.submit(s.robot(200, "d@bots.example")), s.submit(s.robot(201, "r@human.example"))
	for _, err := range []error{s.App.Decide(s.T.Context(), discarded, false, staff), s.App.Decide(s.T.Context(), released, true, staff),
		s.App.AcceptSubmissions(s.T.Context(), []uuid.UUID{released})} {
		if err != nil {
			s.T.Fatal(err)
		}
	}
	s.submit(s.ask(300, "late@company.example", app.SampleSlug, ""))
	for _, address := range []string{"p4@company4.example", "p8@company8.example"} {
		l, _, err := s.Store.LeadByAddress(s.T.Context(), address)
		if err != nil {
			s.T.Fatal(err)
		}
		if _, err := s.App.EraseLead(s.T.Context(), l.ID, staff); err != nil {
			s.T.Fatal(err)
		}
	}
	if days := s.Clock.Now().Sub(start).Hours() / 24; days < 80 {
		s.T.Fatalf("the past is only %.0f days long", days)
	}
}

// rollUp counts the hours that are over into the roll-ups.
func (s *site) rollUp() {
	s.T.Helper()
	if n, err := s.App.RollUp(s.T.Context()); err != nil || n == 0 {
		s.T.Fatalf("%d hours rolled up, %v", n, err)
	}
}

var nextPage = regexp.MustCompile(`rel="next" href="([^"]+)"`)

// rowsAt counts the rows of a list over all its pages.
func (b *browser) rowsAt(path string) int {
	b.s.T.Helper()
	total := 0
	for path != "" {
		body := b.page(path)
		total += strings.Count(body, `class="row-link"`)
		path = ""
		if m := nextPage.FindStringSubmatch(body); m != nil {
			path = html.UnescapeString(m[1])
		}
	}
	return total
}

// Every figure of every report opens exactly the rows that it counts, erased people among them, while hours are rolled up
// and some of them are dirty.
func TestEveryFigureOpensItsRows(t *testing.T) {
	s := newSite(t)
	s.addGate()
	admin := s.login(auth.Admin)
	s.past(admin.actor())
	admin = s.login(auth.Admin) // the first session is over by now
	names, err := s.App.GateNames(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	zone, err := time.LoadLocation("Pacific/Auckland")
	if err != nil {
		t.Fatal(err)
	}
	today := report.DayOf(s.Clock.Now(), zone)
	base := report.Filter{From: today.Add(-89), To: today, Zone: zone}
	filters := []report.Filter{base}
	for _, g := range names {
		f := base
		f.Gate, f.GateID = g.Slug, g.ID.String()
		filters = append(filters, f)
	}
	short := base
	short.From, short.Source = today.Add(-29), "email"
	filters = append(filters, short)
	seen := map[string]int{}
	for _, r := range report.List() {
		if r.Name == "" || r.Title == "" || r.Definition == "" || r.Key == "" || len(r.Columns) == 0 {
			t.Errorf("report %q says too little of itself", r.Name)
		}
		for i, f := range filters {
			rows, err := report.Run(t.Context(), s.Store.Pool(), r, f)
			if err != nil {
				t.Fatal(err)
			}
			for _, row := range rows {
				for col, n := range row.Figures {
					if n == 0 && i > 0 {
						continue // that nothing opens nothing is seen without a filter
					}
					url := r.Drill(f, row.Key, col)
					if got := admin.rowsAt(url); int64(got) != n {
						t.Errorf("%s, %s, %s: the figure is %d, %s has %d rows", r.Name, row.Key, r.Columns[col].Name, n, url, got)
					}
					if n > 0 {
						seen[r.Name+" "+r.Columns[col].Name]++
					}
				}
			}
		}
	}
	for _, r := range report.List() {
		for _, c := range r.Columns {
			if seen[r.Name+" "+c.Name] == 0 {
				t.Errorf("%s, %s: no figure above zero was compared", r.Name, c.Name)
			}
		}
	}
	checkSums(t, s, base)
}

// checkSums counts by hand: 40 asked, 1 was released, 1 is not processed; the robots do not count. The days add up.
func checkSums(t *testing.T, s *site, f report.Filter) {
	t.Helper()
	f.From = f.To.Add(-100)
	rows, err := report.Run(t.Context(), s.Store.Pool(), report.Volume(), f)
	if err != nil {
		t.Fatal(err)
	}
	got := rows[0].Figures
	if want := []int64{42, 18, 10}; fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("volume of everything: %v, want %v", got, want)
	}
	days, err := report.Run(t.Context(), s.Store.Pool(), report.VolumeByDay(), f)
	if err != nil {
		t.Fatal(err)
	}
	sums := make([]int64, 3)
	for _, d := range days {
		for i, n := range d.Figures {
			sums[i] += n
		}
	}
	if len(days) != 101 || fmt.Sprint(sums) != fmt.Sprint(got) {
		t.Errorf("%d days add up to %v, not to %v", len(days), sums, got)
	}
}

var figureLink = regexp.MustCompile(`<a[^>]*href="(/admin/(?:leads|submissions|quarantine)[^"]*)"[^>]*>([0-9,]+)(?: people| person)?</a>`)

// What the home page says is what its links open, for each role that sees it.
func TestHomeFiguresAreLinks(t *testing.T) {
	s := newSite(t)
	s.addGate()
	s.past(s.login(auth.Admin).actor())
	for _, role := range []auth.Role{auth.Admin, auth.Marketing} { // sales have a home of their own, with other figures
		b := s.login(role)
		for _, path := range []string{"/admin", "/admin?range=30&gate=" + secondGate, "/admin?source=email&show=openers"} {
			body := b.page(path)
			links := figureLink.FindAllStringSubmatch(body, -1)
			if len(links) < 10 {
				t.Errorf("%s as %s: only %d figures are links", path, role, len(links))
			}
			for _, l := range links {
				want, _ := strconv.Atoi(strings.ReplaceAll(l[2], ",", ""))
				if got := b.rowsAt(html.UnescapeString(l[1])); got != want {
					t.Errorf("%s as %s: %d is shown, %s has %d rows", path, role, want, l[1], got)
				}
			}
			if !strings.Contains(body, "waiting in quarantine") {
				t.Errorf("%s as %s: the quarantine is not shown", path, role)
			}
		}
	}
}
