package crm

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/gatehouse/gatehouse/internal/errs"
)

// Values is what there is to tell of a person or deal, by the names of ours.
type Values map[string]string

// ValueName is one of ours with what it means.
type ValueName struct {
	Name   string
	Label  string
	Object string // person, company or deal
	Always bool   // whatever the policy says, it is told: consent and opt-out
}

// ValueNames is the whole list.
var ValueNames = []ValueName{
	{"email", "E-mail address", Person, false},
	{"given_name", "Given name", Person, false},
	{"family_name", "Family name", Person, false},
	{"name", "Full name", Person, false},
	{"company", "Company", Person, false},
	{"job_title", "Job title", Person, false},
	{"tel", "Telephone", Person, false},
	{"country", "Country", Person, false},
	{"source", "Source", Person, false},
	{"document", "Document they asked for last", Person, false},
	{"grade", "Grade", Person, false},
	{"score", "Score", Person, false},
	{"owner", "Owner", Person, false},
	{"consent", "Consent to marketing", Person, true},
	{"contact_choice", "How they want to be met", Person, true},
	{"said", "What they said", Person, false},
	{"link", "Address of the lead’s page here", Person, false},
	{"key", "Our own key of the person", Person, false},
	{"company_name", "Name of the company", Company, false},
	{"company_domain", "Domain of the company", Company, false},
	{"company_owner", "Owner of the company", Company, false},
	{"company_key", "Our own key of the company", Company, false},
	{"deal_title", "Title of the deal", Deal, false},
	{"deal_stage", "Stage of the deal", Deal, false},
	{"deal_value", "Value of the deal", Deal, false},
	{"deal_currency", "Currency of the deal", Deal, false},
	{"deal_expected", "Expected on", Deal, false},
	{"deal_reason", "Reason won or lost", Deal, false},
	{"deal_owner", "Owner of the deal", Deal, false},
	{"deal_key", "Our own key of the deal", Deal, false},
}

// valueName finds one.
func valueName(name string) (ValueName, bool) {
	for _, v := range ValueNames {
		if v.Name == name {
			return v, true
		}
	}
	return ValueName{}, false
}

// Policy is what may happen to a property of theirs that has a value already.
type Policy string

// The policies.
const (
	Fill      Policy = "fill"      // only an empty one is written
	Overwrite Policy = "overwrite" // ours counts
	Never     Policy = "never"     // not told
)

// Line carries one value of ours to one property of theirs. A value that begins with "=" is the text behind it.
type Line struct {
	Object   string `json:"object"`
	Value    string `json:"value"`
	Property string `json:"property"`
	Policy   Policy `json:"policy"`
}

const mappingLines = 60

// CheckMapping names every fault of a mapping.
func CheckMapping(lines []Line) error {
	var faults []errs.Field
	bad := func(i int, format string, args ...any) {
		faults = append(faults, errs.Field{Field: "mapping", Code: "invalid", Message: fmt.Sprintf("Line %d: ", i+1) + fmt.Sprintf(format, args...)})
	}
	if len(lines) > mappingLines {
		bad(mappingLines, "more than %d lines.", mappingLines)
	}
	seen := map[string]bool{}
	for i, l := range lines {
		v, known := valueName(l.Value)
		switch {
		case !slices.Contains([]string{Person, Company, Lead, Deal}, l.Object):
			bad(i, "%q is no object.", l.Object)
		case !known && !strings.HasPrefix(l.Value, "="):
			bad(i, "there is no value named %q.", l.Value)
		case known && v.Object != l.Object && v.Object != Company && (l.Object != Lead || v.Object != Person) && (l.Object != Deal || v.Object != Person):
			bad(i, "%s does not belong to a %s.", v.Label, l.Object)
		case l.Property == "" || len(l.Property) > 100 || strings.ContainsAny(l.Property, " \t\r\n\"'/?#"):
			bad(i, "%q is no name of a property.", l.Property)
		case !slices.Contains([]Policy{Fill, Overwrite, Never}, l.Policy):
			bad(i, "%q is no policy.", l.Policy)
		case v.Always && l.Policy != Overwrite:
			bad(i, "%s is always told: its policy is overwrite.", v.Label)
		case seen[l.Object+"\x00"+l.Property]:
			bad(i, "%s is written twice.", l.Property)
		}
		seen[l.Object+"\x00"+l.Property] = true
	}
	if len(faults) > 0 {
		return errs.InvalidFields(faults...)
	}
	return nil
}

// ForeignMoney is "yes" where a deal is in another currency than the house's.
const ForeignMoney = "deal_foreign"

// wanted is what an object of theirs should hold, by property, with the policy of each.
func wanted(lines []Line, object string, v Values) (props map[string]string, policy map[string]Policy) {
	props, policy = map[string]string{}, map[string]Policy{}
	for _, l := range lines {
		if l.Object != object || l.Policy == Never {
			continue
		}
		text, fixed := strings.CutPrefix(l.Value, "=")
		if !fixed {
			text = v[l.Value]
		}
		if l.Value == "deal_value" && v[ForeignMoney] == "yes" && propertyOf(lines, Deal, "deal_currency") == "" {
			continue // an amount alone is read in their own currency
		}
		if text == "" {
			continue // nothing known is no reason to empty theirs
		}
		props[l.Property], policy[l.Property] = text, l.Policy
	}
	return props, policy
}

// Carries tells whether a mapping says anything of an object.
func Carries(lines []Line, object string) bool {
	return slices.ContainsFunc(lines, func(l Line) bool { return l.Object == object && l.Policy != Never })
}

// propertyOf is where a value goes, "" when nowhere.
func propertyOf(lines []Line, object, value string) string {
	for _, l := range lines {
		if l.Object == object && l.Value == value && l.Policy != Never {
			return l.Property
		}
	}
	return ""
}

// Stages is the setting that says which stage of theirs is which of ours: a line each, "ours = theirs".
type Stages []struct{ Ours, Theirs string }

// ParseStages reads the setting.
func ParseStages(text string) (out Stages, err error) {
	for i, line := range strings.Split(text, "\n") {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		ours, theirs, ok := strings.Cut(line, "=")
		ours, theirs = strings.TrimSpace(ours), strings.TrimSpace(theirs)
		if !ok || ours == "" || theirs == "" {
			return nil, errs.InvalidFields(errs.Field{Field: "stages", Code: "invalid", Message: fmt.Sprintf("Line %d is not “our stage = their stage”.", i+1)})
		}
		out = append(out, struct{ Ours, Theirs string }{ours, theirs})
	}
	return out, nil
}

func (s Stages) theirs(ours string) (string, bool) {
	for _, l := range s {
		if l.Ours == ours {
			return l.Theirs, true
		}
	}
	return "", false
}

func (s Stages) ours(theirs string) (string, bool) {
	for _, l := range s {
		if l.Theirs == theirs {
			return l.Ours, true
		}
	}
	return "", false
}

// Same compares values as their systems write them: "1250" and "1250.00" are one.
func Same(a, b string) bool {
	if a == b {
		return true
	}
	x, err1 := strconv.ParseFloat(a, 64)
	y, err2 := strconv.ParseFloat(b, 64)
	return err1 == nil && err2 == nil && x == y && !strings.HasPrefix(a, "+") && !strings.HasPrefix(b, "+")
}

// fullName is what a person is called, at least by the address.
func fullName(v Values) string {
	if n := strings.TrimSpace(v["given_name"] + " " + v["family_name"]); n != "" {
		return n
	}
	return v["email"]
}
