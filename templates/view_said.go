package templates

import (
	"strings"
	"time"
)

// SaidView is the part of a page in which a reader speaks: which questions are theirs, a question to the author, how to go
// on. Empty actions hide their parts. Nothing that was typed before is in it, except in the answer to the very post that
// had a fault. The posts: OursAction question, ours ("yes", "no"); AskAction text; MeetAction how, again, tel, words, zone,
// and day, from, until with the number of the slot after each.
type SaidView struct {
	OursAction string
	AskAction  string
	MeetAction string
	Hidden     []KV // posted back by each form
	Document   string
	Questions  []SaidQuestion
	Claim      bool   // said by whoever typed the address: it counts for more once the mail is opened
	Early      bool   // kept until somebody has looked at the request
	How        string // "", "mail", "call", "booking", "none"
	CanCall    bool   // a number was left before: one tap is enough
	Host       *HostView
	Contacts   []ContactView
	Done       string // what was said just now: "ours", "taken-back", "ask", or a way of How
	Fault      string // a sentence above everything, for what has no field
	Call       CallView
	AskValue   string
	AskError   string
}

// Pending tells that what was just chosen may not bind yet. It is the same whoever the address belongs to: a stranger is
// not to learn that somebody has chosen otherwise before. A wish to be left alone counts at once.
func (v SaidView) Pending() bool {
	return v.Claim && (v.Done == "mail" || v.Done == "call" || v.Done == "booking")
}

// SaidQuestion is one question of the document.
type SaidQuestion struct {
	ID     string
	Number int32
	Text   string
	Ours   bool
}

// HostView is who comes back to a reader. PhotoURL is empty where there is no picture: the initials stand for it.
type HostView struct {
	Name       string
	JobTitle   string
	PhotoURL   string
	BookingURL string
}

// Initials are the first letters of the first and the last name.
func (h HostView) Initials() string {
	words := strings.Fields(h.Name)
	if len(words) == 0 {
		return ""
	}
	first := string([]rune(words[0])[:1])
	if len(words) > 1 {
		first += string([]rune(words[len(words)-1])[:1])
	}
	return strings.ToUpper(first)
}

// ContactView is one contact that was made. Kind is "call", "mail", "meeting", "letter" or "document".
type ContactView struct {
	At   time.Time
	Kind string
}

// CallView is the form for a call. Errors go by field: "tel", "slot1" ..., "words", "zone".
type CallView struct {
	Open   bool
	Tel    string
	Words  string
	Zone   string
	Zones  []string
	Slots  []SlotView
	MinDay string // "2026-03-04"
	MaxDay string
	Errors map[string]string
}

// SlotView is one time as typed. Number counts from 1.
type SlotView struct {
	Number int
	Day    string
	From   string
	Until  string
}

// Shown tells whether there is anything to say on the page.
func (v *SaidView) Shown() bool {
	return v != nil && (len(v.Questions) > 0 || v.MeetAction != "")
}
