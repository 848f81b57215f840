package postgres

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// EnvBin names the environment variable that fixes the folder of the binaries.
const EnvBin = "GATEHOUSE_PG_BIN"

// minMajor is the oldest PostgreSQL that Gatehouse runs on.
const minMajor = 15

const installHint = "install PostgreSQL 15 or newer (Debian, Ubuntu: apt install postgresql; macOS: brew install postgresql@17), " +
	"name its folder in " + EnvBin + ", or set DATABASE_URL to a server you run"

// ErrNoBinaries is in the chain of Find's error where no PostgreSQL that serves was found.
var ErrNoBinaries = errors.New("no usable PostgreSQL is installed")

// Binaries is one installed PostgreSQL.
type Binaries struct {
	Dir     string // folder that holds initdb and postgres
	Major   int    // 15, 16, ...
	Version string // as the server names it: "15.18"
}

func (b Binaries) path(name string) string { return filepath.Join(b.Dir, name) }

// Find returns the PostgreSQL to use for a new cluster: the folder named in
// GATEHOUSE_PG_BIN and no other; else the one in PATH; else the newest among the
// usual folders of Linux distributions and Homebrew and `pg_config --bindir`.
// The error is one sentence that says what to install.
func Find(ctx context.Context) (Binaries, error) { return find(ctx, 0) }

// find prefers the major version want; with 0 any from minMajor on will do.
func find(ctx context.Context, want int) (Binaries, error) {
	if dir := os.Getenv(EnvBin); dir != "" {
		b, err := inspect(ctx, dir)
		if ctx.Err() != nil {
			return Binaries{}, outOfTime(ctx, "looking for PostgreSQL")
		}
		if err != nil {
			return Binaries{}, fmt.Errorf("%w: %s is %s, but %w; %s", ErrNoBinaries, EnvBin, dir, err, installHint)
		}
		return choose([]Binaries{b}, want)
	}
	var found []Binaries
	for _, dir := range searchFolders(ctx) {
		if b, err := inspect(ctx, dir); err == nil {
			found = append(found, b)
		}
	}
	if ctx.Err() != nil {
		return Binaries{}, outOfTime(ctx, "looking for PostgreSQL")
	}
	return choose(found, want)
}

// choose takes the first of found that fits; found is in order of preference.
func choose(found []Binaries, want int) (Binaries, error) {
	var majors []string
	for _, b := range found {
		if b.Major >= minMajor && (want == 0 || want == b.Major) {
			return b, nil
		}
		majors = append(majors, b.Version+" in "+b.Dir)
	}
	switch {
	case len(found) == 0:
		return Binaries{}, fmt.Errorf("%w: %s", ErrNoBinaries, installHint)
	case want == 0:
		return Binaries{}, fmt.Errorf("%w: %s is too old; %s", ErrNoBinaries, strings.Join(majors, ", "), installHint)
	}
	return Binaries{}, fmt.Errorf("%w: the data was written by PostgreSQL %d, but found is %s; "+
		"install PostgreSQL %d again, or carry the data over with pg_dump", ErrNoBinaries, want, strings.Join(majors, ", "), want)
}

// inspect asks the server binary in dir for its version.
func inspect(ctx context.Context, dir string) (Binaries, error) {
	for _, name := range []string{"initdb", "postgres"} {
		if _, err := exec.LookPath(filepath.Join(dir, name)); err != nil {
			return Binaries{}, fmt.Errorf("there is no program %s in it", name)
		}
	}
	out, err := exec.CommandContext(ctx, filepath.Join(dir, "postgres"), "--version").Output() //nolint:gosec // the operator names the folder
	if err != nil {
		return Binaries{}, fmt.Errorf("its postgres does not run: %w", err)
	}
	version, major, err := parseVersion(string(out))
	return Binaries{Dir: dir, Major: major, Version: version}, err
}

// parseVersion reads "postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)"; also "18beta1".
func parseVersion(line string) (version string, major int, err error) {
	_, rest, ok := strings.Cut(line, "(PostgreSQL) ")
	fields := strings.Fields(rest)
	if !ok || len(fields) == 0 {
		return "", 0, fmt.Errorf("its version is unreadable: %q", strings.TrimSpace(line))
	}
	digits := fields[0]
	if end := strings.IndexFunc(digits, func(r rune) bool { return r < '0' || r > '9' }); end >= 0 {
		digits = digits[:end]
	}
	if major, err = strconv.Atoi(digits); err != nil {
		return "", 0, fmt.Errorf("its version is unreadable: %q", fields[0])
	}
	return fields[0], major, nil
}

// searchFolders lists folders that may hold the binaries, best first.
func searchFolders(ctx context.Context) []string {
	var dirs []string
	if path, err := exec.LookPath("postgres"); err == nil {
		if target, err := filepath.EvalSymlinks(path); err == nil {
			dirs = append(dirs, filepath.Dir(target))
		}
	}
	dirs = append(dirs, usualFolders()...)
	if out, err := exec.CommandContext(ctx, "pg_config", "--bindir").Output(); err == nil {
		dirs = append(dirs, strings.TrimSpace(string(out)))
	}
	return dirs
}

// usualFolders expands the patterns of the distributions, newest major first within all of them.
func usualFolders() []string {
	var dirs []string
	for _, pattern := range []string{
		"/usr/lib/postgresql/*/bin",                       // Debian, Ubuntu
		"/usr/pgsql-*/bin",                                // PGDG on Red Hat
		"/usr/libexec/postgresql*",                        // Alpine
		"/usr/local/pgsql/bin",                            // built from source
		"/opt/homebrew/opt/postgresql@*/bin",              // Homebrew, Apple silicon
		"/usr/local/opt/postgresql@*/bin",                 // Homebrew, Intel
		"/home/linuxbrew/.linuxbrew/opt/postgresql@*/bin", // Homebrew, Linux
		"/Applications/Postgres.app/Contents/Versions/*/bin",
	} {
		matches, _ := filepath.Glob(pattern) // fails on a bad pattern only
		dirs = append(dirs, matches...)
	}
	slices.SortStableFunc(dirs, func(a, b string) int { return majorIn(b) - majorIn(a) })
	return dirs
}

// majorIn returns the first number in a path, which in all usual folders is the major version.
func majorIn(path string) int {
	start := strings.IndexAny(path, "0123456789")
	if start < 0 {
		return 0
	}
	end := start
	for end < len(path) && path[end] >= '0' && path[end] <= '9' {
		end++
	}
	n, _ := strconv.Atoi(path[start:end])
	return n
}
