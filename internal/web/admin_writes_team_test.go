package web_test

import (
	"bytes"
	"image"
	"image/png"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"

	"github.com/gatehouse/gatehouse/internal/auth"
	"github.com/gatehouse/gatehouse/internal/store"
)

// freshTeam is the path of a new team.
func (w *world) freshTeam() string {
	w.t.Helper()
	res := w.admin.post("/admin/teams", url.Values{"name": {"Team " + store.NewID().String()[24:]}})
	if res.Code != http.StatusSeeOther {
		w.t.Fatalf("team: %d %s", res.Code, res.Body)
	}
	return res.Header().Get("Location")
}

// held is a fresh lead in the admin's own hands, with its open assignment.
func (w *world) held() (path string, as store.Assignment) {
	w.t.Helper()
	email := store.NewID().String()[24:] + "@hands.example"
	res := w.admin.post("/admin/leads/new", url.Values{"email": {email}, "given_name": {"Ann"}, "family_name": {"Archer"}, "company": {"Hands"}, "kind": {"fair"}, "basis": {"consent"}, "covers-call": {"yes"}, "covers-mail": {"yes"}, "covers-meeting": {"yes"}, "covers-letter": {"yes"}, "note": {"Leeds"}, "to": {"me"}})
	if res.Code != http.StatusSeeOther {
		w.t.Fatalf("add: %d %s", res.Code, res.Body)
	}
	l := w.leadOf(email)
	if err := w.Store.DB(w.t.Context()).Where("lead_id = ? and state in ('open','accepted')", l.ID).Take(&as).Error; err != nil {
		w.t.Fatal(err)
	}
	return "/admin/leads/" + l.ID.String(), as
}

func (w *world) hand(verb string, more url.Values) *httptest.ResponseRecorder {
	w.t.Helper()
	path, as := w.held()
	form := url.Values{"assignment": {as.ID.String()}, "version": {version(as.Version)}}
	maps.Copy(form, more)
	return w.admin.post(path+"/"+verb, form)
}

// person is a colleague's page among the people of the teams, with the version of the profile.
func (w *world) person() string {
	w.t.Helper()
	return "/admin/teams/people/" + w.colleague(auth.Sales).ID.String()
}

func photo(w *world) []byte {
	w.t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewRGBA(image.Rect(0, 0, 64, 64))); err != nil {
		w.t.Fatal(err)
	}
	return b.Bytes()
}

// profileForm is what the profile of somebody says, with its version.
func (w *world) profileForm(user string) url.Values {
	w.t.Helper()
	var v int64
	if err := w.Store.DB(w.t.Context()).Raw("select coalesce(max(version), 0) from user_profiles where user_id = ?", user).Scan(&v).Error; err != nil {
		w.t.Fatal(err)
	}
	return url.Values{"version": {version(v)}, "time_zone": {"Europe/Berlin"}, "holiday_region": {"de-by"}, "job_title": {"Account director"}, "hours_1": {"9:00-17"}}
}

func absence(w *world) url.Values {
	at := w.Clock.Now().AddDate(0, 0, 10)
	return url.Values{"from": {at.Format("2006-01-02")}, "until": {at.AddDate(0, 0, 5).Format("2006-01-02")}, "note": {"Holiday"}}
}

func (w *world) absent(path, user string) *httptest.ResponseRecorder {
	w.t.Helper()
	w.admin.post(path+"/absences", absence(w))
	return w.admin.post(path+"/absences/remove", url.Values{"absence": {w.one("select id::text from absences where user_id = ? order by created_at desc, id desc limit 1", user)}})
}

