package web_test

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/auth"
	"github.com/gatehouse/gatehouse/internal/store"
	"github.com/gatehouse/gatehouse/internal/testkit"
)

// inputsOf are the values of the form with an id, as a browser would post them.
func inputsOf(t *testing.T, page, id string) url.Values {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	out := url.Values{}
	attr := func(n *html.Node, name string) (string, bool) {
		for _, a := range n.Attr {
			if a.Key == name {
				return a.Val, true
			}
		}
		return "", false
	}
	var walk func(n *html.Node, in bool)
	walk = func(n *html.Node, in bool) {
		if v, _ := attr(n, "id"); n.Type == html.ElementNode && n.Data == "form" && v == id {
			in = true
		}
		if name, ok := attr(n, "name"); in && ok {
			value, _ := attr(n, "value")
			switch n.Data {
			case "input":
				kind, _ := attr(n, "type")
				if _, on := attr(n, "checked"); kind != "checkbox" || on {
					out.Set(name, value)
				}
			case "textarea":
				if n.FirstChild != nil {
					value = strings.TrimPrefix(n.FirstChild.Data, "\n")
				}
				out.Set(name, value)
			case "select":
				var options func(*html.Node)
				options = func(o *html.Node) {
					if v, ok := attr(o, "value"); ok && o.Data == "option" {
						if _, chosen := attr(o, "selected"); chosen || !out.Has(name) {
							out.Set(name, v)
						}
					}
					for c := o.FirstChild; c != nil; c = c.NextSibling {
						options(c)
					}
				}
				options(n)
			}
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			walk(c, in)
		}
	}
	walk(doc, false)
	return out
}

