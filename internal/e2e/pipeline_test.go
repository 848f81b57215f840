package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/gatehouse/gatehouse/internal/store"
	"github.com/gatehouse/gatehouse/internal/testkit/browser"
)

// pipelineOf puts leads into the admin's hands: the first waits nowhere, one waits to be accepted, the others have deals.
func pipelineOf(t *testing.T, s *site, people int) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), s.options.Env["DATABASE_URL"])
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	do := func(sql string, args ...any) {
		t.Helper()
		if _, err := conn.Exec(t.Context(), sql, args...); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	eventually(t, "every lead routed", func() error {
		var n int
		err := conn.QueryRow(t.Context(), "select count(*) from river_job where queue = 'sales' and kind <> 'outbox_spread' and state in ('available','running','retryable','scheduled','pending')").Scan(&n)
		if err == nil && n > 0 {
			err = fmt.Errorf("%d jobs", n)
		}
		return err
	})
	do("update leads set tel = '+442079460018' where tel = ''")
	do("update sales_settings set quiet_from = 0, quiet_until = 0") // the test runs at any hour
	stages := []string{"", "discovery", "discovery", "proposal", "negotiation", "discovery", "won", "lost"}
	for i := range people {
		var lead, user string
		address := fmt.Sprintf("person%d@company%d.example", i, i)
		err := conn.QueryRow(t.Context(), "select a.lead_id::text, (select id::text from users order by created_at limit 1) from lead_addresses a where a.address = $1", address).Scan(&lead, &user)
		if err != nil {
			t.Fatal(err)
		}
		for _, table := range []string{"outbox", "steps", "plans", "assignments"} { // whom the rules chose
			do("delete from "+table+" where lead_id = $1", lead)
		}
		as, deal, plan := store.NewID(), store.NewID(), store.NewID()
		stage := stages[i%len(stages)]
		state := "accepted"
		switch stage {
		case "":
			state = "open"
		case "won", "lost":
			state = "closed"
		}
		at := time.Now().Add(-time.Duration(i*31) * time.Hour)
		do(`insert into assignments (id, lead_id, owner_id, rule_key, how, reason, reason_data, state, period, at, clock_from, escalate_at, accepted_at, closed_at, first_response_kind, close_reason, close_note, version)
			values ($1, $2, $3, 'by-hand', 'by-hand', 'rule 2, the DACH team', '{}', $4, current_date, $5, $5, $6, case when $4 <> 'open' then $5::timestamptz end, case when $4 = 'closed' then now() end, '', '', '', 1)`,
			as, lead, user, state, at, time.Now().Add(time.Duration(i-2)*time.Hour))
		do("update leads set owner_id = $2 where id = $1", lead, user)
		do("insert into plans (id, lead_id, assignment_id, name, left_out, created_at, version) values ($1, $2, $3, 'A first conversation', '[]', $4, 1)", plan, lead, as, at)
		if i%3 != 2 {
			for n, step := range []string{"Call: which of the questions is theirs, and what made them ask now?", "Send what was promised in the call, in five lines", "Meet whoever decides"} {
				do(`insert into steps (id, plan_id, lead_id, owner_id, number, channel, title, due_at, version) values ($1, $2, $3, $4, $5, $6, $7, $8, 1)`, store.NewID(), plan, lead, user, n+1,
					[]string{"call", "mail", "meeting"}[n], step, time.Now().AddDate(0, 0, 3*n+i-4))
			}
		}
		if i%2 == 1 {
			do(`insert into activities (id, lead_id, assignment_id, user_id, kind, direction, text, how, why, beyond, beyond_reason, at, recorded_at)
				values ($1, $2, $3, $4, 'call', 'out', 'wants an offer by Friday, the board meets on Monday', 'typed', 'They asked for a call on 2 March 2026.', '', '', now(), now())`, store.NewID(), lead, as, user)
		}
		if i == 1 || i == 2 { // a mail from another program went beyond the policy: one waits for its reason, one has it
			do(`insert into activities (id, lead_id, assignment_id, user_id, kind, direction, text, how, sender, why, beyond, beyond_reason, at, recorded_at, reason_asked_at, reason_given_at, reason_given_by)
				values ($1, $2, $3, $4, 'mail', 'out', 'The offer, as of today', 'bcc', 'verified', 'They asked for a call on 2 March 2026, and nothing else.', 'choice', $5, now(), now(), now(),
				case when $5 <> '' then now() end, case when $5 <> '' then $4::uuid end)`, store.NewID(), lead, as, user, []string{"", "", "The offer ends today, and they had asked for it on the phone."}[i])
		}
		if stage == "" {
			continue
		}
		kind := map[string]string{"won": "won", "lost": "lost"}[stage]
		if kind == "" {
			kind = "open"
		}
		do(`insert into deals (id, lead_id, assignment_id, owner_id, title, stage, state, value, currency, reason, reason_note, position, opened_at, stage_at, closed_at, version, updated_at)
			values ($1, $2, $3, $4, $5, $6, $7, $8, 'GBP', $9, '', $10, $11, $11, case when $7 <> 'open' then now() end, 1, now())`, deal, lead, as, user, fmt.Sprintf("Company %d", i), stage, kind,
			map[bool]any{true: int64(1250000 * i), false: nil}[stage != "discovery" || i == 5], map[bool]string{true: "price", false: ""}[kind != "open"], float64(i), at)
		do("insert into deal_changes (id, deal_id, at, by_id, how, from_stage, to_stage, fields, version) values ($1, $2, $3, $4, 'staff', '', $5, '{}', 1)", store.NewID(), deal, at, user, stage)
	}
}

