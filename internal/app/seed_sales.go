package app

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/gatehouse/gatehouse/internal/email"
	"github.com/gatehouse/gatehouse/internal/lead"
	"github.com/gatehouse/gatehouse/internal/store"
)

// seedReps sell in the demonstration: who they are, which team, and for which share of its leads.
var seedReps = []struct {
	name, email, title, team string
	weight                   int
}{
	{"Ana Keller", "ana.keller@sales.example", "Account director", "Central Europe", 2},
	{"Ben Whitfield", "ben.whitfield@sales.example", "Account manager", "British Isles and the rest", 2},
	{"Cleo Marchetti", "cleo.marchetti@sales.example", "Account manager", "Central Europe", 1},
	{"Dan Okafor", "dan.okafor@sales.example", "Account director", "British Isles and the rest", 2},
	{"Eva Lindqvist", "eva.lindqvist@sales.example", "Account manager", "Central Europe", 1},
	{"Finn Gallagher", "finn.gallagher@sales.example", "Junior account manager", "British Isles and the rest", 1},
}

// seller is one of them as the rows know them.
type seller struct {
	id, team uuid.UUID
	name     string
	teamName string
	weight   int
	turns    map[time.Time]int // by period
	last     time.Time
}

// sell scores everybody who was sown, and takes those who qualify through the hands of sales: assigned, accepted or
// returned, planned, called, won or lost. All of it is over or waits for a person; no job is made and nothing is sent.
func (s *sower) sell(ctx context.Context, leads []uuid.UUID) error {
	sellers, err := s.sellers(ctx)
	if err != nil {
		return s.app.store.Translate(err)
	}
	for some := range slices.Chunk(leads, seedBatch) {
		var run *scoreRun
		err := s.app.store.Tx(ctx, func(tx *store.Tx) (err error) {
			run, err = s.app.scoreOnly(tx, some)
			return err
		})
		if err != nil {
			return err
		}
		if run == nil {
			return nil // no rules are published
		}
		if err := s.backdate(ctx, run); err != nil {
			return s.app.store.Translate(err)
		}
		at := map[uuid.UUID]time.Time{}
		people := map[uuid.UUID]*store.LeadRecord{}
		for i := range run.records {
			people[run.records[i].ID] = &run.records[i]
		}
		for _, id := range run.qualified {
			at[id] = s.qualifiedAt(people[id])
		}
		slices.SortFunc(run.qualified, func(a, b uuid.UUID) int { return at[a].Compare(at[b]) })
		for _, id := range run.qualified {
			s.sale(sellers, people[id], at[id])
		}
		if err := s.write(ctx, s.app); err != nil {
			return err
		}
		if err := s.own(ctx); err != nil {
			return s.app.store.Translate(err)
		}
	}
	if err := s.places(ctx, sellers); err != nil {
		return err
	}
	return s.route(ctx, sellers)
}

// qualifiedAt is when a lead reached the threshold: a minute after the last thing that it did.
func (s *sower) qualifiedAt(r *store.LeadRecord) time.Time {
	at := history(r, s.end, true).Newest().Add(time.Minute)
	if latest := s.end.Add(-3 * time.Minute); at.After(latest) {
		at = latest
	}
	return at
}

// backdate lets scores have come about when people came, not when the data was sown. Their ids are the seed's own.
func (s *sower) backdate(ctx context.Context, run *scoreRun) error {
	batch := &pgx.Batch{}
	qualified := map[uuid.UUID]bool{}
	for _, id := range run.qualified {
		qualified[id] = true
	}
	for i := range run.records {
		r := &run.records[i]
		at := s.qualifiedAt(r)
		batch.Queue("update score_changes set at = $2, id = $3 where lead_id = $1", r.ID, at, s.id(at))
		if qualified[r.ID] {
			batch.Queue("update scores set qualified_at = $2 where lead_id = $1", r.ID, at)
		}
	}
	return s.app.store.Pool().SendBatch(ctx, batch).Close()
}

// own writes down in whose hands the leads are, or were last.
func (s *sower) own(ctx context.Context) error {
	batch := &pgx.Batch{}
	for _, o := range s.owners {
		batch.Queue("update leads set owner_id = $2 where id = $1", o[0], o[1])
	}
	s.owners = nil
	return s.app.store.Pool().SendBatch(ctx, batch).Close()
}

