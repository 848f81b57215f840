package templates

import "time"

// LeadSaidView is what the reader said, on the lead page: it opens the brief.
type LeadSaidView struct {
	Choice *ChoiceView // nil: none was made
	Asked  []SaidLine
	Ours   []SaidLine
}

// Open counts the questions that wait for an answer.
func (v LeadSaidView) Open() (n int) {
	for _, l := range v.Asked {
		if l.Answered.IsZero() {
			n++
		}
	}
	return n
}

// ChoiceView is how the reader wants to be met. Claim: whoever typed the address said so, and nobody has confirmed it.
type ChoiceView struct {
	Head  string
	Tel   string
	Slots []string
	At    time.Time
	Claim bool
	Stop  bool // no contact at all
}

// SaidLine is one saying. Answered is zero while a question waits.
type SaidLine struct {
	Text     string
	About    string // the document
	At       time.Time
	Claim    bool
	Answered time.Time
	By       string
	Mark     *PageAction
}
