package app

import (
	"slices"

	"github.com/google/uuid"
	"github.com/riverqueue/river"

	"github.com/gatehouse/gatehouse/internal/jobs"
	"github.com/gatehouse/gatehouse/internal/store"
)

// learnt has leads scored anew once the transaction is committed: something about them became known.
func (a *App) learnt(tx *store.Tx, leads ...uuid.UUID) error {
	if len(leads) == 0 {
		return nil
	}
	if err := a.tellKept(tx, leads...); err != nil {
		return err
	}
	return tx.Enqueue(river.InsertManyParams{Args: jobs.Score{LeadIDs: leads}})
}

// wantOwners has leads routed once the transaction is committed: they qualify and are in nobody's hands. Many of them are
// as many jobs as there are transactions, so that each ends well before a job is cut off.
func (a *App) wantOwners(tx *store.Tx, leads ...uuid.UUID) error {
	if len(leads) == 0 {
		return nil
	}
	var all []river.InsertManyParams
	for some := range slices.Chunk(leads, routeMost) {
		all = append(all, river.InsertManyParams{Args: jobs.Route{LeadIDs: some}})
	}
	return tx.Enqueue(all...)
}
