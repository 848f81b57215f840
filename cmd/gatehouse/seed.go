package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/gatehouse/gatehouse/internal/app"
)

type seedCommand struct {
	Leads int    `required:"" help:"How many people come."`
	Days  int    `default:"90" help:"Over how many days up to now."`
	Seed  uint64 `default:"1" help:"The same seed gives the same people."`
	Force bool   `help:"Also beside real leads, or where mail is sent. Nothing is ever sent to these people."`
}

// Run sows demonstration data.
func (s *seedCommand) Run(w *world) error {
	return w.command(func(o *opened) error {
		r, err := o.app.Seed(w.ctx, app.SeedOptions{Leads: s.Leads, Days: s.Days, Seed: s.Seed, Force: s.Force, Progress: progress(w.err)})
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(w.out, "%d leads of %d companies, %d submissions (%d quarantined), %d messages, %d downloads in %s\n",
			r.Leads, r.Companies, r.Submissions, r.Quarantined, r.Messages, r.Downloads, r.Took.Round(time.Millisecond))
		return err
	})
}

// progress draws a bar on a terminal, and writes a line a tenth elsewhere.
func progress(out io.Writer) func(done, total int) {
	const width = 40
	bar := isTerminal(out)
	tenth := 0
	return func(done, total int) {
		if bar {
			full := width * done / total
			_, _ = fmt.Fprintf(out, "\r  [%s%s] %d of %d", strings.Repeat("#", full), strings.Repeat(".", width-full), done, total)
			if done == total {
				_, _ = fmt.Fprintln(out)
			}
			return
		}
		if now := 10 * done / total; now > tenth {
			tenth = now
			_, _ = fmt.Fprintf(out, "%d of %d\n", done, total)
		}
	}
}

func isTerminal(out io.Writer) bool {
	f, ok := out.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
