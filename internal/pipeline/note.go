package pipeline

import (
	"slices"
	"strings"
)

// PlanStep is one step of a template: what, by which channel, and how many working days after the lead was assigned.
type PlanStep struct {
	Channel string `json:"channel"` // call, mail, meeting, letter, other
	Title   string `json:"title"`
	Days    int    `json:"days"`
}

// LeftOut is a step of the template that the plan of a lead does not have, and why.
type LeftOut struct {
	Channel string `json:"channel"`
	Title   string `json:"title"`
	Why     string `json:"why"` // a code of the contact policy
}

// StepChannels are the ways of a step; "other" approaches nobody.
func StepChannels() []string { return []string{Call, Mail, Meeting, Letter, "other"} }

// words that tell what a line of text is about, by their first letters.
var noteWords = []struct{ begins, kind, direction string }{
	{"they called", Call, "in"}, {"they wrote", Mail, "in"}, {"they answered", Mail, "in"}, {"they replied", Mail, "in"}, {"replied", Mail, "in"}, {"he called", Call, "in"},
	{"she called", Call, "in"}, {"called back", Call, "in"}, {"called", Call, "out"}, {"call ", Call, "out"}, {"phoned", Call, "out"}, {"rang", Call, "out"},
	{"spoke", Call, "out"}, {"mailed", Mail, "out"}, {"wrote", Mail, "out"}, {"sent", Mail, "out"}, {"emailed", Mail, "out"}, {"e-mailed", Mail, "out"},
	{"met", Meeting, "out"}, {"meeting", Meeting, "out"}, {"visited", Meeting, "out"}, {"demo", Meeting, "out"}, {"posted", Letter, "out"}, {"letter", Letter, "out"},
}

// ReadNote guesses from a line of text what was done: "called, wants an offer by Friday" is a call that went out. What it
// cannot tell is a note.
func ReadNote(text string) (kind, direction string) {
	low := strings.ToLower(strings.TrimSpace(text)) + " "
	for _, w := range noteWords {
		rest, ok := strings.CutPrefix(low, w.begins)
		if ok && (strings.HasSuffix(w.begins, " ") || !slices.Contains([]byte("abcdefghijklmnopqrstuvwxyz"), rest[0])) {
			return w.kind, w.direction
		}
	}
	return "note", "none"
}
