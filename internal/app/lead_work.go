package app

import "github.com/gatehouse/gatehouse/internal/store"

// LeadWork is the plan and the activities.
type LeadWork struct{}

// leadWork reads the plan and the activities.
func (a *App) leadWork(_ *store.Query, _ *LeadDetail) error { return nil }
