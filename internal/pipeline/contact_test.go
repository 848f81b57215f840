package pipeline

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var noon = time.Date(2026, 3, 3, 12, 0, 0, 0, time.UTC)

// reachable is somebody who asked for a document and left a number.
func reachable(change func(*Contact)) Contact {
	c := Contact{Now: noon, Zone: time.UTC, HasTel: true, HasMail: true, PerWeek: 3, Quiet: Quiet{1140, 480}, AskedAt: noon.AddDate(0, 0, -2), AskedFor: "“8 Questions”", AskedSaid: true}
	change(&c)
	return c
}

func TestAllows(t *testing.T) {
	before, after := noon.AddDate(0, 0, -3), noon.AddDate(0, 0, -1)
	for _, c := range []struct {
		name    string
		change  func(*Contact)
		verdict map[string]string // channel -> verdict and code
		says    string            // of the call
	}{
		{"asked and left a number", func(*Contact) {}, map[string]string{Call: "may", Mail: "may", Meeting: "may", Letter: "may"}, "They asked for “8 Questions” on 1 March 2026"},
		{"no number", func(c *Contact) { c.HasTel = false }, map[string]string{Call: "no no-address", Mail: "may"}, "No phone number"},
		{"asked for a mail", func(c *Contact) { c.Choice, c.ChoiceAt, c.ChoiceSaid = "mail", after, true }, map[string]string{Call: "no choice", Mail: "may", Meeting: "no choice", Letter: "no choice"}, "for a mail on 2 March 2026, and nothing else"},
		{"asked for a mail once, and got it", func(c *Contact) { c.Choice, c.ChoiceAt, c.Mailed = "mail", before, after }, map[string]string{Call: "no choice", Mail: "later choice"}, "Somebody at this address"},
		{"asked for a mail, and answered it", func(c *Contact) {
			c.Choice, c.ChoiceAt, c.Mailed, c.Answered = "mail", before, after, after.Add(time.Hour)
		}, map[string]string{Call: "may", Mail: "may"}, "have answered"},
		{"asked for a call", func(c *Contact) { c.Choice, c.ChoiceAt = "call", after }, map[string]string{Call: "may", Mail: "may", Letter: "no choice"}, "for a call"},
		{"asked for a call at a time", func(c *Contact) { c.Choice, c.Slots = "call", []Slot{{noon, noon.Add(time.Hour)}} }, map[string]string{Call: "may"}, ""},
		{"asked for a call at another time", func(c *Contact) {
			c.Choice, c.Slots, c.SlotsInWord = "call", []Slot{{noon.Add(time.Hour), noon.Add(2 * time.Hour)}}, "today at 13:00"
		}, map[string]string{Call: "later time-named", Mail: "may"}, "today at 13:00, and it is another time now"},
		{"wants to book", func(c *Contact) { c.Choice, c.ChoiceAt = "booking", after }, map[string]string{Call: "no choice", Mail: "may", Meeting: "may"}, "book the time themselves"},
		{"wants nothing", func(c *Contact) { c.Choice, c.ChoiceAt, c.Agreed = "none", after, true }, map[string]string{Call: "no choice", Mail: "no choice", Meeting: "no choice", Letter: "no choice"}, "not to be contacted"},
		{"never write", func(c *Contact) { c.Never, c.Choice, c.ChoiceAt = true, "mail", noon }, map[string]string{Mail: "no refusal"}, ""},
		{"never write, and nothing chosen", func(c *Contact) { c.Never = true }, map[string]string{Mail: "no refusal", Call: "may", Letter: "may"}, ""},
		{"known by phone alone", func(c *Contact) { c.HasMail = false }, map[string]string{Mail: "no no-address", Call: "may"}, ""},
		{"came by themselves", func(c *Contact) { c.AskedAt, c.Answered = time.Time{}, after }, map[string]string{Call: "may", Mail: "may", Letter: "may"}, "They have answered or come themselves, last on 2 March 2026."},
		{"unsubscribed", func(c *Contact) { c.Unsubscribed, c.RefusedAt = true, after }, map[string]string{Mail: "no refusal", Call: "may"}, ""},
		{"unsubscribed, then asked for a mail", func(c *Contact) {
			c.Unsubscribed, c.RefusedAt, c.Choice, c.ChoiceAt, c.ChoiceSaid = true, before, "mail", after, true
		}, map[string]string{Mail: "may"}, ""},
		{"unsubscribed, then somebody claimed a wish for a mail", func(c *Contact) { c.Unsubscribed, c.RefusedAt, c.Choice, c.ChoiceAt = true, before, "mail", after }, map[string]string{Mail: "no refusal"}, ""},
		{"asked for a mail, then unsubscribed", func(c *Contact) {
			c.Unsubscribed, c.RefusedAt, c.Choice, c.ChoiceAt, c.ChoiceSaid = true, after, "mail", before, true
		}, map[string]string{Mail: "no refusal"}, ""},
		{"comes back", func(c *Contact) { c.Bounced = true }, map[string]string{Mail: "no no-address", Call: "may"}, ""},
		{"blocked", func(c *Contact) { c.Blocks = []Block{{"all", "their lawyer wrote.", "Ana", before}} }, map[string]string{Call: "no do-not-approach", Mail: "no do-not-approach", Letter: "no do-not-approach"}, "Do not approach: their lawyer wrote (Ana, 28 February 2026)."},
		{"blocked on the phone", func(c *Contact) { c.Blocks = []Block{{"call", "in hospital", "Ana", before}} }, map[string]string{Call: "no do-not-approach", Mail: "may"}, ""},
		{"too often", func(c *Contact) { c.Touches = 3 }, map[string]string{Call: "later touches", Mail: "later touches"}, "Approached 3 times"},
		{"often since they answered", func(c *Contact) { c.Touches, c.Answered = 5, after }, map[string]string{Call: "later touches", Mail: "later touches"}, ""},
		{"late in the day", func(c *Contact) { c.Now = noon.Add(8 * time.Hour) }, map[string]string{Call: "later quiet-hours", Mail: "may"}, "It is 20:00 where they are: nobody is called between 19:00 and 08:00."},
		{"early there", func(c *Contact) { c.Zone, c.ZoneFrom = GuessZone("+1 212 555 0100", "", time.UTC) }, map[string]string{Call: "later quiet-hours"}, "It is 07:00 where they are, guessed from the phone number (+1)"},
		{"by hand, by interest", byHandAs(ByInterest, Call, Letter), map[string]string{Call: "may", Mail: "no consent", Meeting: "no consent", Letter: "may"}, "Entered by hand (fair), by legitimate interest, which covers calls and letters."},
		{"by hand, by interest, at home", byHandAs(ByInterest, Letter), map[string]string{Call: "no consent", Mail: "no consent", Letter: "may"}, "by legitimate interest, which covers letters, and no call."},
		{"by hand, by consent to mails", byHandAs(ByConsent, Mail), map[string]string{Call: "no consent", Mail: "may", Meeting: "no consent", Letter: "no consent"}, "by consent, which covers mails, and no call."},
		{"by hand, by a contract on the phone", byHandAs(ByContract, Call), map[string]string{Call: "may", Mail: "no consent"}, "by contract, which covers calls."},
		{"by hand, for nothing", byHandAs(ByContract), map[string]string{Call: "no consent", Mail: "no consent", Meeting: "no consent", Letter: "no consent"}, "by contract, which covers no call."},
		{"by hand, twice", func(c *Contact) {
			c.AskedAt, c.Origins = time.Time{}, []Origin{{"fair", ByConsent, []string{Mail}}, {"phone", ByContract, []string{Call}}}
		}, map[string]string{Call: "may", Mail: "may", Letter: "no consent"}, "Entered by hand (phone), by contract, which covers calls."},
		{"by hand for mails, and asked for something", func(c *Contact) { c.Origins = []Origin{{"fair", ByConsent, []string{Mail}}} }, map[string]string{Call: "may", Mail: "may"}, "They asked for “8 Questions”"},
		{"by hand for calls, and unsubscribed", func(c *Contact) {
			byHandAs(ByConsent, Call, Mail)(c)
			c.Unsubscribed, c.RefusedAt = true, after
		}, map[string]string{Call: "may", Mail: "no refusal"}, ""},
		{"asked for something, not confirmed", func(c *Contact) { c.AskedSaid = false }, map[string]string{Call: "may", Mail: "may"}, "Somebody at this address, not yet confirmed, asked for “8 Questions” on 1 March 2026"},
		{"claimed a call on the number of the form", func(c *Contact) { c.Choice, c.ChoiceAt = "call", after }, map[string]string{Call: "may", Mail: "may", Letter: "no choice"}, "Somebody at this address, not yet confirmed, asked for a call"},
		{"claimed a call on another number than the form's", func(c *Contact) { c.Choice, c.ChoiceAt, c.TelOther = "call", after, true }, map[string]string{Call: "may"}, "call the one that we know"},
		{"claimed a call on a number of nowhere else", func(c *Contact) { c.Choice, c.ChoiceAt, c.TelClaimed = "call", after, true }, map[string]string{Call: "later not-confirmed", Mail: "may", Meeting: "may"}, "may be anybody's"},
		{"confirmed a call on that number", func(c *Contact) { c.Choice, c.ChoiceAt, c.ChoiceSaid = "call", after, true }, map[string]string{Call: "may", Mail: "may"}, "They asked for a call"},
		{"claimed a call, and nothing else is there", func(c *Contact) { c.AskedAt, c.Choice, c.ChoiceAt = time.Time{}, "call", after }, map[string]string{Call: "no consent", Mail: "no consent", Meeting: "no consent", Letter: "no choice"}, "That alone allows nothing"},
		{"claimed a mail, and nothing else is there", func(c *Contact) { c.AskedAt, c.Choice, c.ChoiceAt = time.Time{}, "mail", after }, map[string]string{Call: "no choice", Mail: "no consent"}, ""},
		{"claimed a booking, and nothing else is there", func(c *Contact) { c.AskedAt, c.Choice, c.ChoiceAt = time.Time{}, "booking", after }, map[string]string{Call: "no choice", Mail: "no consent", Meeting: "no consent"}, ""},
		{"claimed a call, by hand for calls only", func(c *Contact) {
			byHandAs(ByConsent, Call)(c)
			c.Choice, c.ChoiceAt = "call", after
		}, map[string]string{Call: "may", Mail: "no consent"}, ""},
		{"claimed no contact", func(c *Contact) { c.Choice, c.ChoiceAt = "none", after }, map[string]string{Call: "no choice", Mail: "no choice"}, ""},
		{"claimed a call at night", func(c *Contact) {
			c.Now, c.Choice, c.Slots = noon.Add(9*time.Hour), "call", []Slot{{noon.Add(9 * time.Hour), noon.Add(10 * time.Hour)}}
		}, map[string]string{Call: "later quiet-hours"}, "It is 21:00 where they are"},
		{"confirmed a call at night", func(c *Contact) {
			c.Now, c.Choice, c.ChoiceSaid, c.Slots = noon.Add(9*time.Hour), "call", true, []Slot{{noon.Add(9 * time.Hour), noon.Add(10 * time.Hour)}}
		}, map[string]string{Call: "may"}, ""},
		{"claimed a zone where it is night", func(c *Contact) { c.Choice, c.ChoiceAt, c.Claimed = "call", before, time.FixedZone("", 10*3600) }, map[string]string{Call: "later quiet-hours"}, "It is 22:00 in the time zone that was typed"},
		{"claimed a zone where it is day", func(c *Contact) {
			c.Now, c.Choice, c.ChoiceAt, c.Claimed = noon.Add(9*time.Hour), "call", before, time.FixedZone("", -10*3600)
		}, map[string]string{Call: "later quiet-hours"}, "It is 21:00 where they are"},
		{"agreed to mails", func(c *Contact) { c.AskedAt, c.Agreed = time.Time{}, true }, map[string]string{Call: "no consent", Mail: "may", Meeting: "no consent", Letter: "no consent"}, "agreed to mails"},
		{"agreed to mails, then unsubscribed", func(c *Contact) { c.AskedAt, c.Agreed, c.Unsubscribed, c.RefusedAt = time.Time{}, true, true, after }, map[string]string{Call: "no consent", Mail: "no refusal", Letter: "no consent"}, "asked for nothing"},
		{"the time named is over", func(c *Contact) {
			c.Choice, c.ChoiceAt, c.Slots = "call", before, []Slot{{after, after.Add(time.Hour)}}
		}, map[string]string{Call: "may"}, ""},
		{"nothing", func(c *Contact) { c.AskedAt = time.Time{} }, map[string]string{Call: "no consent", Mail: "no consent"}, "asked for nothing"},
	} {
		contact := reachable(c.change)
		for channel, want := range c.verdict {
			got := contact.Allows(channel)
			if have := strings.TrimSpace(got.Verdict + " " + got.Beyond); have != want {
				t.Errorf("%s, %s: %s, want %s (%s)", c.name, channel, have, want, got.Why)
			}
		}
		if got := contact.Allows(Call); !strings.Contains(got.Why, c.says) {
			t.Errorf("%s: %q does not say %q", c.name, got.Why, c.says)
		}
	}
}

