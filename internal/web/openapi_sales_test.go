package web

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/store"
	"github.com/gatehouse/gatehouse/internal/testkit"
	"github.com/gatehouse/gatehouse/internal/testkit/crmtest"
)

// sold is a service where the lead of the receipt was given to somebody, accepted, and told to another system.
func sold(t *testing.T) (p *program, receipt string, by store.Actor) {
	t.Helper()
	d := crmtest.Receiver(t)
	p = newProgram(t, func(o *app.Options) { o.Allow = crmtest.Allow(d) })
	ana := store.User{ID: store.NewID(), Email: "ana@sales.example", Name: "Ana", Role: "sales", PasswordHash: "x", Version: 1, CreatedAt: p.Clock.Now()}
	if err := p.Store.DB(t.Context()).Create(&ana).Error; err != nil {
		t.Fatal(err)
	}
	by = store.Actor{Kind: "user", ID: &ana.ID, Name: ana.Name}
	id, err := p.App.CreateConnector(t.Context(), app.ConnectorEdit{Kind: "webhook", Name: "Ours", AlertUser: ana.ID.String(),
		Values: map[string]string{"url": d.URL + "/in", "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}}, by)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.App.SetConnectorState(t.Context(), id, 1, app.ConnectorOn, by); err != nil {
		t.Fatal(err)
	}
	receipt = p.Take(testkit.Submit("ann@example.org")).Receipt
	p.Clock.Move(time.Minute)
	p.give(t, "ann@example.org", ana.ID, by)
	if err := p.App.SpreadOutbox(t.Context()); err != nil {
		t.Fatal(err)
	}
	var later *app.Later
	err = p.App.PushDue(t.Context(), id)
	for tries := 0; errors.As(err, &later) && tries < 20; tries++ { // two lanes wanted to speak of the same person
		err = p.App.PushDue(t.Context(), id)
	}
	if err != nil {
		t.Fatal(err)
	}
	return p, receipt, by
}

// give puts a lead into somebody's hands, who accepts it.
func (p *program) give(t *testing.T, address string, to uuid.UUID, by store.Actor) {
	t.Helper()
	l, _, err := p.Store.LeadByAddress(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.App.GiveLead(t.Context(), l.ID, to, by); err != nil {
		t.Fatal(err)
	}
	as, err := store.HeldAssignment(p.Store.DB(t.Context()), l.ID)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.App.AcceptLead(t.Context(), as.ID, 0, by); err != nil {
		t.Fatal(err)
	}
}

func (p *program) read(t *testing.T, path, key string, into any) {
	t.Helper()
	if err := json.Unmarshal(p.do(t, call{method: "GET", path: path, key: key, status: 200}).Body.Bytes(), into); err != nil {
		t.Fatal(err)
	}
}

func (p *program) key(t *testing.T, scopes ...string) string {
	t.Helper()
	plain, err := p.App.NewKey(t.Context(), strings.Join(scopes, " "), scopes, store.Actor{Kind: "command", Name: "test"})
	if err != nil {
		t.Fatal(err)
	}
	return plain
}

// A receipt tells what came of it as far as the key may see, and the same things are in the lists and under their ids.
func TestAPIReceiptTellsWhatSalesMadeOfIt(t *testing.T) {
	p, receipt, _ := sold(t)
	var r, less app.SubmissionReport
	p.read(t, "/api/v1/submissions/"+receipt, p.full, &r)
	if r.LeadID == nil || r.Message == nil || r.Assignment == nil || r.Deal == nil || len(r.Pushes) == 0 {
		t.Fatalf("something is missing: %+v", r)
	}
	if r.Assignment.Owner != "Ana" || r.Assignment.State != "accepted" || r.Assignment.LeadID != *r.LeadID || r.Deal.AssignmentID != r.Assignment.ID || r.Deal.Title != "Archer & Sons" || r.Deal.StageTitle != "First talk" {
		t.Errorf("assignment %+v, deal %+v", r.Assignment, r.Deal)
	}
	if x := r.Pushes[0]; x.Connector != "Ours" || x.Kind != "webhook" || x.LeadID != *r.LeadID || x.State != "done" {
		t.Errorf("push %+v", x)
	}
	p.read(t, "/api/v1/submissions/"+receipt, p.key(t, "leads:read"), &less)
	if less.LeadID == nil || less.Message == nil || less.Assignment != nil || less.Deal != nil || len(less.Pushes) != 0 {
		t.Errorf("a key without the scope learns %+v", less)
	}
	var as app.APIAssignment
	var d app.APIDeal
	var push app.APIPush
	p.read(t, "/api/v1/assignments/"+r.Assignment.ID.String(), p.full, &as)
	p.read(t, "/api/v1/deals/"+r.Deal.ID.String(), p.full, &d)
	p.read(t, "/api/v1/pushes/"+r.Pushes[0].ID.String(), p.full, &push)
	if as.Reason != r.Assignment.Reason || d.Version != r.Deal.Version || push != r.Pushes[0] {
		t.Errorf("%+v\n%+v\n%+v", as, d, push)
	}
}

// What sales did with an earlier request is not told as what came of a later one, except what lasts.
func TestAPIReceiptTellsWhatCameSince(t *testing.T) {
	p, _, by := sold(t)
	var d store.Deal
	if err := p.Store.DB(t.Context()).Take(&d).Error; err != nil {
		t.Fatal(err)
	}
	p.Clock.Move(time.Hour)
	var r app.SubmissionReport
	second := p.Take(testkit.Submit("ann@example.org")).Receipt
	p.read(t, "/api/v1/submissions/"+second, p.full, &r)
	if r.Assignment == nil || r.Deal == nil || len(r.Pushes) != 0 {
		t.Fatalf("what lasts: %+v", r)
	}
	if _, err := p.App.MoveDeal(t.Context(), app.DealMove{ID: d.ID, Version: d.Version, To: "lost", Reason: "timing"}, by); err != nil {
		t.Fatal(err)
	}
	p.Clock.Move(time.Hour)
	third := p.Take(testkit.Submit("ann@example.org")).Receipt
	p.read(t, "/api/v1/submissions/"+third, p.full, &r)
	if r.Assignment != nil || r.Deal != nil {
		t.Fatalf("what was over before: %+v, %+v", r.Assignment, r.Deal)
	}
}

func TestAPISalesLists(t *testing.T) {
	p, _, by := sold(t)
	p.Take(testkit.Submit("bob@example.org"))
	p.Clock.Move(time.Minute)
	p.give(t, "bob@example.org", *by.ID, by)
	const nobody = "01961f6e-3b00-7c2a-9d56-2f3f1f0a7c11"
	owner := by.ID.String()
	for path, want := range map[string]int{
		"assignments": 2, "assignments?state=accepted&owner=" + owner: 2, "assignments?state=open": 0, "assignments?owner=" + nobody: 0, "assignments?lead=" + nobody: 0,
		"assignments?since=2026-03-03T09:01:30Z": 1,
		"deals":                                  2, "deals?state=open&stage=discovery": 2, "deals?state=won": 0, "deals?stage=proposal": 0, "deals?owner=" + nobody: 0, "deals?since=2026-03-03T09:01:30Z": 1, "deals?lead=" + nobody: 0,
		"pushes?state=refused": 0, "pushes?connector=" + nobody: 0, "pushes?lead=" + nobody: 0, "pushes?since=2027-01-01T00:00:00Z": 0,
		"assignments?state=lost": -422, "assignments?owner=ana": -422, "assignments?lead=ann": -422, "assignments?since=now": -422, "assignments?limit=0": -422, "assignments?cursor=x": -422,
		"deals?state=accepted": -422, "deals?stage=none": -422, "deals?owner=ana": -422, "pushes?state=open": -422, "pushes?connector=x": -422, "pushes?lead=x": -422,
		"assignments/" + nobody: -404, "deals/" + nobody: -404, "pushes/" + nobody: -404, "assignments/one": -404, "deals/one": -404, "pushes/one": -404,
	} {
		path = "/api/v1/" + path
		status := 200
		if want < 0 {
			status = -want
		}
		problem := map[int]string{404: "not-found", 422: "invalid"}[status]
		odd := status == 422 && path != "/api/v1/deals?stage=none" || strings.HasSuffix(path, "/one")
		a := p.do(t, call{method: "GET", path: path, key: p.full, status: status, problem: problem, odd: odd})
		var page app.Page[json.RawMessage]
		if status == 200 && (json.Unmarshal(a.Body.Bytes(), &page) != nil || len(page.Data) != want || page.Next != "") {
			t.Errorf("%s: %s, want %d", path, a.Body, want)
		}
		p.do(t, call{method: "GET", path: path, odd: true, status: 401, problem: "unauthorized"})
		p.do(t, call{method: "GET", path: path, key: p.key(t, "leads:read", "messages:read", "submissions:write"), odd: odd, status: 403, problem: "forbidden"})
	}
	var one, two app.Page[app.APIAssignment]
	p.read(t, "/api/v1/assignments?limit=1", p.full, &one)
	p.read(t, "/api/v1/assignments?limit=1&cursor="+one.Next, p.full, &two)
	if len(one.Data) != 1 || len(two.Data) != 1 || one.Data[0].ID == two.Data[0].ID || two.Next != "" || !one.Data[0].AssignedAt.After(two.Data[0].AssignedAt) {
		t.Errorf("two pages of one each, the newest first: %+v, %+v", one, two)
	}
	var pushes app.Page[app.APIPush]
	p.read(t, "/api/v1/pushes?state=done", p.full, &pushes)
	if len(pushes.Data) == 0 || !slices.ContainsFunc(pushes.Data, func(x app.APIPush) bool { return x.Type == app.LeadAccepted }) {
		t.Errorf("pushes: %+v", pushes)
	}
}

// An erased person is in none of it; a merged lead says into whom.
func TestAPISalesOfTheErasedAndTheMerged(t *testing.T) {
	p, receipt, by := sold(t)
	var r app.SubmissionReport
	p.read(t, "/api/v1/submissions/"+receipt, p.full, &r)
	p.Take(testkit.Submit("ann@other.example"))
	other, _, err := p.Store.LeadByAddress(t.Context(), "ann@other.example")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.App.MergeLeads(t.Context(), *r.LeadID, other.ID, by); err != nil {
		t.Fatal(err)
	}
	var leads app.Page[app.APILead]
	p.read(t, "/api/v1/leads?state=merged", p.full, &leads)
	if len(leads.Data) != 1 || leads.Data[0].ID != other.ID || leads.Data[0].MergedInto == nil || *leads.Data[0].MergedInto != *r.LeadID {
		t.Errorf("merged: %+v", leads)
	}
	p.read(t, "/api/v1/leads", p.full, &leads)
	if len(leads.Data) != 2 {
		t.Errorf("all: %+v", leads)
	}
	if _, err := p.App.EraseLead(t.Context(), *r.LeadID, by); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"assignments", "deals", "pushes", "submissions/" + receipt} {
		if body := p.do(t, call{method: "GET", path: "/api/v1/" + path, key: p.full, status: 200}).Body.String(); strings.Contains(body, "Archer") || strings.Contains(body, "example.org") {
			t.Errorf("%s: %s", path, body)
		}
	}
}