// sellers makes the reps and their teams, or finds those of an earlier seed.
func (s *sower) sellers(ctx context.Context) ([]*seller, error) {
	pool := s.app.store.Pool()
	for _, r := range seedReps {
		_, err := pool.Exec(ctx, `insert into users (id, email, name, role, password_hash, session_epoch, version, created_at) values ($1, $2, $3, 'sales', '', 1, 1, $4) on conflict do nothing`,
			s.id(s.start), r.email, r.name, s.start)
		if err != nil {
			return nil, err
		}
		_, err = pool.Exec(ctx, `insert into teams (id, name, version, created_at) select $1, $2, 1, $3 where not exists (select 1 from teams where lower(name) = lower($2) and archived_at is null)`,
			s.id(s.start), r.team, s.start)
		if err != nil {
			return nil, err
		}
		_, err = pool.Exec(ctx, `insert into team_members (team_id, user_id, weight, daily_capacity, joined_at) select t.id, u.id, $3, 0, $4 from teams t, users u
			where t.name = $1 and t.archived_at is null and u.email = $2 on conflict do nothing`, r.team, r.email, r.weight, s.start)
		if err != nil {
			return nil, err
		}
		_, err = pool.Exec(ctx, `insert into user_profiles (user_id, job_title, tel, booking_url, photo_key, time_zone, hours, holiday_region, version, updated_at)
			select id, $2, '', '', '', '', '[]', '', 1, $3 from users where email = $1 on conflict do nothing`, r.email, r.title, s.start)
		if err != nil {
			return nil, err
		}
	}
	var out []*seller
	for _, r := range seedReps {
		x := &seller{name: r.name, teamName: r.team, weight: r.weight, turns: map[time.Time]int{}}
		err := pool.QueryRow(ctx, `select u.id, t.id from users u, teams t where u.email = $1 and t.name = $2 and t.archived_at is null`, r.email, r.team).Scan(&x.id, &x.team)
		if err != nil {
			return nil, err
		}
		out = append(out, x)
	}
	return out, nil
}

// What reps write down, and what the plan agrees.
var (
	seedSteps = []struct {
		channel, title string
		days           int
	}{{"mail", "Write in two lines what their question has to do with us", 0}, {"call", "Call about what they marked as theirs", 2},
		{"mail", "Send the one figure that we talked about", 5}, {"call", "Agree on the next step, or part as friends", 9}}
	seedNotes = []string{"Called, wants the figures for their own sector", "Reached the assistant, call again on Thursday", "Sent the one-page answer",
		"Good talk: the budget is decided in March", "They compare us with their agency", "Asked for two references", "Met at their office, the head of finance was there"}
	seedReturns = []weighted[string]{{5, "not-a-buyer"}, {4, "no-need"}, {4, "unreachable"}, {3, "not-now"}, {2, "student-or-competitor"}, {1, "wrong-data"}}
	seedLost    = []weighted[string]{{5, "no-decision"}, {4, "timing"}, {3, "competitor"}, {2, "price"}, {1, "no-fit"}}
	seedWon     = []weighted[string]{{4, "trust"}, {3, "plan"}, {3, "fit"}, {1, "price"}}
)

// sale is what becomes of one qualified lead.
func (s *sower) sale(sellers []*seller, r *store.LeadRecord, at time.Time) {
	x, reason := s.turn(sellers, r.Country, at)
	c := &seedCase{s: s, lead: r, seller: x, id: s.id(at), at: at, reason: reason, state: store.AssignmentOpen, decided: s.atWork(at, 20+s.rnd.IntN(400))}
	c.over(s.end)
	c.write()
}

// seedCase is one assignment with what hangs on it.
type seedCase struct {
	s           *sower
	lead        *store.LeadRecord
	seller      *seller
	id, deal    uuid.UUID
	at, decided time.Time
	reason      string
	state       string
	responded   *time.Time
	accepted    *time.Time
	closed      *time.Time
	why         string // it was closed
	stage       string
	dealState   string
	value       int64
	planned     bool
	only        string // the one way in which they want to be met: "mail", "none", or "" for any
	touches     []time.Time
}

