package pipeline

import (
	"fmt"
	"strings"
	"time"
)

// The ways in which somebody can be approached.
const (
	Call    = "call"
	Mail    = "mail"
	Meeting = "meeting"
	Letter  = "letter"
)

// Channels lists the ways, in the order in which a page shows them.
func Channels() []string { return []string{Call, Mail, Meeting, Letter} }

// Contact is all that decides whether a person may be approached now. Times are moments; sentences that hold one are told
// in Told, the zone of whoever reads them.
type Contact struct {
	Now    time.Time
	Told   *time.Location
	Blocks []Block // what staff decided, not lifted

	Choice      string // what the reader chose: mail, call, booking, none, or "" for nothing
	ChoiceAt    time.Time
	ChoiceSaid  bool   // confirmed by the reader's own hand, not only claimed
	Slots       []Slot // when a call is welcome, as the reader named it; none: no time was named
	SlotsInWord string

	Never        bool // "never write to me", or a spam report
	Bounced      bool // mails to every address come back
	Unsubscribed bool // from marketing; At tells whether a choice came later
	RefusedAt    time.Time

	AskedAt  time.Time // the last time that they asked for something themselves; zero: never
	AskedFor string
	Agreed   bool // a confirmed consent to be written to
	Origin   string
	Basis    string // of a lead by hand: consent, contract, legitimate-interest

	HasTel   bool
	HasMail  bool
	Answered time.Time // the last time that they answered or came by themselves; zero: never
	Mailed   time.Time // the last mail that went out to them

	Touches  int // that went out within the last seven days and since they last answered
	PerWeek  int // how many are too many
	Quiet    Quiet
	Zone     *time.Location
	ZoneFrom string // what the zone was guessed from, "the phone number (+49)"; empty: it is the installation's
}

// Block is a "do not approach" of staff. Channel is call, mail or all.
type Block struct {
	Channel string
	Reason  string
	By      string
	At      time.Time
}

// Slot is a time at which a call is welcome.
type Slot struct{ From, Until time.Time }

// Quiet is when nobody is called, in minutes of the person's day; it may reach over midnight.
type Quiet struct{ From, Until int }

// at tells whether a minute of the day is quiet.
func (q Quiet) at(minute int) bool {
	if q.From <= q.Until {
		return minute >= q.From && minute < q.Until
	}
	return minute >= q.From || minute < q.Until
}

// The verdicts. Later is "not now, or not once more": it may be planned. No is what the person did not agree to: it
// cannot be planned. What happened all the same is recorded with a reason.
const (
	May   = "may"
	Later = "later"
	No    = "no"
)

// The codes of what a touch went beyond; they are kept with the activity.
const (
	BeyondBlock   = "do-not-approach"
	BeyondChoice  = "choice"
	BeyondRefusal = "refusal"
	BeyondConsent = "consent"
	BeyondAddress = "no-address"
	BeyondTouches = "touches"
	BeyondQuiet   = "quiet-hours"
	BeyondSlot    = "time-named"
)

// Allowance is the answer for one channel: the verdict, what a touch would go beyond ("" when it may), and why, in a
// sentence.
type Allowance struct {
	Channel string
	Verdict string
	Beyond  string
	Why     string
}

// Allows answers "why may I?" for a channel now. What the person said comes first: a "do not approach", then a refusal,
// then the choice, then what they consented to or asked for; only then how often and at what hour.
func (c Contact) Allows(channel string) Allowance {
	a := Allowance{Channel: channel, Verdict: May}
	for _, ask := range []func(string) (beyond, why string){c.blocked, c.refused, c.unreachable} {
		if beyond, why := ask(channel); beyond != "" {
			a.Verdict, a.Beyond, a.Why = No, beyond, why
			return a
		}
	}
	beyond, why := c.ground(channel)
	a.Why = why
	if beyond != "" {
		a.Verdict, a.Beyond = No, beyond
		return a
	}
	for _, ask := range []func(string) (beyond, why string){c.once, c.tooMany, c.untimely} {
		if beyond, why := ask(channel); beyond != "" {
			a.Verdict, a.Beyond, a.Why = Later, beyond, why
			return a
		}
	}
	return a
}

// All answers for every channel.
func (c Contact) All() (out []Allowance) {
	for _, ch := range Channels() {
		out = append(out, c.Allows(ch))
	}
	return out
}

func (c Contact) blocked(channel string) (beyond, why string) {
	for _, b := range c.Blocks {
		if b.Channel == "all" || b.Channel == channel {
			return BeyondBlock, fmt.Sprintf("Do not approach: %s (%s, %s).", strings.TrimRight(b.Reason, ". "), b.By, c.day(b.At))
		}
	}
	return "", ""
}

// refused is what the person does not want: nothing at all, or no mail. A later choice that they confirmed
// outweighs an unsubscription: one that is only claimed may come from anybody who types their address. Nothing outweighs "never".
func (c Contact) refused(channel string) (beyond, why string) {
	later := c.Choice != "" && c.ChoiceSaid && c.ChoiceAt.After(c.RefusedAt)
	switch {
	case c.Choice == "none":
		return BeyondChoice, "They asked on " + c.day(c.ChoiceAt) + " not to be contacted."
	case c.Never && channel == Mail:
		return BeyondRefusal, "They said that they want no more mail from us, or complained about one."
	case c.Unsubscribed && channel == Mail && !later:
		return BeyondRefusal, "They unsubscribed on " + c.day(c.RefusedAt) + " and have not asked for a mail since."
	}
	return "", ""
}

