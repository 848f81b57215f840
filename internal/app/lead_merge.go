package app

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/errs"
	"github.com/gatehouse/gatehouse/internal/store"
)

// moving are the tables whose rows go over to the lead that stays, with the key by which the log knows them. A score is
// made anew; what other systems hold is in lead_merge_told.go.
var moving = []struct{ table, key string }{
	{"lead_addresses", "id"}, {"lead_values", "id"}, {"consents", "id"}, {"visits", "id"}, {"outcomes", "submission_id"}, {"messages", "id"}, {"downloads", "id"},
	{"sayings", "id"}, {"contact_choices", "id"}, {"inbound_mails", "id"}, {"assignments", "id"}, {"deals", "id"}, {"plans", "id"}, {"steps", "id"}, {"activities", "id"},
	{"approach_blocks", "id"},
}

// leadState is what a merge changes of the lead itself.
type leadState struct {
	CompanyID   *uuid.UUID
	OwnerID     *uuid.UUID
	FirstGateID *uuid.UUID
	GivenName   string
	FamilyName  string
	Company     string
	JobTitle    string
	Tel         string
	Country     string
	Source      string
	Submissions int32
	CreatedAt   time.Time
	LastAt      time.Time
}

func stateOf(l store.Lead) leadState {
	return leadState{l.CompanyID, l.OwnerID, l.FirstGateID, l.GivenName, l.FamilyName, l.Company, l.JobTitle, l.Tel, l.Country, l.Source, l.Submissions, l.CreatedAt, l.LastAt}
}

// handsBefore is an assignment that a merge had to end, as it was.
type handsBefore struct {
	ID    uuid.UUID
	State string
}

// joined is what one lead is made of two: the blanks of the one that stays are filled by the other one.
func joined(into, from store.Lead) leadState {
	s := stateOf(into)
	for _, f := range []struct {
		to    *string
		other string
	}{{&s.GivenName, from.GivenName}, {&s.FamilyName, from.FamilyName}, {&s.Company, from.Company}, {&s.JobTitle, from.JobTitle}, {&s.Tel, from.Tel}, {&s.Country, from.Country}} {
		*f.to = orElse(*f.to, f.other)
	}
	if s.CompanyID == nil {
		s.CompanyID = from.CompanyID
	}
	if from.CreatedAt.Before(into.CreatedAt) {
		s.CreatedAt, s.FirstGateID, s.Source = from.CreatedAt, from.FirstGateID, from.Source
	}
	if from.LastAt.After(into.LastAt) {
		s.LastAt = from.LastAt
	}
	s.Submissions += from.Submissions
	return s
}

// MergePreview is what a merge would do.
type MergePreview struct {
	Into, From store.Lead
	Rows       map[string]int // what would move, by table
	Ends       string         // whose assignment would end, in a sentence; empty: none
	Refused    error          // why it cannot be done
}

// PreviewMerge tells what a merge would do, and changes nothing.
func (a *App) PreviewMerge(ctx context.Context, into, from uuid.UUID) (p MergePreview, err error) {
	p.Rows = map[string]int{}
	if p.Into, err = a.store.Lead(ctx, into); err != nil {
		return p, err
	}
	if p.From, err = a.store.Lead(ctx, from); err != nil {
		return p, err
	}
	if p.Refused = mergeable(p.Into, p.From); p.Refused != nil {
		return p, nil //nolint:nilerr // a refusal is what the preview shows
	}
	db := a.store.DB(ctx)
	for _, m := range moving {
		var n int
		if err := db.Raw("select count(*) from "+m.table+" where lead_id = ?", from).Scan(&n).Error; err != nil {
			return p, a.store.Translate(err)
		}
		if n > 0 {
			p.Rows[m.table] = n
		}
	}
	var live []store.Assignment
	if err := db.Where("lead_id in ? and state in ('open','accepted')", []uuid.UUID{into, from}).Order("id").Find(&live).Error; err != nil {
		return p, a.store.Translate(err)
	}
	_, ends, err := keepHands(live, into)
	if p.Refused = err; err != nil || ends == nil {
		return p, nil //nolint:nilerr // a refusal is what the preview shows
	}
	names, err := userNames(db, ends.OwnerID)
	p.Ends = "The lead is in two pairs of hands. It stays where it was accepted, or with the lead that stays; the assignment of " + names[ends.OwnerID] + " ends."
	return p, a.store.Translate(err)
}