// teamWrites are the posts of this part, as writes are those of the others.
var teamWrites = map[string]staffWrite{
	"/admin/claim/:id": {"lead.accept", func(w *world) *httptest.ResponseRecorder {
		_, as := w.held()
		return w.admin.post("/admin/claim/"+as.ID.String(), url.Values{"version": {version(as.Version)}})
	}},
	"/admin/leads/:id/accept": {"lead.accept", func(w *world) *httptest.ResponseRecorder { return w.hand("accept", nil) }},
	"/admin/leads/:id/return": {"lead.return", func(w *world) *httptest.ResponseRecorder {
		return w.hand("return", url.Values{"reason": {"no-need"}, "note": {"none"}})
	}},
	"/admin/leads/:id/decline": {"lead.decline", func(w *world) *httptest.ResponseRecorder {
		return w.hand("decline", url.Values{"reason": {"no-time"}})
	}},
	"/admin/leads/:id/reassign": {"lead.reassign", func(w *world) *httptest.ResponseRecorder {
		return w.hand("reassign", url.Values{"to": {w.colleague(auth.Sales).ID.String()}, "note": {"knows them"}})
	}},
	"/admin/leads/:id/give": {"lead.give", func(w *world) *httptest.ResponseRecorder {
		w.Take(w.ask(1, store.NewID().String()[24:]+"@given.example", "", ""))
		id := w.one("select id::text from leads where email like '%@given.example' and owner_id is null order by created_at desc, id desc limit 1")
		return w.admin.post("/admin/leads/"+id+"/give", url.Values{"to": {w.colleague(auth.Sales).ID.String()}, "note": {"theirs"}})
	}},
	"/admin/rules/routing": {"rules.edit", func(w *world) *httptest.ResponseRecorder {
		d, err := w.App.DraftRules(w.t.Context(), store.RulesRouting, nil, w.admin.actor())
		if err != nil {
			w.t.Fatal(err)
		}
		return w.admin.post("/admin/rules/routing", url.Values{"version": {version(d.Version)}, "do": {"save"}, "existing": {"lead"}, "rules.0.key": {"all"}, "rules.0.title": {"All"},
			"rules.0.when": {""}, "rules.0.to": {"person:" + w.admin.user.ID.String()}})
	}},
	"/admin/teams": {"team.add", func(w *world) *httptest.ResponseRecorder {
		return w.admin.post("/admin/teams", url.Values{"name": {"Fresh team"}})
	}},
	"/admin/teams/settings": {"sales-settings.edit", func(w *world) *httptest.ResponseRecorder {
		return w.admin.post("/admin/teams/settings", url.Values{"version": {"1"}, "visibility": {"own"}, "rotation_period": {"week"}, "warn_minutes": {"30"}, "escalate_minutes": {"60"},
			"reassign_minutes": {"90"}, "digest_over": {"3"}, "touches_per_week": {"2"}, "quiet_from": {"19:30"}, "quiet_until": {"7"}, "fallback": {w.admin.user.ID.String()}})
	}},
	"/admin/teams/settings/holidays": {"holiday.set", func(w *world) *httptest.ResponseRecorder {
		return w.admin.post("/admin/teams/settings/holidays", url.Values{"region": {"gb"}, "day": {"2026-07-01"}, "name": {"Founders' day"}})
	}},
	"/admin/teams/settings/holidays/remove": {"holiday.remove", func(w *world) *httptest.ResponseRecorder {
		w.admin.post("/admin/teams/settings/holidays", url.Values{"region": {"gb"}, "day": {"2026-07-02"}, "name": {"Founders' day"}})
		return w.admin.post("/admin/teams/settings/holidays/remove", url.Values{"region": {"gb"}, "day": {"2026-07-02"}})
	}},
	"/admin/teams/:id": {"team.edit", func(w *world) *httptest.ResponseRecorder {
		return w.admin.post(w.freshTeam(), url.Values{"version": {"1"}, "name": {"Renamed " + store.NewID().String()[24:]}})
	}},
	"/admin/teams/:id/archive": {"team.archive", func(w *world) *httptest.ResponseRecorder {
		return w.admin.post(w.freshTeam()+"/archive", url.Values{"version": {"1"}})
	}},
	"/admin/teams/:id/members": {"team.member", func(w *world) *httptest.ResponseRecorder {
		return w.admin.post(w.freshTeam()+"/members", url.Values{"user": {w.colleague(auth.Sales).ID.String()}, "weight": {"2"}, "capacity": {"3"}})
	}},
	"/admin/teams/:id/remove-member": {"team.remove-member", func(w *world) *httptest.ResponseRecorder {
		team, user := w.freshTeam(), w.colleague(auth.Sales).ID.String()
		w.admin.post(team+"/members", url.Values{"user": {user}, "weight": {"2"}, "capacity": {"3"}})
		return w.admin.post(team+"/remove-member", url.Values{"user": {user}})
	}},
	"/admin/teams/people/:id": {"profile.edit", func(w *world) *httptest.ResponseRecorder {
		p := w.person()
		return w.admin.post(p, w.profileForm(p[len(p)-36:]))
	}},
	"/admin/teams/people/:id/photo": {"profile.photo", func(w *world) *httptest.ResponseRecorder {
		return w.admin.uploadTo(w.person()+"/photo", url.Values{"version": {"0"}}, "me.png", photo(w))
	}},
	"/admin/teams/people/:id/absences": {"absence.add", func(w *world) *httptest.ResponseRecorder {
		return w.admin.post(w.person()+"/absences", absence(w))
	}},
	"/admin/teams/people/:id/absences/remove": {"absence.remove", func(w *world) *httptest.ResponseRecorder {
		p := w.person()
		return w.absent(p, p[len(p)-36:])
	}},
	"/admin/teams/people/:id/leaving": {"profile.leaving", func(w *world) *httptest.ResponseRecorder {
		p := w.person()
		form := w.profileForm(p[len(p)-36:])
		form.Set("leaves", w.Clock.Now().AddDate(0, 1, 0).Format("2006-01-02"))
		form.Set("heir", w.admin.user.ID.String())
		return w.admin.post(p+"/leaving", form)
	}},
	"/admin/account/profile": {"profile.edit", func(w *world) *httptest.ResponseRecorder {
		return w.admin.post("/admin/account/profile", w.profileForm(w.admin.user.ID.String()))
	}},
	"/admin/account/profile/photo": {"profile.photo", func(w *world) *httptest.ResponseRecorder {
		return w.admin.uploadTo("/admin/account/profile/photo", w.profileForm(w.admin.user.ID.String()), "me.png", photo(w))
	}},
	"/admin/account/profile/absences": {"absence.add", func(w *world) *httptest.ResponseRecorder {
		return w.admin.post("/admin/account/profile/absences", absence(w))
	}},
	"/admin/account/profile/absences/remove": {"absence.remove", func(w *world) *httptest.ResponseRecorder {
		return w.absent("/admin/account/profile", w.admin.user.ID.String())
	}},
}
