package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/lead"
	"github.com/gatehouse/gatehouse/internal/store"
)

// scoreMost is how many leads one transaction scores.
const scoreMost = 500

// ScoreLeads scores leads about whom something became known, and decides whether they qualify. Again, or twice at once,
// changes nothing. A lead that fails holds up nobody else.
func (a *App) ScoreLeads(ctx context.Context, ids []uuid.UUID) error {
	a.giveWay(ctx)
	err := errors.Join(slices.Collect(maps.Values(a.scoreApart(ctx, ids)))...)
	if !errors.Is(err, errUnreadable) {
		return err
	}
	return errors.Join(err, a.store.Tx(ctx, func(tx *store.Tx) error {
		return tx.Raise("rule-failed", "scoring", "The published scoring rules cannot be read, so that nobody is scored; whoever waits is scored once other rules are published. Look at them under Rules.")
	}))
}

// errUnreadable is for published rules that do not compile. They were checked when they were published: an older program,
// or a hand in the database.
var errUnreadable = errors.New("the rules do not compile")

// scoreApart scores leads and tells which of them could not be scored, and why.
func (a *App) scoreApart(ctx context.Context, ids []uuid.UUID) (faults map[uuid.UUID]error) {
	faults = map[uuid.UUID]error{}
	try := func(some ...uuid.UUID) error {
		return errs.Contained(func() error { return a.store.Tx(ctx, func(tx *store.Tx) error { return a.score(tx, some) }) })
	}
	for some := range slices.Chunk(ids, scoreMost) {
		err := try(some...)
		alone := err != nil && ctx.Err() == nil && len(some) > 1
		for _, id := range some {
			if alone {
				err = try(id)
			}
			if err != nil {
				faults[id] = err
			}
		}
	}
	return faults
}

// Points melt day by day, so that a score which is a day old is worked out anew: its lines say what it is at any time, but
// lists go by what is kept. melted is how many one round takes.
const (
	scoreHolds = 24 * time.Hour
	melted     = 2000
)

// TendScores sums anew what has melted for a day, the oldest first. No rule is asked: rules that were published since hold
// for whoever does something, or when staff choose to score open leads anew.
func (a *App) TendScores(ctx context.Context) error {
	var ids []uuid.UUID
	err := a.store.DB(ctx).Model(&store.Score{}).Where("engagement > 0 and scored_at <= ? and exists (select 1 from leads l where l.id = scores.lead_id and l.state = 'active')", a.now().Add(-scoreHolds)).
		Order("scored_at").Limit(melted).Pluck("lead_id", &ids).Error
	if err != nil {
		return a.store.Translate(err)
	}
	slices.SortFunc(ids, func(x, y uuid.UUID) int { return bytes.Compare(x[:], y[:]) })
	for some := range slices.Chunk(ids, scoreMost) {
		if err := a.store.Tx(ctx, func(tx *store.Tx) error { return a.melt(tx, some) }); err != nil {
			return err
		}
	}
	return nil
}

// melt writes what the lines of some leads are worth now. The grade is that of the rules which gave the lines.
func (a *App) melt(tx *store.Tx, ids []uuid.UUID) error {
	var leads []store.Lead
	if err := tx.ForUpdate().Select("id").Where("id = any(?::uuid[]) and state = 'active'", store.UUIDs(ids)).Order("id").Find(&leads).Error; err != nil {
		return err
	}
	scores, lines, err := store.ScoresOf(tx.DB, idsOf(leads))
	if err != nil {
		return err
	}
	now := tx.Now()
	var changed []store.Score
	var fresh []uuid.UUID
	var left []store.ScoreLine
	var changes []store.ScoreChange
	for _, l := range leads {
		s, ok := scores[l.ID]
		if !ok || now.Sub(s.ScoredAt) < scoreHolds { // scored meanwhile
			continue
		}
		rules, err := a.scoringOf(tx.DB, s.RuleSetID)
		if err != nil {
			return err
		}
		was := s.Grade
		at := now
		if a.mutant("decay-a-day-off") {
			at = now.Add(24 * time.Hour)
		}
		fit, engagement := lead.Sum(scoreLines(lines[l.ID]), at)
		s.Fit, s.Engagement, s.Grade, s.ScoredAt = int32(fit), int32(engagement), rules.Grade(fit, engagement), now
		changed = append(changed, s)
		all := scoreLines(lines[l.ID])
		if slices.ContainsFunc(all, func(x lead.ScoreLine) bool { return x.Worth(now) == 0 }) { // gone for good
			fresh = append(fresh, l.ID)
			for i, x := range all {
				if x.Worth(now) != 0 {
					left = append(left, lines[l.ID][i])
				}
			}
		}
		if s.Grade != was {
			changes = append(changes, store.ScoreChange{ID: store.NewID(), LeadID: l.ID, RuleSetID: s.RuleSetID, Fit: s.Fit, Engagement: s.Engagement, Grade: s.Grade, Qualified: s.QualifiedAt != nil, At: now})
		}
	}
	return tx.SaveScores(changed, fresh, left, changes)
}