func mergeable(into, from store.Lead) error {
	switch {
	case into.ID == from.ID:
		return errs.New(errs.Conflict, "These are one and the same lead.")
	case into.State != "active" || from.State != "active":
		return errs.New(errs.Conflict, "One of the two was erased or merged already.")
	}
	return nil
}

// keepHands says which of the live assignments stays and which one ends: never two at once. What was accepted outlives
// what was not; two deals are not made one by a machine.
func keepHands(live []store.Assignment, into uuid.UUID) (keep, ends *store.Assignment, err error) {
	if len(live) < 2 {
		return nil, nil, nil
	}
	a, b := &live[0], &live[1]
	if a.LeadID != into {
		a, b = b, a
	}
	switch {
	case a.State == "accepted" && b.State == "accepted":
		return nil, nil, errs.New(errs.Conflict, "Both have an open deal. Close one of them first; then they can be merged.")
	case b.State == "accepted":
		return b, a, nil
	}
	return a, b, nil
}

// MergeLeads makes one lead of two: everything of from goes over to into, and from points there from then on. The log
// says what was moved, so that it can be undone to the letter.
func (a *App) MergeLeads(ctx context.Context, into, from uuid.UUID, by store.Actor) (store.LeadMerge, error) {
	var m store.LeadMerge
	err := a.store.Tx(ctx, func(tx *store.Tx) error {
		leads, err := lockPair(tx, into, from)
		if err != nil {
			return err
		}
		if err := mergeable(leads[into], leads[from]); err != nil {
			return err
		}
		m = store.LeadMerge{ID: store.NewID(), FromID: from, IntoID: into, ByID: by.ID, At: tx.Now(),
			Moved: store.MergeLog{Rows: map[string][]string{}, Before: map[string]any{"into": stateOf(leads[into]), "from": stateOf(leads[from])}, After: map[string]any{}}}
		state := joined(leads[into], leads[from])
		owner, err := a.joinHands(tx, &m, leads)
		if err != nil {
			return err
		}
		state.OwnerID = owner
		if err := joinCurrent(tx, &m); err != nil {
			return err
		}
		for _, t := range moving {
			var keys []string
			if err := tx.Raw("update "+t.table+" set lead_id = ? where lead_id = ? returning "+t.key+"::text", into, from).Scan(&keys).Error; err != nil {
				return err
			}
			if len(keys) > 0 {
				m.Moved.Rows[t.table] = keys
			}
		}
		if err := adoptRemotes(tx, &m); err != nil {
			return err
		}
		m.Moved.After["into"] = state
		if err := writeState(tx, into, state); err != nil {
			return err
		}
		err = tx.Exec("update leads set state = 'merged', merged_into = ?, submissions = 0, owner_id = null, version = version + 1 where id = ?", into, from).Error
		if err != nil {
			return err
		}
		if err := tx.Create(&m).Error; err != nil {
			return err
		}
		return a.merged(tx, m, "lead.merge", by)
	})
	return m, err
}

// lockPair locks the addresses and then the leads, in the order in which everybody locks them.
func lockPair(tx *store.Tx, into, from uuid.UUID) (map[uuid.UUID]store.Lead, error) {
	ids := []uuid.UUID{into, from}
	var addresses []store.LeadAddress
	if err := tx.ForUpdate().Where("lead_id in ?", ids).Order("address").Find(&addresses).Error; err != nil {
		return nil, err
	}
	var leads []store.Lead
	if err := tx.ForUpdate().Where("id in ?", ids).Order("id").Find(&leads).Error; err != nil {
		return nil, err
	}
	out := map[uuid.UUID]store.Lead{}
	for _, l := range leads {
		out[l.ID] = l
	}
	if len(out) < 2 && into != from {
		return nil, errs.New(errs.NotFound, "There is no such lead.")
	}
	return out, nil
}

