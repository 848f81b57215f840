package pipeline

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/lead"
)

func person(n int) uuid.UUID { return uuid.UUID{15: byte(n), 14: byte(n >> 8)} }

var monday = time.Date(2026, 3, 9, 9, 0, 0, 0, time.UTC)

// world has one team of people with these weights.
func world(weights ...int) (*World, *Team) {
	w := &World{Now: monday, People: map[uuid.UUID]*Person{}, Teams: map[uuid.UUID]*Team{}}
	t := &Team{ID: person(999), Name: "Sales"}
	for i, weight := range weights {
		id := person(i + 1)
		w.People[id] = &Person{ID: id, Name: string(rune('A'+i%26)) + "na", Sells: true}
		t.Members = append(t.Members, Member{User: id, Weight: weight})
	}
	w.Teams[t.ID] = t
	return w, t
}

func everything(t *Team) Routing {
	return Routing{Existing: ExistingCompany, Rules: []RouteRule{{Key: "all", Title: "Everything else", Team: &t.ID}}}
}

func fair(m Member) float64 {
	return (float64(m.Turns) + float64(m.Credit)/1000) / float64(m.Weight)
}

// While joins, leaves, absences, declines, changes of weight and full days come in any order, every lead goes to the smallest
// load that can take it, and of equal ones to whoever waited longest; newcomers and returners start at the average of the
// others who are there; a change of weight moves no load. Two members who could both have had every lead never stand further
// apart than the share that one lead is: |n/w - n'/w'| <= max(1/w, 1/w'), or what lay between them when the later one came, if
// that was more. And where nobody declines or is full, everybody who is there, newcomers and returners too, stands within
// 1/(smallest weight) of everybody else.
//
// Why it holds: the chosen one has the smallest load, so it passes another one by at most its own 1/w; loads never fall;
// and an average lies between the smallest and the largest. Whoever declined a lead, or had no room for it, was not there for
// that lead, so no bound can hold for them: their turn is spent, and somebody else had to take what they left.
func TestRotationIsFair(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		weights := make([]int, rapid.SampledFrom([]int{1, 2, 3, 5, 9, 40}).Draw(r, "members"))
		for i := range weights {
			weights[i] = rapid.IntRange(1, 6).Draw(r, "weight")
		}
		w, team := world(weights...)
		f := &fairness{T: r, w: w, team: team, router: NewRouter(everything(team), w), fresh: map[uuid.UUID]bool{}, away: map[uuid.UUID]bool{},
			missed: map[uuid.UUID]bool{}, began: map[[2]uuid.UUID]float64{}, calm: true, slack: 0.002}
		if rapid.Bool().Draw(r, "capacities") {
			for i := range team.Members {
				team.Members[i].Capacity = rapid.SampledFrom([]int{0, 1, 3}).Draw(r, "capacity")
			}
		}
		for range rapid.IntRange(1, 200).Draw(r, "steps") {
			w.Now = w.Now.Add(time.Minute)
			f.calm = f.calm && !nobody(team, f.away)
			f.step()
			f.bounds()
		}
	})
}

// fairness follows a rotation and knows by itself who is there, who is new, and who missed a lead.
type fairness struct {
	*rapid.T
	w                   *World
	team                *Team
	router              *Router
	fresh, away, missed map[uuid.UUID]bool
	began               map[[2]uuid.UUID]float64 // the bound of two that could both have had every lead
	calm                bool
	slack               float64 // what rounding to thousandths may come to
}

func (f *fairness) step() {
	m := &f.team.Members[rapid.IntRange(0, len(f.team.Members)-1).Draw(f.T, "who")]
	p := f.w.People[m.User]
	switch rapid.SampledFrom([]string{"lead", "lead", "lead", "lead", "decline", "join", "leave", "away", "back", "weight", "tomorrow"}).Draw(f.T, "what") {
	case "join":
		id := person(len(f.w.People) + 1)
		f.w.People[id] = &Person{ID: id, Name: "new", Sells: true}
		f.team.Members = append(f.team.Members, Member{User: id, Weight: rapid.IntRange(1, 6).Draw(f.T, "weight"), BackAt: f.w.Now})
		f.fresh[id] = true
	case "leave":
		p.Sells, f.away[m.User] = false, true
	case "away":
		p.Deputies, f.away[m.User] = []Deputy{{Absence: Absence{f.w.Now, f.w.Now.AddDate(1, 0, 0)}}}, true
	case "back":
		if f.away[m.User] && p.Sells {
			p.Deputies, f.away[m.User], f.fresh[m.User] = nil, false, true
			m.BackAt = f.w.Now
		}
	case "weight":
		before, weight := fair(*m), rapid.IntRange(1, 6).Draw(f.T, "weight")
		m.Credit, m.Weight = m.Reweigh(weight), weight
		if d := math.Abs(fair(*m) - before); d > 0.0006 {
			f.Fatalf("a change of weight moved the load by %.3f: %+v", d, *m)
		}
		f.slack += 0.0006
		f.forget(m.User) // a lead is another share now
	case "tomorrow":
		for i := range f.team.Members {
			f.team.Members[i].Today = 0
		}
	case "decline":
		f.calm = false
		refused := map[uuid.UUID]bool{}
		for range rapid.IntRange(1, 4).Draw(f.T, "times") {
			c := f.lead(refused)
			if c.Owner == uuid.Nil {
				break
			}
			refused[c.Owner], f.missed[c.Owner] = true, true
		}
		f.lead(refused)
	default:
		f.lead(nil)
	}
}

