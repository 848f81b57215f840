package crm_test

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/gatehouse/gatehouse/internal/crm"
	"github.com/gatehouse/gatehouse/internal/testkit/crmtest"
)

// second is another lead of the same company.
func second() crm.Call {
	c := call()
	c.ID, c.Key, c.DealKey = "event-2", "019a5b1c-0000-7000-8000-000000000002", "019a5b1c-0000-7000-8000-0000000000d2"
	c.Values["email"], c.Values["given_name"], c.Values["name"] = "bob@example.org", "Bob", "Bob O'Brien"
	c.Values["key"], c.Values["deal_key"] = c.Key, c.DealKey
	return c
}

func withCompanies(t *testing.T, fn func(t *testing.T, r *rig)) {
	t.Helper()
	each(t, func(t *testing.T, r *rig) {
		t.Helper()
		if r.objects[crm.Company] == "" {
			t.Skip("it keeps no companies")
		}
		fn(t, r)
	})
}

// belongs is the company that a person hangs on there.
func belongs(r *crmtest.Record) string {
	for _, p := range []string{"associated_company", "org_id"} {
		if v := r.Props[p]; v != nil {
			return fmt.Sprint(v)
		}
	}
	return ""
}

func TestTwoOfOneCompanyHangOnOneCompany(t *testing.T) {
	withCompanies(t, func(t *testing.T, r *rig) {
		t.Helper()
		if out := r.push(t.Context(), call(), true); out.Class != crm.Done {
			t.Fatal(out.Reason)
		}
		if out := r.push(t.Context(), second(), true); out.Class != crm.Done {
			t.Fatal(out.Reason)
		}
		companies := r.d.Live(r.objects[crm.Company])
		if len(companies) != 1 || companies[0].Props["name"] != "Example Ltd" {
			t.Fatalf("%d companies: %+v", len(companies), companies)
		}
		for _, kind := range []string{r.objects[crm.Person], r.objects[crm.Deal]} {
			if n := len(r.d.Live(kind)); n != 2 {
				t.Errorf("%d %s", n, kind)
			}
			for _, p := range r.d.Live(kind) {
				if belongs(p) != companies[0].ID {
					t.Errorf("%s %s hangs on %q, not on %s", kind, p.ID, belongs(p), companies[0].ID)
				}
			}
		}
	})
}

// TestACompanyThatWasThereIsTaken, by its domain or name; one that is another one's of ours is not.
func TestACompanyThatWasThereIsTaken(t *testing.T) {
	withCompanies(t, func(t *testing.T, r *rig) {
		t.Helper()
		kind := r.objects[crm.Company]
		theirs := r.d.Put(kind, map[string]any{"name": "Example Ltd", "domain": "example.org"})
		if out := r.push(t.Context(), call(), true); out.Class != crm.Done {
			t.Fatal(out.Reason)
		}
		if all := r.d.Live(kind); len(all) != 1 || all[0].ID != theirs {
			t.Fatalf("%d companies", len(all))
		}
		c := second()
		c.CompanyKey = "019a5b1c-0000-7000-8000-0000000000c2" // another one, of the same name
		if out := r.push(t.Context(), c, true); out.Class != crm.Done {
			t.Fatal(out.Reason)
		}
		if n := len(r.d.Live(kind)); n != 2 {
			t.Errorf("%d companies of two", n)
		}
	})
}

// TestADeletedCompanyIsNotMadeAgain, and the person is told all the same.
func TestADeletedCompanyIsNotMadeAgain(t *testing.T) {
	withCompanies(t, func(t *testing.T, r *rig) {
		t.Helper()
		if out := r.push(t.Context(), call(), false); out.Class != crm.Done {
			t.Fatal(out.Reason)
		}
		kind := r.objects[crm.Company]
		r.d.Delete(kind, r.d.Live(kind)[0].ID)
		c := call()
		c.Values["deal_value"] = "77"
		out := r.push(t.Context(), c, false)
		if out.Class != crm.Done || len(r.d.Live(kind)) != 0 {
			t.Errorf("%s: %s, %d companies", out.Class, out.Reason, len(r.d.Live(kind)))
		}
		gone := false
		for _, o := range out.Objects {
			gone = gone || o.Object == crm.Company && o.Gone
		}
		if !gone {
			t.Error("nobody is told that it is gone")
		}
	})
}

// TestAMergedLeadIsWithdrawn: what is the other one's stays.
func TestAMergedLeadIsWithdrawn(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		t.Helper()
		if len(r.objects) == 0 {
			t.Skip("it takes events")
		}
		person := r.objects[crm.Person]
		r.push(t.Context(), call(), true)
		keeps := r.d.Live(person)[0].ID
		b := second()
		r.push(t.Context(), b, true)
		out := r.push(t.Context(), crm.Call{ID: "m", Type: "lead.merged", Key: b.Key, Merged: true, Keep: []string{keeps}}, true)
		if all := r.d.Live(person); out.Class != crm.Done || len(all) != 1 || all[0].ID != keeps {
			t.Fatalf("%s: %s, %d are left", out.Class, out.Reason, len(all))
		}
		if n := len(r.d.Live(r.objects[crm.Deal])); n != 2 {
			t.Errorf("%d deals of two", n)
		}
		out = r.push(t.Context(), crm.Call{ID: "m", Type: "lead.merged", Key: key, Merged: true, Keep: []string{keeps}}, true)
		if out.Class != crm.Done || len(r.d.Live(person)) != 1 {
			t.Errorf("the one that stays was taken away: %s %s", out.Class, out.Reason)
		}
	})
}

