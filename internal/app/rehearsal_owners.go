package app

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/lead"
	"github.com/gatehouse/gatehouse/internal/pipeline"
	"github.com/gatehouse/gatehouse/internal/store"
)

// rehearsedOwners bounds the leads whose owners are looked at: turns are taken one after another, in one run.
const rehearsedOwners = 40_000

// turn is one lead that qualifies at a time, on one side of the rehearsal or on both.
type turn struct {
	LeadID        uuid.UUID
	CompanyID     *uuid.UUID
	At            time.Time
	Before, After bool
	HadOwner      *uuid.UUID // before the rehearsal's days began

	facts [2]*lead.Facts
}

// Who had leads of each company when the days began. An owner without any assignment is one that a CRM told.
const rehearsedCompanies = `select distinct on (l.company_id) l.company_id, coalesce(a.owner_id, l.owner_id) as owner_id, coalesce(a.at, 'epoch') as at from leads l
	left join lateral (select a.owner_id, a.at from assignments a where a.lead_id = l.id and a.at < @since order by a.at desc, a.id desc limit 1) a on true
	where l.state = 'active' and l.created_at < @since and (a.owner_id is not null or l.owner_id is not null and not exists (select 1 from assignments b where b.lead_id = l.id))
		and l.company_id in (select y.company_id from rehearsal_leads x join leads y on y.id = x.lead_id where x.rehearsal_id = @id and y.company_id is not null)
	order by l.company_id, l.last_at desc, l.id desc`

// In the order in which they qualified; a lead that qualifies on both sides at once comes once.
const rehearsedTurns = `select x.lead_id, l.company_id, t.at, t.before, t.after,
		coalesce((select a.owner_id from assignments a where a.lead_id = x.lead_id and a.at < @since order by a.at desc, a.id desc limit 1),
			case when not exists (select 1 from assignments a where a.lead_id = x.lead_id) then l.owner_id end) as had_owner
	from rehearsal_leads x join leads l on l.id = x.lead_id cross join lateral (
		select x.before_at as at, true as before, x.after_at is not distinct from x.before_at as after where x.before_at is not null
		union all select x.after_at, false, true where x.after_at is not null and x.after_at is distinct from x.before_at) t
	where x.rehearsal_id = @id order by t.at, x.lead_id limit @most`

// side is one world in which leads are given away: with its own turns, beginning level.
type side struct {
	scoring *lead.Scoring
	house   *house
	router  *pipeline.Router
	company map[uuid.UUID]companyOwner // as the rehearsal gives leads away
	remote  map[uuid.UUID]companyOwner // as other systems name them
	owners  map[uuid.UUID]uuid.UUID    // by lead
	counts  map[string]int
	week    int16 // the day that weeks begin with
	period  time.Time
	day     string
}

// rehearseOwners gives the leads that qualified their owners, in the order in which they did, under what holds and under
// the draft: by the teams and people of today, all beginning level. It ends the rehearsal.
func (a *App) rehearseOwners(ctx context.Context, id uuid.UUID) error {
	db := a.store.DB(ctx)
	var rows []store.Rehearsal
	if err := db.Where("id = ? and state = 'running'", id).Limit(1).Find(&rows).Error; err != nil || len(rows) == 0 {
		return a.store.Translate(err)
	}
	r := rows[0]
	draft, published, err := a.rulesOf(db, r)
	if err != nil {
		return err
	}
	before, err := a.newSide(db, published, nil)
	if err != nil {
		return err
	}
	var routing json.RawMessage
	if draft == published { // the draft is of routing
		routing = r.Definition
	}
	after, err := a.newSide(db, draft, routing)
	if err != nil {
		return err
	}
	var turns []turn
	err = db.Raw(rehearsedTurns, map[string]any{"id": id, "since": r.Since(), "most": rehearsedOwners}).Scan(&turns).Error
	if err != nil {
		return a.store.Translate(err)
	}
	var had []struct {
		CompanyID, OwnerID uuid.UUID
		At                 time.Time
	}
	if err := db.Raw(rehearsedCompanies, map[string]any{"id": id, "since": r.Since()}).Scan(&had).Error; err != nil {
		return a.store.Translate(err)
	}
	for _, c := range had {
		o := companyOwner{ID: c.OwnerID, At: c.At}
		before.company[c.CompanyID], after.company[c.CompanyID] = o, o
	}
	if err := a.remoteOwnersOf(db, turns, before, after); err != nil {
		return a.store.Translate(err)
	}
	if before.house.rules != nil || routing != nil { // without routing rules nobody would get anything
		if err := a.giveTurns(ctx, turns, before, after); err != nil {
			return err
		}
	}
	return a.keepOwners(ctx, r, len(turns) == rehearsedOwners, before, after)
}

