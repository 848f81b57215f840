package web_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

var questionInput = regexp.MustCompile(`name="question" value="([0-9a-f-]+)"`)

// thanked submits and gives the address of the thank-you page.
func (s *visited) thanked(address string) string {
	s.T.Helper()
	w := s.ask("POST", "/g/8-questions", form(address))
	if w.Code != http.StatusSeeOther {
		s.T.Fatalf("%d %s", w.Code, w.Body)
	}
	return w.Header().Get("Location")
}

// follow posts as the page's own form and reads the page that it leads to.
func (s *visited) follow(path string, body url.Values) (code int, page string) {
	s.T.Helper()
	w := s.ask("POST", path, body.Encode())
	if w.Code != http.StatusSeeOther {
		return w.Code, w.Body.String()
	}
	to, _, _ := strings.Cut(w.Header().Get("Location"), "#")
	return w.Code, s.ask("GET", to, "").Body.String()
}

func TestAReaderSpeaksWithoutAScript(t *testing.T) {
	s := newVisited(t)
	thanks := s.thanked("ann@example.org")
	receipt := strings.TrimPrefix(thanks, "/g/8-questions/thanks?r=")
	page := s.ask("GET", thanks, "").Body.String()
	ids := questionInput.FindAllStringSubmatch(page, -1)
	if len(ids) != 8 {
		t.Fatalf("%d questions on the page", len(ids))
	}
	s.Work()
	own := documentLink.FindString(s.Mail.All()[0].Text)
	prefs := preferencesLink.FindString(s.Mail.All()[0].Text)
	for _, c := range []struct {
		name, path string
		body       url.Values
		code       int
		holds      []string
		not        []string
	}{
		{"a tap", "/g/8-questions/thanks/ours", url.Values{"r": {receipt}, "question": {ids[1][1]}, "ours": {"yes"}}, 303, []string{"Noted: this one is you.", `aria-pressed="true"`}, nil},
		{"a question", "/g/8-questions/thanks/ask", url.Values{"r": {receipt}, "text": {"What did the <b>trial</b> cost?"}}, 303, []string{"on its way to the author"}, []string{"trial"}},
		{"a question with a trick", "/d/x/ask", nil, 404, nil, nil},
		{"a hidden character", own + "/ask", url.Values{"text": {"What\u202e now?"}}, 422, []string{"invisible character"}, nil},
		{"a call without a number", "/g/8-questions/thanks/meet", url.Values{"r": {receipt}, "how": {"call"}, "zone": {"Europe/London"}, "words": {"Mondays"}}, 422,
			[]string{"Please fill this in.", `value="Mondays"`, "<details class=\"said-call\" open>"}, nil},
		{"a call", "/g/8-questions/thanks/meet", url.Values{"r": {receipt}, "how": {"call"}, "tel": {"+44 20 7946 0991"}, "zone": {"Europe/Paris"}, "day1": {"2026-03-04"},
			"from1": {"14:00"}, "until1": {"15:00"}, "words": {"Mondays are best"}}, 303, []string{"We call you at one of your times.", "once you open the mail", "At the number and the times that you left."}, []string{"0991", "Mondays", "14:00"}},
		{"the personal page shows it, and not what was typed", own + "/ours", url.Values{"question": {ids[2][1]}, "ours": {"yes"}}, 303, []string{`id="way-call" aria-pressed="true"`}, []string{"0991", "Mondays", "trial", "Archer"}},
		{"a change of mind", own + "/meet", url.Values{"how": {"none"}}, 303, []string{`id="way-none" aria-pressed="true"`}, []string{"once you open the mail"}},
		{"and on the preferences page", prefs + "/meet", url.Values{"how": {"mail"}}, 303, []string{`id="way-mail" aria-pressed="true"`, "What we may write to you about"}, []string{"0991", "Archer"}},
		{"one tap back to the call", own + "/meet", url.Values{"how": {"call"}, "again": {"yes"}}, 303, []string{`id="way-call" aria-pressed="true"`}, []string{"0991"}},
		{"no such question", own + "/ours", url.Values{"question": {"x"}, "ours": {"yes"}}, 404, nil, nil},
		{"no such way", own + "/meet", url.Values{"how": {"<script>"}}, 422, nil, []string{"<script>"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			code, page := s.follow(c.path, c.body)
			if code != c.code {
				t.Fatalf("%d, want %d: %.400s", code, c.code, page)
			}
			for _, h := range c.holds {
				if !strings.Contains(page, h) {
					t.Errorf("the page does not hold %q", h)
				}
			}
			for _, n := range c.not {
				if strings.Contains(page, n) {
					t.Errorf("the page shows %q", n)
				}
			}
		})
	}
	if n := s.Count("select count(*) from contact_choices where current and how = 'call' and tel = '+442079460991' and state = 'confirmed' and slots->0->>'from' = '2026-03-04T13:00:00Z'"); n != 1 {
		t.Error("the call is not wanted at 14:00 in Paris")
	}
}

