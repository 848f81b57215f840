package app

import (
	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/pipeline"
	"github.com/gatehouse/gatehouse/internal/store"
)

// LeadWork is both sides of the work on a lead, plan and activities, with what the contact policy says now, and the
// deals that came of it.
type LeadWork struct {
	Contact     pipeline.Contact
	Plan        *store.Plan // of the hands it is in, or was last
	Steps       []StepLine  // of all plans, by their number
	Activities  []ActivityLine
	Deals       []DealCard // newest first
	DealChanges []DealChangeLine
	Stages      pipeline.Stages
	Blocks      []BlockLine  // all of them, the lifted ones too
	Origins     []OriginLine // the lead's own first, then those of the leads that were merged into it
	Merges      []MergeLine
}

// StepLine is one step with who did it.
type StepLine struct {
	store.Step
	By string
}

// ActivityLine is one activity with who signed it, and who gave the reason for going beyond the contact policy.
type ActivityLine struct {
	store.Activity
	By      string
	GivenBy string
}

// OriginLine is where a lead by hand came from, with who entered it.
type OriginLine struct {
	store.LeadOrigin
	By string
}

// BlockLine is a "do not approach" with who set it.
type BlockLine struct {
	store.ApproachBlock
	By string
}

// MergeLine is one merge of the lead, from either side.
type MergeLine struct {
	store.LeadMerge
	By    string
	Other string // what the other lead is called
}

// Planned tells that there is a strategy: a step to do, or one that was done.
func (w LeadWork) Planned() bool {
	for _, s := range w.Steps {
		if s.SkippedAt == nil {
			return true
		}
	}
	return false
}

// Active tells that there are tactics: something was done, and not only noted.
func (w LeadWork) Active() bool {
	for _, act := range w.Activities {
		if act.TakenBackAt == nil && act.Kind != "note" {
			return true
		}
	}
	return false
}

// leadWork reads it all.
func (a *App) leadWork(db *store.Query, d *LeadDetail) error {
	w := &d.LeadWork
	var plans []store.Plan
	if err := db.Where("lead_id = ?", d.ID).Order("created_at desc, id desc").Limit(1).Find(&plans).Error; err != nil {
		return err
	}
	if len(plans) > 0 {
		w.Plan = &plans[0]
	}
	err := db.Raw(`select s.*, coalesce(nullif(u.name, ''), u.email, '') as by from steps s left join users u on u.id = s.done_by
		where s.lead_id = ? order by s.due_at, s.number, s.id`, d.ID).Scan(&w.Steps).Error
	if err != nil {
		return err
	}
	err = db.Raw(`select a.*, coalesce(nullif(u.name, ''), u.email, '') as by, coalesce(nullif(g.name, ''), g.email, '') as given_by
		from activities a left join users u on u.id = a.user_id left join users g on g.id = a.reason_given_by
		where a.lead_id = ? order by a.at desc, a.id desc limit 200`, d.ID).Scan(&w.Activities).Error
	if err != nil {
		return err
	}
	if err := db.Raw("select d.*,"+dealsOf("(select d.* from deals d where d.lead_id = ?)")+"order by d.opened_at desc, d.id", d.ID).Scan(&w.Deals).Error; err != nil {
		return err
	}
	if len(w.Deals) > 0 {
		ids := []uuid.UUID{}
		for _, deal := range w.Deals {
			ids = append(ids, deal.ID)
		}
		if w.Stages, err = stagesOf(db); err != nil {
			return err
		}
		if w.DealChanges, err = dealChanges(db, "c.deal_id in ?", ids); err != nil {
			return err
		}
	}
	if err := leadHistory(db, d); err != nil || d.State != "active" {
		return err
	}
	w.Contact, err = a.contactOf(db, d.Lead)
	return err
}

// leadHistory is where a lead came from by hand, whether it may be approached, and with whom it was merged.
func leadHistory(db *store.Query, d *LeadDetail) error {
	w := &d.LeadWork
	err := db.Raw(`select b.*, coalesce(nullif(u.name, ''), u.email, '') as by from approach_blocks b left join users u on u.id = b.by_id
		where b.lead_id = ? order by b.at desc, b.id`, d.ID).Scan(&w.Blocks).Error
	if err != nil {
		return err
	}
	if err := db.Raw(`select o.*, coalesce(nullif(u.name, ''), u.email, '') as by from (`+originsOf+`) o left join users u on u.id = o.by_id
		order by o.lead_id <> ?, o.at desc, o.lead_id`, d.ID, d.ID, d.ID).Scan(&w.Origins).Error; err != nil {
		return err
	}
	return db.Raw(`select m.*, coalesce(nullif(u.name, ''), u.email, '') as by,
		coalesce(nullif(trim(o.given_name || ' ' || o.family_name), ''), nullif(o.email, ''), 'an erased person') as other
		from lead_merges m left join users u on u.id = m.by_id join leads o on o.id = case when m.into_id = ? then m.from_id else m.into_id end
		where m.into_id = ? or m.from_id = ? order by m.at desc, m.id desc`, d.ID, d.ID, d.ID).Scan(&w.Merges).Error
}
