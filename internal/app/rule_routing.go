package app

import (
	"context"
	"encoding/json"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/pipeline"
	"github.com/gatehouse/gatehouse/internal/store"
)

// routingKind is what routing rules need to be drafted and published.
func (a *App) routingKind() ruleKind {
	return ruleKind{title: "Routing",
		check: func(definition json.RawMessage) error {
			var r pipeline.Routing
			if err := json.Unmarshal(definition, &r); err != nil {
				return errs.Wrap(err, errs.Invalid, "These rules cannot be read.")
			}
			return r.Check(func(bool, uuid.UUID) bool { return true })
		},
		fits: func(tx *store.Tx, definition json.RawMessage) error {
			var r pipeline.Routing
			if err := json.Unmarshal(definition, &r); err != nil {
				return err
			}
			h, err := a.house(tx.DB, true) // no team is archived meanwhile
			if err != nil {
				return err
			}
			return r.Check(h.mayGet)
		},
		first: func() any {
			return pipeline.Routing{Existing: pipeline.ExistingCompany, Rules: []pipeline.RouteRule{}}
		}}
}

// mayGet tells whether a team or person can be given leads.
func (h *house) mayGet(team bool, id uuid.UUID) bool {
	if team {
		_, ok := h.teams[id]
		return ok
	}
	s := h.staff[id]
	return s != nil && s.sells()
}

// SaveRouting keeps a draft of the routing rules whose teams and people can be given leads.
func (a *App) SaveRouting(ctx context.Context, read int64, r pipeline.Routing, note string, by store.Actor) error {
	h, err := a.house(a.store.DB(ctx), false)
	if err != nil {
		return a.store.Translate(err)
	}
	if err = r.Check(h.mayGet); err != nil {
		return err
	}
	definition, err := json.Marshal(r)
	if err != nil {
		return err
	}
	return a.SaveDraftRules(ctx, store.RulesRouting, read, definition, note, by)
}
