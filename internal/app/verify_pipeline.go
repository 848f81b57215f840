package app

// pipelineLines reconcile deals, plans and activities.
var pipelineLines = []reconciliation{}
