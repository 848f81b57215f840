package app_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/jobs"
	"github.com/gatehouse/gatehouse/internal/testkit"
)

func TestALateEventBringsNobodyBack(t *testing.T) {
	k, id := everything(t)
	message := uuid.MustParse(oneText(t, k, "select id::text from messages where lead_id = ? and state = 'sent'", id))
	if _, err := k.App.EraseLead(t.Context(), id, byTest); err != nil {
		t.Fatal(err)
	}
	if err := k.App.KeepEvents(t.Context(), "sendgrid", bounce(message, "after", k.Clock.Now())); err != nil {
		t.Fatal(err)
	}
	applyAll(t, k)
	for _, c := range []string{"provider_events.raw", "provider_events.reason", "messages.reason", "suppressions.reason"} {
		if strings.Contains(strings.ToLower(dump(t, k)[c]), canary) {
			t.Errorf("%s holds the person again", c)
		}
	}
	if n := k.Count("select count(*) from suppressions"); n != 1 {
		t.Errorf("%d suppressions", n)
	}
}

func TestEventsAreKeptWithoutThePersonAndStillWork(t *testing.T) {
	k := testkit.New(t)
	k.Take(theCanary())
	k.Deliver()
	message := uuid.MustParse(oneText(t, k, "select id::text from messages"))
	if err := k.App.KeepEvents(t.Context(), "sendgrid", bounce(message, "one", k.Clock.Now())); err != nil {
		t.Fatal(err)
	}
	raw := oneText(t, k, "select raw::text from provider_events")
	for _, word := range []string{canaryAddress(), "203.0.113.9", "useragent", "smtp-id", "url"} {
		if strings.Contains(raw, word) {
			t.Errorf("%s is kept: %s", word, raw)
		}
	}
	if err := k.App.KeepEvents(t.Context(), "sendgrid", []byte(`[null, 7, {"email":"`+canaryAddress()+`"}]`)); err != nil {
		t.Fatalf("what is no event: %v", err)
	}
	applyAll(t, k)
	if got := oneText(t, k, "select delivery from messages"); got != "bounced" {
		t.Errorf("delivery is %q", got)
	}
	if n := k.Count("select count(*) from suppressions where kind = 'hard_bounce'"); n != 1 {
		t.Error("the bounce suppresses nothing")
	}
}

func applyAll(t *testing.T, k *testkit.Kit) {
	t.Helper()
	for _, j := range applyJobs(t, k) {
		if err := k.App.ApplyEvents(t.Context(), j); err != nil {
			t.Fatal(err)
		}
	}
}

// applyJobs are the jobs that wait to apply events.
func applyJobs(t *testing.T, k *testkit.Kit) (out []jobs.ApplyEvents) {
	t.Helper()
	var args []string
	if err := k.Store.DB(t.Context()).Raw("select args::text from river_job where kind = 'provider_events_apply' order by id").Scan(&args).Error; err != nil {
		t.Fatal(err)
	}
	for _, a := range args {
		var j jobs.ApplyEvents
		if err := json.Unmarshal([]byte(a), &j); err != nil {
			t.Fatal(err)
		}
		out = append(out, j)
	}
	return out
}
