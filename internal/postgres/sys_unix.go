//go:build linux || darwin || freebsd

package postgres

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// account is the user that initdb and the server run as.
type account struct {
	name     string
	uid, gid int
	switched bool // we are root, and it is another user
}

// clusterAccount chooses the account: our own; for root the owner of an existing
// cluster, so that running once as root does no harm, else postgres, else nobody.
func clusterAccount(cluster string) (account, error) {
	self := account{uid: os.Geteuid(), gid: os.Getegid(), name: strconv.Itoa(os.Geteuid())}
	owner, exists := ownerOf(filepath.Join(cluster, "PG_VERSION"))
	if self.uid != 0 {
		if exists && owner.uid != self.uid {
			return account{}, fmt.Errorf("the cluster %s belongs to user %s: run as that user, or give it to user %s with chown -R",
				cluster, owner.name, self.name)
		}
		return self, nil
	}
	if exists && owner.uid != 0 {
		owner.switched = true
		return owner, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.Atoi(u.Uid)
		gid, err2 := strconv.Atoi(u.Gid)
		if err1 == nil && err2 == nil && uid > 0 {
			return account{name: name, uid: uid, gid: gid, switched: true}, nil
		}
	}
	return account{}, errors.New("PostgreSQL does not run as root, and there is no user postgres or nobody: " +
		"run Gatehouse as an ordinary user, or add a user postgres")
}

func ownerOf(path string) (account, bool) {
	info, err := os.Stat(path)
	if err != nil {
		return account{}, false
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return account{}, false
	}
	return account{name: strconv.Itoa(int(st.Uid)), uid: int(st.Uid), gid: int(st.Gid)}, true
}

// command prepares a program of PostgreSQL: as the account, in its own process group
// (a Ctrl-C on the terminal is ours to handle), without our PG* and locale variables.
func (a account) command(ctx context.Context, dir, program string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir = dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if a.switched {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(a.uid), Gid: uint32(a.gid)}
	}
	for _, kv := range os.Environ() {
		if name, _, _ := strings.Cut(kv, "="); !strings.HasPrefix(name, "PG") && !strings.HasPrefix(name, "LC_") && name != "LANG" && name != "HOME" {
			cmd.Env = append(cmd.Env, kv)
		}
	}
	cmd.Env = append(cmd.Env, "LC_ALL=C", "TZ=UTC", "HOME="+dir)
	return cmd
}

// own gives path, which we just made, to the account.
func (a account) own(path string) error {
	if !a.switched {
		return nil
	}
	return os.Lchown(path, a.uid, a.gid)
}

// writeNew replaces a 0600 file in a folder of the account. It never follows a link that
// the account may have put there: we may be root.
func (a account) writeNew(path, text string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return notWritable(filepath.Dir(path), err)
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return notWritable(filepath.Dir(path), err)
	}
	_, err = file.WriteString(text)
	if a.switched {
		err = errors.Join(err, file.Chown(a.uid, a.gid))
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return notWritable(filepath.Dir(path), err)
	}
	return nil
}

// reaches tells whether the account can work in dir. It is tried, not computed, since
// access lists and mount options count as well as modes.
func (a account) reaches(ctx context.Context, dir string) error {
	if !a.switched {
		return nil
	}
	return a.command(ctx, dir, "/bin/sh", "-c", ":").Run()
}

// ownAsFolder gives a file that root wrote to the owner of the folder it is in, so that
// this user can run the service later.
func ownAsFolder(path string) error {
	if os.Geteuid() != 0 {
		return nil
	}
	owner, ok := ownerOf(filepath.Dir(path))
	if !ok || owner.uid == 0 {
		return nil
	}
	return os.Lchown(path, owner.uid, owner.gid)
}

var errLocked = errors.New("locked by another process")

// takeLock opens path and takes a flock (LOCK_EX or LOCK_SH) that lasts until the file is closed
// or the process ends; children do not inherit it (Go opens files close-on-exec).
func takeLock(path string, how int) (*os.File, error) {
	return lockWith(path, os.O_RDWR|os.O_CREATE, how)
}

// probeLock is takeLock on a file that must be there.
func probeLock(path string, how int) (*os.File, error) {
	return lockWith(path, os.O_RDONLY, how)
}

func lockWith(path string, flag, how int) (*os.File, error) {
	f, err := os.OpenFile(path, flag, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), how|syscall.LOCK_NB); err != nil {
		_ = f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, errLocked
		}
		return nil, err
	}
	return f, nil
}

func waitForLock(ctx context.Context, path string) (*os.File, error) {
	for {
		f, err := takeLock(path, syscall.LOCK_EX)
		if !errors.Is(err, errLocked) {
			return f, err
		}
		if err := pause(ctx, 100*time.Millisecond); err != nil {
			return nil, err
		}
	}
}

// alive tells whether a process exists; one of another user counts.
func alive(pid int) bool {
	err := syscall.Kill(pid, 0)
	return err == nil || errors.Is(err, syscall.EPERM)
}

// freeSpace is what the account of the server may still write at path, in bytes.
func freeSpace(path string) (int64, bool) {
	var st syscall.Statfs_t
	if err := syscall.Statfs(path, &st); err != nil {
		return 0, false
	}
	return int64(st.Bavail) * int64(st.Bsize), true //nolint:unconvert // the types differ between systems
}

// pause waits for d or the end of ctx.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