func TestScoringRulesOnAPage(t *testing.T) {
	w := newWorld(t)
	const page = "/admin/rules/scoring"
	if body := w.admin.page("/admin/rules"); !strings.Contains(body, "Version 1 holds") {
		t.Error("the overview does not say what holds")
	}
	if body := w.admin.page(page); !strings.Contains(body, "Begin a draft") || strings.Contains(body, `id="edit"`) {
		t.Error("there is a form without a draft")
	}
	if r := w.admin.post(page+"/draft", url.Values{}); r.Code != http.StatusSeeOther {
		t.Fatalf("draft: %d", r.Code)
	}
	form := inputsOf(t, w.admin.page(page), "edit")
	if form.Get("threshold") != "60" || form.Get("groups.0.rules.0.condition") == "" || form.Get("groups.2.rules.2.event") != "choice" {
		t.Fatalf("%v", form)
	}
	do := func(what string, change func(url.Values)) *strings.Builder {
		t.Helper()
		form.Set("do", what)
		if change != nil {
			change(form)
		}
		r := w.admin.post(page, form)
		var b strings.Builder
		b.WriteString(r.Body.String())
		switch {
		case r.Code == http.StatusSeeOther:
			form = inputsOf(t, w.admin.page(page), "edit")
		case strings.Contains(b.String(), `id="edit"`):
			form = inputsOf(t, b.String(), "edit")
		default:
			t.Fatalf("%s: %d %.300s", what, r.Code, b.String())
		}
		return &b
	}
	// A fault stands at its rule with its place, nothing is saved, and what was typed is still there.
	b := do("save", func(f url.Values) {
		f.Set("groups.0.rules.1.condition", `contry == "DE"`)
		f.Set("groups.0.rules.0.points", "many")
	})
	for _, want := range []string{"There is no name &#34;contry&#34;. Did you mean country? (line 1, character 1)", "Give points from -1,000"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("the page does not say: %s", want)
		}
	}
	if form.Get("groups.0.rules.1.condition") != `contry == "DE"` || form.Get("groups.0.rules.0.points") != "many" {
		t.Error("what was typed is lost")
	}
	// A rule that never ends is not taken.
	b = do("save", func(f url.Values) {
		f.Set("groups.0.rules.0.points", "20")
		f.Set("groups.0.rules.1.condition", `all(1..1000000000, {all(1..1000000000, {true})})`)
	})
	if !strings.Contains(b.String(), "A condition has no loops") {
		t.Error("a rule that never ends was taken")
	}
	// A usual condition without typing.
	do("usual.0.1", func(f url.Values) {
		f.Set("groups.0.rules.1.condition", "")
		f.Set("usual.0.1.name", "country")
		f.Set("usual.0.1.ask", "one-of")
		f.Set("usual.0.1.value", "DE, AT")
	})
	if got := form.Get("groups.0.rules.1.condition"); got != `country in ["DE", "AT"]` {
		t.Fatalf("put in: %q", got)
	}
	do("usual.0.1", func(f url.Values) {
		f.Set("usual.0.1.name", "free_mail")
		f.Set("usual.0.1.ask", "no")
		f.Set("usual.0.1.joint", "or")
	})
	do("usual.0.1", func(f url.Values) {
		f.Set("usual.0.1.name", "submissions")
		f.Set("usual.0.1.ask", "at-least")
		f.Set("usual.0.1.value", "2")
		f.Set("usual.0.1.joint", "and")
	})
	if got := form.Get("groups.0.rules.1.condition"); got != `(country in ["DE", "AT"] or not free_mail) and submissions >= 2` {
		t.Fatalf("put in: %q", got)
	}
	if b = do("usual.0.1", func(f url.Values) { f.Set("usual.0.1.name", "submissions"); f.Set("usual.0.1.ask", "yes") }); !strings.Contains(b.String(), "Choose how it is asked.") {
		t.Error("what does not go together was put in")
	}
	// A remark does not hide what is put in after it, and values are written as they are kept.
	whole := form.Get("groups.0.rules.1.condition")
	do("usual.0.1", func(f url.Values) {
		f.Set("groups.0.rules.1.condition", `free_mail or confirmed // "for now"`)
		f.Set("usual.0.1.name", "country")
		f.Set("usual.0.1.ask", "one-of")
		f.Set("usual.0.1.value", "de, At")
	})
	if got := strings.ReplaceAll(form.Get("groups.0.rules.1.condition"), "\r", ""); got != "(free_mail or confirmed // \"for now\"\n) and country in [\"DE\", \"AT\"]" {
		t.Errorf("put in after a remark: %q", got)
	}
	form.Set("groups.0.rules.1.condition", whole)
	// What a condition can be chosen from stands on the page, and a choice that cannot be put in is still there.
	b = do("usual.0.1", func(f url.Values) {
		f.Set("usual.0.1.name", "region")
		f.Set("usual.0.1.ask", "is")
		f.Set("usual.0.1.value", "")
	})
	for _, want := range []string{`<option value="DE" data-of="country" data-words="Germany">Germany, country</option>`, `<option value="dach" data-of="region">region</option>`,
		`<option value="q3" data-of="said"`, `data-of="gates"`, `data-of="event_document"`, `<option value="region" selected>`, `Give a value.`} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	if strings.Contains(b.String(), `data-of="grade"`) {
		t.Error("scoring offers grades")
	}
	form.Set("groups.0.rules.1.condition", whole)
	// Rows, a trial on a lead, and the typed draft is still not saved.
	do("add-rule.0", nil)
	do("up-rule.0.5", nil)
	do("remove-rule.0.4", nil)
	w.Take(testkit.Submit("ann@archer.example"))
	if b = do("try", func(f url.Values) { f.Set("who", "ann@archer.example") }); !strings.Contains(b.String(), "Would not qualify: it has 55 points, 60 are needed") {
		_, main, _ := strings.Cut(b.String(), "<main")
		t.Errorf("tried: %.2000s", main)
	}
	group := form.Get("groups.1.cap")
	if b = do("try", func(f url.Values) { f.Set("groups.1.cap", "7") }); !strings.Contains(b.String(), ", as its group is full") || strings.Contains(b.String(), ", since <time") {
		t.Error("the trial does not say what a cap took")
	}
	form.Set("groups.1.cap", group)
	if b = do("try", func(f url.Values) { f.Set("who", "nobody@archer.example") }); !strings.Contains(b.String(), "Nobody here has this name") {
		t.Error("somebody was found")
	}
	if n := w.Count("select count(*) from rule_sets where definition::text like '%submissions >= 2%'"); n != 0 {
		t.Error("something was saved by itself")
	}
	stale := url.Values{}
	maps.Copy(stale, form)
	do("save", nil)
	if n := w.Count("select count(*) from rule_sets where definition::text like '%submissions >= 2%'"); n != 1 {
		t.Error("nothing was saved")
	}
	// Somebody else with the older form overwrites nothing.
	stale.Set("do", "save")
	if r := w.admin.post(page, stale); r.Code != http.StatusConflict || !strings.Contains(r.Body.String(), "Save mine over theirs") {
		t.Errorf("an older form: %d", r.Code)
	}
	if r := w.admin.post(page+"/rehearse", url.Values{"version": {form.Get("version")}, "days": {"30"}}); r.Code != http.StatusSeeOther || !strings.Contains(r.Header().Get("Location"), "/rehearsals/") {
		t.Fatalf("rehearse: %d %s", r.Code, r.Header().Get("Location"))
	} else if err := w.App.Rehearse(t.Context(), uuidIn(t, r.Header().Get("Location"))); err != nil {
		t.Fatal(err)
	} else if body := w.admin.page(r.Header().Get("Location")); !strings.Contains(body, "In the last 30 days the draft") {
		t.Error("the rehearsal says nothing")
	}
	if body := w.admin.page("/admin/rules"); !strings.Contains(body, "In the last 30 days the draft") {
		t.Error("the overview does not say what the rehearsal found")
	}
	form.Set("do", "publish")
	if r := w.admin.post(page, form); r.Code != http.StatusSeeOther {
		t.Fatalf("publish: %d", r.Code)
	}
	body := w.admin.page(page)
	if !strings.Contains(body, "Version 2 holds") || !strings.Contains(body, "Score open leads anew") {
		t.Error("version 2 does not hold")
	}
	if r := w.admin.post(page+"/rescore", url.Values{}); r.Code != http.StatusSeeOther || w.Count("select count(*) from rescores") != 1 {
		t.Error("nothing is scored anew")
	}
	aside := store.NewID().String()
	if err := w.Store.DB(t.Context()).Exec("update rescores set state = 'done', done = 9, failed = 1, set_aside = jsonb_build_array(?::text)", aside).Error; err != nil {
		t.Fatal(err)
	}
	if body := w.admin.page(page); !strings.Contains(body, "8 open leads were scored anew") || !strings.Contains(body, "1 lead failed and was set aside") || !strings.Contains(body, "/admin/leads/"+aside) {
		t.Error("what failed is not shown")
	}
	first := w.id("select id::text from rule_sets where kind = 'scoring' and number = 1")
	if body := w.admin.page(page + "/versions/" + first); !strings.Contains(body, "Begin a draft with this version") || !strings.Contains(body, "from 60 points") {
		t.Error("version 1 cannot be read")
	}
	if r := w.admin.post(page+"/roll-back", url.Values{"to": {first}}); r.Code != http.StatusSeeOther || !strings.Contains(w.admin.page(page), "Version 3 holds") {
		t.Error("rolled back to nothing")
	}
	// Sales reads and does not write.
	sales := w.login(auth.Sales)
	if body := sales.page(page); strings.Contains(body, "Begin a draft") || strings.Contains(body, "Roll back") || strings.Contains(body, "anew") {
		t.Error("sales is offered what it may not do")
	}
}

