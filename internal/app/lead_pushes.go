package app

import "github.com/gatehouse/gatehouse/internal/store"

// LeadPushes is what other systems were told, and told.
type LeadPushes struct{}

// leadPushes reads what other systems were told, and told.
func (a *App) leadPushes(_ *store.Query, _ *LeadDetail) error { return nil }
