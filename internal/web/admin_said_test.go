package web_test

import (
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/auth"
	"github.com/gatehouse/gatehouse/internal/guard"
	"github.com/gatehouse/gatehouse/internal/lead"
)

// questionValues are the inputs of the form as the page holds them.
func questionValues(page string) (ids, texts []string) {
	for _, m := range regexp.MustCompile(`name="question\d\d" value="([^"]*)"`).FindAllStringSubmatch(page, -1) {
		texts = append(texts, m[1])
	}
	for _, m := range regexp.MustCompile(`name="id\d+" value="([^"]*)"`).FindAllStringSubmatch(page, -1) {
		ids = append(ids, m[1])
	}
	return ids, texts
}

func questionsForm(v string, ids, texts []string, do string) url.Values {
	f := url.Values{"version": {v}, "do": {do}}
	for i := range texts {
		f.Set(app.QuestionField(i), texts[i])
		f.Set("id"+string(rune('0'+i)), ids[i])
	}
	return f
}

// A document's questions are moved, reworded, added and taken off; what was said about them stays.
func TestQuestionsOfADocument(t *testing.T) {
	w := newWorld(t)
	at := "/admin/documents/" + w.document.ID.String()
	ids, texts := questionValues(w.admin.get(at).Body.String())
	if len(ids) != 8 {
		t.Fatalf("%d questions", len(ids))
	}
	res := w.Take(submitOf("ann@example.org"))
	who := app.Visitor{Hit: guard.Hit{Method: "POST", UserAgent: agent}}
	door := app.Door{Page: app.DoorThanks, Slug: res.Slug, Token: res.Receipt}
	m, err := w.App.Meeting(t.Context(), door)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.App.SayOurs(t.Context(), door, who, m.Questions[7].ID, true); err != nil {
		t.Fatal(err)
	}
	v := version(w.document.Version)
	page := w.admin.post(at+"/questions", questionsForm(v, ids, texts, "up.7")).Body.String()
	ids, texts = questionValues(page)
	has(t, "a moved row", page, "Not saved yet.")
	if !strings.HasPrefix(texts[6], "What did sales send back") || w.Count("select count(*) from document_questions where number = 7 and text like 'What is the plan%'") != 1 {
		t.Error("moving a row must change the form, and the database not yet")
	}
	page = w.admin.post(at+"/questions", questionsForm(v, ids, texts, "add")).Body.String()
	ids, texts = questionValues(page)
	texts[8], texts[0] = "And what now?", "  "
	if code := w.admin.post(at+"/questions", questionsForm(v, ids, texts, "save")).Code; code != 303 {
		t.Fatalf("%d", code)
	}
	if n := w.Count("select count(*) from document_questions where archived_at is null"); n != 8 {
		t.Errorf("%d questions are asked", n)
	}
	if n := w.Count("select count(*) from document_questions q join sayings s on s.question_id = q.id where q.number = 6 and q.archived_at is null"); n != 1 {
		t.Error("the question has lost what was said about it")
	}
	if n := w.Count("select count(*) from document_questions where archived_at is not null and text like 'How many people%'"); n != 1 {
		t.Error("a question that was taken off is gone")
	}
	if code := w.admin.post(at+"/questions", questionsForm(v, ids, texts, "save")).Code; code != 409 {
		t.Errorf("an outdated form: %d", code)
	}
	w.refresh()
	w.document.Version++ // read below
	has(t, "a fault", w.admin.post(at+"/questions", url.Values{"version": {version(w.document.Version - 1)}, "do": {"save"}, "question00": {"Same?"}, "id0": {""}, "question01": {"Same?"}, "id1": {""}}).Body.String(),
		"This question is there already.", `value="Same?"`)
	has(t, "the thank-you page", w.visitor().get("/g/8-questions/thanks?r="+res.Receipt).Body.String(), "And what now?")
}

// The brief opens with what they said.
func TestLeadPageOpensWithWhatTheySaid(t *testing.T) {
	w := newWorld(t)
	res := w.Take(submitOf("ann@example.org"))
	who := app.Visitor{Hit: guard.Hit{Method: "POST", UserAgent: agent}}
	door := app.Door{Page: app.DoorThanks, Slug: res.Slug, Token: res.Receipt}
	m, err := w.App.Meeting(t.Context(), door)
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{w.App.SayOurs(t.Context(), door, who, m.Questions[1].ID, true), w.App.AskAuthor(t.Context(), door, who, "Is <b>that</b> so?"),
		w.App.ChooseContact(t.Context(), door, who, app.ContactWish{How: lead.ByCall, Tel: "+44 113 496 0123", Zone: "Europe/London", Words: "Mondays"})} {
		if err != nil {
			t.Fatal(err)
		}
	}
	at := "/admin/leads/" + w.id("select id::text from leads")
	page := w.admin.get(at).Body.String()
	has(t, "the lead page", page, "What they said", "+441134960123", "“Mondays”", "Is <b>that</b> so?", "waits for an answer", "Where do we lose them?", "claimed", "Asked the author")
	sales := w.login(auth.Sales)
	saying := url.Values{"saying": {w.id("select id::text from sayings where kind = 'ask'")}, "answered": {"yes"}}
	for range 2 { // once more changes nothing
		if code := sales.post(at+"/answered", saying).Code; code != 303 {
			t.Fatal(code)
		}
	}
	if n := w.Count("select count(*) from audit_log where action = 'question.answered'"); n != 1 {
		t.Errorf("%d lines of audit", n)
	}
	has(t, "the answered question", w.admin.get(at).Body.String(), "Not answered yet", "answered")
}
