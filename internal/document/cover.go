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

// ErrNoRenderer says that pdftoppm (poppler-utils) is not installed: the landing page draws a cover from
// the title instead, and shows no sample pages.
var ErrNoRenderer = errors.New("document: no program to draw pages with")

const (
	coverSide = 1200 // pixels of the longer side, whatever the page measures
	coverTime = 20 * time.Second
	coverMost = 8 << 20 // bytes of PNG
)

// Picture is a drawn page.
type Picture struct {
	PNG           []byte
	Width, Height int // pixels
}

// RenderPage draws a page of a PDF, counted from 1, as a PNG whose longer side has 1200 pixels. Pass a file that CheckPDF let through: the
// drawing happens in a process of its own, with an empty environment, that is ended after 20 seconds or with ctx.
func RenderPage(ctx context.Context, pdf io.Reader, page int) (Picture, error) {
	program, err := exec.LookPath("pdftoppm")
	if err != nil {
		return Picture{}, ErrNoRenderer
	}
	ctx, cancel := context.WithTimeout(ctx, coverTime)
	defer cancel()
	number := strconv.Itoa(page)
	cmd := exec.CommandContext(ctx, program, "-q", "-png", "-singlefile", "-f", number, "-l", number,
		"-scale-to", strconv.Itoa(coverSide), "-")
	out := &capped{left: coverMost}
	cmd.Stdin, cmd.Stdout, cmd.Env = pdf, out, []string{"LC_ALL=C"}
	cmd.WaitDelay = time.Second // do not wait for ever for a reader that hangs
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return Picture{}, fmt.Errorf("document: draw page %d: %w", page, err)
	}
	size, err := png.DecodeConfig(bytes.NewReader(out.buf.Bytes()))
	if err != nil || max(size.Width, size.Height) > coverSide {
		return Picture{}, fmt.Errorf("document: page %d came out as %d x %d (%v)", page, size.Width, size.Height, err) //nolint:errorlint // nil where only the size is wrong
	}
	return Picture{out.buf.Bytes(), size.Width, size.Height}, nil
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
