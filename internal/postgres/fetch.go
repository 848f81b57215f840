package postgres

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"

	embedded "github.com/fergusstrange/embedded-postgres"
)

// fetchMajor is what is fetched for a new cluster.
const fetchMajor = 17

var fetchable = map[int]embedded.PostgresVersion{
	15: embedded.V15, 16: embedded.V16, 17: embedded.V17, 18: embedded.V18,
}

// fetch downloads PostgreSQL into cache/postgresql-<major>, or finds it there from an
// earlier run. repository is the base URL of a Maven repository, "" for Maven Central.
func fetch(ctx context.Context, cache string, major int, repository string, log *slog.Logger) (Binaries, error) {
	if major == 0 {
		major = fetchMajor
	}
	version, ok := fetchable[major]
	if !ok {
		return Binaries{}, fmt.Errorf("%w: PostgreSQL %d cannot be fetched; %s", ErrNoBinaries, major, installHint)
	}
	target := filepath.Join(cache, "postgresql-"+strconv.Itoa(major))
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return Binaries{}, notWritable(cache, err)
	}
	lock, err := waitForLock(ctx, filepath.Join(cache, "lock")) // several data folders may share the cache
	if err != nil {
		return Binaries{}, err
	}
	defer func() { _ = lock.Close() }()
	if b, err := inspect(ctx, filepath.Join(target, "bin")); err == nil {
		return b, nil
	}
	log.Info("fetching PostgreSQL, as none is installed", "version", string(version), "into", target)
	failed := make(chan error, 1)
	go func() { failed <- unpack(cache, target, version, repository) }() // the library takes no context
	select {
	case err = <-failed:
	case <-ctx.Done():
		err = ctx.Err()
	}
	b, unusable := inspect(ctx, filepath.Join(target, "bin"))
	if unusable == nil {
		return b, nil
	}
	if _, absent := os.Stat(filepath.Join(target, "bin", "initdb")); absent == nil || err == nil {
		err = unusable // it was unpacked: the library's error is but the one it was driven into
	}
	return Binaries{}, fmt.Errorf("%w, and fetching PostgreSQL %s failed: %w; %s", ErrNoBinaries, version, err, installHint)
}

// unpack drives the library as far as unpacking the binaries. It has no call for just
// that, so it is given an encoding that makes its initdb give up: no server is started,
// and its error then says nothing about the binaries; the caller inspects those.
func unpack(cache, target string, version embedded.PostgresVersion, repository string) error {
	port, err := freePort()
	if err != nil {
		return err
	}
	scratch, err := os.MkdirTemp(cache, "scratch-")
	if err != nil {
		return notWritable(cache, err)
	}
	defer func() { _ = os.RemoveAll(scratch) }()
	_ = os.RemoveAll(target) // what an interrupted run left
	config := embedded.DefaultConfig().Version(version).Port(uint32(port)).
		CachePath(cache).BinariesPath(target).RuntimePath(filepath.Join(scratch, "run")).
		DataPath(filepath.Join(scratch, "data")).Encoding("none-fetch-only").Logger(io.Discard)
	if repository != "" {
		config = config.BinaryRepositoryURL(repository)
	}
	db := embedded.NewDatabase(config)
	if err := db.Start(); err != nil {
		return err
	}
	return db.Stop()
}
