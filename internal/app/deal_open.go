package app

import (
	"github.com/gatehouse/gatehouse/internal/store"
)

// openDeal opens the deal of an assignment that its owner has just accepted, in the same transaction.
func (a *App) openDeal(_ *store.Tx, _ store.Assignment, _ store.Lead, _ store.Actor) error {
	return nil
}
