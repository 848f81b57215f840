package app

// routingLines reconcile assignments.
var routingLines = []reconciliation{}