// TestADealMovesWithItsPerson: it hangs on the object of the lead that it belongs to now.
func TestADealMovesWithItsPerson(t *testing.T) {
	withCompanies(t, func(t *testing.T, r *rig) {
		t.Helper()
		if out := r.push(t.Context(), call(), false); out.Class != crm.Done {
			t.Fatal(out.Reason)
		}
		deal := r.known[crm.Deal]
		b := second()
		b.DealKey = ""
		r.known = map[string]crm.Known{}
		r.push(t.Context(), b, false)
		other := r.known[crm.Person].ID
		r.known[crm.Deal] = deal
		b.DealKey = dealKey
		if out := r.push(t.Context(), b, false); out.Class != crm.Done {
			t.Fatal(out.Reason)
		}
		got := r.d.Live(r.objects[crm.Deal])
		if hangs := fmt.Sprint(got[0].Props[map[string]string{"hubspot": "associated", "pipedrive": "person_id"}[r.kind]]); len(got) != 1 || hangs != other {
			t.Errorf("%d deals; it hangs on %s, not on %s", len(got), hangs, other)
		}
	})
}

// TestErasedLeavesNothingInTheirBin: where deleting only puts it into a bin, it is emptied first.
func TestErasedLeavesNothingInTheirBin(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		t.Helper()
		if len(r.objects) == 0 {
			t.Skip("it keeps nobody")
		}
		if out := r.push(t.Context(), call(), false); out.Class != crm.Done {
			t.Fatal(out.Reason)
		}
		c := crm.Call{ID: "e", Type: "lead.erased", Key: key, Erase: true, Deals: []string{r.known[crm.Deal].ID}}
		if id := r.known[crm.Company].ID; id != "" {
			c.Companies = []string{id}
		}
		if out := r.push(t.Context(), c, false); out.Class != crm.Done {
			t.Fatal(out.Reason)
		}
		for object, kind := range r.objects {
			if n := len(r.d.Live(kind)); n != 0 {
				t.Errorf("%d %s are left", n, kind)
			}
			for _, rec := range r.d.Records[kind] {
				text := fmt.Sprint(rec.Props)
				for _, word := range []string{"ann@example.org", "O'Brien", "Who counts", "+1415"} {
					if object == crm.Person && contains(text, word) {
						t.Errorf("the bin of %s holds %s: %s", r.kind, word, text)
					}
				}
			}
		}
	})
}

// TestOneCompanyWhateverHappens tells two of one company in turns, with every trouble and dead processes.
func TestOneCompanyWhateverHappens(t *testing.T) {
	troubles := []crmtest.Trouble{crmtest.None, crmtest.CutAfter, crmtest.FailsAfter, crmtest.Fails, crmtest.TooMany, crmtest.Garbage, crmtest.Duplicates, crmtest.Drops}
	for _, s := range subjects() {
		if len(s.objects) == 0 {
			continue
		}
		t.Run(s.kind, func(t *testing.T) {
			rapid.Check(t, func(rt *rapid.T) {
				r := newRig(t, s)
				calls, known := []crm.Call{call(), second()}, []map[string]crm.Known{{}, {}}
				tell := func(i int, dies bool) crm.Outcome {
					if c, ok := known[1-i][crm.Company]; ok && known[i][crm.Company].ID == "" { // what is known of a company is known to both
						known[i][crm.Company] = c
					}
					r.known = known[i]
					return r.push(t.Context(), calls[i], dies)
				}
				for range rapid.IntRange(1, 6).Draw(rt, "tries") {
					r.troubleAt(rapid.IntRange(0, 14).Draw(rt, "at"), rapid.SampledFrom(troubles).Draw(rt, "trouble"))
					tell(rapid.IntRange(0, 1).Draw(rt, "who"), rapid.Bool().Draw(rt, "dies"))
				}
				r.d.Trouble(nil)
				for range 2 {
					for i := range calls {
						if out := tell(i, false); out.Class != crm.Done {
							rt.Fatalf("at the end: %s: %s\n%s", out.Class, out.Reason, trace(out))
						}
					}
				}
				for object, kind := range r.objects {
					want := 2
					if object == crm.Company {
						want = 1
					}
					if n := len(r.d.Live(kind)); n != want {
						rt.Fatalf("%d %s, not %d", n, kind, want)
					}
				}
				r.d.Close()
			})
		})
	}
}
