package lead

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"
)

func at(hour int) time.Time { return time.Date(2026, 3, 2, hour, 0, 0, 0, time.UTC) }

var home, work = uuid.UUID{1}, uuid.UUID{2}

func claimed(text string, hour int) Value { return Value{text, false, at(hour), home} }

func confirmed(text string, hour int) Value { return Value{text, true, at(hour), home} }

func TestReplaces(t *testing.T) {
	elsewhere := func(confirmed bool, hour int) Value { return Value{"Mallory", confirmed, at(hour), work} }
	for _, c := range []struct {
		name          string
		current, next Value
		want          bool
	}{
		{"a claim fills a blank", Value{}, claimed("Ann", 1), true},
		{"a confirmation fills a blank", Value{}, confirmed("Ann", 1), true},
		{"a blank empties nothing", claimed("Ann", 1), claimed("", 2), false},
		{"a confirmed blank empties nothing", confirmed("Ann", 1), confirmed("", 2), false},
		{"a blank fills nothing", Value{}, confirmed("", 2), false},
		{"a claim never replaces a confirmed value", confirmed("Ann", 1), claimed("Eve", 9), false},
		{"nor does the same text", confirmed("Ann", 1), claimed("Ann", 9), false},
		{"nor a claim of another address", confirmed("Ann", 1), elsewhere(false, 9), false},
		{"a later claim of the same address replaces a claim", claimed("An", 1), claimed("Ann", 2), true},
		{"a claim at the same moment too: the last told counts", claimed("An", 1), claimed("Ann", 1), true},
		{"an earlier claim that comes late does not", claimed("Ann", 2), claimed("An", 1), false},
		{"a claim of another address does not", claimed("Ann", 1), elsewhere(false, 9), false},
		{"a confirmation replaces a claim, even a later one", claimed("Eve", 9), confirmed("Ann", 1), true},
		{"a confirmation of another address of the person does", claimed("Ann", 1), elsewhere(true, 2), true},
		{"a later confirmation replaces a confirmed value", confirmed("Brown", 1), confirmed("Smith", 2), true},
		{"an earlier one does not", confirmed("Smith", 2), confirmed("Brown", 1), false},
		{"the same text said later counts from then", confirmed("Brown", 1), confirmed("Brown", 3), true},
		{"so that what lay in between stays behind", confirmed("Brown", 3), confirmed("Smith", 2), false},
	} {
		if got := Replaces(c.current, c.next); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

func anyValue(t *rapid.T) Value {
	return Value{rapid.SampledFrom([]string{"", "a", "b", "c"}).Draw(t, "text"), rapid.Bool().Draw(t, "confirmed"), at(rapid.IntRange(0, 9).Draw(t, "hour")),
		rapid.SampledFrom([]uuid.UUID{home, work}).Draw(t, "address")}
}

func TestReplacesProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var now Value
		for range rapid.IntRange(1, 12).Draw(t, "submissions") {
			said, was := anyValue(t), now
			if Replaces(now, said) {
				now = said
			}
			switch {
			case was.Text != "" && now.Text == "":
				t.Fatal("a value was emptied")
			case was.Text == "" && said.Text != "" && now != said:
				t.Fatal("a blank was not filled")
			case was.Confirmed && !now.Confirmed:
				t.Fatal("a confirmation was lost")
			case was.Confirmed && !said.Confirmed && was != now:
				t.Fatal("a claim changed a confirmed value")
			case was.Confirmed == now.Confirmed && now.SaidAt.Before(was.SaidAt):
				t.Fatal("something older came back")
			}
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
