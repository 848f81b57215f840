package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"
)

// rehearsedLeads is how many people, with one submission each, a draft is rehearsed over and scored anew.
const rehearsedLeads = 100_000

// rulesFound is how long the long work of rules took, from the click until all of it was done.
type rulesFound struct {
	Leads     int     `json:"leads"`
	Rehearsed float64 `json:"rehearsal_seconds"`
	Rescored  float64 `json:"rescore_seconds"`
	Qualified float64 `json:"qualified_in_rehearsal"`
}

// A quarter of the people are worth 50 points and what is left of 10; the draft sends fewer of them to sales, so that both
// sides of a rehearsal have work. Scoring anew under it qualifies about a tenth of all, who then get their owners.
const publishedThreshold = 50_00

const draftSQL = `insert into rule_sets (id, kind, state, number, definition, note, version, created_at, updated_at)
	select gen_random_uuid(), kind, 'draft', number + 1, jsonb_set(definition, '{threshold}', '5500'), '', 1, now(), now() from rule_sets where kind = 'scoring' and state = 'published'`

const (
	rehearsalTook = `select coalesce(max(extract(epoch from state_at - created_at)) filter (where state = 'done'), -1)::float8 from rehearsals`
	rescoreTook   = `select coalesce(max(extract(epoch from state_at - created_at)) filter (where state = 'done'), -1)::float8 from rescores`
)

// rules measures a rehearsal, with what each owner would have got, and a rescoring of open leads.
func (b *bench) rules(ctx context.Context) error {
	n := min(rehearsedLeads, b.o.leads)
	b.rep.Rules = &rulesFound{Leads: n}
	if err := b.db.empty(ctx); err != nil {
		return err
	}
	if err := b.house(ctx, publishedThreshold); err != nil {
		return err
	}
	if err := b.db.people(ctx, n, 0); err != nil {
		return err
	}
	if _, err := b.db.conn.Exec(ctx, draftSQL); err != nil {
		return fmt.Errorf("the draft: %w", err)
	}
	svc, err := b.launch(ctx, "all", b.mail()...)
	if err != nil {
		return err
	}
	defer svc.stop()
	client, err := b.logIn(ctx, svc)
	if err != nil {
		return err
	}
	r := b.rep.Rules
	if r.Rehearsed, err = b.longWork(ctx, client, svc.url+"/admin/rules/scoring/rehearse", url.Values{"version": {"1"}, "days": {"365"}}, rehearsalTook); err != nil {
		return err
	}
	if r.Qualified, err = b.db.number(ctx, "select count(*)::float8 from rehearsal_leads"); err != nil {
		return err
	}
	b.say("rehearsal over %d submissions: %.1f s, %.0f leads qualify on one side or both", n, r.Rehearsed, r.Qualified)
	if err := post(ctx, client, svc.url+"/admin/rules/scoring/publish", url.Values{"version": {"1"}}); err != nil {
		return err
	}
	if r.Rescored, err = b.longWork(ctx, client, svc.url+"/admin/rules/scoring/rescore", nil, rescoreTook); err != nil {
		return err
	}
	b.say("%d open leads scored anew: %.1f s", n, r.Rescored)
	return nil
}

// longWork begins it as somebody does at the page, and waits until the database says how many seconds it took.
func (b *bench) longWork(ctx context.Context, client *http.Client, address string, form url.Values, took string) (float64, error) {
	if err := post(ctx, client, address, form); err != nil {
		return 0, err
	}
	for deadline := time.Now().Add(10 * time.Minute); ; time.Sleep(200 * time.Millisecond) {
		seconds, err := b.db.number(ctx, took)
		if err != nil || seconds >= 0 {
			return seconds, err
		}
		if time.Now().After(deadline) {
			return 0, fmt.Errorf("%s: not done after ten minutes", address)
		}
	}
}

func post(ctx context.Context, client *http.Client, address string, form url.Values) error {
	resp, err := client.PostForm(address, form)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %d", address, resp.StatusCode)
	}
	return ctx.Err()
}

// concludeRules turns what was found into lines of the table.
func (r *report) concludeRules() {
	if r.Rules == nil {
		return
	}
	note := fmt.Sprintf("%d submissions, %d scoring and %d routing rules, %d owners", r.Rules.Leads, scoringRules, routingRules, owners)
	r.add(measure{Name: "rehearsal", Unit: "s", Value: series{r.Rules.Rehearsed}.figure(), Goal: 30, AtMost: true, Note: note})
	r.add(measure{Name: "open leads scored anew", Unit: "s", Value: series{r.Rules.Rescored}.figure(), Goal: 60, AtMost: true, Note: note})
}
