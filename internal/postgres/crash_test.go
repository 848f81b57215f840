package postgres

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// ownerEnv makes the test binary own a cluster until it is killed.
const ownerEnv = "GATEHOUSE_TEST_OWNS"

func TestMain(m *testing.M) {
	dir := os.Getenv(ownerEnv)
	if dir == "" {
		os.Exit(m.Run())
	}
	s, err := Start(context.Background(), Options{DataDir: dir})
	if err != nil {
		fmt.Println("failed:", err)
		os.Exit(1)
	}
	fmt.Println(s.PID())
	select {}
}

// ownerProcess starts another process that owns dir, and returns it with its postmaster.
func ownerProcess(t *testing.T, dir string) (*exec.Cmd, int) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(soon(t), self)
	cmd.Env = append(os.Environ(), ownerEnv+"="+dir)
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	line, _ := bufio.NewReader(out).ReadString('\n')
	pid, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		t.Fatalf("the other process said %q", line)
	}
	return cmd, pid
}

// busy keeps a backend computing, which does not notice that its postmaster is gone.
func busy(t *testing.T, url string) {
	t.Helper()
	conn := connect(t, url)
	go func() {
		_, _ = conn.Exec(context.Background(), "SELECT count(*) FROM generate_series(1, 1000000000) a, generate_series(1, 1000000) b")
	}()
	ctx := soon(t)
	for ask(t, url, "SELECT count(*)::text FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%generate_series(1, 1000000)%' AND pid <> pg_backend_pid()") == "0" {
		if err := pause(ctx, poll); err != nil {
			t.Fatal(err)
		}
	}
}

func TestPostmasterKilled(t *testing.T) {
	t.Parallel()
	dir := dataFolder(t)
	s := start(t, Options{DataDir: dir, Throwaway: true})
	run(t, s.URL(""), "CREATE TABLE lead (id int)", "INSERT INTO lead VALUES (7)")
	busy(t, s.URL(""))
	if err := syscall.Kill(s.PID(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	select {
	case <-s.Done():
	case <-soon(t).Done():
		t.Fatal("Done is not closed")
	}
	if s.Err() == nil || !strings.Contains(s.Err().Error(), "killed") {
		t.Errorf("Err = %v", s.Err())
	}
	stop(t, s)
	again := start(t, Options{DataDir: dir, Throwaway: true})
	if got := ask(t, again.URL(""), "SELECT id::text FROM lead"); got != "7" {
		t.Errorf("after the crash the table holds %q", got)
	}
}

func TestOwnerKilled(t *testing.T) {
	for name, everything := range map[string]bool{"the owner": false, "everything": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := dataFolder(t)
			owner, postmaster := ownerProcess(t, dir)
			if _, err := Start(soon(t), Options{DataDir: dir}); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("process %d", owner.Process.Pid)) {
				t.Fatalf("a second Start: %v", err)
			}
			url, ok, err := Attach(soon(t), dir)
			if !ok || err != nil {
				t.Fatalf("Attach: %v, %v", ok, err)
			}
			run(t, url, "CREATE TABLE lead (id int)", "INSERT INTO lead VALUES (7)")
			busy(t, url)
			var c connection
			if err := readJSON(filepath.Join(dir, connectionFile), &c); err != nil {
				t.Fatal(err)
			}
			victims := []int{owner.Process.Pid}
			if everything {
				var secrets credentials
				if err := readJSON(filepath.Join(dir, credentialFile), &secrets); err != nil {
					t.Fatal(err)
				}
				victims = append(append(victims, postmaster), backends(secrets.Name)...)
			}
			for _, pid := range victims {
				_ = syscall.Kill(pid, syscall.SIGKILL)
			}
			_ = owner.Wait()
			if _, ok, err := Attach(soon(t), dir); ok || err != nil {
				t.Errorf("Attach to what nobody owns: %v, %v", ok, err)
			}
			began := time.Now()
			s := start(t, Options{DataDir: dir})
			if took := time.Since(began); took > 20*time.Second {
				t.Errorf("the takeover took %v", took)
			}
			if got := ask(t, s.URL(""), "SELECT id::text FROM lead"); got != "7" {
				t.Errorf("after the takeover the table holds %q", got)
			}
			if alive(postmaster) && looksLikePostgres(postmaster) {
				t.Error("the old server still runs")
			}
			mustNotExist(t, c.Socket)
		})
	}
}

