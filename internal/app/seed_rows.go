package app

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/gatehouse/gatehouse/internal/lead"
	"github.com/gatehouse/gatehouse/internal/store"
)

// seedTable is one table of a batch: its columns, and rows in the same order.
type seedTable struct {
	name    string
	columns []string
	rows    [][]any
}

// seedRows are the tables of one batch in the order in which they refer to each other.
type seedRows struct {
	companies, domains, leads, addresses, submissions, payloads, values, consents, visits, grants, messages, attempts, outcomes, events, hits,
	downloads, returns, suppressions, sayings, choices, assignments, deals, changes, plans, steps, activities seedTable
}

func (r *seedRows) tables() []*seedTable {
	return []*seedTable{&r.companies, &r.domains, &r.leads, &r.addresses, &r.submissions, &r.payloads, &r.values, &r.consents, &r.visits, &r.grants,
		&r.messages, &r.attempts, &r.outcomes, &r.events, &r.hits, &r.downloads, &r.returns, &r.suppressions, &r.sayings, &r.choices,
		&r.assignments, &r.deals, &r.changes, &r.plans, &r.steps, &r.activities}
}

// add appends a row given as column, value, column, value; every row of a table names the same columns.
func (t *seedTable) add(name string, pairs ...any) {
	row := make([]any, 0, len(pairs)/2)
	for i := 0; i < len(pairs); i += 2 {
		if t.name == "" {
			t.columns = append(t.columns, pairs[i].(string))
		}
		row = append(row, pairs[i+1]) //nolint:gosec // pairs: an odd number is a mistake in this file
	}
	t.name = name
	t.rows = append(t.rows, row)
}

// write copies the batch in one transaction, so that what is here always adds up.
func (s *sower) write(ctx context.Context, a *App) error {
	err := pgx.BeginFunc(ctx, a.store.Pool(), func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, store.RollupFrom, s.start); err != nil {
			return err
		}
		for _, t := range s.rows.tables() {
			if len(t.rows) == 0 {
				continue
			}
			if _, err := tx.CopyFrom(ctx, pgx.Identifier{t.name}, t.columns, pgx.CopyFromRows(t.rows)); err != nil {
				return fmt.Errorf("seed %s: %w", t.name, err)
			}
		}
		return nil
	})
	s.rows = seedRows{}
	return a.store.Translate(sownAlready(err))
}

func (r *seedRows) company(c *seedCompany, at time.Time) {
	r.companies.add("companies", "id", c.id, "name", c.name, "created_at", at)
	r.domains.add("company_domains", "domain", c.domain, "company_id", c.id, "created_at", at)
}

type seedVerdict struct {
	verdict string
	weight  int
	reasons []store.Reason
	state   string
	at      time.Time
}

func (r *seedRows) submission(s *sower, p *seedPerson, v *seedVisit, j seedVerdict) {
	r.submissions.add("submissions", "id", v.id, "gate_id", v.gate.gate, "gate_version_id", v.gate.version, "received_at", v.at, "door", "page",
		"language", v.gate.def.Language, "variant", "", "verdict", j.verdict, "weight", int16(j.weight), "reasons", j.reasons,
		"notices", "privacy 1; imprint 1", "state", j.state, "state_at", j.at)
	consents := make([]store.ConsentAnswer, 0, 1)
	for _, c := range v.gate.def.Form.Consents {
		consents = append(consents, store.ConsentAnswer{Key: c.Key, Text: c.Text, Version: c.Version, Given: v.agreed})
	}
	r.payloads.add("submission_payloads", "submission_id", v.id, "address", p.ad.Normal, "typed", p.ad.Typed, "answers", p.answers, "consents", consents,
		"flags", []string{}, "source", s.sourceOf(v), "block", fmt.Sprintf("198.51.%d.0/24", 100+s.rnd.IntN(2)), "user_agent", p.agent)
	s.report.Submissions++
}

func (s *sower) sourceOf(v *seedVisit) store.Source {
	return store.Source{UTMSource: v.source.source, UTMMedium: v.source.medium, UTMCampaign: v.source.campaign, UTMContent: v.source.content,
		Referrer: v.source.referrer, Page: s.app.o.BaseURL + "/g/" + v.gate.slug}
}