func uuidIn(t *testing.T, path string) uuid.UUID {
	t.Helper()
	id, err := uuid.Parse(path[strings.LastIndex(path, "/")+1:])
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func TestScoreOnTheLeadPage(t *testing.T) {
	w := newWorld(t)
	w.Take(testkit.Submit("ann@archer.example"))
	id := w.id("select id::text from leads")
	if body := w.admin.page("/admin/leads/" + id); !strings.Contains(body, "It is about to be scored.") {
		t.Error("an unscored lead does not say why")
	}
	if err := w.App.ScoreLeads(t.Context(), []uuid.UUID{uuid.MustParse(id)}); err != nil {
		t.Fatal(err)
	}
	w.Clock.Move(2 * time.Hour)
	body := w.admin.page("/admin/leads/" + id)
	for _, want := range []string{`The company, since <time`, `sent a form, <time`, "Score, A3 with 60 points", "Writes from a company&#39;s own domain", "reached 60 points, 60 are needed", "version 1</a> of the rules", "Qualified for sales: A3 with 60 points"} {
		if !strings.Contains(body, want) {
			t.Errorf("the page does not say: %s", want)
		}
	}
}

// The score on trial: without decisions it says so; with them each figure opens the leads that it counts.
func TestScoreOnTrialPage(t *testing.T) {
	w := newWorld(t)
	const page = "/admin/reports/score-on-trial"
	if body := w.admin.page(page); !strings.Contains(body, "Sales has not decided on anybody yet") {
		t.Error("an empty trial does not say so")
	}
	owner := w.colleague(auth.Sales)
	db := w.Store.DB(t.Context())
	for _, who := range []string{"ann@archer.example", "bob@gmail.com"} {
		w.Take(testkit.Submit(who))
		if err := db.Exec(`insert into assignments (id, lead_id, owner_id, rule_key, how, reason, reason_data, state, period, at, clock_from, first_response_kind, close_reason, close_note, version, accepted_at)
			select gen_random_uuid(), lead_id, ?, '', 'rule', '', '{}', 'accepted', '2026-03-01', ?, ?, '', '', '', 1, ? from lead_addresses where address = ?`,
			owner.ID, w.Clock.Now(), w.Clock.Now(), w.Clock.Now(), who).Error; err != nil {
			t.Fatal(err)
		}
	}
	body := w.admin.page(page)
	for _, want := range []string{"that sales decided on in a year", "Too few to tell", "too few to tell", "Writes from a free-mail address"} {
		if !strings.Contains(body, want) {
			t.Errorf("the page does not say: %s", want)
		}
	}
	if n := strings.Count(w.admin.page(page+"?of=accepted&rule=free-mail"), `class="row-link"`); n != 1 {
		t.Errorf("a figure of 1 opens %d leads", n)
	}
	if n := strings.Count(w.admin.page(page+"?of=all"), `class="row-link"`); n != 2 {
		t.Errorf("a figure of 2 opens %d leads", n)
	}
	if n := strings.Count(w.admin.page(page+"?of=won"), `class="row-link"`); n != 0 {
		t.Errorf("a figure of 0 opens %d leads", n)
	}
	// A member of sales who may see only his own counts only his own.
	if err := db.Exec("update sales_settings set visibility = 'own'").Error; err != nil {
		t.Fatal(err)
	}
	if body := w.login(auth.Sales).page(page); !strings.Contains(body, "Sales has not decided on anybody yet") {
		t.Error("sales sees leads of others")
	}
}

// Which rules foretell what becomes of a deal is said beside what they foretell of acceptance, and each figure opens.
func TestScoreOnTrialTellsOfDeals(t *testing.T) {
	w := newWorld(t)
	const page = "/admin/reports/score-on-trial"
	owner := w.colleague(auth.Sales)
	db := w.Store.DB(t.Context())
	for n := range 44 {
		address, fate := fmt.Sprintf("ann%d@archer%d.example", n, n), "won"
		if n%2 == 0 {
			address, fate = fmt.Sprintf("bob%d@gmail.com", n), "lost"
		}
		w.Take(testkit.Submit(address))
		if err := db.Exec(`with a as (insert into assignments (id, lead_id, owner_id, rule_key, how, reason, reason_data, state, period, at, clock_from, first_response_kind, close_reason, close_note, version, accepted_at, closed_at)
			select gen_random_uuid(), lead_id, @owner, '', 'rule', '', '{}', 'closed', '2026-03-01', @now, @now, '', @fate, '', 1, @now, @now from lead_addresses where address = @address returning id, lead_id)
			insert into deals (id, lead_id, assignment_id, owner_id, title, stage, state, currency, reason, reason_note, position, opened_at, stage_at, closed_at, version, updated_at)
			select gen_random_uuid(), lead_id, id, @owner, 'x', (select key from stages order by position limit 1), @fate, 'GBP', '', '', 1, @now, @now, @now, 1, @now from a`,
			map[string]any{"owner": owner.ID, "now": w.Clock.Now(), "fate": fate, "address": address}).Error; err != nil {
			t.Fatal(err)
		}
	}
	body := w.admin.page(page)
	_, deals, _ := strings.Cut(body, "once it was a deal")
	for _, want := range []string{"Won more often", "Won less often", page + "?of=closed&amp;rule=free-mail"} {
		if !strings.Contains(deals, want) {
			t.Errorf("of deals the page does not say: %s", want)
		}
	}
	for query, want := range map[string]int{"of=closed&rule=free-mail": 22, "of=won&rule=free-mail": 0, "of=won&without=free-mail": 22, "of=closed": 44} {
		if n := strings.Count(w.admin.page(page+"?"+query), `class="row-link"`); n != want {
			t.Errorf("%s opens %d leads, not %d", query, n, want)
		}
	}
}
