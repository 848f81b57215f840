package postgres

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	orphanFast      = 8 * time.Second // for a fast shutdown, which writes a checkpoint
	orphanImmediate = 3 * time.Second // for an immediate one, before SIGKILL
	poll            = 10 * time.Millisecond
)

// takeOver ends whatever an earlier owner of the cluster left running: we hold the lock
// of the folder, so nobody else may use it. When it returns nil, no process of the
// cluster is left, and no lock file of a process that is not one.
func (f *folder) takeOver(ctx context.Context, name string) error {
	pid := f.postmasterPID()
	switch {
	case pid == 0 || !alive(pid):
	case f.isPostmaster(pid):
		f.log.Warn("stopping the PostgreSQL that an earlier run left behind", "pid", pid)
		if err := endProcess(ctx, pid); err != nil {
			return err
		}
	case looksLikePostgres(pid):
		return fmt.Errorf("process %d, another PostgreSQL, may be using %s: stop it, or delete %s if it has nothing to do with it",
			pid, f.cluster(), f.pidFile())
	default:
		// The id was reused, as in a restarted container; PostgreSQL cannot tell, and would
		// refuse to start. The file goes below, once no backend of the cluster is left.
	}
	if err := f.endBackends(ctx, name); err != nil {
		return err
	}
	if pid != 0 && alive(pid) && f.postmasterPID() == pid {
		if err := os.Remove(f.pidFile()); err != nil {
			return notWritable(f.cluster(), err)
		}
	}
	return nil
}

func (f *folder) pidFile() string { return filepath.Join(f.cluster(), "postmaster.pid") }

// postmasterPID reads the first line of postmaster.pid; 0 without one.
func (f *folder) postmasterPID() int {
	raw, _ := os.ReadFile(f.pidFile())
	line, _, _ := strings.Cut(string(raw), "\n")
	pid, _ := strconv.Atoi(strings.TrimSpace(line))
	return max(pid, -pid) // negative: a single-user server
}

func (f *folder) isPostmaster(pid int) bool {
	return looksLikePostgres(pid) && (slices.Contains(arguments(pid), f.cluster()) || workFolder(pid) == f.cluster())
}

func looksLikePostgres(pid int) bool {
	args := arguments(pid)
	if len(args) == 0 {
		return false
	}
	program := filepath.Base(args[0])
	return program == "postgres" || program == "postmaster" || strings.HasPrefix(args[0], "postgres: ")
}

// endBackends waits for the children of a dead server, which notice its death by
// themselves unless they are busy; those that stay are ended: without a postmaster
// nothing of what they do can be committed wrongly, the next start recovers.
func (f *folder) endBackends(ctx context.Context, name string) error {
	for began := time.Now(); ; {
		pids := backends(name)
		if len(pids) == 0 {
			return nil
		}
		waited := time.Since(began)
		for _, pid := range pids {
			switch {
			case waited > orphanImmediate+time.Second:
				_ = syscall.Kill(pid, syscall.SIGKILL)
			case waited > 500*time.Millisecond:
				_ = syscall.Kill(pid, syscall.SIGQUIT)
			}
		}
		if err := pause(ctx, 2*poll); err != nil {
			return outOfTime(ctx, fmt.Sprintf("waiting for process %d of an earlier run to end", pids[0]))
		}
	}
}

// backends finds processes by their title, "postgres: <cluster_name>: checkpointer"; the
// name is random, so that a cluster of the same path in a container is not meant.
func backends(name string) []int {
	var pids []int
	for pid, args := range processes() {
		if strings.HasPrefix(args[0], "postgres: "+name+": ") {
			pids = append(pids, pid)
		}
	}
	return pids
}

// endProcess stops a server that is not our child: fast, then immediate, then at once.
func endProcess(ctx context.Context, pid int) error {
	for _, step := range []struct {
		signal syscall.Signal
		wait   time.Duration
	}{{syscall.SIGINT, orphanFast}, {syscall.SIGQUIT, orphanImmediate}, {syscall.SIGKILL, orphanImmediate}} {
		if err := syscall.Kill(pid, step.signal); errors.Is(err, syscall.ESRCH) {
			return nil
		} else if err != nil {
			return fmt.Errorf("the PostgreSQL that an earlier run left behind (process %d) cannot be stopped: %w", pid, err)
		}
		for end := time.Now().Add(step.wait); time.Now().Before(end); {
			if !alive(pid) || !looksLikePostgres(pid) { // the latter: a zombie that nobody reaps
				return nil
			}
			if err := pause(ctx, poll); err != nil {
				return outOfTime(ctx, fmt.Sprintf("stopping process %d of an earlier run", pid))
			}
		}
	}
	return fmt.Errorf("the PostgreSQL that an earlier run left behind (process %d) does not end", pid)
}
