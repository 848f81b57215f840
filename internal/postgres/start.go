package postgres

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Database and Role are what Start provides: the role owns the database and may create more.
const (
	Database = "gatehouse"
	Role     = "gatehouse"
)

const (
	admin            = "postgres" // the superuser; it serves this package only
	portTries        = 10
	stillInUsePeriod = 20 * time.Second
	socketPrefix     = "gh-pg-"
	// maxSocketPath: sun_path holds 104 bytes on macOS and BSD, 108 on Linux, one of them zero.
	maxSocketPath = 103
)

// Options of Start. The zero value of all but DataDir serves; with Throwaway of all.
type Options struct {
	DataDir     string            // folder of its own; made where missing
	Log         *slog.Logger      // nil: silent
	Settings    map[string]string // more of postgresql.conf; those that keep data safe are refused
	Fetch       bool              // download PostgreSQL into DataDir/../cache where none is installed
	StopTimeout time.Duration     // of the fast shutdown in Stop, then immediate; 0: 10 s
	Throwaway   bool              // for tests: no fsync; an empty DataDir means a temporary one, removed by Stop

	repository string              // where Fetch fetches, "" for Maven Central
	ports      func() (int, error) // nil: freePort
}

// Start returns a server whose database takes connections. ctx bounds the start, which
// after a crash includes the recovery; the server then lives until Stop or the end of
// the process. The error is *InUseError where another process owns the folder.
func Start(ctx context.Context, o Options) (*Server, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.StopTimeout <= 0 {
		o.StopTimeout = 10 * time.Second
	}
	if o.ports == nil {
		o.ports = freePort
	}
	if err := refuse(o.Settings, o.Throwaway); err != nil {
		return nil, err
	}
	remove := false
	switch {
	case o.DataDir != "":
	case o.Throwaway:
		dir, err := throwawayFolder(ctx)
		if err != nil {
			return nil, err
		}
		o.DataDir, remove = dir, true
	default:
		return nil, errors.New("the private PostgreSQL needs a data folder")
	}
	f, err := openFolder(o.DataDir, o.Log)
	if err != nil {
		return nil, err
	}
	s := &Server{folder: f, options: o, remove: remove, stopping: make(chan struct{}), unexpected: make(chan struct{})}
	if err := s.start(ctx); err != nil {
		if s.process != nil {
			err = errors.Join(err, s.process.stop(immediateTimeout))
		}
		s.cleanUp()
		return nil, err
	}
	go s.watch()
	return s, nil
}

func (s *Server) start(ctx context.Context) error {
	f := s.folder
	if err := f.place(ctx); err != nil {
		return err
	}
	major, err := f.major()
	if err != nil {
		return err
	}
	if s.binaries, err = s.findOrFetch(ctx, major); err != nil {
		return err
	}
	if s.secrets, err = f.credentials(); err != nil {
		return err
	}
	if err := f.takeOver(ctx, s.secrets.Name); err != nil {
		return err
	}
	f.forgetConnection()
	if s.socket, err = f.socketFolder(ctx); err != nil {
		return err
	}
	if err := s.announce(false); err != nil {
		return err
	}
	if major == 0 {
		if err := s.initialise(ctx); err != nil {
			return err
		}
	}
	if err := s.launch(ctx); err != nil {
		return err
	}
	return s.announce(true)
}

// findOrFetch returns installed binaries of the wanted major version (0: any), else fetched ones.
func (s *Server) findOrFetch(ctx context.Context, major int) (Binaries, error) {
	b, err := find(ctx, major)
	if err == nil || !s.options.Fetch || !errors.Is(err, ErrNoBinaries) || os.Getenv(EnvBin) != "" {
		return b, err
	}
	cache := filepath.Join(filepath.Dir(s.folder.dir), "cache")
	if s.folder.base != s.folder.dir { // the account cannot reach what is beside the data folder
		cache = filepath.Join(s.folder.base, "cache")
	}
	return fetch(ctx, cache, major, s.options.repository, s.options.Log)
}

