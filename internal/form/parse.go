package form

import (
	"encoding/binary"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/lead"
)

// Names of inputs that are no fields.
const (
	ConsentPrefix = "consent."       // "consent.marketing"
	AsTypedName   = "email_as_typed" // Input.AsTyped
)

// Answers is what an Input means under a Definition. Values holds the normalised answers by field name, those that are
// not blank only: the normal address, E.164 numbers, country codes, option values, "yes" for a ticked box. Flags holds
// RoleAddress, DisposableAddress, FreeMailAddress where the policy says Flag.
type Answers struct {
	Values   map[string]string
	Email    lead.Address
	Consents []ConsentAnswer
	Flags    []string
}

// parsing is one call of Parse.
type parsing struct {
	def    Definition
	in     Input
	out    Answers
	faults []errs.Field
}

// Parse reads one answer set. All faults come at once, as an errs.InvalidFields, in the order of the definition; there are
// no answers then. Names that the definition does not know are ignored and appear nowhere in the answers. def must have
// passed Check.
func Parse(def Definition, in Input) (Answers, error) {
	p := &parsing{def: def, in: in, out: Answers{Values: make(map[string]string, len(def.Fields))}}
	for _, f := range def.Fields {
		t, ok := TypeOf(f.Type)
		if !ok || t.parse == nil {
			return Answers{}, errs.New(errs.Internal, "This form asks a question of a kind that we do not know.")
		}
		answer, bad := t.parse(p, f, in.Fields[f.Name])
		switch {
		case bad.code != "":
			p.add(f.Name, bad)
		case answer != "":
			p.out.Values[f.Name] = answer
		case f.Required:
			p.add(f.Name, missing(f))
		}
	}
	p.out.Consents = parseConsents(p)
	if len(p.faults) > 0 {
		return Answers{}, errs.InvalidFields(p.faults...)
	}
	return p.out, nil
}

func (p *parsing) add(field string, f fault) {
	p.faults = append(p.faults, errs.Field{Field: field, Code: f.code, Message: f.message, Suggestion: f.suggestion})
}

// country is the answer to the form's country question, wherever it stands; "" without a good one.
func (p *parsing) country() string {
	for _, f := range p.def.Fields {
		if f.Type == countryType.Name {
			code, _ := parseCountry(p, f, p.in.Fields[f.Name])
			return code
		}
	}
	return ""
}

func missing(f Field) fault {
	sentence := "Please fill this in."
	switch f.Type {
	case "email":
		sentence = "Please enter your e-mail address."
	case "select", "country":
		sentence = "Please choose one."
	case "checkbox":
		sentence = "Please tick this box."
	}
	return fault{code: Required, message: sentence}
}

func tooLong(n int) fault {
	return fault{code: TooLong, message: "This is longer than we can take. At most " + strconv.Itoa(n) + " characters, please."}
}

// Canonical is the answer set as bytes: equal for equal answers and consents, different otherwise, whatever the order
// they came in. Each string carries its length, so that no two sets run into each other. Flags and the spelling of the
// address do not count.
func (a Answers) Canonical() []byte {
	names := make([]string, 0, len(a.Values))
	size := 0
	for name, value := range a.Values {
		names = append(names, name)
		size += len(name) + len(value) + 8
	}
	slices.Sort(names)
	consents := a.Consents
	byKey := func(x, y ConsentAnswer) int { return strings.Compare(x.Key, y.Key) }
	if !slices.IsSortedFunc(consents, byKey) {
		consents = slices.SortedStableFunc(slices.Values(consents), byKey)
	}
	b := make([]byte, 0, size+32*len(consents)+8)
	b = binary.AppendUvarint(b, uint64(len(names)))
	for _, name := range names {
		b = appendString(appendString(b, name), a.Values[name])
	}
	for _, c := range consents {
		given := "no"
		if c.Given {
			given = "yes"
		}
		b = appendString(appendString(appendString(b, c.Key), c.Version), given)
	}
	return b
}

func appendString(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// FromValues sorts the values of a posted form into an Input: "consent.*" are boxes, AsTypedName is the address insisted
// on, all else are fields. Of several values with one name the first counts. Names are not judged here.
func FromValues(values map[string][]string) Input {
	in := Input{Fields: make(map[string]string, len(values)), Consents: map[string]bool{}}
	for name, list := range values {
		if len(list) == 0 {
			continue
		}
		if key, ok := strings.CutPrefix(name, ConsentPrefix); ok {
			on, _ := ticked(list[0])
			in.Consents[key] = on
			continue
		}
		if name == AsTypedName {
			in.AsTyped = list[0]
			continue
		}
		in.Fields[name] = list[0]
	}
	return in
}

// nfc composes letters; plain ASCII, the common case, comes back untouched.
func nfc(s string) string {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return norm.NFC.String(s)
		}
	}
	return s
}

func runes(s string) int { return utf8.RuneCountInString(s) }

func isBlank(s string) bool { return strings.TrimSpace(s) == "" }
