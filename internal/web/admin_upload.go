package web

import (
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/errs"
)

// uploadTime is how long the body of an upload may take: 50 MB over a slow line.
const uploadTime = 15 * time.Minute

// Bounds of what stands beside the file in an upload's form.
const (
	maxParts = 20
	maxValue = 16 << 10
)

// uploadForm is a multipart form with one file, which went to the file store as it came in.
type uploadForm struct {
	values map[string]string
	upload app.Upload
}

// readUpload reads the parts one after the other; nothing larger than a text field is held in memory. A file that is
// refused says so in upload.Faults, and the other fields are read all the same.
func (s *Server) readUpload(c echo.Context) (uploadForm, error) {
	f := uploadForm{values: map[string]string{}}
	control := http.NewResponseController(c.Response())
	_ = control.SetReadDeadline(time.Now().Add(uploadTime)) // not there in tests without a connection
	_ = control.SetWriteDeadline(time.Now().Add(uploadTime + writeTimeout))
	parts, err := c.Request().MultipartReader()
	if err != nil {
		return f, errNoUpload
	}
	for range maxParts {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return f, nil
		}
		if err != nil {
			return f, brokenUpload(err)
		}
		if err := s.readPart(c, &f, part); err != nil {
			return f, err
		}
	}
	return f, errNoUpload
}

func (s *Server) readPart(c echo.Context, f *uploadForm, part *multipart.Part) error {
	if part.FormName() != "file" {
		text, err := io.ReadAll(io.LimitReader(part, maxValue+1))
		switch {
		case err != nil:
			return brokenUpload(err)
		case len(text) > maxValue:
			return errNoUpload
		}
		f.values[part.FormName()] = string(text)
		return nil
	}
	if part.FileName() == "" || f.upload.Name != "" { // nothing was chosen, or a second file
		return nil
	}
	up, err := s.app.TakeUpload(c.Request().Context(), part.FileName(), part)
	f.upload = up
	return err
}

// brokenUpload keeps what says that the body is too large; anything else is a line that broke off.
func brokenUpload(err error) error {
	var big *http.MaxBytesError
	if errors.As(err, &big) {
		return err
	}
	return errs.Wrap(err, errs.Malformed, "The upload broke off before its end. Nothing was saved. Please try again.")
}
