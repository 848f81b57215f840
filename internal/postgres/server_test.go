package postgres

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestThrowaway(t *testing.T) {
	t.Parallel()
	s := start(t, Options{Throwaway: true})
	for name, url := range map[string]string{"socket": s.URL(""), "tcp": s.TCPURL("")} {
		for sql, want := range map[string]string{
			"SELECT current_user || '@' || current_database()":                 "gatehouse@gatehouse",
			"SELECT rolsuper::text FROM pg_roles WHERE rolname = current_user": "false",
			"SHOW server_encoding": "UTF8",
			"SHOW timezone":        "UTC",
			"SHOW fsync":           "off",
			"SELECT upper('é')":    "É",
		} {
			if got := ask(t, url, sql); got != want {
				t.Errorf("%s: %s = %q, want %q", name, sql, got, want)
			}
		}
	}
	run(t, s.URL(""), "CREATE TABLE lead (id int)", "INSERT INTO lead VALUES (7)")
	run(t, s.URL("postgres"), "CREATE DATABASE copy TEMPLATE gatehouse")
	if got := ask(t, s.URL("copy"), "SELECT id::text FROM lead"); got != "7" {
		t.Errorf("the copy holds %q", got)
	}
	for _, url := range []string{s.URL(""), s.TCPURL("")} {
		if err := login(soon(t), strings.Replace(url, s.secrets.Password, "wrong", 1)); err == nil {
			t.Error("a wrong password was let in")
		}
	}
	if group, err := syscall.Getpgid(s.PID()); err != nil || group != s.PID() {
		t.Errorf("the server is in process group %d (%v): a Ctrl-C would end it before us", group, err)
	}
	if s.Err() != nil {
		t.Errorf("Err of a running server: %v", s.Err())
	}
	stop(t, s)
	mustNotExist(t, s.folder.dir)
	mustNotExist(t, s.DataDir())
	select {
	case <-s.Done():
		t.Error("Done is closed after Stop, which is not unexpected")
	default:
	}
}

func TestThrowawaysSideBySide(t *testing.T) {
	t.Parallel()
	results := make(chan *Server, 3)
	for range cap(results) {
		go func() {
			s, err := Start(soon(t), Options{Throwaway: true})
			if err != nil {
				t.Errorf("Start: %v", err)
			}
			results <- s
		}()
	}
	seen := map[string]bool{}
	for range cap(results) {
		s := <-results
		if s == nil {
			continue
		}
		defer stop(t, s)
		for _, what := range []string{s.socket, s.DataDir(), s.TCPURL("")} {
			if seen[what] {
				t.Errorf("%s is shared", what)
			}
			seen[what] = true
		}
	}
}

func TestLifeOfACluster(t *testing.T) {
	t.Parallel()
	dir := dataFolder(t)
	if _, ok, err := Attach(soon(t), dir); ok || err != nil {
		t.Errorf("Attach without a folder: %v, %v", ok, err)
	}
	mustNotExist(t, dir)
	s := start(t, Options{DataDir: dir, Settings: map[string]string{"work_mem": "5MB", "gatehouse.note": `it's a \ "note"`}})
	for sql, want := range map[string]string{
		"SHOW fsync":              "on",
		"SHOW full_page_writes":   "on",
		"SHOW synchronous_commit": "on",
		"SHOW data_checksums":     "on",
		"SHOW max_connections":    "100",
		"SHOW work_mem":           "5MB",
		"SHOW gatehouse.note":     `it's a \ "note"`,
		"SHOW listen_addresses":   "127.0.0.1",
		"SHOW cluster_name":       s.secrets.Name,
	} {
		if got := ask(t, s.URL(""), sql); got != want {
			t.Errorf("%s = %q, want %q", sql, got, want)
		}
	}
	run(t, s.URL(""), "CREATE TABLE lead (id int)", "INSERT INTO lead VALUES (7)")
	for _, name := range []string{credentialFile, connectionFile, logFile, lockFile} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v; want mode 0600", name, info, err)
		}
	}

	began := time.Now()
	_, err := Start(soon(t), Options{DataDir: dir})
	var inUse *InUseError
	if !errors.As(err, &inUse) || inUse.PID != os.Getpid() || !strings.Contains(err.Error(), "is in use by process") {
		t.Errorf("a second Start: %v", err)
	}
	if took := time.Since(began); took > time.Second {
		t.Errorf("a second Start failed after %v only", took)
	}
	url, ok, err := Attach(soon(t), dir)
	if err != nil || !ok || ask(t, url, "SELECT id::text FROM lead") != "7" {
		t.Errorf("Attach: %v, %v", ok, err)
	}
	stop(t, s)
	stop(t, s)
	if _, ok, err := Attach(soon(t), dir); ok || err != nil {
		t.Errorf("Attach after Stop: %v, %v", ok, err)
	}

	again := start(t, Options{DataDir: dir})
	if got := ask(t, again.URL(""), "SELECT id::text FROM lead"); got != "7" {
		t.Errorf("after a restart the table holds %q", got)
	}
	if log := readFrom(filepath.Join(dir, logFile), 0); strings.Contains(log, "automatic recovery") {
		t.Error("Stop was no clean shutdown: the next start recovered")
	}
}

func TestAttachWaitsForAStart(t *testing.T) {
	t.Parallel()
	dir := dataFolder(t)
	f, err := openFolder(dir, nil) // an owner that is not ready yet
	if err != nil {
		t.Fatal(err)
	}
	defer f.close()
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	if _, ok, err := Attach(ctx, dir); ok || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Attach beside an owner that starts: %v, %v", ok, err)
	}
}

func TestPortTaken(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	tries := 0
	s := start(t, Options{Throwaway: true, ports: func() (int, error) {
		if tries++; tries < 3 {
			return l.Addr().(*net.TCPAddr).Port, nil
		}
		return freePort()
	}})
	if tries != 3 || s.port == l.Addr().(*net.TCPAddr).Port {
		t.Errorf("%d tries, port %d", tries, s.port)
	}
}

func TestStartGivesUpInTime(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(context.Background(), 150*time.Millisecond)
	defer cancel()
	dir := dataFolder(t)
	began := time.Now()
	if _, err := Start(ctx, Options{DataDir: dir}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Start with too little time: %v", err)
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("Start took %v", took)
	}
	mustNotExist(t, filepath.Join(dir, clusterFolder, "PG_VERSION"))
	start(t, Options{DataDir: dir, Throwaway: true}) // what was left does not stand in the way
}
