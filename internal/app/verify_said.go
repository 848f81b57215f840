package app

// saidLines reconcile what readers said.
var saidLines = []reconciliation{}
