package pipeline

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var board = Stages{
	{Key: "old", Kind: Open, Archived: true},
	{Key: "discovery", Kind: Open, Next: []string{"proposal", "lost", "won", "old"}},
	{Key: "proposal", Kind: Open, Next: []string{"discovery", "lost", "won"}, Required: []string{"value", "expected_on"}},
	{Key: "won", Kind: Won, Next: []string{"proposal"}, Required: []string{"value", "reason"}},
	{Key: "lost", Kind: Lost, Next: []string{"discovery"}, Required: []string{"reason"}},
}

func TestMoves(t *testing.T) {
	for _, m := range []struct {
		from, to string
		may      bool
	}{
		{"discovery", "proposal", true}, {"discovery", "won", true}, {"proposal", "discovery", true}, {"lost", "discovery", true}, {"won", "proposal", true},
		{"discovery", "discovery", false}, {"discovery", "old", false}, {"lost", "won", false}, {"won", "lost", false}, {"nowhere", "won", false}, {"discovery", "nowhere", false},
	} {
		if board.May(m.from, m.to) != m.may {
			t.Errorf("%s -> %s: %t", m.from, m.to, !m.may)
		}
	}
	if first, _ := board.First(); first.Key != "discovery" {
		t.Errorf("a deal begins at %s", first.Key)
	}
}

func TestMissing(t *testing.T) {
	value, day := int64(100), time.Now()
	for _, c := range []struct {
		stage string
		f     DealFacts
		want  []string
	}{
		{"won", DealFacts{}, []string{"value", "reason"}}, {"won", DealFacts{Value: &value}, []string{"reason"}}, {"won", DealFacts{Reason: "price", Expected: &day}, []string{"value"}},
		{"won", DealFacts{Value: &value, Reason: "price"}, nil}, {"proposal", DealFacts{Value: &value, Reason: "price"}, []string{"expected_on"}}, {"proposal", DealFacts{Value: &value, Expected: &day}, nil},
		{"discovery", DealFacts{}, nil},
	} {
		stage, _ := board.Find(c.stage)
		if got := stage.Missing(c.f); !slices.Equal(got, c.want) {
			t.Errorf("%s, %+v: %v", c.stage, c.f, got)
		}
	}
}

func TestParseMoney(t *testing.T) {
	for _, c := range []struct {
		typed, code, locale string
		minor               int64 // -1: refused
	}{
		{"12000", "GBP", "en-GB", 1200000}, {"12,000", "GBP", "en-GB", 1200000}, {"£12 000", "GBP", "en-GB", 1200000}, {"1,234.5", "EUR", "en-GB", 123450},
		{"1.234,50", "EUR", "de-DE", 123450}, {"1.234,50", "EUR", "en-GB", 123450}, {"12.000", "EUR", "de-DE", 1200000}, {"12,5", "EUR", "de-DE", 1250},
		{"1'200.50", "CHF", "de-CH", 120050}, {"1200 EUR", "EUR", "de-DE", 120000}, {"EUR 1200", "EUR", "de-DE", 120000}, {"¥1,200", "JPY", "ja-JP", 1200},
		{"0", "GBP", "en-GB", 0}, {"1,234,567.89", "USD", "en-US", 123456789},
		{"12.000", "EUR", "en-GB", -1}, {"12,00", "GBP", "en-GB", -1}, {"1.5", "JPY", "ja-JP", -1}, {"-5", "GBP", "en-GB", -1}, {"12k", "GBP", "en-GB", -1},
		{"", "GBP", "en-GB", -1}, {".", "GBP", "en-GB", -1}, {"1.", "GBP", "en-GB", -1}, {"1,2,3", "GBP", "en-GB", -1}, {"12", "XX", "en-GB", -1},
		{"99999999999999999999", "GBP", "en-GB", -1}, {"١٢", "GBP", "en-GB", -1}, {",123", "GBP", "en-GB", -1},
	} {
		got, ok := ParseMoney(c.typed, c.code, c.locale)
		if !ok {
			got = -1
		}
		if got != c.minor {
			t.Errorf("%q %s %s: %d, want %d", c.typed, c.code, c.locale, got, c.minor)
		}
	}
}

// However often something is put between two neighbours, it stands between them, or the column says that it is full.
func TestBetween(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var column []float64
		for range rapid.IntRange(1, 60).Draw(t, "moves") {
			at := rapid.IntRange(0, len(column)).Draw(t, "at")
			var above, below *float64
			if at > 0 {
				above = &column[at-1]
			}
			if at < len(column) {
				below = &column[at]
			}
			place, ok := Between(above, below)
			if !ok {
				return
			}
			column = slices.Insert(column, at, place)
		}
		if !slices.IsSorted(column) {
			t.Fatal(column)
		}
	})
}

// What is written is read back, in any currency and locale.
func TestAmountIsReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		minor := rapid.Int64Range(0, MaxMoney).Draw(t, "minor")
		code := rapid.SampledFrom([]string{"GBP", "EUR", "JPY", "CHF", "KWD"}).Draw(t, "currency")
		locale := rapid.SampledFrom([]string{"en-GB", "de-DE", "de-CH", "fr-FR", "xx"}).Draw(t, "locale")
		got, ok := ParseMoney(Amount(minor, code, locale), code, locale)
		if !ok || got != minor {
			t.Fatalf("%d -> %q -> %d, %t", minor, Amount(minor, code, locale), got, ok)
		}
	})
}

// The digits are those of ISO 4217, and what is no currency has none.
func TestScaleIsThatOfISO4217(t *testing.T) {
	for code, want := range map[string]int{"GBP": 2, "IDR": 2, "COP": 2, "PKR": 2, "IQD": 3, "JPY": 0, "ISK": 0, "BHD": 3, "CLF": 4, "HUF": 2, "LBP": 2, "UGX": 0} {
		if got, ok := Scale(code); !ok || got != want {
			t.Errorf("%s has %d, %t", code, got, ok)
		}
	}
	for _, code := range []string{"", "XX", "€", "AAA", "GB"} {
		if _, ok := Scale(code); ok {
			t.Errorf("%q is a currency", code)
		}
	}
}
