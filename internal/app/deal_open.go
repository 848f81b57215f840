package app

import (
	"encoding/json"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/pipeline"
	"github.com/gatehouse/gatehouse/internal/store"
)

// openDeal opens the deal of an assignment that its owner has just accepted, in the same transaction. An open deal that
// the lead has already, from hands it was taken out of, goes over to the new owner instead. Again changes nothing.
func (a *App) openDeal(tx *store.Tx, as store.Assignment, l store.Lead, by store.Actor) error {
	var have []store.Deal
	err := tx.ForUpdate().Where("lead_id = ? and (state = 'open' or assignment_id = ?)", l.ID, as.ID).Order("opened_at, id").Find(&have).Error
	if err != nil {
		return err
	}
	for _, d := range have {
		if d.AssignmentID == as.ID {
			return nil
		}
	}
	if len(have) > 0 {
		return a.handDeal(tx, have[0], as, by)
	}
	stages, err := stagesOf(tx.DB)
	if err != nil {
		return err
	}
	first, ok := stages.First()
	if !ok {
		return errs.New(errs.Conflict, "The pipeline has no open stage. An administrator has to make one first.")
	}
	settings, err := settingsOf(tx.DB)
	if err != nil {
		return err
	}
	now := tx.Now()
	d := store.Deal{ID: store.NewID(), LeadID: l.ID, CompanyID: l.CompanyID, AssignmentID: as.ID, OwnerID: as.OwnerID, Title: dealTitle(tx, l), Stage: first.Key, State: pipeline.Open,
		Currency: settings.Currency, OpenedAt: now, StageAt: now, Version: 1, UpdatedAt: now}
	if d.Position, err = topOf(tx, d.Stage); err != nil {
		return err
	}
	if err := tx.Create(&d).Error; err != nil {
		return err
	}
	return a.tellDeal(tx, d, store.DealChange{ToStage: d.Stage, Fields: map[string]store.FromTo{}}, "staff", by, "")
}

// dealTitle is what a deal is called: the company, else the person.
func dealTitle(tx *store.Tx, l store.Lead) string {
	if l.Company != "" {
		return l.Company
	}
	if l.CompanyID != nil {
		var names []string
		if tx.Model(&store.Company{}).Where("id = ?", *l.CompanyID).Pluck("name", &names).Error == nil && len(names) > 0 && names[0] != "" {
			return names[0]
		}
	}
	return orElse(personName(l), l.Email)
}

// topOf is the place above all open deals of a stage.
func topOf(tx *store.Tx, stage string) (float64, error) {
	var tops []float64
	err := tx.Model(&store.Deal{}).Where("stage = ? and state = 'open'", stage).Order("position, id").Limit(1).Pluck("position", &tops).Error
	if err != nil || len(tops) == 0 {
		return 0, err
	}
	at, _ := pipeline.Between(nil, &tops[0])
	return at, nil
}

// handDeal gives an open deal into the hands of another assignment of its lead.
func (a *App) handDeal(tx *store.Tx, d store.Deal, as store.Assignment, by store.Actor) error {
	names, err := userNames(tx.DB, d.OwnerID, as.OwnerID)
	if err != nil {
		return err
	}
	change := store.DealChange{FromStage: d.Stage, ToStage: d.Stage, Fields: map[string]store.FromTo{}}
	if d.OwnerID != as.OwnerID {
		change.Fields["owner"] = store.FromTo{From: names[d.OwnerID], To: names[as.OwnerID]}
	}
	d.AssignmentID, d.OwnerID = as.ID, as.OwnerID
	return a.saveDeal(tx, d, change, "staff", by, "")
}

// saveDeal writes a deal that the transaction holds locked, one version on, and tells of it.
func (a *App) saveDeal(tx *store.Tx, d store.Deal, change store.DealChange, how string, by store.Actor, origin string) error {
	read := d.Version
	d.Version, d.UpdatedAt = read+1, tx.Now()
	if err := unchanged(tx.Model(&store.Deal{}).Where("id = ? and version = ?", d.ID, read).Select("*").Updates(&d)); err != nil {
		return err
	}
	return a.tellDeal(tx, d, change, how, by, origin)
}

// tellDeal records a change of a deal and announces it. How is staff, crm or system; origin names the connector that it
// came from.
func (a *App) tellDeal(tx *store.Tx, d store.Deal, change store.DealChange, how string, by store.Actor, origin string) error {
	change.ID, change.DealID, change.At, change.ByID, change.How, change.Version = store.NewID(), d.ID, tx.Now(), by.ID, how, d.Version
	if err := tx.Create(&change).Error; err != nil {
		return err
	}
	event := store.OutboxEvent{Type: DealChanged, LeadID: d.LeadID, AssignmentID: &d.AssignmentID, DealID: &d.ID, Origin: origin}
	if change.FromStage != change.ToStage {
		event.Type = DealStageChanged
	}
	detail, err := json.Marshal(map[string]string{"from": change.FromStage, "to": change.ToStage})
	if err != nil {
		return err
	}
	event.Detail = detail
	return a.announce(tx, event)
}

// heldDeal locks a deal behind its assignment, in the order in which everybody locks them.
func heldDeal(tx *store.Tx, id uuid.UUID) (d store.Deal, as store.Assignment, err error) {
	if err = tx.Where("id = ?", id).Take(&d).Error; err != nil {
		return d, as, err
	}
	if err = tx.ForUpdate().Where("id = ?", d.AssignmentID).Take(&as).Error; err != nil {
		return d, as, err
	}
	if err = tx.ForUpdate().Where("id = ?", id).Take(&d).Error; err != nil {
		return d, as, err
	}
	if d.AssignmentID != as.ID { // it changed hands between the two reads
		return d, as, errChanged
	}
	return d, as, nil
}

// dealDesk is a deal that somebody changes, held, as they saw it, with what is needed to change it.
type dealDesk struct {
	deal     store.Deal
	as       store.Assignment
	settings store.Settings
	stages   pipeline.Stages
}

// takeDeal puts a deal on the desk; seen is the version that whoever changes it saw.
func takeDeal(tx *store.Tx, id uuid.UUID, seen int64) (desk dealDesk, err error) {
	if desk.deal, desk.as, err = heldDeal(tx, id); err != nil {
		return desk, err
	}
	var erased int64
	if err = tx.Model(&store.Lead{}).Where("id = ? and state = 'erased'", desk.deal.LeadID).Count(&erased).Error; err != nil {
		return desk, err
	}
	if erased > 0 {
		return desk, errErased
	}
	if err = seenDeal(tx, desk.deal, seen); err != nil {
		return desk, err
	}
	if desk.settings, err = settingsOf(tx.DB); err != nil {
		return desk, err
	}
	desk.stages, err = stagesOf(tx.DB)
	return desk, err
}

func personName(l store.Lead) string {
	if l.GivenName == "" || l.FamilyName == "" {
		return l.GivenName + l.FamilyName
	}
	return l.GivenName + " " + l.FamilyName
}