func TestServerEndsWithItsOwner(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux tells a process that its parent died")
	}
	t.Parallel()
	dir := dataFolder(t)
	owner, postmaster := ownerProcess(t, dir)
	_ = owner.Process.Kill()
	_ = owner.Wait()
	ctx := soon(t)
	for alive(postmaster) && looksLikePostgres(postmaster) {
		if err := pause(ctx, poll); err != nil {
			t.Fatal("the server outlives its owner")
		}
	}
	f, err := openFolder(dir, nil)
	if err != nil {
		t.Fatalf("the folder is not free: %v", err)
	}
	f.forgetConnection()
	f.close()
}

// The kernel's signal is one net; the takeover must do without, as on macOS.
func TestOrphanIsStopped(t *testing.T) {
	t.Parallel()
	dir := dataFolder(t)
	s := start(t, Options{DataDir: dir, Throwaway: true})
	stop(t, s)
	if err := os.Mkdir(s.socket, 0o700); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = os.RemoveAll(s.socket) }()
	if err := s.folder.account.own(s.socket); err != nil {
		t.Fatal(err)
	}
	orphan := s.folder.account.command(soon(t), s.DataDir(), s.binaries.path("postgres"), "-D", s.DataDir())
	if err := orphan.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { _ = orphan.Wait(); close(ended) }()
	ctx := soon(t)
	for login(ctx, s.URL("")) != nil {
		if err := pause(ctx, poll); err != nil {
			t.Fatal(err)
		}
	}
	busy(t, s.URL(""))
	var log logBuffer
	start(t, Options{DataDir: dir, Throwaway: true, Log: log.logger()})
	<-ended
	if !strings.Contains(log.String(), "left behind") {
		t.Errorf("the log says %q", log.String())
	}
}

// In a restarted container the process id in postmaster.pid soon is somebody else's.
func TestReusedProcessIDIsLeftAlone(t *testing.T) {
	t.Parallel()
	dir := dataFolder(t)
	s := start(t, Options{DataDir: dir, Throwaway: true})
	stop(t, s)
	other := exec.CommandContext(soon(t), "sleep", "600")
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = other.Process.Kill(); _ = other.Wait() }()
	stale := fmt.Sprintf("%d\n%s\n1700000000\n5432\n\n127.0.0.1\n", other.Process.Pid, s.DataDir())
	if err := os.WriteFile(s.folder.pidFile(), []byte(stale), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.folder.account.own(s.folder.pidFile()); err != nil {
		t.Fatal(err)
	}
	start(t, Options{DataDir: dir, Throwaway: true})
	if args := arguments(other.Process.Pid); len(args) == 0 {
		t.Error("the other process was ended")
	}
}

func TestSweep(t *testing.T) {
	t.Parallel()
	s := start(t, Options{Throwaway: true})
	old := time.Now().Add(-time.Hour)
	if err := os.Chtimes(s.folder.dir, old, old); err != nil {
		t.Fatal(err)
	}
	sweep(soon(t), s.folder.dir)
	if err := login(soon(t), s.URL("")); err != nil {
		t.Errorf("a server in use was swept: %v", err)
	}
	abandoned, err := os.MkdirTemp("", throwawayPrefix)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = os.RemoveAll(abandoned) }()
	sweep(soon(t), abandoned)
	if _, err := os.Stat(abandoned); err != nil {
		t.Error("a folder that is new was swept")
	}
	if err := os.Chtimes(abandoned, old, old); err != nil {
		t.Fatal(err)
	}
	sweep(soon(t), abandoned)
	mustNotExist(t, abandoned)
}
