package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"time"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/lead"
	"github.com/gatehouse/gatehouse/internal/pipeline"
)

// The size of the house whose sales are measured.
const (
	owners       = 40
	scoringRules = 50
	routingRules = 20
	openDeals    = 5_000
	fewLeads     = 10_000
	manyLeads    = 1_000_000
	salesRate    = 50.0

	feedThreshold = 10_00 // everybody of the feed qualifies
)

// assignedSQL is how long each person of the feed waited for an owner: until the job that gave one had ended, which is
// after its commit. Alert and assignment share that commit.
const assignedSQL = `select extract(epoch from min(j.finalized_at) - min(s.received_at))::float8 from submissions s join outcomes o on o.submission_id = s.id
	join assignments a on a.lead_id = o.lead_id join river_job j on j.kind = 'lead_route' and j.state = 'completed' and j.args->'lead_ids' ? a.lead_id::text
	where s.received_at >= $1 group by s.id`

// unassignedSQL is what still waits for an owner.
const unassignedSQL = `select (select count(*) from submissions s left join outcomes o on o.submission_id = s.id left join assignments a on a.lead_id = o.lead_id
	where s.received_at >= $1 and a.id is null)::float8`

// salesFound is what was found.
type salesFound struct {
	Assigned map[int]*assigned `json:"assigned"` // by how many leads there were before
	Pages    map[string]pages  `json:"pages"`
}

type assigned struct {
	Feed     *feed   `json:"feed"`
	P50      float64 `json:"p50_seconds"`
	P99      float64 `json:"p99_seconds"`
	Assigned int     `json:"assigned"`
	Waiting  float64 `json:"still_waiting"`
}

type pages struct {
	Leads int     `json:"leads"`
	P50   float64 `json:"p50_ms"`
	P95   float64 `json:"p95_ms"`
	Bytes int     `json:"bytes"`
}

// sales measures the way from the form to an owner, and the pages that sales live on, among few leads and among many.
func (b *bench) sales(ctx context.Context) error {
	b.rep.Sales = &salesFound{Assigned: map[int]*assigned{}, Pages: map[string]pages{}}
	for _, leads := range []int{fewLeads, b.o.leads} {
		if err := b.db.empty(ctx); err != nil {
			return err
		}
		if err := b.house(ctx, feedThreshold); err != nil {
			return err
		}
		start := time.Now()
		if err := b.db.people(ctx, leads, min(openDeals, leads)); err != nil {
			return err
		}
		b.say("%d leads written in %v", leads, time.Since(start).Round(time.Second))
		if err := b.among(ctx, leads); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) among(ctx context.Context, leads int) error {
	svc, err := b.launch(ctx, "all", b.mail()...)
	if err != nil {
		return err
	}
	defer svc.stop()
	if _, err := b.feed(ctx, svc, 20, 2*time.Second); err != nil { // statements are prepared, pages rendered
		return err
	}
	start := time.Now()
	f, err := b.feed(ctx, svc, salesRate, b.o.feed)
	if err != nil {
		return err
	}
	a := &assigned{Feed: f}
	for deadline := time.Now().Add(time.Minute); ; {
		if a.Waiting, err = b.db.number(ctx, unassignedSQL, start); err != nil {
			return err
		}
		if a.Waiting == 0 || time.Now().After(deadline) {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	time.Sleep(time.Second) // the queue writes down in batches what it has done
	took, err := b.db.numbers(ctx, assignedSQL, start)
	if err != nil {
		return err
	}
	a.Assigned, a.P50, a.P99 = len(took), quantile(took, 0.5), quantile(took, 0.99)
	b.rep.Sales.Assigned[leads] = a
	b.say("among %d leads: owner after %.2f s at p99 (%d, %.0f wait), %.2f ms of processor per lead", leads, a.P99, a.Assigned, a.Waiting, f.PerLeadMsec)
	return b.pages(ctx, svc, leads)
}

// house makes the owners and publishes rules of the size that is asked for. The product must not be running.
func (b *bench) house(ctx context.Context, threshold int) error {
	team := uuid.Must(uuid.NewV7())
	rules := lead.UsualScore()
	rules.Threshold = threshold
	group := lead.ScoreGroup{Key: "bench", Title: "Bench", Side: lead.SideFit, Cap: 100_00}
	n := 0
	for _, g := range rules.Groups {
		n += len(g.Rules)
	}
	for ; n < scoringRules; n++ {
		group.Rules = append(group.Rules, lead.ScoreRule{Key: fmt.Sprintf("bench-%d", n), Title: fmt.Sprintf("Bench %d", n), Points: 1_00,
			Condition: fmt.Sprintf(`mentions(job_title, "word%d", "term%d") and country == "GB"`, n, n)})
	}
	rules.Groups = append(rules.Groups, group)
	routing := pipeline.Routing{Existing: pipeline.ExistingLead}
	for i := range routingRules {
		when := fmt.Sprintf(`country in ["X%d", "Y%d"] and total >= 10`, i, i)
		if i == routingRules-1 {
			when = ""
		}
		routing.Rules = append(routing.Rules, pipeline.RouteRule{Key: fmt.Sprintf("rule-%d", i), Title: fmt.Sprintf("Rule %d", i), When: when, Team: &team})
	}
	scoringJSON, err := json.Marshal(rules)
	if err != nil {
		return err
	}
	routingJSON, err := json.Marshal(routing)
	if err != nil {
		return err
	}
	for _, s := range []struct {
		sql  string
		args []any
	}{
		{`update rule_sets set definition = $1, version = version + 1 where kind = 'scoring' and state = 'published'`, []any{string(scoringJSON)}},
		{`update rule_sets set definition = $1, version = version + 1 where kind = 'routing' and state = 'published'`, []any{string(routingJSON)}},
		{`insert into users (id, email, name, role, password_hash, session_epoch, version, created_at) select gen_random_uuid(), 'owner' || n || '@bench.example', 'Owner ' || n, 'sales', '', 1, 1, now() - interval '1 year'
			from generate_series(1, $1) n on conflict do nothing`, []any{owners}},
		{`insert into teams (id, name, version, created_at) values ($1, $2, 1, now() - interval '1 year')`, []any{team, "Bench " + team.String()}},
		{`insert into team_members (team_id, user_id, weight, daily_capacity, joined_at) select $1, id, 1, 0, now() - interval '1 year' from users where email like 'owner%@bench.example'`, []any{team}},
	} {
		tag, err := b.db.conn.Exec(ctx, s.sql, s.args...)
		if err != nil {
			return fmt.Errorf("the house: %w", err)
		}
		if tag.RowsAffected() == 0 && s.sql[:6] == "update" {
			return errors.New("the house: no rules are published")
		}
	}
	return nil
}

var setupLine = regexp.MustCompile(`/admin/setup/\S+`)

// pages asks, as somebody who is logged in, one page after the other.
func (b *bench) pages(ctx context.Context, svc *service, leads int) error {
	client, err := b.logIn(ctx, svc)
	if err != nil {
		return err
	}
	rows, err := b.db.conn.Query(ctx, "select id::text from leads order by md5(id::text) limit 200")
	if err != nil {
		return err
	}
	var paths []string
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return err
		}
		paths = append(paths, "/admin/leads/"+id)
	}
	if rows.Err() != nil {
		return rows.Err()
	}
	for name, list := range map[string][]string{"lead page": paths, "board": {"/admin/pipeline"}} {
		p := pages{Leads: leads}
		var took []float64
		for i := range 220 {
			d, n, err := ask(ctx, client, svc.url+list[i%len(list)])
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			if i >= 20 { // the first ones prepare statements
				took = append(took, d.Seconds()*1000)
			}
			p.Bytes = n
		}
		p.P50, p.P95 = quantile(took, 0.5), quantile(took, 0.95)
		b.rep.Sales.Pages[fmt.Sprintf("%s among %d leads", name, leads)] = p
		b.say("%s among %d leads: %.1f ms at p50, %.1f ms at p95, %d bytes", name, leads, p.P50, p.P95, p.Bytes)
	}
	return nil
}

func ask(ctx context.Context, client *http.Client, address string) (time.Duration, int, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return 0, 0, err
	}
	start := time.Now()
	resp, err := client.Do(req)
	if err != nil {
		return 0, 0, err
	}
	defer func() { _ = resp.Body.Close() }()
	n, err := io.Copy(io.Discard, resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s answers %d", address, resp.StatusCode)
	}
	return time.Since(start), int(n), err
}

