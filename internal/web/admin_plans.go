package web

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/auth"
	"github.com/gatehouse/gatehouse/internal/lead"
	"github.com/gatehouse/gatehouse/internal/pipeline"
	"github.com/gatehouse/gatehouse/internal/store"
	"github.com/gatehouse/gatehouse/templates"
)

const plansPath = pipelinePath + "/plans"

// stepRows is how many rows for steps the form of a template has beyond those that are filled.
const stepRows = 3

// planList shows the templates, in the order in which they are tried.
func (s *Server) planList(c echo.Context) error {
	all, err := s.app.PlanTemplates(c.Request().Context())
	if err != nil {
		return err
	}
	p := templates.PlansPage{Empty: templates.Empty{Suit: "spade", Title: "No plan to begin with", Text: "A template gives each lead of a segment its first steps, in the owner's working days."}}
	if p.AdminPage, err = s.adminPage(c, "pipeline", "Plans", templates.Link{Label: "Pipeline", URL: pipelinePath}); err != nil {
		return err
	}
	p.Lead = "Strategy: the steps that a lead begins with. The first plan whose condition a lead meets is taken; what the lead did not agree to is left out."
	if s.may(c, auth.RulesWrite) {
		p.Action = &templates.PageAction{Label: "New plan", URL: plansPath + "/new", Icon: "plus"}
		p.Empty.Action = p.Action
	}
	for _, t := range all {
		row := templates.PlanRow{URL: plansPath + "/" + t.ID.String(), Name: t.Name, Condition: t.Condition, Words: conditionWords(t.Condition, lead.FactNames), Position: int(t.Position), Updated: t.UpdatedAt}
		if t.ArchivedAt != nil {
			row.State = templates.Tag{Label: "Archived"}
		}
		for _, st := range t.Steps {
			row.Steps = append(row.Steps, dayWord(st.Days)+", "+strings.ToLower(channelWords[st.Channel])+": "+st.Title)
		}
		p.Rows = append(p.Rows, row)
	}
	return s.page(c, http.StatusOK, "admin/plans", p)
}

func dayWord(n int) string {
	if n == 0 {
		return "The same day"
	}
	return "Day " + strconv.Itoa(n)
}

func (s *Server) planNew(c echo.Context) error {
	return s.showPlan(c, http.StatusOK, store.PlanTemplate{Position: 1}, nil)
}

func (s *Server) planShow(c echo.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	t, err := s.app.PlanTemplate(c.Request().Context(), id)
	if err != nil {
		return err
	}
	return s.showPlan(c, http.StatusOK, t, nil)
}

