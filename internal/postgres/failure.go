package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"
)

// InUseError says that another process owns the data folder.
type InUseError struct {
	DataDir string
	PID     int // 0 where unknown
}

func (e *InUseError) Error() string {
	holder := "another process"
	if e.PID > 0 {
		holder = fmt.Sprintf("process %d", e.PID)
	}
	return fmt.Sprintf("the data folder %s is in use by %s: stop that first, or choose another folder", e.DataDir, holder)
}

func notWritable(path string, err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return fmt.Errorf("the disk that holds %s is full: %w", path, err)
	}
	return fmt.Errorf("the folder %s cannot be written: %w", path, err)
}

// What the output of initdb or of the server tells about a failed start. The programs
// run with LC_ALL=C, and the sentences are stable across versions 15 to 18.
var (
	errPortTaken  = errors.New("the port is taken")
	errStillInUse = errors.New("processes of an earlier run are still there")
	errDiskFull   = errors.New("the disk is full")
	errBadLocale  = errors.New("the locale is unknown")
)

var failures = []struct {
	text string
	err  error
}{
	{"No space left on device", errDiskFull},
	{"Disk quota exceeded", errDiskFull},
	{"wrote only ", errDiskFull}, // "could not extend file: wrote only 4096 of 8192 bytes"
	{"pre-existing shared memory block", errStillInUse},
	{`lock file "postmaster.pid" already exists`, errStillInUse},
	{"could not create any TCP/IP sockets", errPortTaken},
	{"Address already in use", errPortTaken},
	{"invalid locale name", errBadLocale},
	{"invalid locale settings", errBadLocale},
}

// explain makes one error of what program said before it failed in folder.
func explain(program, folder, output string) error {
	for _, f := range failures {
		if strings.Contains(output, f.text) {
			return because(f.err, program, folder)
		}
	}
	if free, ok := freeSpace(folder); ok && free < walSegment {
		return because(errDiskFull, program, folder)
	}
	return fmt.Errorf("%s failed in %s: %s", program, folder, decisive(output))
}

// walSegment is what a start has to have room for, in bytes.
const walSegment = 16 << 20

func because(err error, program, folder string) error {
	if errors.Is(err, errDiskFull) {
		return fmt.Errorf("%w: %s needs room in %s", err, program, folder)
	}
	return fmt.Errorf("%s failed in %s: %w", program, folder, err)
}

// telling marks the lines that say why; the last three belong to faulty settings.
var telling = []string{"FATAL:", "PANIC:", "error:", "invalid value", "unrecognized configuration", "is outside the valid range"}

// decisive picks the telling lines, else the last three.
func decisive(output string) string {
	lines := strings.Split(strings.TrimSpace(output), "\n")
	var picked []string
	for _, line := range lines {
		if strings.Contains(line, "FATAL:  the database system is") {
			continue // an answer to our own asking
		}
		if slices.ContainsFunc(telling, func(mark string) bool { return strings.Contains(line, mark) }) {
			picked = append(picked, strings.TrimSpace(line))
		}
	}
	if len(picked) == 0 {
		picked = lines[max(0, len(lines)-3):]
	}
	if text := strings.Join(picked, "; "); text != "" {
		return text
	}
	return "it said nothing"
}

// outOfTime names what was waited for when ctx ended.
func outOfTime(ctx context.Context, what string) error {
	return fmt.Errorf("gave up while %s: %w", what, context.Cause(ctx))
}
