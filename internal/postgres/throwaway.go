package postgres

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const throwawayPrefix = "gatehouse-throwaway-"

// throwawayFolder makes a temporary data folder, after removing those that killed test
// runs left behind.
func throwawayFolder(ctx context.Context) (string, error) {
	old, _ := filepath.Glob(filepath.Join(os.TempDir(), throwawayPrefix+"*")) // fails on a bad pattern only
	for _, dir := range old {
		sweep(ctx, dir)
	}
	dir, err := os.MkdirTemp(os.TempDir(), throwawayPrefix)
	if err != nil {
		return "", notWritable(os.TempDir(), err)
	}
	return dir, nil
}

// sweep removes a throwaway folder without an owner. One that is new may not have been
// locked yet.
func sweep(ctx context.Context, dir string) {
	info, err := os.Lstat(dir)
	if err != nil || !info.IsDir() || time.Since(info.ModTime()) < time.Minute {
		return
	}
	if owner, ok := ownerOf(dir); !ok || owner.uid != os.Geteuid() {
		return
	}
	f, err := openFolder(dir, slog.New(slog.DiscardHandler))
	if err != nil {
		return
	}
	defer f.close()
	var c credentials
	if readJSON(f.path(credentialFile), &c) == nil && f.takeOver(ctx, c.Name) != nil {
		return
	}
	f.forgetConnection()
	if raw, err := os.ReadFile(f.path(elsewhereFile)); err == nil {
		if base := strings.TrimSpace(string(raw)); within(base, os.TempDir()) {
			_ = os.RemoveAll(base) //nolint:gosec // it lies within the folder for temporary files
		}
	}
	_ = os.RemoveAll(dir)
}
