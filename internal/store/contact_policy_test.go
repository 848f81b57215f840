package store_test

import (
	"testing"

	"github.com/gatehouse/gatehouse/internal/store"
	"github.com/gatehouse/gatehouse/internal/testkit"
)

// What an earlier version wrote as sentences, or did not ask, is data: who sent a mail, which reasons are open, what a basis
// covers.
func TestContactPolicyIsFilledIn(t *testing.T) {
	ctx := t.Context()
	s, err := store.Open(ctx, store.Options{URL: testkit.EmptyURL(t)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	if err := s.MigrateTo(ctx, 16); err != nil {
		t.Fatal(err)
	}
	exec := func(sql string, args ...any) {
		t.Helper()
		if err := s.DB(ctx).Exec(sql, args...).Error; err != nil {
			t.Fatal(err)
		}
	}
	user := store.NewID()
	exec(`insert into users (id, email, name, role, password_hash, session_epoch, version, created_at) values (?, 'rep@gatehouse.example', 'Rep', 'sales', '', 1, 1, now())`, user)
	for _, x := range []struct{ basis, company, covers string }{
		{"consent", "", `["call", "mail", "meeting", "letter"]`}, {"contract", "", `["call", "mail", "meeting", "letter"]`},
		{"legitimate-interest", "Archer", `["call", "meeting", "letter"]`}, {"legitimate-interest", "", `["meeting", "letter"]`},
	} {
		id := store.NewID()
		exec(`insert into leads (id, state, given_name, family_name, company, job_title, tel, country, email, source, submissions, version, created_at, last_at)
			values (?, 'active', '', ?, ?, '', '', '', '', '', 0, 1, now(), now())`, id, x.covers, x.company)
		exec("insert into lead_origins (lead_id, kind, legal_basis, note, at) values (?, 'fair', ?, '', now())", id, x.basis)
	}
	const none = "None was given: the mail was sent from another program."
	for _, x := range []struct{ how, why, beyond, reason, want string }{
		{"reply", "It came from the lead's own address; nobody verified the sender.", "", "", "unverified, not asked, not given"},
		{"reply", "It came from the lead's own address; the receiving server verified the sender.", "", "", "verified, not asked, not given"},
		{"bcc", "A copy went to the lead's own address; the receiving server verified the sender.", "choice", none, "verified, asked, not given"},
		{"typed", "They asked.", "choice", none, ", not asked, given"}, // somebody's own words, whatever they are
		{"typed", "They asked.", "", "", ", not asked, not given"},
	} {
		exec(`insert into activities (id, lead_id, user_id, kind, direction, text, how, why, beyond, beyond_reason, at, recorded_at)
			select gen_random_uuid(), id, ?, 'mail', 'out', ?, ?, ?, ?, ?, now(), now() from leads limit 1`, user, x.want, x.how, x.why, x.beyond, x.reason)
	}
	if _, err := s.Migrate(ctx); err != nil {
		t.Fatal(err)
	}
	var wrong []string
	err = s.DB(ctx).Raw(`select text || ': ' || got from (select text, sender || case when reason_asked_at is null then ', not asked' else ', asked' end
			|| case when reason_given_at is null and reason_given_by is null and beyond_reason = '' then ', not given' else ', given' end as got from activities) a where got <> text
		union all select l.family_name || ': ' || o.covers::text from lead_origins o join leads l on l.id = o.lead_id where o.covers::text <> l.family_name`).Scan(&wrong).Error
	if err != nil || len(wrong) > 0 {
		t.Errorf("%q, %v", wrong, err)
	}
}
