package pipeline

import (
	"fmt"
	"slices"
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
	ChoiceSaid  bool   // confirmed by the reader's own hand; else it is a claim, see ground
	Slots       []Slot // when a call is welcome, as the reader named it; none: no time was named
	SlotsInWord string

	Never        bool // "never write to me", or a spam report
	Bounced      bool // mails to every address come back
	Unsubscribed bool // from marketing; At tells whether a choice came later
	RefusedAt    time.Time

	AskedAt   time.Time // the last time that somebody asked for something with their address; zero: never
	AskedFor  string
	AskedSaid bool     // a person at the mailbox has acted on it since
	Agreed    bool     // a confirmed consent to be written to
	Origins   []Origin // of a lead by hand, and of those that were merged into it

	Tel        string // the number to call
	HasTel     bool
	TelClaimed bool // it stands in a choice that nobody confirmed, and nowhere else
	TelOther   bool // a choice that nobody confirmed names another one than Tel
	HasMail    bool
	Answered   time.Time // the last time that they answered or came by themselves; zero: never
	Mailed     time.Time // the last mail that went out to them

	Touches  int // that went out within the last seven days and since they last answered
	PerWeek  int // how many are too many
	Quiet    Quiet
	Zone     *time.Location
	ZoneFrom string         // what the zone was guessed from, "the phone number (+49)"; empty: it was named, or is the installation's
	Claimed  *time.Location // a zone that somebody typed and nobody confirmed: it is quiet where either says so; nil: none
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
	BeyondClaim   = "not-confirmed"
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
	for _, ask := range []func(string) (beyond, why string){c.unproven, c.once, c.tooMany, c.untimely} {
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
//
// A choice that nobody confirmed is a claim: it was typed on the page after a form, where anybody can have typed anybody's
// address. It restricts at once, for to be left alone by mistake costs little. It allows only what the ground that is
// there without it allows, which as a rule is the submission that it came with: whoever asked for a document and left a
// number may be called about it, and then at the times that were named, and outside quiet hours. A number that stands
// in the claim alone is nobody's yet: see unproven.
func (c Contact) ground(channel string) (beyond, why string) {
	beyond, why = c.chosen(channel)
	if beyond != "" || c.Choice == "" || c.ChoiceSaid {
		return beyond, why
	}
	if beyond, lacks := c.agreed(channel); beyond != "" {
		return beyond, why + " That alone allows nothing: anybody can type an address. " + lacks
	}
	return "", why
}

// asked says who chose.
func (c Contact) asked() string {
	if c.ChoiceSaid {
		return "They asked"
	}
	return "Somebody at this address, not yet confirmed, asked"
}

// chosen is what the choice says; without one it is what they agreed to.
func (c Contact) chosen(channel string) (beyond, why string) {
	said, on := c.asked(), " on "+c.day(c.ChoiceAt)
	answered := c.Answered.After(c.ChoiceAt)
	switch {
	case c.Choice == "call" && channel == Call:
		other := ""
		if c.TelOther {
			other = " The number that was typed with it is another one and not confirmed: call the one that we know."
		}
		return "", said + " for a call" + on + c.slotWords() + "." + other
	case c.Choice == "call" && channel == Letter, c.Choice == "mail" && channel == Letter, c.Choice == "booking" && channel == Letter:
		return BeyondChoice, said + on + " to be met in another way than by letter."
	case c.Choice == "call":
		return "", said + " for a call" + on + "; what arranges it is part of it."
	case c.Choice == "mail" && channel == Mail:
		return "", said + " for a mail" + on + "."
	case c.Choice == "mail" && !answered:
		return BeyondChoice, said + " for a mail" + on + ", and nothing else."
	case c.Choice == "mail":
		return "", said + " for a mail" + on + ", and they have answered on " + c.day(c.Answered) + "."
	case c.Choice == "booking" && channel == Call && !answered:
		return BeyondChoice, said + on + " to book the time themselves; wait for it, or send the link."
	case c.Choice == "booking":
		return "", said + on + " to book a time; what arranges it is part of it."
	}
	return c.agreed(channel)
}

// agreed is the ground where nothing was chosen.
func (c Contact) agreed(channel string) (beyond, why string) {
	switch {
	case !c.Answered.IsZero():
		return "", "They have answered or come themselves, last on " + c.day(c.Answered) + "."
	case c.Agreed && channel == Mail: // to mails, and to nothing else
		return "", "They agreed to be written to, and confirmed it."
	case !c.AskedAt.IsZero():
		who, tel := "They asked", ""
		if !c.AskedSaid {
			who = "Somebody at this address, not yet confirmed, asked"
		}
		if channel == Call {
			tel = " They left a number, if a call is welcome."
		}
		return "", who + " for " + c.AskedFor + " on " + c.day(c.AskedAt) + "; coming back on that is part of it." + tel
	}
	if covered, why := byHand(c.Origins, channel); covered {
		return "", why
	} else if why != "" {
		return BeyondConsent, why
	}
	if c.Agreed && !c.Unsubscribed {
		return BeyondConsent, "They agreed to mails, and asked for nothing else."
	}
	return BeyondConsent, "They have asked for nothing and agreed to nothing."
}

// unproven is a call to a number that nobody left but whoever claimed the choice. It may be planned, since most of those
// who ask for a call mean it; it waits until the person at the mailbox acts on the mail that went there.
func (c Contact) unproven(channel string) (beyond, why string) {
	if channel != Call || !c.TelClaimed {
		return "", ""
	}
	return BeyondClaim, c.asked() + " for a call on " + c.day(c.ChoiceAt) + c.slotWords() + ", on a number that stands nowhere else and may be anybody's. It is theirs once they open what we sent them; write to them, or wait for it."
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

// untimely is a call at an hour that the person did not name, or when it is quiet where they are. Only they themselves can
// ask for a call at a quiet hour: a claim cannot.
func (c Contact) untimely(channel string) (beyond, why string) {
	if channel != Call {
		return "", ""
	}
	now := c.Choice == "call" && slices.ContainsFunc(c.Slots, func(s Slot) bool { return !c.Now.Before(s.From) && c.Now.Before(s.Until) })
	if now && c.ChoiceSaid {
		return "", ""
	}
	if _, ahead := c.NextSlot(); ahead && !now { // times that are over bind nobody
		return BeyondSlot, c.asked() + " for a call" + c.slotWords() + ", and it is another time now."
	}
	guess := ""
	if c.ZoneFrom != "" {
		guess = ", guessed from " + c.ZoneFrom
	}
	if there, quiet := c.quietIn(c.Zone); quiet {
		return BeyondQuiet, fmt.Sprintf("It is %s where they are%s: nobody is called between %s and %s.", there, guess, hour(c.Quiet.From), hour(c.Quiet.Until))
	}
	if c.Claimed == nil {
		return "", ""
	}
	if there, quiet := c.quietIn(c.Claimed); quiet {
		return BeyondQuiet, fmt.Sprintf("It is %s in the time zone that was typed, not yet confirmed: nobody is called between %s and %s.", there, hour(c.Quiet.From), hour(c.Quiet.Until))
	}
	return "", ""
}

// quietIn tells the time in a zone, and whether it is quiet there.
func (c Contact) quietIn(zone *time.Location) (clock string, quiet bool) {
	there := c.Now.In(zone)
	return there.Format("15:04"), c.Quiet.at(there.Hour()*60 + there.Minute())
}

func hour(minute int) string { return fmt.Sprintf("%02d:%02d", minute/60, minute%60) }

func (c Contact) day(at time.Time) string {
	zone := c.Told
	if zone == nil {
		zone = time.UTC
	}
	return at.In(zone).Format("2 January 2006")
}