// over decides how far the case has come by now. A plan and people who depart from it make a win likelier; that is the
// product's belief, and demonstration data may show it.
func (c *seedCase) over(now time.Time) {
	rnd := c.s.rnd
	if c.decided.After(now.Add(-time.Minute)) {
		return
	}
	c.planned = rnd.IntN(4) > 0
	for _, e := range c.lead.Events {
		if e.Kind == lead.EventChoice && (e.Detail == lead.ByMail || e.Detail == lead.ByNobody) {
			c.only = e.Detail
		}
	}
	if answered := c.decided; c.only != lead.ByNobody {
		c.responded = &answered
	}
	if rnd.IntN(10) < 3 || c.only == lead.ByNobody {
		c.state, c.closed, c.why = store.AssignmentReturned, &c.decided, pick(c.s, seedReturns)
		return
	}
	c.state, c.accepted, c.deal = store.AssignmentAccepted, &c.decided, c.s.id(c.decided)
	c.value = int64(4+rnd.IntN(90)) * 50_000
	c.touches = append(c.touches, c.decided)
	for next := c.decided; len(c.touches) < 6 && rnd.IntN(3) > 0 && c.only == ""; {
		if next = c.s.atWork(next.AddDate(0, 0, 1+rnd.IntN(6)), rnd.IntN(300)); next.After(now) {
			break
		}
		c.touches = append(c.touches, next)
	}
	length := time.Duration(8+rnd.IntN(50)) * 24 * time.Hour
	chance := 15
	if c.planned {
		chance += 12
	}
	if len(c.touches) > 2 {
		chance += 15
	}
	end := c.s.atWork(c.decided.Add(length), rnd.IntN(300))
	switch {
	case !end.Before(now):
		c.stage, c.dealState = []string{"discovery", "proposal", "negotiation"}[min(2, int(3*now.Sub(c.decided)/length))], "open"
	case rnd.IntN(100) < chance:
		c.stage, c.dealState, c.why = "won", "won", pick(c.s, seedWon)
	default:
		c.stage, c.dealState, c.why = "lost", "lost", pick(c.s, seedLost)
	}
	if c.dealState != "open" {
		c.state, c.closed = store.AssignmentClosed, &end
	}
}

func (c *seedCase) write() {
	rows := &c.s.rows
	var seconds *int32
	kind := ""
	if c.responded != nil {
		n := int32(c.s.office().WorkingBetween(c.at, *c.responded).Seconds())
		seconds, kind = &n, c.kind(0)
	}
	alert := c.s.id(c.at)
	rows.messages.add("messages", "id", alert, "kind", "staff", "template", email.TemplateAssigned, "seq", int32(1), "lead_id", c.lead.ID, "user_id", c.seller.id, "state", store.MessageSent, "reason", "",
		"due_at", c.at, "link_serial", int32(0), "transport", seedTransport, "provider_message_id", "", "delivery", "", "delivery_rank", int16(0), "tries", int32(1), "second_send", false,
		"data", map[string]any{"assignment": c.id.String()}, "created_at", c.at, "sent_at", c.at, "state_at", c.at)
	closeReason := c.why
	if c.dealState != "" {
		closeReason = c.dealState
	}
	if c.closed == nil {
		closeReason = ""
	}
	rows.assignments.add("assignments", "id", c.id, "lead_id", c.lead.ID, "owner_id", c.seller.id, "team_id", c.seller.team, "answering_team_id", c.seller.team, "rule_key", c.seller.rule(), "how", "rule", "reason", c.reason,
		"reason_data", map[string]any{}, "state", c.state, "period", month(c.at), "at", c.at, "clock_from", c.s.atWork(c.at, 0), "first_response_at", c.responded, "first_response_by", c.by(), "first_response_kind", kind,
		"response_seconds", seconds, "accepted_at", c.accepted, "closed_at", c.closed, "close_reason", closeReason, "close_note", "", "alert_message_id", alert, "version", int64(1))
	c.s.owners = append(c.s.owners, [2]uuid.UUID{c.lead.ID, c.seller.id})
	c.plan()
	if c.dealState == "" {
		return
	}
	title := orElse(c.lead.Company, orElse(c.lead.Lead.GivenName+" "+c.lead.FamilyName, c.lead.Email))
	stageAt, reason := *c.accepted, ""
	if c.closed != nil {
		stageAt, reason = *c.closed, c.why
	} else if c.stage != "discovery" {
		stageAt = c.touches[len(c.touches)-1]
	}
	rows.deals.add("deals", "id", c.deal, "lead_id", c.lead.ID, "company_id", c.lead.CompanyID, "assignment_id", c.id, "owner_id", c.seller.id, "title", title, "stage", c.stage, "state", c.dealState,
		"value", c.value, "currency", c.s.currency, "expected_on", c.accepted.AddDate(0, 0, 45).Truncate(24*time.Hour), "reason", reason, "reason_note", "", "position", float64(c.accepted.Unix()), "opened_at", c.accepted,
		"stage_at", stageAt, "closed_at", c.closed, "version", int64(1), "updated_at", stageAt)
	rows.changes.add("deal_changes", "id", c.s.id(*c.accepted), "deal_id", c.deal, "at", c.accepted, "by_id", c.seller.id, "how", "staff", "from_stage", "", "to_stage", "discovery", "fields", map[string]any{}, "version", int64(1))
	if c.stage != "discovery" {
		rows.changes.add("deal_changes", "id", c.s.id(stageAt), "deal_id", c.deal, "at", stageAt, "by_id", c.seller.id, "how", "staff", "from_stage", "discovery", "to_stage", c.stage, "fields", map[string]any{}, "version", int64(1))
	}
	for i, at := range c.touches {
		kind := c.kind(i)
		rows.activities.add("activities", "id", c.s.id(at), "lead_id", c.lead.ID, "assignment_id", c.id, "deal_id", c.deal, "user_id", c.seller.id, "kind", kind, "direction", "out",
			"text", seedNotes[c.s.rnd.IntN(len(seedNotes))], "how", "typed", "why", "They asked for the whitepaper and did not object to being contacted.", "beyond", "", "beyond_reason", "", "at", at, "recorded_at", at)
	}
}

