package app_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/lead"
	"github.com/gatehouse/gatehouse/internal/store"
	"github.com/gatehouse/gatehouse/internal/testkit"
)

// Routing is fair: shares go by weight, a newcomer starts level, declining costs the turn, and a deputy gets what is for
// whoever is away.
func TestPromiseRoutingIsFair(t *testing.T) {
	each(t, func(t *testing.T, name string) (v violations) {
		t.Helper()
		f := newFloor(t, 0, testkit.Mutant(name))
		ana, ben := f.seller("Ana", 1, 0), f.seller("Ben", 2, 0)
		n := 0
		routed := func(times int) {
			for range times {
				n++
				f.route(f.lead(n))
			}
		}
		of := func(u store.User) int { return f.Count("select count(*) from assignments where owner_id = ?", u.ID) }
		routed(9)
		v.must(of(ana) == 3 && of(ben) == 6, "SHARE: weights of 1 and 2 got %d and %d of 9", of(ana), of(ben))
		f.Clock.Move(time.Hour)
		cleo := f.seller("Cleo", 1, 0)
		routed(4)
		v.must(of(cleo) == 1, "NEWCOMER: got %d of the first 4, and has a share of one", of(cleo))

		turns := func() int {
			return f.Count("select coalesce(sum(turns), 0) from rotation_places where user_id = ?", ana.ID)
		}
		var as store.Assignment
		if err := f.Store.DB(t.Context()).Where("owner_id = ? and state = 'open'", ana.ID).Order("id").Limit(1).Take(&as).Error; err != nil {
			t.Fatal(err)
		}
		before := turns()
		f.ok(f.App.DeclineLead(t.Context(), as.ID, as.Version, "no-time", "", by(ana)))
		v.must(turns() == before, "DECLINE: %d turns before and %d after", before, turns())

		n += 2
		wrong := f.deputyOf(f.lead(n-1), f.lead(n))
		v.must(wrong == "", "DEPUTY: %s", wrong)
		for _, item := range verify(t, f.Kit).Unexplained {
			v.must(item.Kind != "turns in the rotation", "UNEXPLAINED: %s", item.Sentence)
		}
		return v
	}, breaks("weight-ignored", "SHARE"), breaks("newcomer-at-zero", "NEWCOMER"), breaks("decline-is-free", "DECLINE", "another number of turns"), breaks("no-deputy", "DEPUTY"))
}

// deputyOf sends the owner of a company away, and says what is wrong with who gets the company's second lead.
func (f *floor) deputyOf(first, second uuid.UUID) string {
	f.T.Helper()
	f.route(first)
	owner := f.held(first).OwnerID
	var others []uuid.UUID
	f.ok(f.Store.DB(f.T.Context()).Model(&store.TeamMember{}).Where("user_id <> ?", owner).Order("user_id").Pluck("user_id", &others).Error)
	deputy := others[0]
	// The deputy has had the most: by the rotation it would be somebody else's turn.
	f.ok(f.Store.DB(f.T.Context()).Exec("update rotation_places set credit = credit + 100000 where user_id = ?", deputy).Error)
	today := f.Clock.Now().Format(time.DateOnly)
	f.ok(f.App.AddAbsence(f.T.Context(), app.AbsenceEdit{User: owner, From: today, Until: today, Deputy: deputy.String()}, by(f.admin)))
	f.ok(f.Store.DB(f.T.Context()).Exec("update leads set company_id = (select company_id from leads where id = ?) where id = ?", first, second).Error)
	f.route(second)
	if as := f.held(second); as.OwnerID != deputy {
		return "a lead of a company whose owner is away went past the deputy: " + as.Reason
	}
	return ""
}

// One lead, one owner: routing asks who has it, under a lock, and the database has the last word. Without either, the
// product's own reconciliation sees it.
func TestPromiseOneOwner(t *testing.T) {
	for _, c := range []struct {
		mutant string
		index  bool // of the database
		want   string
	}{{"", true, ""}, {"", false, ""}, {"two-owners", true, "FAILED"}, {"two-owners", false, "several hands"}} {
		f := newFloor(t, 2, testkit.Mutant(c.mutant))
		if !c.index {
			mustExec(t, f.Kit, "drop index assignments_one")
		}
		var v violations
		id := f.lead(1)
		for range 2 {
			err := f.App.RouteLeads(t.Context(), []uuid.UUID{id})
			v.must(err == nil, "FAILED: %v", err)
		}
		for _, item := range verify(t, f.Kit).Unexplained {
			v.must(item.Kind != "leads in somebody's hands", "%s", item.Sentence)
		}
		seen(t, c.mutant, c.want, v)
	}
}

// A score is the sum of its lines, no group gives more than its cap, and what melts, melts to the day.
func TestPromiseScoresAddUp(t *testing.T) {
	witness(t, func(t *testing.T, k *testkit.Kit) (v violations) {
		t.Helper()
		draft := draftOf(t, k, func(def *lead.ScoreRules) {
			for i := range def.Groups {
				def.Groups[i].Cap = 15_00
			}
		})
		if _, err := k.App.PublishRules(t.Context(), "scoring", draft.Version, store.Actor{Kind: "system", Name: "test"}); err != nil {
			t.Fatal(err)
		}
		for range 4 {
			k.Take(testkit.Submit("ann@archer.example"))
			scoreWaiting(k)
			k.Clock.Move(25 * time.Hour)
		}
		k.Clock.Move(10 * 24 * time.Hour)
		if err := k.App.TendScores(t.Context()); err != nil {
			t.Fatal(err)
		}
		s, lines := scoreOf(k, "ann@archer.example")
		worth := map[string]int{}
		for _, n := range lines {
			left := int(n.Points)
			if days := int(s.ScoredAt.Sub(n.At).Hours() / 24); n.DecayDays > 0 {
				left = left * max(int(n.DecayDays)-days, 0) / int(n.DecayDays)
			}
			worth[n.GroupKey] += left
			worth[n.Side] += left
		}
		v.must(len(lines) > 4, "nothing adds up: %d lines", len(lines))
		v.must(int(s.Fit) == worth[lead.SideFit] && int(s.Engagement) == worth[lead.SideEngagement], "SUM: fit %d and engagement %d of lines of %v", s.Fit, s.Engagement, worth)
		var def lead.ScoreRules
		if err := json.Unmarshal(draft.Definition, &def); err != nil {
			t.Fatal(err)
		}
		for _, g := range def.Groups {
			v.must(worth[g.Key] <= 15_00, "CAP: %s gives %d", g.Key, worth[g.Key])
		}
		for _, item := range verify(t, k).Unexplained {
			v.must(item.Kind != "scores", "UNEXPLAINED: %s", item.Sentence)
		}
		return v
	}, breaks("cap-ignored", "CAP"), breaks("decay-a-day-off", "SUM", "not the sum of its lines"))
}
