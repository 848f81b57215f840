package app_test

import (
	"strings"
	"testing"
	"time"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/testkit"
)

// healthy is a database in which something of everything happened.
func healthy(t *testing.T) *testkit.Kit {
	t.Helper()
	k := testkit.New(t)
	k.Take(testkit.Submit("ann@one.example"))
	k.Deliver()
	k.Clock.Move(time.Second)
	again := testkit.Submit("ann@one.example")
	again.Input.Fields["job_title"] = "Chair"
	k.Take(again) // held: the same document went a moment ago
	robot := testkit.Submit("robot@two.example")
	robot.Honeypot, robot.UserAgent, robot.Language = "filled", "curl/8.0", ""
	if res, err := k.App.SubmitForm(t.Context(), robot); err != nil || res.Status != "quarantined" {
		t.Fatalf("the robot was not quarantined: %+v, %v", res, err)
	}
	if _, err := k.App.SubmitForm(t.Context(), testkit.Submit("waiting@three.example")); err != nil {
		t.Fatal(err)
	}
	k.Clock.Move(time.Hour)
	return k
}

func verify(t *testing.T, k *testkit.Kit) app.VerifyReport {
	t.Helper()
	r, err := k.App.Verify(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestVerifyFindsAHealthyDatabaseClean(t *testing.T) {
	k := healthy(t)
	r := verify(t, k)
	if !r.OK() {
		t.Fatalf("unexplained: %+v", r.Unexplained)
	}
	for _, l := range r.Counts {
		sum := 0
		for _, p := range l.Parts {
			sum += p.N
		}
		if sum != l.Total {
			t.Errorf("%s: %d is not the sum of %+v", l.What, l.Total, l.Parts)
		}
	}
	if l := r.Counts[0]; l.Total != 4 {
		t.Errorf("submissions: %+v", l)
	}
}

func TestVerifyNamesEachKindOfDamage(t *testing.T) {
	for _, c := range []struct{ kind, damage, says string }{
		{"submissions", "delete from river_job where kind = 'submission_accept'", "waits to be processed"},
		{"payloads of submissions", "delete from submission_payloads where address like 'ann@%'", "is gone"},
		{"payloads of submissions", "update submissions set state = 'erased' where state = 'quarantined'", "is still here"},
		{"results of processed submissions", "delete from outcomes", "nothing says what came of it"},
		{"results of processed submissions", "update outcomes set message_id = null", "is missing"},
		{"results of processed submissions", "update outcomes set grant_id = null", "is missing"},
		{"results", "update submissions set state = 'discarded' where state = 'processed'", "does not count as processed"},
		{"leads", "update leads set submissions = submissions + 1", "another number of submissions"},
		{"messages", "update attempts set outcome = 'refused'", "no try was accepted"},
		{"messages", "delete from river_job where kind = 'message_deliver'", "no job will send it"},
		{"messages", "update messages set state = 'ended', reason = '' where state = 'sent'", "nothing says why"},
		{"messages accepted more than once", `insert into attempts select gen_random_uuid(), message_id, number + 1, transport, worker, started_at, lease_until,
			finished_at, outcome, status, provider_message_id, reason from attempts`, "not marked as a second send"},
		{"tries", `with m as (update messages set state = 'sending' where state = 'sent' returning id), j as (delete from river_job where kind = 'message_deliver')
			update attempts set outcome = 'open', finished_at = null where message_id in (select id from m)`, "never closed"},
		{"downloads", `insert into downloads select gen_random_uuid(), g.id, a.lead_id, g.document_id, d.current_version_id, g.gate_id, 'read', now(), now(), 1
			from grants g join lead_addresses a on a.id = g.address_id join documents d on d.id = g.document_id`, "no request that it came from"},
		{"keys of requests", "update once_keys set submission_id = gen_random_uuid()", "does not exist"},
		{"jobs", "update river_job set state = 'discarded', finalized_at = now() where kind = 'message_deliver'", "failed too often"},
	} {
		t.Run(c.kind+"/"+c.says, func(t *testing.T) {
			k := healthy(t)
			if err := k.Store.DB(t.Context()).Exec(c.damage).Error; err != nil {
				t.Fatal(err)
			}
			r := verify(t, k)
			found := false
			for _, i := range r.Unexplained {
				found = found || i.Kind == c.kind && i.ID != "" && strings.Contains(i.Sentence, c.says)
			}
			if !found || r.OK() {
				t.Errorf("not named: %+v", r.Unexplained)
			}
			if r.Total < len(r.Unexplained) {
				t.Errorf("%d in all, %d named", r.Total, len(r.Unexplained))
			}
		})
	}
}

func TestVerifyCountsAMarkedSecondSendAsExplained(t *testing.T) {
	k := healthy(t)
	err := k.Store.DB(t.Context()).Exec(`with a as (insert into attempts select gen_random_uuid(), message_id, number + 1, transport, worker, started_at,
		lease_until, finished_at, outcome, status, provider_message_id, reason from attempts returning message_id)
		update messages set second_send = true where id in (select message_id from a)`).Error
	if err != nil {
		t.Fatal(err)
	}
	if r := verify(t, k); !r.OK() {
		t.Errorf("unexplained: %+v", r.Unexplained)
	}
}

func TestVerifyNamesFiftyAndCountsAll(t *testing.T) {
	k := testkit.New(t)
	err := k.Store.DB(t.Context()).Exec(`insert into once_keys select decode(lpad(to_hex(n), 8, '0'), 'hex'), '', gen_random_uuid(), now() from generate_series(1, 60) n`).Error
	if err != nil {
		t.Fatal(err)
	}
	if r := verify(t, k); r.Total != 60 || len(r.Unexplained) != 50 {
		t.Errorf("%d in all, %d named", r.Total, len(r.Unexplained))
	}
}
