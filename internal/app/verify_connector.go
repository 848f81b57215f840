package app

// connectorLines reconcile pushes and pulls.
var connectorLines = []reconciliation{}
