package postgres

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// fakeBinaries makes programs that only tell a version.
func fakeBinaries(t *testing.T, dir, version string) {
	t.Helper()
	put(t, filepath.Join(dir, "postgres"), "#!/bin/sh\necho 'postgres (PostgreSQL) "+version+"'\n", 0o755)
	for _, name := range []string{"initdb", "pg_ctl"} {
		put(t, filepath.Join(dir, name), "#!/bin/sh\nexit 1\n", 0o755)
	}
}

func TestFind(t *testing.T) {
	old, empty, recent := t.TempDir(), t.TempDir(), t.TempDir()
	fakeBinaries(t, old, "13.4 (Debian)")
	fakeBinaries(t, recent, "18beta1")
	for name, c := range map[string]struct {
		env, dir, err string
	}{
		"named":         {env: recent, dir: recent},
		"named, empty":  {env: empty, err: "there is no program initdb"},
		"named, absent": {env: empty + "/none", err: "there is no program initdb"},
		"too old":       {env: old, err: "13.4 in " + old + " is too old"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(EnvBin, c.env)
			b, err := Find(soon(t))
			if b.Dir != c.dir || (err == nil) != (c.err == "") {
				t.Fatalf("Find = %+v, %v", b, err)
			}
			if err != nil && (!errors.Is(err, ErrNoBinaries) || !strings.Contains(err.Error(), c.err) ||
				!strings.Contains(err.Error(), "apt install") || !strings.Contains(err.Error(), "brew install")) {
				t.Errorf("Find: %v", err)
			}
		})
	}
	t.Run("the one in PATH", func(t *testing.T) {
		t.Setenv(EnvBin, "")
		t.Setenv("PATH", recent+":"+os.Getenv("PATH"))
		if b, err := Find(soon(t)); err != nil || b.Dir != recent || b.Major != 18 || b.Version != "18beta1" {
			t.Errorf("Find = %+v, %v", b, err)
		}
	})
}

func TestChoose(t *testing.T) {
	b13, b15, b17 := Binaries{"/13", 13, "13.4"}, Binaries{"/15", 15, "15.1"}, Binaries{"/17", 17, "17.2"}
	for name, c := range map[string]struct {
		found []Binaries
		want  int
		dir   string
		err   string
	}{
		"none":                    {nil, 0, "", "no usable PostgreSQL is installed: install"},
		"first that serves":       {[]Binaries{b13, b17, b15}, 0, "/17", ""},
		"the cluster's":           {[]Binaries{b17, b15}, 15, "/15", ""},
		"too old only":            {[]Binaries{b13}, 0, "", "too old"},
		"too old, though matched": {[]Binaries{b13}, 13, "", "PostgreSQL 13"},
		"not the cluster's":       {[]Binaries{b17, b15}, 16, "", "written by PostgreSQL 16, but found is 17.2 in /17, 15.1 in /15"},
	} {
		t.Run(name, func(t *testing.T) {
			b, err := choose(c.found, c.want)
			if b.Dir != c.dir || (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
				t.Errorf("choose = %+v, %v", b, err)
			}
		})
	}
}

func TestMajorIn(t *testing.T) {
	paths := []string{"/usr/lib/postgresql/9.6/bin", "/usr/pgsql-16/bin", "/usr/local/pgsql/bin", "/usr/lib/postgresql/17/bin"}
	slices.SortStableFunc(paths, func(a, b string) int { return majorIn(b) - majorIn(a) })
	if paths[0] != "/usr/lib/postgresql/17/bin" || paths[1] != "/usr/pgsql-16/bin" || paths[3] != "/usr/local/pgsql/bin" {
		t.Errorf("newest first: %v", paths)
	}
}

// archive packs programs as the repository offers them: a .txz in a .jar.
func archive(t *testing.T) []byte {
	t.Helper()
	dir := t.TempDir()
	fakeBinaries(t, filepath.Join(dir, "bin"), "17.5")
	if out, err := exec.Command("tar", "-C", dir, "-cJf", filepath.Join(dir, "x.txz"), "bin").CombinedOutput(); err != nil {
		t.Skipf("tar and xz are needed to make the archive: %s", out)
	}
	packed, err := os.ReadFile(filepath.Join(dir, "x.txz"))
	if err != nil {
		t.Fatal(err)
	}
	var jar bytes.Buffer
	z := zip.NewWriter(&jar)
	w, err := z.Create("postgres-test.txz")
	if err == nil {
		_, err = w.Write(packed)
	}
	if err := errors.Join(err, z.Close()); err != nil {
		t.Fatal(err)
	}
	return jar.Bytes()
}

func TestFetch(t *testing.T) {
	jar := archive(t)
	sum := sha256.Sum256(jar)
	digest, requests := hex.EncodeToString(sum[:]), 0
	repository := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests++
		if strings.HasSuffix(r.URL.Path, ".sha256") {
			_, _ = w.Write([]byte(digest))
			return
		}
		_, _ = w.Write(jar)
	}))
	defer repository.Close()
	log := slog.New(slog.DiscardHandler)
	cache := t.TempDir()
	for _, round := range []string{"first", "from the cache"} {
		b, err := fetch(soon(t), cache, 0, repository.URL, log)
		if err != nil || b.Major != 17 || b.Dir != filepath.Join(cache, "postgresql-17", "bin") {
			t.Fatalf("%s: %+v, %v", round, b, err)
		}
	}
	if requests != 2 {
		t.Errorf("%d requests, want one for the archive and one for its digest", requests)
	}
	if left, _ := filepath.Glob(filepath.Join(cache, "scratch-*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	digest = strings.Repeat("0", 64)
	if _, err := fetch(soon(t), t.TempDir(), 0, repository.URL, log); !errors.Is(err, ErrNoBinaries) || !strings.Contains(err.Error(), "checksums do not match") {
		t.Errorf("a forged archive: %v", err)
	}
	if _, err := fetch(soon(t), t.TempDir(), 12, repository.URL, log); !errors.Is(err, ErrNoBinaries) {
		t.Errorf("a version that is not offered: %v", err)
	}
	repository.Close()
	_, err := fetch(soon(t), t.TempDir(), 0, repository.URL, log)
	if !errors.Is(err, ErrNoBinaries) || !strings.Contains(err.Error(), "unable to connect to "+repository.URL+"; install PostgreSQL") {
		t.Errorf("a repository out of reach: %v", err)
	}
}
