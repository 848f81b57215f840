package app

// scoringLines reconcile scores.
var scoringLines = []reconciliation{}
