package app

import (
	"context"
	"encoding/json"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/riverqueue/river"

	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/jobs"
	"github.com/gatehouse/gatehouse/internal/lead"
	"github.com/gatehouse/gatehouse/internal/store"
)

// The pace of long work: a step is one part that is done or not, a run is as many steps as fit well into the time that a
// job may take; then it makes room for others and goes on where it was.
const (
	stepLeads = 4000
	partLeads = 500 // read and worked at by one goroutine
	runFor    = 10 * time.Second
)

// rehearsed are the leads that did something since a time, after a cursor.
const rehearsed = `select l.id from leads l where l.state = 'active' and l.id > @after and (l.last_at >= @since
		or exists (select 1 from downloads d where d.lead_id = l.id and d.last_at >= @since)
		or exists (select 1 from sayings y where y.lead_id = l.id and y.at >= @since)
		or exists (select 1 from contact_choices c where c.lead_id = l.id and c.at >= @since))`

// RehearseRules begins to replay the draft over what was recorded in the last days. Nothing is written to a lead.
func (a *App) RehearseRules(ctx context.Context, kind string, version int64, days int, by store.Actor) (store.Rehearsal, error) {
	var r store.Rehearsal
	if _, err := a.ruleKind(kind); err != nil {
		return r, err
	}
	if days < 1 || days > 730 {
		return r, errs.InvalidFields(errs.Field{Field: "days", Code: "invalid", Message: "Give the days to look back: 1 to 730."})
	}
	err := a.rulesTx(ctx, kind, func(tx *store.Tx) error {
		d, err := draftAt(tx, kind, version)
		if err != nil {
			return err
		}
		now := tx.Now()
		r = store.Rehearsal{ID: store.NewID(), RuleSetID: d.ID, Version: d.Version, Definition: d.Definition, Days: int32(days), State: "running", StartedBy: by.ID, CreatedAt: now, StateAt: now}
		if err := tx.Raw("select count(*) from ("+rehearsed+") l", map[string]any{"after": uuid.Nil, "since": r.Since()}).Scan(&r.Total).Error; err != nil {
			return err
		}
		// One at a time: an older one is of an older draft, or was asked for by mistake.
		if err := tx.Exec("delete from rehearsals where rule_set_id = ?", d.ID).Error; err != nil {
			return err
		}
		if err := tx.Create(&r).Error; err != nil {
			return err
		}
		if err := tx.Audit(by, "rules.rehearse", kind+"-rules", d.ID.String(), map[string]any{"days": days}); err != nil {
			return err
		}
		return tx.Enqueue(river.InsertManyParams{Args: jobs.Rehearse{RehearsalID: r.ID}})
	})
	return r, err
}

// CancelRehearsal stops one; what it found until then stays to be seen.
func (a *App) CancelRehearsal(ctx context.Context, id uuid.UUID, by store.Actor) error {
	return a.store.Tx(ctx, func(tx *store.Tx) error {
		res := tx.Model(&store.Rehearsal{}).Where("id = ? and state = 'running'", id).Updates(map[string]any{"state": "cancelled", "state_at": tx.Now()})
		if res.Error != nil || res.RowsAffected == 0 {
			return res.Error
		}
		return tx.Audit(by, "rehearsal.cancel", "rehearsal", id.String(), nil)
	})
}

// Rehearse is the job: it goes on where the last run was, and says Later until all is done.
func (a *App) Rehearse(ctx context.Context, id uuid.UUID) error {
	for began := time.Now(); time.Since(began) < runFor; {
		more, err := a.rehearseStep(ctx, id)
		if err != nil {
			return err
		}
		if !more {
			return a.rehearseOwners(ctx, id)
		}
	}
	return &Later{}
}

// rulesOf are the scoring rules that a rehearsal compares: the draft is of scoring, or of routing, and the other kind is
// what holds.
func (a *App) rulesOf(db *store.Query, r store.Rehearsal) (draft, published *lead.Scoring, err error) {
	if _, published, err = a.scoringRules(db); err != nil {
		return nil, nil, err
	}
	var kinds []string
	if err := db.Model(&store.RuleSet{}).Where("id = ?", r.RuleSetID).Pluck("kind", &kinds).Error; err != nil {
		return nil, nil, a.store.Translate(err)
	}
	if !slices.Contains(kinds, store.RulesScoring) {
		return published, published, nil
	}
	draft, err = compileScoring(r.Definition)
	return draft, published, err
}

