package app

import (
	"context"
	"encoding/json"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/store"
)

// UnmergeLeads undoes a merge: every row that it moved goes back, and both leads are what they were. What came in since,
// and what staff typed since, stays with the lead that it came to.
func (a *App) UnmergeLeads(ctx context.Context, into, id uuid.UUID, by store.Actor) (store.LeadMerge, error) {
	var m store.LeadMerge
	err := a.store.Tx(ctx, func(tx *store.Tx) error {
		if err := tx.Where("id = ? and into_id = ?", id, into).Take(&m).Error; err != nil {
			return err
		}
		leads, err := lockPair(tx, m.IntoID, m.FromID)
		if err != nil {
			return err
		}
		if err := tx.ForUpdate().Where("id = ?", id).Take(&m).Error; err != nil {
			return err
		}
		if err := undoable(tx, m, leads); err != nil || m.UndoneAt != nil {
			return err
		}
		return a.unmerge(tx, m, leads, by)
	})
	return m, err
}

func undoable(tx *store.Tx, m store.LeadMerge, leads map[uuid.UUID]store.Lead) error {
	into, from := leads[m.IntoID], leads[m.FromID]
	switch {
	case m.UndoneAt != nil:
		return nil
	case into.State != "active" || from.State != "merged" || from.MergedInto == nil || *from.MergedInto != m.IntoID || m.Moved.Before == nil:
		return errs.New(errs.Conflict, "This merge cannot be undone any more: one of the two was erased, or merged on.")
	}
	var later int64
	if err := tx.Model(&store.LeadMerge{}).Where("into_id = ? and at > ? and undone_at is null", m.IntoID, m.At).Count(&later).Error; err != nil {
		return err
	}
	if later > 0 {
		return errs.New(errs.Conflict, "Another lead was merged into this one since. Undo that first.")
	}
	return nil
}

func (a *App) unmerge(tx *store.Tx, m store.LeadMerge, leads map[uuid.UUID]store.Lead, by store.Actor) error {
	var before, fromBefore, after leadState
	var hands []handsBefore
	for name, into := range map[string]any{"into": &before, "from": &fromBefore, "hands": &hands} {
		if err := remember(m.Moved.Before[name], into); err != nil {
			return err
		}
	}
	if err := remember(m.Moved.After["into"], &after); err != nil {
		return err
	}
	for _, t := range moving {
		keys := m.Moved.Rows[t.table]
		if len(keys) == 0 {
			continue
		}
		if t.table == "lead_values" { // a value of the other one may have come to count since
			err := tx.Exec("update lead_values set current = false where id::text in ? and current and exists (select 1 from lead_values o where o.id::text in ? and o.field = lead_values.field)",
				keys, orNone(m.Moved.Rows["values set aside"])).Error
			if err != nil {
				return err
			}
		}
		if err := tx.Exec("update "+t.table+" set lead_id = ? where lead_id = ? and "+t.key+"::text in ?", m.FromID, m.IntoID, keys).Error; err != nil {
			return err
		}
	}
	if err := partable(tx, m); err != nil {
		return err
	}
	if err := restoreCurrent(tx, m); err != nil {
		return err
	}
	if err := restoreHands(tx, m, hands); err != nil {
		return err
	}
	if err := returnRemotes(tx, m); err != nil {
		return err
	}
	now := stateOf(leads[m.IntoID])
	if err := writeState(tx, m.IntoID, parted(before, after, now)); err != nil {
		return err
	}
	if err := tx.Exec("update leads set state = 'active', merged_into = null where id = ?", m.FromID).Error; err != nil {
		return err
	}
	if err := writeState(tx, m.FromID, fromBefore); err != nil {
		return err
	}
	if err := tx.Model(&store.LeadMerge{}).Where("id = ?", m.ID).Updates(map[string]any{"undone_at": tx.Now(), "undone_by": by.ID}).Error; err != nil {
		return err
	}
	return a.merged(tx, m, "lead.unmerge", by)
}