// lead gives one lead, and looks at whether whoever got it should have.
func (f *fairness) lead(refused map[uuid.UUID]bool) Choice {
	before := slices.Clone(f.team.Members)
	c := f.router.Choose(Ask{Refused: refused})
	if refused[c.Owner] {
		f.Fatal("a declined lead came round")
	}
	if c.Owner != uuid.Nil && (c.Text == "" || c.Why.Loads[0].User != c.Owner || c.Why.Loads[0].State != LoadChosen) {
		f.Fatalf("the reason does not say why: %q", c.Text)
	}
	f.level(before, c)
	var could []Member
	for i, m := range f.team.Members {
		was := before[i]
		m.Turns, m.Last = was.Turns, was.Last // with its credit, and without this lead
		full := m.Capacity > 0 && was.Today >= m.Capacity
		if want := was.Today + one(m.User == c.Owner); m.Today != want {
			f.Fatalf("%d leads today, %d were given", m.Today, want)
		}
		switch {
		case f.away[m.User] || refused[m.User]:
		case full:
			f.missed[m.User], f.calm = true, false
		default:
			could = append(could, m)
		}
	}
	at := slices.IndexFunc(could, func(m Member) bool { return m.User == c.Owner })
	if (at < 0) != (len(could) == 0) {
		f.Fatalf("%q, and %d could have taken it", c.Text, len(could))
	}
	for _, m := range could {
		got := could[at]
		if d := (m.Turns*1000+m.Credit)*got.Weight - (got.Turns*1000+got.Credit)*m.Weight; d < 0 || d == 0 && m.Last.Before(got.Last) {
			f.Fatalf("%+v got a lead before %+v", got, m)
		}
	}
	return c
}

