package crm_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/gatehouse/gatehouse/internal/crm"
	"github.com/gatehouse/gatehouse/internal/testkit/crmtest"
)

// subject is one connector in front of its double.
type subject struct {
	kind    string
	double  func(testing.TB) *crmtest.Double
	config  func(*crmtest.Double) crm.Config
	objects map[string]string // what the double calls our objects; empty: it takes events
	secrets []string
	props   map[string]string // where it keeps owner, consent and what they said
	values  map[string]string // and what they hold
}

const signingSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

func subjects() []subject {
	mapping := func(kind string) []crm.Line { return crm.New(crm.Allow{}, nil).Find(kind).About().Mapping }
	return []subject{
		{kind: "webhook", double: crmtest.Receiver, secrets: []string{signingSecret[6:]},
			config: func(d *crmtest.Double) crm.Config {
				return crm.Config{Settings: map[string]string{"url": d.URL + "/in"}, Secrets: map[string]string{"secret": signingSecret}}
			}},
		{kind: "slack", double: crmtest.Receiver, secrets: []string{"B000/XXXX"},
			config: func(d *crmtest.Double) crm.Config {
				return crm.Config{Settings: map[string]string{}, Secrets: map[string]string{"url": d.URL + "/services/T000/B000/XXXX"}}
			}},
		{kind: "hubspot", double: func(t testing.TB) *crmtest.Double { t.Helper(); return crmtest.HubSpot(t, nil) }, secrets: []string{crmtest.HubSpotToken},
			objects: map[string]string{crm.Person: "contacts", crm.Lead: "leads", crm.Deal: "deals"},
			props:   map[string]string{"owner": "hubspot_owner_id", "consent": "gatehouse_consent", "said": "gatehouse_said"},
			config: func(d *crmtest.Double) crm.Config {
				return crm.Config{Settings: map[string]string{"base": d.URL, "leads": "yes"}, Secrets: map[string]string{"token": crmtest.HubSpotToken}, Mapping: mapping("hubspot")}
			}},
		{kind: "salesforce", double: func(t testing.TB) *crmtest.Double { t.Helper(); return crmtest.Salesforce(t, nil) }, secrets: []string{crmtest.SalesforceSecret, "00D!session"},
			objects: map[string]string{crm.Person: "Lead", crm.Deal: "Opportunity"},
			props:   map[string]string{"owner": "OwnerId", "consent": "Gatehouse_Consent__c", "said": "Gatehouse_Said__c"},
			config: func(d *crmtest.Double) crm.Config {
				return crm.Config{Settings: map[string]string{"domain": d.URL, "client_id": crmtest.SalesforceClient}, Secrets: map[string]string{"client_secret": crmtest.SalesforceSecret}, Mapping: mapping("salesforce")}
			}},
		{kind: "pipedrive", double: func(t testing.TB) *crmtest.Double { t.Helper(); return crmtest.Pipedrive(t, nil) }, secrets: []string{crmtest.PipedriveToken},
			objects: map[string]string{crm.Person: "person", crm.Lead: "lead", crm.Deal: "deal"},
			props:   map[string]string{"owner": "owner_id", "consent": "marketing_status", "said": "custom_fields"},
			values:  map[string]string{"consent": "subscribed"},
			config: func(d *crmtest.Double) crm.Config {
				return crm.Config{Settings: map[string]string{"base": d.URL, "leads": "yes", "person_key": crmtest.PipedrivePerson, "deal_key": crmtest.PipedriveDealKey},
					Secrets: map[string]string{"token": crmtest.PipedriveToken},
					Mapping: append(mapping("pipedrive"), crm.Line{Object: crm.Person, Value: "said", Property: crmtest.PipedriveSaid, Policy: crm.Overwrite})}
			}},
	}
}

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

const (
	key     = "019a5b1c-0000-7000-8000-000000000001"
	dealKey = "019a5b1c-0000-7000-8000-0000000000d1"
)