func (c Contact) unreachable(channel string) (beyond, why string) {
	switch {
	case channel == Call && !c.HasTel:
		return BeyondAddress, "No phone number is known."
	case channel == Mail && c.Bounced:
		return BeyondAddress, "Mails to this person come back."
	case channel == Mail && !c.HasMail:
		return BeyondAddress, "No address is known."
	}
	return "", ""
}

// ground is what allows a channel, or what forbids it: the choice, else what they agreed to or asked for.
func (c Contact) ground(channel string) (beyond, why string) {
	said := "They asked"
	if !c.ChoiceSaid {
		said = "Somebody at this address, not yet confirmed, asked"
	}
	on := " on " + c.day(c.ChoiceAt)
	answered := c.Answered.After(c.ChoiceAt)
	switch {
	case c.Choice == "call" && channel == Call:
		return "", said + " for a call" + on + c.slotWords() + "."
	case c.Choice == "call" && channel == Letter, c.Choice == "mail" && channel == Letter, c.Choice == "booking" && channel == Letter:
		return BeyondChoice, said + on + " to be met in another way than by letter."
	case c.Choice == "call":
		return "", said + " for a call" + on + "; what arranges it is part of it."
	case c.Choice == "mail" && channel == Mail:
		return "", said + " for a mail" + on + "."
	case c.Choice == "mail" && !answered:
		return BeyondChoice, said + " for a mail" + on + ", and nothing else."
	case c.Choice == "mail":
		return "", "They asked for a mail" + on + " and have answered on " + c.day(c.Answered) + "."
	case c.Choice == "booking" && channel == Call && !answered:
		return BeyondChoice, said + on + " to book the time themselves; wait for it, or send the link."
	case c.Choice == "booking":
		return "", said + on + " to book a time; what arranges it is part of it."
	}
	return c.agreed(channel)
}

// agreed is the ground where nothing was chosen.
func (c Contact) agreed(channel string) (beyond, why string) {
	tel := ""
	if channel == Call {
		tel = " They left a number, if a call is welcome."
	}
	switch {
	case !c.Answered.IsZero():
		return "", "They have answered or come themselves, last on " + c.day(c.Answered) + "."
	case c.Basis == "legitimate-interest" && channel == Mail && !c.Agreed && c.AskedAt.IsZero():
		return BeyondConsent, "This lead is kept for a legitimate interest (" + c.Origin + "): that does not cover a mail which nobody agreed to."
	case c.Basis != "":
		return "", "Entered by hand (" + c.Origin + "), by " + strings.ReplaceAll(c.Basis, "-", " ") + "."
	case c.Agreed && channel == Mail && !c.Unsubscribed: // to mails, and to nothing else
		return "", "They agreed to be written to, and confirmed it."
	case !c.AskedAt.IsZero():
		return "", "They asked for " + c.AskedFor + " on " + c.day(c.AskedAt) + "; coming back on that, once, is part of it." + tel
	}
	if c.Agreed && !c.Unsubscribed {
		return BeyondConsent, "They agreed to mails, and asked for nothing else."
	}
	return BeyondConsent, "They have asked for nothing and agreed to nothing."
}

func (c Contact) slotWords() string {
	if c.SlotsInWord == "" {
		return ""
	}
	return ", " + c.SlotsInWord
}

// once is "mail me once": one mail, and then it is their turn.
func (c Contact) once(channel string) (beyond, why string) {
	if c.Choice == "mail" && channel == Mail && c.Mailed.After(c.ChoiceAt) && !c.Answered.After(c.Mailed) {
		return BeyondChoice, "They asked to be written to once, and that was on " + c.day(c.Mailed) + ". It is their turn."
	}
	return "", ""
}

func (c Contact) tooMany(string) (beyond, why string) {
	if c.PerWeek > 0 && c.Touches >= c.PerWeek {
		return BeyondTouches, fmt.Sprintf("%s within seven days already, without an answer; %d are enough.", times(c.Touches), c.PerWeek)
	}
	return "", ""
}

func times(n int) string {
	if n == 1 {
		return "Approached once"
	}
	return fmt.Sprintf("Approached %d times", n)
}

// NextSlot is the first time for a call that is not over, where the reader asked for one and named some.
func (c Contact) NextSlot() (next Slot, ok bool) {
	for _, s := range c.Slots {
		if c.Choice == "call" && s.Until.After(c.Now) && (!ok || s.From.Before(next.From)) {
			next, ok = s, true
		}
	}
	return next, ok
}

// untimely is a call at an hour that the person did not name, or when it is quiet where they are.
func (c Contact) untimely(channel string) (beyond, why string) {
	if channel != Call {
		return "", ""
	}
	if c.Choice == "call" {
		for _, s := range c.Slots {
			if !c.Now.Before(s.From) && c.Now.Before(s.Until) {
				return "", ""
			}
		}
	}
	if _, ahead := c.NextSlot(); ahead { // times that are over bind nobody
		return BeyondSlot, "They asked for a call" + c.slotWords() + ", and it is another time now."
	}
	there := c.Now.In(c.Zone)
	if !c.Quiet.at(there.Hour()*60 + there.Minute()) {
		return "", ""
	}
	guess := ""
	if c.ZoneFrom != "" {
		guess = ", guessed from " + c.ZoneFrom
	}
	return BeyondQuiet, fmt.Sprintf("It is %s where they are%s: nobody is called between %s and %s.", there.Format("15:04"), guess, hour(c.Quiet.From), hour(c.Quiet.Until))
}

func hour(minute int) string { return fmt.Sprintf("%02d:%02d", minute/60, minute%60) }

func (c Contact) day(at time.Time) string {
	zone := c.Told
	if zone == nil {
		zone = time.UTC
	}
	return at.In(zone).Format("2 January 2006")
}