// person writes one person with every visit. The first visit's answers are the current ones; a later visit repeats them.
func (r *seedRows) person(s *sower, p *seedPerson) {
	first, last := p.visits[0], p.visits[len(p.visits)-1]
	channel := lead.Channel(first.source.source, first.source.medium, first.source.referrer, s.app.host())
	r.leads.add("leads", "id", p.lead, "company_id", p.company.id, "state", "active", "given_name", p.answers["given_name"], "family_name", p.answers["family_name"],
		"company", p.answers["company"], "job_title", p.answers["job_title"], "tel", "", "country", p.country, "email", p.ad.Normal,
		"first_gate_id", first.gate.gate, "source", channel, "submissions", int32(len(p.visits)), "version", int64(len(p.visits)+1), "created_at", first.at, "last_at", last.at)
	r.addresses.add("lead_addresses", "id", p.address, "lead_id", p.lead, "address", p.ad.Normal, "typed", p.ad.Typed, "strict_key", p.ad.Strict,
		"domain", p.ad.Domain, "confirmed_at", p.confirmed, "link_serial", int32(1), "created_at", first.at)
	r.grants.add("grants", "id", p.grant, "address_id", p.address, "document_id", first.gate.document, "gate_id", first.gate.gate, "serial", int32(1),
		"expires_at", s.expiry(last), "created_at", first.at.Add(time.Second))
	for i, v := range p.visits {
		r.submission(s, p, v, seedVerdict{verdict: "pass", reasons: []store.Reason{}, state: store.StateProcessed, at: v.at.Add(time.Second)})
		r.facts(s, p, v, i == 0)
		r.mail(s, p, v)
		r.traffic(s, p, v)
	}
	r.taken(s, p)
	r.says(s, p, s.questions[first.gate.document])
}

func (s *sower) expiry(v *seedVisit) time.Time {
	return v.at.Add(time.Second).Add(LinkLife(v.gate.def))
}

func (r *seedRows) facts(s *sower, p *seedPerson, v *seedVisit, first bool) {
	state := "claimed"
	if v.take != nil {
		state = "confirmed"
	}
	for _, field := range []string{"given_name", "family_name", "company", "job_title", "country"} {
		if value := p.answers[field]; value != "" {
			r.values.add("lead_values", "id", s.id(v.at), "lead_id", p.lead, "address_id", p.address, "submission_id", v.id, "field", field, "value", value,
				"state", state, "current", first, "known_at", v.at, "confirmed_at", v.take)
		}
	}
	for _, c := range v.gate.def.Form.Consents {
		r.consents.add("consents", "id", s.id(v.at), "lead_id", p.lead, "address_id", p.address, "submission_id", v.id, "purpose", c.Key, "text", c.Text,
			"text_version", c.Version, "language", v.gate.def.Language, "given", v.agreed, "state", state, "how", "form", "at", v.at, "confirmed_at", v.take)
	}
	src := s.sourceOf(v)
	r.visits.add("visits", "id", s.id(v.at), "submission_id", v.id, "lead_id", p.lead, "at", v.at, "page", src.Page, "referrer", src.Referrer,
		"utm_source", src.UTMSource, "utm_medium", src.UTMMedium, "utm_campaign", src.UTMCampaign, "utm_term", "", "utm_content", src.UTMContent,
		"channel", lead.Channel(src.UTMSource, src.UTMMedium, src.Referrer, s.app.host()))
}

// The figures of delivery are those of the provider's events (see package email).
var seedRanks = map[string]int16{"": 0, "deferred": 20, "delivered": 30, "bounced": 80}