func (a *App) rehearseStep(ctx context.Context, id uuid.UUID) (more bool, err error) {
	db := a.store.DB(ctx)
	var rows []store.Rehearsal
	if err := db.Where("id = ? and state = 'running' and done < total", id).Limit(1).Find(&rows).Error; err != nil || len(rows) == 0 {
		return false, a.store.Translate(err)
	}
	r := rows[0]
	draft, published, err := a.rulesOf(db, r)
	if err != nil {
		return false, err
	}
	after := uuid.Nil
	if r.AfterID != nil {
		after = *r.AfterID
	}
	var ids []uuid.UUID
	err = db.Raw(rehearsed+" order by l.id limit @most", map[string]any{"after": after, "since": r.Since(), "most": stepLeads}).Scan(&ids).Error
	if err != nil {
		return false, a.store.Translate(err)
	}
	w := &rehearsing{app: a, of: r, draft: draft, published: published}
	if err := inParts(ids, func(some []uuid.UUID) error { return w.part(ctx, some) }); err != nil {
		return false, err
	}
	return a.keepRehearsal(ctx, r, w, ids)
}

// keepRehearsal adds a step to what was found, unless somebody else did it, or cancelled.
func (a *App) keepRehearsal(ctx context.Context, r store.Rehearsal, w *rehearsing, ids []uuid.UUID) (more bool, err error) {
	err = a.store.Tx(ctx, func(tx *store.Tx) error {
		var now store.Rehearsal
		if err := tx.ForUpdate().Where("id = ?", r.ID).Take(&now).Error; err != nil {
			return a.store.Translate(err)
		}
		if now.State != "running" || !sameID(now.AfterID, r.AfterID) {
			more = now.State == "running"
			return nil
		}
		if err := createAll(tx, w.leads); err != nil {
			return err
		}
		now.Result.Add(w.found)
		result, err := json.Marshal(now.Result)
		if err != nil {
			return err
		}
		columns := map[string]any{"result": string(result), "done": now.Done + int32(len(ids)), "state_at": tx.Now()}
		if len(ids) > 0 {
			columns["after_id"] = ids[len(ids)-1]
		}
		if more = len(ids) == stepLeads; !more { // whoever came since it began is not looked at
			columns["done"] = now.Total
		}
		return tx.Model(&store.Rehearsal{}).Where("id = ?", r.ID).Updates(columns).Error
	})
	if errs.Is(err, errs.NotFound) { // discarded with its draft
		return false, nil
	}
	return more, err
}

// rehearsing is one step under way.
type rehearsing struct {
	app              *App
	of               store.Rehearsal
	draft, published *lead.Scoring

	mu    sync.Mutex
	found store.RehearsalResult
	leads []store.RehearsalLead
}

