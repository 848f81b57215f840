package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/gatehouse/gatehouse/internal/app"
)

type verifyCommand struct {
	JSON bool `name:"json" help:"Print the same as JSON."`
}

// Run reconciles; the exit code is 1 when anything is unexplained.
func (v *verifyCommand) Run(w *world) error {
	return w.command(func(o *opened) error {
		r, err := o.app.Verify(w.ctx)
		if err != nil {
			return err
		}
		if v.JSON {
			enc := json.NewEncoder(w.out)
			enc.SetIndent("", "  ")
			err = enc.Encode(r)
		} else {
			err = printReport(w.out, r)
		}
		if err == nil && !r.OK() {
			err = &silentError{exitFailed}
		}
		return err
	})
}

// printReport shows each total as the sum of its parts.
func printReport(out io.Writer, r app.VerifyReport) error {
	wide := 0
	for _, l := range r.Counts {
		wide = max(wide, len(l.What))
	}
	for _, l := range r.Counts {
		_, _ = fmt.Fprintf(out, "%-*s %9d = %s\n", wide, l.What, l.Total, strings.Join(parts(l), " + "))
	}
	if r.OK() {
		_, err := fmt.Fprintln(out, "\nEverything is explained.")
		return err
	}
	_, _ = fmt.Fprintf(out, "\n%d not explained:\n", r.Total)
	for _, i := range r.Unexplained {
		_, _ = fmt.Fprintf(out, "  %s %s: %s\n", i.Kind, i.ID, i.Sentence)
	}
	if more := r.Total - len(r.Unexplained); more > 0 {
		_, _ = fmt.Fprintf(out, "  and %d more\n", more)
	}
	return nil
}

// parts names the parts that are not empty; a line without any shows its zero.
func parts(l app.VerifyLine) []string {
	var out []string
	for _, p := range l.Parts {
		if p.N > 0 {
			out = append(out, fmt.Sprintf("%d %s", p.N, p.Name))
		}
	}
	if len(out) == 0 {
		out = append(out, "0")
	}
	return out
}