func (r *seedRows) mail(s *sower, p *seedPerson, v *seedVisit) {
	made, sent := v.at.Add(time.Second), v.at.Add(2*time.Second)
	told := sent.Add(time.Duration(1+s.rnd.IntN(9)) * time.Second).Truncate(time.Second)
	var delivery *time.Time
	reason := ""
	if v.fate != "" {
		delivery = &told
	}
	if v.fate == "bounced" {
		reason = "550 5.1.1 there is no such mailbox"
	}
	provider := "seed-" + v.message.String()
	r.messages.add("messages", "id", v.message, "kind", "requested", "template", "requested", "submission_id", v.id, "seq", int32(1), "lead_id", p.lead,
		"address_id", p.address, "grant_id", p.grant, "document_id", v.gate.document, "gate_id", v.gate.gate, "state", store.MessageSent, "reason", reason,
		"due_at", made, "link_serial", int32(1), "link_expires_at", s.expiry(v), "transport", seedTransport, "provider_message_id", provider,
		"delivery", v.fate, "delivery_rank", seedRanks[v.fate], "delivery_at", delivery, "tries", int32(1), "second_send", false, "data", map[string]any{},
		"created_at", made, "sent_at", sent, "state_at", sent)
	r.attempts.add("attempts", "id", s.id(made), "message_id", v.message, "number", int32(1), "transport", seedTransport, "worker", "seed", "started_at", made,
		"lease_until", made.Add(20*time.Second), "finished_at", sent, "outcome", "accepted", "status", int32(202), "provider_message_id", provider, "reason", "")
	r.outcomes.add("outcomes", "submission_id", v.id, "lead_id", p.lead, "address_id", p.address, "grant_id", p.grant, "message_id", v.message, "joined", false, "processed_at", made)
	s.report.Messages++
	if v.fate != "" {
		r.event(s, v, told, reason)
	}
	if v.fate == "bounced" {
		r.suppressions.add("suppressions", "address_key", s.app.addressKeys(p.ad.Normal)[0], "kind", "hard_bounce", "reason", reason, "message_id", v.message, "at", told)
	}
}

func (r *seedRows) event(s *sower, v *seedVisit, at time.Time, reason string) {
	id := s.id(at)
	kind := v.fate
	if kind == "bounced" {
		kind = "bounce"
	}
	raw, _ := json.Marshal(map[string]any{"event": kind, "sg_event_id": id.String(), "timestamp": at.Unix(), "message_id": v.message.String(), "kind": "requested"})
	r.events.add("provider_events", "event_id", id.String(), "at", at, "received_at", at, "provider", seedTransport, "type", kind, "message_id", v.message,
		"machine", false, "reason", reason, "raw", string(raw))
}

// traffic is who opened the link: scanners within two seconds, people later.
func (r *seedRows) traffic(s *sower, p *seedPerson, v *seedVisit) {
	hit := func(at time.Time, kind, label, reason, agent string) {
		r.hits.add("hits", "id", s.id(at), "at", at, "grant_id", p.grant, "kind", kind, "label", label, "reason", reason, "block", "198.51.100.0/24", "user_agent", agent)
	}
	if v.scanned && v.fate == "delivered" {
		hit(v.at.Add(3*time.Second), "view", "machine", "too-soon", seedScanner)
	}
	if v.view != nil {
		hit(*v.view, "view", "likely", "opened", p.agent)
	}
	if v.take != nil {
		hit(*v.take, v.kind, "human", "pressed", p.agent)
		hit(v.take.Add(time.Second), "file", "likely", "opened", p.agent)
	}
}

// taken is one row for each way in which the person took the document, however often.
func (r *seedRows) taken(s *sower, p *seedPerson) {
	for _, kind := range []string{"download", "read"} {
		var first *seedVisit
		var taken []time.Time
		for _, v := range p.visits {
			if v.take == nil || v.kind != kind {
				continue
			}
			if first == nil {
				first = v
			}
			taken = append(taken, *v.take)
		}
		if first == nil {
			continue
		}
		slices.SortFunc(taken, time.Time.Compare)
		at, until := taken[0], taken[len(taken)-1]
		id := s.id(at)
		for _, back := range taken[1:] {
			r.returns.add("document_returns", "id", s.id(back), "download_id", id, "at", back)
		}
		r.downloads.add("downloads", "id", id, "grant_id", p.grant, "lead_id", p.lead, "document_id", first.gate.document, "document_version_id", first.gate.file,
			"gate_id", first.gate.gate, "kind", kind, "at", at, "last_at", until, "times", int32(len(taken)))
		s.report.Downloads++
	}
}
