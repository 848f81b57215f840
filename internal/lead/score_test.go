package lead

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/gatehouse/gatehouse/internal/errs"
)

var day0 = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

func compiled(t interface{ Fatalf(string, ...any) }, def ScoreRules) *Scoring {
	s, err := CompileScore(def)
	if err != nil {
		t.Fatalf("%v", errs.Public(err).Fields)
	}
	return s
}

func TestUsualScore(t *testing.T) {
	s := compiled(t, UsualScore())
	id := func(n byte) uuid.UUID { return uuid.UUID{15: n} }
	h := History{Known: Known{Country: "DE", Region: Region("de"), Company: "Acme", CompanyDomain: "acme.com", Domain: "acme.com", JobTitle: "Head of Marketing", HasPhone: true},
		Events: []Event{{Kind: EventSubmission, ID: id(1), At: day0}, {Kind: EventDownload, ID: id(2), At: day0.Add(time.Hour)}}}
	got := s.Score(h, day0.Add(time.Hour))
	if got.Fit != 50_00 || got.Engagement != 20_00 || got.Grade != "A2" {
		t.Errorf("%+v", got)
	}
	if ok, why := s.Qualifies(h, got); !ok || why != "reached 70 points, 60 are needed" {
		t.Errorf("%v %s", ok, why)
	}
	later := s.Score(h, day0.AddDate(0, 0, 30))
	if ok, why := s.Qualifies(h, later); ok || later.Grade != "A3" {
		t.Errorf("%v %s %+v", ok, why, later)
	}
	h.Choice, h.Asked = "none", true
	if ok, why := s.Qualifies(h, got); ok || why != "chose not to be contacted" {
		t.Errorf("%v %s", ok, why)
	}
	student := s.Score(History{Known: Known{Domain: "gmail.com", FreeMail: true, JobTitle: "Student"}}, day0)
	if student.Fit != -25_00 || student.Grade != "C3" {
		t.Errorf("%+v", student)
	}
}

