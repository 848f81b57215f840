package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse/gatehouse/internal/auth"
	"github.com/gatehouse/gatehouse/internal/store"
)

// A person decides about what is doubtful: released goes its way, discarded can be taken back, twice is told.
func TestQuarantinePage(t *testing.T) {
	s := newSite(t)
	b := s.login(auth.Marketing)
	if body := b.page("/admin/quarantine"); !strings.Contains(body, "Nothing waits") {
		t.Error("the empty list does not say so")
	}
	one, two := s.submit(s.robot(1, "one@example.com")), s.submit(s.robot(2, "two@example.com"))
	body := b.page("/admin/quarantine")
	for _, want := range []string{"one@", "Archer &amp; Sons", "Together", `data-key="r"`, `data-key="d"`, "The form&#39;s age is unknown"} {
		if !strings.Contains(body, want) {
			t.Errorf("the list lacks %q", want)
		}
	}
	path := "/admin/quarantine/"
	steps := []struct {
		post, say, state string
		id               string
	}{
		{path + one.String() + "/discard", "Discarded.", "discarded", one.String()},
		{path + one.String() + "/discard", "Somebody has decided this one already.", "discarded", one.String()},
		{path + one.String() + "/undo", "Taken back.", "quarantined", one.String()},
		{path + one.String() + "/undo", "This one is not discarded.", "quarantined", one.String()},
		{path + two.String() + "/release", "Released.", "released", two.String()},
		{path + two.String() + "/discard", "Somebody has decided this one already.", "released", two.String()},
	}
	for _, c := range steps {
		res := b.post(c.post, url.Values{"back": {"/admin/quarantine"}})
		if res.Code != http.StatusSeeOther || res.Header().Get("Location") != "/admin/quarantine" {
			t.Fatalf("%s: %d to %q", c.post, res.Code, res.Header().Get("Location"))
		}
		if body := b.page("/admin/quarantine"); !strings.Contains(body, c.say) {
			t.Errorf("%s: the next page does not say %q", c.post, c.say)
		}
		if s.Count("select count(*) from submissions where id = ? and state = ?", c.id, c.state) != 1 {
			t.Errorf("%s: the state is not %s", c.post, c.state)
		}
	}
	if body := b.page("/admin/quarantine"); strings.Contains(body, "flash") {
		t.Error("the notice is shown twice")
	}
	if res := b.post(path+one.String()+"/discard", url.Values{"back": {"https://evil.example/"}}); res.Header().Get("Location") != "/admin/quarantine" {
		t.Errorf("sent to %q", res.Header().Get("Location"))
	}
	if body := b.page("/admin/quarantine?show=discarded"); !strings.Contains(body, "one@") || !strings.Contains(body, "Take back") || strings.Contains(body, "two@") {
		t.Error("the discarded ones are not as they should be")
	}
	if n := s.Count("select count(*) from audit_log where object_kind = 'submission' and actor_id = ?", b.user.ID); n != 4 {
		t.Errorf("%d lines in the audit log, want 4", n)
	}
}

// "Send again" is a new message within the limits on mail, and says when it is held.
func TestSendAgain(t *testing.T) {
	s := newSite(t)
	s.Take(submitOf("ann@example.com"))
	s.Deliver()
	s.Take(s.ask(2, "other@example.com", "", ""))
	l, other := s.leadOf("ann@example.com"), s.leadOf("other@example.com")
	b := s.login(auth.Admin)
	var id string
	if err := s.Store.DB(t.Context()).Raw("select id::text from messages where lead_id = ?", l.ID).Scan(&id).Error; err != nil {
		t.Fatal(err)
	}
	here := "/admin/leads/" + l.ID.String()
	if res := b.post("/admin/leads/"+other.ID.String()+"/send-again", url.Values{"message": {id}}); res.Code != http.StatusSeeOther {
		t.Errorf("another person's message: %d", res.Code)
	}
	if s.Count("select count(*) from messages where lead_id = ?", l.ID) != 1 {
		t.Fatal("another person's page sent this one's mail")
	}
	if res := b.post(here+"/send-again", url.Values{"message": {id}}); res.Code != http.StatusSeeOther || res.Header().Get("Location") != here {
		t.Fatalf("%d to %q", res.Code, res.Header().Get("Location"))
	}
	body := b.page(here)
	if !strings.Contains(body, "It is held until") || !strings.Contains(body, "The last mail is held until") {
		t.Error("the page does not say that it is held")
	}
	s.Clock.Move(11 * time.Minute)
	s.Deliver()
	body = b.page(here)
	if strings.Contains(body, "It is held until") || strings.Count(body, "Mail sent:") != 2 || !strings.Contains(body, "Sent the document again") {
		t.Error("the timeline does not tell of the second mail")
	}
	if list := b.page("/admin/messages?state=sent"); strings.Count(list, `class="row-link"`) != 3 || strings.Count(b.page("/admin/messages?lead="+l.ID.String()), `class="row-link"`) != 2 {
		t.Error("the list of messages does not show them all")
	}
}