// Scanners open every link, and other sites make browsers post.
// A choice stays on the page when whoever has the lead now keeps no calendar.
func TestAChosenCalendarThatIsGone(t *testing.T) {
	s := newVisited(t)
	s.thanked("ann@example.org")
	s.Work()
	own := documentLink.FindString(s.Mail.All()[0].Text)
	for _, sql := range []string{`insert into users (id, email, name, role, password_hash, session_epoch, version, created_at) values ('01a00000-0000-7000-8000-000000000001', 'ruth@gatehouse.example', 'Ruth Adler', 'sales', '', 1, 1, now())`,
		`insert into user_profiles (user_id, job_title, tel, booking_url, photo_key, time_zone, hours, holiday_region, version, updated_at) select id, 'Adviser', '', 'https://cal.example/ruth', '', 'Europe/London', '[]', '', 1, now() from users where name = 'Ruth Adler'`,
		`update leads set owner_id = '01a00000-0000-7000-8000-000000000001'`} {
		if err := s.Store.DB(t.Context()).Exec(sql).Error; err != nil {
			t.Fatal(err)
		}
	}
	if code, page := s.follow(own+"/meet", url.Values{"how": {"booking"}}); code != 303 || !strings.Contains(page, "https://cal.example/ruth") {
		t.Fatalf("%d: no calendar", code)
	}
	if err := s.Store.DB(t.Context()).Exec("update user_profiles set booking_url = ''").Error; err != nil {
		t.Fatal(err)
	}
	if page := s.ask("GET", own, "").Body.String(); !strings.Contains(page, `id="way-booking" aria-pressed="true"`) || !strings.Contains(page, "writes to you with times instead") || strings.Contains(page, "cal.example") {
		t.Error("what was chosen is not on the page")
	}
}

func TestWhatRecordsNothing(t *testing.T) {
	s := newVisited(t)
	thanks := s.thanked("ann@example.org")
	receipt := strings.TrimPrefix(thanks, "/g/8-questions/thanks?r=")
	question := questionInput.FindStringSubmatch(s.ask("GET", thanks, "").Body.String())[1]
	s.Work()
	own, prefs := documentLink.FindString(s.Mail.All()[0].Text), preferencesLink.FindString(s.Mail.All()[0].Text)
	query := "question=" + question + "&ours=yes&how=none&text=hello&r=" + receipt
	for _, path := range []string{"/g/8-questions/thanks/ours", "/g/8-questions/thanks/ask", "/g/8-questions/thanks/meet", own + "/ours", own + "/ask", own + "/meet", prefs + "/meet", own, prefs, "/g/8-questions/thanks"} {
		for _, method := range []string{"GET", "HEAD"} {
			s.ask(method, path+"?"+query, "")
		}
		if strings.HasSuffix(path, "thanks") || path == own || path == prefs {
			continue
		}
		if strings.HasPrefix(path, "/g/") {
			if code := s.ask("POST", path, query, header("Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site")).Code; code != http.StatusForbidden {
				t.Errorf("%s from another site: %d", path, code)
			}
		}
		if code := s.ask("POST", path, query, header("User-Agent", "Proofpoint URL Defense")).Code; code != http.StatusForbidden {
			t.Errorf("%s from a scanner: %d", path, code)
		}
		s.ask("POST", path+"?"+query, "r="+receipt) // the address never counts
	}
	if n := s.Count("select count(*) from sayings") + s.Count("select count(*) from contact_choices"); n != 0 {
		t.Errorf("%d rows came of it", n)
	}
}

// Whoever mended a mistyped address said what was said before as well.
func TestMendedAddressTakesWhatWasSaidAlong(t *testing.T) {
	s := newVisited(t)
	thanks := s.thanked("ann@exampel.org")
	receipt := strings.TrimPrefix(thanks, "/g/8-questions/thanks?r=")
	question := questionInput.FindStringSubmatch(s.ask("GET", thanks, "").Body.String())[1]
	s.Work()
	s.follow("/g/8-questions/thanks/ours", url.Values{"r": {receipt}, "question": {question}, "ours": {"yes"}})
	s.follow("/g/8-questions/thanks/meet", url.Values{"r": {receipt}, "how": {"mail"}})
	if code, page := s.follow("/g/8-questions/thanks/correct", url.Values{"r": {receipt}, "email": {"ann@example.org"}}); code != 303 || !strings.Contains(page, `aria-pressed="true"`) {
		t.Fatalf("%d: the tap is not on the new page", code)
	}
	s.Work()
	for _, table := range []string{"sayings", "contact_choices"} {
		if n := s.Count("select count(*) from " + table + " s join lead_addresses a on a.id = s.address_id and a.lead_id = s.lead_id where a.address = 'ann@example.org'"); n != 1 {
			t.Errorf("%d %s of the right person", n, table)
		}
		if n := s.Count("select count(*) from " + table); n != 1 {
			t.Errorf("%d %s in all", n, table)
		}
	}
	if n := s.Count("select count(*) from contact_choices where current"); n != 1 {
		t.Errorf("%d choices bind", n)
	}
}
