package app

import (
	"context"
	"time"
)

// connectors says how it goes with each, by what is known of it: none is called.
func (d *doctor) connectors(ctx context.Context) {
	const check = "connectors"
	lines, err := d.app.Connectors(ctx)
	if err != nil {
		d.fail(check, "Look at the database first.", "The connectors cannot be read.")
		return
	}
	for _, c := range lines {
		_, _, err := d.app.unsealed(c.Connector)
		switch {
		case err != nil:
			d.fail(check, "Put the old secret back into the list of GATEHOUSE_SECRET, or enter the connector's secrets again.", "%s: its secrets cannot be opened.", c.Name)
		case d.app.keys.Stale(sealPlace(c.ID), c.Secrets):
			d.warn(check, "Keep the old secret in the list of GATEHOUSE_SECRET until a worker has run for a minute.", "%s: its secrets are still sealed under an old GATEHOUSE_SECRET.", c.Name)
		case c.State == ConnectorHeld:
			d.warn(check, "Switch it on at Connectors when it may go out.", "%s is held; %d wait.", c.Name, c.Waiting)
		case c.State == ConnectorOff:
			d.ok(check, "%s is off.", c.Name)
		case c.BrokenAt != nil:
			d.fail(check, "Open Connectors: mend the key or the settings, or wait until it is back.", "%s cannot be told anything since %s: %s. %d wait, nothing is lost.", c.Name, c.BrokenAt.Format(time.RFC3339), c.BrokenWhy, c.Waiting)
		default:
			d.ok(check, "%s is on; %d wait.", c.Name, c.Waiting)
		}
	}
	if len(lines) == 0 {
		d.ok(check, "No other system is connected.")
	}
}
