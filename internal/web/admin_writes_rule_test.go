package web_test

import (
	"net/http/httptest"
	"net/url"

	"github.com/gatehouse/gatehouse/internal/store"
)

// draftRules is the draft of the scoring rules, begun if there is none.
func (w *world) draftRules() store.RuleSet {
	w.t.Helper()
	d, err := w.App.DraftRules(w.t.Context(), store.RulesScoring, nil, w.admin.actor())
	if err != nil {
		w.t.Fatal(err)
	}
	return d
}

// noDraft throws away what an earlier post has begun.
func (w *world) noDraft() {
	w.t.Helper()
	d := w.draftRules()
	if err := w.App.DiscardRules(w.t.Context(), store.RulesScoring, d.Version, w.admin.actor()); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) one(sql string, args ...any) (id string) {
	w.t.Helper()
	if err := w.Store.DB(w.t.Context()).Raw(sql, args...).Scan(&id).Error; err != nil || id == "" {
		w.t.Fatalf("%s: %q %v", sql, id, err)
	}
	return id
}

// ruleWrites are the posts of this part, as writes are those of the others.
var ruleWrites = map[string]staffWrite{
	"/admin/rules/:kind/draft": {"rules.draft", func(w *world) *httptest.ResponseRecorder {
		w.noDraft()
		return w.admin.post("/admin/rules/scoring/draft", url.Values{})
	}},
	"/admin/rules/:kind/publish": {"rules.publish", func(w *world) *httptest.ResponseRecorder {
		return w.admin.post("/admin/rules/scoring/publish", url.Values{"version": {version(w.draftRules().Version)}})
	}},
	"/admin/rules/:kind/discard": {"rules.discard", func(w *world) *httptest.ResponseRecorder {
		return w.admin.post("/admin/rules/scoring/discard", url.Values{"version": {version(w.draftRules().Version)}})
	}},
	"/admin/rules/:kind/roll-back": {"rules.roll-back", func(w *world) *httptest.ResponseRecorder {
		d := w.draftRules()
		if _, err := w.App.PublishRules(w.t.Context(), store.RulesScoring, d.Version, w.admin.actor()); err != nil {
			w.t.Fatal(err)
		}
		return w.admin.post("/admin/rules/scoring/roll-back", url.Values{"to": {w.one("select id::text from rule_sets where kind = 'scoring' and state = 'retired' limit 1")}})
	}},
	"/admin/rules/scoring": {"rules.edit", func(w *world) *httptest.ResponseRecorder {
		w.draftRules()
		form := inputsOf(w.t, w.admin.page("/admin/rules/scoring"), "edit")
		form.Set("do", "save")
		form.Set("note", "Changed")
		return w.admin.post("/admin/rules/scoring", form)
	}},
	"/admin/rules/:kind/rehearse": {"rules.rehearse", func(w *world) *httptest.ResponseRecorder {
		return w.admin.post("/admin/rules/scoring/rehearse", url.Values{"version": {version(w.draftRules().Version)}, "days": {"30"}})
	}},
	"/admin/rules/:kind/rehearsals/:id/cancel": {"rehearsal.cancel", func(w *world) *httptest.ResponseRecorder {
		w.admin.post("/admin/rules/scoring/rehearse", url.Values{"version": {version(w.draftRules().Version)}, "days": {"30"}})
		id := w.one("select id::text from rehearsals where state in ('waiting','running') order by created_at desc, id desc limit 1")
		return w.admin.post("/admin/rules/scoring/rehearsals/"+id+"/cancel", url.Values{})
	}},
	"/admin/rules/scoring/rescore": {"rules.rescore", func(w *world) *httptest.ResponseRecorder {
		if err := w.Store.DB(w.t.Context()).Exec("update rescores set state = 'cancelled' where state = 'running'").Error; err != nil {
			w.t.Fatal(err)
		}
		return w.admin.post("/admin/rules/scoring/rescore", url.Values{})
	}},
	"/admin/rules/scoring/rescores/:id/cancel": {"rescore.cancel", func(w *world) *httptest.ResponseRecorder {
		w.admin.post("/admin/rules/scoring/rescore", url.Values{})
		return w.admin.post("/admin/rules/scoring/rescores/"+w.one("select id::text from rescores where state = 'running'")+"/cancel", url.Values{})
	}},
}