// partable refuses where something that came since hangs off what goes back: a deal, a plan or a step of one lead would
// be that of the other one's hands.
func partable(tx *store.Tx, m store.LeadMerge) error {
	var torn bool
	pair := []uuid.UUID{m.IntoID, m.FromID}
	err := tx.Raw(`select exists (select 1 from deals d join assignments a on a.id = d.assignment_id where a.lead_id <> d.lead_id and d.lead_id in ?)
		or exists (select 1 from plans p join assignments a on a.id = p.assignment_id where a.lead_id <> p.lead_id and p.lead_id in ?)
		or exists (select 1 from steps s join plans p on p.id = s.plan_id where p.lead_id <> s.lead_id and s.lead_id in ?)
		or exists (select 1 from assignments a join assignments b on b.id = a.previous_id where b.lead_id <> a.lead_id and a.lead_id in ?)`, pair, pair, pair, pair).Scan(&torn).Error
	if err == nil && torn {
		err = errs.New(errs.Conflict, "The lead was accepted, handed on or planned anew since, so the two cannot be parted any more. Nothing was changed.")
	}
	return err
}

// restoreCurrent lets the answers and the choice count again that were set aside.
func restoreCurrent(tx *store.Tx, m store.LeadMerge) error {
	err := tx.Exec(`update lead_values v set current = true where v.id::text in ? and not exists (select 1 from lead_values o where o.lead_id = v.lead_id and o.field = v.field and o.current)`,
		orNone(m.Moved.Rows["values set aside"])).Error
	if err != nil {
		return err
	}
	return tx.Exec(`update contact_choices c set current = true where c.id::text in ? and not exists (select 1 from contact_choices o where o.lead_id = c.lead_id and o.current)`,
		orNone(m.Moved.Rows["choices set aside"])).Error
}

// restoreHands gives a lead back to whoever had it, unless others have it by now.
func restoreHands(tx *store.Tx, m store.LeadMerge, hands []handsBefore) error {
	for _, h := range hands {
		var as store.Assignment
		if err := tx.ForUpdate().Where("id = ?", h.ID).Take(&as).Error; err != nil {
			return err
		}
		var other int64
		if err := tx.Model(&store.Assignment{}).Where("lead_id = ? and id <> ? and state in ('open','accepted')", as.LeadID, as.ID).Count(&other).Error; err != nil {
			return err
		}
		if other > 0 || as.CloseReason != "merged" {
			return errs.New(errs.Conflict, "The lead has gone into other hands since, so the merge cannot be undone to the letter. Nothing was changed.")
		}
		err := tx.Model(&store.Assignment{}).Where("id = ?", h.ID).Updates(map[string]any{"state": h.State, "closed_at": nil, "close_reason": "", "closed_by": nil, "version": as.Version + 1}).Error
		if err != nil {
			return err
		}
		if as.TeamID == nil {
			continue
		}
		if err := tx.CountTurn(*as.TeamID, as.OwnerID, as.Period, 1, as.At); err != nil {
			return err
		}
	}
	return tx.Exec("update steps set skipped_at = null, version = version + 1 where id::text in ? and done_at is null", orNone(m.Moved.Rows["steps skipped"])).Error
}

// parted is what the lead that stayed is without the other one: what the merge changed goes back, what changed since
// stays.
func parted(before, after, now leadState) leadState {
	s := now
	for _, f := range []struct{ now, after, before *string }{{&s.GivenName, &after.GivenName, &before.GivenName}, {&s.FamilyName, &after.FamilyName, &before.FamilyName},
		{&s.Company, &after.Company, &before.Company}, {&s.JobTitle, &after.JobTitle, &before.JobTitle}, {&s.Tel, &after.Tel, &before.Tel}, {&s.Country, &after.Country, &before.Country},
		{&s.Source, &after.Source, &before.Source}} {
		if *f.now == *f.after {
			*f.now = *f.before
		}
	}
	for _, f := range []struct {
		now           **uuid.UUID
		after, before *uuid.UUID
	}{{&s.CompanyID, after.CompanyID, before.CompanyID}, {&s.OwnerID, after.OwnerID, before.OwnerID}, {&s.FirstGateID, after.FirstGateID, before.FirstGateID}} {
		if same(*f.now, f.after) {
			*f.now = f.before
		}
	}
	s.Submissions = before.Submissions + now.Submissions - after.Submissions
	if now.CreatedAt.Equal(after.CreatedAt) {
		s.CreatedAt = before.CreatedAt
	}
	if now.LastAt.Equal(after.LastAt) {
		s.LastAt = before.LastAt
	}
	return s
}

func same(a, b *uuid.UUID) bool { return a == b || a != nil && b != nil && *a == *b }

// remember reads a part of the log; a part that is not there leaves what is.
func remember(part, into any) error {
	raw, err := json.Marshal(part)
	if err != nil {
		return err
	}
	return json.Unmarshal(raw, into)
}

// orNone is never empty, which SQL would not take.
func orNone(keys []string) []string {
	if len(keys) == 0 {
		return []string{""}
	}
	return keys
}