// kind is how the owner got in touch, the n-th time.
func (c *seedCase) kind(n int) string {
	if c.only != "" {
		return "mail"
	}
	return []string{"call", "mail", "call", "meeting"}[n%4]
}

func (c *seedCase) by() *uuid.UUID {
	if c.responded == nil {
		return nil
	}
	return &c.seller.id
}

// plan writes the agreed steps; those before today are done, while the case went on.
func (c *seedCase) plan() {
	plan := c.s.id(c.at)
	c.s.rows.plans.add("plans", "id", plan, "lead_id", c.lead.ID, "assignment_id", c.id, "name", "The usual four steps", "left_out", []any{}, "created_at", c.at, "version", int64(1))
	if !c.planned && c.dealState != "" {
		return
	}
	for i, step := range seedSteps {
		if c.only != "" && i > 0 {
			break // they asked for one mail
		}
		at, _ := c.s.office().AddDays(c.at, step.days)
		due := c.s.endOfWork(at)
		var done, skipped *time.Time
		var by *uuid.UUID
		until := c.s.end
		if c.closed != nil {
			until = *c.closed
		}
		switch {
		case at.Before(until) && c.dealState != "" && c.s.rnd.IntN(8) > 0:
			done, by = &at, &c.seller.id
		case c.closed != nil:
			skipped = c.closed
		}
		c.s.rows.steps.add("steps", "id", c.s.id(due), "plan_id", plan, "lead_id", c.lead.ID, "owner_id", c.seller.id, "number", int32(i+1), "channel", step.channel, "title", step.title,
			"due_at", due, "done_at", done, "done_by", by, "skipped_at", skipped, "version", int64(1))
	}
}

// says lets some who opened the document say something on its page.
func (r *seedRows) says(s *sower, p *seedPerson, questions []store.DocumentQuestion) {
	if p.confirmed == nil || len(questions) == 0 || s.rnd.IntN(5) > 0 {
		return
	}
	at := p.confirmed.Add(time.Duration(2+s.rnd.IntN(30)) * time.Minute)
	if at.After(s.end.Add(-4 * time.Minute)) {
		return
	}
	doc := p.visits[0].gate.document
	say := func(kind, text string, question *uuid.UUID) {
		r.sayings.add("sayings", "id", s.id(at), "lead_id", p.lead, "address_id", p.address, "document_id", doc, "question_id", question, "kind", kind, "text", text,
			"page", "personal", "state", "confirmed", "at", at, "confirmed_at", at)
	}
	first := s.rnd.IntN(len(questions))
	say("ours", questions[first].Text, &questions[first].ID)
	if second := (first + 3) % len(questions); second != first && s.rnd.IntN(3) == 0 {
		say("ours", questions[second].Text, &questions[second].ID)
	}
	if s.rnd.IntN(4) == 0 {
		say("ask", []string{"How do you count people who came twice?", "Does this work without a CRM?", "What did the others spend per lead?"}[s.rnd.IntN(3)], nil)
	}
	how := []string{"mail", "mail", "booking", "none"}[s.rnd.IntN(4)] // nobody of the demonstration has a telephone
	r.choices.add("contact_choices", "id", s.id(at), "lead_id", p.lead, "address_id", p.address, "how", how, "slots", []store.Slot{}, "tel", "", "page", "personal", "state", "confirmed",
		"current", true, "at", at, "confirmed_at", at)
}