func (s *Server) showPlan(c echo.Context, status int, t store.PlanTemplate, wrong error) error {
	title := orElse(t.Name, "New plan")
	p := templates.PlansPage{}
	var err error
	if p.AdminPage, err = s.adminPage(c, "pipeline", title, templates.Link{Label: "Pipeline", URL: pipelinePath}, templates.Link{Label: "Plans", URL: plansPath}); err != nil {
		return err
	}
	for _, n := range lead.FactNames.Names() {
		p.Names = append(p.Names, templates.KV{Key: n.Name, Value: n.Says + ", as in " + n.Example})
	}
	own := plansPath
	sheet := &templates.Sheet{Action: own, Button: "Save the plan", CancelURL: plansPath}
	if t.ID != uuid.Nil {
		own += "/" + t.ID.String()
		sheet.Action, sheet.Hidden = own, versionOf(t.Version)
		if s.may(c, auth.RulesWrite) {
			label, to := "Archive", "/archive"
			if t.ArchivedAt != nil {
				label, to = "Take it back into use", "/restore"
			}
			p.Actions = append(p.Actions, postButton(label, "", own+to, t.Version))
		}
	}
	steps := []templates.FieldView{}
	for i := range len(t.Steps) + stepRows {
		st := pipeline.PlanStep{}
		if i < len(t.Steps) {
			st = t.Steps[i]
		}
		field := fmt.Sprintf("step-%d", i)
		days := ""
		if st.Title != "" {
			days = strconv.Itoa(st.Days)
		}
		steps = append(steps, templates.FieldView{Name: field + "-title", Type: "text", Label: fmt.Sprintf("Step %d", i+1), Value: st.Title, MaxLength: 200, Autocomplete: "off"},
			templates.FieldView{Name: field + "-channel", Type: "select", Label: "How", Half: true, Options: choices(st.Channel, "call", "Call", "mail", "Mail", "meeting", "Meeting", "letter", "Letter", "other", "Something else")},
			templates.FieldView{Name: field + "-days", Type: "number", Label: "Working days after the lead was assigned", Half: true, Value: days})
	}
	sheet.Groups = []templates.SheetGroup{{Fields: []templates.FieldView{
		{Name: "name", Type: "text", Label: "Called", Required: true, MaxLength: 80, Value: t.Name, Autocomplete: "off"},
		{Name: "condition", Type: "textarea", Label: "For whom", Value: t.Condition, MaxLength: 2000, Help: "A condition; empty means everybody. For example: choice == \"call\" and region == \"dach\""},
		{Name: "position", Type: "number", Label: "Tried as number", Required: true, Half: true, Value: strconv.Itoa(int(t.Position))}}},
		{Title: "Steps", Note: "A row without a text is no step. They are put in the order of their days.", Fields: steps}}
	fault(sheet, wrong)
	p.Form = sheet
	if !s.may(c, auth.RulesWrite) {
		return s.planList(c)
	}
	return s.page(c, status, "admin/plans", p)
}

// typedPlan is the template as it was typed.
func typedPlan(c echo.Context) app.PlanTemplateEdit {
	in := app.PlanTemplateEdit{Name: posted(c, "name"), Condition: posted(c, "condition"), Position: posted(c, "position")}
	for i := range 40 {
		field := fmt.Sprintf("step-%d", i)
		days, err := strconv.Atoi(orElse(strings.TrimSpace(posted(c, field+"-days")), "0"))
		if err != nil {
			days = -1
		}
		if title := posted(c, field+"-title"); title != "" {
			in.Steps = append(in.Steps, pipeline.PlanStep{Title: title, Channel: posted(c, field+"-channel"), Days: days})
		}
	}
	return in
}

func (s *Server) planSave(c echo.Context) error {
	in := typedPlan(c)
	if c.Param("id") != "" {
		var err error
		if in.ID, err = pathID(c); err != nil {
			return err
		}
		if in.Version, err = readVersion(c); err != nil {
			return err
		}
		if _, err = s.app.PlanTemplate(c.Request().Context(), in.ID); err != nil {
			return err
		}
	}
	t, err := s.app.SavePlanTemplate(c.Request().Context(), in, s.actor(c))
	if status := formStatus(err); status != 0 && !wantsJSON(c) {
		position, _ := strconv.Atoi(in.Position)
		return s.showPlan(c, status, store.PlanTemplate{ID: in.ID, Version: in.Version, Name: in.Name, Condition: in.Condition, Position: int32(min(max(position, 1), 9999)), Steps: in.Steps}, err)
	}
	if err != nil {
		return err
	}
	s.flash(c, "done", "Saved. Leads that are assigned from now on get “"+t.Name+"” if they meet it.")
	return c.Redirect(http.StatusSeeOther, plansPath)
}

func (s *Server) planArchive(archive bool) echo.HandlerFunc {
	return func(c echo.Context) error {
		id, version, err := idAndVersion(c)
		if err != nil {
			return err
		}
		done := "It is in use again."
		if archive {
			done = "Archived. Plans that were made from it stay as they are."
		}
		return s.after(c, s.app.ArchivePlanTemplate(c.Request().Context(), id, version, archive, s.actor(c)), done, plansPath)
	}
}
