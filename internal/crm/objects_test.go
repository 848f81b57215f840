package crm_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/gatehouse/gatehouse/internal/crm"
	"github.com/gatehouse/gatehouse/internal/testkit/crmtest"
)

func TestFillEmptyLeavesTheirs(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		t.Helper()
		first := map[string][2]any{"hubspot": {"firstname", "email"}, "salesforce": {"FirstName", "Email"}}[r.kind]
		if first[0] == nil {
			t.Skip("no such property")
		}
		r.d.Put(r.objects[crm.Person], map[string]any{first[1].(string): "ann@example.org", first[0].(string): "Annabel"})
		if out := r.push(t.Context(), call(), false); out.Class != crm.Done {
			t.Fatal(out.Reason)
		}
		r.one(t)
		if got := r.d.Live(r.objects[crm.Person])[0].Props[first[0].(string)]; got != "Annabel" {
			t.Errorf("their name became %v", got)
		}
	})
}

// TestBothSidesChanged: what they changed since we agreed is theirs, and is told to us.
func TestBothSidesChanged(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		t.Helper()
		kind := r.objects[crm.Deal]
		if kind == "" {
			t.Skip("it has no deals")
		}
		if out := r.push(t.Context(), call(), false); out.Class != crm.Done {
			t.Fatal(out.Reason)
		}
		change := map[string]map[string]any{"hubspot": {"dealstage": "contractsent"}, "salesforce": {"StageName": "Negotiation/Review"}, "pipedrive": {"stage_id": 3.0}}[r.kind]
		r.d.Change(kind, r.d.Live(kind)[0].ID, change)
		c := call()
		c.Values["deal_stage"], c.Values["deal_value"] = "proposal", "2000"
		out := r.push(t.Context(), c, false)
		if out.Class != crm.Done || len(out.Theirs) != 1 || out.Theirs[0].Stage == nil || *out.Theirs[0].Stage != "negotiation" {
			t.Fatalf("%s: %s, theirs %+v", out.Class, out.Reason, out.Theirs)
		}
		for prop, v := range change {
			if got := r.d.Live(kind)[0].Props[prop]; fmt.Sprint(got) != fmt.Sprint(v) {
				t.Errorf("their stage was overwritten: %v", got)
			}
		}
	})
}

func TestDeletedThereIsNotMadeAgain(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		t.Helper()
		kind := r.objects[crm.Person]
		if kind == "" {
			t.Skip("it keeps no persons")
		}
		if out := r.push(t.Context(), call(), false); out.Class != crm.Done {
			t.Fatal(out.Reason)
		}
		r.d.Delete(kind, r.d.Live(kind)[0].ID)
		out := r.push(t.Context(), call(), false)
		gone := slices.ContainsFunc(out.Objects, func(o crm.Object) bool { return o.Object == crm.Person && o.Gone })
		if out.Class != crm.Refused || !gone {
			t.Errorf("%s: %s", out.Class, out.Reason)
		}
		r.known[crm.Person] = crm.Known{ID: r.known[crm.Person].ID, Gone: true} // as it is kept from then on
		if out := r.push(t.Context(), call(), false); out.Class != crm.Refused {
			t.Errorf("the next time: %s: %s", out.Class, out.Reason)
		}
		if n := len(r.d.Live(kind)); n != 0 {
			t.Errorf("%d were made again", n)
		}
	})
}

func TestErasedIsErasedThereEvenIfNobodyKnowsTheId(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		t.Helper()
		if len(r.objects) == 0 {
			t.Skip("it keeps nobody")
		}
		if out := r.push(t.Context(), call(), true); out.Class != crm.Done { // and the id was never written down
			t.Fatal(out.Reason)
		}
		out := r.push(t.Context(), crm.Call{ID: "e", Type: "lead.erased", Key: key, Erase: true}, false)
		if out.Class != crm.Done || len(r.d.Live(r.objects[crm.Person])) != 0 {
			t.Errorf("%s: %s, %d are left", out.Class, out.Reason, len(r.d.Live(r.objects[crm.Person])))
		}
	})
}

func TestADryRunWritesNothing(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		t.Helper()
		r.c.Dry = true
		out := r.push(t.Context(), call(), true)
		if out.Class != crm.Done {
			t.Fatal(out.Reason)
		}
		planned := 0
		for _, x := range out.Trace {
			if x.Dry {
				planned++
			}
		}
		if planned == 0 {
			t.Error("it shows nothing")
		}
		for _, q := range r.d.Requests() {
			if crmtest.Writes(q) {
				t.Errorf("it wrote: %s %s", q.Method, q.Path)
			}
		}
		r.quiet(t, out)
	})
}