func one(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

// level looks at the credits of a choice: the average for whoever is new, never below their own load, and no change for
// anybody else.
func (f *fairness) level(before []Member, c Choice) {
	sum, n := 0.0, 0
	for _, m := range before {
		if !f.away[m.User] && !f.fresh[m.User] {
			sum, n = sum+fair(m), n+1
		}
	}
	for i, m := range f.team.Members {
		want, told := fair(before[i]), slices.ContainsFunc(c.Credits, func(k Credit) bool { return k.User == m.User && k.Credit == m.Credit })
		m.Turns = before[i].Turns
		set := f.fresh[m.User] && !f.away[m.User]
		if set && n > 0 {
			want = math.Max(want, sum/float64(n))
		}
		if set != told {
			f.Fatalf("%+v: new %t, told %t", m, set, told)
		}
		if d := math.Abs(fair(m) - want); d > 0.0006 {
			f.Fatalf("%+v begins at %.3f, not at %.3f", m, fair(m), want)
		}
		if set {
			f.fresh[m.User] = false
		}
	}
}

func (f *fairness) bounds() {
	for id := range f.away {
		if f.away[id] {
			f.forget(id) // who went away begins again
		}
	}
	var steady []Member
	for _, m := range f.team.Members {
		if !f.away[m.User] && !f.missed[m.User] && !f.fresh[m.User] {
			steady = append(steady, m)
		}
	}
	for i, a := range steady {
		for _, b := range steady[:i] {
			pair, d := [2]uuid.UUID{b.User, a.User}, math.Abs(fair(a)-fair(b))
			bound, known := f.began[pair]
			if !known {
				bound = math.Max(d, math.Max(1/float64(a.Weight), 1/float64(b.Weight)))
				f.began[pair] = bound
			}
			if d > bound+f.slack {
				f.Fatalf("%+v and %+v are %.3f apart, more than %.3f", a, b, d, bound)
			}
			if d > 1+f.slack && f.calm { // the smallest weight there may be is 1
				f.Fatalf("%+v and %+v are %.3f apart, more than the largest share", a, b, d)
			}
		}
	}
}

// forget lets the bounds of somebody begin anew.
func (f *fairness) forget(id uuid.UUID) {
	for pair := range f.began {
		if pair[0] == id || pair[1] == id {
			delete(f.began, pair)
		}
	}
}

func nobody(t *Team, away map[uuid.UUID]bool) bool {
	for _, m := range t.Members {
		if !away[m.User] {
			return false
		}
	}
	return true
}

func TestReasonSaysWhatWasCompared(t *testing.T) {
	w, team := world(1, 2, 1)
	w.People[person(1)].Name, w.People[person(2)].Name, w.People[person(3)].Name = "Ana", "Ben", "Cleo"
	team.Name = "DACH"
	team.Members[0].Turns, team.Members[1].Turns, team.Members[1].Credit = 3, 6, 500
	w.People[person(3)].Deputies = []Deputy{{Absence: Absence{monday, monday.AddDate(0, 0, 7)}}}
	routing := Routing{Existing: ExistingNone, Rules: []RouteRule{{Key: "big", Title: "Big ones", When: `total >= 90`, Team: &team.ID}, {Key: "dach", Title: "DACH team", When: `region == "dach"`, Team: &team.ID}}}
	c := NewRouter(routing, w).Choose(Ask{Facts: &lead.Facts{Known: lead.Known{Region: "dach"}}})
	if want := "rule 2, DACH team; Ana had 3.0, Ben 6.5 of weight 2; Cleo is away"; c.Text != want || c.Owner != person(1) || c.Why.Rule != 2 {
		t.Errorf("%q\n%q", c.Text, want)
	}
	team.Members[0].Turns = 4
	if c = NewRouter(routing, w).Choose(Ask{Facts: &lead.Facts{Known: lead.Known{Region: "dach"}}}); c.Owner != person(2) {
		t.Errorf("6.5 of weight 2 is less than 4: %q", c.Text)
	}
	if c = NewRouter(routing, w).Choose(Ask{Facts: &lead.Facts{}}); c.Owner != uuid.Nil || !strings.Contains(c.Text, "no rule fits") {
		t.Errorf("%+v", c)
	}
}

// Nobody is said to have been asked who never was.
func TestAnEvenStartIsSaidAsItIs(t *testing.T) {
	w, team := world(1, 1, 1)
	w.People[person(1)].Name, w.People[person(2)].Name, w.People[person(3)].Name = "Ana", "Ben", "Cleo"
	router := NewRouter(everything(team), w)
	for _, want := range []string{"Ana had 0.0, Ben 0.0 and comes later, Cleo 0.0 and comes later", "Ben had 0.0, Cleo 0.0 and comes later, Ana 1.0", "Cleo had 0.0, Ana 1.0, Ben 1.0", "Ana had 1.0, Ben 1.0 and was asked more recently, Cleo 1.0 and was asked more recently"} {
		w.Now = w.Now.Add(time.Minute)
		if c := router.Choose(Ask{}); !strings.HasSuffix(c.Text, want) {
			t.Errorf("%q, not %q", c.Text, want)
		}
	}
}

func TestWhoComesFirst(t *testing.T) {
	for name, x := range map[string]struct {
		set  func(w *World, q *Ask)
		want int
		says string
	}{
		"rotation":             {func(*World, *Ask) {}, 1, "rule 1"},
		"owner of the lead":    {func(_ *World, q *Ask) { q.Owner, q.CompanyOwner = person(3), person(2) }, 3, "has been this lead's owner"},
		"owner of the company": {func(_ *World, q *Ask) { q.CompanyOwner, q.CompanyOwnerVia = person(2), "HubSpot" }, 2, "as HubSpot knows"},
		"owner has gone":       {func(w *World, q *Ask) { q.Owner = person(3); w.People[person(3)].Sells = false }, 1, "gets no leads any more"},
		"owner declined it":    {func(_ *World, q *Ask) { q.Owner, q.Refused = person(3), map[uuid.UUID]bool{person(3): true} }, 1, "had this lead before"},
		"had it, and is away: no deputy": {func(w *World, q *Ask) {
			q.Owner, q.Refused = person(3), map[uuid.UUID]bool{person(3): true}
			leave(w, 3, 2)
		}, 1, "had this lead before"},
		"away: the deputy":             {func(w *World, q *Ask) { q.Owner = person(3); leave(w, 3, 2) }, 2, "deputy Bna"},
		"away: the deputy's deputy":    {func(w *World, q *Ask) { q.Owner = person(3); leave(w, 3, 2); leave(w, 2, 4) }, 4, "deputy Dna"},
		"away in a circle: the rules":  {func(w *World, q *Ask) { q.Owner = person(3); leave(w, 3, 2); leave(w, 2, 3) }, 1, "away too"},
		"away without deputy: rules":   {func(w *World, q *Ask) { q.Owner = person(3); leave(w, 3, 0) }, 1, "named no deputy"},
		"at the rotation, away is out": {func(w *World, _ *Ask) { leave(w, 1, 4) }, 2, "Ana is away"},
		"capacity": {func(w *World, _ *Ask) {
			w.Teams[person(999)].Members[0].Capacity, w.Teams[person(999)].Members[0].Today = 2, 2
		}, 2, "no room today"},
		"nobody: the fallback":          {func(w *World, _ *Ask) { leave(w, 1, 0); leave(w, 2, 0); leave(w, 3, 0); leave(w, 4, 0) }, 5, "fallback"},
		"nobody: the fallback's deputy": {func(w *World, _ *Ask) { leave(w, 1, 0); leave(w, 2, 0); leave(w, 3, 0); leave(w, 4, 0); leave(w, 5, 6) }, 6, "fallback"},
	} {
		w, team := world(1, 1, 1, 1)
		for i := 5; i <= 6; i++ {
			w.People[person(i)] = &Person{ID: person(i), Name: fmt.Sprint("Admin ", i), Sells: true}
		}
		w.Fallback = []uuid.UUID{person(5), person(6)}
		var q Ask
		x.set(w, &q)
		c := NewRouter(everything(team), w).Choose(q)
		if c.Owner != person(x.want) || !strings.Contains(c.Text, x.says) {
			t.Errorf("%s: %v because %q", name, c.Owner, c.Text)
		}
	}
}

// The routing rules say whether whoever had the lead, or others of its company, is asked first.
func TestWhoCountsAsExistingOwner(t *testing.T) {
	for existing, want := range map[string][2]int{ExistingNone: {1, 1}, ExistingLead: {3, 1}, ExistingCompany: {3, 2}} {
		for i, q := range []Ask{{Owner: person(3)}, {CompanyOwner: person(2)}} {
			w, team := world(1, 1, 1)
			routing := everything(team)
			routing.Existing = existing
			if c := NewRouter(routing, w).Choose(q); c.Owner != person(want[i]) {
				t.Errorf("%s: %v because %q", existing, c.Owner, c.Text)
			}
		}
	}
}

// When all of a team are away, those who stand in for them share its leads, by the loads of those for whom they do.
func TestATeamThatIsAwayHasItsDeputies(t *testing.T) {
	w, team := world(1, 1, 1)
	for i := 5; i <= 7; i++ {
		w.People[person(i)] = &Person{ID: person(i), Name: fmt.Sprint("Outside ", i), Sells: true}
	}
	w.Fallback = []uuid.UUID{person(7)}
	leave(w, 1, 5)
	leave(w, 2, 6)
	leave(w, 3, 0)
	team.Members[0].Turns, team.Members[1].Turns = 1, 3
	router := NewRouter(everything(team), w)
	var got []uuid.UUID
	for range 4 {
		c := router.Choose(Ask{})
		if c.Team == nil || *c.Team != team.ID || c.How != "rule" || c.Why.ForID == nil || !strings.Contains(c.Text, "is away until 16 March; deputy Outside") {
			t.Fatalf("%+v", c)
		}
		got = append(got, c.Owner)
	}
	if want := []uuid.UUID{person(5), person(5), person(5), person(6)}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if c := router.Choose(Ask{Refused: map[uuid.UUID]bool{person(5): true, person(2): true}}); c.Owner != person(7) || c.How != "fallback" {
		t.Errorf("one deputy had it before, so had whom the other stands in for: %q", c.Text)
	}
	w.People[person(3)].Deputies = nil
	if c := router.Choose(Ask{}); c.Owner != person(3) {
		t.Errorf("somebody of the team is here: %q", c.Text)
	}
	team.Members[2].Capacity, team.Members[2].Today = 1, 1
	leave(w, 1, 3)
	leave(w, 2, 3)
	if c := router.Choose(Ask{}); c.Owner != person(7) {
		t.Errorf("a deputy of the team who has no room today: %q", c.Text)
	}
}

func TestWhoWasAskedFirstIsNamedOnce(t *testing.T) {
	w, team := world(1, 1)
	w.People[person(1)].Name, w.People[person(2)].Name = "Ana", "Ben"
	router := NewRouter(everything(team), w)
	says := func(q Ask, want string) {
		t.Helper()
		if c := router.Choose(q); c.Text != want {
			t.Errorf("%q\n%q", c.Text, want)
		}
	}
	says(Ask{CompanyOwner: person(1)}, "existing owner Ana (has other leads of this company)")
	leave(w, 1, 2)
	says(Ask{CompanyOwner: person(1)}, "existing owner Ana (has other leads of this company) is away until 16 March; deputy Ben")
	los, err := time.LoadLocation("America/Los_Angeles")
	if err != nil {
		t.Fatal(err)
	}
	w.People[person(1)].Zone, w.People[person(1)].Deputies[0].Until = los, time.Date(2026, 3, 16, 0, 0, 0, 0, los)
	says(Ask{Owner: person(1), OwnerVia: "HubSpot"}, "existing owner Ana (has been this lead's owner, as HubSpot knows) is away until 15 March; deputy Ben")
}

func leave(w *World, who, deputy int) {
	d := Deputy{Absence: Absence{monday.Add(-time.Hour), monday.AddDate(0, 0, 7)}}
	if deputy > 0 {
		d.Deputy = person(deputy)
	}
	w.People[person(who)].Deputies = []Deputy{d}
}

func TestADeclinedLeadGoesOnAndNeverRound(t *testing.T) {
	for _, n := range []int{1, 2, 40} {
		w, team := world(make([]int, n)...)
		w.People[person(500)] = &Person{ID: person(500), Name: "Fallback", Sells: true}
		w.Fallback = []uuid.UUID{person(500)}
		refused := map[uuid.UUID]bool{}
		router := NewRouter(everything(team), w)
		for range n {
			c := router.Choose(Ask{Owner: person(1), Refused: refused})
			if c.Owner == uuid.Nil || refused[c.Owner] || c.Owner == person(500) {
				t.Fatalf("%d members, after %d: %q", n, len(refused), c.Text)
			}
			refused[c.Owner] = true
		}
		if c := router.Choose(Ask{Refused: refused}); c.Owner != person(500) || c.How != "fallback" {
			t.Errorf("%d members: %q", n, c.Text)
		}
		refused[person(500)] = true
		if c := router.Choose(Ask{Refused: refused}); c.Owner != uuid.Nil || c.Text == "" {
			t.Errorf("%d members, and the fallback declined: %q", n, c.Text)
		}
		if len(team.Members) == 40 && len(NewRouter(everything(team), w).Choose(Ask{}).Text) > 300 {
			t.Error("the reason names everybody")
		}
	}
}

func TestRoutingIsChecked(t *testing.T) {
	team, gone := person(1), person(2)
	good := Routing{Existing: ExistingCompany, Rules: []RouteRule{{Key: "a", Title: "A", When: `country in ["DE", "AT"]`, Team: &team}}}
	known := func(_ bool, id uuid.UUID) bool { return id == team }
	if err := good.Check(known); err != nil {
		t.Errorf("a good one: %v", err)
	}
	for name, change := range map[string]func(*Routing){
		"existing":                   func(r *Routing) { r.Existing = "all" },
		"rules":                      func(r *Routing) { r.Rules = nil },
		"rules.0.when":               func(r *Routing) { r.Rules[0].When = `contry == "DE"` },
		"rules.0.title":              func(r *Routing) { r.Rules[0].Title = " " },
		"rules.1.title":              func(r *Routing) { r.Rules = append(r.Rules, r.Rules[0]) },
		"rules.0.to: team is gone":   func(r *Routing) { r.Rules[0].Team = &gone },
		"rules.0.to: person is gone": func(r *Routing) { r.Rules[0].Team, r.Rules[0].Person = nil, &gone },
		"rules.0.to: nobody":         func(r *Routing) { r.Rules[0].Team = nil },
		"rules.0.to: both":           func(r *Routing) { r.Rules[0].Person = &team },
		"rules: too many": func(r *Routing) {
			for i := range MaxRouteRules {
				r.Rules = append(r.Rules, RouteRule{Key: fmt.Sprint("b", i), Title: "B", Team: &team})
			}
		},
	} {
		bad := Routing{Existing: good.Existing, Rules: append([]RouteRule(nil), good.Rules...)}
		change(&bad)
		field, _, _ := strings.Cut(name, ":")
		if got := errs.Public(bad.Check(known)).Fields; len(got) != 1 || got[0].Field != field {
			t.Errorf("%s: %+v", name, got)
		}
	}
}
