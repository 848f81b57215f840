package document

import (
	"bytes"
	"context"
	"errors"
	"image/png"
	"os/exec"
	"strings"
	"testing"
)

func needRenderer(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("pdftoppm"); err != nil {
		t.Fatal("pdftoppm is not installed, so covers cannot be tested: \".ci/need poppler\" installs it")
	}
}

func TestRenderPage(t *testing.T) {
	needRenderer(t)
	for name, c := range map[string]struct {
		box           string
		width, height int
	}{
		"upright":           {"0 0 595 842", 848, 1200},
		"across":            {"0 0 842 595", 1200, 848},
		"huge and narrow":   {"0 0 10 14400", 1, 1200},
		"larger than maps":  {"0 0 100000 100000", 1200, 1200},
		"smaller than dust": {"0 0 3 3", 1200, 1200},
	} {
		t.Run(name, func(t *testing.T) {
			o := goodObjects()
			o[3] = strings.Replace(o[3], "0 0 595 842", c.box, 1)
			cover, err := RenderPage(t.Context(), bytes.NewReader(o.pdf()), 1)
			if err != nil {
				t.Fatal(err)
			}
			size, err := png.DecodeConfig(bytes.NewReader(cover.PNG))
			if err != nil || size.Width != cover.Width || size.Height != cover.Height || abs(size.Width-c.width) > 1 || abs(size.Height-c.height) > 1 {
				t.Errorf("%d x %d, %v; want %d x %d", size.Width, size.Height, err, c.width, c.height)
			}
		})
	}
}

func abs(n int) int { return max(n, -n) }

func TestRenderPageRefuses(t *testing.T) {
	needRenderer(t)
	for name, content := range map[string]string{"nothing": "", "no PDF": "<html>", "cut off": string(goodObjects().pdf()[:40])} {
		if cover, err := RenderPage(t.Context(), strings.NewReader(content), 1); err == nil || cover.PNG != nil {
			t.Errorf("%s: %d bytes, %v", name, len(cover.PNG), err)
		}
	}
	if beyond, err := RenderPage(t.Context(), bytes.NewReader(goodObjects().pdf()), 99); err == nil || beyond.PNG != nil {
		t.Errorf("a page that there is not: %d bytes, %v", len(beyond.PNG), err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := RenderPage(ended, bytes.NewReader(goodObjects().pdf()), 1); !errors.Is(err, context.Canceled) {
		t.Errorf("ended: %v", err)
	}
}

func TestNoRenderer(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	if _, err := RenderPage(t.Context(), bytes.NewReader(goodObjects().pdf()), 1); !errors.Is(err, ErrNoRenderer) {
		t.Errorf("err = %v, want ErrNoRenderer", err)
	}
}

func TestCapped(t *testing.T) {
	c := &capped{left: 4}
	if _, err := c.Write([]byte("1234")); err != nil {
		t.Error(err)
	}
	if _, err := c.Write([]byte("5")); err == nil || c.buf.Len() != 4 {
		t.Errorf("grew to %d, %v", c.buf.Len(), err)
	}
}
