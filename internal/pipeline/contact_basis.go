package pipeline

import (
	"slices"
	"strings"
)

// The rights by which a lead by hand may be kept (GDPR, article 6).
const (
	ByConsent  = "consent"
	ByContract = "contract"
	ByInterest = "legitimate-interest"
)

// Origin is where a lead by hand came from, by what right it is kept, and which ways of approaching them that right covers.
type Origin struct {
	Kind   string
	Basis  string
	Covers []string // of Channels
}

// Covered are the ways that a right covers where nobody said which. A consent or a contract covers what was agreed and
// nothing else, so it has to be said. A legitimate interest covers a letter, and a call to somebody at work (business):
// the common ground of the laws that we know, of which some allow more (Directive 2002/58/EC, article 13; GDPR, recital
// 47; UWG, section 7; PECR, regulations 21 and 22).
func Covered(basis string, business bool) []string {
	switch {
	case basis != ByInterest:
		return nil
	case business:
		return []string{Call, Letter}
	}
	return []string{Letter}
}

// CannotCover says why a right cannot cover a way, in a sentence; "" where it can. What a legitimate interest does not
// reach takes their consent.
func CannotCover(basis, channel string, business bool) string {
	switch {
	case basis == ByInterest && channel == Mail:
		return "A legitimate interest does not cover mails: they take the person’s consent."
	case basis == ByInterest && channel == Call && !business:
		return "A legitimate interest does not cover calls to somebody at home: name the company, or the person’s consent."
	}
	return ""
}

// byHand tells whether what staff entered covers a way, and why or why not; "" where nothing was entered.
func byHand(origins []Origin, channel string) (covered bool, why string) {
	var lacks []string
	for _, o := range origins {
		entered := "Entered by hand (" + o.Kind + "), by " + strings.ReplaceAll(o.Basis, "-", " ")
		if slices.Contains(o.Covers, channel) {
			return true, entered + ", which covers " + ChannelList(o.Covers) + "."
		}
		if have := ChannelList(o.Covers); have != "" {
			lacks = append(lacks, entered+", which covers "+have+", and no "+channel+".")
		} else {
			lacks = append(lacks, entered+", which covers no "+channel+".")
		}
	}
	return false, strings.Join(lacks, " ")
}

// ChannelList names ways in a row: "calls, letters and meetings".
func ChannelList(channels []string) string {
	var words []string
	for _, ch := range Channels() {
		if slices.Contains(channels, ch) {
			words = append(words, ch+"s")
		}
	}
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}
