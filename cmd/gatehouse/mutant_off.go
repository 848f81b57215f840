//go:build !mutant

package main

import "time"

// mutant is empty in every product: no environment can break a promise.
const mutant = ""

// clock is the system's, and upkeep has its own pace.
var (
	clock  func() time.Time
	upkeep time.Duration
)
