package document

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/gatehouse/gatehouse/internal/errs"
)

// markFile names the folder; it is no document and Walk does not see it.
const markFile = ".gatehouse-documents"

// Mark reads the folder's own name, giving it the fresh one where it has none. A copy of the folder keeps the name.
func (l *LocalFiles) Mark(fresh string) (string, error) {
	file := filepath.Join(l.dir, markFile)
	for range 2 {
		b, err := os.ReadFile(file)
		if err == nil && strings.TrimSpace(string(b)) != "" {
			return strings.TrimSpace(string(b)), nil
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", errs.Wrap(err, errs.Unavailable, "The folder of documents cannot be read.")
		}
		out, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if errors.Is(err, fs.ErrExist) {
			continue // another process was first
		}
		if err != nil {
			return "", errs.Wrap(err, errs.Unavailable, "The folder of documents cannot be written.")
		}
		_, werr := out.WriteString(fresh + "\n")
		if err := errors.Join(werr, out.Sync(), out.Close()); err != nil {
			return "", errs.Wrap(err, errs.Unavailable, "The folder of documents cannot be written.")
		}
		return fresh, nil
	}
	return "", errs.New(errs.Unavailable, "The folder of documents has no name and cannot be given one.")
}
