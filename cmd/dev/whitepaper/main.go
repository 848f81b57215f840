// Command whitepaper prints the sample whitepaper from its HTML source to a
// tagged PDF and draws the pictures that the landing page shows.
//
// It needs Chromium and poppler-utils (pdftoppm, pdffonts) on the PATH, and
// the two font families that the style sheet names; a missing one stops the
// build, because a silent substitute would change every line break.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/pdfcpu/pdfcpu/pkg/api"
)

// build says what to print and where the results go.
type build struct {
	dir      string   // folder that holds <name>/index.html and receives the results
	name     string   // base name of the whitepaper, e.g. "8-questions"
	chromium string   // path of the browser
	pages    []int    // one-based pages to draw as samples, in this order
	fonts    []string // families that must be embedded in the PDF
	width    int      // width of the cover and sample pictures, in pixels
}

func main() {
	api.DisableConfigDir() // pdfcpu would write its settings into the home folder
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "whitepaper:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	b, timeout, err := parseFlags(args)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()

	br, err := openBrowser(ctx, b.chromium)
	if err != nil {
		return err
	}
	defer br.close()

	raw, meta, err := br.printPDF(b.source("index.html"))
	if err != nil {
		return err
	}
	pdf := b.result(".pdf")
	if err := writePDF(pdf, raw, meta); err != nil {
		return err
	}
	if err := checkFonts(ctx, pdf, b.fonts); err != nil {
		return err
	}
	if err := b.drawPages(ctx, pdf); err != nil {
		return err
	}
	// The social picture shows the cover, so it is drawn after it.
	return br.social(b.source("og.html"), b.result("-og.png"))
}

func parseFlags(args []string) (build, time.Duration, error) {
	fs := flag.NewFlagSet("whitepaper", flag.ContinueOnError)
	dir := fs.String("dir", filepath.Join("assets", "whitepapers"), "folder of the whitepapers")
	name := fs.String("name", "8-questions", "base name of the whitepaper")
	chromium := fs.String("chromium", "", "path of Chromium (default: looked up on the PATH)")
	pages := fs.String("pages", "7,12,20", "pages to draw as samples")
	fonts := fs.String("fonts", "Vollkorn,Lato", "font families that must be embedded")
	width := fs.Int("width", 900, "width of the pictures in pixels")
	timeout := fs.Duration("timeout", 2*time.Minute, "give up after this time")
	if err := fs.Parse(args); err != nil {
		return build{}, 0, err
	}
	list, err := parsePages(*pages)
	if err != nil {
		return build{}, 0, err
	}
	path, err := findChromium(*chromium)
	if err != nil {
		return build{}, 0, err
	}
	abs, err := filepath.Abs(*dir)
	if err != nil {
		return build{}, 0, err
	}
	return build{
		dir: abs, name: *name, chromium: path, pages: list,
		fonts: strings.Split(*fonts, ","), width: *width,
	}, *timeout, nil
}

// parsePages reads a list such as "9,12,20". Pages count from 1.
func parsePages(s string) ([]int, error) {
	var out []int
	for part := range strings.SplitSeq(s, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(part))
		if err != nil || n < 1 {
			return nil, fmt.Errorf("pages %q: %q is not a page number", s, part)
		}
		out = append(out, n)
	}
	return out, nil
}

func findChromium(given string) (string, error) {
	if given != "" {
		return given, nil
	}
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", errors.New("no Chromium on the PATH; install it, or name it with -chromium")
}

func (b build) source(file string) string { return filepath.Join(b.dir, b.name, file) }

func (b build) result(suffix string) string { return filepath.Join(b.dir, b.name+suffix) }
