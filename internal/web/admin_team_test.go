package web_test

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/gatehouse/gatehouse/internal/auth"
)

func TestTeamsThroughTheirPages(t *testing.T) {
	s := newSite(t)
	admin, seller := s.login(auth.Admin), s.login(auth.Sales)
	res := admin.post("/admin/teams", url.Values{"name": {"DACH"}, "manager": {admin.user.ID.String()}})
	to := res.Header().Get("Location")
	if res.Code != http.StatusSeeOther || !strings.HasPrefix(to, "/admin/teams/") {
		t.Fatalf("%d %s", res.Code, to)
	}
	if code := admin.post("/admin/teams", url.Values{"name": {"dach"}}).Code; code != http.StatusUnprocessableEntity {
		t.Errorf("a second team of the name: %d", code)
	}
	if res := admin.post(to+"/members", url.Values{"user": {seller.user.ID.String()}, "weight": {"0"}, "capacity": {"3"}}); res.Code != http.StatusUnprocessableEntity || !strings.Contains(res.Body.String(), "weight from 1 to 100") {
		t.Errorf("no weight: %d", res.Code)
	}
	if code := admin.post(to+"/members", url.Values{"user": {seller.user.ID.String()}, "weight": {"2"}, "capacity": {"3"}}).Code; code != http.StatusSeeOther || s.Count("select count(*) from team_members where weight = 2 and daily_capacity = 3") != 1 {
		t.Errorf("a member: %d", code)
	}
	if code := admin.post(to, url.Values{"name": {"DACH and Benelux"}, "version": {"7"}}).Code; code != http.StatusConflict {
		t.Errorf("an old page: %d", code)
	}
}

func TestOwnProfile(t *testing.T) {
	s := newSite(t)
	seller := s.login(auth.Sales)
	hours := url.Values{"version": {"0"}, "time_zone": {"Europe/Berlin"}, "holiday_region": {"de-by"}, "tel": {"+44 20 7946 0018"}, "hours_1": {"9:00-12:30, 13:30-17"}, "hours_2": {"17:00-09:00"}}
	if res := seller.post("/admin/account/profile", hours); res.Code != http.StatusUnprocessableEntity || !strings.Contains(res.Body.String(), "9:00-12:30, 13:30-17") {
		t.Errorf("hours that end before they begin: %d", res.Code)
	}
	hours.Set("hours_2", "")
	if code := seller.post("/admin/account/profile", hours).Code; code != http.StatusSeeOther || s.Count(`select count(*) from user_profiles where tel = '+442079460018' and hours->1->1->>'until' = '1020'`) != 1 {
		t.Errorf("a profile: %d", code)
	}
	if code := seller.post("/admin/account/profile", hours).Code; code != http.StatusConflict {
		t.Errorf("an old page: %d", code)
	}
	if code := seller.get("/faces/" + seller.user.ID.String()).Code; code != http.StatusNotFound {
		t.Errorf("a face that is not there: %d", code)
	}
	img := image.NewRGBA(image.Rect(0, 0, 300, 200))
	img.Set(1, 1, color.White)
	var pic, body bytes.Buffer
	if err := png.Encode(&pic, img); err != nil {
		t.Fatal(err)
	}
	form := multipart.NewWriter(&body)
	_ = form.WriteField("version", "1")
	part, err := form.CreateFormFile("file", "me.png")
	if err != nil {
		t.Fatal(err)
	}
	_, _ = part.Write(pic.Bytes())
	_ = form.Close()
	r := httptest.NewRequest(http.MethodPost, "/admin/account/profile/photo", &body)
	r.Header.Set("Content-Type", form.FormDataContentType())
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	if res := seller.do(r); res.Code != http.StatusSeeOther {
		t.Fatalf("a photo: %d", res.Code)
	}
	res := seller.get("/faces/" + seller.user.ID.String())
	face, kind, err := image.Decode(res.Body)
	if err != nil || kind != "jpeg" || face.Bounds().Dx() != 256 || face.Bounds().Dy() != 256 {
		t.Errorf("%s %v: %v", kind, face, err)
	}
}

