package app

import (
	"github.com/gatehouse/gatehouse/internal/store"
)

// responded stops the first-response clock of an activity's lead, if the activity is a first response.
func (a *App) responded(_ *store.Tx, _ store.Activity) error { return nil }
