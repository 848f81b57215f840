package app

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/lead"
	"github.com/gatehouse/gatehouse/internal/store"
)

// LeadScores is the score with its lines, or why there is none.
type LeadScores struct {
	Score        *store.Score
	ScoreLines   []store.ScoreLine
	ScoreRules   *store.RuleSet      // that it was scored by
	Scoring      *lead.ScoreRules    // what those say
	ScoreChanges []store.ScoreChange // newest first
	ScoreNow     time.Time           // the time at which the lines are worth what is shown
	Unscored     string
}

// leadScores reads the score with its lines.
func (a *App) leadScores(db *store.Query, d *LeadDetail) error {
	d.ScoreNow = a.now()
	scores, lines, err := store.ScoresOf(db, []uuid.UUID{d.ID})
	if err != nil {
		return err
	}
	s, ok := scores[d.ID]
	if !ok {
		return a.unscored(db, d)
	}
	d.Score, d.ScoreLines = &s, lines[d.ID]
	if err := db.Where("lead_id = ?", d.ID).Order("at desc, id desc").Limit(50).Find(&d.ScoreChanges).Error; err != nil {
		return err
	}
	var set store.RuleSet
	if err := db.Where("id = ?", s.RuleSetID).Take(&set).Error; err != nil {
		return err
	}
	d.ScoreRules = &set
	rules, err := compileScoring(set.Definition)
	if err != nil {
		return nil //nolint:nilerr // an older program's rules: the lines say it all the same
	}
	d.Scoring = &rules.ScoreRules
	return nil
}

func (a *App) unscored(db *store.Query, d *LeadDetail) error {
	var published int64
	if err := db.Model(&store.RuleSet{}).Where("kind = ? and state = ?", store.RulesScoring, store.RulesPublished).Count(&published).Error; err != nil {
		return err
	}
	var waits bool
	err := db.Raw("select exists (select 1 from "+liveOf("lead_score")+" j where j.id = ?)", d.ID).Scan(&waits).Error
	switch {
	case d.State == "erased":
		d.Unscored = "An erased person has no score."
	case d.State == "merged":
		d.Unscored = "This lead was merged into another one, which has the score."
	case published == 0:
		d.Unscored = "No scoring rules are published, so nobody is scored."
	case waits:
		d.Unscored = "It is about to be scored."
	default:
		d.Unscored = "It came before there were rules. It is scored when it does something, or when open leads are scored anew under Rules."
	}
	return err
}

// ScoredTry is what a lead would score under rules that are not published.
type ScoredTry struct {
	Lead      store.Lead
	Scored    lead.Scored
	Qualifies bool
	Why       string
	At        time.Time
}

// TryScore scores a lead, found by its id, its address, or a part of its name, under rules that were typed. Nothing is kept.
func (a *App) TryScore(ctx context.Context, def lead.ScoreRules, who string) (t ScoredTry, err error) {
	rules, err := lead.CompileScore(def)
	if err != nil {
		return t, err
	}
	db := a.store.DB(ctx)
	var found []store.Lead
	part := "%" + likeEscape.Replace(who) + "%"
	q := db.Where("state = 'active'")
	if id, bad := uuid.Parse(who); bad == nil {
		q = q.Where("id = ?", id)
	} else {
		q = q.Where("id in (select lead_id from lead_addresses where address = lower(?)) or given_name || ' ' || family_name ilike ? or company ilike ?", who, part, part)
	}
	if err := q.Order("last_at desc, id desc").Limit(1).Find(&found).Error; err != nil {
		return t, a.store.Translate(err)
	}
	if len(found) == 0 {
		return t, errNoSuchLead
	}
	t.Lead, t.At = found[0], a.now()
	records, err := store.ReadLeadRecords(db, []uuid.UUID{t.Lead.ID}, false)
	if err != nil {
		return t, err
	}
	if len(records) == 0 {
		return t, errNoSuchLead
	}
	h := history(&records[0], t.At, true)
	t.Scored = rules.Score(h, t.At)
	t.Qualifies, t.Why = rules.Qualifies(h, t.Scored)
	return t, nil
}

var errNoSuchLead = errs.InvalidFields(errs.Field{Field: "who", Code: "not-found", Message: "Nobody here has this name, company or address."})