// logIn becomes the first admin, or the one that an earlier round made.
func (b *bench) logIn(ctx context.Context, svc *service) (*http.Client, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	client := &http.Client{Jar: jar, Timeout: 30 * time.Second}
	const address, password = "head@bench.example", "four plain words in a row"
	path, form := "/admin/login", url.Values{"email": {address}, "password": {password}}
	if link := setupLine.FindString(svc.said.String()); link != "" {
		path, form = link, url.Values{"name": {"Head"}, "email": {address}, "password": {password}}
	}
	resp, err := client.PostForm(svc.url+path, form)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK || resp.Request.URL.Path == path {
		return nil, fmt.Errorf("logging in at %s: %d\n%s", path, resp.StatusCode, svc.said)
	}
	return client, ctx.Err()
}

// concludeSales turns what was found into lines of the table.
func (r *report) concludeSales() {
	if r.Sales == nil {
		return
	}
	one := func(name, unit string, v, goal float64, note string) {
		r.add(measure{Name: name, Unit: unit, Value: series{v}.figure(), Goal: goal, AtMost: true, Note: note})
	}
	few, many := r.Sales.Assigned[fewLeads], r.Sales.Assigned[manyLeads]
	for leads, a := range r.Sales.Assigned {
		if p99 := a.P99; a.Waiting == 0 {
			one(fmt.Sprintf("owner and alert, 50/s among %d leads, p99", leads), "s", p99, 1, fmt.Sprintf("%d assigned", a.Assigned))
		} else {
			r.Faults = append(r.Faults, fmt.Sprintf("among %d leads %.0f people of the feed got no owner", leads, a.Waiting))
		}
	}
	if few != nil && many != nil && few.Feed.PerLeadMsec > 0 {
		one("cost per lead, 1,000,000 / 10,000 leads", "x", many.Feed.PerLeadMsec/few.Feed.PerLeadMsec, 4.0/3, "processor time of service and PostgreSQL")
	}
	for name, p := range r.Sales.Pages {
		goal := 50.0
		if name[:5] == "board" {
			goal = 150
		}
		one(name+", p95", "ms", p.P95, goal, fmt.Sprintf("%d bytes", p.Bytes))
	}
}
