package app_test

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/pipeline"
	"github.com/gatehouse/gatehouse/internal/store"
	"github.com/gatehouse/gatehouse/internal/testkit"
)

// sellersOf puts two people into the team that a new installation has.
func sellersOf(t *testing.T, k *testkit.Kit) {
	t.Helper()
	teams, err := store.Teams(k.Store.DB(t.Context()), false)
	if err != nil || len(teams) != 1 {
		t.Fatalf("%d teams: %v", len(teams), err)
	}
	for i, name := range []string{"ana", "ben"} {
		u := store.User{ID: store.NewID(), Name: name, Email: name + "@gatehouse.example", Role: "sales", Version: 1, CreatedAt: k.Clock.Now()}
		for _, row := range []any{&u, &store.UserProfile{UserID: u.ID, TimeZone: "Europe/London", Hours: pipeline.OfficeWeek(), Version: 1, UpdatedAt: k.Clock.Now()},
			&store.TeamMember{TeamID: teams[0].ID, UserID: u.ID, Weight: int32(i + 1), JoinedAt: k.Clock.Now()}} {
			if err := k.Store.DB(t.Context()).Create(row).Error; err != nil {
				t.Fatal(err)
			}
		}
	}
}

// scoredAndRouted does the jobs of scoring and routing, those of every lead twice: again must change nothing.
func scoredAndRouted(t *testing.T, k *testkit.Kit) {
	t.Helper()
	var leads []uuid.UUID
	if err := k.Store.DB(t.Context()).Model(&store.Lead{}).Where("state = 'active'").Order("id").Pluck("id", &leads).Error; err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := k.App.ScoreLeads(t.Context(), leads); err != nil {
			t.Fatal(err)
		}
		var qualified []uuid.UUID
		if err := k.Store.DB(t.Context()).Model(&store.Score{}).Where("qualified_at is not null").Order("lead_id").Pluck("lead_id", &qualified).Error; err != nil {
			t.Fatal(err)
		}
		if err := k.App.RouteLeads(t.Context(), qualified); err != nil {
			t.Fatal(err)
		}
	}
}

// Promise 9, for sales: a score is the sum of its lines, an assignment says which rule chose whom and why, and however
// often the work is done, a lead is in one pair of hands.
func TestPromise9ScoresAndAssignmentsExplainThemselves(t *testing.T) {
	witness(t, func(t *testing.T, k *testkit.Kit) (v violations) {
		t.Helper()
		sellersOf(t, k)
		for _, address := range []string{"ann@archers.example", "bob@brewers.example", "cleo@cutlers.example", "student@gmail.com"} {
			in := testkit.Submit(address)
			if address == "student@gmail.com" {
				in.Input.Fields["job_title"] = "Student"
			}
			k.Take(in)
		}
		mustExec(t, k, `insert into downloads (id, grant_id, lead_id, document_id, document_version_id, gate_id, kind, at, last_at, times)
			select gen_random_uuid(), g.id, a.lead_id, g.document_id, d.current_version_id, g.gate_id, 'download', ?, ?, 1
			from grants g join lead_addresses a on a.id = g.address_id join documents d on d.id = g.document_id`, k.Clock.Now(), k.Clock.Now())
		scoredAndRouted(t, k)
		k.Clock.Move(10 * 24 * time.Hour)
		scoredAndRouted(t, k)
		v.must(k.Count("select count(*) from scores") == 4, "not everybody was scored")
		assigned := k.Count("select count(*) from assignments")
		v.must(assigned == 3, "%d assignments, want those of the three who qualify", assigned)
		for what, sql := range map[string]string{
			"scores without lines":            "select count(*) from scores s where s.fit + s.engagement <> 0 and not exists (select 1 from score_lines n where n.lead_id = s.lead_id)",
			"lines without a rule":            "select count(*) from score_lines where rule_key = '' or title = ''",
			"qualifications without a reason": "select count(*) from scores where qualified_at is not null and why = ''",
			"assignments without a reason":    "select count(*) from assignments where reason = '' or reason_data = '{}'",
			"leads in two pairs of hands":     "select count(*) from (select lead_id from assignments where state in ('open','accepted') group by 1 having count(*) > 1) x",
		} {
			n := k.Count(sql)
			v.must(n == 0, "UNEXPLAINED: %d %s", n, what)
		}
		for _, item := range verify(t, k).Unexplained { // the mails wait, since no worker runs here; the downloads came from nowhere
			v.must(item.Kind == "messages" || item.Kind == "downloads", "UNEXPLAINED: %s: %s", item.Kind, item.Sentence)
		}
		return v
	}, breaks("score-without-lines", "scores without lines", "not the sum of its lines"), breaks("assignment-without-reason", "assignments without a reason"))
}