func TestSalesSettingsAndRouting(t *testing.T) {
	s := newSite(t)
	admin := s.login(auth.Admin)
	form := url.Values{"version": {"1"}, "visibility": {"own"}, "rotation_period": {"week"}, "warn_minutes": {"30"}, "escalate_minutes": {"60"}, "reassign_minutes": {"90"},
		"digest_over": {"3"}, "touches_per_week": {"2"}, "quiet_from": {"19:30"}, "quiet_until": {"7"}, "fallback": {admin.user.ID.String()}}
	if code := admin.post("/admin/teams/settings", form).Code; code != http.StatusSeeOther || s.Count("select count(*) from sales_settings where visibility = 'own' and quiet_from = 1170 and fallback_user_id is not null") != 1 {
		t.Errorf("settings: %d", code)
	}
	if code := admin.post("/admin/teams/settings", form).Code; code != http.StatusConflict {
		t.Errorf("an old page: %d", code)
	}
	if code := admin.post("/admin/rules/routing/draft", url.Values{}).Code; code != http.StatusSeeOther {
		t.Fatalf("draft: %d", code)
	}
	rules := url.Values{"version": {"1"}, "do": {"publish"}, "existing": {"company"}, "rules.0.key": {"dach"}, "rules.0.title": {"DACH"}, "rules.0.when": {`contry == "DE"`}, "rules.0.to": {"person:" + admin.user.ID.String()}}
	if res := admin.post("/admin/rules/routing", rules); res.Code != http.StatusUnprocessableEntity || !strings.Contains(res.Body.String(), "Did you mean country?") {
		t.Errorf("a name that is not there: %d", res.Code)
	}
	rules.Set("rules.0.when", `country == "DE"`)
	if code := admin.post("/admin/rules/routing", rules).Code; code != http.StatusSeeOther || s.Count("select count(*) from rule_sets where kind = 'routing' and state = 'published' and number = 2") != 1 {
		t.Errorf("publish: %d", code)
	}
}

// A usual condition is chosen, not typed; the rehearsal is begun from the page of the routing rules itself.
func TestRoutingRuleWithoutTyping(t *testing.T) {
	s := newSite(t)
	admin := s.login(auth.Admin)
	if code := admin.post("/admin/rules/routing/draft", url.Values{}).Code; code != http.StatusSeeOther {
		t.Fatalf("draft: %d", code)
	}
	form := url.Values{"version": {"1"}, "do": {"usual.0"}, "existing": {"company"}, "rules.0.key": {"dach"}, "rules.0.title": {"DACH"}, "rules.0.when": {""}, "rules.0.to": {"person:" + admin.user.ID.String()},
		"usual.0.name": {"country"}, "usual.0.ask": {"one-of"}, "usual.0.value": {"DE, AT"}}
	res := admin.post("/admin/rules/routing", form)
	has(t, "one of", res.Body.String(), `country in ["DE", "AT"]`, "Choose a condition", "Beside what is there", "Rehearse it", `action="/admin/rules/routing/rehearse"`)
	form.Set("rules.0.when", `country == "DE"`)
	form.Set("usual.0.name", "free_mail")
	form.Set("usual.0.ask", "no")
	form.Set("usual.0.joint", "and")
	has(t, "and", admin.post("/admin/rules/routing", form).Body.String(), `country == "DE" and not free_mail`)
	form.Set("usual.0.name", "country")
	form.Set("usual.0.ask", "at-least")
	res = admin.post("/admin/rules/routing", form)
	if body := res.Body.String(); res.Code != http.StatusUnprocessableEntity || !strings.Contains(body, `<details class="usual" open`) {
		t.Errorf("%d: what does not fit is not told at the helper", res.Code)
	}
	form.Set("do", "usual.7")
	if code := admin.post("/admin/rules/routing", form).Code; code != http.StatusBadRequest {
		t.Errorf("a rule that is not there: %d", code)
	}
	if s.Count("select count(*) from rule_sets where kind = 'routing' and version > 1") != 0 {
		t.Error("choosing has saved something")
	}
	if res := admin.post("/admin/rules/routing/rehearse", url.Values{"version": {"1"}, "days": {"30"}}); res.Code != http.StatusSeeOther || s.Count("select count(*) from rehearsals") != 1 {
		t.Errorf("rehearse: %d %s", res.Code, res.Header().Get("Location"))
	}
}

// Whoever has the lead does not count when it is asked who would get it: the rules would never be tried else.
func TestWhoWouldGetALeadThatSomebodyHas(t *testing.T) {
	s := newSite(t)
	admin, rep := s.login(auth.Admin), s.login(auth.Sales)
	rep.byHand("ann@archer.example", "Archer & Sons")
	if code := admin.post("/admin/rules/routing/draft", url.Values{}).Code; code != http.StatusSeeOther {
		t.Fatalf("draft: %d", code)
	}
	form := url.Values{"version": {"1"}, "do": {"try"}, "existing": {"company"}, "rules.0.key": {"all"}, "rules.0.title": {"All to one"}, "rules.0.when": {""}, "rules.0.to": {"person:" + admin.user.ID.String()}, "who": {"ann@archer.example"}}
	has(t, "as if new", admin.post("/admin/rules/routing", form).Body.String(), "<strong>"+admin.user.Name+"</strong>", "in the hands of "+rep.user.Name, "as if the lead was new")
	rep.byHand("bob@archer.example", "Archer & Sons") // a colleague of theirs makes the rep the company's owner
	has(t, "the company's owner", admin.post("/admin/rules/routing", form).Body.String(), "<strong>"+rep.user.Name+"</strong>", "existing owner")
}
