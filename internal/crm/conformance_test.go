package crm_test

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/gatehouse/gatehouse/internal/crm"
	"github.com/gatehouse/gatehouse/internal/testkit/crmtest"
)

// TestTheSuiteKnowsEveryConnector walks the list: a new connector is in the suite, or this fails.
func TestTheSuiteKnowsEveryConnector(t *testing.T) {
	known := map[string]bool{}
	for _, s := range subjects() {
		known[s.kind] = true
	}
	for _, c := range crm.New(crm.Allow{}, nil).All() {
		a := c.About()
		if !known[a.Kind] {
			t.Errorf("%s has no line in the conformance suite", a.Kind)
		}
		if a.Title == "" || a.Sentence == "" || len(a.Fields) == 0 {
			t.Errorf("%s says too little of itself", a.Kind)
		}
		if err := crm.CheckMapping(a.Mapping); err != nil {
			t.Errorf("%s: its own mapping has faults: %v", a.Kind, err)
		}
	}
}

func TestToldOnceAndAgain(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		t.Helper()
		for i := range 3 {
			out := r.push(t.Context(), call(), false)
			if out.Class != crm.Done {
				t.Fatalf("push %d: %s: %s\n%s", i, out.Class, out.Reason, trace(out))
			}
			r.quiet(t, out)
			if i > 0 && len(r.objects) > 0 {
				for _, x := range out.Trace {
					if x.Method != "GET" && !strings.HasSuffix(x.Path, "/search") {
						t.Errorf("nothing changed, and yet it wrote: %s %s %s", x.Method, x.Path, x.Body)
					}
				}
			}
		}
		r.one(t)
	})
}

func TestOwnerConsentAndWhatTheySaidAreCarried(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		t.Helper()
		if out := r.push(t.Context(), call(), false); out.Class != crm.Done {
			t.Fatal(out.Reason)
		}
		if len(r.objects) == 0 {
			if n := len(r.d.Live("posts")); n != 1 {
				t.Fatalf("%d posts", n)
			}
			return
		}
		want := map[string]string{"owner": "7", "consent": "yes", "said": "This one is us: Who counts?\nAsks: why?"}
		maps.Copy(want, r.values)
		rec := r.d.Live(r.objects[crm.Person])[0]
		for value, prop := range r.props {
			if got := fmt.Sprint(rec.Props[prop]); !strings.Contains(got, want[value]) {
				t.Errorf("%s: %s is %q there, not %q", r.kind, value, got, want[value])
			}
		}
	})
}

// TestTroubleHasItsClass names the class of each trouble, and that nothing is made twice once it is over.
func TestTroubleHasItsClass(t *testing.T) {
	type expect struct {
		trouble crmtest.Trouble
		class   []crm.Class
		wait    time.Duration
	}
	for _, e := range []expect{
		{crmtest.NoAuth, []crm.Class{crm.Unauthorised}, 0},
		{crmtest.Forbidden, []crm.Class{crm.Unauthorised, crm.Misconfigured}, 0},
		{crmtest.TooManyWait, []crm.Class{crm.RateLimited}, 30 * time.Second},
		{crmtest.TooMany, []crm.Class{crm.RateLimited}, 0},
		{crmtest.Fails, []crm.Class{crm.Retry}, 0},
		{crmtest.FailsAfter, []crm.Class{crm.Retry}, 0},
		{crmtest.CutAfter, []crm.Class{crm.Unknown}, 0},
		{crmtest.Redirects, []crm.Class{crm.Misconfigured}, 0},
		{crmtest.Garbage, []crm.Class{crm.Unknown, crm.Done}, 0},
		{crmtest.AnswerForever, []crm.Class{crm.Unknown}, 0},
		{crmtest.Duplicate, []crm.Class{crm.Refused}, 0},
		{crmtest.Duplicates, []crm.Class{crm.Done}, 0},
	} {
		t.Run(string(e.trouble), func(t *testing.T) {
			each(t, func(t *testing.T, r *rig) {
				t.Helper()
				r.d.Once(e.trouble)
				out := r.push(t.Context(), call(), false)
				r.quiet(t, out)
				fits := false
				for _, c := range e.class {
					fits = fits || out.Class == c
				}
				if r.kind == "salesforce" && e.trouble == crmtest.NoAuth { // it logs in anew and goes on
					fits = out.Class == crm.Done
				}
				if len(r.objects) == 0 && (e.trouble == crmtest.Duplicate || e.trouble == crmtest.Duplicates) { // a receiver has no duplicates: this is its own fault
					fits = out.Class == map[string]crm.Class{"webhook": crm.Retry, "slack": crm.Refused}[r.kind]
				}
				if !fits || e.wait > 0 && out.Wait != e.wait {
					t.Errorf("%s: class %s (wait %s), reason %q", r.kind, out.Class, out.Wait, out.Reason)
				}
				if out.Class != crm.Done && out.Reason == "" {
					t.Error("it gives no reason")
				}
				if out := r.push(t.Context(), call(), false); out.Class != crm.Done {
					t.Fatalf("afterwards: %s: %s\n%s", out.Class, out.Reason, trace(out))
				}
				r.one(t)
			})
		})
	}
}

