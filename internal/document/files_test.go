package document

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/iotest"
	"time"

	"github.com/gatehouse/gatehouse/internal/errs"
)

func openLocal(t *testing.T) *LocalFiles {
	t.Helper()
	l, err := NewLocalFiles(filepath.Join(t.TempDir(), "documents"))
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func put(t *testing.T, l *LocalFiles, content string) Stored {
	t.Helper()
	s, err := l.Put(t.Context(), strings.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func read(t *testing.T, l *LocalFiles, key string) string {
	t.Helper()
	f, info, err := l.Open(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b, err := io.ReadAll(f)
	if err != nil || int64(len(b)) != info.Size || info.Key != key || info.Modified.IsZero() {
		t.Fatalf("read %d bytes, info %+v, %v", len(b), info, err)
	}
	return string(b)
}

// left lists every plain file below the folder.
func left(t *testing.T, l *LocalFiles) (out []string) {
	t.Helper()
	filepath.WalkDir(l.Dir(), func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			rel, _ := filepath.Rel(l.Dir(), path)
			out = append(out, filepath.ToSlash(rel))
		}
		return err
	})
	return out
}

func TestPutAndOpen(t *testing.T) {
	l := openLocal(t)
	sum := sha256.Sum256([]byte("hello"))
	s := put(t, l, "hello")
	want := hex.EncodeToString(sum[:])
	if s.SHA256 != want || s.Size != 5 || s.Key != want[:2]+"/"+want[2:] {
		t.Errorf("stored %+v", s)
	}
	if got := read(t, l, s.Key); got != "hello" {
		t.Errorf("read %q", got)
	}
	f, _, err := l.Open(t.Context(), s.Key)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	f.Seek(-3, io.SeekEnd) // as a Range request does
	if b, _ := io.ReadAll(f); string(b) != "llo" {
		t.Errorf("the end is %q", b)
	}
	if got := left(t, l); !slices.Equal(got, []string{s.Key}) {
		t.Errorf("the folder holds %v", got)
	}
	if empty := put(t, l, ""); empty.Size != 0 || read(t, l, empty.Key) != "" {
		t.Errorf("an empty one: %+v", empty)
	}
}

func TestRightsAreNarrow(t *testing.T) {
	l := openLocal(t)
	s := put(t, l, "hello")
	for path, want := range map[string]fs.FileMode{l.Dir(): 0o700, filepath.Dir(l.path(s.Key)): 0o700, l.path(s.Key): 0o600} {
		if st, err := os.Stat(path); err != nil || st.Mode().Perm() != want {
			t.Errorf("%s: %v, want %o", path, st.Mode(), want)
		}
	}
}

func TestPutTwiceWritesOnce(t *testing.T) {
	l := openLocal(t)
	s := put(t, l, "hello")
	before, _ := os.Stat(l.path(s.Key))
	if again := put(t, l, "hello"); again != s {
		t.Errorf("stored %+v, then %+v", s, again)
	}
	after, _ := os.Stat(l.path(s.Key))
	if !os.SameFile(before, after) || !before.ModTime().Equal(after.ModTime()) {
		t.Error("the kept file was replaced")
	}
	if got := left(t, l); len(got) != 1 {
		t.Errorf("the folder holds %v", got)
	}
}

func TestManyPutsAtOnce(t *testing.T) {
	l := openLocal(t)
	var wg sync.WaitGroup
	for i := range 40 {
		wg.Go(func() {
			if _, err := l.Put(t.Context(), strings.NewReader(fmt.Sprint("content ", i%5))); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	n := 0
	if err := l.Walk(t.Context(), func(i Info) error { n++; return l.Verify(t.Context(), i.Key) }); err != nil || n != 5 {
		t.Errorf("%d files, %v", n, err)
	}
	if got := left(t, l); len(got) != 5 {
		t.Errorf("the folder holds %v", got)
	}
}

func TestDamageIsFoundAndMended(t *testing.T) {
	l := openLocal(t)
	s := put(t, l, "hello")
	if err := l.Verify(t.Context(), s.Key); err != nil {
		t.Error(err)
	}
	for _, rotten := range []string{"jello", "hell", "", "hello!"} {
		if err := os.WriteFile(l.path(s.Key), []byte(rotten), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := l.Verify(t.Context(), s.Key); !errors.Is(err, ErrDamaged) {
			t.Errorf("%q: %v", rotten, err)
		}
		put(t, l, "hello")
		if err := l.Verify(t.Context(), s.Key); err != nil {
			t.Errorf("after putting it again: %v", err)
		}
	}
}

func TestABrokenUploadLeavesNothing(t *testing.T) {
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	tooLarge := errs.New(errs.TooLarge, "The file is larger than 50 MB.")
	for _, c := range []struct {
		name string
		ctx  context.Context
		r    io.Reader
		code errs.Code
	}{
		{"connection lost", t.Context(), io.MultiReader(strings.NewReader("half"), iotest.ErrReader(io.ErrUnexpectedEOF)), errs.Malformed},
		{"too large", t.Context(), io.MultiReader(strings.NewReader("half"), iotest.ErrReader(tooLarge)), errs.TooLarge},
		{"visitor gone", ended, strings.NewReader("hello"), errs.Unavailable},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := openLocal(t)
			if s, err := l.Put(c.ctx, c.r); !errs.Is(err, c.code) || s != (Stored{}) {
				t.Errorf("stored %+v, %v; want %s", s, err, c.code)
			}
			if got := left(t, l); len(got) != 0 {
				t.Errorf("the folder holds %v", got)
			}
		})
	}
}

func TestFullDisk(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("no /dev/full here: ", err)
	}
	defer full.Close()
	_, err = full.WriteString("x") // the real error of a full disk
	if got := writeFault(err); !errs.Is(got, errs.Unavailable) || !strings.Contains(errs.Public(got).Message, "full") || !errors.Is(got, syscall.ENOSPC) {
		t.Errorf("%v", got)
	}
	for _, c := range []struct {
		err  error
		says string
	}{{syscall.EDQUOT, "full"}, {syscall.EROFS, "may not write"}, {fs.ErrPermission, "could not"}, {syscall.EACCES, "may not write"}, {syscall.EIO, "could not be saved"}} {
		got := errs.Public(writeFault(&fs.PathError{Op: "write", Path: "/srv/secret-folder", Err: c.err}))
		if !strings.Contains(got.Message, c.says) || strings.Contains(got.Message, "secret-folder") {
			t.Errorf("%v: %q", c.err, got.Message)
		}
	}
}

func TestFolderThatCannotBeWritten(t *testing.T) {
	l := openLocal(t)
	if err := os.RemoveAll(l.Dir()); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Put(t.Context(), strings.NewReader("hello")); !errs.Is(err, errs.Unavailable) {
		t.Errorf("the folder is gone: %v", err)
	}
	file := filepath.Join(t.TempDir(), "file")
	os.WriteFile(file, nil, 0o600)
	if _, err := NewLocalFiles(file); !errs.Is(err, errs.Unavailable) {
		t.Errorf("the folder is a file: %v", err)
	}
}

func TestNoKeyLeavesTheFolder(t *testing.T) {
	l := openLocal(t)
	s := put(t, l, "hello")
	outside := filepath.Join(filepath.Dir(l.Dir()), "secret")
	os.WriteFile(outside, []byte("secret"), 0o600)
	os.WriteFile(filepath.Join(l.Dir(), "tmp", "put-1"), []byte("half"), 0o600)
	unused := strings.Repeat("0", 2) + "/" + strings.Repeat("0", 62)
	for _, key := range []string{"", "/", ".", "..", "../secret", "tmp/put-1", outside, s.SHA256, s.Key + "/", s.Key + "/..", "/" + s.Key,
		strings.ToUpper(s.Key), s.Key + "\x00", s.Key[:64], s.Key + "0", strings.Replace(s.Key, "/", `\`, 1), s.Key[:2], unused,
		"..//" + s.Key[4:], "../" + strings.Repeat("a", 62), s.Key[:2] + "/" + strings.Repeat("../", 20) + "ab"} {
		if f, _, err := l.Open(t.Context(), key); err != ErrMissing || f != nil {
			t.Errorf("Open(%q) = %v, %v", key, f, err)
		}
		if _, err := l.Stat(t.Context(), key); err != ErrMissing {
			t.Errorf("Stat(%q): %v", key, err)
		}
		if err := l.Verify(t.Context(), key); err != ErrMissing {
			t.Errorf("Verify(%q): %v", key, err)
		}
		if err := l.Delete(t.Context(), key); err != nil {
			t.Errorf("Delete(%q): %v", key, err)
		}
	}
	if _, err := os.Stat(outside); err != nil {
		t.Error("a file outside was deleted")
	}
	if read(t, l, s.Key) != "hello" {
		t.Error("the file was changed")
	}
}

func TestDelete(t *testing.T) {
	l := openLocal(t)
	s, other := put(t, l, "hello"), put(t, l, "world")
	for range 2 {
		if err := l.Delete(t.Context(), s.Key); err != nil {
			t.Error(err)
		}
	}
	if _, _, err := l.Open(t.Context(), s.Key); err != ErrMissing {
		t.Errorf("after deleting: %v", err)
	}
	if read(t, l, other.Key) != "world" {
		t.Error("another file went too")
	}
}

func TestWalk(t *testing.T) {
	l := openLocal(t)
	var want []string
	for i := range 30 {
		want = append(want, put(t, l, fmt.Sprint(i)).Key)
	}
	slices.Sort(want)
	os.WriteFile(filepath.Join(l.Dir(), "README"), nil, 0o600) // strangers are passed over
	os.WriteFile(filepath.Join(l.Dir(), want[0][:2], "notes.txt"), nil, 0o600)
	os.Mkdir(filepath.Join(l.Dir(), want[0][:2], strings.Repeat("a", 62)), 0o700)
	os.WriteFile(filepath.Join(l.Dir(), "tmp", "put-1"), nil, 0o600)
	var got []string
	if err := l.Walk(t.Context(), func(i Info) error { got = append(got, i.Key); return nil }); err != nil || !slices.Equal(got, want) {
		t.Errorf("walked %v, %v", got, err)
	}
	stop := errors.New("stop")
	n := 0
	if err := l.Walk(t.Context(), func(Info) error { n++; return stop }); err != stop || n != 1 {
		t.Errorf("%d calls, %v", n, err)
	}
}

func TestSweep(t *testing.T) {
	l := openLocal(t)
	s := put(t, l, "hello")
	now := time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC)
	for name, age := range map[string]time.Duration{"put-old": 25 * time.Hour, "put-new": time.Hour, "other": 99 * time.Hour} {
		path := filepath.Join(l.Dir(), "tmp", name)
		os.WriteFile(path, nil, 0o600)
		os.Chtimes(path, now.Add(-age), now.Add(-age))
	}
	if n, err := l.Sweep(now.Add(-24 * time.Hour)); n != 1 || err != nil {
		t.Errorf("swept %d, %v", n, err)
	}
	if got := left(t, l); !slices.Equal(got, []string{s.Key, "tmp/other", "tmp/put-new"}) {
		t.Errorf("left %v", got)
	}
}

func TestOpenFiles(t *testing.T) {
	dir := t.TempDir()
	for _, address := range []string{"file://" + dir + "/a", "file://localhost" + dir + "/b", dir + "/c", "file://" + dir + "/with%20space"} {
		f, err := OpenFiles(address)
		if err != nil {
			t.Errorf("%s: %v", address, err)
			continue
		}
		if _, err := f.Put(t.Context(), bytes.NewReader([]byte("x"))); err != nil {
			t.Errorf("%s: %v", address, err)
		}
	}
	if _, err := os.Stat(dir + "/with space"); err != nil {
		t.Error(err)
	}
	for address, says := range map[string]string{
		"": "No folder", "s3://bucket?region=eu": "not supported", "http://example.com/": "not under http://", "file://srv/x": "three slashes",
		"file://": "three slashes", "file:///x?y=1": "three slashes", "file://%zz": "cannot be read",
	} {
		if _, err := OpenFiles(address); !errs.Is(err, errs.Invalid) || !strings.Contains(errs.Public(err).Message, says) {
			t.Errorf("%q: %v, want %q in it", address, err, says)
		}
	}
}
