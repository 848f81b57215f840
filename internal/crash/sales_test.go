package crash

import (
	"fmt"
	"testing"
	"time"

	"github.com/gatehouse/gatehouse/internal/store"
)

// Three processes share the work of scoring, routing and telling owners, and one of them is killed in the middle, again
// and again: each lead has one owner with a reason, a plan and an alert, the rotation is even, nothing is unexplained.
func TestSalesWhileProcessesDie(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldOptions{slow: 20 * time.Millisecond})
	w.start("--role", "web")
	w.sells(5)
	workers := []interface{ Kill() }{w.start("--role", "worker"), w.start("--role", "worker")}
	l := w.people("sale", 60)
	for i := range rounds(3, 30) {
		l.more(60)
		workers[i%2].Kill()
		workers[i%2] = w.start("--role", "worker")
	}
	l.end()
	w.clean(90*time.Second, l)
	w.until(90*time.Second, 0, "leads without an owner", `select count(*) from leads l left join assignments a on a.lead_id = l.id where a.id is null`)
	people := l.taken()
	for what, sql := range map[string]string{
		"assignments": "select count(*) from assignments", "owners of leads": "select count(*) from leads where owner_id is not null",
		"plans": "select count(*) from plans", "alerts told of": "select count(*) from assignments where alert_message_id is not null",
		"scores": "select count(*) from scores where qualified_at is not null", "turns": "select coalesce(sum(turns), 0)::int from rotation_places",
		"reasons": "select count(*) from assignments where reason <> ''",
	} {
		if n := w.number(sql); n != people {
			t.Errorf("%d %s of %d people", n, what, people)
		}
	}
	if apart := w.number("select max(turns) - min(turns) from rotation_places"); apart > 1 {
		t.Errorf("the rotation is %d turns apart", apart)
	}
	w.verify()
}

// sells puts people who sell into the house, lets everybody qualify and everybody be somebody new, and every alert go out
// by itself.
func (w *world) sells(n int) {
	w.t.Helper()
	exec := func(sql string, args ...any) {
		w.t.Helper()
		if _, err := w.pool.Exec(w.t.Context(), sql, args...); err != nil {
			w.t.Fatalf("%s: %v", sql, err)
		}
	}
	for i := range n {
		id := store.NewID()
		exec(`insert into users (id, email, name, role, password_hash, session_epoch, version, created_at) values ($1, $2, $3, 'sales', '', 1, 1, now() - interval '1 year')`,
			id, fmt.Sprintf("rep%d@gatehouse.example", i), fmt.Sprintf("Rep %d", i))
		exec(`insert into team_members (team_id, user_id, weight, daily_capacity, joined_at) select id, $1, 1, 0, now() - interval '1 year' from teams`, id)
	}
	exec(`update sales_settings set digest_over = 1000000`)
	exec(`update rule_sets set definition = jsonb_set(definition, '{existing}', '"none"') where kind = 'routing' and state = 'published'`)
	exec(`update rule_sets set definition = jsonb_set(definition, '{threshold}', '100') where kind = 'scoring' and state = 'published'`)
}