func TestAHangIsContained(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		t.Helper()
		r.d.Always(crmtest.Hangs)
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		began := time.Now()
		out := r.push(ctx, call(), false)
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("it took %s", took)
		}
		if out.Class != crm.Unknown && out.Class != crm.Retry {
			t.Errorf("class %s", out.Class)
		}
		r.quiet(t, out)
	})
}

func TestYesAndNothingKeptIsNoticed(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		t.Helper()
		if len(r.objects) == 0 {
			t.Skip("a receiver of events cannot be asked what it kept")
		}
		r.d.Trouble(func(q crmtest.Request) crmtest.Trouble {
			if crmtest.Writes(q) {
				return crmtest.Drops
			}
			return crmtest.None
		})
		if out := r.push(t.Context(), call(), false); out.Class != crm.Unknown && out.Class != crm.Retry {
			t.Errorf("class %s: %s", out.Class, out.Reason)
		}
		r.d.Trouble(nil)
		if out := r.push(t.Context(), call(), false); out.Class != crm.Done {
			t.Fatalf("afterwards: %s: %s", out.Class, out.Reason)
		}
		r.one(t)
	})
}

func TestAMissingPropertyIsNamed(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		t.Helper()
		prop := map[string]string{"hubspot": "gatehouse_said", "salesforce": "Gatehouse_Said__c", "pipedrive": crmtest.PipedriveSaid}[r.kind]
		if prop == "" {
			t.Skip("it has no properties")
		}
		r.d.Missing(prop)
		if out := r.sys.Test(t.Context(), r.c); out.Class != crm.Misconfigured || !strings.Contains(out.Reason, prop) {
			t.Errorf("the test says %s: %s", out.Class, out.Reason)
		}
		out := r.push(t.Context(), call(), false)
		if out.Class != crm.Misconfigured || !strings.Contains(out.Reason, prop) {
			t.Errorf("%s: %s", out.Class, out.Reason)
		}
		r.d.Missing("")
		if out := r.push(t.Context(), call(), false); out.Class != crm.Done {
			t.Fatalf("afterwards: %s: %s", out.Class, out.Reason)
		}
		if out := r.sys.Test(t.Context(), r.c); out.Class != crm.Done {
			t.Errorf("the test says %s: %s", out.Class, out.Reason)
		}
		r.one(t)
	})
}

// TestOneObjectWhateverHappens tries in every order of troubles, lost answers and dead processes.
func TestOneObjectWhateverHappens(t *testing.T) {
	troubles := []crmtest.Trouble{crmtest.None, crmtest.CutAfter, crmtest.FailsAfter, crmtest.Fails, crmtest.TooMany, crmtest.Garbage, crmtest.NoAuth, crmtest.Duplicates, crmtest.Drops}
	for _, s := range subjects() {
		if len(s.objects) == 0 {
			continue
		}
		t.Run(s.kind, func(t *testing.T) {
			rapid.Check(t, func(rt *rapid.T) {
				r := newRig(t, s)
				for range rapid.IntRange(1, 5).Draw(rt, "tries") {
					r.troubleAt(rapid.IntRange(0, 12).Draw(rt, "at"), rapid.SampledFrom(troubles).Draw(rt, "trouble"))
					c := call()
					c.Values["deal_value"] = fmt.Sprint(rapid.IntRange(1, 3).Draw(rt, "value"))
					r.push(t.Context(), c, rapid.Bool().Draw(rt, "dies"))
				}
				r.d.Trouble(nil)
				for range 2 {
					if out := r.push(t.Context(), call(), false); out.Class != crm.Done {
						rt.Fatalf("at the end: %s: %s\n%s", out.Class, out.Reason, trace(out))
					}
				}
				r.one(rt)
				r.d.Close()
			})
		})
	}
}
