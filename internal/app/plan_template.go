package app

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/lead"
	"github.com/gatehouse/gatehouse/internal/pipeline"
	"github.com/gatehouse/gatehouse/internal/rule"
	"github.com/gatehouse/gatehouse/internal/store"
)

// mostSteps bounds a plan; a longer one is not a plan but a siege.
const mostSteps = 12

// PlanTemplateEdit is a template as typed. Steps is one step a line: "day 2 mail: Send two lines".
type PlanTemplateEdit struct {
	ID        uuid.UUID
	Version   int64
	Name      string
	Condition string
	Position  string
	Steps     []pipeline.PlanStep
}

// PlanTemplates lists those in use, in the order in which they are tried, then the archived ones.
func (a *App) PlanTemplates(ctx context.Context) (out []store.PlanTemplate, err error) {
	err = a.store.DB(ctx).Order("archived_at is not null, position, id").Find(&out).Error
	return out, a.store.Translate(err)
}

// PlanTemplate reads one.
func (a *App) PlanTemplate(ctx context.Context, id uuid.UUID) (out store.PlanTemplate, err error) {
	err = a.store.DB(ctx).Where("id = ?", id).Take(&out).Error
	return out, a.store.Translate(err)
}

// SavePlanTemplate makes a template, or changes it. Plans that were made from it stay as they are.
func (a *App) SavePlanTemplate(ctx context.Context, in PlanTemplateEdit, by store.Actor) (store.PlanTemplate, error) {
	t := store.PlanTemplate{ID: in.ID, Version: 1, Steps: []pipeline.PlanStep{}}
	var e edits
	t.Name = e.line("name", in.Name, 1, 80)
	t.Condition = strings.TrimSpace(in.Condition)
	if _, err := rule.Compile(t.Condition, lead.FactNames); err != nil {
		words := errs.Public(err).Message
		if f := rule.FaultOf(err); f != nil {
			words = f.Message + " (" + f.Place() + ")"
		}
		e.add("condition", lead.Invalid, words)
	}
	position, err := strconv.ParseInt(strings.TrimSpace(in.Position), 10, 16)
	if err != nil || position < 1 {
		e.add("position", lead.Invalid, "Please give a whole number from 1; the first template that fits is taken.")
	}
	t.Position = int32(position)
	e.steps(&t, in.Steps)
	if err := e.err(); err != nil {
		return t, err
	}
	return t, a.store.Tx(ctx, func(tx *store.Tx) error {
		t.UpdatedAt = tx.Now()
		if in.ID == uuid.Nil {
			t.ID = store.NewID()
			if err := tx.Create(&t).Error; err != nil {
				return err
			}
			return tx.Audit(by, "plan-template.create", "plan-template", t.ID.String(), nil)
		}
		t.Version = in.Version + 1
		res := tx.Model(&store.PlanTemplate{}).Where("id = ? and version = ?", in.ID, in.Version).Select("name", "condition", "position", "steps", "version", "updated_at").Updates(&t)
		if err := unchanged(res); err != nil {
			return err
		}
		return tx.Audit(by, "plan-template.edit", "plan-template", in.ID.String(), nil)
	})
}

// steps reads the rows of a template; a row without a title is no step.
func (e *edits) steps(t *store.PlanTemplate, rows []pipeline.PlanStep) {
	for i, s := range rows {
		field := "step-" + strconv.Itoa(i)
		if strings.TrimSpace(s.Title) == "" {
			continue
		}
		s.Title = e.line(field+"-title", s.Title, 1, 200)
		if !slices.Contains(pipeline.StepChannels(), s.Channel) {
			e.add(field+"-channel", lead.Invalid, "Please choose how.")
		}
		if s.Days < 0 || s.Days > 365 {
			e.add(field+"-days", lead.Invalid, "Please give a number of working days from 0 to 365.")
		}
		t.Steps = append(t.Steps, s)
	}
	switch {
	case len(t.Steps) == 0:
		e.add("step-0-title", lead.Required, "A plan has at least one step.")
	case len(t.Steps) > mostSteps:
		e.add("step-0-title", lead.TooLong, "At most "+plural(mostSteps, "step", "steps")+", please.")
	}
	slices.SortStableFunc(t.Steps, func(a, b pipeline.PlanStep) int { return a.Days - b.Days })
}

// ArchivePlanTemplate takes a template out of use, or back into it.
func (a *App) ArchivePlanTemplate(ctx context.Context, id uuid.UUID, version int64, archive bool, by store.Actor) error {
	return a.store.Tx(ctx, func(tx *store.Tx) error {
		values := map[string]any{"archived_at": nil, "version": version + 1, "updated_at": tx.Now()}
		action := "plan-template.restore"
		if archive {
			values["archived_at"], action = tx.Now(), "plan-template.archive"
		}
		if err := unchanged(tx.Model(&store.PlanTemplate{}).Where("id = ? and version = ?", id, version).Updates(values)); err != nil {
			return err
		}
		return tx.Audit(by, action, "plan-template", id.String(), nil)
	})
}

// firstPlans are the templates of a new installation.
func firstPlans(tx *store.Tx) []any {
	row := func(position int32, name, condition string, steps ...pipeline.PlanStep) *store.PlanTemplate {
		return &store.PlanTemplate{ID: store.NewID(), Name: name, Condition: condition, Position: position, Steps: steps, Version: 1, UpdatedAt: tx.Now()}
	}
	return []any{
		row(1, "They asked for a mail", `choice == "mail"`,
			pipeline.PlanStep{Channel: pipeline.Mail, Title: "Write once: answer the question they named, offer one page that helps, leave the next move to them", Days: 0},
			pipeline.PlanStep{Channel: "other", Title: "Look whether they answered; if not, let it be and return the lead with its reason", Days: 10}),
		row(2, "A first conversation", "",
			pipeline.PlanStep{Channel: pipeline.Call, Title: "Call: which of the questions is theirs, and what made them ask now?", Days: 0},
			pipeline.PlanStep{Channel: pipeline.Mail, Title: "Send what was promised in the call, in five lines", Days: 1},
			pipeline.PlanStep{Channel: pipeline.Meeting, Title: "Meet whoever decides: their figures on the table, one question at a time", Days: 6},
			pipeline.PlanStep{Channel: pipeline.Call, Title: "Ask for the decision, or for the day on which it will be made", Days: 12}),
	}
}
