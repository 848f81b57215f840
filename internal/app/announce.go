package app

import (
	"github.com/gatehouse/gatehouse/internal/jobs"
	"github.com/gatehouse/gatehouse/internal/store"
)

// The types of what others may want to know.
const (
	SubmissionProcessed = "submission.processed"
	LeadQualified       = "lead.qualified"
	LeadAssigned        = "lead.assigned"
	LeadAccepted        = "lead.accepted"
	LeadReturned        = "lead.returned"
	LeadChanged         = "lead.changed" // values, choice, owner: for systems that keep a copy
	DealStageChanged    = "deal.stage_changed"
	DealChanged         = "deal.changed"
	DocumentDownloaded  = "document.downloaded"
	LeadErased          = "lead.erased"
	LeadMerged          = "lead.merged" // of the one that is part of another one from then on
	LeadUnmerged        = "lead.unmerged"
)

// announce records what happened, for other systems, in the transaction in which it happened. Detail holds ids and words
// of ours, never a person's data: what others are told is read when they are told. Origin names the connector that the
// change came from, so that it is not told its own news; "" is ours.
func (a *App) announce(tx *store.Tx, events ...store.OutboxEvent) error {
	if len(events) == 0 {
		return nil
	}
	for i := range events {
		events[i].ID, events[i].At = store.NewID(), tx.Now()
		if events[i].Detail == nil {
			events[i].Detail = []byte("{}")
		}
	}
	if err := tx.Create(&events).Error; err != nil {
		return err
	}
	return tx.EnqueueOnce(jobs.Spread{})
}
