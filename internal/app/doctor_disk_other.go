//go:build !linux && !darwin && !freebsd

package app

// diskFree cannot be known here.
func diskFree(string) (uint64, bool) { return 0, false }
