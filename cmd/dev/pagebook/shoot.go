package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/chromedp"
)

// camera says what to photograph and where to put the pictures.
type camera struct{ dir, only, chromium, axe string }

// view is one way of looking at a page.
type view struct {
	width, height int64
	scheme        string
}

var views = []view{{320, 640, "light"}, {390, 844, "light"}, {390, 844, "dark"}, {1280, 800, "light"}, {1280, 800, "dark"}}

// browserFlags keep the browser quiet and able to run as root inside a container.
var browserFlags = []chromedp.ExecAllocatorOption{
	chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun,
	chromedp.Flag("disable-quic", true),
	chromedp.Flag("disable-background-networking", true),
	chromedp.Flag("disable-component-update", true),
	chromedp.Flag("disable-sync", true),
	chromedp.Flag("disable-dev-shm-usage", true),
	chromedp.Flag("hide-scrollbars", true),
}

// all photographs each sample in each view. A page that is wider than its window, or about which the browser complains
// (a refused style, a missing picture), is a fault; all faults come back at once.
func (c camera) all(parent context.Context, base string) error {
	if err := os.MkdirAll(c.dir, 0o755); err != nil {
		return err
	}
	opts := browserFlags
	if c.chromium != "" {
		opts = append(opts, chromedp.ExecPath(c.chromium))
	}
	alloc, stopAlloc := chromedp.NewExecAllocator(parent, opts...)
	defer stopAlloc()
	ctx, stop := chromedp.NewContext(alloc)
	defer stop()
	var complaints []string
	var acting atomic.Bool // a page brought into trouble on purpose complains of it
	if err := chromedp.Listen(ctx, func(ev any) {
		if e, ok := ev.(*log.EventEntryAdded); ok && e.Entry.Level == "error" && !acting.Load() {
			complaints = append(complaints, e.Entry.Text+" "+e.Entry.URL)
		}
	}); err != nil {
		return err
	}
	for _, s := range samples() {
		if !strings.Contains(s.name, c.only) {
			continue
		}
		acting.Store(s.act != "")
		for _, v := range views {
			wide, err := c.one(ctx, base, s, v)
			if err != nil {
				return fmt.Errorf("%s: %w", s.name, err)
			}
			violations, err := c.violations(ctx)
			if err != nil {
				return fmt.Errorf("%s: %w", s.name, err)
			}
			for _, found := range violations {
				complaints = append(complaints, fmt.Sprintf("%s at %d px, %s: %s", s.name, v.width, v.scheme, found))
			}
			if wide {
				complaints = append(complaints, fmt.Sprintf("%s is wider than %d px", s.name, v.width))
			}
		}
	}
	if len(complaints) > 0 {
		return fmt.Errorf("%d complaints:\n%s", len(complaints), strings.Join(complaints, "\n"))
	}
	return nil
}

func (c camera) one(ctx context.Context, base string, s sample, v view) (wide bool, err error) {
	ctx, stop := context.WithTimeout(ctx, 30*time.Second)
	defer stop()
	scheme := chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: v.scheme}}})
		return err
	})
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(v.width, v.height), scheme, chromedp.Navigate(base+"/p/"+s.name)); err != nil {
		return false, err
	}
	const ready = `Promise.all([...document.images].map(i => i.decode())).then(() => true)`
	if _, err := chromedp.Run(ctx, chromedp.Evaluate[bool](ready, chromedp.EvalAwaitPromise)); err != nil {
		return false, err
	}
	if s.act != "" {
		if _, err := chromedp.Run(ctx, chromedp.Evaluate[bool](s.act+";true")); err != nil {
			return false, err
		}
	}
	wide, err = chromedp.Run(ctx, chromedp.Evaluate[bool]("document.documentElement.scrollWidth > innerWidth"))
	if err != nil {
		return false, err
	}
	shot, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
	if err != nil {
		return false, err
	}
	file := fmt.Sprintf("%s-%d-%s.png", strings.ReplaceAll(s.name, "/", "-"), v.width, v.scheme)
	return wide, os.WriteFile(filepath.Join(c.dir, file), shot, 0o644)
}

// violations asks axe-core about the page that is open; nothing without -axe.
func (c camera) violations(ctx context.Context) ([]string, error) {
	if c.axe == "" {
		return nil, nil
	}
	source, err := os.ReadFile(c.axe)
	if err != nil {
		return nil, err
	}
	if _, err := chromedp.Run(ctx, chromedp.Evaluate[bool](string(source)+"\n;true")); err != nil {
		return nil, err
	}
	const ask = `axe.run().then(r => r.violations.flatMap(v => v.nodes.map(n => v.id + ": " + n.target.join(" ") + " " + n.failureSummary.replace(/\s+/g, " "))))`
	return chromedp.Run(ctx, chromedp.Evaluate[[]string](ask, chromedp.EvalAwaitPromise))
}
