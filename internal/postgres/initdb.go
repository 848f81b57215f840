package postgres

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/jackc/pgx/v5"
)

// initialise makes the cluster in a folder beside its place, so that a run that was
// interrupted is never taken for a cluster.
func (s *Server) initialise(ctx context.Context) error {
	f := s.folder
	fresh := f.cluster() + ".new"
	if err := os.RemoveAll(fresh); err != nil {
		return notWritable(f.base, err)
	}
	if entries, err := os.ReadDir(f.cluster()); err == nil && len(entries) > 0 {
		return fmt.Errorf("%s is neither empty nor a cluster of PostgreSQL: move it away", f.cluster())
	}
	passwords := filepath.Join(s.socket, "pw")
	defer func() { _ = os.Remove(passwords) }()
	if err := f.account.writeNew(passwords, s.secrets.Admin+"\n"); err != nil {
		return err
	}
	err := s.initdb(ctx, fresh, passwords, "C.UTF-8")
	if errors.Is(err, errBadLocale) { // macOS before 15 does not know C.UTF-8
		f.log.Warn("this system has no locale C.UTF-8: letters beyond ASCII sort and compare by their bytes")
		err = s.initdb(ctx, fresh, passwords, "C")
	}
	if err != nil {
		_ = os.RemoveAll(fresh)
		return err
	}
	if s.flushes() {
		if err := syncFileSystem(fresh); err != nil {
			return fmt.Errorf("%s cannot be flushed to the disk: %w", fresh, err)
		}
	}
	_ = os.Remove(f.cluster()) // an empty folder
	if err := os.Rename(fresh, f.cluster()); err != nil {
		return notWritable(f.base, err)
	}
	s.fresh = true
	return syncFolder(f.base)
}

func (s *Server) initdb(ctx context.Context, dir, passwords, locale string) error {
	f := s.folder
	if err := os.RemoveAll(dir); err != nil {
		return notWritable(f.base, err)
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		return notWritable(f.base, err)
	}
	if err := f.account.own(dir); err != nil {
		return err
	}
	args := []string{"-D", dir, "-U", admin, "--pwfile", passwords, "--auth", "scram-sha-256", "--encoding", "UTF8",
		"--locale", locale, "--lc-messages", "C", "--text-search-config", "simple", "--data-checksums", "--no-instructions"}
	if s.binaries.Major >= 17 {
		args = slices.Concat(args, []string{"--locale-provider", "builtin", "--builtin-locale", "C.UTF-8", "--locale", "C"})
	}
	switch {
	case s.options.Throwaway:
		args = append(args, "--no-sync")
	case s.flushes():
		args = append(args, "--no-sync")
	case hasSyncfs:
		args = append(args, "--sync-method", "syncfs") // as safe as a thousand fsyncs, and much faster
	}
	cmd := f.account.command(ctx, dir, s.binaries.path("initdb"), args...)
	endWithUs(cmd.SysProcAttr)
	out, err := runLocked(cmd)
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return outOfTime(ctx, "making the database files")
	case len(out) == 0:
		return fmt.Errorf("%s cannot be run as user %s: %w", cmd.Path, f.account.name, err)
	}
	return explain("initdb", dir, string(out))
}

// flushes tells that we flush the new files ourselves, with the one call (syncfs(2)) that initdb of PostgreSQL 17 and
// newer makes on request and older ones do not know: they sync a thousand files one by one. Nothing is called a cluster
// before that call has returned.
func (s *Server) flushes() bool {
	return hasSyncfs && s.binaries.Major < 17 && !s.options.Throwaway
}

// syncFolder makes a rename in dir survive a power cut.
func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// provide makes the role and the database where they are missing: after initdb, or after
// a run that was killed in between.
func (s *Server) provide(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, s.socketURL(admin, s.secrets.Admin, "postgres"))
	if err != nil {
		return fmt.Errorf("the new PostgreSQL does not let its superuser in: %w", err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	var role, database bool
	err = conn.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1),
		EXISTS (SELECT FROM pg_database WHERE datname = $2)`, Role, Database).Scan(&role, &database)
	if err != nil {
		return err
	}
	verb := "CREATE"
	if role {
		verb = "ALTER"
	}
	if _, err = conn.Exec(ctx, verb+" ROLE "+Role+" LOGIN CREATEDB PASSWORD '"+s.secrets.Password+"'"); err != nil {
		return fmt.Errorf("making the role %s: %w", Role, err)
	}
	if database {
		return nil
	}
	if _, err = conn.Exec(ctx, "CREATE DATABASE "+Database+" OWNER "+Role); err != nil {
		return fmt.Errorf("making the database %s: %w", Database, err)
	}
	return nil
}