// Erasing asks for the word, and leaves a page of facts that names nobody.
func TestErasePage(t *testing.T) {
	s := newSite(t)
	s.Take(submitOf("ann@example.com"))
	s.open("ann@example.com", "download")
	l := s.leadOf("ann@example.com")
	b := s.login(auth.Admin)
	here := "/admin/leads/" + l.ID.String()
	before := b.page(here)
	for _, want := range []string{"Ann Archer", "ann@<wbr>example<wbr>.com", "Archer &amp; Sons", "Confirmed", "Downloaded", "Mail sent", "Asked for", "a person"} {
		if !strings.Contains(before, want) && !strings.Contains(before, strings.ReplaceAll(want, "<wbr>", "")) {
			t.Errorf("the page lacks %q", want)
		}
	}
	b.post(here+"/erase", url.Values{"confirm": {"yes"}})
	if body := b.page(here); !strings.Contains(body, "Nothing was erased") || s.leadOf("ann@example.com").State != "active" {
		t.Fatal("erased without the word")
	}
	b.post(here+"/erase", url.Values{"confirm": {" Erase "}})
	for _, p := range []string{here, "/admin/leads", "/admin/messages", "/admin/submissions", "/admin"} {
		body := b.page(p)
		for _, not := range []string{"Archer", "ann@", "example.com", "erased:", "192.0.2"} {
			if strings.Contains(body, not) {
				t.Errorf("%s still shows %q", p, not)
			}
		}
	}
	after := b.page(here)
	for _, want := range []string{"Receipt of the erasure", "Erased person", "Downloaded", "Asked for"} {
		if !strings.Contains(after, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	for _, not := range []string{"/send-again", "/erase"} {
		if strings.Contains(after, not) {
			t.Errorf("the page offers %q", not)
		}
	}
	if n := strings.Count(b.page("/admin/leads?state=erased"), `class="row-link"`); n != 1 {
		t.Errorf("%d anonymous rows", n)
	}
}

// What stops mail to somebody is said first, in words.
func TestSuppressionIsSaid(t *testing.T) {
	words := map[string]string{"hard_bounce": "came back for good", "spam_report": "reported a mail of ours as spam", "never": "asked never to be written to", "unsubscribed": "unsubscribed from marketing"}
	s := newSite(t)
	b := s.login(auth.Sales)
	for kind := range words {
		address := strings.ReplaceAll(kind, "_", "-") + "@example.com"
		s.Take(s.ask(len(kind), address, "", ""))
		key := s.Keys.Derive("address")
		if err := s.Store.DB(t.Context()).Create(&store.Suppression{AddressKey: keyedOf(key, address), Kind: kind, Reason: "550 no such user", At: s.Clock.Now()}).Error; err != nil {
			t.Fatal(err)
		}
		body := b.page("/admin/leads/" + s.leadOf(address).ID.String())
		for other, sentence := range words {
			if strings.Contains(body, sentence) != (other == kind) {
				t.Errorf("%s: %q shown: %v", kind, sentence, other != kind)
			}
		}
	}
}

// An alarm stands at the top until somebody has dealt with it; sales do not see it.
func TestAlarmOnHome(t *testing.T) {
	s := newSite(t)
	if err := s.Store.Tx(t.Context(), func(tx *store.Tx) error { return tx.Raise("mail-refused", "sendgrid", "The provider refuses our key.") }); err != nil {
		t.Fatal(err)
	}
	b, sales := s.login(auth.Admin), s.login(auth.Sales)
	body := b.page("/admin")
	at := strings.Index(body, "/admin/alarms/")
	if at < 0 || !strings.Contains(body, "The provider refuses our key.") || strings.Contains(sales.page("/admin"), "refuses our key") {
		t.Fatal("the alarm is not where it should be")
	}
	done := body[at : at+strings.IndexByte(body[at:], '"')]
	for _, say := range []string{"Done.", "Somebody has done this one already"} {
		b.post(done, nil)
		if next := b.page("/admin"); !strings.Contains(next, say) || strings.Contains(next, "refuses our key") {
			t.Errorf("the home page does not say %q", say)
		}
	}
}
