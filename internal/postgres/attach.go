package postgres

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"syscall"
)

// Attach returns the URL of the database gatehouse of a server that another process runs
// on dataDir, for a command beside a running service. ok is false where nobody owns the
// folder: the command may then Start a server of its own. While the owner is starting or
// stopping, Attach waits for the outcome or the end of ctx.
func Attach(ctx context.Context, dataDir string) (url string, ok bool, err error) {
	lock := filepath.Join(dataDir, lockFile)
	for {
		free, err := lockFree(lock)
		if err != nil || free {
			return "", false, err
		}
		var c connection
		err = readJSON(filepath.Join(dataDir, connectionFile), &c)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", false, fmt.Errorf("how to reach the running PostgreSQL of %s cannot be read, which its owner only may: %w", dataDir, err)
		}
		if err == nil && c.Ready && c.Owner == lockHolder(lock) { // else it is of an owner that was killed
			// The socket belongs to the user the server runs as; another one goes by port.
			for _, target := range []string{c.SocketURL, c.TCPURL} {
				if login(ctx, target) == nil {
					return target, true, nil
				}
			}
		}
		if err := pause(ctx, 2*poll); err != nil {
			return "", false, outOfTime(ctx, fmt.Sprintf("waiting for the PostgreSQL of process %d on %s", lockHolder(lock), dataDir))
		}
	}
}

// lockFree tells whether nobody owns the folder; it must not make the lock file.
func lockFree(path string) (bool, error) {
	f, err := probeLock(path, syscall.LOCK_SH)
	switch {
	case errors.Is(err, errLocked):
		return false, nil
	case errors.Is(err, fs.ErrNotExist):
		return true, nil
	case err != nil:
		return false, fmt.Errorf("whether %s is in use cannot be seen: %w", filepath.Dir(path), err)
	}
	return true, f.Close()
}