// launch runs the server until it is ready: with another port where that is taken, and
// again while processes of an earlier run hold the shared memory.
func (s *Server) launch(ctx context.Context) error {
	began := time.Now()
	for ports := 1; ; {
		err := s.launchOnce(ctx)
		switch {
		case errors.Is(err, errPortTaken) && ports < portTries:
			ports++
		case errors.Is(err, errStillInUse) && time.Since(began) < stillInUsePeriod:
			if err := s.folder.takeOver(ctx, s.secrets.Name); err != nil {
				return err
			}
			if err := pause(ctx, 10*poll); err != nil {
				return outOfTime(ctx, "waiting for processes of an earlier run to end")
			}
		default:
			return err
		}
	}
}

func (s *Server) launchOnce(ctx context.Context) (err error) {
	if s.port, err = s.options.ports(); err != nil {
		return err
	}
	if err := s.folder.writeSettings(s.options, listening{s.socket, s.port, s.secrets.Name}); err != nil {
		return err
	}
	out, err := openLog(s.folder.path(logFile))
	if err != nil {
		return notWritable(s.folder.dir, err)
	}
	defer func() { _ = out.Close() }() // the server has its own
	from, err := out.Seek(0, 2)
	if err != nil {
		return err
	}
	cmd := s.folder.account.command(context.Background(), s.folder.cluster(), s.binaries.path("postgres"), "-D", s.folder.cluster())
	cmd.Stdout, cmd.Stderr = out, out
	if s.process, err = startProcess(cmd); err != nil {
		return fmt.Errorf("%s cannot be run: %w", s.binaries.path("postgres"), err)
	}
	err = s.awaitReady(ctx)
	if errors.Is(err, errExited) {
		return explain("PostgreSQL", s.folder.cluster(), readFrom(s.folder.path(logFile), from))
	}
	return err
}

// freePort asks the kernel; somebody may take the port before the server does, hence portTries.
func freePort() (int, error) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("127.0.0.1 has no free port: %w", err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	return port, l.Close()
}

// socketFolder makes a private folder with a short path.
func (f *folder) socketFolder(ctx context.Context) (string, error) {
	var failed error
	for _, parent := range []string{os.TempDir(), "/tmp", f.base} {
		dir, err := os.MkdirTemp(parent, socketPrefix) // 0700
		if err != nil {
			failed = errors.Join(failed, err)
			continue
		}
		if len(dir)+len("/.s.PGSQL.65535") > maxSocketPath {
			err = errors.New("its path is too long for a socket")
		} else if err = f.account.own(dir); err == nil {
			err = f.account.reaches(ctx, dir)
		}
		if err == nil {
			return dir, nil
		}
		_ = os.Remove(dir)
		failed = errors.Join(failed, fmt.Errorf("%s: %w", parent, err))
	}
	return "", fmt.Errorf("no folder serves for the socket of PostgreSQL (TMPDIR names one): %w", failed)
}

// forgetConnection removes the connection file of an earlier run, and its socket folder.
func (f *folder) forgetConnection() {
	var c connection
	if readJSON(f.path(connectionFile), &c) == nil && strings.HasPrefix(filepath.Base(c.Socket), socketPrefix) {
		_ = os.RemoveAll(c.Socket)
	}
	_ = os.Remove(f.path(connectionFile))
}

// announce writes the connection file. Before the server is ready it names the socket
// folder only, so that a run after a crash finds what to remove.
func (s *Server) announce(ready bool) error {
	c := connection{Owner: os.Getpid(), Ready: ready, Socket: s.socket}
	if ready {
		c.SocketURL, c.TCPURL = s.URL(""), s.TCPURL("")
	}
	if err := writeJSON(s.folder.path(connectionFile), c); err != nil {
		return notWritable(s.folder.dir, err)
	}
	return nil
}
