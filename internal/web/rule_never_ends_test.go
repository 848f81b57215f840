package web_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/store"
	"github.com/gatehouse/gatehouse/internal/testkit"
)

// A rule that never ends is not taken by any page. Where one stands in the database all the same, by somebody's hand: it is
// never run, mail leaves, leads find owners, pages answer, and staff see what is wrong.
func TestARuleThatNeverEnds(t *testing.T) {
	w := newWorld(t)
	const loop = `"all(1..1000000000, {all(1..1000000000, {true})})"`
	for _, sql := range []string{"update rule_sets set definition = jsonb_set(definition, '{groups,0,rules,0,condition}', '" + loop + "') where kind = 'scoring'",
		"update rule_sets set definition = jsonb_set(definition, '{rules,0,when}', '" + loop + "') where kind = 'routing'"} {
		if res := w.Store.DB(t.Context()).Exec(sql); res.Error != nil || res.RowsAffected != 1 {
			t.Fatal(res.RowsAffected, res.Error)
		}
	}
	w.Take(testkit.Submit("ann@archer.example"))
	l, _, err := w.Store.LeadByAddress(t.Context(), "ann@archer.example")
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	if err := w.App.ScoreLeads(t.Context(), []uuid.UUID{l.ID}); err == nil {
		t.Error("scored by a rule that never ends")
	}
	if err := w.App.RouteLeads(t.Context(), []uuid.UUID{l.ID}); err != nil {
		t.Errorf("not routed: %v", err)
	}
	w.Deliver()
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("it took %s", took)
	}
	as, err := store.HeldAssignment(w.Store.DB(t.Context()), l.ID)
	if err != nil || as == nil || as.How != "fallback" {
		t.Errorf("%+v %v", as, err)
	}
	if n := w.Count("select count(*) from messages where lead_id = ? and state = 'sent'", l.ID); n != 2 { // the document, and the alert
		t.Errorf("%d mails left", n)
	}
	for path, word := range map[string]string{"/admin": "The published scoring rules cannot be read", "/admin/leads": "archer", "/admin/leads/" + l.ID.String(): "Archer", "/admin/rules": "Version 1 holds",
		"/admin/rules/scoring": "Version 1 holds", "/admin/rules/routing": "Version 1 holds", "/g/8-questions": "8 Questions"} {
		if r := w.admin.get(path); r.Code != http.StatusOK || !strings.Contains(r.Body.String(), word) {
			t.Errorf("%s answers %d and does not say %q: %.300s", path, r.Code, word, r.Body)
		}
	}
	if body := w.admin.page("/admin"); !strings.Contains(body, "Leads go to the fallback") && !strings.Contains(body, "routing rule") {
		t.Error("nothing tells of the routing rule")
	}
}