// byHandAs is somebody whom staff met at a fair, and who asked for nothing.
func byHandAs(basis string, covers ...string) func(*Contact) {
	return func(c *Contact) { c.AskedAt, c.Origins = time.Time{}, []Origin{{"fair", basis, covers}} }
}

// What each right covers where nobody said, and what nobody can say of it.
func TestBasisCovers(t *testing.T) {
	for _, c := range []struct {
		basis    string
		business bool
		covers   string
		cannot   string
	}{
		{ByConsent, true, "", ""}, {ByConsent, false, "", ""}, {ByContract, false, "", ""},
		{ByInterest, true, "calls and letters", "mails"}, {ByInterest, false, "letters", "calls and mails"},
	} {
		var cannot []string
		for _, ch := range Channels() {
			if CannotCover(c.basis, ch, c.business) != "" {
				cannot = append(cannot, ch)
			}
		}
		if got := ChannelList(Covered(c.basis, c.business)); got != c.covers || ChannelList(cannot) != c.cannot {
			t.Errorf("%s, business %t: covers %q, cannot cover %q", c.basis, c.business, got, ChannelList(cannot))
		}
	}
}

// What holds of whatever is known: every answer has its sentence, a code stands exactly where it is not "may", a person
// who wants nothing is never approached, saying no to more never allows more, and what anybody can have typed allows
// nothing that was not allowed without it.
func TestAllowsHolds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		at := func(name string) time.Time {
			return noon.Add(-time.Duration(rapid.IntRange(0, 400).Draw(t, name)) * time.Hour)
		}
		c := Contact{Now: noon.Add(time.Duration(rapid.IntRange(0, 23).Draw(t, "hour")) * time.Hour), Zone: time.UTC, PerWeek: 3, Quiet: Quiet{1140, 480},
			Choice: rapid.SampledFrom([]string{"", "mail", "call", "booking", "none"}).Draw(t, "choice"), ChoiceAt: at("chosen"), ChoiceSaid: rapid.Bool().Draw(t, "said"),
			Never: rapid.Bool().Draw(t, "never"), Bounced: rapid.Bool().Draw(t, "bounced"), Unsubscribed: rapid.Bool().Draw(t, "unsubscribed"), RefusedAt: at("refused"),
			Agreed: rapid.Bool().Draw(t, "agreed"), HasTel: rapid.Bool().Draw(t, "tel"), HasMail: rapid.Bool().Draw(t, "mail"), Touches: rapid.IntRange(0, 5).Draw(t, "touches"),
			TelClaimed: rapid.Bool().Draw(t, "tel claimed"), Mailed: at("mailed")}
		if basis := rapid.SampledFrom([]string{"", ByConsent, ByContract, ByInterest}).Draw(t, "basis"); basis != "" {
			c.Origins = []Origin{{"fair", basis, rapid.SliceOfDistinct(rapid.SampledFrom(Channels()), rapid.ID[string]).Draw(t, "covers")}}
		}
		if n := rapid.IntRange(-30, 30).Draw(t, "slot"); c.Choice == "call" && n > -20 {
			c.Slots = []Slot{{noon.Add(time.Duration(n) * time.Hour), noon.Add(time.Duration(n+4) * time.Hour)}}
		}
		if rapid.Bool().Draw(t, "has asked") {
			c.AskedAt = at("asked")
		}
		if rapid.Bool().Draw(t, "has answered") {
			c.Answered = at("answered")
		}
		rank := map[string]int{No: 0, Later: 1, May: 2}
		for _, a := range c.All() {
			if a.Why == "" || (a.Verdict == May) != (a.Beyond == "") {
				t.Fatalf("%+v", a)
			}
			if c.Choice == "none" && a.Verdict != No {
				t.Fatalf("approached although they want nothing: %+v", a)
			}
			for _, how := range []string{"call", "mail", "booking"} {
				claimed, unsaid := c, c
				claimed.Choice, claimed.ChoiceSaid, unsaid.Choice, unsaid.Slots = how, false, "", nil
				unsaid.TelClaimed, unsaid.HasTel = false, c.HasTel && !c.TelClaimed
				if got, without := claimed.Allows(a.Channel), unsaid.Allows(a.Channel); got.Verdict == May && without.Verdict != May {
					t.Fatalf("a claim allows what nothing else does: %+v, without it %+v", got, without)
				}
			}
			stricter := c
			stricter.Blocks = []Block{{"all", "x", "y", noon}}
			if stricter.Allows(a.Channel).Verdict != No {
				t.Fatal("a block allows")
			}
			for name, change := range map[string]func(*Contact){"never": func(c *Contact) { c.Never = true }, "touches": func(c *Contact) { c.Touches++ },
				"none": func(c *Contact) { c.Choice, c.ChoiceAt = "none", noon }, "no consent": func(c *Contact) { c.Agreed = false }} {
				stricter := c
				change(&stricter)
				if got := stricter.Allows(a.Channel); rank[got.Verdict] > rank[a.Verdict] {
					t.Fatalf("%s allows more: %+v, before %+v", name, got, a)
				}
			}
		}
	})
}

