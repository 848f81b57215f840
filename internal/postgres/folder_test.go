package postgres

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestSentences(t *testing.T) {
	t.Parallel()
	file := filepath.Join(dataFolder(t), "..", "a file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	older := dataFolder(t)
	put(t, filepath.Join(older, clusterFolder, "PG_VERSION"), "11\n", 0o600)
	noPasswords := dataFolder(t)
	b, err := Find(soon(t))
	if err != nil {
		t.Fatal(err)
	}
	major, _, _ := strings.Cut(b.Version, ".")
	put(t, filepath.Join(noPasswords, clusterFolder, "PG_VERSION"), major+"\n", 0o600)
	foreign := dataFolder(t)
	put(t, filepath.Join(foreign, clusterFolder, "letter.txt"), "Dear all", 0o600)
	lost := dataFolder(t)
	put(t, filepath.Join(lost, elsewhereFile), filepath.Join(lost, "gone")+"\n", 0o600)

	for name, c := range map[string]struct {
		options Options
		want    string
	}{
		"no folder":          {Options{}, "needs a data folder"},
		"a file":             {Options{DataDir: filepath.Join(file, "data")}, "cannot be written"},
		"older cluster":      {Options{DataDir: older}, "the data was written by PostgreSQL 11, but found is " + b.Version},
		"passwords are gone": {Options{DataDir: noPasswords}, "bring " + filepath.Join(noPasswords, credentialFile) + " back"},
		"foreign files":      {Options{DataDir: foreign}, "neither empty nor a cluster"},
		"cluster is gone":    {Options{DataDir: lost}, "which is not there"},
		"port is ours":       {Options{DataDir: older, Settings: map[string]string{"port": "1"}}, "cannot be changed"},
		"fsync stays":        {Options{DataDir: older, Settings: map[string]string{"fsync": "off"}}, "stays on"},
		"two lines":          {Options{DataDir: older, Settings: map[string]string{"work_mem": "1MB\nfsync = off"}}, "not a setting"},
		"bad value": {Options{DataDir: filepath.Join(dataFolder(t), "x"), Throwaway: true, Settings: map[string]string{"work_mem": "much"}},
			`invalid value for parameter "work_mem"`},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := Start(soon(t), c.options)
			if err == nil {
				stop(t, s)
			}
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("Start: %v\nwant: %s", err, c.want)
			}
			if err != nil && strings.Contains(err.Error(), "\n") {
				t.Errorf("more than a sentence: %q", err)
			}
		})
	}
	if raw, err := os.ReadFile(filepath.Join(foreign, clusterFolder, "letter.txt")); string(raw) != "Dear all" {
		t.Errorf("a foreign file was touched: %v", err)
	}
}

func TestReadOnlyFolder(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root may write everywhere")
	}
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	if _, err := Start(soon(t), Options{DataDir: dir}); err == nil || !strings.Contains(err.Error(), "cannot be written") {
		t.Errorf("Start: %v", err)
	}
}

func TestExplain(t *testing.T) {
	for name, c := range map[string]struct {
		output string
		want   error
		text   string
	}{
		"initdb, disk full":    {"initdb: error: could not create directory: No space left on device\ninitdb: removing", errDiskFull, "the disk is full: x needs room in /d"},
		"server, disk full":    {`FATAL:  could not write lock file "postmaster.pid": No space left on device`, errDiskFull, "the disk is full"},
		"bootstrap, disk full": {"FATAL:  could not extend file \"base/1/2691\": wrote only 4096 of 8192 bytes at block 19", errDiskFull, "the disk is full"},
		"our own asking":       {"FATAL:  the database system is starting up\nFATAL:  checkpoint request failed", nil, "x failed in /d: FATAL:  checkpoint request failed"},
		"port":                 {"LOG: could not bind IPv4 address \"127.0.0.1\": Address already in use\nFATAL:  could not create any TCP/IP sockets", errPortTaken, "port"},
		"backends are left":    {"FATAL:  pre-existing shared memory block (key 1, ID 2) is still in use", errStillInUse, "earlier run"},
		"lock file":            {`FATAL:  lock file "postmaster.pid" already exists`, errStillInUse, "earlier run"},
		"locale":               {`initdb: error: invalid locale name "C.UTF-8"`, errBadLocale, "locale"},
		"other: FATAL counts":  {"LOG: a\nFATAL:  out of luck\nLOG:  shut down", nil, "x failed in /d: FATAL:  out of luck"},
		"other: last lines":    {"1\n2\n3\n4", nil, "x failed in /d: 2"},
		"nothing":              {"", nil, "it said nothing"},
	} {
		t.Run(name, func(t *testing.T) {
			err := explain("x", "/d", c.output)
			if c.want != nil && !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.text) {
				t.Errorf("got %v", err)
			}
		})
	}
	if err := notWritable("/d", &os.PathError{Op: "write", Path: "/d/x", Err: syscall.ENOSPC}); !strings.Contains(err.Error(), "is full") {
		t.Errorf("got %v", err)
	}
}

// As root, a folder that the server's user cannot reach does not hold the cluster.
func TestUnreachableFolder(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root runs the server as another user")
	}
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data") // below a folder of mode 0700
	if err := os.Chmod(filepath.Dir(filepath.Dir(dir)), 0o700); err != nil {
		t.Fatal(err)
	}
	var log logBuffer
	s := start(t, Options{DataDir: dir, Throwaway: true, Log: log.logger()})
	base := filepath.Dir(s.DataDir())
	t.Cleanup(func() { _ = os.RemoveAll(base) })
	if within(s.DataDir(), dir) || !within(base, os.TempDir()) {
		t.Errorf("the cluster is in %s", s.DataDir())
	}
	if !strings.Contains(log.String(), s.DataDir()) {
		t.Errorf("the log does not say where the data is: %q", log.String())
	}
	run(t, s.URL(""), "CREATE TABLE lead (id int)", "INSERT INTO lead VALUES (7)")
	if owner, ok := ownerOf(s.DataDir()); !ok || owner.uid == 0 {
		t.Errorf("the cluster belongs to %+v", owner)
	}
	if _, ok, err := Attach(soon(t), dir); !ok || err != nil {
		t.Errorf("Attach: %v, %v", ok, err)
	}
	stop(t, s)
	again := start(t, Options{DataDir: dir, Throwaway: true})
	if again.DataDir() != s.DataDir() || ask(t, again.URL(""), "SELECT id::text FROM lead") != "7" {
		t.Errorf("the second start uses %s, not %s", again.DataDir(), s.DataDir())
	}
	stop(t, again)
	if err := os.RemoveAll(base); err != nil {
		t.Fatal(err)
	}
	if _, err := Start(context.Background(), Options{DataDir: dir}); err == nil || !strings.Contains(err.Error(), base) {
		t.Errorf("Start without the cluster: %v", err)
	}
}

// put writes a file and the folders above it.
func put(t *testing.T, path, text string, mode os.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}
