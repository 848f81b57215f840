package web_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"

	"github.com/gatehouse/gatehouse/internal/store"
)

// deal is a fresh deal of the admin's own.
func (w *world) deal() store.Deal {
	w.t.Helper()
	return w.admin.dealOf(w.admin.byHand(store.NewID().String()[24:]+"@deals.example", "Deals"))
}

// planForm is a template that can be kept.
func planForm() url.Values {
	return url.Values{"version": {"1"}, "name": {"Plan " + store.NewID().String()[24:]}, "position": {"3"}, "step-0-channel": {"call"}, "step-0-title": {"Call"}, "step-0-days": {"1"}}
}

// template is the path of a fresh plan template.
func (w *world) template() string {
	w.t.Helper()
	res := w.admin.post("/admin/pipeline/plans", planForm())
	if res.Code != http.StatusSeeOther {
		w.t.Fatalf("plan: %d %s", res.Code, res.Body)
	}
	return "/admin/pipeline/plans/" + w.one("select id::text from plan_templates order by updated_at desc, id desc limit 1")
}

func (w *world) lead() string {
	w.t.Helper()
	return "/admin/leads/" + w.admin.byHand(store.NewID().String()[24:]+"@leads.example", "Leads").ID.String()
}

func (w *world) merged() (into string) {
	w.t.Helper()
	one, two := w.lead(), w.lead()
	mustAssign := w.one("select id::text from assignments where lead_id = ? and state = 'accepted'", two[len(two)-36:])
	if err := w.Store.DB(w.t.Context()).Exec("update deals set state = 'lost', stage = 'lost', reason = 'price', closed_at = updated_at where assignment_id = ?", mustAssign).Error; err != nil {
		w.t.Fatal(err)
	}
	if err := w.Store.DB(w.t.Context()).Exec("update assignments set state = 'closed', close_reason = 'lost', closed_at = at where id = ?", mustAssign).Error; err != nil {
		w.t.Fatal(err)
	}
	res := w.admin.post(one+"/merge", url.Values{"from": {two[len(two)-36:]}, "version": {w.one("select version::text from leads where id = ?", one[len(one)-36:])}, "do": {"merge"},
		"from_version": {w.one("select version::text from leads where id = ?", two[len(two)-36:])}})
	if res.Code != http.StatusSeeOther {
		w.t.Errorf("merge: %d %.2000s", res.Code, res.Body)
	}
	return one
}

// pipelineWrites are the posts of this part, as writes are those of the others.
var pipelineWrites = map[string]staffWrite{
	"/admin/pipeline/bulk": {"deal.move", func(w *world) *httptest.ResponseRecorder {
		d := w.deal()
		return w.admin.post("/admin/pipeline/bulk", url.Values{"deal": {d.ID.String() + " " + version(d.Version)}, "to": {"lost"}, "reason": {"timing"}})
	}},
	"/admin/deals/:id": {"deal.edit", func(w *world) *httptest.ResponseRecorder {
		d := w.deal()
		return w.admin.post("/admin/deals/"+d.ID.String(), url.Values{"version": {version(d.Version)}, "title": {"Another title"}, "value": {"900"}, "currency": {d.Currency}})
	}},
	"/admin/deals/:id/move": {"deal.move", func(w *world) *httptest.ResponseRecorder {
		d := w.deal()
		return w.admin.post("/admin/deals/"+d.ID.String()+"/move", url.Values{"version": {version(d.Version)}, "to": {"proposal"}, "value": {"900"}})
	}},
	"/admin/leads/new": {"lead.add", func(w *world) *httptest.ResponseRecorder {
		return w.admin.post("/admin/leads/new", url.Values{"email": {"new@byhand.example"}, "given_name": {"Ann"}, "kind": {"fair"}, "basis": {"consent"}, "covers-call": {"yes"}, "covers-mail": {"yes"}, "covers-meeting": {"yes"}, "covers-letter": {"yes"}, "note": {"Leeds"}, "to": {"me"}})
	}},
	"/admin/leads/:id/note": {"activity.note", func(w *world) *httptest.ResponseRecorder {
		return w.admin.post(w.lead()+"/note", url.Values{"text": {"Called, nobody there"}, "kind": {"call"}})
	}},
	"/admin/leads/:id/reason": {"activity.reason", func(w *world) *httptest.ResponseRecorder {
		l := w.lead()
		w.admin.post(l+"/note", url.Values{"text": {"Wrote once more"}, "kind": {"mail"}})
		act := w.one("select id::text from activities where lead_id = ?", l[len(l)-36:])
		if err := w.Store.DB(w.t.Context()).Exec("update activities set beyond = 'choice', reason_asked_at = recorded_at where id = ?", act).Error; err != nil {
			w.t.Fatal(err)
		}
		return w.admin.post(l+"/reason", url.Values{"activity": {act}, "reason": {"The offer ended that day"}})
	}},
	"/admin/leads/:id/take-back": {"activity.take-back", func(w *world) *httptest.ResponseRecorder {
		l := w.lead()
		w.admin.post(l+"/note", url.Values{"text": {"Called, nobody there"}, "kind": {"call"}})
		return w.admin.post(l+"/take-back", url.Values{"activity": {w.one("select id::text from activities where lead_id = ?", l[len(l)-36:])}})
	}},
	"/admin/leads/:id/block": {"lead.block", func(w *world) *httptest.ResponseRecorder {
		return w.admin.post(w.lead()+"/block", url.Values{"channel": {"call"}, "reason": {"asked us not to"}})
	}},
	"/admin/leads/:id/unblock": {"lead.unblock", func(w *world) *httptest.ResponseRecorder {
		l := w.lead()
		w.admin.post(l+"/block", url.Values{"channel": {"call"}, "reason": {"asked us not to"}})
		return w.admin.post(l+"/unblock", url.Values{"block": {w.one("select id::text from approach_blocks where lead_id = ?", l[len(l)-36:])}})
	}},
	"/admin/leads/:id/step": {"step.add", func(w *world) *httptest.ResponseRecorder {
		return w.admin.post(w.lead()+"/step", url.Values{"do": {"add"}, "channel": {"letter"}, "title": {"Write"}, "due": {w.Clock.Now().AddDate(0, 0, 3).Format("2006-01-02")}})
	}},
	"/admin/leads/:id/merge": {"lead.merge", func(w *world) *httptest.ResponseRecorder {
		w.merged()
		return w.admin.get("/admin/pipeline")
	}},
	"/admin/leads/:id/unmerge": {"lead.unmerge", func(w *world) *httptest.ResponseRecorder {
		into := w.merged()
		return w.admin.post(into+"/unmerge", url.Values{"merge": {w.one("select id::text from lead_merges where into_id = ? and undone_at is null", into[len(into)-36:])}})
	}},
	"/admin/pipeline/plans": {"plan-template.create", func(w *world) *httptest.ResponseRecorder { return w.admin.post("/admin/pipeline/plans", planForm()) }},
	"/admin/pipeline/plans/:id": {"plan-template.edit", func(w *world) *httptest.ResponseRecorder {
		return w.admin.post(w.template(), planForm())
	}},
	"/admin/pipeline/plans/:id/archive": {"plan-template.archive", func(w *world) *httptest.ResponseRecorder {
		return w.admin.post(w.template()+"/archive", url.Values{"version": {"1"}})
	}},
	"/admin/pipeline/plans/:id/restore": {"plan-template.restore", func(w *world) *httptest.ResponseRecorder {
		p := w.template()
		w.admin.post(p+"/archive", url.Values{"version": {"1"}})
		return w.admin.post(p+"/restore", url.Values{"version": {"2"}})
	}},
}
