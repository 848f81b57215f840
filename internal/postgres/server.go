package postgres

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

const immediateTimeout = 5 * time.Second

// Server is a running PostgreSQL that this process owns.
type Server struct {
	folder   *folder
	options  Options
	binaries Binaries
	secrets  credentials
	process  *process
	socket   string // folder of the unix socket
	port     int
	fresh    bool // initdb ran just now
	remove   bool // the data folder goes with the server

	mu         sync.Mutex // Stop
	stopped    bool
	stopping   chan struct{} // closed by Stop
	unexpected chan struct{} // Done
	err        error         // set before unexpected is closed
}

// URL connects to a database ("" for gatehouse) through the unix socket:
// postgres://gatehouse:secret@/gatehouse?host=/tmp/gh-pg-1&port=5432&sslmode=disable.
func (s *Server) URL(database string) string {
	return s.socketURL(Role, s.secrets.Password, database)
}

func (s *Server) socketURL(role, password, database string) string {
	q := url.Values{"host": {s.socket}, "port": {strconv.Itoa(s.port)}, "sslmode": {"disable"}}
	return serverURL(role, password, "", database, q)
}

// TCPURL is URL through 127.0.0.1, for clients that do not know sockets.
func (s *Server) TCPURL(database string) string {
	host := net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port))
	return serverURL(Role, s.secrets.Password, host, database, url.Values{"sslmode": {"disable"}})
}

func serverURL(role, password, host, database string, q url.Values) string {
	if database == "" {
		database = Database
	}
	u := url.URL{Scheme: "postgres", User: url.UserPassword(role, password), Host: host, Path: "/" + database, RawQuery: q.Encode()}
	return u.String()
}

// PID is the process id of the postmaster.
func (s *Server) PID() int { return s.process.pid }

// DataDir is PGDATA; it lies outside Options.DataDir where that could not be reached.
func (s *Server) DataDir() string { return s.folder.cluster() }

// Binaries is the PostgreSQL that runs.
func (s *Server) Binaries() Binaries { return s.binaries }

// Done is closed when the server ends without Stop; Err then says why. Stop is still due.
func (s *Server) Done() <-chan struct{} { return s.unexpected }

// Err is nil until Done is closed.
func (s *Server) Err() error {
	select {
	case <-s.unexpected:
		return s.err
	default:
		return nil
	}
}

// watch reports an unexpected end, and keeps the log small.
func (s *Server) watch() {
	tick := time.NewTicker(time.Hour)
	defer tick.Stop()
	for {
		select {
		case <-s.stopping:
			return
		case <-s.process.exited:
			select {
			case <-s.stopping: // both are ready: it was Stop
			default:
				s.err = fmt.Errorf("PostgreSQL ended unexpectedly (%v); its log is %s", s.process.err, s.folder.path(logFile)) //nolint:errorlint // nil when it ended by itself
				close(s.unexpected)
			}
			return
		case <-tick.C:
			trimLog(s.folder.path(logFile))
		}
	}
}

// Stop ends the server: a fast shutdown (open transactions are rolled back, a checkpoint
// is written), after StopTimeout or the end of ctx an immediate one, which the next start
// recovers from. A second call does nothing.
func (s *Server) Stop(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		return nil
	}
	s.stopped = true
	close(s.stopping)
	fast := s.options.StopTimeout
	if s.remove {
		fast = 0 // nobody needs the checkpoint
	}
	if fast > 0 && !s.process.end(ctx, syscall.SIGINT, fast) {
		s.options.Log.Warn("PostgreSQL did not stop in time and is stopped at once", "pid", s.PID())
	}
	err := s.process.stop(immediateTimeout)
	// After a crash of the postmaster its children may still be busy; usually there are none.
	rest, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*immediateTimeout)
	defer cancel()
	err = errors.Join(err, s.folder.endBackends(rest, s.secrets.Name))
	s.cleanUp()
	return err
}

// cleanUp removes what belongs to this run, and gives the folder free last.
func (s *Server) cleanUp() {
	_ = os.Remove(s.folder.path(connectionFile))
	if s.socket != "" {
		_ = os.RemoveAll(s.socket)
	}
	if s.remove {
		if s.folder.base != s.folder.dir {
			_ = os.RemoveAll(s.folder.base)
		}
		_ = os.RemoveAll(s.folder.dir)
	}
	s.folder.close()
}

// awaitReady connects until the database lets us in, and provides it where it is missing.
func (s *Server) awaitReady(ctx context.Context) error {
	if s.fresh {
		if err := s.awaitLogin(ctx, s.socketURL(admin, s.secrets.Admin, "postgres")); err != nil {
			return err
		}
		if err := s.provide(ctx); err != nil {
			return err
		}
		s.fresh = false
	}
	err := s.awaitLogin(ctx, s.URL(""))
	var pg *pgconn.PgError
	// 3D000: no such database; 28P01 and 28000: no such role. An earlier run was killed in between.
	if errors.As(err, &pg) && (pg.Code == "3D000" || pg.Code == "28P01" || pg.Code == "28000") {
		if err := s.provide(ctx); err != nil {
			return err
		}
		return s.awaitLogin(ctx, s.URL(""))
	}
	return err
}

// awaitLogin returns nil after one login, errExited when the server ended, the server's
// own error when it refuses for good, and goes on while it starts or recovers.
func (s *Server) awaitLogin(ctx context.Context, target string) error {
	socket := filepath.Join(s.socket, ".s.PGSQL."+strconv.Itoa(s.port))
	began := time.Now()
	for said := began; ; {
		var err error
		if _, err = os.Lstat(socket); err == nil {
			if err = login(ctx, target); err == nil {
				return nil
			}
		}
		var pg *pgconn.PgError
		if errors.As(err, &pg) && pg.Code != "57P03" { // 57P03: it starts up or recovers
			return fmt.Errorf("the private PostgreSQL refuses us: %w", err)
		}
		if time.Since(said) > 5*time.Second {
			s.options.Log.Info("PostgreSQL is still starting: after a crash it replays its log")
			said = time.Now()
		}
		step := poll
		if time.Since(began) > time.Second {
			step = 10 * poll // each asking is a line in the server's log
		}
		wait := time.NewTimer(step)
		select {
		case <-s.process.exited:
			return errExited
		case <-ctx.Done():
			return outOfTime(ctx, "waiting for PostgreSQL to take connections")
		case <-wait.C:
		}
	}
}

// login connects once and leaves.
func login(ctx context.Context, target string) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, target)
	if err != nil {
		return err
	}
	return conn.Close(ctx)
}
