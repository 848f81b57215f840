package app

import (
	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/pipeline"
	"github.com/gatehouse/gatehouse/internal/store"
)

// stepToDo is the condition on a step s that is still to be done, and may be.
const stepToDo = "s.done_at is null and s.skipped_at is null and s.barred = ''"

// nextStep is the first of an assignment's plan that is to be done; none where nothing is.
func nextStep(db *store.Query, assignment uuid.UUID) (steps []store.Step, err error) {
	err = db.Raw("select s.* from steps s join plans p on p.id = s.plan_id where p.assignment_id = ? and "+stepToDo+" order by s.number limit 1", assignment).Scan(&steps).Error
	return steps, err
}

// weighPlan holds the steps that are still to be done against the contact policy of now. What a person does not agree to any
// more is due for nobody; once they agree again, it is. It is called where they choose or answer, and where staff block
// or unblock them, with the lead held.
func (a *App) weighPlan(tx *store.Tx, leadID uuid.UUID) error {
	var steps []store.Step
	err := tx.Where("lead_id = ? and done_at is null and skipped_at is null and channel <> 'other'", leadID).Order("id").Find(&steps).Error
	if err != nil || len(steps) == 0 || a.mutant("plans-the-forbidden") {
		return err
	}
	var l store.Lead
	if err := tx.Where("id = ?", leadID).Take(&l).Error; err != nil {
		return err
	}
	c, err := a.contactOf(tx.DB, l)
	if err != nil {
		return err
	}
	for _, s := range steps {
		if barred := Barred(c, s.Channel); barred != s.Barred {
			if err := tx.Model(&store.Step{}).Where("id = ?", s.ID).Update("barred", barred).Error; err != nil {
				return err
			}
		}
	}
	return nil
}

// Barred is what a step on a channel would go beyond, "" where it may be done, now or later.
func Barred(c pipeline.Contact, channel string) string {
	if channel == "other" {
		return ""
	}
	if al := c.Allows(channel); al.Verdict == pipeline.No {
		return al.Beyond
	}
	return ""
}
