package app

import (
	"encoding/json"
	"fmt"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/crm"
	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/store"
)

// The states of a connector. A held one collects what it will be told; one that is off is told nothing.
const (
	ConnectorOn   = "on"
	ConnectorHeld = "held"
	ConnectorOff  = "off"
)

// The states of a push.
const (
	PushWaiting    = "waiting"
	PushHeld       = "held"
	PushSending    = "sending"
	PushDone       = "done"
	PushRefused    = "refused"
	PushDropped    = "dropped"
	PushSuperseded = "superseded"
)

// Systems are the kinds of connectors, for the pages that offer them.
func (a *App) Systems() *crm.Systems { return a.systems }

// sealPlace is where the secrets of a connector open, and nowhere else.
func sealPlace(id uuid.UUID) string { return "connector/" + id.String() }

// unsealed opens a connector: its system and what that is told to work with. With an error the system is still told, where this
// program knows it: what is for the connector can be collected, though not told.
func (a *App) unsealed(c store.Connector) (crm.Connector, crm.Config, error) {
	cfg := crm.Config{Settings: c.Settings, Secrets: map[string]string{}, Mutant: a.o.Mutant}
	sys := a.systems.Find(c.Kind)
	if sys == nil {
		return nil, cfg, errs.New(errs.NotFound, "There is no connector of the kind %q.", c.Kind)
	}
	if err := json.Unmarshal(c.Mapping, &cfg.Mapping); err != nil {
		return sys, cfg, errs.Wrap(fmt.Errorf("connector %s: mapping: %w", c.ID, err), errs.Internal, "The mapping of this connector cannot be read. Save its settings anew.")
	}
	plain, err := a.keys.Unseal(sealPlace(c.ID), c.Secrets)
	if err != nil {
		return sys, cfg, errs.New(errs.Unavailable, "The secrets of this connector cannot be opened: they were sealed under a GATEHOUSE_SECRET that is no longer in the list. Enter them again.")
	}
	return sys, cfg, json.Unmarshal(plain, &cfg.Secrets)
}

func (a *App) sealSecrets(id uuid.UUID, secrets map[string]string) ([]byte, error) {
	plain, err := json.Marshal(secrets)
	if err != nil {
		return nil, err
	}
	return a.keys.Seal(sealPlace(id), plain), nil
}
