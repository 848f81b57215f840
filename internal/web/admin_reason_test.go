package web_test

import (
	"html"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/gatehouse/gatehouse/internal/auth"
)

// Whoever sent a mail beyond the contact policy finds the question on the page of the day and beside the mail, and answers
// it in one line. Colleagues see that it is open; the manager may answer too; what stands is shown and not written over.
func TestReasonIsAskedFor(t *testing.T) {
	s := newSite(t)
	ana, ben, boss := s.login(auth.Sales), s.login(auth.Sales), s.login(auth.Admin)
	l := ana.byHand("ann@archer.example", "Archer & Sons")
	here := "/admin/leads/" + l.ID.String()
	ana.post(here+"/note", url.Values{"text": {"Wrote once more"}, "kind": {"mail"}})
	if strings.Contains(ana.page(here)+ana.page("/admin"), here+"/reason") {
		t.Fatal("what is within the policy is asked about")
	}
	if err := s.Store.DB(t.Context()).Exec("update activities set how = 'bcc', beyond = 'choice', why = 'They chose a call.', reason_asked_at = recorded_at where text = 'Wrote once more'").Error; err != nil {
		t.Fatal(err)
	}
	var act string
	if err := s.Store.DB(t.Context()).Raw("select id::text from activities where text = 'Wrote once more'").Scan(&act).Error; err != nil {
		t.Fatal(err)
	}
	ask := here + "/reason?activity=" + act
	for name, c := range map[string]struct {
		b          *browser
		day, asked bool
	}{"who sent it": {ana, true, true}, "a colleague": {ben, false, false}, "the admin": {boss, false, true}} {
		page, day := html.UnescapeString(c.b.page(here)), html.UnescapeString(c.b.page("/admin"))
		if !strings.Contains(page, "No reason given yet.") || strings.Contains(page, `href="`+ask+`"`) != c.asked {
			t.Errorf("%s, on the lead's page: asked %t", name, !c.asked)
		}
		if strings.Contains(day, ask) != c.day || strings.Contains(day, "1 mail wants its reason") != c.day {
			t.Errorf("%s, on the page of the day: asked %t", name, !c.day)
		}
	}
	if code := ben.get(ask).Code; code != http.StatusForbidden {
		t.Errorf("a colleague opens the question: %d", code)
	}
	if code := ben.post(here+"/reason", url.Values{"activity": {act}, "reason": {"I know"}}).Code; code != http.StatusForbidden {
		t.Errorf("a colleague answers: %d", code)
	}
	if code := ana.get(here + "/reason?activity=x").Code; code != http.StatusNotFound {
		t.Errorf("of no activity: %d", code)
	}
	if page := ana.page(ask); !strings.Contains(page, "They chose a call.") || !strings.Contains(page, "they chose otherwise") {
		t.Error("the question does not say what was gone beyond")
	}
	if res := ana.post(here+"/reason", url.Values{"activity": {act}, "reason": {""}}); res.Code != http.StatusUnprocessableEntity || !strings.Contains(res.Body.String(), `name="reason"`) {
		t.Errorf("without a word: %d", res.Code)
	}
	res := ana.post(here+"/reason", url.Values{"activity": {act}, "reason": {"The offer ended that day"}, "back": {"/admin"}})
	if res.Code != http.StatusSeeOther || res.Header().Get("Location") != "/admin" {
		t.Fatalf("%d to %q", res.Code, res.Header().Get("Location"))
	}
	if res := boss.post(here+"/reason", url.Values{"activity": {act}, "reason": {"Because"}}); res.Code != http.StatusConflict || !strings.Contains(res.Body.String(), "The offer ended that day") {
		t.Errorf("the admin comes second: %d", res.Code)
	}
	for _, b := range []*browser{ana, ben, boss} {
		if page := b.page(here); !strings.Contains(page, "“The offer ended that day”") || strings.Contains(page, "No reason given yet.") || strings.Contains(page, ask) {
			t.Error("the lead's page does not show the reason")
		}
	}
	if strings.Contains(ana.page("/admin"), ask) {
		t.Error("it is still due")
	}
}

// The form for a lead by hand asks what the basis covers, says what is wrong at its box and keeps what was ticked; the lead's
// page says it in the words of the policy.
func TestBasisIsAskedFor(t *testing.T) {
	s := newSite(t)
	b := s.login(auth.Sales)
	form := url.Values{"email": {"ann@archer.example"}, "given_name": {"Ann"}, "kind": {"fair"}, "basis": {"legitimate-interest"}, "covers-mail": {"yes"}, "covers-letter": {"yes"}, "note": {"Leeds"}, "to": {"me"}}
	res := b.post("/admin/leads/new", form)
	page := html.UnescapeString(res.Body.String())
	if res.Code != http.StatusUnprocessableEntity || !strings.Contains(page, "does not cover mails: they take the person’s consent") {
		t.Fatalf("%d", res.Code)
	}
	for name, ticked := range map[string]bool{"call": false, "mail": true, "meeting": false, "letter": true} {
		_, box, found := strings.Cut(page, `name="covers-`+name+`"`)
		box, _, _ = strings.Cut(box, ">")
		if !found || strings.Contains(box, " checked") != ticked {
			t.Errorf("%s: found %t, ticked %t", name, found, !ticked)
		}
	}
	form.Del("covers-mail")
	res = b.post("/admin/leads/new", form)
	if res.Code != http.StatusSeeOther {
		t.Fatalf("%d", res.Code)
	}
	page = html.UnescapeString(b.page(res.Header().Get("Location")))
	for _, want := range []string{"Entered by hand (fair), by legitimate interest, which covers letters.", "which covers letters, and no mail.", "Which covers"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
}
