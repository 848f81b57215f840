package app_test

import (
	"testing"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/store"
	"github.com/gatehouse/gatehouse/internal/testkit"
)

// happensInSales puts the canary into every place of sales, connectors and of what readers say that may hold a person.
func happensInSales(t *testing.T, k *testkit.Kit, lead uuid.UUID) {
	t.Helper()
	user, assignment, deal, plan, merged := store.NewID(), store.NewID(), store.NewID(), store.NewID(), store.NewID()
	connector, push := store.NewID(), store.NewID()
	text := "said " + canary
	object := `{"name":"` + canary + `"}`
	for _, x := range []struct {
		sql  string
		args []any
	}{
		{`insert into users (id, email, name, role, password_hash, session_epoch, version, created_at) values (?, 'rep@gatehouse.example', 'Rep', 'sales', '', 1, 1, now())`, []any{user}},
		{`insert into assignments (id, lead_id, owner_id, rule_key, how, reason, reason_data, state, period, at, clock_from, first_response_kind, close_reason, close_note, closed_at, version)
			values (?, ?, ?, '', 'by-hand', 'typed by Rep', '{}', 'returned', now(), now(), now(), '', 'no-need', ?, now(), 1)`, []any{assignment, lead, user, text}},
		{`insert into deals (id, lead_id, assignment_id, owner_id, title, stage, state, currency, reason, reason_note, position, opened_at, stage_at, closed_at, version, updated_at)
			values (?, ?, ?, ?, ?, 'lost', 'lost', 'GBP', 'price', ?, 1, now(), now(), now(), 1, now())`, []any{deal, lead, assignment, user, text, text}},
		{`insert into deal_changes (id, deal_id, at, how, from_stage, to_stage, fields, version) values (gen_random_uuid(), ?, now(), 'staff', '', 'lost', ?::jsonb, 1)`, []any{deal, object}},
		{`insert into activities (id, lead_id, user_id, kind, direction, text, how, source_key, why, beyond, beyond_reason, at, recorded_at)
			values (gen_random_uuid(), ?, ?, 'mail', 'out', ?, 'typed', ?, '', '', ?, now(), now())`, []any{lead, user, text, text, text}},
		{`insert into plans (id, lead_id, assignment_id, name, left_out, created_at, version) values (?, ?, ?, 'Plan', '[]', now(), 1)`, []any{plan, lead, assignment}},
		{`insert into steps (id, plan_id, lead_id, owner_id, number, channel, title, due_at, done_at, version) values (gen_random_uuid(), ?, ?, ?, 1, 'call', ?, now(), now(), 1)`, []any{plan, lead, user, text}},
		{`insert into approach_blocks (id, lead_id, channel, reason, at) values (gen_random_uuid(), ?, 'call', ?, now())`, []any{lead, text}},
		{`insert into lead_origins (lead_id, kind, legal_basis, note, at) values (?, 'fair', 'consent', ?, now())`, []any{lead, text}},
		{`insert into leads (id, state, merged_into, given_name, family_name, company, job_title, tel, country, email, source, submissions, version, created_at, last_at)
			values (?, 'merged', ?, ?, '', '', '', '', '', '', '', 0, 1, now(), now())`, []any{merged, lead, text}},
		{`insert into lead_merges (id, from_id, into_id, moved, at) values (gen_random_uuid(), ?, ?, ?::jsonb, now())`, []any{merged, lead, object}},
		{`insert into saved_views (id, user_id, page, name, query, created_at) values (gen_random_uuid(), ?, 'leads', 'One', ?, now())`, []any{user, "q=" + canaryAddress()}},
		{`insert into sayings (id, lead_id, address_id, document_id, kind, text, page, state, at) select gen_random_uuid(), ?, a.id, d.id, 'ask', ?, 'thanks', 'claimed', now()
			from lead_addresses a, documents d where a.lead_id = ? limit 1`, []any{lead, text, lead}},
		{`insert into contact_choices (id, lead_id, address_id, how, slots, tel, page, state, current, at) select gen_random_uuid(), ?, a.id, 'call', jsonb_build_array(?::text), '', 'thanks', 'claimed', true, now()
			from lead_addresses a where a.lead_id = ? limit 1`, []any{lead, text, lead}},
		{`insert into inbound_mails (id, message_id, received_at, sender, lead_id, outcome, raw) values (gen_random_uuid(), ?, now(), ?, ?, 'reply', ?::bytea)`, []any{text, canaryAddress(), lead, text}},
		{`insert into connectors (id, kind, name, state, settings, secrets, mapping, failures, broken_why, cursor, version, created_at, updated_at)
			values (?, 'webhook', 'One', 'off', '{}', '', '{}', 0, '', '', 1, now(), now())`, []any{connector}},
		{`insert into pushes (id, connector_id, object_kind, object_id, revision, type, lead_id, state, reason, payload, remote_id, due_at, tries, created_at, state_at)
			values (?, ?, 'lead', ?, gen_random_uuid(), 'lead.changed', ?, 'done', '', ?::jsonb, '7', now(), 1, now(), now())`, []any{push, connector, lead, lead, object}},
		{`insert into push_attempts (id, push_id, number, worker, started_at, lease_until, finished_at, outcome, status, request, answer)
			values (gen_random_uuid(), ?, 1, '', now(), now(), now(), 'done', 200, ?, ?)`, []any{push, text, text}},
		{`insert into remote_objects (connector_id, object_kind, object_id, remote_kind, remote_id, sent, seen, at) values (?, 'lead', ?, 'lead', '7', ?::jsonb, ?::jsonb, now())`, []any{connector, lead, object, object}},
		{`insert into pulls (id, connector_id, event_key, how, type, object_kind, object_id, body, outcome, reason, at) values (gen_random_uuid(), ?, 'e', 'poll', 'changed', 'lead', ?, ?::jsonb, 'applied', '', now())`, []any{connector, lead, object}},
	} {
		mustExec(t, k, x.sql, x.args...)
	}
}
