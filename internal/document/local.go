package document

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gatehouse/gatehouse/internal/errs"
)

// LocalFiles keeps the files in a folder: ab/cdef..., readable by this user alone. Half-written ones live in tmp/ and get
// their name only when they are whole and on the disk.
type LocalFiles struct{ dir string }

var _ Files = (*LocalFiles)(nil)

const unfinished = "tmp"

// NewLocalFiles opens the folder and makes it when it is not there (0700).
func NewLocalFiles(dir string) (*LocalFiles, error) {
	dir, err := filepath.Abs(dir)
	if err == nil {
		err = os.MkdirAll(filepath.Join(dir, unfinished), 0o700)
	}
	if err != nil {
		return nil, errs.Wrap(err, errs.Unavailable, "The documents' folder %s cannot be opened.", dir)
	}
	return &LocalFiles{dir: dir}, nil
}

// Dir is the absolute path of the folder.
func (l *LocalFiles) Dir() string { return l.dir }

// Put implements Files. Bytes that are kept already are read, compared, and left alone; should the kept ones have rotted,
// the good ones take their place.
func (l *LocalFiles) Put(ctx context.Context, r io.Reader) (Stored, error) {
	tmp, err := os.CreateTemp(filepath.Join(l.dir, unfinished), "put-") // 0600
	if err != nil {
		return Stored{}, writeFault(err)
	}
	defer func() { _ = os.Remove(tmp.Name()) }() // fails, as it should, once the file has its name
	defer func() { _ = tmp.Close() }()
	sum := sha256.New()
	in := &upload{ctx: ctx, r: r}
	size, err := io.Copy(io.MultiWriter(tmp, sum), in)
	if in.fault != nil {
		return Stored{}, readerFault(in.fault)
	}
	if err == nil {
		err = tmp.Sync()
	}
	if err == nil {
		err = tmp.Close()
	}
	if err != nil {
		return Stored{}, writeFault(err)
	}
	s := Stored{SHA256: hex.EncodeToString(sum.Sum(nil)), Size: size}
	s.Key = keyOf(s.SHA256)
	if err := l.name(ctx, tmp.Name(), s); err != nil {
		return Stored{}, writeFault(err)
	}
	return s, nil
}

// name moves a whole file to its place and makes the move durable.
func (l *LocalFiles) name(ctx context.Context, tmp string, s Stored) error {
	place := l.path(s.Key)
	folder := filepath.Dir(place)
	if err := os.Mkdir(folder, 0o700); err == nil {
		if err := syncDir(l.dir); err != nil {
			return err
		}
	} else if !errors.Is(err, fs.ErrExist) {
		return err
	}
	switch err := l.Verify(ctx, s.Key); {
	case err == nil: // kept already
	case ctx.Err() != nil:
		return ctx.Err()
	default:
		if err := os.Rename(tmp, place); err != nil {
			return err
		}
	}
	return syncDir(folder) // also when kept already: whoever put it may not have come this far
}

// Open implements Files.
func (l *LocalFiles) Open(_ context.Context, key string) (io.ReadSeekCloser, Info, error) {
	f, info, err := l.open(key)
	if err != nil {
		return nil, Info{}, err
	}
	return f, info, nil
}

func (l *LocalFiles) open(key string) (*os.File, Info, error) {
	if _, ok := hashOf(key); !ok {
		return nil, Info{}, ErrMissing
	}
	f, err := os.Open(l.path(key))
	if err != nil {
		return nil, Info{}, readFault(err)
	}
	st, err := f.Stat()
	if err == nil && !st.Mode().IsRegular() {
		err = fs.ErrNotExist
	}
	if err != nil {
		_ = f.Close()
		return nil, Info{}, readFault(err)
	}
	return f, Info{Key: key, Size: st.Size(), Modified: st.ModTime().UTC()}, nil
}

// Stat implements Files.
func (l *LocalFiles) Stat(_ context.Context, key string) (Info, error) {
	if _, ok := hashOf(key); !ok {
		return Info{}, ErrMissing
	}
	st, err := os.Stat(l.path(key))
	if err == nil && !st.Mode().IsRegular() {
		err = fs.ErrNotExist
	}
	if err != nil {
		return Info{}, readFault(err)
	}
	return Info{Key: key, Size: st.Size(), Modified: st.ModTime().UTC()}, nil
}

// Verify implements Files.
func (l *LocalFiles) Verify(ctx context.Context, key string) error {
	want, _ := hashOf(key)
	f, _, err := l.open(key)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	sum := sha256.New()
	if _, err := io.Copy(sum, &upload{ctx: ctx, r: f}); err != nil {
		return readFault(err)
	}
	if hex.EncodeToString(sum.Sum(nil)) != want {
		return fmt.Errorf("%w: %s", ErrDamaged, key)
	}
	return nil
}

// Delete implements Files.
func (l *LocalFiles) Delete(_ context.Context, key string) error {
	if _, ok := hashOf(key); !ok {
		return nil
	}
	place := l.path(key)
	if err := os.Remove(place); errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		return errs.Wrap(err, errs.Unavailable, "The file could not be deleted.")
	}
	if err := syncDir(filepath.Dir(place)); err != nil {
		return errs.Wrap(err, errs.Unavailable, "The file could not be deleted for good.")
	}
	return nil
}

// Walk implements Files. What is in the folder and is no file of ours is passed over.
func (l *LocalFiles) Walk(ctx context.Context, fn func(Info) error) error {
	folders, err := os.ReadDir(l.dir) // sorted by name, as the keys are
	if err != nil {
		return readFault(err)
	}
	for _, folder := range folders {
		if len(folder.Name()) != 2 || !folder.IsDir() {
			continue
		}
		files, err := os.ReadDir(filepath.Join(l.dir, folder.Name()))
		if err != nil {
			return readFault(err)
		}
		for _, file := range files {
			if err := ctx.Err(); err != nil {
				return err
			}
			info, err := l.Stat(ctx, folder.Name()+"/"+file.Name())
			if errors.Is(err, ErrMissing) { // not ours, or deleted meanwhile
				continue
			}
			if err == nil {
				err = fn(info)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// Sweep removes half-written files of uploads that a crash ended, last written before the given time (a day ago is
// safe), and says how many.
func (l *LocalFiles) Sweep(before time.Time) (int, error) {
	files, err := os.ReadDir(filepath.Join(l.dir, unfinished))
	if err != nil {
		return 0, readFault(err)
	}
	n := 0
	for _, file := range files {
		st, err := file.Info()
		if err != nil || !strings.HasPrefix(file.Name(), "put-") || !st.ModTime().Before(before) {
			continue
		}
		if os.Remove(filepath.Join(l.dir, unfinished, file.Name())) == nil {
			n++
		}
	}
	return n, nil
}

// path is the place of a key that hashOf has passed.
func (l *LocalFiles) path(key string) string { return filepath.Join(l.dir, filepath.FromSlash(key)) }

func readFault(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return ErrMissing
	}
	return errs.Wrap(err, errs.Unavailable, "The document's file cannot be read just now.")
}

// syncDir makes a name in a folder survive a crash: syncing the file alone does not (fsync(2)).
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer func() { _ = d.Close() }()
	return d.Sync()
}
