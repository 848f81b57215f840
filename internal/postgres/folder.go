package postgres

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	lockFile       = "lock"
	credentialFile = "credentials.json"
	connectionFile = "connection.json"
	logFile        = "postgres.log"
	elsewhereFile  = "cluster.path"
	clusterFolder  = "cluster"
)

// folder is a data folder whose lock we hold.
type folder struct {
	dir     string // as given, absolute
	base    string // holds cluster/; dir, or a place that the account reaches
	lock    *os.File
	account account
	log     *slog.Logger
}

func (f *folder) path(name string) string { return filepath.Join(f.dir, name) }
func (f *folder) cluster() string         { return filepath.Join(f.base, clusterFolder) }

// openFolder makes the folder where it is missing, and takes its lock.
func openFolder(dir string, log *slog.Logger) (*folder, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	mode := os.FileMode(0o700)
	if os.Geteuid() == 0 {
		mode = 0o711 // the server runs as another user, who has to pass
	}
	if err := os.MkdirAll(dir, mode); err != nil {
		return nil, notWritable(dir, err)
	}
	f := &folder{dir: dir, base: dir, log: log}
	// Attach holds the lock for an instant to see whether it is free, hence a few tries.
	for try := 0; ; try++ {
		f.lock, err = takeLock(f.path(lockFile), syscall.LOCK_EX)
		if !errors.Is(err, errLocked) || try == 5 {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	switch {
	case errors.Is(err, errLocked):
		return nil, &InUseError{DataDir: dir, PID: lockHolder(f.path(lockFile))}
	case err != nil:
		return nil, notWritable(dir, err)
	}
	if err := f.signLock(); err != nil {
		f.close()
		return nil, notWritable(dir, err)
	}
	return f, nil
}

// signLock writes our process id into the lock, for the sentence that others are shown.
func (f *folder) signLock() error {
	if err := f.lock.Truncate(0); err != nil {
		return err
	}
	if _, err := f.lock.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0); err != nil {
		return err
	}
	return ownAsFolder(f.lock.Name())
}

func lockHolder(path string) int {
	raw, _ := os.ReadFile(path)
	pid, _ := strconv.Atoi(strings.TrimSpace(string(raw)))
	return pid
}

func (f *folder) close() { _ = f.lock.Close() }

// place decides where the cluster lives and which account it belongs to.
func (f *folder) place(ctx context.Context) error {
	raw, err := os.ReadFile(f.path(elsewhereFile))
	if err == nil {
		f.base = strings.TrimSpace(string(raw))
		if _, err := os.Stat(f.base); err != nil {
			return fmt.Errorf("the cluster of %s lives in %s, which is not there (%w): bring it back, "+
				"or delete %s to begin with an empty database", f.dir, f.base, err, f.path(elsewhereFile))
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return notWritable(f.dir, err)
	}
	if f.account, err = clusterAccount(f.cluster()); err != nil || !f.account.switched {
		return err
	}
	if err := f.account.reaches(ctx, "/"); err != nil {
		return fmt.Errorf("PostgreSQL does not run as root, and becoming user %s failed (%w): run Gatehouse as an ordinary user",
			f.account.name, err)
	}
	if err := letThrough(f.base); err != nil {
		return notWritable(f.base, err)
	}
	reachable := f.account.reaches(ctx, f.base) == nil
	switch {
	case reachable:
		return nil
	case f.initialised():
		return fmt.Errorf("the cluster %s cannot be reached by user %s, whom it belongs to: let others pass (chmod o+x) through the folders above it",
			f.cluster(), f.account.name)
	}
	return f.placeElsewhere(ctx)
}

// letThrough lets other users pass through our own folder; all files in it stay 0600.
func letThrough(dir string) error {
	info, err := os.Stat(dir)
	if err != nil || info.Mode().Perm()&0o011 == 0o011 {
		return err
	}
	return os.Chmod(dir, info.Mode().Perm()|0o011)
}

// placeElsewhere finds a base that the account reaches, and remembers it. Data that lives
// in the temporary folder stays there; all other must outlive a reboot.
func (f *folder) placeElsewhere(ctx context.Context) error {
	parents := []string{"/var/lib", "/var/tmp"}
	if within(f.dir, os.TempDir()) {
		parents = []string{os.TempDir()}
	}
	sum := sha256.Sum256([]byte(f.dir))
	for _, parent := range parents {
		base, err := os.MkdirTemp(parent, "gatehouse-"+hex.EncodeToString(sum[:4])+"-")
		if err != nil {
			continue
		}
		if letThrough(base) != nil || f.account.reaches(ctx, base) != nil {
			_ = os.Remove(base)
			continue
		}
		f.base = base
		err = errors.Join(writeFile(filepath.Join(base, "data-folder"), []byte(f.dir+"\n")),
			writeFile(f.path(elsewhereFile), []byte(base+"\n")))
		if err != nil {
			_ = os.RemoveAll(base)
			return notWritable(f.dir, err)
		}
		f.log.Warn("the database lives outside the data folder, as the user PostgreSQL runs as cannot reach that",
			"data_folder", f.dir, "database", f.cluster(), "user", f.account.name)
		return nil
	}
	return fmt.Errorf("user %s cannot reach %s, and no other place for the database was found: let others pass (chmod o+x) through the folders above it",
		f.account.name, f.dir)
}

func within(path, parent string) bool {
	rel, err := filepath.Rel(parent, path)
	return err == nil && rel != "." && rel != ".." && !strings.HasPrefix(rel, "../")
}

// initialised tells whether there is a finished cluster: initdb works in another folder
// that gets this name when it is done.
func (f *folder) initialised() bool {
	_, err := os.Stat(filepath.Join(f.cluster(), "PG_VERSION"))
	return err == nil
}

// major is the version that wrote the cluster, 0 without one.
func (f *folder) major() (int, error) {
	raw, err := os.ReadFile(filepath.Join(f.cluster(), "PG_VERSION"))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, notWritable(f.cluster(), err)
	}
	major, err := strconv.Atoi(strings.TrimSpace(string(raw)))
	if err != nil {
		return 0, fmt.Errorf("the cluster %s is damaged: PG_VERSION holds %q", f.cluster(), raw)
	}
	return major, nil
}

// credentials are made once per cluster.
type credentials struct {
	Name     string `json:"name"`     // cluster_name: marks our processes among all others
	Admin    string `json:"admin"`    // password of the superuser postgres
	Password string `json:"password"` // password of the role gatehouse
}

func (f *folder) credentials() (c credentials, err error) {
	err = readJSON(f.path(credentialFile), &c)
	switch {
	case err == nil && c.Name != "" && c.Password != "":
		return c, nil
	case err == nil:
		return c, fmt.Errorf("the passwords in %s are incomplete: bring the file back from a backup", f.path(credentialFile))
	case !errors.Is(err, fs.ErrNotExist):
		return c, fmt.Errorf("the passwords in %s cannot be read: %w", f.path(credentialFile), err)
	case f.initialised():
		return c, fmt.Errorf("the passwords of the cluster %s are gone: bring %s back from a backup", f.cluster(), f.path(credentialFile))
	}
	c = credentials{Name: "gatehouse-" + secret(4), Admin: secret(16), Password: secret(16)}
	if err := writeJSON(f.path(credentialFile), c); err != nil {
		return c, notWritable(f.dir, err)
	}
	return c, nil
}

// secret returns n random bytes in hexadecimal digits, which need no quoting anywhere.
func secret(n int) string {
	raw := make([]byte, n)
	_, _ = rand.Read(raw) // never fails (crypto/rand)
	return hex.EncodeToString(raw)
}

// connection tells other processes of the same user where the server listens.
type connection struct {
	Owner     int    `json:"owner"`      // process id of the Gatehouse that owns the cluster
	Ready     bool   `json:"ready"`      // takes connections
	Socket    string `json:"socket"`     // folder of the unix socket
	SocketURL string `json:"socket_url"` // database gatehouse
	TCPURL    string `json:"tcp_url"`
}

func writeJSON(path string, v any) error {
	raw, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	return writeFile(path, append(raw, '\n'))
}

func readJSON(path string, v any) error {
	raw, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return json.Unmarshal(raw, v)
}

// writeFile replaces path by a 0600 file in one step that survives a power cut.
func writeFile(path string, raw []byte) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), ".new-") // 0600
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(tmp.Name()) }()
	_, err = tmp.Write(raw)
	if err = errors.Join(err, tmp.Sync(), tmp.Close(), ownAsFolder(tmp.Name())); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), path)
}
