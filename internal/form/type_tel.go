package form

import (
	"strings"

	"github.com/nyaruka/phonenumbers"
)

// telType is a telephone number; the answer is E.164, "+442079460018". A national number is read by the answer to the
// form's country question. What counts is that a number of this length is possible there, not that its range is
// assigned: ranges are opened faster than the tables in this program grow old.
var telType = Type{Name: "tel", Limit: 40, InputMode: "tel", Autocomplete: "tel", parse: parseTel}

var notANumber = fault{code: Invalid, message: "That does not look like a telephone number. An example: +44 20 7946 0018."}

func parseTel(p *parsing, f Field, typed string) (string, fault) {
	number, bad := line(f, Type{Limit: 40}, typed)
	if bad.code != "" || number == "" {
		return "", bad
	}
	region := p.country()
	if region == "" {
		if rest, ok := strings.CutPrefix(number, "00"); ok {
			number = "+" + rest
		}
		if !strings.HasPrefix(strings.TrimLeft(number, "( "), "+") {
			return "", fault{code: CountryCode, message: "Please begin with + and the country code, as in +44 20 7946 0018."}
		}
	}
	parsed, err := phonenumbers.Parse(number, region)
	if err != nil || !phonenumbers.IsPossibleNumber(parsed) {
		return "", notANumber
	}
	if parsed.GetExtension() != "" {
		return "", fault{code: Extension, message: "Please give the number without an extension."}
	}
	e164 := phonenumbers.Format(parsed, phonenumbers.E164)
	// Leading zeros that no plan has make a number that reads back as another one: it would not stay the same answer.
	if again, err := phonenumbers.Parse(e164, region); err != nil || phonenumbers.Format(again, phonenumbers.E164) != e164 {
		return "", notANumber
	}
	return e164, fault{}
}
