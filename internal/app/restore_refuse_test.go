package app_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/store"
	"github.com/gatehouse/gatehouse/internal/testkit"
)

func TestRestoreRefuses(t *testing.T) {
	from, to := busy(t), testkit.New(t)
	to.Take(testkit.Submit("here@example.org"))
	file, _ := backup(t, from.App)
	good, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before := tableSums(t, to.Store)
	write := func(b []byte) string {
		name := filepath.Join(t.TempDir(), "bad.backup")
		if err := os.WriteFile(name, b, 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	flipped := func(at int) []byte {
		b := bytes.Clone(good)
		b[at] ^= 0x10
		return b
	}
	cases := map[string]struct {
		file  string
		force bool
		code  errs.Code
		says  string
	}{
		"not empty":         {file, false, errs.Conflict, "1 leads"},
		"no such file":      {file + ".none", true, errs.NotFound, ""},
		"not a backup":      {write([]byte("hello")), true, errs.Malformed, "not a backup"},
		"empty file":        {write(nil), true, errs.Malformed, "not a backup"},
		"cut in the middle": {write(good[:len(good)/2]), true, errs.Malformed, "damaged"},
		"cut at the end":    {write(good[:len(good)-4]), true, errs.Malformed, "damaged"},
		"bit in the middle": {write(flipped(len(good) / 2)), true, errs.Malformed, "damaged"},
		"a row changed": {write(rewrite(t, good, func(name string, b []byte) []byte {
			return bytes.Replace(b, []byte("person0@"), []byte("person9@"), 1)
		}, nil)), true, errs.Malformed, "not what was saved"},
		"list of contents changed": {write(rewrite(t, good, nil, func(m map[string]any) { m["product"] = "other" })), true, errs.Malformed, "list of contents was changed"},
		"newer schema":             {write(rewrite(t, good, nil, func(m map[string]any) { m["schema"] = 9999 }, "end")), true, errs.Conflict, "newer program"},
		"unknown format":           {write(rewrite(t, good, nil, func(m map[string]any) { m["format"] = 7 }, "end")), true, errs.Malformed, "format 7"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := to.App.Restore(t.Context(), app.RestoreOptions{File: c.file, Force: c.force, By: operator})
			if !errs.Is(err, c.code) || !strings.Contains(fmt.Sprint(err), c.says) {
				t.Errorf("restore: %v, want %s with %q", err, c.code, c.says)
			}
			if after := tableSums(t, to.Store); !maps.Equal(before, after) {
				t.Error("a refused restore changed something")
			}
		})
	}
	t.Run("a view of the operator's own", func(t *testing.T) {
		for _, q := range []string{"create view their_leads as select id from leads", "drop view their_leads"} {
			if err := to.Store.DB(t.Context()).Exec(q).Error; err != nil {
				t.Fatal(err)
			}
			if strings.HasPrefix(q, "drop") {
				continue
			}
			_, err := to.App.Restore(t.Context(), app.RestoreOptions{File: file, Force: true, By: operator})
			if !errs.Is(err, errs.Conflict) || !strings.Contains(fmt.Sprint(err), "their_leads") {
				t.Errorf("restore: %v", err)
			}
		}
		if after := tableSums(t, to.Store); !maps.Equal(before, after) {
			t.Error("a refused restore changed something")
		}
	})
	restore(t, to.App, file, true)
	t.Run("beside another process", func(t *testing.T) {
		other, err := store.Open(t.Context(), store.Options{URL: to.URL})
		if err != nil {
			t.Fatal(err)
		}
		defer other.Close()
		if err := other.Ping(t.Context()); err != nil {
			t.Fatal(err)
		}
		_, err = to.App.Restore(t.Context(), app.RestoreOptions{File: file, Force: true, By: operator})
		if !errs.Is(err, errs.Conflict) || !strings.Contains(err.Error(), "is running") {
			t.Errorf("restore beside a running service: %v", err)
		}
	})
}

// rewrite changes parts of a backup. With "end" named, the list's own checksum is made right again.
func rewrite(t *testing.T, backup []byte, part func(string, []byte) []byte, manifest func(map[string]any), fix ...string) []byte {
	t.Helper()
	zip, err := gzip.NewReader(bytes.NewReader(backup))
	if err != nil {
		t.Fatal(err)
	}
	var buf bytes.Buffer
	outZip := gzip.NewWriter(&buf)
	in, out := tar.NewReader(zip), tar.NewWriter(outZip)
	var list []byte
	for {
		h, err := in.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(in)
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case h.Name == "manifest.json":
			if manifest != nil {
				var m map[string]any
				if err := json.Unmarshal(b, &m); err != nil {
					t.Fatal(err)
				}
				manifest(m)
				b, _ = json.Marshal(m)
			}
			list = b
		case h.Name == "end" && len(fix) > 0:
			sum := sha256.Sum256(list)
			b = []byte(hex.EncodeToString(sum[:]))
		case part != nil:
			b = part(h.Name, b)
		}
		h.Size = int64(len(b))
		if err := out.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if _, err := out.Write(b); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(out.Close(), outZip.Close()); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}
