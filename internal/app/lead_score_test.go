package app_test

import (
	"encoding/json"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/lead"
	"github.com/gatehouse/gatehouse/internal/store"
	"github.com/gatehouse/gatehouse/internal/testkit"
)

// scoreWaiting does what the jobs that wait would do, and says how many there were.
func scoreWaiting(k *testkit.Kit) int {
	k.T.Helper()
	var args []string
	if err := k.Store.DB(k.T.Context()).Raw("with j as (delete from river_job where kind = 'lead_score' returning id, args) select args::text from j order by id").Scan(&args).Error; err != nil {
		k.T.Fatal(err)
	}
	for _, s := range args {
		var j struct {
			LeadIDs []uuid.UUID `json:"lead_ids"`
		}
		if err := json.Unmarshal([]byte(s), &j); err != nil {
			k.T.Fatal(err)
		}
		if err := k.App.ScoreLeads(k.T.Context(), j.LeadIDs); err != nil {
			k.T.Fatal(err)
		}
	}
	return len(args)
}

func scoreOf(k *testkit.Kit, address string) (store.Score, []store.ScoreLine) {
	k.T.Helper()
	l, _, err := k.Store.LeadByAddress(k.T.Context(), address)
	if err != nil {
		k.T.Fatal(err)
	}
	scores, lines, err := store.ScoresOf(k.Store.DB(k.T.Context()), []uuid.UUID{l.ID})
	if err != nil {
		k.T.Fatal(err)
	}
	return scores[l.ID], lines[l.ID]
}

func TestScoreFromFormToQualified(t *testing.T) {
	k := testkit.New(t)
	k.Take(testkit.Submit("ann@archer.example"))
	if n := scoreWaiting(k); n != 1 {
		t.Fatalf("%d jobs", n)
	}
	s, lines := scoreOf(k, "ann@archer.example")
	if s.Grade != "A3" || s.Fit != 50_00 || s.Engagement != 10_00 || s.QualifiedAt == nil || len(lines) != 5 {
		t.Fatalf("%+v %+v", s, lines)
	}
	if n := k.Count("select count(*) from outbox where type = 'lead.qualified'"); n != 1 {
		t.Errorf("%d announcements", n)
	}
	if n := k.Count("select count(*) from river_job where kind = 'lead_route'"); n != 1 {
		t.Errorf("%d wants", n)
	}
	// Again, and twice at once, changes nothing.
	l, _, _ := k.Store.LeadByAddress(t.Context(), "ann@archer.example")
	k.Clock.Move(time.Hour)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			if err := k.App.ScoreLeads(t.Context(), []uuid.UUID{l.ID}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := k.Count("select count(*) from outbox"); n != 1 {
		t.Errorf("%d announcements", n)
	}
	again, _ := scoreOf(k, "ann@archer.example")
	if !again.ScoredAt.Equal(s.ScoredAt) {
		t.Error("a score without news was written anew")
	}
	// Another one, from a free-mail address, does not qualify, and its score says why.
	other := testkit.Submit("bob@gmail.com")
	other.Input.Fields["job_title"], other.Input.Fields["company"] = "Student", ""
	other.Input.Fields["company"] = "x"
	k.Take(other)
	scoreWaiting(k)
	if s, _ := scoreOf(k, "bob@gmail.com"); s.QualifiedAt != nil || s.Why != "has -10 points, 60 are needed" {
		t.Errorf("%+v", s)
	}
	if n := k.Count("select count(*) from outbox"); n != 1 {
		t.Errorf("%d announcements", n)
	}
}

// One job a transaction, whatever the number of leads.
func TestScoreOneJobForMany(t *testing.T) {
	k := testkit.New(t)
	var ids []uuid.UUID
	for _, name := range []string{"a", "b", "c"} {
		res, err := k.App.SubmitForm(t.Context(), testkit.Submit(name+"@archer.example"))
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, res.SubmissionID)
	}
	if err := k.App.AcceptSubmissions(t.Context(), ids); err != nil {
		t.Fatal(err)
	}
	if n := scoreWaiting(k); n != 1 {
		t.Errorf("%d jobs", n)
	}
	if n := k.Count("select count(*) from scores"); n != 3 {
		t.Errorf("%d scores", n)
	}
}