// remoteOwnersOf reads whom other systems name as the owner of each company that the leads are of.
func (a *App) remoteOwnersOf(db *store.Query, turns []turn, before, after *side) error {
	companies := map[uuid.UUID]bool{}
	for _, t := range turns {
		if t.CompanyID != nil {
			companies[*t.CompanyID] = true
		}
	}
	remote := map[uuid.UUID]companyOwner{}
	for some := range slices.Chunk(keysOf(companies), stepLeads) {
		owners, err := a.remoteOwners(db, some)
		if err != nil {
			return err
		}
		maps.Copy(remote, owners)
	}
	before.remote, after.remote = remote, remote
	return nil
}

func (a *App) newSide(db *store.Query, scoring *lead.Scoring, routing json.RawMessage) (*side, error) {
	h, err := a.house(db, false)
	if err != nil {
		return nil, err
	}
	if routing != nil {
		h.routing = pipeline.Routing{}
		if err := json.Unmarshal(routing, &h.routing); err != nil {
			return nil, err
		}
	}
	var general store.Settings
	if err := db.Where("id = 1").Take(&general).Error; err != nil {
		return nil, a.store.Translate(err)
	}
	s := &side{week: general.WeekStart, scoring: scoring, house: h, router: pipeline.NewRouter(h.routing, h.world), company: map[uuid.UUID]companyOwner{}, owners: map[uuid.UUID]uuid.UUID{}, counts: map[string]int{}}
	return s, nil
}

// giveTurns reads the facts as they were known in parts, and then gives the leads away one by one.
func (a *App) giveTurns(ctx context.Context, turns []turn, before, after *side) error {
	for len(turns) > 0 {
		n := min(len(turns), stepLeads)
		if err := a.factsThen(ctx, turns[:n], before, after); err != nil {
			return err
		}
		for i := range turns[:n] {
			t := &turns[i]
			if t.Before {
				before.give(t, t.facts[0])
			}
			if t.After {
				after.give(t, t.facts[1])
			}
			t.facts = [2]*lead.Facts{}
		}
		turns = turns[n:]
	}
	return nil
}

func (a *App) factsThen(ctx context.Context, turns []turn, before, after *side) error {
	of := map[uuid.UUID][]*turn{}
	var ids []uuid.UUID
	for i := range turns {
		t := &turns[i]
		if of[t.LeadID] == nil {
			ids = append(ids, t.LeadID)
		}
		of[t.LeadID] = append(of[t.LeadID], t)
	}
	var mu sync.Mutex
	return inParts(ids, func(some []uuid.UUID) error {
		records, err := store.ReadLeadRecords(a.store.DB(ctx), some, false)
		if err != nil {
			return err
		}
		for i := range records {
			for _, t := range of[records[i].ID] {
				h := history(&records[i], t.At, false)
				facts := [2]*lead.Facts{before.facts(h, t), after.facts(h, t)}
				mu.Lock()
				t.facts = facts
				mu.Unlock()
			}
		}
		return nil
	})
}

func (s *side) facts(h lead.History, t *turn) *lead.Facts {
	f := &lead.Facts{Known: h.Known, Qualified: true}
	if s.scoring != nil {
		x := s.scoring.Score(h, t.At)
		f.Fit, f.Engagement, f.Total, f.Grade = float64(x.Fit)/100, float64(x.Engagement)/100, float64(x.Total())/100, x.Grade
	}
	return f
}

