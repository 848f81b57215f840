package e2e

import (
	"errors"
	"fmt"
	"testing"

	"github.com/gatehouse/gatehouse/internal/testkit/browser"
)

// From a form to a score, to rules that are changed, tried, rehearsed and published: each page looked at.
func TestRulesPages(t *testing.T) {
	s, b := open(t, database(t)), browser.Start(t)
	a := s.admin(b)
	staff := look(t, a.Page)
	for i := range 4 {
		values := good(fmt.Sprintf("person%d@company%d.example", i, i))
		values["company"], values["job_title"] = fmt.Sprintf("Company %d", i), []string{"Managing director", "Student", "Head of Marketing", ""}[i%4]
		s.posted(browserAgent, values)
	}
	a.leadOf("person0@company0.example", "Company 0", "Mail sent")
	here := staff.Path()
	eventually(t, "a score", func() error {
		staff.Open(here)
		if !browser.Eval[bool](staff.Page, `document.querySelector("#score .score-total") !== null`) {
			return errors.New("none yet")
		}
		return nil
	})
	browser.Eval[bool](staff.Page, `document.querySelector("#score").open = true`)
	staff.shown("rules-lead")
	staff.page("rules", "/admin/rules")
	staff.page("rules-scoring-shown", "/admin/rules/scoring")
	staff.Press("Begin a draft")
	staff.See("Save the draft")
	staff.shown("rules-scoring-draft")

	staff.Type(`[name="groups.0.rules.1.condition"]`, `contry == "DE"`)
	staff.Click(`.savebar [value=save]`)
	staff.See("Did you mean country?")
	staff.shown("rules-scoring-fault")
	staff.Type(`[name="groups.0.rules.1.condition"]`, `country == "GB"`)
	browser.Eval[bool](staff.Page, `document.querySelector("#rule-0-1 .usual").open = true`)
	for name, offered := range map[string]string{"choice": "mail call booking none", "gates": "8-questions", "job_title": ""} {
		staff.Choose(`[name="usual.0.1.name"]`, name)
		browser.Eval[bool](staff.Page, `(document.activeElement.blur(), document.querySelector('[name="usual.0.1.value"]').focus(), true)`)
		if got := browser.Eval[string](staff.Page, `[...document.querySelector('[name="usual.0.1.value"]').list.options].map(o => o.value).join(" ")`); got != offered {
			t.Errorf("of %s it offers %q", name, got)
		}
	}
	staff.Choose(`[name="usual.0.1.name"]`, "job_title")
	staff.Choose(`[name="usual.0.1.ask"]`, "mentions")
	staff.Type(`[name="usual.0.1.value"]`, "director, head")
	staff.Click(`#rule-0-1 .usual button`)
	staff.See("job title mentions one of the words director or head")
	staff.At("/admin/rules/scoring") // all of it has arrived, and nothing takes the focus any more
	staff.Type(`[name="groups.0.rules.0.points"]`, "1")
	staff.Type(`[name=who]`, "person2@company2.example")
	staff.Click(`button[value=try]`)
	staff.See("Would not qualify")
	staff.shown("rules-scoring-tried")
	staff.Click(`.savebar [value=save]`)
	staff.See("The draft is saved.")
	staff.Press("Rehearse")
	staff.At("/admin/rules/scoring/rehearsals/")
	staff.See("the draft would have sent") // without being loaded again
	staff.shown("rules-rehearsal")
	staff.Open("/admin/rules/scoring")
	staff.Click(`.savebar [value=publish]`)
	staff.See("Version 2 holds")
	staff.shown("rules-scoring-published")
	staff.page("rules-trial-empty", "/admin/reports/score-on-trial")
	staff.page("rules-leads", "/admin/leads")
	staff.verdict()
}