// A lead that sales gave back qualifies again only after the person did something.
func TestScoreQualifiesAgainAfterNews(t *testing.T) {
	k := testkit.New(t)
	k.Take(testkit.Submit("ann@archer.example"))
	scoreWaiting(k)
	l, _, _ := k.Store.LeadByAddress(t.Context(), "ann@archer.example")
	first, _ := scoreOf(k, "ann@archer.example")
	owner := store.NewID()
	if err := k.Store.DB(t.Context()).Create(&store.User{ID: owner, Email: "sales@archer.example", Name: "Sales", Role: "sales", Version: 1, CreatedAt: k.Clock.Now()}).Error; err != nil {
		t.Fatal(err)
	}
	assign := func(state string, closed any) {
		t.Helper()
		err := k.Store.DB(t.Context()).Exec(`insert into assignments (id, lead_id, owner_id, rule_key, how, reason, reason_data, state, period, at, clock_from, first_response_kind, close_reason, close_note, version, closed_at)
			values (?, ?, ?, '', 'by-hand', '', '{}', ?, '2026-03-01', ?, ?, '', '', '', 1, ?)`, uuid.New(), l.ID, owner, state, k.Clock.Now(), k.Clock.Now(), closed).Error
		if err != nil {
			t.Fatal(err)
		}
	}
	score := func() store.Score {
		t.Helper()
		if err := k.App.ScoreLeads(t.Context(), []uuid.UUID{l.ID}); err != nil {
			t.Fatal(err)
		}
		s, _ := scoreOf(k, "ann@archer.example")
		return s
	}
	k.Clock.Move(time.Minute)
	assign("open", nil)
	k.Clock.Move(time.Minute)
	k.Take(testkit.Submit("ann@archer.example"))
	if s := score(); !s.QualifiedAt.Equal(*first.QualifiedAt) {
		t.Error("qualified again while in somebody's hands")
	}
	k.Clock.Move(time.Hour)
	if err := k.Store.DB(t.Context()).Exec("update assignments set state = 'returned', closed_at = ?", k.Clock.Now()).Error; err != nil {
		t.Fatal(err)
	}
	if s := score(); !s.QualifiedAt.Equal(*first.QualifiedAt) || s.Why != "sales closed it, and the lead did nothing since" {
		t.Errorf("%+v", s)
	}
	k.Clock.Move(24 * time.Hour)
	k.Take(testkit.Submit("ann@archer.example"))
	if s := score(); s.QualifiedAt.Equal(*first.QualifiedAt) {
		t.Errorf("did not qualify again: %+v", s)
	}
	if n := k.Count("select count(*) from outbox where type = 'lead.qualified'"); n != 2 {
		t.Errorf("%d announcements", n)
	}
}

func TestScoreUnpublished(t *testing.T) {
	k := testkit.New(t)
	k.Store.DB(t.Context()).Exec("update rule_sets set state = 'retired', retired_at = now() where kind = 'scoring'")
	k.Take(testkit.Submit("ann@archer.example"))
	scoreWaiting(k)
	if n := k.Count("select count(*) from scores"); n != 0 {
		t.Errorf("%d scores without rules", n)
	}
}

