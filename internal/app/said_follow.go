package app

import (
	"bytes"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/gatehouse/gatehouse/internal/store"
)

// adoptSaid joins what was said with submissions, before they became leads, to the leads that they are now: part of
// accepting them, so nothing that was said early is lost, and nothing counts before its submission does.
func (a *App) adoptSaid(tx *store.Tx, outcomes []store.Outcome) error {
	ids := make([]uuid.UUID, len(outcomes))
	for i, o := range outcomes {
		ids[i] = o.SubmissionID
	}
	leads := map[uuid.UUID]bool{}
	chosen := map[uuid.UUID]bool{}
	for _, t := range []struct {
		table string
		seen  map[uuid.UUID]bool
	}{{"sayings", leads}, {"contact_choices", chosen}} {
		var found []uuid.UUID
		err := tx.Raw(`update `+t.table+` s set lead_id = o.lead_id, address_id = o.address_id from outcomes o
			where o.submission_id = s.submission_id and s.lead_id is null and s.submission_id in ? returning o.lead_id`, ids).Scan(&found).Error
		if err != nil {
			return err
		}
		for _, id := range found {
			t.seen[id], leads[id] = true, true
		}
	}
	for _, id := range inOrder(chosen) {
		if err := a.settleChoices(tx, id); err != nil {
			return err
		}
	}
	return a.heard(tx, inOrder(leads)...)
}

// confirmSaid turns what was claimed with submissions into what the mailbox's owner said, as confirmClaims does with their
// other answers.
func (a *App) confirmSaid(tx *store.Tx, leadID uuid.UUID, submissions []uuid.UUID, now time.Time) error {
	change := map[string]any{"state": "confirmed", "confirmed_at": now}
	confirm := func(row any) *store.Query {
		return tx.Model(row).Where("submission_id in ? and lead_id = ? and state = 'claimed'", submissions, leadID).Updates(change)
	}
	said, chosen := confirm(&store.Saying{}), confirm(&store.ContactChoice{})
	if said.Error != nil || chosen.Error != nil {
		return orError(said.Error, chosen.Error)
	}
	if chosen.RowsAffected > 0 {
		if err := a.settleChoices(tx, leadID); err != nil {
			return err
		}
	}
	if said.RowsAffected+chosen.RowsAffected == 0 {
		return nil
	}
	return a.heard(tx, leadID)
}

// CarrySaid does carrySaid for whoever holds the receipt of the submission that was mended.
func (a *App) CarrySaid(ctx context.Context, receipt string, to uuid.UUID) error {
	from, err := a.OpenReceipt(receipt)
	if err != nil || from == to {
		return err
	}
	return a.store.Tx(ctx, func(tx *store.Tx) error { return a.carrySaid(tx, from, to) })
}

// carrySaid takes what was claimed with a submission along to the one that mends its address: it was said by whoever
// mistyped, not by whoever has that address.
func (a *App) carrySaid(tx *store.Tx, from, to uuid.UUID) error {
	var subs []store.Submission // both, in their order, so that accepting comes before or after
	if err := tx.ForUpdate().Where("id in ?", []uuid.UUID{from, to}).Order("id").Find(&subs).Error; err != nil {
		return err
	}
	var left []uuid.UUID
	err := tx.Model(&store.ContactChoice{}).Where("submission_id = ? and state = 'claimed' and current", from).Pluck("lead_id", &left).Error
	if err != nil {
		return err
	}
	for _, table := range []string{"sayings", "contact_choices"} {
		set := "submission_id = ?, lead_id = null, address_id = null"
		if table == "contact_choices" {
			set += ", current = false"
		}
		if err := tx.Exec("update "+table+" set "+set+" where submission_id = ? and state = 'claimed'", to, from).Error; err != nil {
			return err
		}
	}
	for _, id := range left {
		if err := orError(a.settleChoices(tx, id), a.weighPlan(tx, id)); err != nil {
			return err
		}
	}
	var outcomes []store.Outcome // accepted already: then now
	if err := tx.Where("submission_id = ?", to).Find(&outcomes).Error; err != nil || len(outcomes) == 0 {
		return err
	}
	return a.adoptSaid(tx, outcomes)
}

// inOrder gives ids in the order in which rows are locked.
func inOrder(ids map[uuid.UUID]bool) []uuid.UUID {
	return slices.SortedFunc(maps.Keys(ids), func(a, b uuid.UUID) int { return bytes.Compare(a[:], b[:]) })
}

func orError(all ...error) error {
	for _, err := range all {
		if err != nil {
			return err
		}
	}
	return nil
}
