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

// While joins, leaves, absences and declines come in any order, two members who could both have had every lead never
// stand further apart than the share that one lead is: |n/w - n'/w'| <= max(1/w, 1/w'), or what lay between them when the
// later one came, if that was more. And where nobody declines, everybody who is there, newcomers and returners too, stands
// within 1/(smallest weight) of everybody else.
//
// Why it holds: the chosen one has the smallest load, so it passes another one by at most its own 1/w; loads never fall;
// and an average lies between the smallest and the largest. Whoever declined a lead was not there for that lead, so no
// bound can hold for them: their turn is spent, and somebody else had to take what they left.
func TestRotationIsFair(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		n := rapid.SampledFrom([]int{1, 2, 3, 5, 9, 40}).Draw(r, "members")
		weights := make([]int, n)
		for i := range weights {
			weights[i] = rapid.IntRange(1, 6).Draw(r, "weight")
		}
		w, team := world(weights...)
		router := NewRouter(everything(team), w)
		declined, away := map[uuid.UUID]bool{}, map[uuid.UUID]bool{}
		began, calm, low := map[[2]uuid.UUID]float64{}, true, 1.0 // the smallest weight there may be is 1
		steady := func() (out []Member) {
			for _, m := range team.Members {
				if !away[m.User] && !declined[m.User] && (m.BackAt.IsZero() || !m.CreditAt.Before(m.BackAt)) {
					out = append(out, m)
				}
			}
			return out
		}
		for step := range rapid.IntRange(1, 200).Draw(r, "steps") {
			w.Now = w.Now.Add(time.Minute)
			calm = calm && !nobody(team, away)
			m := &team.Members[rapid.IntRange(0, len(team.Members)-1).Draw(r, "who")]
			switch rapid.SampledFrom([]string{"lead", "lead", "lead", "lead", "decline", "join", "leave", "away", "back"}).Draw(r, "what") {
			case "join":
				id := person(len(w.People) + 1)
				w.People[id] = &Person{ID: id, Name: "new", Sells: true}
				team.Members = append(team.Members, Member{User: id, Weight: rapid.IntRange(1, 6).Draw(r, "weight"), BackAt: w.Now})
			case "leave":
				w.People[m.User].Sells, away[m.User] = false, true
			case "away":
				w.People[m.User].Deputies, away[m.User] = []Deputy{{Absence: Absence{w.Now, w.Now.AddDate(1, 0, 0)}}}, true
			case "back":
				if away[m.User] && w.People[m.User].Sells {
					w.People[m.User].Deputies, away[m.User] = nil, false
					m.BackAt = w.Now
				}
			case "decline":
				calm = false
				refused := map[uuid.UUID]bool{}
				for range rapid.IntRange(1, 4).Draw(r, "times") {
					c := router.Choose(Ask{Refused: refused})
					if refused[c.Owner] {
						r.Fatal("a declined lead came round")
					}
					if c.Owner == uuid.Nil {
						break
					}
					refused[c.Owner], declined[c.Owner] = true, true
				}
				if c := router.Choose(Ask{Refused: refused}); refused[c.Owner] {
					r.Fatal("a declined lead came round")
				}
			default:
				c := router.Choose(Ask{})
				if (c.Owner == uuid.Nil) != (len(away) > 0 && nobody(team, away)) {
					r.Fatalf("step %d: %q, away %v", step, c.Text, away)
				}
				if c.Owner != uuid.Nil && (c.Text == "" || c.Why.Loads[0].User != c.Owner || c.Why.Loads[0].State != LoadChosen) {
					r.Fatalf("the reason does not say why: %q", c.Text)
				}
			}
			all := steady()
			for i := range all {
				for j := range i {
					pair, d := [2]uuid.UUID{all[j].User, all[i].User}, math.Abs(fair(all[i])-fair(all[j]))
					bound, known := began[pair]
					if !known {
						bound = math.Max(d, math.Max(1/float64(all[i].Weight), 1/float64(all[j].Weight)))
						began[pair] = bound
					}
					if d > bound+0.002 {
						r.Fatalf("step %d: %+v and %+v are %.3f apart, more than %.3f", step, all[i], all[j], d, bound)
					}
					if calm && d > low+0.002 {
						r.Fatalf("step %d: %+v and %+v are %.3f apart, more than the largest share %.3f", step, all[i], all[j], d, low)
					}
				}
			}
			for pair := range began { // who went away begins again
				if away[pair[0]] || away[pair[1]] || declined[pair[0]] || declined[pair[1]] {
					delete(began, pair)
				}
			}
		}
	})
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
		"existing":      func(r *Routing) { r.Existing = "all" },
		"rules":         func(r *Routing) { r.Rules = nil },
		"rules.0.when":  func(r *Routing) { r.Rules[0].When = `contry == "DE"` },
		"rules.0.title": func(r *Routing) { r.Rules[0].Title = " " },
		"rules.1.title": func(r *Routing) { r.Rules = append(r.Rules, r.Rules[0]) },
		"rules.0.to":    func(r *Routing) { r.Rules[0].Team = &gone },
	} {
		bad := Routing{Existing: good.Existing, Rules: append([]RouteRule(nil), good.Rules...)}
		change(&bad)
		if err := bad.Check(known); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