// TestChangesComeBack reads stage, owner and value with a cursor, each change once.
func TestChangesComeBack(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		t.Helper()
		if !r.sys.About().Pulls {
			t.Skip("it cannot be asked")
		}
		page, out := r.sys.Pull(t.Context(), r.c, "")
		if out.Class != crm.Done {
			t.Fatal(out.Reason)
		}
		if len(page.Users) != 2 || page.Cursor == "" {
			t.Errorf("users %v, cursor %q", page.Users, page.Cursor)
		}
		if out := r.push(t.Context(), call(), false); out.Class != crm.Done {
			t.Fatal(out.Reason)
		}
		kind := r.objects[crm.Deal]
		won := map[string]map[string]any{"hubspot": {"dealstage": "closedwon", "amount": "1500", "hubspot_owner_id": "8"}, "salesforce": {"StageName": "Closed Won", "Amount": 1500.0, "OwnerId": "8"},
			"pipedrive": {"status": "won", "value": 1500.0, "owner_id": 8.0}}[r.kind]
		r.d.Change(kind, r.d.Live(kind)[0].ID, won)
		seen := map[string]bool{}
		var deal *crm.Change
		for range 3 {
			if page, out = r.sys.Pull(t.Context(), r.c, page.Cursor); out.Class != crm.Done {
				t.Fatal(out.Reason)
			}
			for _, ch := range page.Changes {
				if ch.Object == crm.Deal && !seen[ch.EventKey] {
					deal = &ch
				}
				seen[ch.EventKey] = true
			}
		}
		if deal == nil {
			t.Fatal("the deal did not come back")
		}
		if deal.Key != dealKey || deal.Stage == nil || *deal.Stage != "won" || deal.Value == nil || !crm.Same(*deal.Value, "1500") || deal.Owner == nil || *deal.Owner != "8" {
			t.Errorf("%+v", deal)
		}
	})
}

// TestARecordOfAnotherLeadIsNotTaken: their record carries the key of another one of ours, who has the same address there.
func TestARecordOfAnotherLeadIsNotTaken(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		t.Helper()
		if len(r.objects) == 0 {
			t.Skip("it keeps nobody")
		}
		if out := r.push(t.Context(), call(), true); out.Class != crm.Done {
			t.Fatal(out.Reason)
		}
		c := second()
		c.Values["email"] = call().Values["email"]
		if out := r.push(t.Context(), c, true); out.Class != crm.Refused || !strings.Contains(out.Reason, "merge the two") {
			t.Errorf("%s: %s", out.Class, out.Reason)
		}
		r.one(t)
	})
}

// TestADeletedLeadHoldsUpNoDeal: where they keep leads apart from persons, one that they deleted is told to us, and the rest goes on.
func TestADeletedLeadHoldsUpNoDeal(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		t.Helper()
		kind := r.objects[crm.Lead]
		if kind == "" {
			t.Skip("it keeps no leads apart")
		}
		if out := r.push(t.Context(), call(), false); out.Class != crm.Done {
			t.Fatal(out.Reason)
		}
		r.d.Delete(kind, r.d.Live(kind)[0].ID)
		c := call()
		c.Values["deal_value"] = "77"
		out := r.push(t.Context(), c, false)
		gone := slices.ContainsFunc(out.Objects, func(o crm.Object) bool { return o.Object == crm.Lead && o.Gone })
		value := r.d.Live(r.objects[crm.Deal])[0].Props[map[string]string{"hubspot": "amount", "pipedrive": "value"}[r.kind]]
		if out.Class != crm.Done || !gone || len(r.d.Live(kind)) != 0 || !crm.Same(fmt.Sprint(value), "77") {
			t.Errorf("%s: %s; gone %t, %d there, the deal is worth %v", out.Class, out.Reason, gone, len(r.d.Live(kind)), value)
		}
	})
}

// TestYesAndNothingChangedIsNoticed: an update that was answered with yes and not kept is told again.
func TestYesAndNothingChangedIsNoticed(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		t.Helper()
		kind := r.objects[crm.Deal]
		if kind == "" {
			t.Skip("it has no deals")
		}
		if out := r.push(t.Context(), call(), false); out.Class != crm.Done {
			t.Fatal(out.Reason)
		}
		r.d.Trouble(func(q crmtest.Request) crmtest.Trouble {
			if crmtest.Writes(q) {
				return crmtest.Drops
			}
			return crmtest.None
		})
		c := call()
		c.Values["deal_value"] = "77"
		if out := r.push(t.Context(), c, false); out.Class == crm.Done || out.Reason == "" {
			t.Errorf("%s: %s", out.Class, out.Reason)
		}
		r.d.Trouble(nil)
		if out := r.push(t.Context(), c, false); out.Class != crm.Done {
			t.Errorf("afterwards: %s: %s", out.Class, out.Reason)
		}
		prop := map[string]string{"hubspot": "amount", "pipedrive": "value", "salesforce": "Amount"}[r.kind]
		if got := r.d.Live(kind)[0].Props[prop]; !crm.Same(fmt.Sprint(got), "77") {
			t.Errorf("it is worth %v there", got)
		}
	})
}
