package app_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/crm"
	"github.com/gatehouse/gatehouse/internal/testkit/crmtest"
)

// An amount is the same amount here and there, whatever digits the currency has.
func TestMoneyIsTheSameOnBothSides(t *testing.T) {
	for _, m := range []struct {
		code, typed string
		minor, then int64 // what was typed, and 6000, in minor units
	}{{"IDR", "5000000", 500_000_000, 600_000}, {"JPY", "5000", 5000, 6000}, {"KWD", "12.345", 12_345, 6_000_000}} {
		c := newConnectedAt(t, func(now func() time.Time) *crmtest.Double { return crmtest.HubSpot(t, now) })
		id := c.hubspot(c.double)
		mustExec(t, c.Kit, "update settings set currency = '"+m.code+"'")
		c.pull(id)
		deal := c.deal("ann@example.org", c.ana)
		if _, err := c.App.EditDeal(t.Context(), app.DealEdit{ID: deal.ID, Version: deal.Version, Title: deal.Title, Currency: m.code, Value: m.typed}, c.ana); err != nil {
			t.Fatal(err)
		}
		c.push(id)
		remote := c.double.Live("deals")[0]
		if got := fmt.Sprint(remote.Props["amount"]); got != m.typed || *c.read(deal.ID).Value != m.minor {
			t.Errorf("%s %s: %s there, %d here", m.typed, m.code, got, *c.read(deal.ID).Value)
		}
		c.Clock.Move(time.Minute)
		c.double.Change("deals", remote.ID, map[string]any{"amount": "6000"})
		c.pull(id)
		if got := c.read(deal.ID); *got.Value != m.then {
			t.Errorf("set to 6000 %s there, %d here", m.code, *got.Value)
		}
	}
}

// What no deal can hold is told and left out: it must not bring down the sums of everybody.
func TestAValueThatIsTooLargeIsLeftOut(t *testing.T) {
	d := crmtest.Receiver(t)
	c := newConnected(t, d)
	id := c.webhook(d)
	deal := c.deal("ann@example.org", c.ana)
	c.push(id)
	tell := func(key, data string) (outcome string) {
		t.Helper()
		body := fmt.Sprintf(`{"type":"deal.changed","timestamp":"2026-03-03T09:00:00Z","data":{"deal_id":"%s",%s}}`, deal.ID, data)
		if err := c.App.KeepHook(t.Context(), id, crm.Hook{Method: "POST", Header: crm.Sign(hookSecret, key, c.Clock.Now(), []byte(body)), Body: []byte(body)}); err != nil {
			t.Fatal(err)
		}
		c.pull(id)
		if err := c.Store.DB(t.Context()).Raw("select reason from pulls order by id desc limit 1").Scan(&outcome).Error; err != nil {
			t.Fatal(err)
		}
		return outcome
	}
	for _, x := range []struct{ key, data, says string }{
		{"a", `"value":"90000000000000000"`, "no amount"}, {"b", `"stage":"nonsense"`, "no stage here"}, {"c", `"value":"12","currency":"JPY"`, "the deal here is in"}} {
		if got := tell(x.key, x.data); !contains(got, x.says) {
			t.Errorf("%s: %q", x.data, got)
		}
	}
	if got := c.read(deal.ID); got.Stage != deal.Stage || (got.Value == nil) != (deal.Value == nil) {
		t.Errorf("%+v", got)
	}
	if _, err := c.App.ReadBoard(t.Context(), app.DealFilter{}, ""); err != nil {
		t.Error(err)
	}
	if n := c.Count("select count(*) from deal_changes where to_stage = 'nonsense' or deal_id = ? and version > ?", deal.ID, deal.Version); n != 0 {
		t.Errorf("%d changes of nothing", n)
	}
}

// An amount without its currency would be read in theirs: of a deal in another one it is told only together with that.
func TestForeignMoneyIsToldWithItsCurrencyOrNotAtAll(t *testing.T) {
	d := crmtest.HubSpot(t, nil)
	c := newConnected(t, d)
	id := c.hubspot(d)
	for address, currency := range map[string]string{"a@firm1.example": "GBP", "b@firm2.example": "EUR"} {
		deal := c.deal(address, c.ana)
		if _, err := c.App.EditDeal(t.Context(), app.DealEdit{ID: deal.ID, Version: deal.Version, Title: currency, Value: "400", Currency: currency}, c.ana); err != nil {
			t.Fatal(err)
		}
	}
	c.push(id)
	c.push(id)
	amounts := func() map[string]any {
		out := map[string]any{}
		for _, r := range d.Live("deals") {
			out[fmt.Sprint(r.Props["dealname"])] = r.Props["amount"]
		}
		return out
	}
	if got := amounts(); got["GBP"] != "400" || got["EUR"] != nil || len(got) != 2 {
		t.Errorf("without the currency: %v", got)
	}
	lines := append([]crm.Line{{Object: crm.Deal, Value: "deal_currency", Property: "deal_currency_code", Policy: crm.Overwrite}}, crm.New(crm.Allow{}, nil).Find("hubspot").About().Mapping...)
	if err := c.App.EditMapping(t.Context(), id, c.connector(id).Version, lines, c.admin); err != nil {
		t.Fatal(err)
	}
	if _, err := c.App.Replay(t.Context(), id, c.Clock.Now().Add(-time.Hour), c.Clock.Now().Add(time.Hour), c.admin); err != nil {
		t.Fatal(err)
	}
	c.push(id)
	if got := amounts(); got["EUR"] != "400" {
		t.Errorf("with the currency: %v", got)
	}
}