// scoreRun is one transaction's working set.
type scoreRun struct {
	app     *App
	now     time.Time
	rules   *lead.Scoring
	set     uuid.UUID
	records []store.LeadRecord
	before  map[uuid.UUID]store.Score
	lines   map[uuid.UUID][]store.ScoreLine
	hands   map[uuid.UUID]store.Hands

	scores    []store.Score
	fresh     []uuid.UUID
	made      []store.ScoreLine
	changes   []store.ScoreChange
	qualified []uuid.UUID
	fault     *lead.RuleFault
}

// score scores some leads under the published rules. Without any, a lead stays unscored, and its page says why.
func (a *App) score(tx *store.Tx, ids []uuid.UUID) error {
	run, err := a.scoreOnly(tx, ids)
	if err != nil || run == nil {
		return err
	}
	if run.fault != nil {
		if err := tx.Raise("rule-failed", run.set.String(), "The scoring rule \""+run.fault.Rule+"\" failed for a lead. It counts as one that does not hold. Look at its condition under Rules."); err != nil {
			return err
		}
	}
	events := make([]store.OutboxEvent, len(run.qualified))
	for i, id := range run.qualified {
		events[i] = store.OutboxEvent{Type: LeadQualified, LeadID: id}
	}
	if err := a.announce(tx, events...); err != nil {
		return err
	}
	return a.wantOwners(tx, run.qualified...)
}

// scoreOnly writes the scores; what follows from them is the caller's. nil: there is nothing to score, or no rules.
func (a *App) scoreOnly(tx *store.Tx, ids []uuid.UUID) (*scoreRun, error) {
	records, err := store.ReadLeadRecords(tx.DB, ids, true)
	if err != nil || len(records) == 0 {
		return nil, err
	}
	set, rules, err := a.scoringRules(tx.DB)
	if err != nil || rules == nil {
		return nil, err
	}
	run := &scoreRun{app: a, now: tx.Now(), rules: rules, set: set, records: records}
	if run.before, run.lines, err = store.ScoresOf(tx.DB, ids); err != nil {
		return nil, err
	}
	if run.hands, err = tx.LastHands(ids); err != nil {
		return nil, err
	}
	for i := range records {
		run.one(&records[i])
	}
	if a.mutant("score-without-lines") {
		run.made = nil
	}
	return run, tx.SaveScores(run.scores, run.fresh, run.made, run.changes)
}

func (r *scoreRun) one(rec *store.LeadRecord) {
	if r.app.mutant("score-panics") && strings.HasPrefix(rec.Company, "Panic") {
		panic("scoring " + rec.Company)
	}
	h := history(rec, r.now, true)
	at := r.now
	if r.app.mutant("decay-a-day-off") {
		at = at.Add(24 * time.Hour)
	}
	got := r.rules.Score(h, at)
	if len(got.Faults) > 0 {
		r.fault = &got.Faults[0]
	}
	old, had := r.before[rec.ID]
	s := store.Score{LeadID: rec.ID, RuleSetID: r.set, Fit: int32(got.Fit), Engagement: int32(got.Engagement), Grade: got.Grade, QualifiedAt: old.QualifiedAt, Why: old.Why, ScoredAt: r.now}
	r.qualify(&s, h, got)
	lines := r.keepSince(rec.ID, got.Lines)
	same := had && sameLines(r.lines[rec.ID], lines)
	if same && old.RuleSetID == s.RuleSetID && old.Grade == s.Grade && old.Why == s.Why && sameTime(old.QualifiedAt, s.QualifiedAt) && r.now.Sub(old.ScoredAt) < scoreHolds {
		return
	}
	r.scores = append(r.scores, s)
	if !same {
		r.made = append(r.made, lines...)
		if had {
			r.fresh = append(r.fresh, rec.ID)
		}
	}
	if !had || old.Grade != s.Grade || !sameTime(old.QualifiedAt, s.QualifiedAt) {
		r.changes = append(r.changes, store.ScoreChange{ID: store.NewID(), LeadID: rec.ID, RuleSetID: r.set, Fit: s.Fit, Engagement: s.Engagement,
			Grade: s.Grade, Qualified: s.QualifiedAt != nil, At: r.now})
	}
}

