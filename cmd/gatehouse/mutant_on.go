//go:build mutant

package main

import "os"

// mutant names the promise that this program breaks, so that the tests can show that they would notice. The variable is
// taken out of the environment because the product does not know it.
var mutant = func() string {
	name := os.Getenv("GATEHOUSE_MUTANT")
	_ = os.Unsetenv("GATEHOUSE_MUTANT")
	return name
}()
