package app

import (
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

// wantOwners has leads routed once the transaction is committed: they qualify and are in nobody's hands.
func (a *App) wantOwners(tx *store.Tx, leads ...uuid.UUID) error {
	if len(leads) == 0 {
		return nil
	}
	return tx.Enqueue(river.InsertManyParams{Args: jobs.Route{LeadIDs: leads}})
}