// give asks the router as of the lead's time: turns begin anew with each period, capacities with each day.
func (s *side) give(t *turn, facts *lead.Facts) {
	w := s.house.world
	w.Now = t.At
	period := PeriodOf(t.At, s.house.settings.RotationPeriod, s.week, s.house.zone)
	day := t.At.In(s.house.zone).Format(time.DateOnly)
	for _, team := range w.Teams {
		if !period.Equal(s.period) {
			clear(team.Guests)
		}
		for i := range team.Members {
			m := &team.Members[i]
			if !period.Equal(s.period) {
				m.Turns, m.Credit, m.CreditAt, m.BackAt, m.Last = 0, 0, time.Time{}, time.Time{}, time.Time{}
			}
			if day != s.day {
				m.Today = 0
			}
		}
	}
	s.period, s.day = period, day
	q := pipeline.Ask{Facts: facts}
	if t.HadOwner != nil {
		q.Owner = *t.HadOwner
	}
	if t.CompanyID != nil && q.Owner == uuid.Nil {
		o := s.company[*t.CompanyID]
		if r := s.remote[*t.CompanyID]; !r.At.After(t.At) { // what they said later was not known then
			o = o.later(r)
		}
		q.CompanyOwner, q.CompanyOwnerVia = o.ID, o.Via
	}
	facts.Owner = s.house.email(q.Owner, q.CompanyOwner)
	c := s.router.Choose(q)
	if t.CompanyID != nil && c.Owner != uuid.Nil {
		s.company[*t.CompanyID] = companyOwner{ID: c.Meant(), At: t.At}
	}
	s.owners[t.LeadID] = c.Owner
	name := ""
	if p := w.People[c.Owner]; p != nil {
		name = p.Name
	}
	s.counts[name]++
}

// keepOwners writes who would have got whom, and ends the rehearsal.
func (a *App) keepOwners(ctx context.Context, r store.Rehearsal, cut bool, before, after *side) error {
	type pair struct {
		Lead   uuid.UUID  `json:"lead"`
		Before *uuid.UUID `json:"before"`
		After  *uuid.UUID `json:"after"`
	}
	pairs := map[uuid.UUID]*pair{}
	at := func(id uuid.UUID) *pair {
		if pairs[id] == nil {
			pairs[id] = &pair{Lead: id}
		}
		return pairs[id]
	}
	for id, owner := range before.owners {
		if owner != uuid.Nil {
			at(id).Before = &owner
		}
	}
	for id, owner := range after.owners {
		if owner != uuid.Nil {
			at(id).After = &owner
		}
	}
	moved := 0
	list := make([]pair, 0, len(pairs))
	for id, p := range pairs {
		_, was := before.owners[id]
		_, is := after.owners[id]
		moved += bit(was && is && !sameID(p.Before, p.After))
		list = append(list, *p)
	}
	rows, err := json.Marshal(list)
	if err != nil {
		return err
	}
	return a.store.Tx(ctx, func(tx *store.Tx) error {
		var now store.Rehearsal
		if err := tx.ForUpdate().Where("id = ?", r.ID).Take(&now).Error; err != nil || now.State != "running" {
			return a.store.Translate(err)
		}
		err := tx.Exec(`update rehearsal_leads x set before_owner_id = o.before, after_owner_id = o.after
			from jsonb_to_recordset(cast(? as jsonb)) as o(lead uuid, before uuid, after uuid) where x.rehearsal_id = ? and x.lead_id = o.lead`, string(rows), r.ID).Error
		if err != nil {
			return err
		}
		now.Result.Moved, now.Result.Owners0, now.Result.Owners, now.Result.Routed = moved, before.counts, after.counts, len(before.owners)+len(after.owners) > 0
		if cut {
			now.Result.Left = max(now.Result.Before, now.Result.After) - max(len(before.owners), len(after.owners))
		}
		result, err := json.Marshal(now.Result)
		if err != nil {
			return err
		}
		return tx.Model(&store.Rehearsal{}).Where("id = ?", r.ID).Updates(map[string]any{"result": string(result), "state": "done", "done": now.Total, "state_at": tx.Now()}).Error
	})
}