// joinHands ends the assignment that would be one too many, takes its steps off the list, and says whose the lead is.
func (a *App) joinHands(tx *store.Tx, m *store.LeadMerge, leads map[uuid.UUID]store.Lead) (*uuid.UUID, error) {
	var live []store.Assignment
	if err := tx.ForUpdate().Where("lead_id in ? and state in ('open','accepted')", []uuid.UUID{m.IntoID, m.FromID}).Order("id").Find(&live).Error; err != nil {
		return nil, err
	}
	keep, ends, err := keepHands(live, m.IntoID)
	if err != nil {
		return nil, err
	}
	if keep == nil {
		if len(live) == 1 {
			return &live[0].OwnerID, nil
		}
		if owner := leads[m.IntoID].OwnerID; owner != nil {
			return owner, nil
		}
		return leads[m.FromID].OwnerID, nil
	}
	m.Moved.Before["hands"] = []handsBefore{{ends.ID, ends.State}}
	err = tx.Model(&store.Assignment{}).Where("id = ?", ends.ID).Updates(map[string]any{"state": "reassigned", "closed_at": tx.Now(), "close_reason": "merged", "closed_by": m.ByID,
		"version": ends.Version + 1}).Error
	if err != nil {
		return nil, err
	}
	if ends.TeamID != nil { // as with whatever is taken away: it was no turn
		if err := tx.CountTurn(*ends.TeamID, ends.OwnerID, ends.Period, -1, ends.At); err != nil {
			return nil, err
		}
	}
	var steps []string
	err = tx.Raw(`update steps set skipped_at = ?, version = version + 1 where done_at is null and skipped_at is null and plan_id in (select p.id from plans p where p.assignment_id = ?)
		returning id::text`, tx.Now(), ends.ID).Scan(&steps).Error
	if len(steps) > 0 {
		m.Moved.Rows["steps skipped"] = steps
	}
	return &keep.OwnerID, err
}

// joinCurrent lets the answers and the choice of the lead that stays count where both have one; a choice to be left alone
// counts whoever said it, and of two others the later one.
func joinCurrent(tx *store.Tx, m *store.LeadMerge) error {
	var values []string
	err := tx.Raw(`update lead_values v set current = false where v.lead_id = ? and v.current and exists (select 1 from lead_values o where o.lead_id = ? and o.current and o.field = v.field)
		returning id::text`, m.FromID, m.IntoID).Scan(&values).Error
	if err != nil {
		return err
	}
	if len(values) > 0 {
		m.Moved.Rows["values set aside"] = values
	}
	var both []store.ContactChoice
	if err := tx.Where("lead_id in ? and current", []uuid.UUID{m.IntoID, m.FromID}).Order("(how = 'none') desc, at desc, id").Find(&both).Error; err != nil || len(both) < 2 {
		return err
	}
	m.Moved.Rows["choices set aside"] = []string{both[1].ID.String()}
	return tx.Exec("update contact_choices set current = false where id = ?", both[1].ID).Error
}

func writeState(tx *store.Tx, id uuid.UUID, s leadState) error {
	return tx.Exec(`update leads set company_id = ?, owner_id = ?, first_gate_id = ?, given_name = ?, family_name = ?, company = ?, job_title = ?, tel = ?, country = ?, source = ?,
		submissions = ?, created_at = ?, last_at = ?, version = version + 1 where id = ?`, s.CompanyID, s.OwnerID, s.FirstGateID, s.GivenName, s.FamilyName, s.Company, s.JobTitle, s.Tel,
		s.Country, s.Source, s.Submissions, s.CreatedAt, s.LastAt, id).Error
}

// merged tells of a merge or of its end: both are scored anew, and others hear of it.
func (a *App) merged(tx *store.Tx, m store.LeadMerge, action string, by store.Actor) error {
	if err := a.learnt(tx, m.IntoID, m.FromID); err != nil {
		return err
	}
	if err := a.tellMerged(tx, m, action == "lead.unmerge"); err != nil {
		return err
	}
	return tx.Audit(by, action, "lead", m.IntoID.String(), map[string]any{"other": m.FromID.String(), "merge": m.ID.String()})
}
