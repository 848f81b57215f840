package app

import "github.com/gatehouse/gatehouse/internal/store"

// OpenDeal and PlanFor are the seams by which an acceptance and an assignment reach the pipeline.
func (a *App) OpenDeal(tx *store.Tx, as store.Assignment, l store.Lead, by store.Actor) error {
	return a.openDeal(tx, as, l, by)
}

// PlanFor gives an assignment its plan.
func (a *App) PlanFor(tx *store.Tx, as store.Assignment, l store.Lead) error {
	h, err := a.house(tx.DB, false)
	if err != nil {
		return err
	}
	return a.planFor(tx, h, as, l)
}
