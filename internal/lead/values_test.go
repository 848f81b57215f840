package lead

import (
	"maps"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func at(hour int) time.Time { return time.Date(2026, 3, 2, hour, 0, 0, 0, time.UTC) }

func claimed(text string, hour int) Value { return Value{text, false, at(hour), "ann@example.com"} }

func confirmed(text string, hour int) Value { return Value{text, true, at(hour), "ann@example.com"} }

func TestMerge(t *testing.T) {
	stranger := Value{"Mallory", false, at(9), "ann@other.example"}
	for _, c := range []struct {
		name        string
		known, said Value
		want        Value
		changed     bool
	}{
		{"a claim fills a blank", Value{}, claimed("Ann", 1), claimed("Ann", 1), true},
		{"a confirmation fills a blank", Value{}, confirmed("Ann", 1), confirmed("Ann", 1), true},
		{"a blank empties nothing", claimed("Ann", 1), claimed("", 2), Value{}, false},
		{"a confirmed blank empties nothing", confirmed("Ann", 1), confirmed("", 2), Value{}, false},
		{"a claim never replaces a confirmed value", confirmed("Ann", 1), claimed("Eve", 9), Value{}, false},
		{"a stranger's claim neither", confirmed("Ann", 1), stranger, Value{}, false},
		{"a later claim of the same address replaces a claim", claimed("An", 1), claimed("Ann", 2), claimed("Ann", 2), true},
		{"an earlier claim that comes late does not", claimed("Ann", 2), claimed("An", 1), Value{}, false},
		{"a claim of another address does not", claimed("Ann", 1), stranger, Value{}, false},
		{"a confirmation replaces a claim, even a later one", claimed("Eve", 9), confirmed("Ann", 1), confirmed("Ann", 1), true},
		{"a later confirmation replaces a confirmed value", confirmed("Brown", 1), confirmed("Smith", 2), confirmed("Smith", 2), true},
		{"an earlier one does not", confirmed("Smith", 2), confirmed("Brown", 1), Value{}, false},
		{"the same text confirmed keeps its time", claimed("Ann", 1), confirmed("Ann", 5), confirmed("Ann", 1), true},
		{"the same text claimed again", confirmed("Ann", 1), claimed("Ann", 5), Value{}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			known := map[string]Value{"company": claimed("Example Ltd", 0)}
			if c.known != (Value{}) {
				known["given_name"] = c.known
			}
			before := maps.Clone(known)
			got := Merge(known, map[string]Value{"given_name": c.said})
			want := map[string]Value{}
			if c.changed {
				want["given_name"] = c.want
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Error(d)
			}
			if !maps.Equal(before, known) {
				t.Error("what is known was touched")
			}
			if Apply(known, got)["company"].Text != "Example Ltd" {
				t.Error("another field was touched")
			}
		})
	}
}

func TestClaimCounts(t *testing.T) {
	for _, c := range []struct{ known, confirmed, want bool }{{false, false, true}, {true, false, true}, {true, true, false}} {
		if ClaimCounts(c.known, c.confirmed) != c.want {
			t.Errorf("%+v", c)
		}
	}
}

func anyValue(t *rapid.T) Value {
	return Value{rapid.SampledFrom([]string{"", "a", "b", "c"}).Draw(t, "text"), rapid.Bool().Draw(t, "confirmed"), at(rapid.IntRange(0, 9).Draw(t, "hour")),
		rapid.SampledFrom([]string{"x@example.com", "y@example.com"}).Draw(t, "address")}
}

func TestMergeProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		known := map[string]Value{}
		for range rapid.IntRange(1, 12).Draw(t, "submissions") {
			said := map[string]Value{"f": anyValue(t)}
			changes := Merge(known, said)
			next := Apply(known, changes)
			if again := Merge(next, said); len(again) != 0 {
				t.Fatalf("the same again changes %+v to %+v", next, again)
			}
			old, was := known["f"]
			now := next["f"]
			switch {
			case was && now.Text == "":
				t.Fatal("a value was emptied")
			case was && old.Confirmed && !now.Confirmed:
				t.Fatal("a confirmation was lost")
			case was && old.Confirmed && !said["f"].Confirmed && old != now:
				t.Fatal("a claim changed a confirmed value")
			}
			known = next
		}
	})
}

func TestConsent(t *testing.T) {
	none, ticked := Consent{}, Consent{}.Claim(at(1))
	gone := ticked.Confirm(at(1)).Withdraw(at(5))
	for name, c := range map[string]struct{ got, want Consent }{
		"a box is a claim":                            {ticked, Consent{ConsentClaimed, at(1)}},
		"ticked again keeps the first time":           {ticked.Claim(at(2)), ticked},
		"confirmed by a person":                       {ticked.Confirm(at(1)), Consent{ConsentConfirmed, at(1)}},
		"a later claim does not weaken it":            {ticked.Confirm(at(1)).Claim(at(3)), Consent{ConsentConfirmed, at(1)}},
		"withdrawn":                                   {gone, Consent{ConsentWithdrawn, at(5)}},
		"a claim never lifts a withdrawal":            {gone.Claim(at(9)), gone},
		"opening an old mail does not lift it either": {gone.Confirm(at(1)), gone},
		"a box ticked at that moment is no later one": {gone.Confirm(at(5)), gone},
		"a later box, confirmed, does":                {gone.Claim(at(6)).Confirm(at(6)), Consent{ConsentConfirmed, at(6)}},
		"withdrawing needs no consent":                {none.Withdraw(at(2)), Consent{ConsentWithdrawn, at(2)}},
		"an old withdrawal that comes late":           {gone.Withdraw(at(3)), gone},
	} {
		if c.got != c.want {
			t.Errorf("%s: %+v, want %+v", name, c.got, c.want)
		}
	}
}