func TestReadNote(t *testing.T) {
	for text, want := range map[string]string{"called, wants offer by friday": "call out", "Called back to say no": "call in", "they called about the price": "call in", "mailed the offer": "mail out",
		"met at the fair": "meeting out", "metrics look good": "note none", "wants a discount": "note none", "": "note none", "Sent a letter": "mail out", "replied: not now": "mail in"} {
		kind, direction := ReadNote(text)
		if kind+" "+direction != want {
			t.Errorf("%q: %s %s, want %s", text, kind, direction, want)
		}
	}
}

func TestGuessZone(t *testing.T) {
	for _, c := range []struct{ tel, country, zone, from string }{
		{"+49 30 1234", "", "Europe/Berlin", "the phone number (+49)"}, {"0044 20 1", "DE", "Europe/London", "the phone number (+44)"}, {"030 1234", "AT", "Europe/Vienna", "the country (AT)"},
		{"+351 21", "", "Europe/Lisbon", "the phone number (+351)"}, {"", "", "UTC", ""}, {"+999", "xx", "UTC", ""},
	} {
		zone, from := GuessZone(c.tel, c.country, time.UTC)
		if zone.String() != c.zone || from != c.from {
			t.Errorf("%v: %s %q", c, zone, from)
		}
	}
	for name, prefix := range countries {
		if _, err := time.LoadLocation(prefixes[prefix]); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
