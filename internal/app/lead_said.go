package app

import "github.com/gatehouse/gatehouse/internal/store"

// LeadSaid is what the reader said.
type LeadSaid struct{}

// leadSaid reads what the reader said.
func (a *App) leadSaid(_ *store.Query, _ *LeadDetail) error { return nil }