func manyPeople(s *site, n int) {
	for i := range n {
		values := good(fmt.Sprintf("person%d@company%d.example", i, i))
		values["company"], values["utm_source"] = fmt.Sprintf("Company %d", i), []string{"newsletter", "trade-press", ""}[i%3]
		s.posted(browserAgent, values)
	}
}

// The board by keyboard: a card goes on with two keys, what its stage needs is asked for in place, and the other window
// sees it without losing its own place.
func TestBoardByKeyboard(t *testing.T) {
	s, b := open(t, database(t)), browser.Start(t)
	a := s.admin(b)
	manyPeople(s, 8)
	a.leadOf("person7@company7.example", "Company 7")
	pipelineOf(t, s, 8)
	column := func(title string) string {
		return `document.querySelector('[data-column="` + title + `"]').innerText`
	}
	a.Open("/admin/pipeline")
	a.See("To accept")
	other := b.NewPage(t, s.URL())
	other.Open("/admin/login?next=/admin/pipeline")
	other.Type(`[name=email]`, adminAddress)
	other.Type(`[name=password]`, adminPassword)
	other.Click(`main button[type=submit]`)
	other.See("To accept")
	browser.Eval[bool](other, `[...document.querySelectorAll("[data-focus]")].find(n => n.textContent === "Company 4").focus(), true`)

	browser.Eval[bool](a.Page, `[...document.querySelectorAll("[data-focus]")].find(n => n.textContent === "Company 2").focus(), true`)
	a.Expect("status of 422") // what is missing comes back as a form
	shift := func(key string) {
		browser.Eval[bool](a.Page, `document.activeElement.dispatchEvent(new KeyboardEvent("keydown", {key: "`+key+`", shiftKey: true, bubbles: true, cancelable: true})), true`)
	}
	shift("ArrowRight")
	a.Until(`document.querySelector("dialog[open] [name=value]")`)
	a.Look("board-asks")
	a.Type(`dialog [name=value]`, "twelve")
	a.Click(`dialog button[type=submit]`)
	a.Until(`document.querySelector("dialog[open] .field-faulty [name=value]")`)
	a.Type(`dialog [name=value]`, "12,500")
	a.Click(`dialog button[type=submit]`)
	a.Until(column("proposal") + `.includes("Company 2") && ` + column("proposal") + `.includes("£12,500")`)
	a.Until(`document.activeElement.textContent === "Company 2"`)
	a.Until(`document.querySelector("[data-live]").textContent.includes("stands at “Proposal”")`) // who looks by ear hears it too
	other.Until(column("proposal") + `.includes("Company 2") && document.activeElement.textContent === "Company 4"`)

	browser.Eval[bool](a.Page, `document.activeElement.dispatchEvent(new KeyboardEvent("keydown", {key: "c", bubbles: true, cancelable: true})), true`)
	a.Until(`document.querySelector("dialog[open]") && document.activeElement.name === "text"`) // one key, then the line
	a.Type(`dialog [name=text]`, "wants an offer by Friday")
	a.Click(`dialog button[type=submit]`)
	a.Until(`document.querySelector(".flash")?.textContent.includes("Noted: call")`)
}

// Every page of the pipeline, looked at.
func TestPipelinePages(t *testing.T) {
	s, b := open(t, database(t)), browser.Start(t)
	a := s.admin(b)
	staff := look(t, a.Page)
	staff.page("board-empty", "/admin/pipeline")
	manyPeople(s, 8)
	a.leadOf("person7@company7.example", "Company 7")
	pipelineOf(t, s, 8)
	staff.page("board", "/admin/pipeline")
	staff.page("board-list", "/admin/pipeline?view=list&state=any")
	staff.page("lead-new", "/admin/leads/new")
	a.Open("/admin/pipeline")
	lead := browser.Eval[string](a.Page, `document.querySelector("[data-waits] .card-link").pathname`)
	for name, path := range map[string]string{"lead-waiting": lead, "lead-note": lead + "/note?kind=call"} {
		staff.page(name, path)
	}
	a.Open("/admin/pipeline")
	deal := browser.Eval[string](a.Page, `document.querySelector(".card-move").pathname`)
	staff.page("deal-move", deal)
	staff.page("deal", strings.TrimSuffix(deal, "/move"))
	a.Open("/admin/pipeline")
	staff.page("lead-work", browser.Eval[string](a.Page, `document.querySelector('[data-column=discovery] .card-link').pathname`))
	step := browser.Eval[string](a.Page, `document.querySelector(".steps a[data-form]").getAttribute("href")`)
	staff.page("step", step)
	a.Open("/admin/pipeline")
	asks := browser.Eval[string](a.Page, `[...document.querySelectorAll("[data-column=discovery] .card-link")].find(n => n.textContent.includes("Company 1")).pathname`)
	staff.page("lead-reason", asks)
	staff.page("reason", browser.Eval[string](a.Page, `document.querySelector(".acts a[data-form]").getAttribute("href")`))
	for _, name := range []string{"plan-and-tactics", "forecast", "returned"} {
		staff.page("report-"+name, "/admin/reports/"+name)
	}
	staff.page("plans", "/admin/pipeline/plans")
	staff.page("plan-new", "/admin/pipeline/plans/new")
	staff.page("merge", lead+"/merge?with=person7@company7.example")
	s.sells(t)
	staff.page("home-sales", "/admin")
	staff.verdict()
}

// sells makes the admin somebody who sells.
func (s *site) sells(t *testing.T) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), s.options.Env["DATABASE_URL"])
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	if _, err := conn.Exec(t.Context(), "update users set role = 'sales'"); err != nil {
		t.Fatal(err)
	}
}
