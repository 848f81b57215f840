package postgres

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

var errExited = errors.New("the server ended")

// process is a running postmaster.
type process struct {
	pid    int
	exited chan struct{} // closed after err is set
	err    error         // how it ended
}

// startProcess starts cmd on a thread of its own and keeps that thread until the program
// ends: the kernel's signal for the death of the parent follows the thread, and Go ends
// threads that it has no use for.
func startProcess(cmd *exec.Cmd) (*process, error) {
	endWithUs(cmd.SysProcAttr)
	p := &process{exited: make(chan struct{})}
	started := make(chan error)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with this goroutine
		err := cmd.Start()
		if err == nil {
			p.pid = cmd.Process.Pid
		}
		started <- err
		if err != nil {
			return
		}
		if p.err = cmd.Wait(); p.err == nil {
			p.err = errors.New("exit status 0")
		}
		close(p.exited)
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	return p, nil
}

// runLocked runs a short program as startProcess does, and returns all it says.
func runLocked(cmd *exec.Cmd) ([]byte, error) {
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	done := make(chan error)
	go func() {
		runtime.LockOSThread()
		done <- cmd.Run()
	}()
	err := <-done
	return out.Bytes(), err
}

// end sends a signal and tells whether the process ended within d and ctx.
func (p *process) end(ctx context.Context, signal syscall.Signal, d time.Duration) bool {
	select {
	case <-p.exited: // the id may be another's by now
		return true
	default:
	}
	_ = syscall.Kill(p.pid, signal)
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-p.exited:
		return true
	case <-ctx.Done():
	case <-timer.C:
	}
	return false
}

// stop ends the process at once; it waits at most twice d.
func (p *process) stop(d time.Duration) error {
	if p.end(context.Background(), syscall.SIGQUIT, d) || p.end(context.Background(), syscall.SIGKILL, d) {
		return nil
	}
	return fmt.Errorf("PostgreSQL (process %d) does not end", p.pid)
}

const maxLog = 16 << 20 // bytes of postgres.log before it is moved to postgres.log.1

func openLog(path string) (*os.File, error) {
	trimLog(path)
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	if err := ownAsFolder(path); err != nil {
		_ = f.Close()
		return nil, err
	}
	return f, nil
}

// trimLog copies a long log aside and empties it in place, as the server has it open. It
// does its best: lines written in between are lost.
func trimLog(path string) {
	info, err := os.Stat(path)
	if err != nil || info.Size() < maxLog {
		return
	}
	from, err := os.Open(path)
	if err != nil {
		return
	}
	defer func() { _ = from.Close() }()
	to, err := os.OpenFile(path+".1", os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return
	}
	_, err = io.Copy(to, from)
	if errors.Join(err, to.Close(), ownAsFolder(to.Name())) == nil {
		_ = os.Truncate(path, 0)
	}
}

// readFrom returns what was written to path since offset, at most 64 KiB.
func readFrom(path string, offset int64) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer func() { _ = f.Close() }()
	raw, _ := io.ReadAll(io.NewSectionReader(f, offset, 64<<10))
	return string(raw)
}
