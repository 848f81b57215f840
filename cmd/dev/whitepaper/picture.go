package main

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"os"
	"os/exec"
	"sort"
	"strconv"
)

// drawPages writes <name>-cover.png and <name>-page-1.png and following.
func (b build) drawPages(ctx context.Context, pdf string) error {
	if err := drawPage(ctx, pdf, 1, b.width, b.result("-cover.png")); err != nil {
		return err
	}
	for i, n := range b.pages {
		if err := drawPage(ctx, pdf, n, b.width, b.result(fmt.Sprintf("-page-%d.png", i+1))); err != nil {
			return err
		}
	}
	return nil
}

// drawPage rasterises one page (counted from 1) at the given width in pixels.
func drawPage(ctx context.Context, pdf string, n, width int, out string) error {
	page := strconv.Itoa(n)
	cmd := exec.CommandContext(ctx, "pdftoppm", "-png", "-singlefile", "-f", page, "-l", page,
		"-scale-to-x", strconv.Itoa(width), "-scale-to-y", "-1", pdf)
	raw, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("pdftoppm (poppler-utils), page %d: %w", n, err)
	}
	small, err := shrinkPNG(raw)
	if err != nil {
		return fmt.Errorf("page %d: %w", n, err)
	}
	return os.WriteFile(out, small, 0o644)
}

// shrinkPNG encodes a PNG again with a palette of its own most used colours.
// Printed pages have a few flat inks and their edges, so nothing visible is
// lost and the file is about a third.
func shrinkPNG(raw []byte) ([]byte, error) {
	img, err := png.Decode(bytes.NewReader(raw))
	if err != nil {
		return nil, fmt.Errorf("decode the drawn page: %w", err)
	}
	dst := image.NewPaletted(img.Bounds(), popular(img, 256))
	draw.Draw(dst, dst.Bounds(), img, img.Bounds().Min, draw.Src)
	var buf bytes.Buffer
	enc := png.Encoder{CompressionLevel: png.BestCompression}
	if err := enc.Encode(&buf, dst); err != nil {
		return nil, fmt.Errorf("encode the drawn page: %w", err)
	}
	return buf.Bytes(), nil
}

// bucket sums the pixels whose colours agree in the upper five bits of each
// channel; exact counts them by exact colour, so that flat areas stay exact.
type bucket struct {
	total int
	exact map[color.RGBA]int
}

// popular returns at most limit colours: for each of the most used buckets its
// most used exact colour. The result depends on the picture alone.
func popular(img image.Image, limit int) color.Palette {
	buckets := map[[3]uint8]*bucket{}
	r := img.Bounds()
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			c := color.RGBAModel.Convert(img.At(x, y)).(color.RGBA)
			key := [3]uint8{c.R >> 3, c.G >> 3, c.B >> 3}
			if buckets[key] == nil {
				buckets[key] = &bucket{exact: map[color.RGBA]int{}}
			}
			buckets[key].total++
			buckets[key].exact[c]++
		}
	}
	keys := make([][3]uint8, 0, len(buckets))
	for key := range buckets {
		keys = append(keys, key)
	}
	sort.Slice(keys, func(i, j int) bool {
		a, b := buckets[keys[i]].total, buckets[keys[j]].total
		if a != b {
			return a > b
		}
		return bytes.Compare(keys[i][:], keys[j][:]) < 0
	})
	pal := color.Palette{}
	for _, key := range keys[:min(limit, len(keys))] {
		pal = append(pal, mode(buckets[key].exact))
	}
	return pal
}

// mode returns the most used colour; of equals the darkest.
func mode(counts map[color.RGBA]int) color.RGBA {
	var best color.RGBA
	most := -1
	for c, n := range counts {
		if n > most || n == most && less(c, best) {
			best, most = c, n
		}
	}
	return best
}

func less(a, b color.RGBA) bool {
	return bytes.Compare([]byte{a.R, a.G, a.B, a.A}, []byte{b.R, b.G, b.B, b.A}) < 0
}
