package crm_test

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/gatehouse/gatehouse/internal/crm"
	"github.com/gatehouse/gatehouse/internal/testkit/crmtest"
)

// reader is a connector that is asked, and a double by the same clock.
func reader(t testing.TB, kind string, now func() time.Time) (*crmtest.Double, crm.Connector, crm.Config) {
	t.Helper()
	for _, s := range subjects() {
		if s.kind != kind {
			continue
		}
		d := map[string]func(testing.TB, func() time.Time) *crmtest.Double{"hubspot": crmtest.HubSpot, "salesforce": crmtest.Salesforce, "pipedrive": crmtest.Pipedrive}[kind](t, now)
		return d, crm.New(crmtest.Allow(d), now).Find(kind), s.config(d)
	}
	t.Fatal(kind)
	return nil, nil, crm.Config{}
}

// sown are properties of a person and a deal of ours and of a company in each system.
func sown(kind string, n int) map[string]map[string]any {
	key := fmt.Sprintf("019a5b1c-0000-7000-8000-%012d", n)
	return map[string]map[string]map[string]any{
		"hubspot":    {"contacts": {"gatehouse_key": key, "email": key + "@example.org"}, "deals": {"gatehouse_key": key, "dealstage": "closedwon"}, "companies": {"domain": key + ".example", "hubspot_owner_id": "8"}},
		"salesforce": {"Lead": {"Gatehouse_Key__c": key, "Email": key + "@example.org"}, "Opportunity": {"Gatehouse_Key__c": key, "StageName": "Closed Won"}, "Account": {"Name": key, "Website": "https://" + key + ".example", "OwnerId": "8"}},
		"pipedrive":  {"person": {"name": key, "custom_fields": map[string]any{crmtest.PipedrivePerson: key}}, "deal": {"title": key, "custom_fields": map[string]any{crmtest.PipedriveDealKey: key}}, "organization": {"name": key, "owner_id": json.Number("8")}},
	}[kind]
}

// drain asks until there is no more, and counts how often each object came. It fails where asking never ends.
func drain(ctx context.Context, t interface{ Fatalf(string, ...any) }, sys crm.Connector, c crm.Config, cursor string) (seen map[string]int, at string) {
	seen = map[string]int{}
	for range 600 {
		page, out := sys.Pull(ctx, c, cursor)
		if out.Class != crm.Done {
			t.Fatalf("%s: %s", out.Class, out.Reason)
		}
		for _, ch := range page.Changes {
			seen[ch.EventKey]++
		}
		if !page.More {
			return seen, page.Cursor
		}
		if page.Cursor == cursor {
			t.Fatalf("there is more, and the cursor stands still at %s", cursor)
		}
		cursor = page.Cursor
	}
	t.Fatalf("asking does not end")
	return nil, ""
}

// TestNoChangeIsLostInOneMoment: an import changes five hundred at once, more than two pages of the same moment.
func TestNoChangeIsLostInOneMoment(t *testing.T) {
	for _, kind := range []string{"hubspot", "salesforce", "pipedrive"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			at := time.Date(2026, 3, 3, 9, 0, 0, 0, time.UTC)
			d, sys, c := reader(t, kind, func() time.Time { return at })
			page, out := sys.Pull(t.Context(), c, "")
			if out.Class != crm.Done {
				t.Fatal(out.Reason)
			}
			at = at.Add(time.Hour)
			for n := range 500 {
				for k, props := range sown(kind, n) {
					d.Put(k, props)
				}
			}
			at = at.Add(time.Hour)
			seen, cursor := drain(t.Context(), t, sys, c, page.Cursor)
			if len(seen) != 1500 {
				t.Errorf("%d of 1500 changes came", len(seen))
			}
			at = at.Add(time.Hour)
			for k, props := range sown(kind, 501) {
				d.Put(k, props)
			}
			if later, _ := drain(t.Context(), t, sys, c, cursor); len(later) < 3 {
				t.Errorf("%d later changes came", len(later))
			}
		})
	}
}

// TestNoChangeIsLost sows changes at any moments and reads in between: each comes, whatever the pages cut.
func TestNoChangeIsLost(t *testing.T) {
	for _, kind := range []string{"hubspot", "salesforce", "pipedrive"} {
		t.Run(kind, func(t *testing.T) {
			at := time.Date(2026, 3, 3, 9, 0, 0, 0, time.UTC)
			d, sys, c := reader(t, kind, func() time.Time { return at })
			n, cursor := 0, ""
			all := map[string]bool{}
			rapid.Check(t, func(rt *rapid.T) {
				page, out := sys.Pull(t.Context(), c, cursor)
				if out.Class != crm.Done {
					rt.Fatalf("%s", out.Reason)
				}
				for _, ch := range page.Changes {
					all[ch.EventKey] = true
				}
				cursor = page.Cursor
				for range rapid.IntRange(0, 3).Draw(rt, "moments") {
					at = at.Add(time.Duration(rapid.SampledFrom([]int{0, 1, 999, 1000, 90_000}).Draw(rt, "later")) * time.Millisecond)
					for range rapid.SampledFrom([]int{0, 1, 3, 40, 110}).Draw(rt, "rows") {
						n++
						for k, props := range sown(kind, n) {
							d.Put(k, props)
						}
					}
				}
			})
			at = at.Add(time.Hour)
			seen, _ := drain(t.Context(), t, sys, c, cursor)
			for k := range seen {
				all[k] = true
			}
			if len(all) != 3*n {
				t.Errorf("%d of %d changes came", len(all), 3*n)
			}
		})
	}
}
