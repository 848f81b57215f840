package app

import "github.com/gatehouse/gatehouse/internal/store"

// LeadAssignments is in whose hands the lead is and was.
type LeadAssignments struct{}

// leadAssignments reads in whose hands the lead is and was.
func (a *App) leadAssignments(_ *store.Query, _ *LeadDetail) error { return nil }
