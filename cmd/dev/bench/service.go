package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

const benchSecret = "a secret of the benchmark and of nothing else"

// build compiles the product as a release is compiled, and returns the program's path.
func build(ctx context.Context, dir string) (string, error) {
	out, err := exec.CommandContext(ctx, "go", "env", "GOMOD").Output()
	root := filepath.Dir(strings.TrimSpace(string(out)))
	if err != nil || root == "." || root == os.DevNull {
		return "", errors.New("run this inside the project, with Go installed, or name a built program with --binary")
	}
	program := filepath.Join(dir, "gatehouse")
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags=-s -w", "-o", program, "./cmd/gatehouse")
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("the product does not build: %w\n%s", err, out)
	}
	return program, nil
}

// service is the product as a process of its own.
type service struct {
	url    string
	cmd    *exec.Cmd
	said   *tail
	exited chan struct{}
	ready  time.Duration // from the start of the process to the first answer of /readyz that says yes
}

// launch starts the product and waits until it is ready. environ comes on top of a bare environment: what is set for the
// person who runs the benchmark must not change what is measured.
func launch(ctx context.Context, program, role string, environ ...string) (*service, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	addr := l.Addr().String()
	if err := l.Close(); err != nil {
		return nil, err
	}
	s := &service{url: "http://" + addr, said: &tail{}, exited: make(chan struct{})}
	s.cmd = exec.Command(program, "serve", "--role", role) // not bound to ctx: it is stopped by stop
	s.cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"), "TMPDIR=" + os.TempDir(), "GATEHOUSE_LIMITS=off",
		"GATEHOUSE_LISTEN=" + addr, "GATEHOUSE_LOG_LEVEL=warn"}, environ...)
	for _, name := range []string{"GATEHOUSE_PG_BIN", "GATEHOUSE_METRICS_LISTEN"} { // the second: to profile what is measured
		if v := os.Getenv(name); v != "" {
			s.cmd.Env = append(s.cmd.Env, name+"="+v)
		}
	}
	s.cmd.Stdout, s.cmd.Stderr = s.said, s.said
	began := time.Now()
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	go func() { _ = s.cmd.Wait(); close(s.exited) }()
	if err := s.awaitReady(ctx); err != nil {
		s.stop()
		return nil, fmt.Errorf("the product does not become ready: %w\n%s", err, s.said)
	}
	s.ready = time.Since(began)
	return s, nil
}

func (s *service) pid() int { return s.cmd.Process.Pid }

// awaitReady asks every few milliseconds: the figure is a time.
func (s *service) awaitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	tick := time.NewTicker(3 * time.Millisecond)
	defer tick.Stop()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+"/readyz", nil)
		if err != nil {
			return err
		}
		if resp, err := client.Do(req); err == nil {
			_, _ = io.Copy(io.Discard, resp.Body)
			_ = resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-s.exited:
			return errors.New("it ended")
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// stop ends the product as an operator would, and by force if that takes longer than it promises.
func (s *service) stop() {
	if s == nil {
		return
	}
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-s.exited:
	case <-time.After(35 * time.Second):
		_ = s.cmd.Process.Kill()
		<-s.exited
	}
}

// killAll ends the product and every process that it started, at once and by force.
func (s *service) killAll() {
	below := descendants(s.pid())
	for _, pid := range below {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	_ = s.cmd.Process.Kill()
	<-s.exited
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline) && slices.ContainsFunc(below, running); {
		time.Sleep(2 * time.Millisecond)
	}
}

// tail keeps the last of what a program says, for the case that it fails.
type tail struct {
	mu sync.Mutex
	b  []byte
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.b = append(t.b, p...)
	if len(t.b) > 16<<10 {
		t.b = bytes.Clone(t.b[len(t.b)-8<<10:])
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.b)
}
