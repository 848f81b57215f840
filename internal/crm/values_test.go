package crm

import (
	"maps"
	"strings"
	"testing"

	"github.com/gatehouse/gatehouse/internal/errs"
)

func TestMappingIsChecked(t *testing.T) {
	good := Line{Person, "email", "email", Overwrite}
	if err := CheckMapping([]Line{good, {Person, "=lead", "lifecyclestage", Fill}, {Deal, "given_name", "contact", Never}, {Lead, "grade", "grade", Fill}, {Company, "company_name", "name", Fill}}); err != nil {
		t.Errorf("a good one: %v", err)
	}
	var many []Line
	for i := range mappingLines + 1 {
		many = append(many, Line{Person, "email", strings.Repeat("x", i+1), Fill})
	}
	for says, lines := range map[string][]Line{
		"is no object":        {{"pet", "email", "email", Fill}},
		"no value named":      {{Person, "shoe_size", "email", Fill}},
		"does not belong":     {{Person, "deal_value", "amount", Fill}},
		"no name of":          {{Person, "email", "e-mail/../x", Fill}},
		"is no policy":        {{Person, "email", "email", "sometimes"}},
		"always told":         {{Person, "consent", "consent", Never}},
		"policy is overwrite": {{Person, "contact_choice", "choice", Fill}},
		"written twice":       {good, {Person, "given_name", "email", Fill}},
		"more than 60 lines":  many,
	} {
		got := errs.Public(CheckMapping(lines)).Fields
		if len(got) != 1 || !strings.Contains(got[0].Message, says) {
			t.Errorf("%s: %+v", says, got)
		}
	}
}

// What the policy never tells and what is not known is not written; the rest has its policy with it.
func TestWhatIsWanted(t *testing.T) {
	lines := []Line{{Person, "email", "email", Overwrite}, {Person, "tel", "phone", Never}, {Person, "country", "country", Fill}, {Person, "=lead", "kind", Fill}, {Deal, "deal_title", "name", Fill}, {Lead, "email", "mail", Never}}
	props, policy := wanted(lines, Person, Values{"email": "ann@example.org", "tel": "+44", "country": ""})
	if !maps.Equal(props, map[string]string{"email": "ann@example.org", "kind": "lead"}) || !maps.Equal(policy, map[string]Policy{"email": Overwrite, "kind": Fill}) {
		t.Errorf("%v %v", props, policy)
	}
	if !Carries(lines, Person) || Carries(lines, Lead) || Carries(lines, Company) {
		t.Error("what is carried")
	}
	if propertyOf(lines, Person, "tel") != "" || propertyOf(lines, Person, "email") != "email" {
		t.Error("where it goes")
	}
}

func TestSameValue(t *testing.T) {
	for _, x := range []struct {
		a, b string
		same bool
	}{{"1250", "1250.00", true}, {"won", "won", true}, {"1250", "1251", false}, {"won", "lost", false}, {"", "0", false}, {"+44", "44", false}, {"007", "7", true}} {
		if Same(x.a, x.b) != x.same {
			t.Errorf("%q and %q: %t", x.a, x.b, !x.same)
		}
	}
}