func TestRuleVersions(t *testing.T) {
	k := testkit.New(t)
	ctx, by := t.Context(), store.Actor{Kind: "system", Name: "test"}
	draft, err := k.App.DraftRules(ctx, "scoring", nil, by)
	if err != nil || draft.Number != 2 {
		t.Fatalf("%+v %v", draft, err)
	}
	if again, err := k.App.DraftRules(ctx, "scoring", nil, by); err != nil || again.ID != draft.ID {
		t.Fatalf("a second draft: %v", err)
	}
	def := lead.UsualScore()
	def.Threshold = 99_00
	b, _ := json.Marshal(def)
	if err := k.App.SaveDraftRules(ctx, "scoring", draft.Version, b, "higher", by); err != nil {
		t.Fatal(err)
	}
	if err := k.App.SaveDraftRules(ctx, "scoring", draft.Version, b, "higher", by); !errs.Is(err, errs.Conflict) {
		t.Errorf("a draft was overwritten: %v", err)
	}
	def.Groups[0].Rules[0].Condition = "contry == \"DE\""
	bad, _ := json.Marshal(def)
	var e *errs.Error
	if err := k.App.SaveDraftRules(ctx, "scoring", draft.Version+1, bad, "", by); !errors.As(err, &e) || len(e.Fields) != 1 || e.Fields[0].Field != "groups.0.rules.0.condition" {
		t.Errorf("%v", err)
	}
	if _, err := k.App.PublishRules(ctx, "scoring", draft.Version, by); !errs.Is(err, errs.Conflict) {
		t.Errorf("an older draft was published: %v", err)
	}
	two, err := k.App.PublishRules(ctx, "scoring", draft.Version+1, by)
	if err != nil || two.Number != 2 {
		t.Fatalf("%+v %v", two, err)
	}
	k.Take(testkit.Submit("ann@archer.example"))
	scoreWaiting(k)
	if s, _ := scoreOf(k, "ann@archer.example"); s.QualifiedAt != nil || s.RuleSetID != two.ID {
		t.Errorf("%+v", s)
	}
	v, err := k.App.RuleVersions(ctx, "scoring")
	if err != nil || len(v.History) != 2 || v.Published.ID != two.ID || v.Draft != nil || v.History[0].Leads != 1 {
		t.Fatalf("%+v %v", v, err)
	}
	// A draft is under way while an older version is published again: it comes after that one.
	if draft, err = k.App.DraftRules(ctx, "scoring", nil, by); err != nil {
		t.Fatal(err)
	}
	three, err := k.App.RollBackRules(ctx, "scoring", v.History[1].ID, by)
	if err != nil || three.Number != 4 || *three.BasedOnID != v.History[1].ID {
		t.Fatalf("%+v %v", three, err)
	}
	if _, err := k.App.RollBackRules(ctx, "scoring", three.ID, by); !errs.Is(err, errs.Conflict) {
		t.Errorf("rolled back to what holds: %v", err)
	}
	last, err := k.App.PublishRules(ctx, "scoring", draft.Version, by)
	if err != nil || last.Number != 5 {
		t.Fatalf("%+v %v", last, err)
	}
	if draft, err = k.App.DraftRules(ctx, "scoring", nil, by); err != nil {
		t.Fatal(err)
	}
	if err := k.App.DiscardRules(ctx, "scoring", draft.Version, by); err != nil {
		t.Fatal(err)
	}
	if _, err := k.App.RuleVersions(ctx, "nothing"); !errs.Is(err, errs.NotFound) {
		t.Errorf("%v", err)
	}
	if n := k.Count("select count(*) from rule_sets where kind = 'scoring' and state = 'published'"); n != 1 {
		t.Errorf("%d versions hold", n)
	}
}

// What melts is worked out anew, day by day, until nothing is left; nobody qualifies or stops to by that.
func TestScoresMelt(t *testing.T) {
	k := testkit.New(t)
	in := testkit.Submit("ann@archer.example")
	k.Take(in)
	scoreWaiting(k)
	for range 3 { // asks again and again: engagement 2
		k.Clock.Move(25 * time.Hour)
		k.Take(in)
		scoreWaiting(k)
	}
	first, lines := scoreOf(k, "ann@archer.example")
	if first.Grade != "A2" || len(lines) != 8 {
		t.Fatalf("%+v %+v", first, lines)
	}
	if err := k.App.TendScores(t.Context()); err != nil {
		t.Fatal(err)
	}
	if s, _ := scoreOf(k, "ann@archer.example"); !s.ScoredAt.Equal(first.ScoredAt) {
		t.Error("a fresh score was worked out anew")
	}
	k.Clock.Move(40 * 24 * time.Hour)
	if err := k.App.TendScores(t.Context()); err != nil {
		t.Fatal(err)
	}
	s, _ := scoreOf(k, "ann@archer.example")
	if s.Grade != "A3" || s.Engagement >= first.Engagement || s.QualifiedAt == nil || !s.QualifiedAt.Equal(*first.QualifiedAt) {
		t.Errorf("%+v", s)
	}
	k.Clock.Move(60 * 24 * time.Hour)
	if err := k.App.TendScores(t.Context()); err != nil {
		t.Fatal(err)
	}
	if s, lines := scoreOf(k, "ann@archer.example"); s.Engagement != 0 || len(lines) != 4 {
		t.Errorf("%+v %+v", s, lines)
	}
	if n := k.Count("select count(*) from outbox where type = 'lead.qualified'"); n != 1 {
		t.Errorf("%d announcements", n)
	}
	if r, err := k.App.Verify(t.Context()); err != nil || len(r.Unexplained) > 1 { // nobody routes here
		t.Errorf("%+v %v", r.Unexplained, err)
	}
}
