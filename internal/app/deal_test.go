package app_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/store"
	"github.com/gatehouse/gatehouse/internal/testkit"
)

func TestDealIsOpenedOnce(t *testing.T) {
	s := newSelling(t)
	l := s.lead("ann@archer.example")
	as := s.assigned(l, s.ana, "accepted")
	for range 2 {
		if err := s.Store.Tx(t.Context(), func(tx *store.Tx) error { return s.App.OpenDeal(tx, as, l, s.ana) }); err != nil {
			t.Fatal(err)
		}
	}
	if n := s.Count("select count(*) from deals where lead_id = ? and title = 'Archer & Sons' and stage = 'discovery' and state = 'open' and currency = 'GBP'", l.ID); n != 1 {
		t.Errorf("%d deals", n)
	}
	if n := s.Count("select count(*) from deal_changes where to_stage = 'discovery'"); n != 1 {
		t.Errorf("%d changes", n)
	}
	if n := s.Count("select count(*) from outbox where type = 'deal.stage_changed' and lead_id = ?", l.ID); n != 1 {
		t.Errorf("%d announced", n)
	}
}

// What a stage requires is asked for at once; what is not allowed does not happen; nothing else is lost.
func TestDealMoves(t *testing.T) {
	s := newSelling(t)
	d := s.deal("ann@archer.example", s.ana)
	for _, c := range []struct {
		name string
		m    app.DealMove
		code errs.Code
		asks []string
	}{
		{"what is missing", app.DealMove{To: "won"}, errs.Invalid, []string{"value", "reason"}},
		{"no amount", app.DealMove{To: "proposal", Value: "much"}, errs.Invalid, []string{"value"}},
		{"no reason of ours", app.DealMove{To: "lost", Reason: "because"}, errs.Invalid, []string{"reason"}},
		{"not allowed", app.DealMove{To: "negotiation", Value: "1", ExpectedOn: "2026-04-01"}, errs.Conflict, nil},
		{"nowhere", app.DealMove{To: "heaven"}, errs.Conflict, nil},
		{"old version", app.DealMove{To: "lost", Reason: "price", Version: 7}, errs.Conflict, nil},
	} {
		if c.m.ID = d.ID; c.m.Version == 0 {
			c.m.Version = d.Version
		}
		_, err := s.move(c.m, s.ana)
		if errs.CodeOf(err) != c.code {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		var asks []string
		for _, f := range errs.Public(err).Fields {
			asks = append(asks, f.Field)
		}
		if strings.Join(asks, " ") != strings.Join(c.asks, " ") {
			t.Errorf("%s: asks for %v", c.name, asks)
		}
	}
	if now := s.read(d.ID); now.Stage != "discovery" || now.Version != 1 || now.Value != nil {
		t.Errorf("something happened: %+v", now)
	}
	d, err := s.move(app.DealMove{ID: d.ID, Version: 1, To: "proposal", Value: "£12,500"}, s.ana)
	if err != nil || d.Stage != "proposal" || *d.Value != 1250000 || d.Version != 2 {
		t.Fatalf("%+v %v", d, err)
	}
	if d, err = s.move(app.DealMove{ID: d.ID, Version: 2, To: "won", Reason: "trust"}, s.ana); err != nil {
		t.Fatal(err)
	}
	if n := s.Count("select count(*) from assignments where id = ? and state = 'closed' and close_reason = 'won' and closed_at is not null", d.AssignmentID); n != 1 {
		t.Error("the assignment is not closed")
	}
	if n := s.Count("select count(*) from leads where id = ? and owner_id = ?", d.LeadID, *s.ana.ID); n != 1 {
		t.Error("the owner is gone")
	}
	if d, err = s.move(app.DealMove{ID: d.ID, Version: 3, To: "negotiation", ExpectedOn: "2026-05-01"}, s.ana); err != nil || d.State != "open" || d.Reason != "" || d.ClosedAt != nil {
		t.Fatalf("opened again: %+v %v", d, err)
	}
	if n := s.Count("select count(*) from assignments where id = ? and state = 'accepted' and closed_at is null", d.AssignmentID); n != 1 {
		t.Error("the assignment is not in hands again")
	}
	if n := s.Count("select count(*) from deal_changes where deal_id = ?", d.ID); n != 4 {
		t.Errorf("%d changes", n)
	}
}

// A lead that is in other hands by now does not get a second pair by opening its old deal again.
func TestDealReopensIntoNoOtherHands(t *testing.T) {
	s := newSelling(t)
	d := s.deal("ann@archer.example", s.ana)
	d, err := s.move(app.DealMove{ID: d.ID, Version: 1, To: "lost", Reason: "timing"}, s.ana)
	if err != nil {
		t.Fatal(err)
	}
	l, _ := s.Store.Lead(t.Context(), d.LeadID)
	s.assigned(l, s.ben, "open")
	if _, err = s.move(app.DealMove{ID: d.ID, Version: d.Version, To: "discovery"}, s.ana); errs.CodeOf(err) != errs.Conflict {
		t.Errorf("%v", err)
	}
	if got := s.read(d.ID); got.State != "lost" {
		t.Errorf("%+v", got)
	}
}

// Two people on one deal: one is first, the other is told by whom and what; nothing is overwritten.
func TestTwoOnOneDeal(t *testing.T) {
	s := newSelling(t)
	d := s.deal("ann@archer.example", s.ana)
	moves := []app.DealMove{{ID: d.ID, Version: 1, To: "proposal", Value: "100"}, {ID: d.ID, Version: 1, To: "lost", Reason: "price"}}
	faults := make([]error, 2)
	var wg sync.WaitGroup
	for i, by := range []store.Actor{s.ana, s.ben} {
		wg.Go(func() { _, faults[i] = s.App.MoveDeal(context.WithoutCancel(t.Context()), moves[i], by) })
	}
	wg.Wait()
	if (faults[0] == nil) == (faults[1] == nil) {
		t.Fatalf("%v, %v", faults[0], faults[1])
	}
	lost, names := 0, []string{"Ben", "Ana"}
	if faults[1] != nil {
		lost = 1
	}
	if text := errs.Public(faults[lost]).Message; !strings.Contains(text, names[lost]+" moved it to") || errs.CodeOf(faults[lost]) != errs.Conflict {
		t.Error(text)
	}
	if got := s.read(d.ID); got.Version != 2 || got.Stage != moves[1-lost].To {
		t.Errorf("%+v", got)
	}
	if _, err := s.App.EditDeal(t.Context(), app.DealEdit{ID: d.ID, Version: 1, Title: "Mine"}, s.ana); errs.CodeOf(err) != errs.Conflict {
		t.Errorf("edited on top: %v", err)
	}
}

func TestDealEdit(t *testing.T) {
	s := newSelling(t)
	d := s.deal("ann@archer.example", s.ana)
	d, err := s.App.EditDeal(t.Context(), app.DealEdit{ID: d.ID, Version: 1, Title: "Archer, the north", Value: "9 000", Currency: "eur", ExpectedOn: "2026-06-30"}, s.ana)
	if err != nil || d.Title != "Archer, the north" || d.Currency != "EUR" || *d.Value != 900000 || d.ExpectedOn.Format("2006-01-02") != "2026-06-30" {
		t.Fatalf("%+v %v", d, err)
	}
	if d, err = s.move(app.DealMove{ID: d.ID, Version: d.Version, To: "proposal"}, s.ana); err != nil {
		t.Fatal(err)
	}
	_, err = s.App.EditDeal(t.Context(), app.DealEdit{ID: d.ID, Version: d.Version, Title: d.Title, Value: ""}, s.ana)
	if errs.CodeOf(err) != errs.Invalid {
		t.Errorf("the value that the stage requires was taken away: %v", err)
	}
	same := app.DealEdit{ID: d.ID, Version: d.Version, Title: d.Title, Value: "9000", ExpectedOn: "2026-06-30"}
	if again, err := s.App.EditDeal(t.Context(), same, s.ana); err != nil || again.Version != d.Version {
		t.Errorf("nothing was changed, and yet: %+v %v", again, err)
	}
}

func TestDealsKeepTheirOrder(t *testing.T) {
	s := newSelling(t)
	var deals []store.Deal
	for _, name := range []string{"a", "b", "c"} {
		deals = append(deals, s.deal(name+"@archer.example", s.ana))
	}
	order := func() (out string) {
		b, err := s.App.ReadBoard(t.Context(), app.DealFilter{}, "")
		if err != nil {
			t.Fatal(err)
		}
		for _, card := range b.Columns[0].Cards {
			out += card.Email[:1]
		}
		return out
	}
	if got := order(); got != "cba" {
		t.Fatal(got)
	}
	for i := range 80 { // between the same two again and again: the column is numbered anew when it is full
		d := s.read(deals[i%2].ID)
		other := deals[2].ID
		if _, err := s.move(app.DealMove{ID: d.ID, Version: d.Version, To: "discovery", Above: &other}, s.ana); err != nil {
			t.Fatal(err)
		}
	}
	if got := order(); got != "abc" {
		t.Error(got)
	}
}

// A sum may not be typed past what the stage asks; the mutant lets it.
func TestRequiredFieldsHaveAMutant(t *testing.T) {
	s := newSelling(t, testkit.Mutant("no-required-fields"))
	d := s.deal("ann@archer.example", s.ana)
	if _, err := s.move(app.DealMove{ID: d.ID, Version: 1, To: "won"}, s.ana); err != nil {
		t.Errorf("the mutant asks, too: %v", err)
	}
}

// A card that finds another place in its column is no change of the deal: nobody else has to look at it again.
func TestReorderIsNoNews(t *testing.T) {
	s := newSelling(t)
	one, two := s.deal("ann@archer.example", s.ana), s.deal("bob@baker.example", s.ana)
	before := s.Count("select count(*) from outbox") + s.Count("select count(*) from deal_changes")
	for _, id := range []uuid.UUID{one.ID, two.ID, one.ID} {
		if d, err := s.move(app.DealMove{ID: id, Version: 1, To: one.Stage}, s.ana); err != nil || d.Version != 1 || s.read(id).Version != 1 {
			t.Fatal(d.Version, err)
		}
		if n := s.Count("select count(*) from deals a where a.id = ? and not exists (select 1 from deals b where (b.position, b.id) < (a.position, a.id))", id); n != 1 {
			t.Errorf("%s is not on top", id)
		}
	}
	if after := s.Count("select count(*) from outbox") + s.Count("select count(*) from deal_changes"); after != before {
		t.Errorf("%d lines tell of it", after-before)
	}
}

// Many deals are given away as they were seen: one that somebody changed meanwhile stays.
func TestGiveAsSeen(t *testing.T) {
	s := newSelling(t)
	seen, stale := s.deal("ann@archer.example", s.ana), s.deal("bob@baker.example", s.ana)
	if _, err := s.App.EditDeal(t.Context(), app.DealEdit{ID: stale.ID, Version: 1, Title: "Bob's", Currency: stale.Currency}, s.ben); err != nil {
		t.Fatal(err)
	}
	var u store.User
	if err := s.Store.DB(t.Context()).Where("id = ?", s.ana.ID).Take(&u).Error; err != nil {
		t.Fatal(err)
	}
	both := []app.DealMove{{ID: seen.ID, Version: 1}, {ID: stale.ID, Version: 1}}
	looks, err := s.App.LookGive(t.Context(), u, both, *s.ben.ID, s.ana)
	if err != nil || looks[0].Why != "" || !strings.Contains(looks[1].Why, "meanwhile") {
		t.Errorf("%v %v", looks, err)
	}
	r, err := s.App.GiveDeals(t.Context(), u, both, *s.ben.ID, "a word", s.ana)
	if err != nil || r.Done != 1 || r.Failed != 1 || !strings.Contains(r.Why[0], "meanwhile") {
		t.Errorf("%+v %v", r, err)
	}
	if s.read(seen.ID).OwnerID != *s.ben.ID || s.read(stale.ID).OwnerID != *s.ana.ID {
		t.Error("who has them now is wrong")
	}
}

// What was won counts in the own numbers, whatever its currency.
func TestOwnNumbersCountEachCurrency(t *testing.T) {
	s := newSelling(t)
	for address, currency := range map[string]string{"a@firm1.example": "GBP", "b@firm2.example": "EUR", "c@firm3.example": "EUR"} {
		d := s.deal(address, s.ana)
		d, err := s.App.EditDeal(t.Context(), app.DealEdit{ID: d.ID, Version: d.Version, Title: d.Title, Value: "400", Currency: currency}, s.ana)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.move(app.DealMove{ID: d.ID, Version: d.Version, To: "won", Reason: "plan"}, s.ana); err != nil {
			t.Fatal(err)
		}
	}
	h, err := s.App.SalesHome(t.Context(), *s.ana.ID, "")
	if err != nil || h.Numbers.Won != 3 || !slices.Equal(h.Numbers.Worth, []app.Money{{Minor: 80000, Currency: "EUR"}, {Minor: 40000, Currency: "GBP"}}) {
		t.Errorf("%v %+v", err, h.Numbers)
	}
}
