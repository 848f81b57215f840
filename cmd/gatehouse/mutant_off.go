//go:build !mutant

package main

// mutant is empty in every product: no environment can break a promise.
const mutant = ""