func call() crm.Call {
	return crm.Call{ID: "event-1", Type: "lead.assigned", At: time.Now(), Key: key, DealKey: dealKey, Lead: true, Data: map[string]any{"lead": map[string]any{"id": key}},
		Values: crm.Values{"email": "ann@example.org", "given_name": "Ann", "family_name": "O'Brien", "name": "Ann O'Brien", "company": "Example & <Sons>", "tel": "+14155550123", "country": "IE",
			"owner_email": "rep@example.com", "owner_name": "R Ep", "consent": "yes", "contact_choice": "call", "said": "This one is us: Who counts?\nAsks: why?", "grade": "A1", "key": key,
			"deal_title": "Example & Sons", "deal_stage": "discovery", "deal_value": "1250", "deal_currency": "EUR", "deal_owner_email": "rep@example.com", "deal_key": dealKey, "deal_expected": "2026-12-24"}}
}

// rig is one connector, its double, and what the product would remember between tries.
type rig struct {
	subject
	d     *crmtest.Double
	sys   crm.Connector
	c     crm.Config
	known map[string]crm.Known
}

func newRig(t testing.TB, s subject) *rig {
	t.Helper()
	d := s.double(t)
	d.Users = []crm.User{{ID: "7", Name: "R Ep", Email: "rep@example.com"}, {ID: "8", Name: "Other", Email: "other@example.com"}}
	return &rig{subject: s, d: d, sys: crm.New(crmtest.Allow(d), nil).Find(s.kind), c: s.config(d), known: map[string]crm.Known{}}
}

// push tries once. forget: the process died before it could write down what came of it.
func (r *rig) push(ctx context.Context, c crm.Call, forget bool) crm.Outcome {
	c.Known = r.known
	out := r.sys.Push(ctx, r.c, c)
	if !forget {
		for _, o := range out.Objects {
			k := crm.Known{ID: o.ID, Sent: o.Sent}
			if o.Sent == nil {
				k.Sent = r.known[o.Object].Sent
			}
			r.known[o.Object] = k
		}
	}
	return out
}

// one fails unless the double holds exactly one object for each of ours.
func (r *rig) one(t interface{ Errorf(string, ...any) }) {
	for object, kind := range r.objects {
		if n := len(r.d.Live(kind)); n != 1 {
			t.Errorf("%s: %d %s for one %s of ours", r.kind, n, kind, object)
		}
	}
}

// quiet fails when an outcome tells a secret.
func (r *rig) quiet(t *testing.T, out crm.Outcome) {
	t.Helper()
	raw, err := json.Marshal(out)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range r.secrets {
		if strings.Contains(string(raw), s) {
			t.Errorf("%s: the outcome tells a secret: %s", r.kind, raw)
		}
	}
	if strings.Contains(out.Reason, "127.0.0.1") || strings.Contains(out.Reason, "ann@") {
		t.Errorf("%s: the reason tells too much: %s", r.kind, out.Reason)
	}
}

func each(t *testing.T, fn func(t *testing.T, r *rig)) {
	t.Helper()
	for _, s := range subjects() {
		t.Run(s.kind, func(t *testing.T) { t.Parallel(); fn(t, newRig(t, s)) })
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
	troubles := []crmtest.Trouble{crmtest.None, crmtest.CutAfter, crmtest.FailsAfter, crmtest.Fails, crmtest.TooMany, crmtest.Garbage, crmtest.NoAuth}
	for _, s := range subjects() {
		if len(s.objects) == 0 {
			continue
		}
		t.Run(s.kind, func(t *testing.T) {
			rapid.Check(t, func(rt *rapid.T) {
				r := newRig(t, s)
				for range rapid.IntRange(1, 5).Draw(rt, "tries") {
					at, n := rapid.IntRange(0, 12).Draw(rt, "at"), 0
					tr := rapid.SampledFrom(troubles).Draw(rt, "trouble")
					r.d.Trouble(func(crmtest.Request) crmtest.Trouble {
						if n++; n-1 == at {
							return tr
						}
						return crmtest.None
					})
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
		if out.Class != crm.Refused || len(out.Objects) == 0 || !out.Objects[0].Gone {
			t.Errorf("%s: %s", out.Class, out.Reason)
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

func trace(out crm.Outcome) string {
	var b strings.Builder
	for _, x := range out.Trace {
		fmt.Fprintf(&b, "  %s %s %s\n    -> %d %s\n", x.Method, x.Path, x.Body, x.Status, x.Answer)
	}
	return b.String()
}