func (w *rehearsing) part(ctx context.Context, ids []uuid.UUID) error {
	records, err := store.ReadLeadRecords(w.app.store.DB(ctx), ids, false)
	if err != nil {
		return err
	}
	var found store.RehearsalResult
	var leads []store.RehearsalLead
	for i := range records {
		before, after := replay{rules: w.published}, replay{rules: w.draft}
		found.Events += w.one(&records[i], &before, &after)
		one := store.RehearsalResult{Before: bit(before.qualified), After: bit(after.qualified), Grades: map[string]int{after.grade: 1}, Failed: after.failed}
		if before.rules != nil {
			one.Grades0 = map[string]int{before.grade: 1}
		}
		one.More, one.Fewer = bit(after.qualified && !before.qualified), bit(before.qualified && !after.qualified)
		found.Add(one)
		if before.qualified || after.qualified {
			leads = append(leads, store.RehearsalLead{RehearsalID: w.of.ID, LeadID: records[i].ID, BeforePoints: int32(before.most), AfterPoints: int32(after.most),
				BeforeQualified: before.qualified, AfterQualified: after.qualified, BeforeAt: before.first, AfterAt: after.first})
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.found.Add(found)
	w.leads = append(w.leads, leads...)
	return nil
}

// one replays a lead at each time within the days at which it did something: the facts are those known then.
func (w *rehearsing) one(r *store.LeadRecord, before, after *replay) (events int) {
	since := w.of.Since()
	var last time.Time
	answers := lead.Answers{}
	for _, e := range r.Events { // by their time
		if e.At.Before(since) || e.At.After(w.of.CreatedAt) {
			continue
		}
		events++
		if e.At.Equal(last) {
			continue
		}
		last = e.At
		h := history(r, e.At, false)
		clear(answers)
		before.at(h, e.At, answers)
		after.at(h, e.At, answers)
	}
	return events
}

// replay is a lead under one version of the rules: whether it would have qualified, its most points, its last grade.
type replay struct {
	rules     *lead.Scoring
	qualified bool
	first     *time.Time // when it qualified
	most      int
	grade     string
	failed    map[string]int
}

func (p *replay) at(h lead.History, at time.Time, known lead.Answers) {
	if p.rules == nil {
		return
	}
	s := p.rules.ScoreKnowing(h, at, known)
	yes, _ := p.rules.Qualifies(h, s)
	if yes && !p.qualified {
		p.qualified, p.first = true, &at
	}
	p.most, p.grade = max(p.most, s.Total()), s.Grade
	for _, f := range s.Faults {
		if p.failed == nil {
			p.failed = map[string]int{}
		}
		p.failed[f.Rule] = 1
	}
}

func bit(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

func sameID(a, b *uuid.UUID) bool { return a == nil && b == nil || a != nil && b != nil && *a == *b }

// inParts works at ids in parts, as many at once as there are cores; the first error ends it.
func inParts(ids []uuid.UUID, do func([]uuid.UUID) error) error {
	parts := make(chan []uuid.UUID)
	failed := make(chan error, runtime.GOMAXPROCS(0))
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), 4) {
		wg.Go(func() {
			for some := range parts {
				if len(failed) > 0 {
					continue
				}
				if err := errs.Contained(func() error { return do(some) }); err != nil {
					select {
					case failed <- err:
					default:
					}
				}
			}
		})
	}
	for some := range slices.Chunk(ids, partLeads) {
		parts <- some
	}
	close(parts)
	wg.Wait()
	select {
	case err := <-failed:
		return err
	default:
		return nil
	}
}

// RehearsalOf reads the rehearsal of a draft; nil when there is none.
func (a *App) RehearsalOf(ctx context.Context, draft uuid.UUID) (*store.Rehearsal, error) {
	var rows []store.Rehearsal
	if err := a.store.DB(ctx).Where("rule_set_id = ?", draft).Order("created_at desc").Limit(1).Find(&rows).Error; err != nil || len(rows) == 0 {
		return nil, a.store.Translate(err)
	}
	return &rows[0], nil
}

// RehearsedLead is one lead for whom the draft would change whether it qualifies.
type RehearsedLead struct {
	store.RehearsalLead
	GivenName, FamilyName, Email, Company string
	BeforeOwner, AfterOwner               string
}

// RehearsalPage is the leads that a page of a rehearsal shows.
const RehearsalPage = 100

// Rehearsal reads one with the leads that it would change: those that qualify more first.
func (a *App) Rehearsal(ctx context.Context, id uuid.UUID, page int) (r store.Rehearsal, leads []RehearsedLead, err error) {
	db := a.store.DB(ctx)
	if err := db.Where("id = ?", id).Take(&r).Error; err != nil {
		return r, nil, a.store.Translate(err)
	}
	err = db.Raw(`select x.*, l.given_name, l.family_name, l.email, l.company, coalesce(b.name, '') as before_owner, coalesce(a.name, '') as after_owner
		from rehearsal_leads x join leads l on l.id = x.lead_id left join users b on b.id = x.before_owner_id left join users a on a.id = x.after_owner_id
		where x.rehearsal_id = ? and (x.before_qualified <> x.after_qualified or x.before_owner_id is distinct from x.after_owner_id)
		order by x.before_qualified = x.after_qualified, x.after_qualified desc, abs(x.after_points - x.before_points) desc, x.lead_id limit ? offset ?`, id, RehearsalPage, max(page-1, 0)*RehearsalPage).Scan(&leads).Error
	return r, leads, a.store.Translate(err)
}
