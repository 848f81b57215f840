package main

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/gatehouse/gatehouse/internal/postgres"
)

//go:embed sql/single.sql sql/three.sql
var scripts embed.FS

// pgbench is PostgreSQL's own measure of a machine.
type pgbench struct {
	program string
	scripts string // folder
	env     []string
}

// findPgbench looks beside the server's binaries, then on the PATH: Debian has both in one folder, others ship it in a
// package postgresql-contrib.
func findPgbench(ctx context.Context) (string, error) {
	if b, err := postgres.Find(ctx); err == nil {
		if path, err := exec.LookPath(filepath.Join(b.Dir, "pgbench")); err == nil {
			return path, nil
		}
	}
	if path, err := exec.LookPath("pgbench"); err == nil {
		return path, nil
	}
	return "", errors.New("pgbench is not installed, and without it there is nothing to compare with: install it " +
		"(Debian, Ubuntu: apt install postgresql; Fedora, Alpine: postgresql-contrib; macOS: brew install postgresql@17), " +
		"or choose measures that need none (--only get,whole,steady,start)")
}

func newPgbench(ctx context.Context, dir, url string) (*pgbench, error) {
	program, err := findPgbench(ctx)
	if err != nil {
		return nil, err
	}
	c, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, err
	}
	p := &pgbench{program: program, scripts: dir}
	for _, name := range []string{"single.sql", "three.sql"} {
		raw, err := scripts.ReadFile("sql/" + name)
		if err != nil {
			return nil, err
		}
		if err := os.WriteFile(filepath.Join(dir, name), raw, 0o600); err != nil {
			return nil, err
		}
	}
	// In the environment rather than as an argument, where any user could read the password.
	p.env = append(os.Environ(), "PGHOST="+c.Host, "PGPORT="+strconv.Itoa(int(c.Port)), "PGUSER="+c.User, "PGPASSWORD="+c.Password, "PGDATABASE="+c.Database)
	if c.TLSConfig == nil {
		p.env = append(p.env, "PGSSLMODE=disable")
	}
	return p, nil
}

var tpsLine = regexp.MustCompile(`(?m)^tps = ([0-9.]+)`)

// run is transactions per second of a script ("single", "three") with so many clients for so many seconds.
func (p *pgbench) run(ctx context.Context, script string, clients, seconds int) (float64, error) {
	cmd := exec.CommandContext(ctx, p.program, "-n", "-M", "prepared", "-c", strconv.Itoa(clients), "-j", strconv.Itoa(min(clients, 2)),
		"-T", strconv.Itoa(seconds), "-f", filepath.Join(p.scripts, script+".sql"))
	cmd.Env = p.env
	out, err := cmd.CombinedOutput()
	if err != nil {
		return 0, fmt.Errorf("pgbench: %w\n%s", err, strings.TrimSpace(string(out)))
	}
	return parseTPS(string(out))
}

func parseTPS(out string) (float64, error) {
	if strings.Contains(out, "aborted in") || strings.Contains(out, "Run was aborted") {
		return 0, fmt.Errorf("pgbench lost clients:\n%s", strings.TrimSpace(out))
	}
	if strings.Contains(out, "actually processed: 0\n") {
		return 0, nil // on a machine so busy that the clients never got in
	}
	m := tpsLine.FindStringSubmatch(out)
	if m == nil {
		return 0, fmt.Errorf("pgbench did not say how fast it was:\n%s", strings.TrimSpace(out))
	}
	return strconv.ParseFloat(m[1], 64)
}
