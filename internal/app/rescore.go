package app

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/riverqueue/river"

	"github.com/gatehouse/gatehouse/internal/jobs"
	"github.com/gatehouse/gatehouse/internal/store"
)

// openLeads are those that sales has not closed, after a cursor.
const openLeads = `select l.id from leads l where l.state = 'active' and l.id > @after
	and not exists (select 1 from assignments a where a.lead_id = l.id and a.state = 'closed'
		and not exists (select 1 from assignments b where b.lead_id = l.id and b.at > a.at))`

// RescoreLeads begins to score open leads anew under the published rules. Where that is under way already, it is that one.
func (a *App) RescoreLeads(ctx context.Context, by store.Actor) (store.Rescore, error) {
	var r store.Rescore
	err := a.rulesTx(ctx, store.RulesScoring, func(tx *store.Tx) error {
		set, err := store.PublishedRules(tx.DB, store.RulesScoring)
		if err != nil || set == nil {
			return err
		}
		var running []store.Rescore
		if err := tx.Where("rule_set_id = ? and state = 'running'", set.ID).Find(&running).Error; err != nil || len(running) > 0 {
			if len(running) > 0 {
				r = running[0]
			}
			return err
		}
		// One of an older version has nothing left to do: each lead is scored by what holds.
		now := tx.Now()
		if err := tx.Model(&store.Rescore{}).Where("state = 'running'").Updates(map[string]any{"state": "cancelled", "state_at": now}).Error; err != nil {
			return err
		}
		r = store.Rescore{ID: store.NewID(), RuleSetID: set.ID, State: "running", SetAside: []uuid.UUID{}, StartedBy: by.ID, CreatedAt: now, StateAt: now}
		if err := tx.Raw("select count(*) from ("+openLeads+") l", map[string]any{"after": uuid.Nil}).Scan(&r.Total).Error; err != nil {
			return err
		}
		if err := tx.Create(&r).Error; err != nil {
			return err
		}
		if err := tx.Audit(by, "rules.rescore", "scoring-rules", set.ID.String(), map[string]any{"leads": r.Total}); err != nil {
			return err
		}
		return tx.Enqueue(river.InsertManyParams{Args: jobs.Rescore{RescoreID: r.ID}})
	})
	return r, err
}

// CancelRescore stops one; who was scored anew, stays so.
func (a *App) CancelRescore(ctx context.Context, id uuid.UUID, by store.Actor) error {
	return a.store.Tx(ctx, func(tx *store.Tx) error {
		res := tx.Model(&store.Rescore{}).Where("id = ? and state = 'running'", id).Updates(map[string]any{"state": "cancelled", "state_at": tx.Now()})
		if res.Error != nil || res.RowsAffected == 0 {
			return res.Error
		}
		return tx.Audit(by, "rescore.cancel", "rescore", id.String(), nil)
	})
}

// LastRescore reads the newest one; nil when there was none.
func (a *App) LastRescore(ctx context.Context) (*store.Rescore, error) {
	var rows []store.Rescore
	if err := a.store.DB(ctx).Order("created_at desc, id desc").Limit(1).Find(&rows).Error; err != nil || len(rows) == 0 {
		return nil, a.store.Translate(err)
	}
	return &rows[0], nil
}

// setAsideShown is how many of the leads that failed a rescoring keeps by name.
const setAsideShown = 50

// Rescore is the job: it goes on where the last run was, and says Later until all is done. A step that was cut off is
// done again, which changes nothing. A lead that fails is set aside, and the rest goes on.
func (a *App) Rescore(ctx context.Context, id uuid.UUID) error {
	for began := time.Now(); time.Since(began) < runFor; {
		more, err := a.rescoreStep(ctx, id)
		if err != nil || !more {
			return err
		}
	}
	return &Later{}
}

func (a *App) rescoreStep(ctx context.Context, id uuid.UUID) (more bool, err error) {
	db := a.store.DB(ctx)
	var rows []store.Rescore
	if err := db.Where("id = ? and state = 'running'", id).Limit(1).Find(&rows).Error; err != nil || len(rows) == 0 {
		return false, a.store.Translate(err)
	}
	r, after := rows[0], uuid.Nil
	if r.AfterID != nil {
		after = *r.AfterID
	}
	var ids []uuid.UUID
	if err := db.Raw(openLeads+" order by l.id limit @most", map[string]any{"after": after, "most": stepLeads}).Scan(&ids).Error; err != nil {
		return false, a.store.Translate(err)
	}
	failed, err := a.scoreStep(ctx, ids)
	if err != nil {
		return false, err
	}
	aside, err := json.Marshal(append([]uuid.UUID{}, slices.Concat(r.SetAside, failed)[:min(len(r.SetAside)+len(failed), setAsideShown)]...))
	if err != nil {
		return false, err
	}
	columns := map[string]any{"done": r.Done + int32(len(ids)), "failed": r.Failed + int32(len(failed)), "set_aside": string(aside), "state_at": a.now()}
	if more = len(ids) == stepLeads; more {
		columns["after_id"] = ids[len(ids)-1]
	} else {
		columns["state"] = "done"
	}
	// Only from where this step began: a live double counts once.
	q := db.Model(&store.Rescore{}).Where("id = ? and state = 'running'", id)
	if r.AfterID == nil {
		q = q.Where("after_id is null")
	} else {
		q = q.Where("after_id = ?", *r.AfterID)
	}
	return more, a.store.Translate(q.Updates(columns).Error)
}

// scoreStep scores some leads anew and tells which of them failed by themselves. An error is for what fails for all alike:
// then the step is done again.
func (a *App) scoreStep(ctx context.Context, ids []uuid.UUID) (failed []uuid.UUID, err error) {
	var mu sync.Mutex
	a.giveWay(ctx)
	err = inParts(ids, func(some []uuid.UUID) error {
		faults := a.scoreApart(ctx, some)
		for id, err := range faults {
			if !comesAgain(ctx, err) {
				return err
			}
			a.log.Error("a lead could not be scored anew", "lead", id, "error", err)
		}
		mu.Lock()
		defer mu.Unlock()
		failed = slices.AppendSeq(failed, maps.Keys(faults))
		return nil
	})
	slices.SortFunc(failed, func(x, y uuid.UUID) int { return bytes.Compare(x[:], y[:]) })
	return failed, err
}
