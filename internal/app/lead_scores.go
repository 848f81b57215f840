package app

import "github.com/gatehouse/gatehouse/internal/store"

// LeadScores is the score with its lines.
type LeadScores struct{}

// leadScores reads the score with its lines.
func (a *App) leadScores(_ *store.Query, _ *LeadDetail) error { return nil }
