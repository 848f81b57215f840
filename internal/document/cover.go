package document

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image/png"
	"io"
	"os/exec"
	"strconv"
	"time"
)

// ErrNoRenderer says that pdftoppm (poppler-utils) is not installed: the page draws a cover from the title instead.
var ErrNoRenderer = errors.New("document: no program to draw a cover with")

const (
	coverSide = 1200 // pixels of the longer side, whatever the page measures
	coverTime = 20 * time.Second
	coverMost = 8 << 20 // bytes of PNG
)

// RenderCover draws the first page of a PDF as a PNG whose longer side has 1200 pixels. Pass a file that CheckPDF let through: the drawing
// happens in a process of its own, with an empty environment, that is ended after 20 seconds or with ctx.
func RenderCover(ctx context.Context, pdf io.Reader) ([]byte, error) {
	program, err := exec.LookPath("pdftoppm")
	if err != nil {
		return nil, ErrNoRenderer
	}
	ctx, cancel := context.WithTimeout(ctx, coverTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, "-q", "-png", "-singlefile", "-f", "1", "-l", "1",
		"-scale-to", strconv.Itoa(coverSide), "-")
	out := &capped{left: coverMost}
	cmd.Stdin, cmd.Stdout, cmd.Env = pdf, out, []string{"LC_ALL=C"}
	cmd.WaitDelay = time.Second // do not wait for ever for a reader that hangs
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return nil, fmt.Errorf("document: draw the cover: %w", err)
	}
	size, err := png.DecodeConfig(bytes.NewReader(out.buf.Bytes()))
	if err != nil || max(size.Width, size.Height) > coverSide {
		return nil, fmt.Errorf("document: the cover came out as %d x %d (%v)", size.Width, size.Height, err) //nolint:errorlint // nil where only the size is wrong
	}
	return out.buf.Bytes(), nil
}

// capped is a buffer that refuses to grow past a limit.
type capped struct {
	buf  bytes.Buffer // not embedded: its ReadFrom would go past the limit
	left int
}

func (c *capped) Write(p []byte) (int, error) {
	if c.left -= len(p); c.left < 0 {
		return 0, errors.New("too large")
	}
	return c.buf.Write(p)
}