func TestCompileScoreFaults(t *testing.T) {
	def := UsualScore()
	def.Threshold, def.Fit.Middle = 0, def.Fit.High
	def.Groups[0].Cap = 0
	def.Groups[0].Rules[1].Condition = `company == "x" and contry == "DE"`
	def.Groups[0].Rules[2].Key = def.Groups[0].Rules[1].Key
	def.Groups[1].Rules[0].Condition = `event_detail == "x"` // not known of a person
	def.Groups[2].Rules[0].Points = -1
	def.Groups[3].Rules[0].DecayDays = 0
	def.Groups[3].Rules[1].Event = "dance"
	def.Groups[3].Rules[2].Condition = `all(1..9999999, # > 0)`
	_, err := CompileScore(def)
	var got []string
	for _, f := range errs.Public(err).Fields {
		got = append(got, f.Field+" "+f.Code)
	}
	want := []string{"threshold invalid", "fit invalid", "groups.0.cap invalid", "groups.0.rules.1.condition unknown-name", "groups.0.rules.2.key taken",
		"groups.1.rules.0.condition unknown-name", "groups.2.rules.0.points invalid", "groups.3.rules.0.decay_days invalid", "groups.3.rules.1.event invalid",
		"groups.3.rules.2.condition loop"}
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

// A version has limits: its groups, its rules, and what one may give.
func TestScoreRulesHaveLimits(t *testing.T) {
	def := func(groups, each int) (d ScoreRules) {
		d = ScoreRules{Threshold: 50_00, Fit: Bounds{30_00, 10_00}, Engagement: Bounds{30_00, 10_00}}
		for i := range groups {
			g := ScoreGroup{Key: fmt.Sprint("g", i), Title: "group", Side: SideFit, Cap: maxPoints}
			for j := range each {
				g.Rules = append(g.Rules, ScoreRule{Key: fmt.Sprint("r", i, "-", j), Title: "rule", Points: maxPoints})
			}
			d.Groups = append(d.Groups, g)
		}
		return d
	}
	above := def(1, 1)
	above.Groups[0].Cap, above.Groups[0].Rules[0].Points = maxPoints+1, maxPoints+1
	for name, c := range map[string]struct {
		def  ScoreRules
		want []string
	}{
		"as many as may be": {def(maxGroups, maxRules/maxGroups), nil}, "groups": {def(maxGroups+1, 1), []string{"groups"}}, "rules": {def(1, maxRules+1), []string{"groups"}},
		"points": {above, []string{"groups.0.cap", "groups.0.rules.0.points"}},
	} {
		_, err := CompileScore(c.def)
		var got []string
		for _, f := range errs.Public(err).Fields {
			got = append(got, f.Field)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// drawRules makes rules that hold at different things.
func drawRules(t *rapid.T) ScoreRules {
	def := ScoreRules{Threshold: 50_00, Fit: Bounds{30_00, 10_00}, Engagement: Bounds{30_00, 10_00}}
	n := 0
	for i := range rapid.IntRange(1, 4).Draw(t, "groups") {
		g := ScoreGroup{Key: fmt.Sprint("g", i), Title: "group", Side: rapid.SampledFrom([]string{SideFit, SideEngagement}).Draw(t, "side"), Cap: rapid.IntRange(1, 40_00).Draw(t, "cap")}
		for range rapid.IntRange(1, 5).Draw(t, "rules") {
			n++
			r := ScoreRule{Key: fmt.Sprint("r", n), Title: "rule"}
			if g.Side == SideFit {
				r.Condition = rapid.SampledFrom([]string{"", "free_mail", "not free_mail", `country == "DE"`, "submissions >= 2"}).Draw(t, "condition")
				r.Points = rapid.IntRange(-20_00, 20_00).Filter(func(n int) bool { return n != 0 }).Draw(t, "points")
			} else {
				r.Condition = rapid.SampledFrom([]string{"", "event_number > 1", `country == "DE"`}).Draw(t, "condition")
				r.Event = rapid.SampledFrom([]string{EventSubmission, EventDownload, EventOurs}).Draw(t, "event")
				r.Points, r.DecayDays = rapid.IntRange(1, 30_00).Draw(t, "points"), rapid.IntRange(1, 60).Draw(t, "decay")
			}
			g.Rules = append(g.Rules, r)
		}
		def.Groups = append(def.Groups, g)
	}
	return def
}

func drawHistory(t *rapid.T) History {
	h := History{Known: Known{FreeMail: rapid.Bool().Draw(t, "free"), Country: rapid.SampledFrom([]string{"DE", "US", ""}).Draw(t, "country"), Submissions: rapid.IntRange(0, 3).Draw(t, "n")}}
	for i := range rapid.IntRange(0, 12).Draw(t, "events") {
		h.Events = append(h.Events, Event{Kind: rapid.SampledFrom([]string{EventSubmission, EventDownload, EventOurs}).Draw(t, "kind"), ID: uuid.UUID{15: byte(i)},
			At: day0.Add(time.Duration(rapid.Int64Range(0, int64(90*24*time.Hour)).Draw(t, "at")).Truncate(time.Microsecond))})
	}
	return h
}

func TestScoreProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		def := drawRules(t)
		s, h := compiled(t, def), drawHistory(t)
		at := day0.Add(time.Duration(rapid.Int64Range(0, int64(120*24*time.Hour)).Draw(t, "T")))
		got := s.Score(h, at)

		// The score is the sum of its lines, at this time and at any later one.
		fit, engagement := Sum(got.Lines, at)
		if fit != got.Fit || engagement != got.Engagement {
			t.Fatalf("%d+%d, lines %d+%d", got.Fit, got.Engagement, fit, engagement)
		}
		// Nothing that melts grows, and no group is ever above its cap, at or after any event.
		last := map[int]int{}
		for k := range 40 {
			then := at.Add(time.Duration(k) * 37 * time.Hour)
			sums := map[string]int{}
			for i, l := range got.Lines {
				w := l.Worth(then)
				if before, seen := last[i]; seen && w > before || w < 0 && l.DecayDays > 0 {
					t.Fatalf("line %d grew from %d to %d", i, before, w)
				}
				last[i] = w
				sums[l.Group] += w
			}
			for _, g := range def.Groups {
				if sums[g.Key] > g.Cap {
					t.Fatalf("group %s has %d of %d", g.Key, sums[g.Key], g.Cap)
				}
			}
		}
		for _, e := range h.Events {
			sums := map[string]int{}
			for _, l := range s.Score(h, e.At).Lines {
				sums[l.Group] += l.Worth(e.At)
			}
			for _, g := range def.Groups {
				if sums[g.Key] > g.Cap {
					t.Fatalf("group %s has %d of %d at an event", g.Key, sums[g.Key], g.Cap)
				}
			}
		}
		// The order in which events came in does not matter, and what came later does not change what was.
		mixed := h
		mixed.Events = rapid.Permutation(h.Events).Draw(t, "order")
		if again := s.Score(mixed, at); !reflect.DeepEqual(again, got) {
			t.Fatalf("%+v\n%+v", got, again)
		}
		mixed.Events = slices.DeleteFunc(slices.Clone(h.Events), func(e Event) bool { return e.At.After(at) })
		if again := s.Score(mixed, at); !reflect.DeepEqual(again, got) {
			t.Fatalf("the future counted: %+v\n%+v", got, again)
		}
		// Two versions that share their answers score as each by itself.
		other, known := compiled(t, drawRules(t)), Answers{}
		if first, second := s.ScoreKnowing(h, at, known), other.ScoreKnowing(h, at, known); !reflect.DeepEqual(first, got) || !reflect.DeepEqual(second, other.Score(h, at)) {
			t.Fatalf("shared answers change the score: %+v\n%+v", first, second)
		}
		// Scored anew later without news, it is worth what the lines said it would be.
		then := at.Add(50 * time.Hour)
		fit, engagement = Sum(got.Lines, then)
		if later := s.Score(mixed, then); later.Fit != fit || later.Engagement != engagement {
			t.Fatalf("%+v, lines %d+%d", later, fit, engagement)
		}
	})
}

func TestPoints(t *testing.T) {
	for n, want := range map[int]string{0: "0", 5: "0.05", 50: "0.5", 1250: "12.5", -1205: "-12.05", 100000: "1000"} {
		got := Points(n)
		back, ok := ParsePoints(got)
		if got != want || !ok || back != n {
			t.Errorf("%d: %s, %d %v", n, got, back, ok)
		}
	}
	for _, typed := range []string{"", "-", ".", "1.", "1.234", "a", "1e3", "99999999", "1.2.3", "--1"} {
		if n, ok := ParsePoints(typed); ok {
			t.Errorf("%q is %d", typed, n)
		}
	}
}

// The rules that are kept are those that are read back.
func TestRulesRoundTrip(t *testing.T) {
	b, err := json.Marshal(UsualScore())
	if err != nil {
		t.Fatal(err)
	}
	var back ScoreRules
	if err := json.Unmarshal(b, &back); err != nil || !reflect.DeepEqual(back, UsualScore()) {
		t.Errorf("%v %+v", err, back)
	}
}

func TestRegion(t *testing.T) {
	seen := map[string]string{}
	for region, countries := range regions {
		for i := 0; i+2 <= len(countries); i += 3 {
			c := countries[i : i+2]
			if seen[c] != "" || len(countries) > i+2 && countries[i+2] != ' ' {
				t.Errorf("%s is in %s and %s", c, seen[c], region)
			}
			seen[c] = region
		}
	}
	if Region("at") != "dach" || Region("") != "" || Region("ZZ") != "" {
		t.Error("wrong region")
	}
}

func BenchmarkScore(b *testing.B) {
	def := UsualScore()
	for i := range 30 {
		def.Groups[0].Rules = append(def.Groups[0].Rules, ScoreRule{Key: fmt.Sprint("more-", i), Title: "more", Condition: `country in ["DE", "AT"] and mentions(company, "bank", "insurance")`, Points: 1_00})
	}
	s, err := CompileScore(def)
	if err != nil {
		b.Fatal(err)
	}
	h := History{Known: Known{Country: "DE", Company: "Acme Bank", CompanyDomain: "acme.com", JobTitle: "Head of Marketing"}, Events: []Event{{Kind: EventSubmission, At: day0}, {Kind: EventDownload, At: day0}}}
	b.ReportAllocs()
	for b.Loop() {
		s.Score(h, day0)
	}
}

// A cap bounds what a group gives in all, whatever the order of its rules; the ledger keeps their order.
func TestCapDoesNotDependOnTheOrder(t *testing.T) {
	score := func(points ...int) Scored {
		g := ScoreGroup{Key: "g", Title: "group", Side: SideFit, Cap: 20_00}
		for i, p := range points {
			g.Rules = append(g.Rules, ScoreRule{Key: string(rune('a' + i)), Title: "rule", Points: p})
		}
		return compiled(t, ScoreRules{Threshold: 1, Fit: Bounds{2, 1}, Engagement: Bounds{2, 1}, Groups: []ScoreGroup{g}}).Score(History{}, day0)
	}
	for _, points := range [][]int{{30_00, -10_00}, {-10_00, 30_00}, {15_00, -10_00, 15_00}, {15_00, 15_00, -10_00}} {
		got := score(points...)
		if got.Fit != 20_00 {
			t.Errorf("%v give %d", points, got.Fit)
		}
		for i, l := range got.Lines {
			if l.Rule != string(rune('a'+i)) {
				t.Errorf("%v: line %d is of %s", points, i, l.Rule)
			}
		}
	}
}

// What has melted away leaves room in its group for what comes later.
func TestMeltedPointsLeaveRoom(t *testing.T) {
	g := ScoreGroup{Key: "g", Title: "group", Side: SideEngagement, Cap: 10_00, Rules: []ScoreRule{{Key: "r", Title: "rule", Event: EventDownload, Points: 10_00, DecayDays: 10}}}
	s := compiled(t, ScoreRules{Threshold: 1, Fit: Bounds{2, 1}, Engagement: Bounds{2, 1}, Groups: []ScoreGroup{g}})
	var h History
	for i, days := range []int{0, 0, 4, 20} {
		h.Events = append(h.Events, Event{Kind: EventDownload, ID: uuid.UUID{15: byte(i)}, At: day0.AddDate(0, 0, days)})
	}
	for days, want := range map[int]int{0: 10_00, 3: 7_00, 4: 10_00, 9: 3_00, 20: 10_00} {
		if got := s.Score(h, day0.AddDate(0, 0, days)); got.Engagement != want {
			t.Errorf("after %d days: %d, not %d", days, got.Engagement, want)
		}
	}
}

// What was asked for before sales closed the lead was answered; "not at all" holds on.
func TestWhatWasAskedBeforeIsAnswered(t *testing.T) {
	before, after := day0.Add(-time.Hour), day0.Add(time.Hour)
	for _, c := range []struct {
		choice          string
		asked, chosen   time.Time
		speaks, chooses bool
	}{{"call", before, before, false, false}, {"call", after, before, true, false}, {"call", before, after, false, true}, {ByNobody, before, before, false, true}} {
		h := History{AskedAt: c.asked, ChosenAt: c.chosen}
		h.Asked, h.Choice = true, c.choice
		if h = h.After(day0); h.Asked != c.speaks || (h.Choice != "") != c.chooses {
			t.Errorf("%+v: asked %t, chose %q", c, h.Asked, h.Choice)
		}
	}
}
