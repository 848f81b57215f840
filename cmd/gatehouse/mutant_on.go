//go:build mutant

package main

import (
	"os"
	"strings"
	"sync/atomic"
	"time"
)

// mutant names the promise that this program breaks, so that the tests can show that they would notice. The variable is
// taken out of the environment because the product does not know it.
var mutant = taken("GATEHOUSE_MUTANT")

// clock is the system's, moved by the duration that the file in GATEHOUSE_CLOCK holds: so a test lives through a week
// from outside. Upkeep then comes every quarter of a second, since hours pass between two looks.
var clock, upkeep = movedClock(taken("GATEHOUSE_CLOCK"))

func taken(name string) string {
	value := os.Getenv(name)
	_ = os.Unsetenv(name)
	return value
}

func movedClock(file string) (func() time.Time, time.Duration) {
	if file == "" {
		return nil, 0
	}
	var moved, read atomic.Int64
	return func() time.Time {
		now := time.Now()
		if last := read.Load(); now.UnixNano()-last > int64(20*time.Millisecond) && read.CompareAndSwap(last, now.UnixNano()) {
			if text, err := os.ReadFile(file); err == nil {
				if d, err := time.ParseDuration(strings.TrimSpace(string(text))); err == nil {
					moved.Store(int64(d))
				}
			}
		}
		return now.Add(time.Duration(moved.Load()))
	}, time.Second / 4
}