// qualify decides whether the lead is one for sales from now on. One that is already, stays so; one that sales gave back
// is so again once the person did something since.
func (r *scoreRun) qualify(s *store.Score, h lead.History, got lead.Scored) {
	hands, held := r.hands[s.LeadID]
	if held && hands.ClosedAt != nil {
		h = h.After(*hands.ClosedAt)
	}
	yes, why := r.rules.Qualifies(h, got)
	switch {
	case held && hands.ClosedAt == nil: // in somebody's hands
	case s.QualifiedAt != nil && (!held || s.QualifiedAt.After(*hands.ClosedAt)): // waits for its owner
	case held && !h.Newest().After(*hands.ClosedAt):
		s.Why = "sales closed it, and the lead did nothing since"
	case !yes:
		s.Why = why
	default:
		at := r.now
		s.QualifiedAt, s.Why = &at, why
		r.qualified = append(r.qualified, s.LeadID)
	}
}

// keepSince numbers the lines; what was known before keeps the time since when it counts.
func (r *scoreRun) keepSince(id uuid.UUID, lines []lead.ScoreLine) []store.ScoreLine {
	since := map[string]store.ScoreLine{}
	for _, l := range r.lines[id] {
		if l.Side == lead.SideFit {
			since[l.RuleKey] = l
		}
	}
	out := make([]store.ScoreLine, len(lines))
	for i, l := range lines {
		out[i] = store.ScoreLine{LeadID: id, Number: int32(i + 1), RuleSetID: r.set, Side: l.Side, GroupKey: l.Group, RuleKey: l.Rule, Title: l.Title,
			Points: int32(l.Points), DecayDays: int32(l.DecayDays), At: l.At, EventKind: l.Event}
		if old, ok := since[l.Rule]; ok && l.Side == lead.SideFit && old.Points == out[i].Points {
			out[i].At = old.At
		}
		if l.Event != "" {
			event := l.EventID
			out[i].EventID = &event
		}
	}
	return out
}

func sameLines(a, b []store.ScoreLine) bool {
	return slices.EqualFunc(a, b, func(x, y store.ScoreLine) bool {
		sameEvent := x.EventID == nil && y.EventID == nil || x.EventID != nil && y.EventID != nil && *x.EventID == *y.EventID
		at := x.At.Equal(y.At)
		x.At, y.At, x.EventID, y.EventID = time.Time{}, time.Time{}, nil, nil
		return sameEvent && at && x == y
	})
}

func sameTime(a, b *time.Time) bool {
	return a == nil && b == nil || a != nil && b != nil && a.Equal(*b)
}

// scoreLines are stored lines as the pure rules know them.
func scoreLines(rows []store.ScoreLine) []lead.ScoreLine {
	out := make([]lead.ScoreLine, len(rows))
	for i, l := range rows {
		out[i] = lead.ScoreLine{Side: l.Side, Group: l.GroupKey, Rule: l.RuleKey, Title: l.Title, Points: int(l.Points), DecayDays: int(l.DecayDays), At: l.At, Event: l.EventKind}
		if l.EventID != nil {
			out[i].EventID = *l.EventID
		}
	}
	return out
}

// scoringRules are the published ones, compiled once a version; nil when there are none.
func (a *App) scoringRules(db *store.Query) (uuid.UUID, *lead.Scoring, error) {
	var ids []uuid.UUID
	err := db.Model(&store.RuleSet{}).Where("kind = ? and state = ?", store.RulesScoring, store.RulesPublished).Limit(1).Pluck("id", &ids).Error
	if err != nil || len(ids) == 0 {
		return uuid.Nil, nil, a.store.Translate(err)
	}
	rules, err := a.scoringOf(db, ids[0])
	return ids[0], rules, err
}

// scoringOf is one version of the scoring rules that was published, compiled once.
func (a *App) scoringOf(db *store.Query, id uuid.UUID) (*lead.Scoring, error) {
	if done, ok := a.scorings.Load(id); ok {
		return done.(*lead.Scoring), nil
	}
	var set store.RuleSet
	if err := db.Where("id = ?", id).Take(&set).Error; err != nil {
		return nil, a.store.Translate(err)
	}
	definition := set.Definition
	if a.mutant("cap-ignored") {
		definition = uncapped.ReplaceAll(definition, []byte(`"cap": 100000`))
	}
	rules, err := compileScoring(definition)
	if err != nil {
		return nil, errs.Wrap(errors.Join(errUnreadable, err), errs.Internal, "The published scoring rules cannot be read.")
	}
	a.scorings.Store(id, rules)
	return rules, nil
}

// uncapped is for the mutant that ignores caps.
var uncapped = regexp.MustCompile(`"cap": ?\d+`)

func compileScoring(definition json.RawMessage) (*lead.Scoring, error) {
	var def lead.ScoreRules
	if err := json.Unmarshal(definition, &def); err != nil {
		return nil, errs.Wrap(err, errs.Invalid, "These scoring rules cannot be read.")
	}
	return lead.CompileScore(def)
}
