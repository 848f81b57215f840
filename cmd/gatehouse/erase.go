package main

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/app"
	"github.com/gatehouse/gatehouse/internal/errs"
)

type eraseCommand struct {
	Address string `help:"E-mail address of the person, also one whose request was never accepted." xor:"who" required:""`
	Lead    string `help:"Id of the lead, when the address is not known any more." xor:"who" required:""`
}

// Run erases the person and prints the receipt, which names nobody.
func (e *eraseCommand) Run(w *world) error {
	return w.command(func(o *opened) error {
		var r app.EraseReceipt
		var err error
		if e.Lead != "" {
			id, perr := uuid.Parse(e.Lead)
			if perr != nil {
				return errs.New(errs.Invalid, "--lead is the id of a lead, as its page shows it.")
			}
			r, err = o.app.EraseLead(w.ctx, id, byCommand())
		} else {
			r, err = o.app.EraseAddress(w.ctx, e.Address, byCommand())
		}
		if err != nil {
			return err
		}
		return printReceipt(w.out, r)
	})
}

func printReceipt(out io.Writer, r app.EraseReceipt) error {
	_, _ = fmt.Fprintf(out, "Erased on %s. Receipt %s", r.At.Format("2 January 2006 at 15:04:05 UTC"), r.ID)
	if r.LeadID != uuid.Nil {
		_, _ = fmt.Fprintf(out, ", lead %s", r.LeadID)
	}
	_, _ = fmt.Fprint(out, "\n\n")
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, c := range r.Counts {
		if c.Rows > 0 {
			_, _ = fmt.Fprintf(t, "  %s\t%d\t%s\n", c.Table, c.Rows, c.What)
		}
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintln(out, "\nWhat stays is a fact without a person. Backups made before now still hold the person; a restore erases again.")
	return err
}
