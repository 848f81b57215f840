package app_test

import (
	"strings"
	"testing"
	"time"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/email"
	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/testkit"
)

// captured wires a kit whose mails stay here, which is what demonstration data asks for.
func captured(t *testing.T) *testkit.Kit {
	t.Helper()
	return testkit.New(t, func(o *app.Options) { o.Sender = email.NewCapture(app.Inbox{Store: o.Store}, o.Store.Now) })
}

func sow(t *testing.T, k *testkit.Kit, o app.SeedOptions) app.SeedReport {
	t.Helper()
	r, err := k.App.Seed(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestSeedIsSoundAndSendsNothing(t *testing.T) {
	k := captured(t)
	last := 0
	r := sow(t, k, app.SeedOptions{Leads: 1500, Seed: 7, Progress: func(done, total int) {
		if done <= last || total != 1500 {
			t.Errorf("progress %d of %d after %d", done, total, last)
		}
		last = done
	}})
	if r.Leads != 1500 || last != 1500 || r.Quarantined == 0 || r.Downloads == 0 || r.Submissions <= 1500 {
		t.Errorf("%+v, progress ended at %d", r, last)
	}
	if v := verify(t, k); !v.OK() {
		t.Errorf("unexplained: %+v", v.Unexplained)
	}
	for what, sql := range map[string]string{
		"jobs":                           "select count(*) from river_job",
		"captured mails":                 "select count(*) from captured_mails",
		"messages to send":               "select count(*) from messages where state <> 'sent' or transport <> 'seed'",
		"addresses outside .example":     "select count(*) from submission_payloads where address not like '%.example'",
		"company domains elsewhere":      "select count(*) from company_domains where domain not like '%.example'",
		"companies without people":       "select count(*) from companies c where not exists (select 1 from leads l where l.company_id = c.id)",
		"rows of the future":             "select count(*) from messages where greatest(created_at, sent_at, delivery_at) > '2026-03-03 09:00:00Z'",
		"downloads before their request": "select count(*) from downloads d join leads l on l.id = d.lead_id where d.at < l.created_at",
		"hits in the default partition":  "select count(*) from hits_default",
	} {
		if n := k.Count(sql); n != 0 {
			t.Errorf("%d %s", n, what)
		}
	}
	for what, sql := range map[string]string{
		"channels": "select count(distinct channel) from visits", "gates": "select count(distinct gate_id) from submissions",
		"kinds of hits": "select count(distinct label) from hits", "bounces": "select count(*) from messages where delivery = 'bounced'",
		"people who came again": "select count(*) from leads where submissions > 1", "waiting in quarantine": "select 1 + count(*) from submissions where state = 'quarantined'",
	} {
		if n := k.Count(sql); n < 2 && what != "waiting in quarantine" {
			t.Errorf("%d %s", n, what)
		}
	}
	weekend := k.Count("select count(*) from submissions where extract(isodow from received_at) > 5")
	if weekend*5 > r.Submissions {
		t.Errorf("%d of %d submissions at weekends", weekend, r.Submissions)
	}
}

func TestTheSameSeedGivesTheSameRows(t *testing.T) {
	var seen []map[string]string
	for range 2 {
		k := captured(t)
		// What an installation makes by itself has ids of its own.
		sow(t, k, app.SeedOptions{Leads: 40, Days: 30, Seed: 11})
		all := dump(t, k)
		seen = append(seen, map[string]string{})
		for _, c := range []string{"leads.id", "leads.family_name", "lead_addresses.address", "submissions.id", "submissions.received_at", "messages.id", "visits.channel", "hits.id", "companies.name"} {
			seen[len(seen)-1][c] = all[c]
		}
	}
	for c, text := range seen[0] {
		if text == "" || text != seen[1][c] {
			t.Errorf("%s differs", c)
		}
	}
}

func TestSeedKeepsAwayFromRealPeople(t *testing.T) {
	sending := testkit.New(t)
	if _, err := sending.App.Seed(t.Context(), app.SeedOptions{Leads: 3}); !errs.Is(err, errs.Conflict) || !strings.Contains(err.Error(), "sends mail") {
		t.Errorf("an installation that sends: %v", err)
	}
	k := captured(t)
	sow(t, k, app.SeedOptions{Leads: 30, Seed: 1})
	if _, err := k.App.Seed(t.Context(), app.SeedOptions{Leads: 30, Seed: 1}); !errs.Is(err, errs.Conflict) {
		t.Errorf("the same seed again: %v", err)
	}
	sow(t, k, app.SeedOptions{Leads: 30, Seed: 2})
	k.Take(testkit.Submit("real@person.example"))
	if _, err := k.App.Seed(t.Context(), app.SeedOptions{Leads: 30, Seed: 3}); !errs.Is(err, errs.Conflict) || !strings.Contains(err.Error(), "real leads") {
		t.Errorf("beside real leads: %v", err)
	}
	sow(t, k, app.SeedOptions{Leads: 30, Seed: 3, Force: true})
	for _, o := range []app.SeedOptions{{Leads: 0}, {Leads: -1}, {Leads: 1, Days: -1}, {Leads: 1, Days: 9999}} {
		if _, err := k.App.Seed(t.Context(), o); !errs.Is(err, errs.Invalid) {
			t.Errorf("%+v: %v", o, err)
		}
	}
	k.Clock.Move(time.Hour)
	if v := verify(t, k); !v.OK() && v.Total > 0 {
		t.Errorf("unexplained: %+v", v.Unexplained)
	}
}
